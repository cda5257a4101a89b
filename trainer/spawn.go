package trainer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
)

const probeEvery = 50 * time.Millisecond

// Spawn starts a trainer for run directory dir as a process of its own: this
// program with the arguments train --run DIR and args, in a new session, its
// output appended to trainer.log. It returns once the trainer answers on its
// socket, or has finished. If the trainer fails before that, the error has the
// end of its log; if ctx ends first, the trainer is left to start.
func Spawn(ctx context.Context, dir string, args ...string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	info, err := run.ReadInfo(dir)
	if err != nil {
		return err
	}
	if info.Alive {
		return fmt.Errorf("trainer: %s: %w as pid %d", info.Name, run.ErrRunning, info.Status.PID)
	}
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	out, err := os.OpenFile(filepath.Join(dir, run.LogFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	defer out.Close()
	if _, err := fmt.Fprintf(out, "\n%s%s\n", run.StartMark, time.Now().Format(time.RFC3339)); err != nil {
		return fmt.Errorf("trainer: %w", err)
	}
	cmd := exec.Command(exe, append([]string{"train", "--run", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out // standard input is the null device
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("trainer: start %s: %w", exe, err)
	}
	slog.Debug("spawn", "dir", dir, "trainer", cmd.Process.Pid)
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // also keeps a zombie from staying behind
	return awaitReady(ctx, dir, cmd.Process.Pid, ended)
}

// goneFor is how long AwaitGone waits for the end of a process: the kernel has
// to give back a killed trainer's memory first.
const goneFor = 10 * time.Second

// AwaitGone reports whether the run in dir has no trainer any more, and waits for
// the end of one that does not answer: it may have been killed a moment ago.
func AwaitGone(ctx context.Context, dir string) bool {
	ctx, cancel := context.WithTimeout(ctx, goneFor)
	defer cancel()
	client := control.NewClient(dir)
	for {
		if info, err := run.ReadInfo(dir); err != nil || !info.Alive {
			return err == nil
		}
		probe, stop := context.WithTimeout(ctx, time.Second)
		_, err := client.Status(probe)
		stop()
		if err == nil || errors.Is(err, run.ErrSuspended) {
			return false // it answers, or could if it were let, and stays
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(probeEvery):
		}
	}
}

// awaitReady waits until the trainer with that pid answers, or has ended.
func awaitReady(ctx context.Context, dir string, pid int, ended <-chan error) error {
	name := filepath.Base(dir)
	client := control.NewClient(dir)
	for {
		select {
		case err := <-ended:
			if err == nil {
				return nil // a short run may finish before the first probe
			}
			if _, gone := os.Stat(dir); errors.Is(gone, fs.ErrNotExist) {
				return fmt.Errorf("trainer: %s: deleted while its trainer was starting", name)
			}
			if said := run.LastWords(dir, 3); len(said) > 0 {
				for i := range said {
					said[i] = strings.TrimPrefix(said[i], "innate: ") // our own process says so, too
				}
				return fmt.Errorf("trainer: %s: ended while starting: %s", name, strings.Join(said, " | "))
			}
			return fmt.Errorf("trainer: %s: ended while starting: %w, and its log says nothing", name, err)
		case <-ctx.Done():
			return fmt.Errorf("trainer: %s: pid %d does not answer yet: see %s: %w",
				name, pid, filepath.Join(dir, run.LogFile), ctx.Err())
		case <-time.After(probeEvery):
		}
		probe, cancel := context.WithTimeout(ctx, time.Second)
		st, err := client.Status(probe)
		cancel()
		if err == nil && st.PID == pid { // another pid: someone was faster, and ours will say so
			return nil
		}
	}
}
