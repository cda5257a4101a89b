package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/ptytest"
)

// TestTrainOutlivesItsTerminal trains in the foreground of a terminal and closes
// it, and at the head of a pipe and closes that.
func TestTrainOutlivesItsTerminal(t *testing.T) {
	t.Parallel()
	t.Run("terminal", func(t *testing.T) {
		p := newProgram(t)
		cmd := p.command("train", "tiny.toml")
		person := ptytest.Start(t, cmd)
		first, err := bufio.NewReader(person).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		dir := strings.TrimSpace(first)
		p.trains(dir, 1)
		person.Close()
		p.trains(dir, 120) // with progress lines on the way, which go nowhere
		p.must("stop", dir)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Run("pipe", func(t *testing.T) {
		p := newProgram(t)
		cmd := p.command("train", "tiny.toml")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		first, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		dir := strings.TrimSpace(first)
		p.trains(dir, 1)
		out.Close()
		p.trains(dir, 120)
		p.must("stop", dir)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
}

// TestE2ETmux starts a run inside tmux, from the command line and with the
// workbench open on it, and kills the tmux server: the run continues.
func TestE2ETmux(t *testing.T) {
	e2e(t)
	binary := os.Args[0] // which knows the small images of tiny.toml
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Skip("no tmux here")
	}
	p := newProgram(t)
	socket := filepath.Join(filepath.Dir(p.runs), "tmux")
	inside := func(args ...string) {
		t.Helper()
		cmd := exec.Command(tmux, append([]string{"-f", "/dev/null", "-S", socket}, args...)...)
		cmd.Env, cmd.Dir = append(p.env, "TERM=xterm-256color"), filepath.Dir(p.runs)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	inside("new-session", "-d", "-x", "120", "-y", "40", fmt.Sprintf("%s start tiny.toml; %s open 0; sleep 100", binary, binary))
	t.Cleanup(func() { _ = exec.Command(tmux, "-S", socket, "kill-server").Run() })
	dir := filepath.Join(p.runs, "00000-tiny")
	waitFor(t, "the run", func() bool { _, err := os.Stat(filepath.Join(dir, "status.json")); return err == nil })
	pid := p.trains(dir, 1).PID
	inside("kill-server")
	if s := p.trains(dir, 30); s.PID != pid {
		t.Errorf("pid %d trains, want %d still", s.PID, pid)
	}
	p.must("stop", dir)
}
