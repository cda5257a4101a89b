package loop_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// measuring is a run whose evaluations take many steps, so that one is under
// way at nearly every checkpoint.
func measuring(method, dir string) string {
	samples := map[string]string{"gdd": "samples = 600", "edm": "samples = 200"}[method]
	return strings.Replace(config(method, dir), "samples = 20", samples, 1)
}

func checkpointPath(dir string, nimg int) string {
	return filepath.Join(dir, run.CheckpointsDir, fmt.Sprintf("%09d.safetensors", nimg))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return data
}

// steps trains by hand.
func steps(t *testing.T, l *loop.Loop, n int) {
	t.Helper()
	for range n {
		check(t, l.Step())
	}
}

// save writes a checkpoint and waits for it.
func save(t *testing.T, l *loop.Loop) {
	t.Helper()
	check(t, l.Checkpoint())
	check(t, l.Flush())
}

func open(t *testing.T, dir string) *loop.Loop {
	t.Helper()
	l, err := loop.Open(dir)
	check(t, err)
	return l
}

// TestResumeInMidEvaluation stops a run after every step in turn and resumes it:
// the FID under way must come out the same, and so must the last checkpoint with
// all that status says, byte for byte.
func TestResumeInMidEvaluation(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gdd", "edm"} {
		t.Run(method, func(t *testing.T) {
			text := measuring(method, networks(t))
			alone := newRun(t, text)
			train(t, alone)
			want, measured := lastCheckpoint(t, alone), fids(t, alone)
			dir := newRun(t, text)
			midway := 0
			for nimg := 4; nimg < 64; nimg += 12 {
				l := open(t, dir)
				steps(t, l, 3)
				save(t, l)
				l.Close()
				f, err := checkpoint.Read(checkpointPath(dir, nimg+8))
				check(t, err)
				if strings.Contains(f.Metadata["progress"], `"eval_done":`) {
					midway++
				}
			}
			if midway == 0 {
				t.Fatal("no checkpoint holds an evaluation under way")
			}
			train(t, dir)
			if !bytes.Equal(lastCheckpoint(t, dir), want) {
				t.Error("the last checkpoint differs from that of a run that never stopped")
			}
			for nimg, v := range fids(t, dir) {
				if measured[nimg] != v {
					t.Errorf("FID at %d images: %v, want %v", nimg, v, measured[nimg])
				}
			}
		})
	}
}

// fids reads the measured values by images seen.
func fids(t *testing.T, dir string) map[int64]float64 {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	values := map[int64]float64{}
	for _, tick := range history.Rows {
		if v, ok := tick.Value("fid"); ok {
			values[tick.Nimg] = v
		}
	}
	return values
}

// TestDamagedCheckpoints damages the newest checkpoint in several ways: it is
// named, the one before it used, and the run arrives where it would have.
func TestDamagedCheckpoints(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("gdd", networks(t)))
	train(t, dir)
	want := lastCheckpoint(t, dir)
	newest := checkpointPath(dir, 64)
	for what, damage := range map[string]func([]byte) []byte{
		"a flipped byte of values": func(b []byte) []byte { b[len(b)-1000] ^= 0x10; return b },
		"a flipped digit of the progress": func(b []byte) []byte {
			at := bytes.Index(b, []byte(`\"nimg\":64`))
			b[at+len(`\"nimg\":6`)] = '5'
			return b
		},
		"a torn file":   func(b []byte) []byte { return b[:len(b)/2] },
		"an empty file": func(b []byte) []byte { return nil },
		"zeros":         func(b []byte) []byte { clear(b); return b },
	} {
		t.Run(what, func(t *testing.T) {
			check(t, os.WriteFile(newest, damage(bytes.Clone(want)), 0o644))
			before := len(events(t, dir, runlog.Error))
			train(t, dir)
			if !bytes.Equal(lastCheckpoint(t, dir), want) {
				t.Error("the run did not arrive at the same checkpoint again")
			}
			reported := events(t, dir, runlog.Error)[before:]
			if len(reported) != 1 || !strings.Contains(reported[0].Text, "000000064.safetensors") || !strings.Contains(reported[0].Text, "the one before") {
				t.Errorf("events %v, want one that names the file", reported)
			}
		})
	}
	t.Run("all of them", func(t *testing.T) {
		for _, f := range checkpoints(t, dir) {
			check(t, os.Truncate(filepath.Join(dir, run.CheckpointsDir, f), 100))
		}
		err := loop.Run(t.Context(), loop.Options{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), "none of 4 checkpoints can be read") {
			t.Errorf("error %v, want a refusal to begin again over a run that has got so far", err)
		}
	})
}

func events(t *testing.T, dir, kind string) []runlog.Event {
	t.Helper()
	history, err := runlog.ReadAll(dir)
	check(t, err)
	return slices.DeleteFunc(history.Events, func(e runlog.Event) bool { return e.Kind != kind })
}

// checkpoints lists the names of a run's checkpoints.
func checkpoints(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, run.CheckpointsDir))
	check(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != "best.safetensors" {
			names = append(names, e.Name())
		}
	}
	return names
}

// TestPrune checks which checkpoints stay.
func TestPrune(t *testing.T) {
	t.Parallel()
	all := []int{0, 10, 20, 30, 40, 50, 60, 70}
	for _, c := range []struct {
		keep, every, written int
		want                 []int
	}{
		{keep: 2, written: 70, want: []int{60, 70}},
		{keep: 20, written: 70, want: all},
		{keep: 0, written: 70, want: []int{70}},
		{keep: 1, every: 25, written: 70, want: []int{30, 50, 70}}, // the first at or after 25 and 50
		{keep: 1, every: 20, written: 70, want: []int{20, 40, 60, 70}},
		{keep: 1, every: 1000, written: 70, want: []int{70}},
		{keep: 2, written: 30, want: []int{30, 60, 70}}, // newer ones that could not be read
	} {
		dir := t.TempDir()
		for _, nimg := range all {
			check(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%09d.safetensors", nimg)), nil, 0o644))
		}
		for _, other := range []string{"best.safetensors", "000000010.diverged.safetensors", "-00000010.safetensors", "notes"} {
			check(t, os.WriteFile(filepath.Join(dir, other), nil, 0o644))
		}
		for range 2 { // twice: what stayed stays
			check(t, loop.Prune(dir, filepath.Join(dir, fmt.Sprintf("%09d.safetensors", c.written)), c.keep, int64(c.every)))
		}
		entries, err := os.ReadDir(dir)
		check(t, err)
		if got := len(entries); got != len(c.want)+4 {
			t.Errorf("keep %d every %d: %d files stay, want %d and 4 others", c.keep, c.every, got, len(c.want))
		}
		for _, nimg := range c.want {
			if _, err := os.Stat(filepath.Join(dir, fmt.Sprintf("%09d.safetensors", nimg))); err != nil {
				t.Errorf("keep %d every %d: %v", c.keep, c.every, err)
			}
		}
	}
}

// TestRetentionIsLive changes what is kept while the run trains.
func TestRetentionIsLive(t *testing.T) {
	t.Parallel()
	text := strings.Replace(config("edm", networks(t)), "keep_checkpoints = 10", "keep_checkpoints = 3", 1)
	dir := newRun(t, text)
	l := open(t, dir)
	for range 4 {
		steps(t, l, 4)
		check(t, l.Flush())
	}
	l.Close()
	if got, want := checkpoints(t, dir), []string{"000000032.safetensors", "000000048.safetensors", "000000064.safetensors"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
	path := filepath.Join(dir, run.ConfigFile)
	text = string(read(t, path))
	text = strings.Replace(text, "keep_checkpoints = 3", "keep_checkpoints = 1\nkeep_every_kimg = 0.048", 1)
	check(t, os.WriteFile(path, []byte(text), 0o644))
	l = open(t, dir)
	steps(t, l, 4)
	check(t, l.Flush())
	l.Close()
	if got, want := checkpoints(t, dir), []string{"000000048.safetensors", "000000080.safetensors"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// TestRollback goes back to a checkpoint within the process: other noise and
// data follow than the first time, the second time others again, and a resume
// from any checkpoint after it arrives at the same bytes.
func TestRollback(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"gdd", "edm"} {
		t.Run(method, func(t *testing.T) {
			dir := newRun(t, measuring(method, networks(t)))
			l := open(t, dir)
			steps(t, l, 4) // checkpoint at 16
			check(t, l.Flush())
			steps(t, l, 3)
			save(t, l)
			replays := [][]byte{read(t, checkpointPath(dir, 28))}
			for range 2 {
				check(t, os.Remove(checkpointPath(dir, 28)))
				nimg, err := l.Rollback()
				check(t, err)
				if nimg != 16 || l.Status().Nimg != 28 { // the next publish shows it
					t.Fatalf("went back to %d images, want 16", nimg)
				}
				check(t, l.Flush())
				back := read(t, checkpointPath(dir, 16))
				steps(t, l, 3)
				save(t, l)
				again := read(t, checkpointPath(dir, 28))

				config := filepath.Join(dir, run.ConfigFile)
				text, err := trainer.Rebase(string(read(t, config)), config)
				check(t, err)
				other := newRun(t, text)
				check(t, os.WriteFile(checkpointPath(other, 16), back, 0o644))
				resumed := open(t, other)
				steps(t, resumed, 3)
				save(t, resumed)
				resumed.Close()
				if !bytes.Equal(read(t, checkpointPath(other, 28)), again) {
					t.Error("a resume from the checkpoint that was gone back to differs")
				}
				replays = append(replays, again)
			}
			for i := range replays {
				for j := range i {
					if same(t, replays[i], replays[j]) {
						t.Errorf("replays %d and %d trained the same weights", j, i)
					}
				}
			}
			l.Close()
			history, err := runlog.ReadAll(dir)
			check(t, err)
			var at []int64
			for _, tick := range history.Rows {
				if _, ok := tick.Value("speed/images_per_sec"); ok {
					at = append(at, tick.Nimg)
				}
			}
			if want := []int64{8, 16, 24}; !slices.Equal(at, want) {
				t.Errorf("ticks at %v, want %v: those before the rollback count no more", at, want)
			}
		})
	}
	dir := newRun(t, config("edm", networks(t)))
	l := open(t, dir)
	defer l.Close()
	if _, err := l.Rollback(); err == nil || !strings.Contains(err.Error(), "not come to a checkpoint") {
		t.Errorf("a rollback of a new run: %v", err)
	}
}

// same compares the averaged weights of two checkpoints.
func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	fa, err := checkpoint.Decode(a)
	check(t, err)
	fb, err := checkpoint.Decode(b)
	check(t, err)
	pa, err := fa.Params("ema/")
	check(t, err)
	pb, err := fb.Params("ema/")
	check(t, err)
	for _, p := range pa.All() {
		if !slices.Equal(p.Data, pb.Get(p.Name).Data) {
			return false
		}
	}
	return true
}

// TestSlowWriter holds the first checkpoint's writing back until the run has
// come to many others: training must not wait, no more than two may be pending,
// and the last one must be on disk in the end.
func TestSlowWriter(t *testing.T) {
	text := strings.Replace(config("gdd", networks(t)), "checkpoint_kimg = 0.016", "checkpoint_kimg = 0.004", 1)
	text = strings.Replace(text, "fid_kimg = 0.032", "fid_kimg = 0", 1)
	alone := newRun(t, text)
	train(t, alone)
	dir := newRun(t, text)
	release, ended := make(chan struct{}), make(chan error, 1)
	var written []string
	slow := func(path string, f *checkpoint.File) error {
		<-release
		written = append(written, filepath.Base(path)) // one writer at a time, or the race detector objects
		return checkpoint.Write(path, f)
	}
	go func() {
		ended <- loop.RunWith(context.Background(), loop.Options{Dir: dir}, loop.Hooks{Save: slow})
	}()
	client := control.NewClient(dir)
	until(t, client, "training to continue behind a slow disk", func(s run.Status) bool { return s.Nimg >= 60 })
	close(release)
	check(t, <-ended)
	if len(written) < 2 || len(written) > 4 || written[len(written)-1] != "000000064.safetensors" {
		t.Errorf("wrote %v, want the first, the newest that waited, and the last", written)
	}
	if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, alone)) {
		t.Error("the last checkpoint differs")
	}
}

// TestLeftovers checks that what a killed trainer was writing is removed, and
// nothing else.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	dir := newRun(t, config("classifier", networks(t)))
	check(t, os.MkdirAll(filepath.Join(dir, run.TensorBoardDir), 0o755))
	old := time.Now().Add(-time.Hour)
	for name, stays := range map[string]bool{
		"checkpoints/.000000016.safetensors.tmp123": false,
		"checkpoints/.best.safetensors.tmp9":        false,
		"checkpoints/.innate-7.tmp":                 false,
		"samples/.sample-12.png":                    false,
		"samples/.innate-8.tmp":                     false,
		"tensorboard/.cut.tmp1":                     false,
		"tensorboard/.innate-9.tmp":                 false,
		".status.json.tmp":                          false,
		".probe-7":                                  false,
		".config-1.tmp":                             false,
		"checkpoints/.mine":                         true,
		"checkpoints/copy.safetensors.tmp1":         true,
		"samples/000000000.png":                     true,
		"notes.tmp":                                 true,
	} {
		path := filepath.Join(dir, name)
		check(t, os.WriteFile(path, nil, 0o644))
		check(t, os.Chtimes(path, old, old))
		defer func() {
			if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) == stays {
				t.Errorf("%s: %v", name, err)
			}
		}()
	}
	young := filepath.Join(dir, ".config-2.tmp") // a command's, at work
	check(t, os.WriteFile(young, nil, 0o644))
	open(t, dir).Close()
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
}

// TestBeginAgain resumes a run that was killed before its first checkpoint: it
// begins again, and what its log had counts no more.
func TestBeginAgain(t *testing.T) {
	t.Parallel()
	text := config("edm", networks(t))
	alone := newRun(t, text)
	train(t, alone)
	dir := newRun(t, text)
	log, err := runlog.OpenWriter(dir)
	check(t, err)
	for nimg := range int64(3) {
		check(t, log.Tick(runlog.Tick{Nimg: 8 * nimg, Scalars: map[string]float64{"loss/edm": 1, "fid": 5}}))
	}
	check(t, log.Close())
	train(t, dir)
	if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, alone)) {
		t.Error("the last checkpoint differs")
	}
	a, err := runlog.ReadAll(alone)
	check(t, err)
	b, err := runlog.ReadAll(dir)
	check(t, err)
	if len(a.Rows) != len(b.Rows) {
		t.Errorf("%d ticks count, want %d", len(b.Rows), len(a.Rows))
	}
}

// TestBeginAgainNamesSettings edits a setting, twice, of a run that is killed
// before its first checkpoint: when it begins again, an event names the change.
func TestBeginAgainNamesSettings(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(config("edm", networks(t)), "checkpoint_kimg = 0.016", "checkpoint_kimg = 1", 1))
	d, err := loop.Drive(dir)
	check(t, err)
	check(t, d.Step())
	for _, rate := range []string{"1e-4", "2e-4"} {
		check(t, d.Do(control.Command{Kind: control.KindSet, Set: map[string]string{"live.lr": rate}}))
	}
	d.Close()
	before := len(events(t, dir, runlog.Config))
	d, err = loop.Drive(dir)
	check(t, err)
	d.Close()
	reported := events(t, dir, runlog.Config)[before:]
	if len(reported) != 1 || reported[0].Nimg != 0 || reported[0].Text != "lr 0.001 → 0.0002" {
		t.Errorf("got events %+v, want one of lr 0.001 → 0.0002 at the beginning", reported)
	}
}

// TestClock sets the wall clock back by a minute at every look at it.
func TestClock(t *testing.T) {
	text := config("gdd", networks(t))
	alone := newRun(t, text)
	train(t, alone)
	dir := newRun(t, text)
	start := time.Now().Round(0) // without the monotonic reading
	looks := make(chan time.Duration, 1)
	looks <- 0
	backwards := func() time.Time {
		n := <-looks + 1
		looks <- n
		return start.Add(-n * time.Minute)
	}
	check(t, loop.RunWith(t.Context(), loop.Options{Dir: dir}, loop.Hooks{Now: backwards}))
	if !bytes.Equal(lastCheckpoint(t, dir), lastCheckpoint(t, alone)) {
		t.Error("the last checkpoint depends on the clock")
	}
	history, err := runlog.ReadAll(dir)
	check(t, err)
	for _, tick := range history.Rows {
		if v, ok := tick.Value("speed/images_per_sec"); ok && !(v > 0 && v < 1e9) {
			t.Errorf("%v images/s at %d images", v, tick.Nimg)
		}
	}
	info, err := run.ReadInfo(dir)
	check(t, err)
	if s := info.Status; !(s.ImagesPerSec > 0) || s.EtaSec != 0 || s.State != run.StateDone {
		t.Errorf("status %+v, want a positive pace, done", s)
	}
}

// BenchmarkCheckpointStall measures how long a checkpoint of the demo keeps
// training waiting, with a disk that takes a tenth of a second a file.
func BenchmarkCheckpointStall(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "run")
	if err := createPreset(dir, "mnist-gdd-i"); err != nil {
		b.Fatal(err)
	}
	l, err := loop.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	l.SaveWith(loop.Hooks{Save: func(string, *checkpoint.File) error { time.Sleep(100 * time.Millisecond); return nil }})
	for b.Loop() {
		if err := l.Checkpoint(); err != nil {
			b.Fatal(err)
		}
		if busy, next := l.Waiting(); !busy || next > 1 {
			b.Fatalf("%d files wait, want at most one behind the one being written", next)
		}
	}
}

func createPreset(dir, preset string) error {
	text, cfg, err := configs.Open(preset)
	if err != nil {
		return err
	}
	return trainer.CreateAt(dir, text, cfg.Name)
}
