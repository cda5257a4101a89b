package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"innate/models/kernels"
)

// build says what this program was built from and what it runs on.
type build struct {
	Version string `json:"version"`           // of the module; (devel) for a build of a checkout
	Commit  string `json:"commit,omitempty"`  // empty where the build does not know it
	Changed bool   `json:"changed,omitempty"` // the checkout differed from the commit
	Go      string `json:"go"`
	System  string `json:"system"`  // GOOS/GOARCH
	Kernels string `json:"kernels"` // in use
}

func (c *cli) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "version", Short: "which innate this is",
		Args: noArgs, ValidArgsFunction: cobra.NoFileCompletions,
	}
	asJSON := jsonFlag(cmd.Flags())
	cmd.RunE = func(*cobra.Command, []string) error {
		b := thisBuild()
		if *asJSON {
			return printJSON(c.out, b)
		}
		fmt.Fprintln(c.out, b)
		return nil
	}
	return cmd
}

// thisBuild is this program's.
func thisBuild() build {
	info, _ := debug.ReadBuildInfo() // nil in a program that was not built as a module
	return readBuild(info)
}

// readBuild picks from what the linker has left in the program.
func readBuild(info *debug.BuildInfo) build {
	b := build{Version: "(devel)", Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Kernels: kernels.Active()}
	if info == nil {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
	return b
}

// short is the version, and the commit where that is known.
func (b build) short() string {
	return strings.TrimSpace(b.Version + " " + b.Commit[:min(12, len(b.Commit))])
}

// String is the build in one line.
func (b build) String() string {
	commit := "commit unknown"
	if b.Commit != "" {
		commit = "commit " + b.Commit[:min(12, len(b.Commit))]
	}
	if b.Changed {
		commit += " and changes"
	}
	return fmt.Sprintf("innate %s, %s, %s %s, kernels %s", b.Version, commit, b.Go, b.System, b.Kernels)
}
