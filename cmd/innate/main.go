// Command innate is a terminal workbench that turns a pretrained diffusion
// model into a one-step image generator.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"innate/configs"
	"innate/models/kernels"
)

// command is one subcommand: flags and wiring, no logic.
type command struct {
	name    string
	args    string // what follows the name, for help
	summary string
	run     func(ctx context.Context, c *cli, args []string) error
}

// cli is what a subcommand may touch of the outside world, so that tests can
// run the whole program in their own process.
type cli struct {
	out, err io.Writer
	getenv   func(string) string
	runs     string                           // of --runs before the command; "" if not given
	ask      func(question string) (yes bool) // nil where nobody can be asked

	cpuProfile io.Closer // ends and closes the profile of --cpuprofile; nil without one
}

// usageError is a mistake in the command line: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func commands() []command {
	return []command{
		demoCommand, openCommand, trainCommand, startCommand,
		lsCommand, statusCommand, eventsCommand, logsCommand,
		pauseCommand, resumeCommand, stopCommand, forkCommand, deleteCommand, setCommand, freezeCommand,
		checkpointCommand, evaluateCommand,
		sampleCommand, fidCommand, exportCommand, inspectCommand, profileCommand, keysCommand, versionCommand,
	}
}

func main() {
	c := &cli{out: os.Stdout, err: os.Stderr, getenv: os.Getenv}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		c.ask = ask
	}
	os.Exit(c.main(context.Background(), os.Args[1:]))
}

// ask puts a question to whoever sits at the terminal.
func ask(question string) (yes bool) {
	fmt.Fprintf(os.Stderr, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an end of input is a no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// main runs one command line and returns the exit status: 0 done, 1 an error,
// 2 wrong usage.
func (c *cli) main(ctx context.Context, args []string) int {
	err := c.dispatch(ctx, args)
	if c.cpuProfile != nil {
		err = errors.Join(err, c.cpuProfile.Close())
	}
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(c.err, "innate: %v\n", err)
		return 2
	default:
		fmt.Fprintf(c.err, "innate: %v\n", err)
		return 1
	}
}

func (c *cli) dispatch(ctx context.Context, args []string) error {
	if err := kernels.EnvError(); err != nil {
		return err
	}
	if err := c.startDebugLog(args); err != nil {
		return err
	}
	if len(args) > 0 && (args[0] == "help" || args[0] == "-h" || args[0] == "--help") {
		c.help()
		return nil
	}
	f, runs := c.runFlags("")
	if err := f.Parse(args); err != nil {
		return usageError{err}
	}
	args = f.Args()
	c.runs = *runs
	if len(args) == 0 {
		return workbench(ctx, c, "", *runs)
	}
	for _, cmd := range commands() {
		if cmd.name == args[0] {
			return cmd.run(ctx, c, args[1:])
		}
	}
	return usagef("unknown command %q; innate help lists them", args[0])
}

func (c *cli) help() {
	fmt.Fprintf(c.out, "innate: one-step image generators from diffusion models, live in the terminal\n\n")
	fmt.Fprintf(c.out, "  %-34s %s\n", "innate [--runs DIR]", "the workbench: runs, and what can be started")
	for _, cmd := range commands() {
		fmt.Fprintf(c.out, "  %-34s %s\n", strings.TrimSpace("innate "+cmd.name+" "+cmd.args), cmd.summary)
	}
	fmt.Fprintf(c.out, "\nRuns live under ./runs, or where --runs or INNATE_RUNS says. innate COMMAND -h lists its flags.\n")
}

// flags returns a flag set for one command whose errors come back as usage
// errors instead of ending the program.
func (c *cli) flags(cmd string) *flag.FlagSet {
	f := flag.NewFlagSet(strings.TrimSpace("innate "+cmd), flag.ContinueOnError)
	f.SetOutput(c.err)
	f.Func("cpuprofile", "`file` that gets a CPU profile of this process, for go tool pprof", func(path string) (err error) {
		if c.cpuProfile != nil {
			return errors.New("given twice")
		}
		c.cpuProfile, err = startCPUProfile(path)
		return err
	})
	return f
}

// parse parses args with flags allowed before, between and after positional
// arguments, and returns the latter. Behind -- nothing is a flag, such as the
// names of runs that begin with a dash.
func parse(f *flag.FlagSet, args []string) ([]string, error) {
	var positional []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, usageError{err}
		}
		parsed := args[:len(args)-f.NArg()]
		args = f.Args()
		if n := len(parsed); len(args) == 0 || n > 0 && parsed[n-1] == "--" {
			return append(positional, args...), nil
		}
		positional = append(positional, args[0])
		args = args[1:]
	}
}

// pathFlag is a flag that names a file or a directory. In --out=~/x a shell
// leaves the ~, and who types it means the home directory.
func pathFlag(f *flag.FlagSet, name, value, usage string) *string {
	path := &value
	f.Func(name, usage, func(s string) error {
		*path = configs.ExpandHome(s)
		return nil
	})
	return path
}

// parseOne parses a command line that names one thing: what says which, for the
// message of a line that does not.
func parseOne(f *flag.FlagSet, args []string, what string) (string, error) {
	rest, err := parse(f, args)
	if err != nil {
		return "", err
	}
	if len(rest) != 1 {
		return "", usagef("%s: got %d arguments, want one %s", strings.TrimPrefix(f.Name(), "innate "), len(rest), what)
	}
	return rest[0], nil
}

// runFlags is flags for a command about one run, and findRun its partner.
func (c *cli) runFlags(cmd string) (f *flag.FlagSet, runs *string) {
	f = c.flags(cmd)
	return f, f.String("runs", c.runs, "`directory` of all runs")
}

// findRun parses a command line that names one run and returns its directory.
func findRun(f *flag.FlagSet, runs *string, args []string) (string, error) {
	ref, err := parseOne(f, args, "RUN: a number, a name or a directory")
	if err != nil {
		return "", err
	}
	return find(*runs, ref)
}
