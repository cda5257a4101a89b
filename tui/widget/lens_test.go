package widget_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/series"
	"innate/tui/theme"
	"innate/tui/widget"
)

// hundred is a chart of the points 0 to 100.
func hundred(names ...string) *widget.Chart {
	c := widget.NewChart(theme.New(true, false), names...)
	for i := 0; i <= 100; i++ {
		c.Add(0, float64(i), float64(i))
	}
	c.View(60, 12)
	return c
}

func checkWindow(t *testing.T, c *widget.Chart, what string, lo, hi float64) {
	t.Helper()
	if a, b := c.Window(); math.Abs(a-lo) > 1e-9*hi || math.Abs(b-hi) > 1e-9*hi {
		t.Errorf("%s: %v to %v, want %v to %v", what, a, b, lo, hi)
	}
}

func TestZoomPanFollow(t *testing.T) {
	c := hundred("a")
	checkWindow(t, c, "at first", 0, 100)
	c.Pan(-0.5)
	checkWindow(t, c, "pan of everything", 0, 100)
	c.Zoom(0.5)
	checkWindow(t, c, "zoomed about the right edge", 50, 100)
	c.Add(0, 110, 1)
	checkWindow(t, c, "following", 60, 110)
	c.Pan(-0.4)
	checkWindow(t, c, "panned", 40, 90)
	if c.Following() {
		t.Error("still following after a pan to the left")
	}
	c.Add(0, 120, 1)
	checkWindow(t, c, "parked", 40, 90)
	c.Pan(-9)
	checkWindow(t, c, "at the left end", 0, 50)
	c.Pan(0.2)
	checkWindow(t, c, "and back", 10, 60)
	c.Follow()
	checkWindow(t, c, "following again", 70, 120)
	c.Pan(-0.2)
	c.Pan(9)
	if !c.Following() {
		t.Error("panned to the newest data it doesn't follow")
	}
	c.Zoom(9)
	checkWindow(t, c, "zoomed out", 0, 120)
	for range 40 {
		c.Zoom(0.5)
	}
	if lo, hi := c.Window(); hi != 120 || hi-lo < 4 || hi-lo > 6 {
		t.Errorf("zoomed in to %v to %v, want four points or five", lo, hi)
	}
	c.LogX = true
	checkWindow(t, c, "on another axis", 1, 120)
	c.Zoom(0.5)
	checkWindow(t, c, "zoomed logarithmically", math.Sqrt(120), 120)
	c.ResetZoom()
	checkWindow(t, c, "reset", 1, 120)
}

// TestZoomAboutCursor checks that what the cursor is on stays where it is.
func TestZoomAboutCursor(t *testing.T) {
	c := hundred("a")
	if c.CursorAt(1, 3) || c.CursorAt(20, 99) {
		t.Error("a click beside the plot set the cursor")
	}
	if !c.CursorAt(30, 3) {
		t.Fatal("a click into the plot set no cursor")
	}
	before := c.ReadOut()
	column := func() int {
		for _, l := range plain(c.View(60, 12)) {
			plot := string([]rune(l)[5:])
			if i := strings.Index(plot, "│"); i >= 0 {
				return ansi.StringWidth(plot[:i])
			}
		}
		return -1
	}
	at := column()
	for range 3 {
		c.Zoom(0.7)
		if c.ReadOut() != before || column() != at {
			t.Errorf("zoomed: %q in column %d, want %q in %d", c.ReadOut(), column(), before, at)
		}
	}
	c.Add(0, 200, 1)
	if c.ReadOut() != before {
		t.Errorf("with new data the cursor reads %q, want %q", c.ReadOut(), before)
	}
}

// TestZoomCrossing checks that a line is drawn through a window without a point
// of it, and that y spans what is visible.
func TestZoomCrossing(t *testing.T) {
	c := hundred("dense", "sparse")
	c.ASCII = true
	c.Add(1, 0, 0)
	c.Add(1, 100, 1000)
	c.Show(0, false)
	c.Zoom(0.1)
	c.Pan(-4.5) // 45 to 55: sparse is 450 to 550 there
	lines := plain(c.View(60, 12))
	for x := 6; x < 60; x++ {
		drawn := false
		for _, l := range lines[:10] {
			drawn = drawn || []rune(l)[x] == 'o'
		}
		if !drawn {
			t.Fatalf("nothing in column %d:\n%s", x, strings.Join(lines, "\n"))
		}
	}
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "500+") && !strings.Contains(text, "500┤") || strings.Contains(text, "1000") {
		t.Errorf("y is not that of the window:\n%s", text)
	}
}

func TestTimeAxis(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "gen", "disc")
	c.XTime = true
	c.Add(0, 1, 1)
	if v := ansi.Strip(c.View(60, 10)); !strings.Contains(v, "kimg") {
		t.Errorf("without times the axis is not in kimg:\n%s", v)
	}
	c.Clear()
	c.Location = time.UTC
	for i := 1; i <= 60; i++ {
		at := epoch.Add(time.Duration(i) * time.Minute)
		if i > 30 {
			at = at.Add(time.Hour) // paused
		}
		c.AddAt(0, float64(i), at, float64(i))
		c.AddAt(1, float64(i), at, float64(-i))
	}
	c.Mark(widget.Mark{X: 30, Kind: "pause", Ink: widget.MarkWarn, Text: "lunch\x1b[2J"})
	// A wall clock set back: time stands still, but nothing gets lost.
	c.AddAt(0, 61, epoch, 61)
	c.AddAt(1, 61, epoch, -61)
	v := ansi.Strip(c.View(60, 10))
	if checkWindow(t, c, "minutes", 0, 119); !strings.Contains(v, "min") {
		t.Errorf("no minutes:\n%s", v)
	}
	c.MoveCursor(-1)
	if got := ansi.Strip(c.ReadOut()); !strings.HasPrefix(got, "61.00 kimg  11:30:00 after 1h 59m  ") {
		t.Errorf("read-out %q at the end", got)
	}
	if got := ansi.Strip(strings.Join(c.Info(), " ")); !strings.Contains(got, "gen 61.00 ") || !strings.Contains(got, "disc -61.00") {
		t.Errorf("values %q at the end", got)
	}
	for i := 0; i < 60 && !strings.Contains(c.ReadOut(), "lunch"); i++ {
		c.MoveCursor(-1)
	}
	if got := ansi.Strip(c.ReadOut()); !strings.Contains(got, "  ‖ lunch  ") {
		t.Errorf("read-out %q, want the pause", got)
	}
}

// TestClock checks both directions against each other.
func TestClock(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		k := series.NewClock()
		x, at := 0.0, epoch
		for range 1 + r.IntN(50) {
			x += 0.1 + r.Float64()
			at = at.Add(time.Duration(1+r.IntN(1e10)) * time.Nanosecond)
			k.Add(x, at)
			k.Add(x-0.05, at.Add(time.Hour)) // an evaluation of an earlier state
		}
		for range 20 {
			want := x * r.Float64()
			m := k.Minutes(want)
			if got := k.Kimg(m); m > 0 && math.Abs(got-want) > 1e-6 {
				t.Fatalf("%v kimg is %v minutes is %v kimg", want, m, got)
			}
		}
		if k.Minutes(x+1) != k.Minutes(x) || !math.IsInf(k.Kimg(k.Minutes(x)+1), 1) || !math.IsInf(k.Kimg(-1), -1) {
			t.Fatal("outside of the run: want nothing before, nothing after")
		}
	}
}

func TestBest(t *testing.T) {
	c := hundred("a")
	other := c.AddCurve("b")
	c.Add(other, 5, -1000)
	c.Best = widget.BestMin
	c.Add(0, 101, -7)
	c.Add(0, 102, nan)
	c.Add(0, 103, 50)
	info, v := ansi.Strip(strings.Join(c.Info(), " ")), ansi.Strip(c.View(60, 12))
	if !strings.Contains(info, "best -7.000 at 101.0") || !strings.Contains(v, "-7.000") || strings.Count(v, "●") != 1 {
		t.Errorf("info %q\n%s", info, v)
	}
	c.Best = widget.BestMax
	if info := ansi.Strip(strings.Join(c.Info(), " ")); !strings.Contains(info, "best 100.0 at 100.0") {
		t.Errorf("largest: info %q", info)
	}
}

// TestManyCurves checks that curves can be told apart without colour.
func TestManyCurves(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		th := theme.New(true, ascii)
		var names []string
		for i := range 12 {
			names = append(names, fmt.Sprintf("layer%d", i))
		}
		c := widget.NewChart(th, names...)
		c.ASCII = ascii
		for x := range 200 {
			for i := range names {
				c.Add(i, float64(x), float64(10*i)+float64(x)/100)
			}
		}
		v := ansi.Strip(c.View(100, 50))
		seen := map[string]bool{}
		for i, part := range c.Info() {
			sign, name, _ := strings.Cut(ansi.Strip(part), " ")
			if seen[sign] || !strings.HasPrefix(name, names[i]) {
				t.Errorf("ascii %v: legend %q", ascii, ansi.Strip(part))
			}
			seen[sign] = true
			if mark := strings.TrimPrefix(sign, "━"); !strings.Contains(v, mark) {
				t.Errorf("ascii %v: %s is not on its curve:\n%s", ascii, mark, v)
			}
		}
		checkSize(t, "many curves", c.View(40, 12), 40, 12)
	}
}

// TestMinorMarks checks that frequent events make room, but can be read.
func TestMinorMarks(t *testing.T) {
	c := hundred("a")
	for i := range 8 {
		c.Mark(widget.Mark{X: float64(10 * i), Kind: "checkpoint", Minor: true, Text: fmt.Sprint("checkpoint ", i)})
	}
	c.Mark(widget.Mark{X: 55, Kind: "diverge", Ink: widget.MarkBad})
	if v := ansi.Strip(c.View(60, 12)); strings.Count(v, "▪") != 8 || strings.Count(v, "●") != 1 {
		t.Errorf("want eight checkpoints and a divergence:\n%s", v)
	}
	for i := range 100 {
		c.Mark(widget.Mark{X: float64(i), Kind: "checkpoint", Minor: true})
	}
	if v := ansi.Strip(c.View(60, 12)); strings.Contains(v, "▪") || strings.Count(v, "●") != 1 {
		t.Errorf("want only the divergence:\n%s", v)
	}
	c.CursorAt(4+1+11, 3) // 20 kimg
	if got := c.ReadOut(); !strings.Contains(got, "checkpoint 2") {
		t.Errorf("read-out %q", got)
	}
}

// TestLegendWidth checks that the legend keeps its width as values change.
func TestLegendWidth(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "a", "b")
	c.Add(1, 0, 1)
	c.Add(0, 1, 12345)
	before := ansi.StringWidth(strings.Join(c.Info(), " "))
	for i, y := range []float64{0, 1, 99.999, nan} {
		c.Add(0, float64(i+2), y)
		if n := ansi.StringWidth(strings.Join(c.Info(), " ")); n != before {
			t.Errorf("with %v the legend is %d wide, want %d", y, n, before)
		}
	}
}
