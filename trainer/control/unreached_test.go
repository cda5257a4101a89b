package control_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"innate/trainer/control"
	"innate/trainer/run"
)

// TestFaultUnreached asks trainers that hold their lock but not their socket:
// the answer names the pid and what to do.
func TestFaultUnreached(t *testing.T) {
	me := os.Getpid()
	for name, c := range map[string]struct {
		pid   string
		state string
		want  []string
	}{
		"trains":         {fmt.Sprint(me), run.StateRunning, []string{fmt.Sprintf("pid %d holds the run's lock", me), "control.sock: connect: no such file", fmt.Sprintf("kill %d makes it write a checkpoint", me)}},
		"starts":         {fmt.Sprint(me), run.StateDone, []string{fmt.Sprintf("pid %d holds the run's lock and is starting", me), "try again"}},
		"says no pid":    {"", run.StateRunning, []string{"a trainer holds the run's lock", "control.sock: connect: no such file"}},
		"lies elsewhere": {"4194999", run.StateRunning, []string{"pid 4194999 holds the run's lock", "no process of this machine"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := makeRun(t, shortDir(t), "00001-a")
			var pid int
			fmt.Sscan(c.pid, &pid)
			if err := run.WriteStatus(dir, run.Status{State: c.state, PID: pid}); err != nil {
				t.Fatal(err)
			}
			defer hold(t, dir, c.pid)()
			for what, ask := range map[string]func(*control.Client) error{
				"pause":  func(cl *control.Client) error { _, err := cl.Pause(within(t)); return err },
				"stop":   func(cl *control.Client) error { _, err := cl.Stop(within(t)); return err },
				"stream": func(cl *control.Client) error { _, err := cl.Stream(within(t)); return err },
			} {
				err := ask(control.NewClient(dir))
				if err == nil || errors.Is(err, control.ErrNotRunning) {
					t.Fatalf("%s: got %v, want one that says who holds the lock", what, err)
				}
				for _, want := range append(c.want, "00001-a") {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("%s: got %q, want %q", what, err, want)
					}
				}
			}
		})
	}
}
