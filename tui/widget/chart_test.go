package widget_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/series"
	"innate/tui/theme"
	"innate/tui/widget"
)

var nan = math.NaN()

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		log    bool
		n      int
		want   string
	}{
		{0, 100, false, 5, "0 20 40 60 80 100"},
		{0, 64, false, 4, "0 20 40 60"},
		{0.61, 0.74, false, 3, "0.65 0.70"},
		{-1, 1, false, 4, "-1.0 -0.5 0.0 0.5 1.0"},
		{0, 5_000_000, false, 5, "0 1e6 2e6 3e6 4e6 5e6"},
		{0, 20_000, false, 4, "0 5000 10k 15k 20k"},
		{7, 7, false, 2, "7"},
		{0, 0, false, 2, "-1 0 1"},
		{45, 3500, true, 4, "100 300 1000 3000"},
		{45, 3500, true, 2, "100 1000"},
		{1e-6, 1e6, true, 4, "1e-6 0.001 1 1000 1e6"},
		{40, 47, true, 4, "40 42 44 46"},
	} {
		labels, values := widget.Ticks(c.lo, c.hi, c.log, c.n)
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v to %v, log %v, about %d: %s, want %s", c.lo, c.hi, c.log, c.n, got, c.want)
		}
		if !slices.IsSorted(values) {
			t.Errorf("%v to %v: not in order: %v", c.lo, c.hi, values)
		}
	}
}

// TestTicksAlways checks that every plausible range gets a few distinct labels.
func TestTicksAlways(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		lo := math.Exp(20 * (r.Float64() - 0.5))
		hi := lo * (1 + math.Exp(16*(r.Float64()-0.6)))
		log, n := r.IntN(2) == 0, 1+r.IntN(12)
		labels, _ := widget.Ticks(lo, hi, log, n)
		if len(labels) > 3*n+3 {
			t.Fatalf("%v to %v, log %v, about %d: %v", lo, hi, log, n, labels)
		}
		if n >= 4 && len(labels) == 0 {
			t.Fatalf("%v to %v, log %v, about %d: no tick", lo, hi, log, n)
		}
	}
}

func TestDecimate(t *testing.T) {
	x := []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	y := []float64{5, 1, 9, nan, 4, 4, nan, nan, -2, 3, 7}
	got := widget.Decimate(x, y, []float64{0, 4, 6, 8, 10}, false)
	want := []series.Span{
		{First: 5, Last: 9, Min: 1, Max: 9, Any: true, TailGap: true},
		{First: 4, Last: 4, Min: 4, Max: 4, Any: true},
		{HeadGap: true, TailGap: true},
		{First: -2, Last: 7, Min: -2, Max: 7, Any: true}, // the last edge counts
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	got = widget.Decimate(x, y, []float64{0, 4, 6, 8, 10}, true)
	if got[3].First != 3 || !got[3].HeadGap || got[3].Last != 7 {
		t.Errorf("with a logarithmic axis the last column is %+v, want -2 to be a gap", got[3])
	}
}

// TestDecimateKeepsExtremes compares with a direct search, for random series of
// many densities, repeated x included.
func TestDecimateKeepsExtremes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for round := range 300 {
		positive := round%5 == 0
		n := 1 + r.IntN(4000)
		x, y := make([]float64, n), make([]float64, n)
		for i := range x {
			if i > 0 {
				x[i] = x[i-1] + float64(r.IntN(3))
			}
			if y[i] = r.NormFloat64() + float64(round%3); r.IntN(10+1000*(round%2)) == 0 {
				y[i] = nan
			}
		}
		cols := 1 + r.IntN(200)
		edges := make([]float64, cols+1)
		for i := range edges {
			edges[i] = x[n-1] * float64(i) / float64(cols)
		}
		from := 0
		for c, got := range widget.Decimate(x, y, edges, positive) {
			to := from
			for to < n && (x[to] < edges[c+1] || c == cols-1) {
				to++
			}
			if c < cols-1 {
				to = series.Snap(from, to) // a column of many points is cut at blocks
			}
			var want series.Span
			for i := from; i < to; i++ {
				switch {
				case y[i] != y[i] || positive && y[i] <= 0:
					want.HeadGap, want.TailGap = want.HeadGap || !want.Any, true
				case !want.Any:
					want.First, want.Last, want.Min, want.Max, want.Any, want.TailGap = y[i], y[i], y[i], y[i], true, false
				default:
					want.Last, want.Min, want.Max, want.TailGap = y[i], min(want.Min, y[i]), max(want.Max, y[i]), false
				}
			}
			from = to
			if got != want {
				t.Fatalf("column %d of %d: %+v, want %+v", c, cols, got, want)
			}
		}
	}
}

func plain(s string) []string { return strings.Split(ansi.Strip(s), "\n") }

// TestChartShowsSpike checks that one point among 100,000 stays visible.
func TestChartShowsSpike(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "loss")
	for i := range 100_000 {
		y := 1.0
		if i == 54_321 {
			y = 50
		}
		c.Add(0, float64(i), y)
	}
	lines := plain(c.View(60, 12))
	if top := strings.TrimLeft(lines[0], " 0123456789│┤"); top == "" {
		t.Errorf("the spike is not in the top row:\n%s", strings.Join(lines, "\n"))
	}
}

// TestChartGap checks that NaN separates: nothing is drawn across.
func TestChartGap(t *testing.T) {
	c := widget.NewChart(theme.New(true, true), "loss")
	c.ASCII = true
	for i := 0; i <= 40; i++ {
		y := 1.0
		if i >= 15 && i <= 25 {
			y = nan
		}
		c.Add(0, float64(i), y)
	}
	for _, line := range plain(c.View(46, 9)) {
		if i := strings.Index(line, "*"); i >= 0 && strings.Contains(line, "+") {
			if !strings.Contains(line, "*          ") {
				t.Errorf("no gap in %q", line)
			}
			return
		}
	}
	t.Error("no curve drawn")
}

// TestChartLogY checks that a logarithmic axis leaves out what it has no place
// for, and that a chart of nothing else says so.
func TestChartLogY(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "fid")
	c.LogY = true
	c.Add(0, 1, 0)
	c.Add(0, 2, -5)
	if got := ansi.Strip(c.View(40, 8)); !strings.Contains(got, "no finite value") {
		t.Errorf("got\n%s", got)
	}
	c.Add(0, 3, 10)
	c.Add(0, 4, 1000)
	got := ansi.Strip(c.View(40, 12))
	for _, want := range []string{"10┤", "100┤", "1000┤"} {
		if !strings.Contains(got, want) {
			t.Errorf("no tick %q:\n%s", want, got)
		}
	}
}

func TestChartMarksAndReference(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "fid")
	for i := range 50 {
		c.Add(0, float64(i), 100-float64(i))
	}
	c.Mark(widget.Mark{X: 25, Kind: "freeze", Ink: widget.MarkFrozen})
	c.Mark(widget.Mark{X: 40, Kind: "config", Ink: widget.MarkWarn})
	c.Mark(widget.Mark{X: 1e9, Kind: "freeze", Ink: widget.MarkFrozen}) // outside
	c.SetReference(60, "teacher 60")
	lines := plain(c.View(60, 14))
	axis := lines[len(lines)-2]
	if strings.Count(axis, "❄") != 1 || strings.Count(axis, "✎") != 1 {
		t.Errorf("axis %q, want one ❄ and one ✎", axis)
	}
	if !strings.Contains(strings.Join(lines, "\n"), "teacher 60") {
		t.Errorf("no reference:\n%s", strings.Join(lines, "\n"))
	}
}

func TestChartCursor(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "gen", "disc")
	for i := 0; i <= 100; i++ {
		c.Add(0, float64(i), float64(i))
		if i%10 == 0 {
			c.Add(1, float64(i), float64(-i))
		}
	}
	c.View(60, 10)
	c.MoveCursor(-1)
	c.MoveCursor(-1 << 20) // far left: the first column
	info := ansi.Strip(strings.Join(c.Info(), " "))
	if !strings.Contains(info, "kimg") || !strings.Contains(info, "gen 1.000 ") || !strings.HasSuffix(info, "disc 0") {
		t.Errorf("read-out %q at the left end", info)
	}
	c.MoveCursor(1 << 20)
	if info := ansi.Strip(strings.Join(c.Info(), " ")); !strings.Contains(info, "gen 100.0") || !strings.Contains(info, "disc -100.0") {
		t.Errorf("read-out %q at the right end", info)
	}
	if !c.HideCursor() || c.HideCursor() {
		t.Error("HideCursor: want true, then false")
	}
}

// TestChartSizes draws hostile series at every small size; each view must have
// exactly the size asked for.
func TestChartSizes(t *testing.T) {
	series := map[string][]float64{
		"none": nil, "one": {3}, "nan": {nan, nan}, "inf": {1, math.Inf(1), 2, math.Inf(-1)},
		"huge": {1e308, -1e308, 1e-308}, "flat": {0, 0, 0}, "mixed": {nan, 1, nan, -1, 5},
	}
	for name, ys := range series {
		for _, mode := range []int{0, 1, 2, 3, 4, 5, 6, 7} {
			c := widget.NewChart(theme.New(false, mode&4 != 0), "a")
			c.LogX, c.LogY, c.ASCII = mode&1 != 0, mode&2 != 0, mode&4 != 0
			c.Smoothing = 0.6
			c.Mark(widget.Mark{X: 1, Kind: "error", Ink: widget.MarkBad})
			c.SetReference(2, "reference")
			for i, y := range ys {
				c.Add(0, float64(i), y)
			}
			for w := 0; w < 40; w += 3 {
				for h := 0; h < 14; h++ {
					checkSize(t, fmt.Sprintf("%s, mode %d", name, mode), c.View(w, h), w, h)
				}
			}
		}
	}
}

func checkSize(t *testing.T, what, view string, w, h int) {
	t.Helper()
	if w <= 0 || h <= 0 {
		return
	}
	lines := strings.Split(view, "\n")
	if len(lines) != h {
		t.Fatalf("%s: %d lines, want %d", what, len(lines), h)
	}
	for _, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			t.Fatalf("%s: %d cells, want %d: %q", what, n, w, ansi.Strip(l))
		}
	}
}

func TestCycleSmoothing(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "a")
	var got []float64
	for range 5 {
		got = append(got, c.Smoothing)
		c.CycleSmoothing()
	}
	if !slices.Equal(got, []float64{0, 0.6, 0.9, 0.97, 0}) {
		t.Errorf("smoothings %v", got)
	}
}

func bigChart(n int) *widget.Chart {
	c := widget.NewChart(theme.New(true, false), "gen", "disc")
	c.Smoothing = 0.9
	r := rand.New(rand.NewPCG(5, 6))
	for i := range n {
		c.Add(0, float64(i), 1+0.1*r.NormFloat64())
		c.Add(1, float64(i), 2+0.1*r.NormFloat64())
	}
	return c
}

func BenchmarkChart(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := bigChart(n)
			b.ReportAllocs()
			for b.Loop() {
				c.View(100, 30)
			}
		})
	}
}

// TestChartAllocations holds a frame to a few allocations, however long the
// curves are.
func TestChartAllocations(t *testing.T) {
	c := bigChart(20_000)
	c.Mark(widget.Mark{X: 5000, Kind: "freeze", Ink: widget.MarkFrozen})
	c.SetReference(1, "reference")
	c.MoveCursor(-1)
	c.View(100, 30)
	if n := testing.AllocsPerRun(20, func() { c.View(100, 30) }); n > 50 {
		t.Errorf("%v allocations a frame, want at most 50", n)
	}
}

// TestAxisFromZero checks that a linear axis begins at zero when the smallest
// value is next to it, on either side, and not otherwise.
func TestAxisFromZero(t *testing.T) {
	for _, c := range []struct {
		lo, hi float64
		want   bool
	}{{0.01, 1.5, true}, {0.5, 1.5, false}, {-1.5, -0.01, true}, {-1.5, -0.5, false}} {
		ch := widget.NewChart(theme.New(true, false), "v")
		ch.Add(0, 0, c.lo)
		ch.Add(0, 1, c.hi)
		labelled := false
		for line := range strings.Lines(ansi.Strip(ch.View(60, 20))) {
			label, _, _ := strings.Cut(line, "┤")
			labelled = labelled || strings.TrimSpace(label) == "0.0"
		}
		if labelled != c.want {
			t.Errorf("values %g to %g: a label at zero is %v, want %v\n%s", c.lo, c.hi, labelled, c.want, ansi.Strip(ch.View(60, 20)))
		}
	}
}
