package runs_test

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

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/tuitest"
)

func TestRunsGolden(t *testing.T) {
	three := func(tb testing.TB) { tuitest.ThreeRuns(tb) }
	for _, c := range []struct {
		name    string
		make    func(testing.TB)
		prepare func(*tuitest.Screen)
	}{
		{"empty", func(testing.TB) {}, func(*tuitest.Screen) {}},
		{"three", three, func(*tuitest.Screen) {}},
		{"thirty", tuitest.ManyRuns, func(s *tuitest.Screen) { s.Press("G", "up", "up") }},
		{"filtered", tuitest.ManyRuns, func(s *tuitest.Screen) {
			s.Frame() // which decides what columns there are to sort by
			s.Press("/")
			s.Type("state:done gdd")
			s.Press("enter", ">", ">", ">", ">")
		}},
		{"marked", tuitest.ManyRuns, func(s *tuitest.Screen) { s.Press("space", "down", "space", "space", "d") }},
		{"delete", three, func(s *tuitest.Screen) { s.Press("G", "d") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), c.make)
			c.prepare(s)
			s.GoldenSizes("runs-" + c.name)
		})
	}
}

// TestRunsLongNames wants names to have the room that others leave, and their ends where
// that is not enough; on a narrow terminal what they came to is left, whole.
func TestRunsLongNames(t *testing.T) {
	names := []string{"00301-mnist-gdd-i-frozen-conv-seed1", "00302-mnist-gdd-i-frozen-conv-seed2"}
	s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), func(tb testing.TB) {
		for _, name := range names {
			c := tuitest.Default()
			c.State = run.StateDone
			tuitest.NewFake(tb, "runs", name, c)
		}
	})
	for _, c := range []struct {
		w, h  int
		wants []string
		lacks []string
	}{
		{200, 60, []string{names[0], names[1], "method", "age", "trend"}, nil},
		{120, 40, []string{names[0], names[1], "method", "age"}, nil},
		{80, 24, []string{"00301-mnist-gd…zen-conv-seed1", "00302-mnist-gd…zen-conv-seed2", "kimg", "best", "age", "78.14"}, []string{"method"}},
		{60, 20, []string{"00301-mni…nv-seed1", "00302-mni…nv-seed2", "kimg", "best", "78.14"}, []string{"age"}},
		{40, 12, []string{"-seed1 ", "-seed2 ", "best", "78.14 │"}, []string{"kimg", "age"}},
	} {
		s.Send(tuitest.SizeOf(c.w, c.h))
		s.Wants(c.wants...)
		s.Lacks(c.lacks...)
	}
}

// order returns the names of the runs on the screen, from top to bottom, without
// what follows their number.
func order(s *tuitest.Screen) []string {
	var names []string
	for _, line := range s.Lines()[2:] {
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
	opts := tuitest.ListOptions()
	opts.StateFile = filepath.Join(t.TempDir(), "state.json")
	var fakes []*tuitest.Fake
	s := tuitest.OpenList(t, 200, 60, opts, func(tb testing.TB) {
		for i, best := range []float64{30, 10, 20} {
			f := tuitest.NewFake(tb, "runs", fmt.Sprintf("0000%d-a", i), tuitest.Config{Ticks: 8 * (i + 1), TickK: 1, FidEach: 4, State: run.StateDone})
			f.Heartbeat.BestFID = &best
			tuitest.Must(tb, run.WriteStatus(f.Dir, f.Heartbeat))
			fakes = append(fakes, f)
		}
		tuitest.NewFake(tb, "runs", "00009-new", tuitest.Config{NoFiles: true}) // without any value
	})
	want := func(sort string, names ...string) {
		t.Helper()
		if got := order(s); !slices.Equal(got, names) {
			t.Errorf("%s: got %v, want %v", sort, got, names)
		}
	}
	want("newest first", "00009", "00002", "00001", "00000")
	for s.Press(">"); !strings.Contains(s.Frame(), "best↑"); s.Press(">") {
	}
	want("best", "00001", "00002", "00000", "00009")
	s.Press("R")
	want("best, turned round", "00000", "00002", "00001", "00009") // no value stays last
	s.Press("g", "down")
	s.Wants("╭─ 00002-a")
	// The cursor stays on its run while the order changes under it.
	fakes[2].Heartbeat.BestFID = new(99.0)
	tuitest.Must(t, run.WriteStatus(fakes[2].Dir, fakes[2].Heartbeat))
	s.Load()
	want("after a change", "00002", "00000", "00001", "00009")
	s.Wants("╭─ 00002-a")
	s.Press("<")
	s.Wants("kimg↓")

	s.App.Flush()
	again := tuitest.New(t, 200, 60, opts)
	again.Load()
	again.Wants("kimg↓")
}

func TestRunsFilter(t *testing.T) {
	s := tuitest.OpenList(t, 160, 50, tuitest.ListOptions(), tuitest.ManyRuns)
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
		s.Press("/")
		s.Type(c.filter)
		s.Press("enter")
		s.Wants("Runs /"+c.filter, c.want)
		s.Press("esc")
		s.Lacks("Runs /")
	}
	s.Press("/")
	s.Type("nosuch")
	s.Wants("no run matches /nosuch")
	s.Press("esc") // takes back what was typed
	s.Lacks("nosuch")
	s.Press("/")
	s.Type("state:don")
	s.Press("tab", "enter")
	s.Wants("Runs /state:done")
	// Numbers are compared, not text.
	s.Press("esc", "/")
	s.Type("fid<30")
	s.Press("enter")
	for _, n := range order(s) {
		i, _ := run.Number(n + "-")
		if best := 20 + i*37%90; best >= 30 {
			t.Errorf("run %s has FID %d, want less than 30", n, best)
		}
	}
}

func TestRunsMarks(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) {
		for i := range 4 {
			tuitest.NewFake(tb, "runs", fmt.Sprintf("0000%d-a", i), tuitest.Config{Ticks: 4, TickK: 1, FidEach: 4, State: run.StateDone})
		}
	})
	s.Press("/")
	s.Type("00001")
	s.Press("enter", "v")
	s.Wants("✓ 1 marked")
	s.Press("esc") // the filter goes, the mark stays
	s.Wants("✓ 1 marked", "✓ ✓ done      00001-a")
	s.Press("v")
	s.Wants("✓ 4 marked")
	s.Press("v")
	s.Lacks("marked")
	s.Press("g", "space", "space")
	s.Wants("✓ 2 marked", "›  ✓ done      00001-a")
	// A marked run that vanishes takes its mark along; the cursor stays.
	tuitest.Must(t, os.RemoveAll(filepath.Join("runs", "00003-a")))
	s.Load()
	s.Wants("✓ 1 marked", "›  ✓ done      00001-a", "3 runs")
	s.Press("esc")
	s.Lacks("marked")
	s.Press("esc", "q")
}

func TestRunsDelete(t *testing.T) {
	var deleted []string
	opts := tuitest.ListOptions()
	opts.Delete = func(_ context.Context, dir string) error {
		if strings.Contains(dir, "00002") {
			return errors.New("trainer: not deleted: it holds what no trainer wrote: thesis.tex")
		}
		deleted = append(deleted, filepath.Base(dir))
		return os.RemoveAll(dir)
	}
	s := tuitest.OpenList(t, 120, 40, opts, func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Press("d")
	s.Wants("delete: 00003-mnist-gdd-i is running, want it stopped first")
	s.Press("G", "d")
	s.Wants("Delete 00001-mnist-gdd, done at 100.0 kimg, best 78.14?")
	s.Press("n")
	if len(deleted) > 0 {
		t.Fatal("deleted although the answer was no")
	}
	s.Press("d", "y")
	s.Wants("deleted 00001-mnist-gdd", "2 runs")
	if !slices.Equal(deleted, []string{"00001-mnist-gdd"}) {
		t.Errorf("deleted %v", deleted)
	}
	s.Press("d", "y")
	s.Wants("thesis.tex", "00002-mnist-gdd")

	opts.Delete = nil
	s = tuitest.New(t, 120, 40, opts)
	s.Load()
	s.Press("d")
	s.Wants("use `innate delete 00003-mnist-gdd-i`")
}

func TestRunsOrders(t *testing.T) {
	var mu sync.Mutex // several are resumed at once
	var resumed []string
	opts := tuitest.ListOptions()
	opts.Resume = func(_ context.Context, dir string) error {
		mu.Lock()
		defer mu.Unlock()
		resumed = append(resumed, filepath.Base(dir))
		return nil
	}
	var f *tuitest.Fake
	s := tuitest.OpenList(t, 120, 40, opts, func(tb testing.TB) { f = tuitest.ThreeRuns(tb) })
	f.Serve(t)
	last := func() string {
		if len(f.Orders) == 0 {
			return ""
		}
		return f.Orders[len(f.Orders)-1].Kind
	}
	s.Press("P")
	s.Wants("paused 00003-mnist-gdd-i")
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Press("P")
	if s.Wants("resumed 00003-mnist-gdd-i"); last() != control.KindResume {
		t.Errorf("last order %q, want resume", last())
	}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Press("r")
	s.Wants("resume: 00003-mnist-gdd-i is running, want a paused run or one without a trainer")
	s.Press("s")
	s.Wants("Stop 00003-mnist-gdd-i? A checkpoint is written first.")
	s.Press("y")
	if s.Wants("00003-mnist-gdd-i: stopped"); last() != control.KindStop {
		t.Errorf("last order %q, want stop", last())
	}
	f.Heartbeat.State = run.StateRunning // and is started again
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	f.Hold(t)
	s.Load()
	s.Press("G", "s")
	s.Wants("stop: 00001-mnist-gdd is done, want a running trainer")
	s.Press("r")
	s.Wants("resumed 00001-mnist-gdd")
	s.Press("v", "r")
	s.Wants("Start 2 trainers at once?")
	s.Press("y")
	if slices.Sort(resumed[1:]); !slices.Equal(resumed, []string{"00001-mnist-gdd", "00001-mnist-gdd", "00002-mnist-gdd"}) {
		t.Errorf("resumed %v", resumed)
	}
	// A trainer that is gone says so for one of several.
	f.Refuse = errors.New("pause: not now")
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Press("P")
	s.Wants("pause: not now")
}

// TestRunsUnhappy lists runs that cannot be read, beside one that can.
func TestRunsUnhappy(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) {
		tuitest.ThreeRuns(tb)
		dir := filepath.Join("runs", "00004-torn")
		tuitest.Must(tb, os.MkdirAll(dir, 0o755))
		tuitest.Must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte("name = \"torn\"\nmethod = \"gdd\"\n[live]\ngen_lr = 5"), 0o644))
		tuitest.Must(tb, os.WriteFile(filepath.Join(dir, run.StatusFile), []byte(`{"state":"do`), 0o644))
		tuitest.Must(tb, os.WriteFile(filepath.Join(dir, runlog.EventsFile), []byte(`{"time":1,"nimg":5,"kind":"er`), 0o644))
		dir = filepath.Join("runs", "00005-odd")
		tuitest.Must(tb, os.MkdirAll(filepath.Join(dir, run.StatusFile), 0o755)) // a directory where a file should be
		tuitest.Must(tb, os.WriteFile(filepath.Join(dir, run.ConfigFile), []byte(tuitest.TOML), 0o644))
		tuitest.Must(tb, os.WriteFile(filepath.Join("runs", "README"), []byte("not a run"), 0o644))
	})
	s.Wants("5 runs", "✗ error     00005-odd", "is a directory", "● new       00004-torn")
	s.Exact(120, 40)
	s.Press("down")
	s.Wants("╭─ 00004-torn", "config.toml:4: live.gen_lr: got 5.0")
	s.Press("f")
	s.Wants("fork: 00004-torn has no checkpoint yet")

	tuitest.Must(t, os.RemoveAll("runs"))
	s.Load()
	s.Wants("no runs yet")
	s.Press("enter", "d", "s", "P", "r", "o", "f", "space", "v", "G")
	tuitest.Must(t, os.WriteFile("runs", []byte("a file"), 0o644))
	s.Load()
	s.Wants("runs: ", "not a directory")
}

// TestRunBelowOneKimg shows how far a run of a few images is, in the list and in
// the header of the open run.
func TestRunBelowOneKimg(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) {
		f := tuitest.ThreeRuns(tb)
		f.Heartbeat.Nimg, f.Heartbeat.TotalNimg, f.Heartbeat.CheckpointNimg = 32, 48, 16
		tuitest.Must(tb, run.WriteStatus(f.Dir, f.Heartbeat))
	})
	s.Wants("0.032 / 0.048 ", "images     0.032 / 0.048 kimg", "checkpoint 0.016 kimg")
	s.Command("open 3")
	s.Load()
	s.Wants("0.032 / 0.048 kimg   66 %", "checkpoint 0.016 kimg")
}

// TestRunsReturn checks that the cursor is on the run that was open.
func TestRunsReturn(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Command("open 1")
	s.Load()
	s.Press("esc", "esc")
	s.Wants("›  ✓ done      00001-mnist-gdd", "╭─ 00001-mnist-gdd")
	s.Press("up")
	s.Load()
	s.Wants("›  ● new       00002-mnist-gdd")
}

// TestRunsTiny draws list, form and overlay in every size.
func TestRunsTiny(t *testing.T) {
	s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	for _, keys := range [][]string{{}, {"n", "enter", "down", "enter"}, {"v", "o"}} {
		s.Press(keys...)
		for h := 1; h <= 45; h += 4 {
			for w := 1; w <= 210; w += 29 {
				s.Send(tuitest.SizeOf(w, h))
				s.Exact(w, h)
			}
		}
		s.Send(tuitest.SizeOf(80, 24))
		s.Press("esc", "esc")
	}
}
