package alerts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"innate/configs"
	"innate/trainer/run"
)

// lastWord is what a trainer says that ends by itself.
const lastWord = "ended\n"

// freed is how long a death may take to be seen: the kernel has to give back a killed
// trainer's memory first.
const freed = time.Minute

// Watched is a process that waits for this one to end.
type Watched struct{ pipe *os.File }

// StartWatch starts this program with arguments, which are to make it call Watch with
// its standard input. It is in a session of its own, so that what ends the trainer's
// terminal does not end it; what goes wrong with it is in the log at logPath.
func StartWatch(logPath string, args ...string) (*Watched, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	log, err := os.OpenFile(logPath, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	defer log.Close()
	// A pipe ends when every process that can write to it has: this one alone.
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	defer read.Close()
	cmd := exec.Command(exe, args...)
	cmd.Stdin, cmd.Stderr, cmd.Dir = read, log, "/"
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("alerts: start %s: %w", exe, err), write.Close())
	}
	go func() { _ = cmd.Wait() }() // it may end first; then nobody watches
	_, _ = fmt.Fprintln(write, os.Getpid())
	return &Watched{write}, nil
}

// End tells the process that this one ends by itself.
func (w *Watched) End() {
	_, _ = io.WriteString(w.pipe, lastWord) // to one that has gone it says nothing
	_ = w.pipe.Close()
}

// Watch waits until r ends, which it does with the trainer of the run in dir, and
// sends an alert if that has died.
func Watch(ctx context.Context, dir, path string, r io.Reader) error {
	said, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err != nil || strings.HasSuffix(string(said), lastWord) {
		return err
	}
	var pid int
	if _, err := fmt.Sscan(string(said), &pid); err != nil {
		return fmt.Errorf("alerts: watch: got %.40q, want the pid of a trainer", said)
	}
	for end := time.Now().Add(freed); time.Now().Before(end); {
		s, known, err := run.ReadStatus(dir)
		if err != nil {
			return err
		}
		if !known || s.PID != pid || buried(dir, s) {
			return nil // the next trainer is at work, and has seen to it
		}
		_, held, err := run.Holder(dir)
		if err != nil {
			return err
		}
		if !held {
			return bury(ctx, dir, path)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("alerts: watch: %s: its lock is still held, and no heartbeat says by whom", dir)
}

// bury sends what Death says, to the targets in the file at path.
func bury(ctx context.Context, dir, path string) error {
	a, err := Death(dir)
	if err != nil || a == nil {
		return err
	}
	t, err := Read(path)
	if err != nil {
		return err
	}
	return t.Send(ctx, *a)
}

// Death is the alert to be sent if the last trainer of a run died and nobody has sent
// it; nil if there is none. It notes that one is. The run has no trainer, or the caller
// is its next one and has written no heartbeat yet.
func Death(dir string) (*Alert, error) {
	s, known, err := run.ReadStatus(dir)
	if err != nil || !known || !run.Active(s.State) || buried(dir, s) {
		return nil, err
	}
	cfg, err := configs.Load(filepath.Join(dir, run.ConfigFile))
	if err != nil || slices.Contains(cfg.Alerts.Mute, Died) {
		return nil, err
	}
	// Noted first: of two that look at once hardly both send it. Where it cannot be
	// noted, as on a full disk, it is better sent twice than never.
	_ = run.WriteText(dir, run.BuriedFile, life(s)+"\n")
	s.Run, s.Dir = filepath.Base(dir), dir // the directory may have been moved
	return new(death(s)), nil
}

// buried reports whether an alert of the death of the trainer whose last heartbeat is
// s has been made.
func buried(dir string, s run.Status) bool {
	b, err := os.ReadFile(filepath.Join(dir, run.BuriedFile))
	return err == nil && strings.TrimSpace(string(b)) == life(s)
}

// life tells trainers of a run apart.
func life(s run.Status) string { return fmt.Sprintf("%d %d", s.PID, s.Started.UnixNano()) }
