// Command innate is a terminal workbench that turns a pretrained diffusion
// model into a one-step image generator.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"innate/models/kernels"
	"innate/trainer/cluster"
)

// cli is what a subcommand may touch of the outside world, so that tests can
// run the whole program in their own process.
type cli struct {
	out, err io.Writer
	getenv   func(string) string
	runs     string                           // of --runs; "" if not given
	ask      func(question string) (yes bool) // nil where nobody can be asked

	errTerminal bool // err is a terminal

	cpuProfile io.Closer // ends and closes the profile of --cpuprofile; nil without one
}

// usageError is a mistake in the command line: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

func main() {
	c := &cli{out: inLocale(os.Stdout, os.Getenv), err: inLocale(os.Stderr, os.Getenv), getenv: os.Getenv}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		c.ask = ask
	}
	c.errTerminal = term.IsTerminal(int(os.Stderr.Fd()))
	os.Exit(c.main(context.Background(), os.Args[1:]))
}

// ask puts a question to the person at the terminal.
func ask(question string) (yes bool) {
	fmt.Fprintf(os.Stderr, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an end of input is a no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}

// againError is the end of a job whose run continues in another: exit status
// cluster.Again.
type againError struct{ error }

// main runs one command line and returns the exit status: 0 done, 1 an error,
// 2 wrong usage, cluster.Again for a job that is to begin again.
func (c *cli) main(ctx context.Context, args []string) int {
	err := c.execute(ctx, args)
	if c.cpuProfile != nil {
		err = errors.Join(err, c.cpuProfile.Close())
	}
	if err == nil {
		return 0
	}
	fmt.Fprintf(c.err, "innate: %v\n", err)
	if errors.As(err, new(usageError)) {
		return 2
	}
	if errors.As(err, new(againError)) {
		return cluster.Again
	}
	return 1
}

func (c *cli) execute(ctx context.Context, args []string) error {
	if err := kernels.EnvError(); err != nil {
		return err
	}
	if err := c.startDebugLog(args); err != nil {
		return err
	}
	root := c.root()
	args, err := doubleDashes(root, args)
	if err != nil {
		return err
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}
