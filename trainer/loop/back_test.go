package loop_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// change changes live settings of a run that a test steps.
func change(t *testing.T, l *loop.Loop, key, value string) {
	t.Helper()
	check(t, l.Apply(control.Command{Kind: control.KindSet, Set: map[string]string{key: value}}))
}

func back(l *loop.Loop, nimg ...int64) error {
	c := control.Command{Kind: control.KindBack}
	if len(nimg) > 0 {
		c.Back.Nimg = &nimg[0]
	}
	return l.Apply(c)
}

// ways are the images seen at which there is a way back.
func ways(t *testing.T, dir string) (list []int64) {
	t.Helper()
	found, err := loop.WaysBack(dir)
	check(t, err)
	for _, w := range found {
		list = append(list, w.Nimg)
	}
	return list
}

// TestBackIsExact changes what training depends on, goes on, and goes back: what
// follows, in the same process or after its death, is what would have followed without
// the change, to the bit, and config.toml is what it was.
func TestBackIsExact(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gdd", "edm"} {
		t.Run(method, func(t *testing.T) {
			text := quiet(t, method) // evaluations take slices by the time that steps take
			plain := newRun(t, text)
			l := open(t, plain)
			steps(t, l, 8)
			save(t, l)
			l.Close()
			want := read(t, checkpointPath(plain, 32))

			dir := newRun(t, text)
			config := filepath.Join(dir, run.ConfigFile)
			before := read(t, config)
			l = open(t, dir)
			steps(t, l, 3)
			change(t, l, "rates.*.weight", "0.5")
			names := []string{l.Layers()[0].Name, l.Layers()[1].Name}
			check(t, l.Apply(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Toggle: names}}))
			steps(t, l, 3)
			check(t, l.Flush())
			if got := ways(t, dir); !slices.Equal(got, []int64{12}) || len(l.Status().WaysBack) != 1 {
				t.Fatalf("ways back at %v, want one for both changes at 12 images", got)
			}
			check(t, back(l))
			check(t, l.Flush())
			if got := read(t, config); !bytes.Equal(got, before) {
				t.Errorf("config.toml is\n%s", got)
			}
			if st := l.Status(); st.Nimg != 12 {
				t.Errorf("at %d images, want 12", st.Nimg)
			}
			steps(t, l, 5)
			save(t, l)
			if !bytes.Equal(read(t, checkpointPath(dir, 32)), want) {
				t.Error("another checkpoint than without the change")
			}
			check(t, back(l))
			check(t, l.Flush())
			l.Close()
			if got := checkpoints(t, dir); !slices.Contains(got, "000000032.left.safetensors") || slices.Contains(got, "000000032.safetensors") {
				t.Errorf("checkpoints %v, want that at 32 images under the name of a branch that was left", got)
			}
			l = open(t, dir) // as after a kill
			steps(t, l, 5)
			save(t, l)
			l.Close()
			if !bytes.Equal(read(t, checkpointPath(dir, 32)), want) {
				t.Error("another checkpoint of the next process")
			}
			if text := events(t, dir, runlog.Resume)[0].Text; !strings.HasPrefix(text, "went back from 0.024 to 0.012 kimg, to before rates: {}") {
				t.Errorf("event %q, want from where to where and before what", text)
			}
		})
	}
}

// TestBackFurther walks back change by change, and keeps as many as it should.
func TestBackFurther(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(quiet(t, "gdd"), "r1_interval = 4", "r1_interval = 4\nkeep_back = 2", 1))
	l := open(t, dir)
	defer l.Close()
	now := time.Now()
	l.Clock(func() time.Time { return now })
	if err := back(l); err == nil || !strings.Contains(err.Error(), "no checkpoint from before a live change") {
		t.Errorf("got %v, want that there is none", err)
	}
	for i, lr := range []string{"1e-3", "2e-3", "3e-3"} {
		steps(t, l, 1)
		now = now.Add(time.Minute)
		change(t, l, "live.gen_lr", lr)
		change(t, l, "live.tick_kimg", "0.01"+lr[:1]) // training does not depend on it
		check(t, l.Flush())
		if got := ways(t, dir); len(got) != min(i+1, 2) || got[0] != int64(4*i+4) {
			t.Errorf("ways back at %v after %d changes", got, i+1)
		}
	}
	steps(t, l, 1)
	change(t, l, "live.gen_lr", "4e-3") // within a second of the last
	check(t, back(l))
	check(t, back(l))
	if err := back(l); err == nil {
		t.Error("went back a third time, of two that were kept")
	}
	check(t, l.Flush())
	if st := l.Status(); st.Nimg != 8 || st.Live["gen_lr"] != 1e-3 || !slices.Equal(ways(t, dir), []int64{8}) {
		t.Errorf("at %d images with gen_lr %v, ways back at %v", st.Nimg, st.Live["gen_lr"], ways(t, dir))
	}
	if err := back(l, 4); err == nil || !strings.Contains(err.Error(), "at 0.004 kimg") {
		t.Errorf("got %v, want that there is none at 4 images", err)
	}
}

// TestFaultBackWhileWriting goes back to a checkpoint that is not on disk yet.
func TestFaultBackWhileWriting(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 2)
	begun, may := make(chan struct{}), make(chan struct{})
	l.SaveWith(loop.Hooks{Save: func(path string, f *checkpoint.File) error {
		if strings.HasSuffix(path, run.BackExt) {
			close(begun)
			<-may
		}
		return checkpoint.Write(path, f)
	}})
	change(t, l, "live.gen_lr", "1e-3")
	<-begun
	steps(t, l, 1)
	close(may)
	check(t, back(l))
	if st := l.Status(); st.Nimg != 8 || st.Live["gen_lr"] == 1e-3 {
		t.Errorf("at %d images with gen_lr %v", st.Nimg, st.Live["gen_lr"])
	}
}

// TestFaultNoRoomForAWayBack: the change is made and the run goes on; there is no way
// back, and the run says so.
func TestFaultNoRoomForAWayBack(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 1)
	l.SaveWith(loop.Hooks{Save: func(path string, f *checkpoint.File) error {
		return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	}})
	change(t, l, "live.gen_lr", "1e-3")
	check(t, l.Flush())
	check(t, l.Tend())
	if st := l.Status(); st.PauseReason != "" || st.Live["gen_lr"] != 1e-3 {
		t.Errorf("paused: %q, gen_lr %v", st.PauseReason, st.Live["gen_lr"])
	}
	if got := events(t, dir, runlog.Error); len(got) != 1 || !strings.Contains(got[0].Text, "no way back to 000000004.before.safetensors: no space left") {
		t.Errorf("events %v", got)
	}
	if err := back(l); err == nil {
		t.Error("went back without a checkpoint")
	}
}
