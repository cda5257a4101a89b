package trainer_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/ptytest"
	"innate/trainer/run"
)

// TestRunOutlivesItsStarter starts a trainer from a program on a terminal, and
// then closes the terminal, kills the program, or hangs up its session.
func TestRunOutlivesItsStarter(t *testing.T) {
	for name, end := range map[string]func(terminal *os.File, p *os.Process) error{
		"closed terminal": func(terminal *os.File, _ *os.Process) error { return terminal.Close() },
		"killed":          func(_ *os.File, p *os.Process) error { return p.Kill() },
		"hang-up":         func(_ *os.File, p *os.Process) error { return syscall.Kill(-p.Pid, syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, ctx := create(t), within(t)
			starter := exec.Command(os.Args[0], "spawn", dir)
			person := ptytest.Start(t, starter)
			client := control.NewClient(dir)
			var st run.Status
			for {
				var err error
				if st, err = client.Status(ctx); err == nil {
					break
				}
				check(t, ctx.Err())
				time.Sleep(10 * time.Millisecond)
			}
			check(t, end(person, starter.Process))
			if err := starter.Wait(); err == nil {
				t.Error("the program that started the run ended by itself")
			}
			time.Sleep(100 * time.Millisecond) // for a signal that should not come
			now, err := client.Status(ctx)
			if err != nil || now.PID != st.PID {
				t.Fatalf("got pid %d, %v, want %d to live", now.PID, err, st.PID)
			}
			_, err = client.Stop(ctx)
			check(t, err)
			check(t, run.AwaitExit(ctx, dir))
		})
	}
}
