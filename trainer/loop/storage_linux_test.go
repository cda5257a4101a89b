package loop_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// disk is a place for a run that can be made to take no writes.
type disk struct {
	dir        string // of the run, yet to be made
	fill, free func()
	says       string // in the reason
}

// disks are the ways to run out of space: the limit of this process on the size
// of its files, which works everywhere and tears lines, and a small file system,
// which needs the right to mount one.
var disks = map[string]func(t *testing.T) disk{
	"file size limit": func(t *testing.T) disk {
		inChild(t)
		var before syscall.Rlimit
		check(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
		free := func() { check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before)) }
		t.Cleanup(free)
		dir := filepath.Join(t.TempDir(), "run")
		fill := func() {
			// Some way into the next line.
			info, err := os.Stat(filepath.Join(dir, runlog.MetricsFile))
			check(t, err)
			check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(info.Size()) + 10, Max: before.Max}))
		}
		return disk{dir, fill, free, "file too large"}
	},
	"full file system": func(t *testing.T) disk {
		mount := t.TempDir()
		if err := syscall.Mount("none", mount, "tmpfs", 0, "size=8m"); err != nil {
			t.Skipf("cannot mount a file system: %v", err)
		}
		t.Cleanup(func() { check(t, syscall.Unmount(mount, syscall.MNT_DETACH)) })
		filler := filepath.Join(mount, "filler")
		fill := func() {
			f, err := os.Create(filler)
			check(t, err)
			defer f.Close()
			for chunk := make([]byte, 4096); err == nil; {
				_, err = f.Write(chunk)
			}
		}
		return disk{filepath.Join(mount, "run"), fill, func() { os.Remove(filler) }, "no space left"}
	},
	// A read-only view over the directory, as where a server turns read-only:
	// what is open can still be written, nothing new can be made.
	"read-only view": func(t *testing.T) disk {
		dir := filepath.Join(t.TempDir(), "run")
		var mounted bool
		free := func() {
			if mounted {
				mounted = false
				check(t, syscall.Unmount(dir, syscall.MNT_DETACH))
			}
		}
		t.Cleanup(free)
		fill := func() { mounted = true; readOnly(t, dir) }
		return disk{dir, fill, free, "read-only"}
	},
}

// inChild runs a subtest in a process of its own, whose limits are not
// those of the test's own files, and ends it here.
func inChild(t *testing.T) {
	t.Helper()
	const mark = "INNATE_TEST_CHILD"
	if os.Getenv(mark) != "" {
		return
	}
	exe, err := os.Executable()
	check(t, err)
	cmd := exec.Command(exe, "-test.run", "^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.count", "1")
	cmd.Env = append(os.Environ(), mark+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Skip("passed in a process of its own")
}

// readOnly covers a directory with a read-only view of it.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := syscall.Mount(dir, dir, "", syscall.MS_BIND, ""); err != nil {
		t.Skipf("cannot mount: %v", err)
	}
	check(t, syscall.Mount("none", dir, "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""))
}

// longer is a run of 60 steps without evaluations.
func longer(dir string) string {
	return strings.NewReplacer("total_kimg = 0.064", "total_kimg = 0.24", "fid_kimg = 0.032", "fid_kimg = 0",
		"keep_checkpoints = 10", "keep_checkpoints = 2").Replace(config("gdd", dir))
}

// start trains in the background; the returned channel has how the run ended.
func start(t *testing.T, dir string) (*control.Client, <-chan error) {
	t.Helper()
	client, _, ended := startSignalled(t, dir)
	return client, ended
}

// startSignalled is start with what a signal to the trainer does.
func startSignalled(t *testing.T, dir string) (*control.Client, context.CancelFunc, <-chan error) {
	t.Helper()
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		ended <- loop.Run(ctx, loop.Options{Dir: dir})
		close(done)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return control.NewClient(dir), cancel, ended
}

func paused(s run.Status) bool  { return s.State == run.StatePaused && s.PauseReason != "" }
func started(s run.Status) bool { return s.Nimg >= 24 }

// TestFullDisk takes the space away from a run, which pauses and says why, still
// answers, and resumes by itself when there is space: to the same last
// checkpoint, and with a history without a gap or a torn line.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	text := longer(networks(t))
	alone := newRun(t, text)
	train(t, alone)
	want := read(t, checkpointPath(alone, 240))
	for name, make := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, ctx := make(t), t.Context()
			check(t, trainer.CreateAt(d.dir, text, "t"))
			client, ended := start(t, d.dir)
			until(t, client, "the first steps", started)
			d.fill()
			s := until(t, client, "the pause", paused)
			if !strings.Contains(s.PauseReason, d.says) {
				t.Errorf("pause reason %q, want one that says %q", s.PauseReason, d.says)
			}
			if _, err := client.Pause(ctx); err != nil {
				t.Error(err)
			}
			if _, err := client.Resume(ctx); err == nil || !strings.Contains(err.Error(), d.says) {
				t.Errorf("resume on a full disk: %v, want %q", err, d.says)
			}
			if _, err := client.Set(ctx, map[string]string{"live.gen_lr": "-1"}); err == nil || !strings.Contains(err.Error(), "gen_lr") {
				t.Errorf("a bad set on a full disk: %v", err)
			}
			time.Sleep(1200 * time.Millisecond) // at least one more try
			if again, err := client.Status(ctx); err != nil || !paused(again) || again.Nimg != s.Nimg {
				t.Errorf("from %d images to %d, %s (%v); want a pause", s.Nimg, again.Nimg, again.State, err)
			}
			d.free()
			check(t, <-ended)
			if !bytes.Equal(read(t, checkpointPath(d.dir, 240)), want) {
				t.Error("the last checkpoint differs from that of a run that had space")
			}
			sameHistory(t, d.dir, alone)
			if reported := events(t, d.dir, runlog.Pause); len(reported) < 1 || !strings.Contains(reported[0].Text, d.says) {
				t.Errorf("events %v, want the pause with its reason", reported)
			}
			if reported := events(t, d.dir, runlog.Resume); len(reported) < 1 || !strings.Contains(reported[len(reported)-1].Text, "writes again after") {
				t.Errorf("events %v, want the end of the pause", reported)
			}
		})
	}
}

// sameHistory compares what two runs logged, apart from times.
func sameHistory(t *testing.T, got, want string) {
	t.Helper()
	a, b := ticks(t, got), ticks(t, want)
	if len(a) != len(b) {
		t.Errorf("%d ticks, want %d", len(a), len(b))
	}
	for nimg, scalars := range b {
		for _, name := range []string{"loss/gen", "loss/disc", "logits/real"} {
			if v, w := a[nimg][name], scalars[name]; math.Float64bits(v) != math.Float64bits(w) {
				t.Errorf("%s at %d images: %v, want %v", name, nimg, v, w)
			}
		}
	}
}

// ticks reads a history by images seen, and fails for a line that is torn or a
// tick that is out of order.
func ticks(t *testing.T, dir string) map[int64]map[string]float64 {
	t.Helper()
	reader, history := runlog.NewReader(dir), runlog.History{}
	u, err := reader.Poll()
	check(t, err)
	history.Apply(u)
	if n := reader.Skipped(); n > 0 {
		t.Errorf("%d torn lines", n)
	}
	byNimg, last := map[int64]map[string]float64{}, int64(0)
	for _, tick := range history.Rows {
		if tick.Nimg <= last {
			t.Errorf("a tick at %d images follows one at %d", tick.Nimg, last)
		}
		last = tick.Nimg
		byNimg[tick.Nimg] = tick.Scalars()
	}
	return byNimg
}

// TestStopWhileFull ends a run that waits for space by a signal: it ends with an
// error that says so, nothing on disk is damaged, and a resume arrives where the
// run would have.
func TestStopWhileFull(t *testing.T) {
	t.Parallel()
	text := longer(networks(t))
	alone := newRun(t, text)
	train(t, alone)
	for name, make := range disks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := make(t)
			check(t, trainer.CreateAt(d.dir, text, "t"))
			client, signal, ended := startSignalled(t, d.dir)
			until(t, client, "the first steps", started)
			d.fill()
			until(t, client, "the pause", paused)
			signal()
			err := <-ended
			for _, want := range []string{d.says, d.dir, "kimg are lost", "resume"} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want one that names the directory, the reason, the loss and the way on: %q", err, want)
				}
			}
			d.free()
			train(t, d.dir)
			if !bytes.Equal(read(t, checkpointPath(d.dir, 240)), read(t, checkpointPath(alone, 240))) {
				t.Error("the last checkpoint differs")
			}
			sameHistory(t, d.dir, alone)
		})
	}
}

// TestNotWritable starts in a directory that cannot be written.
func TestNotWritable(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("edm", networks(t)))
	want := "permission denied"
	if os.Getuid() == 0 {
		readOnly(t, dir)
		t.Cleanup(func() { check(t, syscall.Unmount(dir, syscall.MNT_DETACH)) })
		want = "read-only"
	} else {
		check(t, os.Chmod(dir, 0o555))
		t.Cleanup(func() { check(t, os.Chmod(dir, 0o755)) })
	}
	err := loop.Run(t.Context(), loop.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
		t.Errorf("error %v, want %q and the directory", err, want)
	}
}

// TestGone takes the run directory away from a trainer: it ends within seconds,
// says why, and leaves nothing where the directory was.
func TestGone(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	for name, take := range map[string]func(dir string) error{
		"removed": func(dir string) error {
			var err error
			for range 100 { // the trainer may be making a file just now
				if err = os.RemoveAll(dir); err == nil {
					return nil
				}
			}
			return err
		},
		"moved": func(dir string) error { return os.Rename(dir, dir+".moved") },
	} {
		for _, state := range []string{"training", "paused"} {
			t.Run(fmt.Sprintf("%s while %s", name, state), func(t *testing.T) {
				t.Parallel()
				dir := newRun(t, strings.Replace(config("edm", nets), "total_kimg = 0.064", "total_kimg = 1000", 1))
				lock, err := run.Acquire(dir)
				check(t, err)
				defer lock.Release()
				client, ended := start(t, dir)
				until(t, client, "the first steps", func(s run.Status) bool { return s.Nimg >= 12 })
				if state == "paused" {
					_, err := client.Pause(t.Context())
					check(t, err)
				}
				check(t, take(dir))
				select {
				case err := <-ended:
					if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "removed or replaced") {
						t.Errorf("error %v, want one that says what is gone", err)
					}
				case <-time.After(20 * time.Second): // a loaded machine; by itself it takes a second
					t.Fatal("the trainer has not noticed")
				}
				if _, err := os.Stat(dir); !os.IsNotExist(err) {
					t.Errorf("the directory is there again (%v)", err)
				}
			})
		}
	}
}
