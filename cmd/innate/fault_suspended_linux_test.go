package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFaultSuspended suspends a trainer, as schedulers do to make room: what asks
// it says so at once, with the way out, and it resumes when it is continued.
func TestFaultSuspended(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	dir := p.start()
	pid := p.status(dir).PID
	check(t, syscall.Kill(pid, syscall.SIGSTOP))
	defer syscall.Kill(pid, syscall.SIGCONT)
	want := fmt.Sprintf("pid %d is suspended by a signal; kill -CONT %[1]d resumes it", pid)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // until the signal has arrived
		if out := p.must("ls"); strings.Contains(out, "is paused: "+want) {
			break
		} else if time.Now().After(end) {
			t.Fatalf("ls prints\n%s\nwant %q", out, want)
		}
	}
	if out := p.must("status", dir); !strings.Contains(out, want) {
		t.Errorf("status prints\n%s\nwant %q", out, want)
	}
	for _, command := range []string{"pause", "resume", "checkpoint", "stop"} {
		p.refused(want, command, dir)
	}
	check(t, syscall.Kill(pid, syscall.SIGCONT))
	p.trains(dir, 1)
	p.must("stop", filepath.Base(dir))
}
