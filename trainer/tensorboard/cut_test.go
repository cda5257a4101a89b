package tensorboard_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/tensorboard"
)

// points lists what the event files of a run say, in the order in which
// TensorBoard reads it: tag and step, and for scalars the value.
func points(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	for _, name := range files(t, dir) {
		b, err := os.ReadFile(name)
		check(t, err)
		records, _, err := parse(b)
		check(t, err)
		for _, r := range records {
			for _, tag := range slices.Sorted(maps.Keys(r.scalars)) {
				list = append(list, fmt.Sprintf("%s %d: %g", tag, r.step, r.scalars[tag]))
			}
			for _, tag := range slices.Sorted(maps.Keys(r.texts)) {
				list = append(list, fmt.Sprintf("%s %d", tag, r.step))
			}
			for tag := range r.images {
				list = append(list, fmt.Sprintf("%s %d", tag, r.step))
			}
		}
	}
	return list
}

func wantPoints(t *testing.T, dir string, want ...string) {
	t.Helper()
	if got := points(t, dir); !slices.Equal(got, want) {
		t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// process writes ticks of a trainer that resumes at nimg, each as "tag step".
func process(t *testing.T, dir string, nimg int64, value float64, ticks ...string) {
	t.Helper()
	w := tensorboard.New(dir, nimg, noReport(t))
	write(t, w, value, ticks...)
	check(t, w.Close())
}

func write(t *testing.T, w *tensorboard.Writer, value float64, ticks ...string) {
	t.Helper()
	for _, s := range ticks {
		var tag string
		var step int64
		_, err := fmt.Sscan(s, &tag, &step)
		check(t, err)
		w.Tick(runlog.Tick{Nimg: step, Time: time.Unix(1, 0), Scalars: map[string]float64{tag: value}})
	}
}

func goBack(w *tensorboard.Writer, nimg int64) {
	w.Event(runlog.Event{Time: time.Unix(1, 0), Nimg: nimg, Kind: runlog.Resume, Text: "went back", Data: map[string]any{"nimg": nimg}})
}

// TestFaultCutOnResume: a process that resumes at 2000 leaves no later point of
// those before it, also of tags that it does not write itself, and keeps one
// that was written late but belongs to an earlier step.
func TestFaultCutOnResume(t *testing.T) {
	dir := t.TempDir()
	process(t, dir, 0, 1, "loss 1000", "loss 2000", "loss 3000", "fid 1000", "fid 3000", "loss 4000", "fid 2000")
	process(t, dir, 2000, 2, "loss 2500")
	wantPoints(t, dir, "loss 1000: 1", "loss 2000: 1", "fid 1000: 1", "fid 2000: 1", "loss 2500: 2")

	process(t, dir, 1000, 3, "loss 1500") // through both
	wantPoints(t, dir, "loss 1000: 1", "fid 1000: 1", "loss 1500: 3")
}

// TestFaultCutOnRollback: a writer that goes back within its process cuts its
// own file, too, and continues in another.
func TestFaultCutOnRollback(t *testing.T) {
	dir := t.TempDir()
	w := tensorboard.New(dir, 0, noReport(t))
	write(t, w, 1, "loss 1000", "loss 2000", "fid 2000")
	w.Event(runlog.Event{Time: time.Unix(1, 0), Nimg: 2000, Kind: runlog.Config, Text: "gen_lr 1 → 2"})
	goBack(w, 1000)
	write(t, w, 2, "loss 1500")
	check(t, w.Close())
	wantPoints(t, dir, "loss 1000: 1", "loss 1500: 2")
	if n := len(files(t, dir)); n != 2 {
		t.Errorf("%d files, want that of before and that of after", n)
	}
}

// TestFaultCutOnBeginningAgain: of a try that came to no checkpoint nothing
// counts, its points at step 0 included.
func TestFaultCutOnBeginningAgain(t *testing.T) {
	dir := t.TempDir()
	process(t, dir, 0, 1, "fid 0", "loss 1000")
	process(t, dir, 0, 2, "loss 500")
	wantPoints(t, dir, "loss 500: 2")
	if n := len(files(t, dir)); n != 1 {
		t.Errorf("%d files, want none of which nothing is left", n)
	}
}

// TestFaultCutWithoutWriter cuts for a trainer that writes no event files.
func TestFaultCutWithoutWriter(t *testing.T) {
	dir := t.TempDir()
	check(t, tensorboard.Cut(dir, 1000)) // no folder
	process(t, dir, 0, 1, "loss 1000", "loss 2000")
	check(t, tensorboard.Cut(dir, 1000))
	wantPoints(t, dir, "loss 1000: 1")
}

// TestFaultCutOddFiles cuts beside files that are torn, damaged or somebody
// else's, and leaves alone what has nothing to cut.
func TestFaultCutOddFiles(t *testing.T) {
	dir := t.TempDir()
	process(t, dir, 0, 1, "loss 1000", "loss 2000", "loss 3000")
	whole, err := os.ReadFile(files(t, dir)[0])
	check(t, err)
	folder := filepath.Join(dir, run.TensorBoardDir)
	for name, c := range map[string]struct{ data, want []byte }{
		"events.out.tfevents.1.torn.1.innate":  {whole[:len(whole)-5], nil},
		"events.out.tfevents.2.zeros.1.innate": {make([]byte, 100), make([]byte, 100)},
		"events.out.tfevents.3.empty.1.innate": {nil, []byte{}},
		"events.out.tfevents.4.theirs":         {whole, whole},
		"events.out.tfevents.5.short.1.innate": {whole[:7], whole[:7]},
	} {
		path := filepath.Join(folder, name)
		check(t, os.WriteFile(path, c.data, 0o644))
		defer func() {
			got, err := os.ReadFile(path)
			check(t, err)
			if c.want != nil && !bytes.Equal(got, c.want) {
				t.Errorf("%s: %d bytes, want it untouched", name, len(got))
			}
			if records, rest, err := parse(got); c.want == nil && (err != nil || rest > 0 || len(records) != 3) {
				t.Errorf("%s: %d records, %d bytes left, %v; want the version, the session and step 1000", name, len(records), rest, err)
			}
		}()
	}
	check(t, tensorboard.Cut(dir, 1000))
	if left, err := filepath.Glob(filepath.Join(folder, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestFaultCutRetried: a folder that takes nothing when the run goes back is cut
// as soon as it does.
func TestFaultCutRetried(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.Unix(1763854000, 0)}
	process(t, dir, 0, 1, "loss 1000", "loss 2000")
	folder, aside := filepath.Join(dir, run.TensorBoardDir), filepath.Join(dir, "aside")
	check(t, os.Rename(folder, aside))
	check(t, os.WriteFile(folder, nil, 0o644))
	reports := 0
	w := tensorboard.New(dir, 1000, func(error) { reports++ })
	w.SetNow(c.now, 1000)
	write(t, w, 2, "loss 1500")
	check(t, os.Remove(folder))
	check(t, os.Rename(aside, folder))
	c.at = c.at.Add(tensorboard.RetryAfter)
	write(t, w, 2, "loss 1600")
	check(t, w.Close())
	wantPoints(t, dir, "loss 1000: 1", "loss 1500: 2", "loss 1600: 2")
	if reports != 1 {
		t.Errorf("%d reports, want 1", reports)
	}
}
