package trainer_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// tiny is a run that is over in a second or two: 64 images, a checkpoint every
// 16, FID at 0, 32 and 64.
const tiny = "name = \"edm\"\nmethod = \"edm\"\n[run]\nbatch = 4\nthreads = 1\ntensorboard = false\n" +
	"[model]\nmodel_channels = 8\nchannel_mult = [1, 1, 1]\nattn_resolutions = []\ndropout = 0.1\n" +
	"[fid]\nsamples = 60\nsteps = 2\n[live]\ntotal_kimg = 0.064\ntick_kimg = 0.008\ncheckpoint_kimg = 0.016\n" +
	"keep_checkpoints = 10\nfid_kimg = 0.032\nsample_kimg = 0.032\nsample_count = 4\n"

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trained returns a runs directory of the test's own with one finished run in
// it. The run is trained once for all tests.
func trained(t *testing.T) (runs, dir string) {
	t.Helper()
	trainOnce.Do(func() {
		var err error
		if trainedRuns, err = os.MkdirTemp("", "runs"); err == nil {
			dir, err = trainer.Create(trainedRuns, tiny, "")
		}
		check(t, err)
		train(t, dir)
	})
	runs = t.TempDir()
	check(t, os.CopyFS(runs, os.DirFS(trainedRuns)))
	return runs, filepath.Join(runs, "00000-edm")
}

var (
	trainOnce   sync.Once
	trainedRuns string // removed by TestMain
)

func train(t *testing.T, dir string) {
	t.Helper()
	lock, err := run.Acquire(dir)
	check(t, err)
	defer lock.Release()
	check(t, loop.Run(t.Context(), loop.Options{Dir: dir, Patient: true}))
}

func fork(t *testing.T, o trainer.ForkOptions) trainer.Forked {
	t.Helper()
	f, err := trainer.Fork(o)
	check(t, err)
	return f
}

// set returns an Edit that sets keys to values.
func set(pairs ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		var err error
		for i := 0; i < len(pairs) && err == nil; i += 2 {
			text, err = configs.Set(text, pairs[i], pairs[i+1])
		}
		return text, err
	}
}

// tensors reads the values of a run's checkpoint at 64 images.
func tensors(t *testing.T, dir string) map[string][]float32 {
	t.Helper()
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, "000000064.safetensors"))
	check(t, err)
	values := map[string][]float32{}
	for _, x := range f.Tensors() {
		if values[x.Name], err = x.Float32s(); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

func equalTensors(a, b map[string][]float32) bool {
	if len(a) != len(b) {
		return false
	}
	for name := range a {
		if !slices.Equal(a[name], b[name]) {
			return false
		}
	}
	return true
}

// TestForkMeasures: before its first trainer a fork says what was measured by the name that
// its parent gives it.
func TestForkMeasures(t *testing.T) {
	runs, dir := trained(t)
	was, _, err := run.ReadStatus(dir)
	check(t, err)
	was.Metric, was.Rises = "is", true // as of a run that measures the Inception Score
	check(t, run.WriteStatus(dir, was))
	st, _, err := run.ReadStatus(fork(t, trainer.ForkOptions{RunsDir: runs, Source: dir, At: "0.048"}).Dir)
	check(t, err)
	if st.FIDName == "" || st.FIDName != was.FIDName || st.Quality() != "is" || !st.Rises || st.LastFID == nil {
		t.Errorf("got %q as %q, rises %t, last %v, want %q as %q", st.FIDName, st.Quality(), st.Rises, st.LastFID, was.FIDName, was.Quality())
	}
}

// TestForkIsExact forks runs in the middle: without changes a fork must arrive
// at the parent's tensors bit by bit, and with another seed at others.
func TestForkIsExact(t *testing.T) {
	runs, parent := trained(t)
	want := tensors(t, parent)
	for _, at := range []string{"0.032", "0.048"} {
		same := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: at})
		train(t, same.Dir)
		if !equalTensors(tensors(t, same.Dir), want) {
			t.Errorf("forked at %s without changes, the last tensors differ", at)
		}
	}
	other := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: "0.048", Edit: set("run.seed", "7")})
	train(t, other.Dir)
	if equalTensors(tensors(t, other.Dir), want) {
		t.Error("forked with another seed, the last tensors are the same")
	}
	again := fork(t, trainer.ForkOptions{RunsDir: runs, Source: other.Dir, At: "0.048"})
	train(t, again.Dir)
	if !equalTensors(tensors(t, again.Dir), tensors(t, other.Dir)) {
		t.Error("a fork of the fork at its first checkpoint does not have the fork's seed")
	}
	// What belongs to the process changes nothing, and a batch of another size runs.
	threads := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: "0.048", Edit: set("run.threads", "2", "run.nice", "1")})
	train(t, threads.Dir)
	if !equalTensors(tensors(t, threads.Dir), want) {
		t.Error("forked with other threads, the last tensors differ")
	}
	train(t, fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: "0.048", Edit: set("run.batch", "8")}).Dir)
}

// TestForkHistory checks what a fork takes along, and what it leaves.
func TestForkHistory(t *testing.T) {
	runs, parent := trained(t)
	torn, err := os.OpenFile(filepath.Join(parent, runlog.MetricsFile), os.O_APPEND|os.O_WRONLY, 0)
	check(t, err)
	_, err = torn.WriteString("rubbish\n{\"nimg\":4,\"time\":1,\"loss/x\":1")
	check(t, err)
	check(t, torn.Close())

	f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: "0.032", Name: "other", Edit: set("live.lr", "0.002")})
	if want := filepath.Join(runs, "00001-other"); f.Dir != want || f.Nimg != 32 {
		t.Errorf("got %s at %d images, want %s at 32", f.Dir, f.Nimg, want)
	}
	want := "forked from 00000-edm at 0.0 kimg: lr 0.001 → 0.002"
	if f.Text != want {
		t.Errorf("got %q, want %q", f.Text, want)
	}
	old, err := runlog.ReadAll(parent)
	check(t, err)
	history, err := runlog.ReadAll(f.Dir)
	check(t, err)
	var upTo []runlog.Row
	for _, tick := range old.Rows {
		if tick.Nimg <= 32 {
			upTo = append(upTo, tick)
		}
	}
	if got := fmt.Sprint(history.Rows); got != fmt.Sprint(upTo) || len(upTo) < 4 {
		t.Errorf("ticks %s, want the parent's %v", got, upTo)
	}
	events := history.Events
	last, before := events[len(events)-1], events[len(events)-2]
	if last.Kind != runlog.Fork || last.Text != want || last.Data["run"] != "00000-edm" || last.Data["nimg"] != 32.0 {
		t.Errorf("last event %+v, want the fork", last)
	}
	if before.Kind != runlog.Checkpoint || before.Nimg != 32 || events[0].Kind != runlog.Start {
		t.Errorf("events from %+v to %+v, want the parent's from its start to its checkpoint", events[0], before)
	}
	pictures, err := os.ReadDir(filepath.Join(f.Dir, run.SamplesDir))
	check(t, err)
	for _, p := range pictures {
		if p.Name() > "000000032.png" {
			t.Errorf("%s was drawn after the fork", p.Name())
		}
	}
	info, err := run.ReadInfo(f.Dir)
	check(t, err)
	if s := info.Status; s.State != run.StateNew || s.Nimg != 32 || s.TotalNimg != 64 || s.CheckpointNimg != 32 || s.Method != "edm" {
		t.Errorf("status %+v, want new at 32 of 64 images", s)
	}
	text, err := configs.ReadFile(filepath.Join(f.Dir, run.ConfigFile))
	check(t, err)
	if !strings.HasPrefix(text, "# Forked from 00000-edm at 0.0 kimg.\nname = \"other\"\n") {
		t.Errorf("config.toml begins with %.80q", text)
	}

	// The fork continues, and its readers see one curve.
	train(t, f.Dir)
	history, err = runlog.ReadAll(f.Dir)
	check(t, err)
	for i, tick := range history.Rows[1:] {
		if tick.Nimg < history.Rows[i].Nimg && tick.Type == runlog.TypeTick {
			t.Errorf("tick at %d images after %d", tick.Nimg, history.Rows[i].Nimg)
		}
	}
	if n := history.Rows[len(history.Rows)-1].Nimg; n != 64 {
		t.Errorf("the last tick is at %d images, want 64", n)
	}
}

func TestForkChooses(t *testing.T) {
	runs, parent := trained(t)
	folder := filepath.Join(parent, run.CheckpointsDir)
	more := set("live.total_kimg", "1")

	if f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, Edit: more}); f.Nimg != 64 {
		t.Errorf("no --at: got %d images, want the newest, 64", f.Nimg)
	}
	if f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: filepath.Join(folder, "000000048.safetensors")}); f.Nimg != 48 {
		t.Errorf("file: got %d images, want 48", f.Nimg)
	}
	file := fork(t, trainer.ForkOptions{RunsDir: runs, Source: filepath.Join(folder, "000000016.safetensors")})
	if history, err := runlog.ReadAll(file.Dir); err != nil || file.Nimg != 16 || len(history.Rows) == 0 {
		t.Errorf("checkpoint alone: got %d images and %d ticks, want 16 and its run's", file.Nimg, len(history.Rows))
	}

	// Best: FID was measured at 0, 32 and 64 images.
	history, err := runlog.ReadAll(parent)
	check(t, err)
	fids := map[int64]float64{}
	for _, tick := range history.Rows {
		if v, ok := tick.Value("fid"); ok {
			fids[tick.Nimg] = v
		}
	}
	want := int64(64)
	if fids[32] < fids[64] {
		want = 32
	}
	f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, At: "best", Edit: more})
	if f.Nimg != want || (fids[0] < fids[want]) != strings.Contains(f.Note, "has no checkpoint") {
		t.Errorf("best: got %d images, note %q; want %d of %v", f.Nimg, f.Note, want, fids)
	}

	// A damaged newest one is named and the one before it used.
	check(t, os.Truncate(filepath.Join(folder, "000000064.safetensors"), 1000))
	f = fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent})
	if f.Nimg != 48 || !strings.Contains(f.Note, "000000064.safetensors") {
		t.Errorf("damaged newest: got %d images, note %q", f.Nimg, f.Note)
	}
}

func TestForkRefuses(t *testing.T) {
	runs, parent := trained(t)
	for name, tt := range map[string]struct {
		o    trainer.ForkOptions
		want string
	}{
		"data":     {trainer.ForkOptions{Source: parent, At: "0.032", Edit: set("model.model_channels", "16")}, "model.model_channels: got 16, want 8"},
		"measure":  {trainer.ForkOptions{Source: parent, At: "0.032", Edit: set("fid.samples", "100")}, "fid.samples: got 100, want 60"},
		"method":   {trainer.ForkOptions{Source: parent, At: "0.032", Edit: set("method", "gdd")}, "config.toml:"},
		"value":    {trainer.ForkOptions{Source: parent, At: "0.032", Edit: set("live.lr", "-1")}, "live.lr: got -1"},
		"name":     {trainer.ForkOptions{Source: parent, At: "0.032", Name: "../x"}, "name: got"},
		"finished": {trainer.ForkOptions{Source: parent}, "live.total_kimg: got 0.064, want more than the 0.1"},
		"missing":  {trainer.ForkOptions{Source: parent, At: "0.033"}, "no checkpoint at 0.033 kimg, want one of 0.016 0.032 0.048 0.064"},
		"several":  {trainer.ForkOptions{Source: parent, At: "0"}, "more than one checkpoint at 0 kimg, want one of 0.016 0.032 0.048"},
		"word":     {trainer.ForkOptions{Source: parent, At: "last"}, `checkpoint "last": want best, a file or thousands`},
		"network":  {trainer.ForkOptions{Source: filepath.Join(parent, run.CheckpointsDir, "best.safetensors")}, "a network without the state"},
		"nothing":  {trainer.ForkOptions{Source: create(t)}, "no checkpoint yet"},
		"no file":  {trainer.ForkOptions{Source: "none.safetensors"}, "none.safetensors"},
	} {
		tt.o.RunsDir = runs
		if f, err := trainer.Fork(tt.o); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %s, %v, want %q", name, f.Dir, err, tt.want)
		}
	}
	if list, err := run.List(runs); err != nil || len(list) != 1 {
		t.Errorf("got %d runs, %v: a refused fork left something", len(list), err)
	}
}

// TestForkLeavesNothing fails a fork on its way: no directory may stay.
func TestForkLeavesNothing(t *testing.T) {
	runs, parent := trained(t)
	events := filepath.Join(parent, runlog.EventsFile)
	check(t, os.Remove(events))
	check(t, os.Mkdir(events, 0o755)) // cannot be read as a log
	if f, err := trainer.Fork(trainer.ForkOptions{RunsDir: runs, Source: parent, At: "0.032"}); err == nil {
		t.Fatalf("got %s, want an error", f.Dir)
	}
	entries, err := os.ReadDir(runs)
	check(t, err)
	if len(entries) != 1 {
		t.Errorf("%d directories, want the parent's alone", len(entries))
	}
}

// TestForkOfRunning forks again and again while checkpoints come and go.
func TestForkOfRunning(t *testing.T) {
	runs, parent := trained(t)
	folder := filepath.Join(parent, run.CheckpointsDir)
	path := func(n int) string { return filepath.Join(folder, fmt.Sprintf("%09d.safetensors", n)) }
	data, err := os.ReadFile(path(32))
	check(t, err)
	for _, n := range []int{16, 48, 64} {
		check(t, os.Remove(path(n)))
	}

	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 33; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			tmp := filepath.Join(folder, ".tmp")
			if os.WriteFile(tmp, data, 0o644) != nil || os.Rename(tmp, path(n)) != nil || os.Remove(path(n-1)) != nil {
				t.Error("cannot replace a checkpoint")
				return
			}
		}
	})
	for range 20 {
		f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: parent, Edit: set("live.total_kimg", "1")})
		if _, err := checkpoint.Read(filepath.Join(f.Dir, run.CheckpointsDir, "000000032.safetensors")); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	wg.Wait()
}

// TestForkOfLeftBranch forks a checkpoint that its run has set aside, and the one
// of the same images on the branch that the run took instead: each has the history
// of its own branch.
func TestForkOfLeftBranch(t *testing.T) {
	runs, parent := trained(t)
	folder := filepath.Join(parent, run.CheckpointsDir)
	aside := filepath.Join(folder, "000000048"+run.DivergedExt)
	b, err := os.ReadFile(filepath.Join(folder, run.CheckpointFile(48)))
	check(t, err)
	check(t, os.WriteFile(aside, b, 0o644))
	log, err := runlog.OpenWriter(parent)
	check(t, err)
	check(t, log.Resume(32, time.Now(), "went back to the checkpoint at 0.0 kimg, with other noise"))
	for _, nimg := range []int64{40, 48} {
		check(t, log.Tick(runlog.Tick{Nimg: nimg, Scalars: map[string]float64{"loss/edm": 100}}))
	}
	check(t, log.Event(runlog.Event{Nimg: 48, Kind: runlog.Checkpoint, Text: "checkpoint of the other branch"}))
	check(t, log.Close())
	check(t, os.WriteFile(filepath.Join(parent, run.SamplesDir, "000000040.png"), nil, 0o644))

	for source, other := range map[string]bool{aside: false, filepath.Join(folder, run.CheckpointFile(48)): true} {
		f := fork(t, trainer.ForkOptions{RunsDir: runs, Source: source})
		history, err := runlog.ReadAll(f.Dir)
		check(t, err)
		rows := 0
		for _, row := range history.Rows {
			if loss, ok := row.Scalars()["loss/edm"]; ok && row.Nimg > 32 {
				if rows++; (loss == 100) != other {
					t.Errorf("%s: got a loss of %v at %d images", filepath.Base(source), loss, row.Nimg)
				}
			}
		}
		if rows != 2 {
			t.Errorf("%s: got %d ticks behind the place where the branches part, want 2", filepath.Base(source), rows)
		}
		tells := slices.ContainsFunc(history.Events, func(e runlog.Event) bool { return strings.Contains(e.Text, "other") })
		if tells != other {
			t.Errorf("%s: its events tell of the other branch: %v, want %v", filepath.Base(source), tells, other)
		}
		if _, err := os.Stat(filepath.Join(f.Dir, run.SamplesDir, "000000040.png")); (err == nil) != other {
			t.Errorf("%s: a picture of the other branch: %v", filepath.Base(source), err)
		}
	}
}
