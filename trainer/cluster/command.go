package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"innate/trainer/run"
)

// ErrNone is the error of asking a Slurm that is not here.
var ErrNone = errors.New("not on the path: there is no Slurm here")

// errSilent is the error of a command that is given up.
var errSilent = errors.New("no answer")

// outputBytes bounds what is read of a command's output.
const outputBytes = 8 << 20

// command runs a command of Slurm and returns what it prints. It is killed, with
// all that it started, when ctx ends or the time is up: a controller that is gone
// leaves squeue waiting for minutes. Variables of the environment named in without
// are kept from it.
func command(ctx context.Context, within time.Duration, without func(name string) bool, stdin string, name string, args ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("slurm: %s: %w", name, ErrNone)
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second // for a child that has left the group with our pipe
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return without(name)
	})
	var stdout, stderr bounded
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("slurm: %s: %w within %v", name, errSilent, within)
	case err != nil:
		if said := complaint(name, stderr.String()); said != "" {
			return "", fmt.Errorf("slurm: %s: %s", name, said)
		}
		return "", fmt.Errorf("slurm: %s: %w", name, err)
	}
	return stdout.String(), nil
}

// complaint is the line of a command's standard error that says best why it failed:
// the last that it calls an error, less its own name.
func complaint(name, stderr string) (said string) {
	for line := range strings.Lines(stderr) {
		line = strings.TrimPrefix(run.OneLine(line), name+": ")
		for _, severity := range []string{"error: ", "fatal: "} {
			if text, ok := strings.CutPrefix(line, severity); ok {
				return text // those after it follow from it
			}
		}
		if said == "" {
			said = line
		}
	}
	return said
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(outputBytes-b.Len(), 0))])
	return len(p), nil
}
