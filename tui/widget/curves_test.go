package widget_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/golden"
	"innate/trainer/series"
	"innate/tui/theme"
	"innate/tui/widget"
)

var epoch = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

// known is what these tests know of the scalars of fakeTick.
var known = widget.Known{
	Groups: []widget.Group{
		{Name: "loss"}, {Name: "fid", LogY: true, Best: widget.BestMin, Seldom: true}, {Name: "logits"}, {Name: "probs"},
		{Name: "grad"}, {Name: "lr", LogY: true, Seldom: true}, {Name: "freeze", Seldom: true}, {Name: "speed"}, {Name: "time"},
	},
	First: []string{"gen", "disc", "test", "real", "fake"},
}

// fakeTick is the log of a run of GDD at that kimg, with its evaluations.
func fakeTick(r *rand.Rand, kimg float64) map[string]float64 {
	return map[string]float64{
		"loss/gen": 1 + 0.5/(1+kimg/8) + 0.1*r.NormFloat64(), "loss/disc": 1.3 + 0.08*r.NormFloat64(),
		"loss/r1": 0.2 + 0.02*r.NormFloat64(), "logits/real": 0.4 + 0.1*r.NormFloat64(), "logits/fake": -0.5 + 0.1*r.NormFloat64(),
		"probs/real": 0.6, "probs/fake": 0.38, "grad/nonfinite": 0, "grad/gen": 3 + r.Float64(),
		"lr/gen": 1e-4 * min(kimg/10, 1), "lr/disc": 1e-4, "freeze/fraction": 0.845,
		"speed/images_per_sec": 120 + 10*r.Float64(), "time/gen_ms": 230 + 5*r.NormFloat64(), "time/disc_ms": 118, "time/step_ms": 370,
	}
}

func tickTime(kimg float64) time.Time {
	return epoch.Add(time.Duration(kimg * 8 * float64(time.Second)))
}

// fakeCurves is a run of 64 kimg with everything that charts show.
func fakeCurves(ascii bool) *widget.Curves {
	c := widget.NewCurves(theme.New(true, ascii), new(series.Run), known)
	c.ASCII, c.Location = ascii, time.UTC
	c.SetStart(epoch)
	feed(c.AddTick, 1, 64)
	c.SetTitle("fid", "FID(mnist-cnn)")
	c.SetReference("fid", 21.1, "teacher 21.10")
	c.Mark(widget.Mark{X: 16, Kind: "freeze", Ink: widget.MarkFrozen, Text: "froze 27 tensors"})
	c.Mark(widget.Mark{X: 40, Kind: "config", Ink: widget.MarkWarn, Text: "live.gen_lr 1e-4 to 2e-4"})
	for kimg := 5.0; kimg <= 60; kimg += 5 {
		c.Mark(widget.Mark{X: kimg, Kind: "fid", Minor: true, Text: "evaluated"})
	}
	return c
}

func feed(add widget.Feed, seed uint64, to float64) {
	r := rand.New(rand.NewPCG(seed, 2))
	for kimg := 0.5; kimg <= to; kimg += 0.5 {
		add(kimg, tickTime(kimg), fakeTick(r, kimg))
		if math.Mod(kimg, 5) == 0 {
			fid := 1600*math.Exp(-kimg/8) + 23 + math.Abs(kimg-50)/4
			add(kimg, tickTime(kimg).Add(20*time.Second), map[string]float64{"fid": fid})
		}
	}
}

// goldenCurves compares a view, which must have exactly the size asked for, with
// testdata/curves-NAME.golden.
func goldenCurves(t *testing.T, name, view string, w, h int) {
	t.Helper()
	checkSize(t, name, view, w, h)
	var b strings.Builder
	for _, l := range plain(view) {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	golden.Check(t, filepath.Join("testdata", "curves-"+name+".golden"), []byte(b.String()))
}

func TestCurvesGolden(t *testing.T) {
	for _, size := range [][2]int{{80, 22}, {120, 37}, {200, 57}} {
		w, h := size[0], size[1]
		name := fmt.Sprintf("%dx%d", w, h)
		goldenCurves(t, name, fakeCurves(false).View(w, h), w, h)
	}
	c := fakeCurves(true)
	goldenCurves(t, "ascii-80x22", c.View(80, 22), 80, 22)

	c = fakeCurves(false)
	c.View(120, 37)
	c.CursorAt(25, 5)
	goldenCurves(t, "cursor-120x37", c.View(120, 37), 120, 37)

	c = fakeCurves(false)
	other := new(series.Run)
	c.AddRun("00002-mnist-gdd", other)
	feed(widget.FeedOf(other), 3, 40)
	c.XTime = true
	c.Focus("fid")
	c.Maximise()
	goldenCurves(t, "overlay-120x37", c.View(120, 37), 120, 37)
	c.Focus("loss")
	c.Zoom(0.5)
	goldenCurves(t, "overlay-loss-120x37", c.View(120, 37), 120, 37)
}

// TestCurvesGroups checks what is found in a log, and its order.
func TestCurvesGroups(t *testing.T) {
	c := fakeCurves(false)
	c.AddTick(65, tickTime(65), map[string]float64{"zeta/x": 1, "alpha": 2, "fid": nan})
	want := "loss fid logits probs grad lr freeze speed time alpha zeta"
	if got := strings.Join(c.Groups(), " "); got != want {
		t.Errorf("groups %s, want %s", got, want)
	}
	c.Focus("loss")
	var names []string
	for _, s := range c.Scalars() {
		names = append(names, s.Name)
	}
	if want := []string{"gen", "disc", "r1"}; !slices.Equal(names, want) {
		t.Errorf("losses %v, want %v", names, want)
	}
	c.Focus("fid")
	if s := c.Scalars()[0]; !s.OK || s.Last != 1600*math.Exp(-60./8)+23+2.5 {
		t.Errorf("after a tick without evaluation FID is %+v", s)
	}
}

// TestCurvesIrregular compares scalars that come and go, after an evaluation of
// the untouched teacher, with the same values in charts of their own.
func TestCurvesIrregular(t *testing.T) {
	c := widget.NewCurves(theme.New(true, false), new(series.Run), known)
	c.Smoothing = 0
	alone := map[string]*widget.Chart{}
	r := rand.New(rand.NewPCG(4, 4))
	add := func(x float64, s map[string]float64) {
		c.AddTick(x, time.Time{}, s)
		for k, y := range s {
			if alone[k] == nil {
				alone[k] = widget.NewChart(theme.New(true, false), k)
				alone[k].LabelW = 6
			}
			alone[k].Add(0, x, y)
		}
	}
	add(0, map[string]float64{"fid": 1600})
	for i := range 300 {
		s := map[string]float64{"always": r.Float64()}
		if i%7 > 0 {
			s["often"] = r.Float64()
		}
		if i > 100 {
			s["late"] = r.Float64()
		}
		add(float64(i), s)
	}
	for name, chart := range alone {
		if name == "fid" {
			continue
		}
		chart.MaxX = 299
		c.Focus(name)
		if !c.Maximised() {
			c.Maximise()
		}
		want := plain(chart.View(58, 17))
		for i, line := range plain(c.View(60, 20))[1:18] {
			if line != "│"+want[i]+"│" {
				t.Fatalf("%s, line %d: %q, want %q", name, i, line, want[i])
			}
		}
	}
}

// TestCurvesRewind checks that a run resumed from a checkpoint, which makes the same
// again, looks as if it had never got further.
func TestCurvesRewind(t *testing.T) {
	straight, resumed := widget.NewCurves(theme.New(true, false), new(series.Run), known), widget.NewCurves(theme.New(true, false), new(series.Run), known)
	r := rand.New(rand.NewPCG(1, 1))
	var ticks []map[string]float64
	for i := range 600 {
		ticks = append(ticks, fakeTick(r, float64(i+1)*1.024))
	}
	for i, s := range ticks {
		x := float64(i+1) * 1.024
		straight.AddTick(x, tickTime(x), s)
		resumed.AddTick(x, tickTime(x), s)
		if i == 400 {
			straight.Mark(widget.Mark{X: 500, Kind: "error", Ink: widget.MarkBad, Text: "beyond"}) // what happened did happen
			resumed.Mark(widget.Mark{X: 500, Kind: "error", Ink: widget.MarkBad, Text: "beyond"})
			for j, s := range ticks[i+1:] {
				x := float64(i+j+2) * 1.024
				resumed.AddTick(x, tickTime(x), s)
			}
			resumed.View(120, 40)
			resumed.Cut(int64(math.Round(x * 1000)))
		}
	}
	if a, b := straight.View(120, 40), resumed.View(120, 40); a != b {
		t.Errorf("straight\n%s\nresumed\n%s", ansi.Strip(a), ansi.Strip(b))
	}
	resumed.Cut(-1)
	if got := resumed.View(120, 40); !strings.Contains(got, "no ticks yet") {
		t.Errorf("after a reset:\n%s", ansi.Strip(got))
	}
}

// TestCurvesCursor checks that the read-out is one for all charts, follows a
// click, and names events.
func TestCurvesCursor(t *testing.T) {
	c := fakeCurves(false)
	c.View(120, 37)
	last := func() string { l := plain(c.View(120, 37)); return l[len(l)-1] }
	// The freeze at 16 of 64 kimg is a quarter into the plot, which starts after
	// frame, labels and axis.
	if !c.CursorAt(60+1+7+(60-9)/4, 3) {
		t.Fatal("a click into the second chart hits nothing")
	}
	if got := last(); c.Focused() != "fid" || !strings.Contains(got, "froze 27 tensors") || !strings.Contains(got, "kimg  09:32:") {
		t.Errorf("focus %s, read-out %q", c.Focused(), got)
	}
	if n := strings.Count(ansi.Strip(c.View(120, 37)), "│     "); n == 0 {
		t.Error("no cursor drawn")
	}
	before := c.Focused()
	if c.CursorAt(5, 36) || c.Focused() != before {
		t.Error("a click on the status line hit a chart")
	}
	if !c.HideCursor() || c.HideCursor() {
		t.Error("HideCursor: want true, then false")
	}
	if got := last(); strings.Contains(got, "froze") {
		t.Errorf("read-out %q without a cursor", got)
	}
}

// TestCurvesFocus moves through a grid of two columns.
func TestCurvesFocus(t *testing.T) {
	c := fakeCurves(false)
	c.View(120, 37)
	for _, step := range []struct {
		dx, dy int
		want   string
	}{{0, 0, "loss"}, {1, 0, "fid"}, {1, 0, "fid"}, {0, 1, "probs"}, {-1, 0, "logits"}, {0, 9, "time"}, {0, -1, "freeze"}} {
		c.Move(step.dx, step.dy)
		if c.Focused() != step.want {
			t.Fatalf("after %+v the focus is on %s", step, c.Focused())
		}
	}
	c.Focus("time")
	if v := ansi.Strip(c.View(120, 37)); !strings.Contains(v, "time") || strings.Contains(v, " loss ") || !strings.Contains(v, "rows 3 to 5 of 5") {
		t.Errorf("not scrolled to the focus:\n%s", v)
	}
	c.Scroll(-9)
	if v := ansi.Strip(c.View(120, 37)); !strings.Contains(v, " loss ") {
		t.Errorf("not scrolled back:\n%s", v)
	}
	c.Step(-1)
	if c.Focused() == "" || !c.Maximise() {
		t.Error("no focus, or not maximised")
	}
	v := ansi.Strip(c.View(120, 37))
	if strings.Count(v, "╭") != 1 {
		t.Errorf("maximised:\n%s", v)
	}
}

// TestCurvesToggle hides a curve: the others keep their colours.
func TestCurvesToggle(t *testing.T) {
	c := fakeCurves(false)
	before := c.View(120, 37)
	c.Focus("loss")
	c.Toggle(0)
	after := c.View(120, 37)
	if got := ansi.Strip(after); strings.Contains(strings.SplitN(got, "\n", 2)[0], "gen") || !strings.Contains(got, "1 hidden") {
		t.Errorf("gen is still there:\n%s", got)
	}
	c.Toggle(0)
	if c.View(120, 37) != before {
		t.Error("shown again, the view differs")
	}
	c.Toggle(99)
	if c.View(120, 37) != before {
		t.Error("a toggle of nothing changed the view")
	}
	c.ToggleLogY(true)
	c.CycleSmoothing(true)
	if c.Smoothing != 0.9 {
		t.Errorf("smoothing %v, want 0.9", c.Smoothing)
	}
}

func TestCurvesOverlay(t *testing.T) {
	c := fakeCurves(false)
	before := c.View(200, 57)
	other := new(series.Run)
	r := c.AddRun("other", other)
	feed(widget.FeedOf(other), 9, 30)
	c.Focus("loss")
	if n := len(c.Scalars()); n != 6 {
		t.Errorf("%d losses of two runs, want 6", n)
	}
	if v := ansi.Strip(c.View(200, 57)); !strings.Contains(v, "gen other") {
		t.Errorf("the other run isn't in the legend:\n%s", v)
	}
	c.RemoveRun(r)
	if c.View(200, 57) != before {
		t.Error("with the run removed the view differs")
	}
}

// TestCurvesSizes draws at awkward sizes, in all modes.
func TestCurvesSizes(t *testing.T) {
	c := fakeCurves(false)
	other := new(series.Run)
	c.AddRun("other", other)
	feed(widget.FeedOf(other), 9, 90)
	for mode := range 8 {
		c.LogX, c.XTime, c.ASCII = mode&1 != 0, mode&2 != 0, mode&4 != 0
		for _, w := range []int{0, 5, 14, 33, 80, 119, 120, 201, 300} {
			for _, h := range []int{0, 1, 4, 5, 9, 10, 22, 70} {
				checkSize(t, fmt.Sprintf("%dx%d, mode %d", w, h, mode), c.View(w, h), w, h)
			}
		}
		c.Zoom(0.5)
		c.Pan(-0.3)
		c.MoveCursor(-5)
	}
}

// BenchmarkCurvesFirst loads a run of 100,000 ticks of 20 scalars and draws the
// first frame.
func BenchmarkCurvesFirst(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	ticks := make([]map[string]float64, 100_000)
	for i := range ticks {
		ticks[i] = fakeTick(r, float64(i))
		for j := range 4 {
			ticks[i][fmt.Sprintf("time/stage%d_ms", j)] = r.Float64()
		}
	}
	load := func() *widget.Curves {
		c := widget.NewCurves(theme.New(true, false), new(series.Run), known)
		for i, s := range ticks {
			c.AddTick(float64(i), epoch.Add(time.Duration(i)*time.Second), s)
		}
		return c
	}
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			load()
		}
	})
	b.Run("load+view", func(b *testing.B) {
		for b.Loop() {
			load().View(120, 37)
		}
	})
	b.Run("view", func(b *testing.B) {
		c := load()
		for b.Loop() {
			c.View(200, 57)
		}
	})
}

// TestCurvesCached checks that nothing stale shows: after every kind of change a
// view is the same as one for which all charts are drawn anew.
func TestCurvesCached(t *testing.T) {
	type step func(c *widget.Curves)
	steps := []step{
		func(*widget.Curves) {},
		func(c *widget.Curves) { c.AddTick(64.5, tickTime(64.5), map[string]float64{"loss/gen": 3}) },
		func(c *widget.Curves) { c.AddTick(64.5, tickTime(64.5), map[string]float64{"loss/new": 1}) },
		func(c *widget.Curves) { c.Mark(widget.Mark{X: 20, Kind: "pause", Ink: widget.MarkWarn}) },
		func(c *widget.Curves) { c.ClearMarks() },
		func(c *widget.Curves) { c.SetReference("loss", 1.5, "here") },
		func(c *widget.Curves) { c.SetTitle("loss", "Losses") },
		func(c *widget.Curves) { c.Focus("fid") },
		func(c *widget.Curves) { c.ToggleLogY(false) },
		func(c *widget.Curves) { c.CycleSmoothing(true) },
		func(c *widget.Curves) { c.CycleSmoothing(false) },
		func(c *widget.Curves) { c.Toggle(0) },
		func(c *widget.Curves) { c.XTime = true },
		func(c *widget.Curves) { c.SetStart(epoch.Add(-time.Hour)) },
		func(c *widget.Curves) { c.LogX = true },
		func(c *widget.Curves) { c.LogX = false },
		func(c *widget.Curves) { c.Zoom(0.5) },
		func(c *widget.Curves) { c.Pan(-0.5) },
		func(c *widget.Curves) { c.MoveCursor(0); c.MoveCursor(-9) },
		func(c *widget.Curves) { c.Cut(40_000) },
		func(c *widget.Curves) { c.SetTheme(theme.New(true, true)) },
		func(c *widget.Curves) { c.ASCII = true },
	}
	c := fakeCurves(false)
	for n, step := range steps {
		c.View(120, 37)
		step(c)
		got := c.View(120, 37)
		c.Forget()
		if want := c.View(120, 37); got != want {
			t.Errorf("step %d: got\n%s\nwant\n%s", n, ansi.Strip(got), ansi.Strip(want))
		}
	}
}
