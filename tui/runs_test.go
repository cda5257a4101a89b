package tui_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
)

// listOptions are those of a workbench that can do everything.
func listOptions() tui.Options {
	return tui.Options{
		RunsDir: "runs", Images: "off",
		Presets: []tui.Preset{{Name: "mnist-gdd-i", About: "one-step student"}, {Name: "mnist-edm", About: "teacher"}},
		Start: func(context.Context, string, []string) (string, string, error) {
			return "", "", errors.New("nothing is started here")
		},
		Fork: func(context.Context, string, map[string]string) (string, error) {
			return "", errors.New("nothing is forked here")
		},
		Forkable: []string{"name", "run.seed", "run.threads"},
		Delete:   func(_ context.Context, dir string) error { return os.RemoveAll(dir) },
		Resume:   func(context.Context, string) error { return nil },
	}
}

// threeRuns makes one run that goes on, one that never started and one that is
// done, which isn't as its preset.
func threeRuns(tb testing.TB) *fakeRun {
	tb.Helper()
	done := defaultFake()
	done.state, done.ticks, done.tickK = run.StateDone, 100, 1
	f := newFakeRun(tb, "runs", "00001-mnist-gdd", done)
	must(tb, os.WriteFile(filepath.Join(f.dir, run.ConfigFile), []byte(strings.Replace(fakeTOML, "fake", "mnist-gdd-i", 1)), 0o644))
	newFakeRun(tb, "runs", "00002-mnist-gdd", fakeConfig{noFiles: true})
	f = newFakeRun(tb, "runs", "00003-mnist-gdd-i", defaultFake())
	f.hold(tb)
	return f
}

// manyRuns makes thirty runs that differ in everything.
func manyRuns(tb testing.TB) {
	tb.Helper()
	states := []string{run.StateDone, run.StateStopped, run.StateFailed, run.StateRunning, run.StatePaused}
	for i := range 30 {
		c := fakeConfig{ticks: 24 + 4*(i*7%12), tickK: 1.5, fidEach: 2 + i%3, state: states[i%len(states)]}
		f := newFakeRun(tb, "runs", fmt.Sprintf("%05d-%s", i, []string{"mnist-gdd-i", "mnist-gdd", "ablation-qkv"}[i%3]), c)
		best, last := 20+float64(i*37%90), 25+float64(i*37%90)+float64(i%4)/3
		f.status.BestFID, f.status.LastFID = &best, &last
		f.status.Time = epoch.Add(-time.Duration(i*i) * time.Hour)
		f.status.ImagesPerSec = 90 + float64(i)
		if i%3 == 1 {
			f.status.FreezePreset, f.status.FrozenFraction = "none", 0
		}
		must(tb, run.WriteStatus(f.dir, f.status))
		if c.state == run.StateRunning && i > 20 {
			f.hold(tb)
		}
	}
}

// openList opens the list of the runs that make makes.
func openList(t *testing.T, w, h int, opts tui.Options, make func(testing.TB)) *screen {
	t.Helper()
	t.Chdir(t.TempDir())
	make(t)
	s := newScreen(t, w, h, opts)
	s.load()
	return s
}

func TestRunsGolden(t *testing.T) {
	three := func(tb testing.TB) { threeRuns(tb) }
	for _, c := range []struct {
		name    string
		make    func(testing.TB)
		prepare func(*screen)
	}{
		{"empty", func(testing.TB) {}, func(*screen) {}},
		{"three", three, func(*screen) {}},
		{"thirty", manyRuns, func(s *screen) { s.press("G", "up", "up") }},
		{"filtered", manyRuns, func(s *screen) {
			s.press("/")
			s.typed("state:done gdd")
			s.press("enter", ">", ">", ">", ">")
		}},
		{"marked", manyRuns, func(s *screen) { s.press("space", "down", "space", "space", "d") }},
		{"delete", three, func(s *screen) { s.press("G", "d") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openList(t, 80, 24, listOptions(), c.make)
			c.prepare(s)
			s.goldenSizes("runs-" + c.name)
		})
	}
}

// goldenSizes compares the present frame with testdata/NAME-WxH.golden in every
// size of viewSizes.
func (s *screen) goldenSizes(name string) {
	s.tb.Helper()
	for _, size := range viewSizes {
		s.send(sizeOf(size[0], size[1]))
		s.golden(fmt.Sprintf("%s-%dx%d", name, size[0], size[1]), size[0], size[1])
	}
}

// order returns the names of the runs on the screen, from top to bottom, without
// what follows their number.
func (s *screen) order() []string {
	var names []string
	for _, line := range s.lines()[2:] {
		if strings.HasPrefix(line, "╰") {
			break
		}
		for word := range strings.FieldsSeq(line) {
			if n, _, ok := strings.Cut(word, "-"); ok && len(n) == 5 {
				if _, ok := run.Number(word); ok {
					names = append(names, n)
				}
			}
		}
	}
	return names
}

func TestRunsSort(t *testing.T) {
	opts := listOptions()
	opts.StateFile = filepath.Join(t.TempDir(), "state.json")
	var fakes []*fakeRun
	s := openList(t, 200, 60, opts, func(tb testing.TB) {
		for i, best := range []float64{30, 10, 20} {
			f := newFakeRun(tb, "runs", fmt.Sprintf("0000%d-a", i), fakeConfig{ticks: 8 * (i + 1), tickK: 1, fidEach: 4, state: run.StateDone})
			f.status.BestFID = &best
			must(tb, run.WriteStatus(f.dir, f.status))
			fakes = append(fakes, f)
		}
		newFakeRun(tb, "runs", "00009-new", fakeConfig{noFiles: true}) // without any value
	})
	want := func(sort string, names ...string) {
		t.Helper()
		if got := s.order(); !slices.Equal(got, names) {
			t.Errorf("%s: got %v, want %v", sort, got, names)
		}
	}
	want("newest first", "00009", "00002", "00001", "00000")
	for s.press(">"); !strings.Contains(s.frame(), "best↑"); s.press(">") {
	}
	want("best", "00001", "00002", "00000", "00009")
	s.press("R")
	want("best, turned round", "00000", "00002", "00001", "00009") // no value stays last
	s.press("g", "down")
	s.wants("╭─ 00002-a")
	// The cursor stays on its run while the order changes under it.
	fakes[2].status.BestFID = new(99.0)
	must(t, run.WriteStatus(fakes[2].dir, fakes[2].status))
	s.load()
	want("after a change", "00002", "00000", "00001", "00009")
	s.wants("╭─ 00002-a")
	s.press("<")
	s.wants("kimg↓")

	tui.Flush(s.app)
	again := newScreen(t, 200, 60, opts)
	again.load()
	again.wants("kimg↓")
}

func TestRunsFilter(t *testing.T) {
	s := openList(t, 160, 50, listOptions(), manyRuns)
	for _, c := range []struct {
		filter string
		want   string
	}{
		{"state:done", "6 of 30"},
		{"state:run", "2 of 30"}, // the others that say so are dead
		{"method:gdd-i", "20 of 30"},
		{"!method:gdd-i ABLATION", "0 of 30"},
		{"qkv !state:done", "8 of 30"},
		{"fid<30", ""},
		{"kimg>100", ""},
		{"data:mnist", "30 runs"},
		{"fid<", "30 runs"}, // still being typed
		{"nosuch", "0 of 30"},
	} {
		s.press("/")
		s.typed(c.filter)
		s.press("enter")
		s.wants("Runs /"+c.filter, c.want)
		s.press("esc")
		s.lacks("Runs /")
	}
	s.press("/")
	s.typed("nosuch")
	s.wants("no run matches /nosuch")
	s.press("esc") // takes back what was typed
	s.lacks("nosuch")
	s.press("/")
	s.typed("state:don")
	s.press("tab", "enter")
	s.wants("Runs /state:done")
	// Numbers are compared, not text.
	s.press("esc", "/")
	s.typed("fid<30")
	s.press("enter")
	for _, n := range s.order() {
		i, _ := run.Number(n + "-")
		if best := 20 + i*37%90; best >= 30 {
			t.Errorf("run %s has FID %d, want less than 30", n, best)
		}
	}
}

func TestRunsMarks(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), func(tb testing.TB) {
		for i := range 4 {
			newFakeRun(tb, "runs", fmt.Sprintf("0000%d-a", i), fakeConfig{ticks: 4, tickK: 1, fidEach: 4, state: run.StateDone})
		}
	})
	s.press("/")
	s.typed("00001")
	s.press("enter", "v")
	s.wants("✓ 1 marked")
	s.press("esc") // the filter goes, the mark stays
	s.wants("✓ 1 marked", "✓ ✓ done      00001-a")
	s.press("v")
	s.wants("✓ 4 marked")
	s.press("v")
	s.lacks("marked")
	s.press("g", "space", "space")
	s.wants("✓ 2 marked", "›  ✓ done      00001-a")
	// A marked run that vanishes takes its mark along; the cursor stays.
	must(t, os.RemoveAll(filepath.Join("runs", "00003-a")))
	s.load()
	s.wants("✓ 1 marked", "›  ✓ done      00001-a", "3 runs")
	s.press("esc")
	s.lacks("marked")
	s.press("esc", "q")
}

func TestRunsDelete(t *testing.T) {
	var deleted []string
	opts := listOptions()
	opts.Delete = func(_ context.Context, dir string) error {
		if strings.Contains(dir, "00002") {
			return errors.New("trainer: not deleted: it holds what no trainer wrote: thesis.tex")
		}
		deleted = append(deleted, filepath.Base(dir))
		return os.RemoveAll(dir)
	}
	s := openList(t, 120, 40, opts, func(tb testing.TB) { threeRuns(tb) })
	s.press("d")
	s.wants("delete: 00003-mnist-gdd-i is running, want it stopped first")
	s.press("G", "d")
	s.wants("Delete 00001-mnist-gdd, done at 100.0 kimg, best 78.14?")
	s.press("n")
	if len(deleted) > 0 {
		t.Fatal("deleted although the answer was no")
	}
	s.press("d", "y")
	s.wants("deleted 00001-mnist-gdd", "2 runs")
	if !slices.Equal(deleted, []string{"00001-mnist-gdd"}) {
		t.Errorf("deleted %v", deleted)
	}
	s.press("d", "y")
	s.wants("thesis.tex", "00002-mnist-gdd")

	opts.Delete = nil
	s = newScreen(t, 120, 40, opts)
	s.load()
	s.press("d")
	s.wants("use `innate delete 00003-mnist-gdd-i`")
}

func TestRunsOrders(t *testing.T) {
	var mu sync.Mutex // several are resumed at once
	var resumed []string
	opts := listOptions()
	opts.Resume = func(_ context.Context, dir string) error {
		mu.Lock()
		defer mu.Unlock()
		resumed = append(resumed, filepath.Base(dir))
		return nil
	}
	var f *fakeRun
	s := openList(t, 120, 40, opts, func(tb testing.TB) { f = threeRuns(tb) })
	f.serve(t)
	last := func() string {
		if len(f.orders) == 0 {
			return ""
		}
		return f.orders[len(f.orders)-1].Kind
	}
	s.press("P")
	s.wants("paused 00003-mnist-gdd-i")
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.press("P")
	if s.wants("resumed 00003-mnist-gdd-i"); last() != control.KindResume {
		t.Errorf("last order %q, want resume", last())
	}
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.press("r")
	s.wants("resume: 00003-mnist-gdd-i is running, want a paused run or one without a trainer")
	s.press("s")
	s.wants("Stop 00003-mnist-gdd-i? A checkpoint is written first.")
	s.press("y")
	if s.wants("00003-mnist-gdd-i: stopped"); last() != control.KindStop {
		t.Errorf("last order %q, want stop", last())
	}
	f.status.State = run.StateRunning // and is started again
	must(t, run.WriteStatus(f.dir, f.status))
	f.hold(t)
	s.load()
	s.press("G", "s")
	s.wants("stop: 00001-mnist-gdd is done, want a running trainer")
	s.press("r")
	s.wants("resumed 00001-mnist-gdd")
	s.press("v", "r")
	s.wants("Start 2 trainers at once?")
	s.press("y")
	if slices.Sort(resumed[1:]); !slices.Equal(resumed, []string{"00001-mnist-gdd", "00001-mnist-gdd", "00002-mnist-gdd"}) {
		t.Errorf("resumed %v", resumed)
	}
	// A trainer that is gone says so for one of several.
	f.refuse = errors.New("pause: not now")
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.press("P")
	s.wants("pause: not now")
}

// TestRunsUnhappy lists runs that cannot be read, beside one that can.
func TestRunsUnhappy(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), func(tb testing.TB) {
		threeRuns(tb)
		dir := filepath.Join("runs", "00004-torn")
		must(tb, os.MkdirAll(dir, 0o755))
		must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte("name = \"torn\"\nmethod = \"gdd\"\n[live]\ngen_lr = 5"), 0o644))
		must(tb, os.WriteFile(filepath.Join(dir, run.StatusFile), []byte(`{"state":"do`), 0o644))
		must(tb, os.WriteFile(filepath.Join(dir, runlog.EventsFile), []byte(`{"time":1,"nimg":5,"kind":"er`), 0o644))
		dir = filepath.Join("runs", "00005-odd")
		must(tb, os.MkdirAll(filepath.Join(dir, run.StatusFile), 0o755)) // a directory where a file should be
		must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(fakeTOML), 0o644))
		must(tb, os.WriteFile(filepath.Join("runs", "README"), []byte("not a run"), 0o644))
	})
	s.wants("5 runs", "✗ error     00005-odd", "is a directory", "● new       00004-torn")
	s.exact(120, 40)
	s.press("down")
	s.wants("╭─ 00004-torn", "config.toml:4: live.gen_lr: got 5.0")
	s.press("f")
	s.wants("fork: 00004-torn has no checkpoint yet")

	must(t, os.RemoveAll("runs"))
	s.load()
	s.wants("no runs yet")
	s.press("enter", "d", "s", "P", "r", "o", "f", "space", "v", "G")
	must(t, os.WriteFile("runs", []byte("a file"), 0o644))
	s.load()
	s.wants("runs: ", "not a directory")
}

// TestRunsReturn checks that the cursor is on the run that was open.
func TestRunsReturn(t *testing.T) {
	s := openList(t, 120, 40, listOptions(), func(tb testing.TB) { threeRuns(tb) })
	s.command("open 1")
	s.load()
	s.press("esc", "esc")
	s.wants("›  ✓ done      00001-mnist-gdd", "╭─ 00001-mnist-gdd")
	s.press("up")
	s.load()
	s.wants("›  ● new       00002-mnist-gdd")
}

// TestRunsTiny draws list, form and overlay in every size.
func TestRunsTiny(t *testing.T) {
	s := openList(t, 80, 24, listOptions(), func(tb testing.TB) { threeRuns(tb) })
	for _, keys := range [][]string{{}, {"n", "enter", "down", "enter"}, {"v", "o"}} {
		s.press(keys...)
		for h := 1; h <= 45; h += 4 {
			for w := 1; w <= 210; w += 29 {
				s.send(sizeOf(w, h))
				s.exact(w, h)
			}
		}
		s.send(sizeOf(80, 24))
		s.press("esc", "esc")
	}
}
