package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpColumns is the width of help, which fits every terminal.
const helpColumns = 80

// help prints what a command does, in one screen.
func help(cmd *cobra.Command, _ []string) {
	if cmd.HasParent() {
		commandHelp(cmd)
		return
	}
	var b strings.Builder
	line := func(what, means string) { fmt.Fprintf(&b, "  %-22s %s\n", what, means) }
	fmt.Fprintf(&b, "innate: %s\n", cmd.Short)
	line("innate", "the workbench: runs, and what can be started")
	for _, group := range cmd.Groups() {
		fmt.Fprintf(&b, "%s\n", group.Title)
		for _, sub := range cmd.Commands() {
			if sub.GroupID == group.ID {
				line(sub.Use, sub.Short)
			}
		}
	}
	b.WriteString("A RUN is a number, name or directory (--runs, INNATE_RUNS); COMMAND -h: flags.\n")
	fmt.Fprint(cmd.OutOrStdout(), b.String())
}

// commandHelp prints the help of one command.
func commandHelp(cmd *cobra.Command) {
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "innate %s: %s\n", strings.TrimSuffix(nameOf(cmd.Parent())+" ", "innate ")+cmd.Use, cmd.Short)
	if cmd.Long != "" {
		fmt.Fprintf(out, "\n%s\n", cmd.Long)
	}
	for _, sub := range cmd.Commands() {
		fmt.Fprintf(out, "\ninnate %s %s: %s\n", nameOf(cmd), sub.Use, sub.Short)
	}
	if cmd.Example != "" {
		fmt.Fprintf(out, "\n%s\n", cmd.Example)
	}
	for _, set := range []struct {
		title string
		flags *pflag.FlagSet
	}{{"Flags", cmd.LocalNonPersistentFlags()}, {"Flags of every command", cmd.InheritedFlags()}} {
		if usage := set.flags.FlagUsagesWrapped(helpColumns); usage != "" {
			fmt.Fprintf(out, "\n%s\n%s", set.title, usage)
		}
	}
}

// helpCommand is innate help, and innate help COMMAND.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "this page, or that of one command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || about == cmd.Root() && len(rest) > 0 {
				return noCommand(cmd.Root(), args)
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []cobra.Completion
			for _, sub := range about.Commands() {
				if strings.HasPrefix(sub.Name(), typed) {
					names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
