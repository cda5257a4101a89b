package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"innate/configs"
)

// pathFlag is a flag that names a file or a directory. In --out=~/x a shell
// leaves the ~, and who types it means the home directory.
func pathFlag(f *pflag.FlagSet, name, value, usage string) *string {
	pathVar(f, &value, name, usage)
	return &value
}

// pathVar is pathFlag for a variable.
func pathVar(f *pflag.FlagSet, path *string, name, usage string) {
	f.Func(name, usage, func(s string) error {
		*path = configs.ExpandHome(s)
		return nil
	})
}

// jsonFlag is the flag of commands that can print JSON.
func jsonFlag(f *pflag.FlagSet) *bool { return f.Bool("json", false, "print JSON") }

// doubleDashes rewrites flags with one dash, which innate has always taken, as
// the two that pflag wants: -json becomes --json. It knows flags from their values
// by the command that the line names, and refuses a line that names none.
func doubleDashes(root *cobra.Command, args []string) ([]string, error) {
	if len(args) > 1 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		typed, last := args[1:len(args)-1], args[len(args)-1] // the last word is still being typed
		if done, err := doubleDashes(root, typed); err == nil {
			typed = done
		}
		return slices.Concat(args[:1], typed, []string{last}), nil
	}
	out := make([]string, 0, len(args)) // not nil, for which cobra takes os.Args
	cmd, named := root, false           // named: its arguments have begun
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, isFlag := strings.CutPrefix(arg, "-")
		switch {
		case arg == "--" && cmd == root:
			continue // a command follows
		case arg == "--":
			return append(out, args[i:]...), nil
		case !isFlag || name == "":
			switch next := subcommand(cmd, arg); {
			case named: // an argument after the first
			case next != nil:
				cmd = next
			case cmd == root:
				return nil, noCommand(root, []string{arg})
			default:
				named = true
			}
			out = append(out, arg)
			continue
		}
		key, _, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		cmd.InitDefaultHelpFlag()
		flag := cmd.Flag(key)
		if flag != nil && !strings.HasPrefix(name, "-") {
			arg = "-" + arg
		}
		out = append(out, arg)
		if flag != nil && !hasValue && flag.NoOptDefVal == "" && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out, nil
}

// subcommand is the command of that name below cmd; nil if there is none.
func subcommand(cmd *cobra.Command, name string) *cobra.Command {
	for _, sub := range cmd.Commands() {
		if sub.Name() == name || sub.HasAlias(name) {
			return sub
		}
	}
	return nil
}

// flagError words a flag that is not known or whose value is wrong.
func flagError(cmd *cobra.Command, err error) error {
	place := nameOf(cmd)
	var bad *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	switch {
	case errors.As(err, &bad):
		cause := bad.Unwrap()
		if errors.As(cause, new(*strconv.NumError)) { // of a seed: others have bounds of their own
			cause = errors.New("want a whole number from 0 on")
		}
		return usagef("%s: invalid value %q for --%s: %w", place, bad.GetValue(), bad.GetFlag().Name, cause)
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if letters := unknown.GetSpecifiedShortnames(); letters != "" {
			name = letters
		}
		if near := nearFlags(cmd, name); len(near) > 0 {
			return usagef("%s: unknown flag --%s: did you mean %s?", place, name, strings.Join(near, " or "))
		}
		return usagef("%s: unknown flag --%s; innate %s -h lists them", place, name, place)
	}
	return usagef("%s: %w", place, err)
}

// nearFlags are the flags of a command that a name may have been meant for, found
// as cobra finds near commands.
func nearFlags(cmd *cobra.Command, name string) []string {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	near := names.SuggestionsFor(name)
	for i := range near {
		near[i] = "--" + near[i]
	}
	return near
}
