package queue

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"innate/trainer/run"
	"innate/trainer/sweep"
)

// Spawn starts a queue for the sweep in dir as a process of its own: this program with
// these arguments, in a new session, its output appended to sweep.QueueLog. It returns
// once the queue is at work, or has finished. If it fails before that, the error has the
// end of its log.
func Spawn(ctx context.Context, dir string, args ...string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	path := filepath.Join(dir, sweep.QueueLog)
	out, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	defer out.Close()
	before, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("sweep: start %s: %w", exe, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err == nil {
				return nil // there was nothing to do
			}
			return fmt.Errorf("sweep: %s: its queue ended: %s", filepath.Base(dir), lastLine(out, before, err))
		case <-ctx.Done():
			return fmt.Errorf("sweep: %s: its queue, pid %d, is not at work yet: see %s: %w", filepath.Base(dir), cmd.Process.Pid, path, ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
		if pid, alive, err := sweep.Queue(dir); err == nil && alive && pid == cmd.Process.Pid {
			return nil
		}
	}
}

// lastLine is the end of what a queue said; or the error of its process.
func lastLine(f *os.File, from int64, err error) string {
	said, readErr := io.ReadAll(io.NewSectionReader(f, from, 1<<20))
	lines := strings.Split(strings.TrimSpace(string(said)), "\n")
	if readErr != nil || lines[len(lines)-1] == "" {
		return err.Error() + ", and its log says nothing"
	}
	return run.OneLine(strings.TrimPrefix(lines[len(lines)-1], "innate: "))
}

// Halt pauses the sweep in dir: it asks the queue and waits for its end, or stops what
// trainers a queue that was killed has left.
func Halt(ctx context.Context, dir string) error {
	if err := sweep.Pause(dir, sweep.PauseNow); err != nil {
		return err
	}
	if _, alive, err := sweep.Queue(dir); err != nil {
		return err
	} else if alive {
		return awaitEnd(ctx, dir)
	}
	err := Run(ctx, Options{Dir: dir, Log: io.Discard})
	if errors.Is(err, run.ErrRunning) { // a queue began meanwhile, and sees the wish
		return awaitEnd(ctx, dir)
	}
	return err
}

// awaitEnd returns when the sweep in dir has no queue any more.
func awaitEnd(ctx context.Context, dir string) error {
	return run.AwaitExit(ctx, filepath.Join(dir, sweep.QueueDir))
}
