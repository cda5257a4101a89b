package loop_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// quiet is a run that measures and draws nothing by itself.
func quiet(t *testing.T, method string) string {
	t.Helper()
	return strings.NewReplacer("fid_kimg = 0.032", "fid_kimg = 0", "sample_kimg = 0.032", "sample_kimg = 0",
		"checkpoint_kimg = 0.016", "checkpoint_kimg = 0").Replace(config(method, networks(t)))
}

// bestFile is what best.safetensors says of itself: images seen and FID, "none"
// without one.
func bestFile(t *testing.T, dir, name string) string {
	t.Helper()
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	check(t, err)
	if _, err := method.OpenDenoiser(f); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	return f.Metadata["nimg"] + ": " + f.Metadata[loop.StatedKey("fid", cnnLabel)]
}

// wantBest compares the best network's file with what status says.
func wantBest(t *testing.T, l *loop.Loop, dir, want string) {
	t.Helper()
	check(t, l.Flush())
	if got := bestFile(t, dir, "best.safetensors"); got != want {
		t.Errorf("best.safetensors: got %s, want %s", got, want)
	}
	status := "none"
	if fid := l.Status().BestFID; fid != nil {
		status = fmt.Sprintf("%.4f", *fid)
	}
	if _, value, _ := strings.Cut(want, ": "); status != value && status != want {
		t.Errorf("status: best FID %s, want that of %s", status, want)
	}
}

// TestFaultBestAfterTheCheckpoint: of a branch that is gone, neither the value
// nor the weights may pass for the run's best, and the weights are not lost.
func TestFaultBestAfterTheCheckpoint(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 2)
	save(t, l)
	steps(t, l, 2)
	check(t, l.Measured(16, 692))
	wantBest(t, l, dir, "16: 692.0000")
	l.Close()

	edit(t, dir, "r1_interval = 4", "r1_interval = 4\ngen_lr = 1e-3\ndisc_lr = 1e-3")
	l = open(t, dir)
	wantBest(t, l, dir, "none")
	steps(t, l, 1)
	check(t, l.Measured(12, 1407))
	wantBest(t, l, dir, "12: 1407.0000")
	if got := bestFile(t, dir, "best-000000016.safetensors"); got != "16: 692.0000" {
		t.Errorf("the network of FID 692 at 16 images: got %s, want it set aside", got)
	}
	l.Close()
	if text := events(t, dir, runlog.Resume)[0].Text; !strings.Contains(text, "best-000000016.safetensors") {
		t.Errorf("event %q, want where the best network is now", text)
	}
}

// edit changes config.toml while no trainer runs.
func edit(t *testing.T, dir, old, new string) {
	t.Helper()
	path := filepath.Join(dir, run.ConfigFile)
	text := string(read(t, path))
	if !strings.Contains(text, old) {
		t.Fatalf("no %q in\n%s", old, text)
	}
	check(t, os.WriteFile(path, []byte(strings.Replace(text, old, new, 1)), 0o644))
}

// TestFaultBestIsPutBack: the weights that were best at the checkpoint are so
// again, although better ones had taken their place: on resume, also when the
// kill came between a removal and a write, on a rollback, and in a fork.
func TestFaultBestIsPutBack(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 1)
	check(t, l.Measured(4, 65.1))
	steps(t, l, 1)
	save(t, l)
	want := read(t, filepath.Join(dir, run.CheckpointsDir, "best.safetensors"))
	better := func(l *loop.Loop) {
		t.Helper()
		steps(t, l, 2)
		check(t, l.Measured(16, 61.96))
		wantBest(t, l, dir, "16: 61.9600")
	}
	better(l)
	l.Close()
	same := func(dir string) {
		t.Helper()
		if got := read(t, filepath.Join(dir, run.CheckpointsDir, "best.safetensors")); !slices.Equal(got, want) {
			t.Error("best.safetensors differs from that of before")
		}
	}

	l = open(t, dir)
	wantBest(t, l, dir, "4: 65.1000")
	same(dir)
	better(l) // as an exact resume does
	if got := bestFile(t, dir, "best-000000016.safetensors"); got != "none" {
		t.Errorf("%s stays aside, although it has been reached again", got)
	}
	_, err := l.Rollback()
	check(t, err)
	steps(t, l, 1)
	wantBest(t, l, dir, "4: 65.1000")
	same(dir)
	better(l)
	l.Close()

	forked, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: checkpointPath(dir, 8)})
	check(t, err)
	check(t, os.Remove(filepath.Join(dir, run.CheckpointsDir, "best.safetensors")))
	for _, d := range []string{dir, forked.Dir} {
		l = open(t, d)
		wantBest(t, l, d, "4: 65.1000")
		l.Close()
		same(d)
	}
}

// TestFaultBestAsideIsBounded leaves one branch after the other: of their best
// networks as many stay as of checkpoints, those with the lowest FID.
func TestFaultBestAsideIsBounded(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(quiet(t, "gdd"), "keep_checkpoints = 10", "keep_checkpoints = 2", 1))
	l := open(t, dir)
	steps(t, l, 1)
	save(t, l)
	for i, fid := range []float64{60, 50, 70, 40} {
		steps(t, l, 1)
		check(t, l.Measured(int64(8+4*i), fid))
		check(t, l.Flush())
		_, err := l.Rollback()
		check(t, err)
	}
	l.Close()
	var got []string
	for _, name := range checkpoints(t, dir) {
		if strings.HasPrefix(name, "best-") {
			got = append(got, bestFile(t, dir, name))
		}
	}
	if want := []string{"12: 50.0000", "20: 40.0000"}; !slices.Equal(got, want) {
		t.Errorf("set aside %v, want %v", got, want)
	}
}

// TestFaultBestOfALateEvaluation: one that began before the checkpoint and ended
// after it is unknown to the checkpoint, too.
func TestFaultBestOfALateEvaluation(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 1)
	check(t, l.Measured(4, 65.1))
	steps(t, l, 1)
	save(t, l)
	steps(t, l, 1)
	check(t, l.Measured(8, 50))
	wantBest(t, l, dir, "8: 50.0000")
	l.Close()
	forked, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: dir})
	check(t, err)
	if got := bestFile(t, forked.Dir, "best.safetensors"); got == "8: 50.0000" {
		t.Errorf("the fork has the best network of %s, of which its checkpoint knows nothing", got)
	}
	l = open(t, dir)
	defer l.Close()
	if got := bestFile(t, dir, "best-000000008.safetensors"); got != "8: 50.0000" {
		t.Errorf("set aside: %s, want that of 50", got)
	}
	// The log has the value, of a step that counts: it is measured again, like
	// that of any evaluation that was under way.
	for i := 0; l.Status().FIDNimg != 8; i++ {
		if i == 10 {
			t.Fatalf("the evaluation at 8 images was not begun again: %+v", l.Status())
		}
		steps(t, l, 1)
	}
}

// TestFaultEvaluationAtTheCheckpoint: a FID asked for right after a checkpoint is
// in the log for good; after a kill status must know of it again.
func TestFaultEvaluationAtTheCheckpoint(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	steps(t, l, 2)
	save(t, l)
	check(t, l.Evaluate())
	steps(t, l, 1)
	want := fids(t, dir)[8]
	if want == 0 {
		t.Fatal("no FID at 8 images")
	}
	l.Close()
	l = open(t, dir)
	defer l.Close()
	steps(t, l, 1)
	check(t, l.Flush())
	s := l.Status()
	if s.BestFID == nil || *s.BestFID != want || s.FIDNimg != 8 {
		t.Errorf("status: best %v, FID at %d images; want %v at 8, as the log says", s.BestFID, s.FIDNimg, want)
	}
	if got, want := bestFile(t, dir, "best.safetensors"), fmt.Sprintf("8: %.4f", want); got != want {
		t.Errorf("best.safetensors: %s, want %s", got, want)
	}
}

// TestFaultBestOfATryBegunAgain: a run that came to no checkpoint has no best.
func TestFaultBestOfATryBegunAgain(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "edm"))
	l := open(t, dir)
	check(t, l.Measured(0, 50))
	steps(t, l, 2)
	wantBest(t, l, dir, "0: 50.0000")
	l.Close()
	l = open(t, dir)
	defer l.Close()
	wantBest(t, l, dir, "none")
}

// TestFaultBestOfAnOlderTrainer: checkpoints that leave the best network to its
// file resume with it where it is theirs, and not where it is of another branch.
func TestFaultBestOfAnOlderTrainer(t *testing.T) {
	t.Parallel()
	for stated, want := range map[float64]string{65.1: "4: 65.1000", 70: "none"} {
		dir := newRun(t, quiet(t, "gdd"))
		l := open(t, dir)
		steps(t, l, 1)
		check(t, l.Measured(4, 65.1))
		steps(t, l, 1)
		save(t, l)
		l.Close()
		f, err := checkpoint.Read(checkpointPath(dir, 8))
		check(t, err)
		old := checkpoint.New()
		old.Metadata = f.Metadata
		old.Metadata["progress"] = strings.NewReplacer(`,"best_nimg":4`, "", `"best_fid":65.1`, fmt.Sprintf(`"best_fid":%v`, stated)).
			Replace(old.Metadata["progress"])
		for _, tensor := range f.Tensors() {
			if !strings.HasPrefix(tensor.Name, "best/") {
				check(t, old.Add(tensor))
			}
		}
		check(t, checkpoint.Write(checkpointPath(dir, 8), old))
		l = open(t, dir)
		check(t, l.Flush())
		if got := bestFile(t, dir, "best.safetensors"); got != want {
			t.Errorf("best FID %v in the checkpoint: best.safetensors is %s, want %s", stated, got, want)
		}
		if fid := l.Status().BestFID; fid == nil || *fid != stated {
			t.Errorf("status: best FID %v, want %v", fid, stated)
		}
		steps(t, l, 1)
		save(t, l)
		l.Close()
		f, err = checkpoint.Read(checkpointPath(dir, 12))
		check(t, err)
		if f.Has("best/") != (want != "none") {
			t.Errorf("best FID %v: the next checkpoint has the best network: %v", stated, f.Has("best/"))
		}
	}
}

// TestFaultSamplesOfAnotherBranch: grids beyond the checkpoint go, or the screen
// shows one of them as the newest for as long as the run has not got there.
func TestFaultSamplesOfAnotherBranch(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quiet(t, "gdd"), "sample_kimg = 0\n", "sample_kimg = 0.008\n", 1)
	grids := func(dir string) []string {
		t.Helper()
		entries, err := os.ReadDir(filepath.Join(dir, run.SamplesDir))
		check(t, err)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		return names
	}
	dir := newRun(t, text)
	l := open(t, dir)
	steps(t, l, 2)
	save(t, l)
	steps(t, l, 2)
	for _, name := range []string{"teacher.png", "000000012-seed7.png", "000000008-seed7.png", "mine.png"} {
		check(t, os.WriteFile(filepath.Join(dir, run.SamplesDir, name), nil, 0o644))
	}
	want := []string{"000000000.png", "000000008-seed7.png", "000000008.png", "mine.png", "teacher.png"}
	_, err := l.Rollback()
	check(t, err)
	if got := grids(dir); !slices.Equal(got, want) {
		t.Errorf("after a rollback: %v, want %v", got, want)
	}
	steps(t, l, 2)
	l.Close()
	l = open(t, dir)
	if got := grids(dir); !slices.Equal(got, want) {
		t.Errorf("after a resume: %v, want %v", got, want)
	}
	l.Close()

	again := newRun(t, text)
	l = open(t, again)
	steps(t, l, 2)
	l.Close()
	edit(t, again, "sample_kimg = 0.008", "sample_kimg = 0")
	open(t, again).Close()
	if got := grids(again); len(got) > 0 {
		t.Errorf("of a try begun again: %v, want none", got)
	}
}

// TestFaultUnreadableCheckpointStaysBehind: a run that could not read its newest
// checkpoint and took another way must not jump to it should it be readable again.
func TestFaultUnreadableCheckpointStaysBehind(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "edm"))
	l := open(t, dir)
	steps(t, l, 1)
	save(t, l)
	steps(t, l, 5)
	save(t, l)
	l.Close()
	newest := checkpointPath(dir, 24)
	data := read(t, newest)
	check(t, os.WriteFile(newest, data[:100], 0o644))
	l = open(t, dir)
	steps(t, l, 1)
	save(t, l)
	l.Close()
	if _, err := os.Stat(newest); err == nil {
		check(t, os.WriteFile(newest, data, 0o644)) // what failed was the disk
	}
	l = open(t, dir)
	defer l.Close()
	if got := l.Status().Nimg; got != 8 {
		t.Errorf("resumes at %d images, want 8, where it has been", got)
	}
	if got := checkpoints(t, dir); !slices.Contains(got, "000000024.unreadable.safetensors") {
		t.Errorf("checkpoints %v, want the unreadable one under another name", got)
	}
}

// TestFaultLayersAfterRollback: layers.json must not show statistics of the
// branch that was left.
func TestFaultLayersAfterRollback(t *testing.T) {
	t.Parallel()
	dir := newRun(t, strings.Replace(quiet(t, "edm"), "[live]\n", "[live]\nlayers_kimg = 0.004\nwarmup_kimg = 0\n", 1))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 2)
	save(t, l)
	distance := func() float64 {
		t.Helper()
		for _, layer := range l.Layers() {
			if layer.Distance != nil && *layer.Distance > 0 {
				return *layer.Distance
			}
		}
		return math.NaN()
	}
	want := distance()
	steps(t, l, 3)
	if distance() == want {
		t.Fatal("the layers did not move")
	}
	check(t, l.GoBack("for the test"))
	if got := distance(); math.Abs(got-want) > 1e-4*want { // layers.jsonl has five digits
		t.Errorf("distance %g, want %g, that at the checkpoint", got, want)
	}
}

// TestFaultEventFilesOfAnotherBranch resumes and rolls back with event files, and
// resumes without: none may keep a point beyond the checkpoint.
func TestFaultEventFilesOfAnotherBranch(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quiet(t, "edm"), "tick_kimg = 0.008", "tick_kimg = 0.004", 1)
	has := func(dir, tag string) bool {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, run.TensorBoardDir, "events.out.tfevents.*"))
		check(t, err)
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(string(read(t, name)), tag) })
	}
	for _, way := range []string{"resume", "rollback", "resume without", "begin again"} {
		t.Run(way, func(t *testing.T) {
			dir := newRun(t, text)
			l := open(t, dir)
			steps(t, l, 2)
			if way != "begin again" {
				save(t, l)
			}
			steps(t, l, 1)
			check(t, l.Measured(12, 50))
			if !has(dir, "loss/edm") || !has(dir, "fid") {
				t.Fatal("no losses or no FID in the event files")
			}
			if way == "rollback" {
				_, err := l.Rollback()
				check(t, err)
			} else {
				l.Close()
				if way == "resume without" {
					edit(t, dir, "[run]", "[run]\ntensorboard = false")
				}
				l = open(t, dir)
			}
			steps(t, l, 1)
			l.Close()
			if has(dir, "fid") {
				t.Error("the event files have the FID still")
			}
		})
	}
}
