package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"innate/configs"
)

// The groups of help, in its order.
const (
	groupBegin = "begin"
	groupWatch = "watch"
	groupSteer = "steer"
	groupUse   = "use"
	groupSelf  = "self"
)

func init() { cobra.EnableCommandSorting = false } // help has an order of its own

// root is the command tree: one file each, flags and wiring, no logic.
func (c *cli) root() *cobra.Command {
	var profile string
	root := &cobra.Command{
		Use:           "innate",
		Short:         "one-step image generators from diffusion models, live in the terminal",
		Args:          noCommand,
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2, // letters wrong
		PersistentPreRunE:          func(*cobra.Command, []string) error { return c.startCPUProfile(profile) },
		RunE:                       func(cmd *cobra.Command, _ []string) error { return workbench(cmd.Context(), c, "", c.runs) },
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.DisableDefaultCmd = true // completionCommand has fewer words
	root.PersistentFlags().StringVar(&c.runs, "runs", "", "`directory` of all runs; default: $INNATE_RUNS, or ./runs")
	root.PersistentFlags().Func("cpuprofile", "`file` that gets a CPU profile of this process, for go tool pprof", func(path string) error {
		if profile != "" {
			return errors.New("given twice")
		}
		profile = path
		return nil
	})

	add := func(group, title string, cmds ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: group, Title: title})
		for _, cmd := range cmds {
			cmd.GroupID = group
		}
		root.AddCommand(cmds...)
	}
	add(groupBegin, "Begin", c.demoCommand(), c.openCommand(), c.trainCommand(), c.startCommand(), c.sweepCommand(), c.submitCommand(), c.forkCommand())
	add(groupWatch, "Watch", c.lsCommand(), c.statusCommand(), c.showCommand(), c.eventsCommand(), c.logsCommand(), c.diffCommand(), c.serveCommand())
	add(groupSteer, "Steer", append(c.sendCommands(), c.resumeCommand(), c.setCommand(), c.freezeCommand(), c.backCommand(), c.noteCommand(), c.deleteCommand())...)
	add(groupUse, "Use and measure", c.fetchCommand(), c.sampleCommand(), c.fidCommand(), c.resultsCommand(), c.analyzeCommand(), c.probeCommand(), c.dataCommand(), c.importCommand(), c.exportCommand(), c.inspectCommand(), c.profileCommand())
	add(groupSelf, "About innate", c.keysCommand(), completionCommand(), c.doctorCommand(), c.versionCommand())
	root.SetHelpCommand(helpCommand())
	root.SetHelpCommandGroupID(groupSelf)
	root.InitDefaultHelpCmd()
	return root
}

// noCommand refuses what follows innate and is no command.
func noCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	if near := root.SuggestionsFor(name); len(near) > 0 {
		return usagef("unknown command %q: did you mean %s? innate help lists all", name, strings.Join(near, " or "))
	}
	if _, _, err := configs.Open(configs.ExpandHome(name)); err == nil {
		return usagef("unknown command %q: it is a CONFIG, want innate start %[1]s, or innate train %[1]s", name)
	}
	return usagef("unknown command %q; innate help lists them", name)
}

// nameOf is how messages call a command: its words after innate.
func nameOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// noArgs is for commands that take flags alone.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s: got %q, want no arguments", nameOf(cmd), args[0])
	}
	return nil
}

// oneArg is for commands about one thing; what says which it may be.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usagef("%s: got %d arguments, want one %s", nameOf(cmd), len(args), what)
		}
		return nil
	}
}

// oneRun is oneArg for commands about one run.
func oneRun(cmd *cobra.Command, args []string) error {
	return oneArg("RUN: a number, a name or a directory")(cmd, args)
}

// examples are the lines of a command's examples, each a command line less innate
// and what it is for.
func examples(lines ...string) string {
	var b strings.Builder
	for i := 0; i < len(lines); i += 2 {
		fmt.Fprintf(&b, "  %-44s # %s\n", "innate "+lines[i], lines[i+1])
	}
	return strings.TrimRight(b.String(), "\n")
}
