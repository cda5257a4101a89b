package layers_test

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
	"innate/models/nn"
	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// frozenBy applies [freeze] tables as the trainer does.
func frozenBy(preset optim.PresetFunc) func([]string, configs.Freeze) (map[string]bool, error) {
	return func(names []string, t configs.Freeze) (map[string]bool, error) {
		return optim.FreezeRule{Preset: t.Preset, Freeze: t.Freeze, Train: t.Train}.Frozen(names, preset)
	}
}

// writeStats measures every layer once a kimg: gradients fall, distances grow.
func writeStats(f *tuitest.Fake, tb testing.TB, from, to int) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(tb, err)
	defer w.Close()
	for k := from; k < to; k++ {
		n := len(f.Network)
		s := runlog.LayerStats{Nimg: int64(k) * 1000, Time: tuitest.Epoch, Grad: make([]float64, n), Update: make([]float64, n), Distance: make([]float64, n)}
		r := rand.New(rand.NewPCG(5, uint64(k)))
		for i, l := range f.Network {
			speed, x, noise := 0.2+float64(i*37%101)/50, float64(k)/64, 0.9+0.2*r.Float64()
			if l.Frozen {
				s.Grad[i] = math.NaN()
				continue
			}
			s.Grad[i] = 0.3 * noise / (0.2 + x*speed)
			s.Update[i] = 2e-3 * noise / (0.3 + x*speed)
			s.Distance[i] = 0.1 * speed * math.Sqrt(x)
		}
		tuitest.Must(tb, w.LayerStats(s))
	}
}

// openLayers opens the view of layers of a run with measurements and a trainer
// that answers.
func openLayers(t *testing.T, w, h int, opts tui.Options) (*tuitest.Screen, *tuitest.Fake) {
	t.Helper()
	opts.Frozen = frozenBy(nn.FreezePreset)
	s, f := tuitest.Open(t, w, h, tuitest.Default(), opts)
	f.Serve(t)
	writeStats(f, t, 1, 65)
	s.Load()
	s.View("layers")
	return s, f
}

// toggles are the tensors that the i-th order toggles.
func toggles(f *tuitest.Fake, tb testing.TB, i int) []string {
	tb.Helper()
	if i >= len(f.Orders) {
		tb.Fatalf("%d orders, want at least %d", len(f.Orders), i+1)
	}
	return f.Orders[i].Freeze.Toggle
}

func frozen(f *tuitest.Fake) (names []string) {
	for _, l := range f.Network {
		if l.Frozen {
			names = append(names, l.Name)
		}
	}
	return names
}

// freezeEvents appends events of freezing: kimg and data.
func freezeEvents(f *tuitest.Fake, tb testing.TB, kimg []int64, data []map[string]any) {
	tb.Helper()
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(tb, err)
	for i, k := range kimg {
		tuitest.Must(tb, w.Event(runlog.Event{Time: tuitest.Epoch, Nimg: 1000 * k, Kind: runlog.Freeze, Text: "84.5 % frozen", Data: data[i]}))
	}
	tuitest.Must(tb, w.Close())
}

func TestGoldenLayers(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(*tuitest.Screen, *tuitest.Fake)
	}{
		{"measured", func(s *tuitest.Screen, f *tuitest.Fake) {
			skip := []string{"dec.14x14_block0.skip.*"}
			freezeEvents(f, s.TB, []int64{20, 40}, []map[string]any{
				{"preset": "gdd-i", "freeze": skip, "freeze.freeze": map[string]any{"old": "[]"}},
				{"preset": "gdd-i", "freeze": []string{}},
			})
			s.Load()
			s.Press("/")
			s.Type("dec.14")
			s.Press("enter")
			s.CursorTo("skip")
			s.Press("v")
		}},
		{"sorted", func(s *tuitest.Screen, _ *tuitest.Fake) { s.Press("f", "d") }},
		{"ask", func(s *tuitest.Screen, _ *tuitest.Fake) { s.Press("f", "V", "a") }},
		{"preset", func(s *tuitest.Screen, _ *tuitest.Fake) { s.Press("p") }},
	}
	for _, c := range cases {
		for _, size := range tuitest.ViewSizes {
			file := fmt.Sprintf("view-layers-%s-%dx%d", c.name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				s, f := openLayers(t, size[0], size[1], tui.Options{})
				c.prepare(s, f)
				s.Golden(file, size[0], size[1])
			})
		}
	}
}

// TestLayersMost checks that the convolutions that moved most are two keys away,
// and that the order is remembered.
func TestLayersMost(t *testing.T) {
	state := filepath.Join(t.TempDir(), "state.json")
	s, _ := openLayers(t, 120, 40, tui.Options{StateFile: state})
	s.Press("f", "d")
	s.Wants("/kind:conv", "by distance↓")
	last := math.Inf(1)
	for _, line := range s.Lines() {
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
		t.Fatalf("no distances:\n%s", s.Frame())
	}
	s.Press("o", "t")
	s.Wants("by distance↑", "grad over time")
	s.App.Flush()

	s = tuitest.New(t, 120, 40, tui.Options{StateFile: state, RunDir: "runs/00003-mnist-gdd-i", Images: "off"})
	s.Load()
	s.View("layers")
	s.Wants("by distance↑", "grad over time")
	s.Press("<") // from distance back to update
	s.Wants("by update↓")
	s.Press("s", "s") // over distance to the tree
	s.Lacks("by ")
	s.Command("sort params")
	s.Wants("by params↓")
	s.Command("sort colour")
	s.Wants(`sort: "colour", want tree, layer`)
	s.Command("filter kind:norm frozen")
	s.Wants("no layer matches /kind:norm frozen")
	s.View("dashboard")
	s.Press("tab")
	s.Command("filter qkv")
	s.Wants("/qkv", "space freeze") // the pane has the focus
}

// TestLayersUnmeasured sorts by what is not known yet, which changes no row: that is said.
func TestLayersUnmeasured(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.View("layers")
	s.Press("d")
	s.Wants("by distance↓", "distance: no layer has been measured yet; live.layers_kimg says how often")
	s, _ = openLayers(t, 120, 40, tui.Options{})
	s.Press("d")
	s.Wants("by distance↓")
	s.Lacks("measured yet")
}

// TestLayersAsk checks that more than one block is asked about, with what would
// change, and one is not.
func TestLayersAsk(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Command("filter enc qkv")
	s.Press("space")
	if len(toggles(f, t, 0)) != 2 {
		t.Fatalf("orders %+v, want the one qkv of the encoder at once", f.Orders)
	}
	s.Command("filter kind:qkv")
	s.Press("V", "space")
	s.Wants("Freeze 4 tensors", "freezes 4 tensors, 25.0k", "speed", "dec.7x7_in0, dec.7x7_block0", "y yes")
	s.Press("n")
	if len(f.Orders) != 1 {
		t.Fatalf("orders %+v, want none after a no", f.Orders[1:])
	}
	s.Press("space", "y")
	if got := toggles(f, t, 1); len(got) != 4 || !strings.Contains(got[0], "dec.7x7_in0.qkv") {
		t.Errorf("toggled %v", got)
	}
	s.Wants("dec.7x7_in0.qkv and 1 more: froze 4 tensors", "✓ 6 marked")
	s.Press("esc")
	s.Lacks("marked")
	s.Wants("/kind:qkv")
	s.Press("esc")
	s.Lacks("/kind:qkv")
	s.Wants("›3 layers")

	// Of one block the question comes on demand.
	s.Command("filter enc.7x7_block0.qkv")
	s.Press("end", "a")
	s.Wants("Train 2 tensors", "trains 2 tensors")
	s.Press("y")
	if len(f.Orders) != 3 {
		t.Fatalf("%d orders, want 3", len(f.Orders))
	}
}

// TestLayersAskStale checks that a toggle which others have overtaken is not
// given: it would do the opposite.
func TestLayersAskStale(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Command("filter kind:qkv")
	s.Press("a")
	for i := range f.Network {
		if strings.Contains(f.Network[i].Name, "qkv") {
			f.Network[i].Frozen = true
		}
	}
	tuitest.Must(t, run.WriteLayers(f.Dir, f.Network))
	s.Load()
	s.Press("y")
	s.Wants("the layers changed meanwhile")
	if len(f.Orders) != 0 {
		t.Errorf("orders %+v", f.Orders)
	}
	s.Press("a")
	s.Wants("Train 2 tensors")
	f.Release()
	f.Heartbeat.State = run.StateStopped
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Press("y")
	s.Wants("freeze: the run is stopped")
}

func TestLayersUndo(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Press("u")
	s.Wants("nothing to undo")
	before := frozen(f)
	s.Command("filter dec.7x7_block0.qkv")
	s.Press("end", "space")
	s.Command("filter kind:norm")
	s.Press("V", "space", "y")
	after := frozen(f)
	s.Press("u")
	s.Wants("undo: enc.28x28_block0.norm0 and 27 more: training")
	s.Press("u")
	s.Wants("undo: dec.7x7_block0.qkv: training 2 tensors")
	if got := frozen(f); !slices.Equal(got, before) {
		t.Errorf("after two undos %d tensors are frozen, want %d", len(got), len(before))
	}
	s.Press("ctrl+r", "ctrl+r")
	if got := frozen(f); !slices.Equal(got, after) {
		t.Errorf("after two redos %d tensors are frozen, want %d", len(got), len(after))
	}
	s.Press("ctrl+r")
	s.Wants("nothing to redo")

	// A refused undo changes nothing, and can be given again.
	f.Refuse = errors.New("freeze: all 158 tensors are frozen, want at least one to train")
	s.Press("u")
	s.Wants("want at least one to train")
	s.Lacks("… pending")
	if got := frozen(f); !slices.Equal(got, after) {
		t.Error("a refused undo changed what is frozen")
	}
	f.Refuse = nil
	s.Press("u")
	if got := frozen(f); len(got) >= len(after) {
		t.Errorf("%d tensors are frozen, want less than %d", len(got), len(after))
	}

	// While an order is under way there is no telling what to go back to.
	s.App.Update(tuitest.KeyPress("u"))
	s.Press("u")
	s.Wants("undo: the trainer has not answered yet")
}

// TestLayersPendingApart checks that the answer to one order leaves another one
// pending: a second press would take it back.
func TestLayersPendingApart(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Command("filter kind:qkv")
	s.Press("end")
	_, slow := s.App.Update(tuitest.KeyPress("space")) // under way
	s.Press("home", "space")
	s.Wants("froze 2 tensors", "… pending")
	n := len(f.Orders)
	s.Press("end", "space")
	if len(f.Orders) != n {
		t.Errorf("a pending layer was toggled again: %+v", f.Orders[n:])
	}
	s.Run(slow)
	s.Lacks("… pending")
}

// TestLayersRules checks that presets and globs are foretold together with the
// globs that config.toml has already: those that keep training win.
func TestLayersRules(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	f.Heartbeat.TrainGlobs = []string{"enc.*"}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Command("freeze *.qkv.*")
	s.Wants("Freeze *.qkv.*?", "freezes 4, trains 22 tensors")
	s.Press("y")
	if o := f.Orders[0].Freeze; o.Freeze == nil || !slices.Equal(*o.Freeze, []string{"*.qkv.*"}) || o.Train != nil {
		t.Errorf("order %+v", o)
	}
	s.Command("train dec.7x7_in0.*") // one block more than what train globs thaw anyway
	s.Wants("Train dec.7x7_in0.*?")
	s.Press("y")
	if o := f.Orders[1].Freeze; o.Train == nil || !slices.Equal(*o.Train, []string{"enc.*", "dec.7x7_in0.*"}) {
		t.Errorf("order %+v", o)
	}
	s.Command("freeze [") // the trainer's to refuse
	if o := f.Orders[2].Freeze; !slices.Contains(*o.Freeze, "[") {
		t.Errorf("order %+v", o)
	}
}

func TestLayersPresetSummary(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	s.Press("p")
	s.Wants("Freezing preset", "freezes 6 tensors", "speed")
	for range len(configs.FreezePresets()) - 1 {
		s.Press("down")
	}
	s.Wants("nothing changes")
	s.Press("esc")
	s.Command("preset none")
	s.Wants("Preset none?", "trains 54 tensors")
	s.Press("y")
	if o := f.Orders[0].Freeze; o.Preset == nil || *o.Preset != "none" {
		t.Errorf("order %+v", o)
	}
	s.Command("preset some")
	s.Wants(`preset: "some", want`)
}

func TestLayersMouse(t *testing.T) {
	now := tuitest.Epoch.Add(10*time.Minute + time.Second)
	s, f := openLayers(t, 120, 40, tui.Options{Now: func() time.Time { return now }})
	s.Press("m")
	x, y := s.Find("layer1")
	s.Send(tuitest.Click(x, y))
	if line := s.Lines()[y]; !strings.Contains(line, "›") || len(f.Orders) != 0 {
		t.Errorf("a click should move the cursor only: %q, %+v", line, f.Orders)
	}
	now = now.Add(time.Second)
	s.Send(tuitest.Click(x, y)) // too late for a double click
	if len(f.Orders) != 0 {
		t.Fatalf("orders %+v, want none", f.Orders)
	}
	now = now.Add(100 * time.Millisecond)
	s.Send(tuitest.Click(x, y))
	if got := toggles(f, t, 0); len(got) != 2 || got[0] != "map_layer1.weight" {
		t.Fatalf("toggled %v, want layer1", got)
	}
	x, _ = s.Find("● train ")
	_, y = s.Find("layer0")
	s.Send(tuitest.Click(x+3, y))
	if got := toggles(f, t, 1); len(got) != 2 || got[0] != "map_layer0.weight" {
		t.Fatalf("toggled %v, want layer0", got)
	}
	s.Send(tea.MouseClickMsg{X: x + 3, Y: y, Button: tea.MouseRight})
	s.Send(tuitest.Click(x, 3)) // the border
	if len(f.Orders) != 2 {
		t.Fatalf("orders %+v, want two", f.Orders)
	}
	x, y = s.Find("params")
	s.Send(tuitest.Click(x, y))
	s.Wants("by params↓")
	s.Send(tuitest.Click(x, y))
	s.Wants("by params↑")
	s.Press("s", "<", "<", "<", "<") // back to the tree

	// On the dashboard a click on the pane works the same.
	s.View("dashboard")
	x, y = s.Find("layer1")
	s.Send(tuitest.Click(x, y))
	s.Send(tuitest.Click(x, y))
	if len(f.Orders) != 3 {
		t.Errorf("%d orders, want one from the dashboard", len(f.Orders)-2)
	}
}

// TestLayersStatsFollow reads what is added, a long history in parts, what was
// taken back, and a torn line.
func TestLayersStatsFollow(t *testing.T) {
	s, f := openLayers(t, 200, 40, tui.Options{})
	s.Wants("update over time, 1.0 to 64.0 kimg")
	writeStats(f, t, 65, 400)
	for range 6 {
		s.Load()
	}
	s.Wants("to 399.0 kimg")
	path := filepath.Join(f.Dir, runlog.LayersFile)
	b, err := os.ReadFile(path)
	tuitest.Must(t, err)
	tuitest.Must(t, os.WriteFile(path, append(b[:len(b):len(b)], `{"nimg":400000,"grad":[1`...), 0o644))
	s.Load()
	s.Wants("to 399.0 kimg")
	lines := strings.SplitAfter(string(b), "\n")
	tuitest.Must(t, os.WriteFile(path, []byte(strings.Join(lines[:10], "")), 0o644))
	s.Load()
	s.Wants("1.0 to 10.0 kimg")
	tuitest.Must(t, os.Remove(path))
	s.Load()
	s.Lacks("to 10.0 kimg")
	s.Wants("update over time")
}

// TestLayersDead shows the measurements of a run that is over, also when its
// layers become known late or are others.
func TestLayersDead(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00001-a", tuitest.Config{Ticks: 20, TickK: 1, FidEach: 9, State: run.StateRunning})
	writeStats(f, t, 1, 21)
	layers := filepath.Join(f.Dir, run.LayersFile)
	tuitest.Must(t, os.Rename(layers, layers+".away"))
	s := tuitest.New(t, 200, 40, tui.Options{RunDir: f.Dir, Images: "off"})
	s.Load()
	s.View("layers")
	s.Wants("no layers known yet")
	tuitest.Must(t, os.Rename(layers+".away", layers))
	s.Load()
	s.Wants("1.0 to 20.0 kimg")
	s.Press("space")
	s.Wants("freeze: the run is dead, want a running trainer")
	s.Press("u")
	s.Wants("undo: the run is dead")

	// The measurements of another network have another length.
	all := f.Network
	f.Network = f.Network[:20]
	tuitest.Must(t, run.WriteLayers(f.Dir, f.Network))
	s.Load()
	s.Lacks("to 20.0 kimg")
	writeStats(f, t, 21, 25)
	s.Load()
	s.Wants("21.0 to 24.0 kimg")

	// Back at the first one, its measurements are read again.
	tuitest.Must(t, run.WriteLayers(f.Dir, all))
	s.Load()
	s.Lacks("to 24.0 kimg")
	s.Load()
	s.Wants("1.0 to 20.0 kimg")
}

// TestLayersSpeed checks that a speed counts only once it is steady.
func TestLayersSpeed(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	later := func(d time.Duration, speed float64, stage string) {
		f.Heartbeat.Nimg, f.Heartbeat.ImagesPerSec, f.Heartbeat.Stage = f.Heartbeat.Nimg+int64(d.Seconds()*speed), speed, stage
		tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
		s.Load()
	}
	summary := func() string {
		s.Press("a")
		defer s.Press("esc")
		_, line, _ := strings.Cut(s.Frame(), "speed   ")
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
	freezeEvents(f, t, []int64{5, 10, 15, 30}, []map[string]any{
		nil, // of another program
		{"preset": "gdd-i", "freeze": []string{}, "train": []string{}, "freeze.preset": map[string]any{"old": `"none"`}},
		{"preset": "gdd-i", "freeze": []any{"[", 3}},
		{"preset": "gdd-i", "train": []string{conv0}, "freeze.train": map[string]any{"old": "[]"}},
	})
	s.Load()
	s.Command("filter enc.28x28_block0.conv0")
	s.Press("end")
	s.Wants("╮╭─ enc.28x28_block0.conv0 ─", "16×16×3×3", "weight, bias", "no gradient while it is frozen", "it has not moved",
		"0.0 kimg  ● training", "10.0 kimg  ❄ frozen", "30.0 kimg  ◐ 1 of 2 tensors frozen")
	s.Lacks("15.0 kimg  ")
	s.Command("filter enc.28x28_block0.norm0")
	s.Press("end")
	s.Wants("gradient norm", "0.0 kimg  ● training")
	s.Lacks("kimg  ❄", "no gradient")
	s.Command("filter nothing")
	s.Wants("no layer matches", "no layer ")
	s.Exact(200, 60)
	s.Press("T", "T")
	s.Exact(200, 60)
}

// TestFaultSpeedWithoutClock learns a run's speed although its clock was set
// back by an hour.
func TestFaultSpeedWithoutClock(t *testing.T) {
	s, f := openLayers(t, 120, 40, tui.Options{})
	for i := range 6 {
		f.Heartbeat.Time = tuitest.Epoch.Add(-time.Duration(i) * time.Hour)
		f.Heartbeat.Nimg += 100
		f.Heartbeat.Seq++
		f.Heartbeat.ImagesPerSec = 123
		tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
		s.Now = s.Now.Add(2 * time.Second)
		s.Load()
	}
	s.Press("a")
	s.Wants("123.0 →")
}

// TestByRule shows what a rule froze or thawed, when it decides next, and what is frozen
// of a discriminator.
func TestByRule(t *testing.T) {
	s, f := openLayers(t, 200, 60, tui.Options{})
	if strings.Contains(s.Frame(), "by rule") {
		t.Fatal("by rule before there is one")
	}
	for i := range f.Network {
		if f.Network[i].Part == "enc" {
			f.Network[i].Frozen, f.Network[i].ByRule = true, true
		}
	}
	f.Heartbeat.FreezeRule, f.Heartbeat.TrainableTensors = &run.RuleStatus{NextNimg: 140_000}, f.Heartbeat.TrainableTensors-1
	f.Heartbeat.DiscFrozen = []float64{0, 0.25}
	f.Heartbeat.Seq++
	tuitest.Must(t, run.WriteLayers(f.Dir, f.Network))
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Wants("by rule", "disc1 25.0 % frozen  rule decides at 140.0 kimg")
}
