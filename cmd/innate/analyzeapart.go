package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// analyzeApart runs a command of analysis on a run as a process of its own, in a new
// session, so that it outlives the workbench. Those that run networks have one thread
// and give way to the trainer. The error is the last line that it said.
func analyzeApart(ctx context.Context, dir string, args []string) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	args = append(slices.Clone(args), dir)
	if !slices.Contains(args, "weights") && !slices.Contains(args, "suggest") {
		args = append(args, "--threads", "1", "--nice", "19")
	}
	// A file, not a pipe, which would end the process with the workbench.
	said, err := os.CreateTemp("", "innate-analysis-*")
	if err != nil {
		return err
	}
	defer said.Close()
	defer os.Remove(said.Name())
	cmd := exec.Command(exe, args...)
	cmd.Stderr = said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case err = <-ended:
	}
	if err == nil {
		return nil
	}
	text, _ := os.ReadFile(said.Name()) // without it the status says that it failed
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if last := strings.TrimPrefix(lines[len(lines)-1], "innate: "); last != "" {
		return errors.New(last)
	}
	return fmt.Errorf("%s: %w", strings.Join(args[:2], " "), err)
}
