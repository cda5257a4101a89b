package tui_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
)

// frozenBy applies [freeze] tables as the trainer does.
func frozenBy(preset optim.PresetFunc) func([]string, configs.Freeze) (map[string]bool, error) {
	return func(names []string, t configs.Freeze) (map[string]bool, error) {
		return optim.FreezeRule{Preset: t.Preset, Freeze: t.Freeze, Train: t.Train}.Frozen(names, preset)
	}
}

// gddI freezes convolutions as the paper's presets do.
func gddI(names []string, preset string) ([]string, error) {
	var out []string
	for _, n := range names {
		switch {
		case strings.Contains(n, ".conv0.") || strings.Contains(n, ".conv1.") || strings.Contains(n, ".proj."):
			if preset != "none" {
				out = append(out, n)
			}
		case strings.Contains(n, ".qkv.") && strings.Contains(preset, "qkv"), strings.Contains(n, ".skip.") && strings.Contains(preset, "skip"):
			out = append(out, n)
		}
	}
	return out, nil
}

// writeStats measures every layer once a kimg: gradients fall, distances grow.
func (f *fakeRun) writeStats(tb testing.TB, from, to int) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.dir)
	must(tb, err)
	defer w.Close()
	for k := from; k < to; k++ {
		n := len(f.layers)
		s := runlog.LayerStats{Nimg: int64(k) * 1000, Time: epoch, Grad: make([]float64, n), Update: make([]float64, n), Distance: make([]float64, n)}
		r := rand.New(rand.NewPCG(5, uint64(k)))
		for i, l := range f.layers {
			speed, x, noise := 0.2+float64(i*37%101)/50, float64(k)/64, 0.9+0.2*r.Float64()
			if l.Frozen {
				s.Grad[i] = math.NaN()
				continue
			}
			s.Grad[i] = 0.3 * noise / (0.2 + x*speed)
			s.Update[i] = 2e-3 * noise / (0.3 + x*speed)
			s.Distance[i] = 0.1 * speed * math.Sqrt(x)
		}
		must(tb, w.LayerStats(s))
	}
}

// openLayers opens the view of layers of a run with measurements and a trainer
// that answers.
func openLayers(t *testing.T, w, h int, opts tui.Options) (*screen, *fakeRun) {
	t.Helper()
	opts.Frozen = frozenBy(gddI)
	s, f := openFake(t, w, h, defaultFake(), opts)
	f.serve(t)
	f.writeStats(t, 1, 65)
	s.load()
	s.view("layers")
	return s, f
}

// toggles are the tensors that the i-th order toggles.
func (f *fakeRun) toggles(tb testing.TB, i int) []string {
	tb.Helper()
	if i >= len(f.orders) {
		tb.Fatalf("%d orders, want at least %d", len(f.orders), i+1)
	}
	return f.orders[i].Freeze.Toggle
}

func (f *fakeRun) frozen() (names []string) {
	for _, l := range f.layers {
		if l.Frozen {
			names = append(names, l.Name)
		}
	}
	return names
}

// freezeEvents appends events of freezing: kimg and data.
func (f *fakeRun) freezeEvents(tb testing.TB, kimg []int64, data []map[string]any) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.dir)
	must(tb, err)
	for i, k := range kimg {
		must(tb, w.Event(runlog.Event{Time: epoch, Nimg: 1000 * k, Kind: runlog.Freeze, Text: "84.5 % frozen", Data: data[i]}))
	}
	must(tb, w.Close())
}

func TestGoldenLayers(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*screen, *fakeRun)
	}{
		{"measured", func(s *screen, f *fakeRun) {
			skip := []string{"dec.14x14_block0.skip.*"}
			f.freezeEvents(s.tb, []int64{20, 40}, []map[string]any{
				{"preset": "gdd-i", "freeze": skip, "freeze.freeze": map[string]any{"old": "[]"}},
				{"preset": "gdd-i", "freeze": []string{}},
			})
			s.load()
			s.press("/")
			s.typed("dec.14")
			s.press("enter")
			s.cursorTo("skip")
			s.press("v")
		}},
		{"sorted", func(s *screen, _ *fakeRun) { s.press("f", "d") }},
		{"ask", func(s *screen, _ *fakeRun) { s.press("f", "V", "a") }},
		{"preset", func(s *screen, _ *fakeRun) { s.press("p") }},
	}
	for _, c := range cases {
		for _, size := range viewSizes {
			file := fmt.Sprintf("view-layers-%s-%dx%d", c.name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				s, f := openLayers(t, size[0], size[1], tui.Options{})
				c.prepare(s, f)
				s.golden(file, size[0], size[1])
			})
		}
	}
}

// TestLayersMost checks that the convolutions that moved most are two keys away,
// and that the order is remembered.
func TestLayersMost(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	s, _ := openLayers(t, 120, 40, tui.Options{StateFile: state})
	s.press("f", "d")
	s.wants("/kind:conv", "by distance↓")
	last := math.Inf(1)
	for _, line := range s.lines() {
		fields := strings.Fields(strings.Trim(line, "│› "))
		if len(fields) < 8 || fields[1] != "conv" || fields[7] == "·" {
			continue
		}
		var v float64
		if _, err := fmt.Sscan(fields[7], &v); err != nil || v > last {
			t.Fatalf("%q after a distance of %g (%v)", line, last, err)
		}
		last = v
	}
	if math.IsInf(last, 1) {
		t.Fatalf("no distances:\n%s", s.frame())
	}
	s.press("o", "t")
	s.wants("by distance↑", "grad over time")
	tui.Flush(s.app)

	s = newScreen(t, 120, 40, tui.Options{StateFile: state, RunDir: "runs/00003-mnist-gdd-i", Images: "off"})
	s.load()
	s.view("layers")
	s.wants("by distance↑", "grad over time")
	s.press("<") // from distance back to update
	s.wants("by update↓")
	s.press("s", "s") // over distance to the tree
	s.lacks("by ")
	s.command("sort params")
	s.wants("by params↓")
	s.command("sort colour")
	s.wants(`sort: "colour", want tree, layer`)
	s.command("filter kind:norm frozen")
	s.wants("no layer matches /kind:norm frozen")
	s.view("dashboard")
	s.press("tab")
	s.command("filter qkv")
	s.wants("/qkv", "space freeze") // the pane has the focus
}

// TestLayersAsk checks that more than one block is asked about, with what would
// change, and one is not.
func TestLayersAsk(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.command("filter enc qkv")
	s.press("space")
	if len(f.toggles(t, 0)) != 2 {
		t.Fatalf("orders %+v, want the one qkv of the encoder at once", f.orders)
	}
	s.command("filter kind:qkv")
	s.press("V", "space")
	s.wants("Freeze 4 tensors", "freezes 4 tensors, 25.0k", "speed", "dec.7x7_in0, dec.7x7_block0", "y yes")
	s.press("n")
	if len(f.orders) != 1 {
		t.Fatalf("orders %+v, want none after a no", f.orders[1:])
	}
	s.press("space", "y")
	if got := f.toggles(t, 1); len(got) != 4 || !strings.Contains(got[0], "dec.7x7_in0.qkv") {
		t.Errorf("toggled %v", got)
	}
	s.wants("froze 4 tensors", "✓ 6 marked")
	s.press("esc")
	s.lacks("marked")
	s.wants("/kind:qkv")
	s.press("esc")
	s.lacks("/kind:qkv")
	s.wants("›3 layers")

	// Of one block the question comes on demand.
	s.command("filter enc.7x7_block0.qkv")
	s.press("end", "a")
	s.wants("Train 2 tensors", "trains 2 tensors")
	s.press("y")
	if len(f.orders) != 3 {
		t.Fatalf("%d orders, want 3", len(f.orders))
	}
}

// TestLayersAskStale checks that a toggle which others have overtaken is not
// given: it would do the opposite.
func TestLayersAskStale(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.command("filter kind:qkv")
	s.press("a")
	for i := range f.layers {
		if strings.Contains(f.layers[i].Name, "qkv") {
			f.layers[i].Frozen = true
		}
	}
	must(t, run.WriteLayers(f.dir, f.layers))
	s.load()
	s.press("y")
	s.wants("the layers changed meanwhile")
	if len(f.orders) != 0 {
		t.Errorf("orders %+v", f.orders)
	}
	s.press("a")
	s.wants("Train 2 tensors")
	f.release()
	f.status.State = run.StateStopped
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.press("y")
	s.wants("freeze: the run is stopped")
}

func TestLayersUndo(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.press("u")
	s.wants("nothing to undo")
	before := f.frozen()
	s.command("filter dec.7x7_block0.qkv")
	s.press("end", "space")
	s.command("filter kind:norm")
	s.press("V", "space", "y")
	after := f.frozen()
	s.press("u")
	s.wants("undo: enc.28x28_block0.norm0.weight: training")
	s.press("u")
	s.wants("undo: dec.7x7_block0.qkv.weight: training 2 tensors")
	if got := f.frozen(); !slices.Equal(got, before) {
		t.Errorf("after two undos %d tensors are frozen, want %d", len(got), len(before))
	}
	s.press("ctrl+r", "ctrl+r")
	if got := f.frozen(); !slices.Equal(got, after) {
		t.Errorf("after two redos %d tensors are frozen, want %d", len(got), len(after))
	}
	s.press("ctrl+r")
	s.wants("nothing to redo")

	// A refused undo changes nothing, and can be given again.
	f.refuse = errors.New("freeze: all 158 tensors are frozen, want at least one to train")
	s.press("u")
	s.wants("want at least one to train")
	s.lacks("… pending")
	if got := f.frozen(); !slices.Equal(got, after) {
		t.Error("a refused undo changed what is frozen")
	}
	f.refuse = nil
	s.press("u")
	if got := f.frozen(); len(got) >= len(after) {
		t.Errorf("%d tensors are frozen, want less than %d", len(got), len(after))
	}

	// While an order is under way there is no telling what to go back to.
	s.app.Update(keyPress("u"))
	s.press("u")
	s.wants("undo: the trainer has not answered yet")
}

// TestLayersPendingApart checks that the answer to one order leaves another one
// pending: a second press would take it back.
func TestLayersPendingApart(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.command("filter kind:qkv")
	s.press("end")
	_, slow := s.app.Update(keyPress("space")) // under way
	s.press("home", "space")
	s.wants("froze 2 tensors", "… pending")
	n := len(f.orders)
	s.press("end", "space")
	if len(f.orders) != n {
		t.Errorf("a pending layer was toggled again: %+v", f.orders[n:])
	}
	s.run(slow)
	s.lacks("… pending")
}

// TestLayersRules checks that presets and globs are foretold together with the
// globs that config.toml has already: those that keep training win.
func TestLayersRules(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	f.status.TrainGlobs = []string{"enc.*"}
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.command("freeze *.qkv.*")
	s.wants("Freeze *.qkv.*?", "freezes 4, trains 22 tensors")
	s.press("y")
	if o := f.orders[0].Freeze; o.Freeze == nil || !slices.Equal(*o.Freeze, []string{"*.qkv.*"}) || o.Train != nil {
		t.Errorf("order %+v", o)
	}
	s.command("train dec.7x7_in0.*") // one block more than what train globs thaw anyway
	s.wants("Train dec.7x7_in0.*?")
	s.press("y")
	if o := f.orders[1].Freeze; o.Train == nil || !slices.Equal(*o.Train, []string{"enc.*", "dec.7x7_in0.*"}) {
		t.Errorf("order %+v", o)
	}
	s.command("freeze [") // the trainer's to refuse
	if o := f.orders[2].Freeze; !slices.Contains(*o.Freeze, "[") {
		t.Errorf("order %+v", o)
	}
}

func TestLayersPresetSummary(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.press("p")
	s.wants("Freezing preset", "freezes 6 tensors", "speed")
	for range len(configs.FreezePresets()) - 1 {
		s.press("down")
	}
	s.wants("nothing changes")
	s.press("esc")
	s.command("preset none")
	s.wants("Preset none?", "trains 54 tensors")
	s.press("y")
	if o := f.orders[0].Freeze; o.Preset == nil || *o.Preset != "none" {
		t.Errorf("order %+v", o)
	}
	s.command("preset some")
	s.wants(`preset: "some", want`)
}

func TestLayersMouse(t *testing.T) {
	now := epoch.Add(10*time.Minute + time.Second)
	s, f := openLayers(t, 120, 40, tui.Options{Now: func() time.Time { return now }})
	s.press("m")
	x, y := s.find("layer1")
	s.send(click(x, y))
	if line := s.lines()[y]; !strings.Contains(line, "›") || len(f.orders) != 0 {
		t.Errorf("a click should move the cursor only: %q, %+v", line, f.orders)
	}
	now = now.Add(time.Second)
	s.send(click(x, y)) // too late for a double click
	if len(f.orders) != 0 {
		t.Fatalf("orders %+v, want none", f.orders)
	}
	now = now.Add(100 * time.Millisecond)
	s.send(click(x, y))
	if got := f.toggles(t, 0); len(got) != 2 || got[0] != "map_layer1.weight" {
		t.Fatalf("toggled %v, want layer1", got)
	}
	x, _ = s.find("● train ")
	_, y = s.find("layer0")
	s.send(click(x+3, y))
	if got := f.toggles(t, 1); len(got) != 2 || got[0] != "map_layer0.weight" {
		t.Fatalf("toggled %v, want layer0", got)
	}
	s.send(tea.MouseClickMsg{X: x + 3, Y: y, Button: tea.MouseRight})
	s.send(click(x, 3)) // the border
	if len(f.orders) != 2 {
		t.Fatalf("orders %+v, want two", f.orders)
	}
	x, y = s.find("params")
	s.send(click(x, y))
	s.wants("by params↓")
	s.send(click(x, y))
	s.wants("by params↑")
	s.press("s", "<", "<", "<", "<") // back to the tree

	// On the dashboard a click on the pane works the same.
	s.view("dashboard")
	x, y = s.find("layer1")
	s.send(click(x, y))
	s.send(click(x, y))
	if len(f.orders) != 3 {
		t.Errorf("%d orders, want one from the dashboard", len(f.orders)-2)
	}
}

// TestLayersStatsFollow reads what is added, a long history in parts, what was
// taken back, and a torn line.
func TestLayersStatsFollow(t *testing.T) {
	s, f := openLayers(t, 200, 40, tui.Options{})
	s.wants("update over time, 1.0 to 64.0 kimg")
	f.writeStats(t, 65, 400)
	for range 6 {
		s.load()
	}
	s.wants("to 399.0 kimg")
	path := filepath.Join(f.dir, runlog.LayersFile)
	b, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(b[:len(b):len(b)], `{"nimg":400000,"grad":[1`...), 0o644))
	s.load()
	s.wants("to 399.0 kimg")
	lines := strings.SplitAfter(string(b), "\n")
	must(t, os.WriteFile(path, []byte(strings.Join(lines[:10], "")), 0o644))
	s.load()
	s.wants("1.0 to 10.0 kimg")
	must(t, os.Remove(path))
	s.load()
	s.lacks("to 10.0 kimg")
	s.wants("update over time")
}

// TestLayersDead shows the measurements of a run that is over, also when its
// layers become known late or are others.
func TestLayersDead(t *testing.T) {
	t.Chdir(t.TempDir())
	f := newFakeRun(t, "runs", "00001-a", fakeConfig{ticks: 20, tickK: 1, fidEach: 9, state: run.StateRunning})
	f.writeStats(t, 1, 21)
	layers := filepath.Join(f.dir, run.LayersFile)
	must(t, os.Rename(layers, layers+".away"))
	s := newScreen(t, 200, 40, tui.Options{RunDir: f.dir, Images: "off"})
	s.load()
	s.view("layers")
	s.wants("no layers known yet")
	must(t, os.Rename(layers+".away", layers))
	s.load()
	s.wants("1.0 to 20.0 kimg")
	s.press("space")
	s.wants("freeze: the run is dead, want a running trainer")
	s.press("u")
	s.wants("undo: the run is dead")

	// The measurements of another network have another length.
	all := f.layers
	f.layers = f.layers[:20]
	must(t, run.WriteLayers(f.dir, f.layers))
	s.load()
	s.lacks("to 20.0 kimg")
	f.writeStats(t, 21, 25)
	s.load()
	s.wants("21.0 to 24.0 kimg")

	// Back at the first one, its measurements are read again.
	must(t, run.WriteLayers(f.dir, all))
	s.load()
	s.lacks("to 24.0 kimg")
	s.load()
	s.wants("1.0 to 20.0 kimg")
}

// TestLayersSpeed checks that a speed counts only once it is steady.
func TestLayersSpeed(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	later := func(d time.Duration, speed float64, stage string) {
		f.status.Nimg, f.status.ImagesPerSec, f.status.Stage = f.status.Nimg+int64(d.Seconds()*speed), speed, stage
		must(t, run.WriteStatus(f.dir, f.status))
		s.load()
	}
	summary := func() string {
		s.press("a")
		defer s.press("esc")
		_, line, _ := strings.Cut(s.frame(), "speed   ")
		return strings.Join(strings.Fields(line)[:3], " ")
	}
	later(time.Second, 100, "train")
	if got := summary(); strings.Contains(got, "100.0") {
		t.Errorf("speed %q before it is steady", got)
	}
	later(9*time.Second, 110, "evaluate")
	later(time.Second, 110, "train")
	if got := summary(); strings.Contains(got, "110.0") {
		t.Errorf("speed %q right after an evaluation", got)
	}
	later(4*time.Second, 99, "train") // of another size, since both files may be of one clock tick
	if got := summary(); !strings.HasPrefix(got, "99.0 →") {
		t.Errorf("speed %q, want from 99.0", got)
	}
}

// TestLayersPanel checks that the panel follows the cursor and tells when its
// layer was frozen.
func TestLayersPanel(t *testing.T) {
	s, f := openLayers(t, 200, 60, tui.Options{})
	conv0 := "enc.28x28_block0.conv0.weight"
	f.freezeEvents(t, []int64{5, 10, 15, 30}, []map[string]any{
		nil, // of another program
		{"preset": "gdd-i", "freeze": []string{}, "train": []string{}, "freeze.preset": map[string]any{"old": `"none"`}},
		{"preset": "gdd-i", "freeze": []any{"[", 3}},
		{"preset": "gdd-i", "train": []string{conv0}, "freeze.train": map[string]any{"old": "[]"}},
	})
	s.load()
	s.command("filter enc.28x28_block0.conv0")
	s.press("end")
	s.wants("╮╭─ enc.28x28_block0.conv0 ─", "16×16×3×3", "weight, bias", "no gradient while it is frozen", "it has not moved",
		"0.0 kimg  ● training", "10.0 kimg  ❄ frozen", "30.0 kimg  ◐ 1 of 2 tensors frozen")
	s.lacks("15.0 kimg  ")
	s.command("filter enc.28x28_block0.norm0")
	s.press("end")
	s.wants("gradient norm", "0.0 kimg  ● training")
	s.lacks("kimg  ❄", "no gradient")
	s.command("filter nothing")
	s.wants("no layer matches", "no layer ")
	s.exact(200, 60)
	s.press("T", "T")
	s.exact(200, 60)
}
