package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"innate/trainer/remote"
	"innate/trainer/run"
)

func (c *cli) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve [RUN]", Short: "gives runs to innate open ADDRESS on another machine",
		Args: atMostOneRun, ValidArgsFunction: c.completeRun(anyRun),
		Long: `Serves a run, or all runs, to "innate open ADDRESS" on another machine: its
histories, samples and settings, and what its trainer can be told. Without --listen
it answers on standard input and output, for ssh, which innate open starts itself;
who may log in there may use it. With --listen it answers on TCP, without
encryption, those who show the token: they may watch and steer runs, but fork them
and start analyses only with --allow-new. Links out of the runs directory are not
followed.`,
		Example: examples("open ssh://HOST", "elsewhere: runs innate serve on HOST by ssh",
			"open ssh://HOST/3?runs=/data/runs", "elsewhere: run 3 of a runs directory there",
			"serve --listen 127.0.0.1:7071 --token-file F", "here, for innate open tcp://HOST:PORT"),
	}
	f := cmd.Flags()
	listen := f.String("listen", "", "`host:port` to answer on instead; needs a token")
	tokenFile := f.String("token-file", "", "`file` with the token, readable by you only; default: $"+remote.TokenVariable+", or the file $"+remote.TokenFileVariable)
	allowNew := f.Bool("allow-new", false, "let those who show the token also fork runs and start analyses")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := c.server(args, *listen == "" || *allowNew)
		if err != nil {
			return err
		}
		if *listen != "" {
			return c.serveTCP(cmd.Context(), s, *listen, *tokenFile)
		}
		switch {
		case f.Changed("token-file"):
			return usagef("serve --token-file: got no --listen; over standard input nobody asks for a token")
		case *allowNew:
			return usagef("serve --allow-new: got no --listen; who may log in may do all of it")
		case term.IsTerminal(int(os.Stdin.Fd())):
			return usagef("serve: standard input is a terminal; innate open ssh://HOST runs this by ssh, and --listen HOST:PORT answers on TCP")
		}
		if _, err := io.WriteString(os.Stdout, remote.Greeting); err != nil {
			return err
		}
		return s.ServeConn(cmd.Context(), remote.Stream(os.Stdin, os.Stdout))
	}
	return cmd
}

// atMostOneRun is oneRun, or none.
func atMostOneRun(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return oneRun(cmd, args)
}

// server serves the run that args name, or all runs; anew says that clients may also fork
// them and start analyses.
func (c *cli) server(args []string, anew bool) (*remote.Server, error) {
	runs, err := filepath.Abs(run.RunsDir(c.runs))
	if err != nil {
		return nil, err
	}
	s := &remote.Server{Runs: runs, Resume: func(ctx context.Context, dir string) error {
		quiet := &cli{out: io.Discard, err: io.Discard, getenv: c.getenv} // standard output is the connection
		return quiet.resume(ctx, dir, process{})
	}}
	if anew {
		s.Fork, s.Analyze = forkInto(runs), analyzeApart
	}
	if len(args) == 0 {
		return s, nil
	}
	dir, err := find(c.runs, args[0])
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir) // it was named: a link may lead to it
	}
	s.Runs, s.Only = filepath.Dir(dir), filepath.Base(dir)
	return s, err
}

// serveTCP serves on TCP until a signal.
func (c *cli) serveTCP(ctx context.Context, s *remote.Server, addr, tokenFile string) error {
	token, err := remote.Token(tokenFile, c.getenv)
	if err != nil {
		return err
	}
	l, err := remote.Listen(addr, token)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	fmt.Fprintf(c.out, "serving %s on tcp://%s\n", filepath.Join(s.Runs, s.Only), l.Addr())
	return s.ServeListener(ctx, l, token)
}

// dialRuns connects to the runs at an address, and finds the one that it names, if
// it does.
func (c *cli) dialRuns(ctx context.Context, address string) (*remote.Client, string, error) {
	a, err := remote.ParseAddress(address)
	if err != nil {
		return nil, "", usageError{err}
	}
	token := ""
	if a.Scheme == "tcp" {
		if token, err = remote.Token("", c.getenv); err != nil {
			return nil, "", err
		}
	}
	o := remote.DialOptions{Token: token, SSH: c.getenv(remote.SSHVariable)}
	if c.errTerminal { // a person who may be asked
		o.Stderr = c.err
	}
	client, err := remote.Dial(ctx, a, o)
	if err != nil || a.Run == "" {
		return client, "", err
	}
	list, err := client.Runs(ctx, "")
	var found remote.Entry
	if err == nil {
		found, err = remote.Find(list, a.Run)
	}
	if err != nil {
		client.Close()
		return nil, "", fmt.Errorf("%s: %w", a.Where(), err)
	}
	return client, found.Name, nil
}
