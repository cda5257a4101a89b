package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"innate/models/kernels"
)

var versionCommand = command{"version", "[--json]", "which innate this is", runVersion}

// build says what this program was built from and what it runs on.
type build struct {
	Version string `json:"version"`           // of the module; (devel) for a build of a checkout
	Commit  string `json:"commit,omitempty"`  // empty where the build was not told
	Changed bool   `json:"changed,omitempty"` // the checkout differed from the commit
	Go      string `json:"go"`
	System  string `json:"system"`  // GOOS/GOARCH
	Kernels string `json:"kernels"` // in use
}

func runVersion(_ context.Context, c *cli, args []string) error {
	f := c.flags("version")
	asJSON := f.Bool("json", false, "print JSON")
	rest, err := parse(f, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("version: got %q, want no arguments", rest[0])
	}
	info, _ := debug.ReadBuildInfo() // nil in a program that was not built as a module
	b := readBuild(info)
	if *asJSON {
		return printJSON(c.out, b)
	}
	fmt.Fprintln(c.out, b)
	return nil
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
