package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultReasonIsShown reads a run that its full disk, or a divergence, holds
// up: ls, status and status --watch say why, and what is not on disk.
func TestFaultReasonIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*run.Status)
		want   string // of ls
		why    string
	}{
		"full disk": {func(s *run.Status) {
			s.State, s.PauseReason = run.StatePaused, "no space left on device: write checkpoints/x"
		},
			"is paused: no space left on device: write checkpoints/x", "paused    no space left on device: write checkpoints/x"},
		"divergence": {func(s *run.Status) { s.CheckpointError = "a loss diverges" }, "writes no checkpoint: a loss diverges", "none is written: a loss diverges"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := newRun(t)
			runs := filepath.Dir(dir)
			lock := ok(run.Acquire(dir))(t)
			defer lock.Release()
			writeHeartbeat(dir, run.StateRunning, 20_900, c.change)
			if _, out, _ := line(t, "ls", "--runs", runs); !strings.Contains(out, filepath.Base(dir)+" "+c.want) {
				t.Errorf("ls prints\n%s\nwant %q", out, c.want)
			}
			_, out, _ := line(t, "status", "0", "--runs", runs)
			if !strings.Contains(out, c.why) || !strings.Contains(out, "0.9 kimg since the checkpoint at 20.0 kimg") {
				t.Errorf("status prints\n%s\nwant %q and what is not saved", out, c.why)
			}
		})
	}
	out, err := watched(t, func(dir string, _ *runlog.Writer) {
		writeHeartbeat(dir, run.StatePaused, 1000, func(s *run.Status) { s.PauseReason = "no space left on device" })
		time.Sleep(10 * time.Second)
		writeHeartbeat(dir, run.StateRunning, 2000, func(s *run.Status) { s.CheckpointError = "a loss diverges" })
		time.Sleep(10 * time.Second)
		writeHeartbeat(dir, run.StateDone, 400_000)
	})
	for _, want := range []string{"paused: no space left on device, 1.0 of 400 kimg\n", "running, 2.0 of 400 kimg, 123.4 images/s, no checkpoint is written: a loss diverges\n"} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("watch prints, %v,\n%s\nwant %q", err, out, want)
		}
	}
}

// full is a file system of 8 MB, the function that fills it, and the one that
// makes room again.
func full(t *testing.T) (dir string, fill, free func()) {
	t.Helper()
	dir = ok(os.MkdirTemp("", "f"))(t)
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=8m"); err != nil {
		os.Remove(dir)
		t.Skipf("cannot mount a file system: %v", err)
	}
	t.Cleanup(func() {
		syscall.Unmount(dir, syscall.MNT_DETACH)
		os.Remove(dir)
	})
	filler := filepath.Join(dir, "filler")
	return dir, func() {
		f := ok(os.Create(filler))(t)
		defer f.Close()
		for _, err := f.Write(make([]byte, 4096)); err == nil; {
			_, err = f.Write(make([]byte, 4096))
		}
	}, func() { os.Remove(filler) }
}

// TestFaultFullDisk fills the disk of a real trainer. No command says that
// something is done which is not, all name the reason and what would be lost, and
// ls, status and the heartbeat that a trainer leaves when it is killed say why.
func TestFaultFullDisk(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	disk, fill, free := full(t)
	runs := filepath.Join(disk, "runs")
	dir := p.start("--runs", runs, "--set", "run.threads=1")
	p.must("checkpoint", dir)
	p.trains(dir, 80)
	fill()
	const why = "no space left on device"
	p.refused(why, "checkpoint", dir)
	p.refused("kimg would be lost", "checkpoint", dir)
	p.refused("not stopped: "+why, "stop", dir)
	p.refused(why, "resume", dir)
	for _, args := range [][]string{{"ls", "--runs", runs}, {"status", dir}, {"pause", dir}} {
		if out := p.must(args...); !strings.Contains(out, "paused") || !strings.Contains(out, why) {
			t.Errorf("innate %s prints %q, want the pause and %q", args[0], out, why)
		}
	}
	free()
	p.must("resume", dir)
	if out := p.must("stop", dir); !regexp.MustCompile(`^00000-tiny: stopped at \d+\.\d kimg\n$`).MatchString(out) {
		t.Errorf("stop prints %q", out)
	}
	info := ok(run.ReadInfo(dir))(t)
	if s := info.Status; s.State != run.StateStopped || s.CheckpointNimg != s.Nimg {
		t.Errorf("%s at %d images with a checkpoint at %d", s.State, s.Nimg, s.CheckpointNimg)
	}
}

// TestFaultEndpointRemoved takes the socket, the lock and config.toml of a real
// trainer away, and the login's directory beside: it is listed, answers, and
// stops as any other.
func TestFaultEndpointRemoved(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	login := ok(os.MkdirTemp("", "l"))(t)
	t.Cleanup(func() { os.RemoveAll(login) })
	p.env = append(p.env, "XDG_RUNTIME_DIR="+login)
	for name, runs := range map[string]string{"short": p.runs, "long": filepath.Join(filepath.Dir(p.runs), strings.Repeat("long", 25))} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			dir := p.start("--runs", runs, "--set", "run.threads=1")
			socket := filepath.Join(dir, run.SocketFile)
			if b, err := os.ReadFile(socket + ".path"); err == nil {
				socket = strings.TrimSpace(string(b))
			}
			for _, path := range []string{socket, filepath.Join(dir, run.ConfigFile), filepath.Join(dir, run.LockFile), login} {
				if err := os.RemoveAll(path); err != nil {
					t.Fatal(err)
				}
			}
			waitFor(t, "the endpoint", func() bool {
				_, _, err := p.run("pause", dir)
				return err == nil
			})
			if out := p.must("ls", "--runs", runs); !strings.Contains(out, "00000-tiny  paused") {
				t.Errorf("ls prints\n%s", out)
			}
			p.must("stop", dir)
			if _, err := os.Stat(filepath.Join(dir, run.ConfigFile)); err != nil {
				t.Errorf("nothing is left to resume: %v", err)
			}
			p.must("status", dir)
		})
	}
}
