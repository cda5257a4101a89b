package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"innate/trainer/run"
)

// SSHVariable names the program that is run for ssh.
const SSHVariable = "INNATE_SSH"

// DialOptions say how an address is reached.
type DialOptions struct {
	Token  string // that TCP wants
	SSH    string // the program; "" for ssh
	Stderr io.Writer
}

// Dial returns a connected client for an address. Over ssh the person at the
// terminal may be asked for a password, and sees what ssh has to say.
func Dial(ctx context.Context, a Address, o DialOptions) (*Client, error) {
	var c *Client
	switch a.Scheme {
	case "tcp":
		if o.Token == "" {
			return nil, fmt.Errorf("%s: got no token, want that of innate serve there in $%s, or in a file that $%s names", a.Where(), TokenVariable, TokenFileVariable)
		}
		c = NewClient(a.Where(), o.Token, dialTCP(a.Host))
	default:
		program := o.SSH
		if program == "" {
			program = "ssh"
		}
		c = NewClient(a.Where(), "", dialSSH(program, a, o.Stderr))
	}
	return c, c.Connect(ctx, true)
}

func dialTCP(host string) Dialer {
	return func(ctx context.Context, _ bool) (net.Conn, error) {
		conn, err := (&net.Dialer{Timeout: dialTimeout}).DialContext(ctx, "tcp", host)
		var op *net.OpError
		if errors.As(err, &op) {
			err = op.Err
		}
		return conn, err
	}
}

// dialSSH runs the program without a shell. What it says on standard error is shown
// while the terminal is free, and the last line of it is the reason of its end.
func dialSSH(program string, a Address, stderr io.Writer) Dialer {
	return func(ctx context.Context, ask bool) (net.Conn, error) {
		cmd := exec.Command(program, a.sshArgs(ask)...)
		last := &lastLine{}
		if ask && stderr != nil {
			last.also = stderr
		}
		cmd.Stderr = last
		cmd.WaitDelay = endTime
		in, err := cmd.StdinPipe()
		if err != nil {
			return nil, err
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			return nil, err
		}
		if err := cmd.Start(); err != nil {
			return nil, fmt.Errorf("%s: %w", program, err)
		}
		ended, end := ending(cmd, in)
		stop := context.AfterFunc(ctx, func() { _ = end() })
		defer stop()
		waiting := time.AfterFunc(waitingTime, func() { last.tell("innate: still waiting for innate serve on " + a.Where() + "; ctrl+c gives up\n") })
		defer waiting.Stop()
		r := bufio.NewReader(out)
		if err := awaitGreeting(r); err != nil {
			_ = end()
			<-ended // and all that it has said is known
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			return nil, unserved(program, err, last.text(), cmd.ProcessState.ExitCode())
		}
		last.quiet()
		return &stream{r: r, w: in, end: end}, nil
	}
}

// waitingTime is how long the person at the terminal is left without a word.
const waitingTime = 20 * time.Second

// notFound is what a shell ends with that does not find a command.
const notFound = 127

// unserved words why no greeting came from a program: by what it said last, and by its
// status.
func unserved(program string, err error, said string, status int) error {
	program = filepath.Base(program)
	var other protocolError
	switch {
	case errors.As(err, &other):
		return other
	case said == "":
		return fmt.Errorf("%s: no innate serve there: %w", program, err)
	case !strings.HasPrefix(said, program+": "):
		said = program + ": " + said
	}
	if status == notFound {
		said += "; want innate on the path of a shell there that is not interactive, or ?innate=PROGRAM in the address"
	}
	return errors.New(said)
}

// endTime is how long a process may take to end after its input has.
const endTime = time.Second

// ending returns what ends a process by the end of its input, or by a signal, and
// what tells that it has ended.
func ending(cmd *exec.Cmd, in io.Closer) (ended chan struct{}, end func() error) {
	ended = make(chan struct{})
	var once sync.Once
	return ended, func() error {
		once.Do(func() {
			in.Close()
			kill := time.AfterFunc(endTime, func() { _ = cmd.Process.Kill() }) // or it has ended meanwhile
			go func() {
				defer close(ended)
				defer kill.Stop()
				_ = cmd.Wait() // its reason is in its words
			}()
		})
		return nil
	}
}

// lastLine keeps the last line that was written to it.
type lastLine struct {
	mu   sync.Mutex
	also io.Writer // nil once the screen has the terminal
	line []byte
}

func (l *lastLine) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.also != nil {
		_, _ = l.also.Write(b) // what cannot be shown is kept all the same
	}
	for _, line := range bytes.Split(b, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.line = append(l.line[:0], line[:min(len(line), 300)]...)
		}
	}
	return len(b), nil
}

// tell shows a line of ours while the terminal is free.
func (l *lastLine) tell(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.also != nil {
		_, _ = io.WriteString(l.also, text) // as above
	}
}

func (l *lastLine) quiet() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.also = nil
}

func (l *lastLine) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.TrimSpace(run.OneLine(string(l.line)))
}
