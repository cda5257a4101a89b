package widget_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/series"
	"innate/tui/theme"
	"innate/tui/widget"
)

// TestLeft draws the branch that a run left: below its curve, as far as it went, with a
// mark and a legend. Of two the first diverged, which does not flatten the curve.
func TestLeft(t *testing.T) {
	names, data, at := []string{"loss/gen", "loss/disc"}, new(series.Run), time.Unix(1763854000, 0)
	add := func(from, to int, y float64) {
		for x := from; x <= to; x++ {
			at = at.Add(time.Minute)
			data.Append(float64(x), at, names, []float64{y + float64(x), 2*y + float64(x)})
		}
	}
	add(0, 10, 1)
	data.Cut(6000)
	curves := widget.NewCurves(theme.New(true, false), data, widget.Known{})
	curves.Smoothing = 0
	view := func() string { return ansi.Strip(curves.View(80, 20)) }
	first := view()
	if !strings.Contains(first, "× left at 10 ") || strings.Count(first, "×") != 3 {
		t.Errorf("want a mark on each of two curves and in the legend:\n%s", first)
	}
	add(7, 40, 5)
	data.Cut(20_000)
	add(21, 22, 1e6)
	data.Cut(20_000)
	add(21, 60, 3)
	both := view()
	if !strings.Contains(both, "left at 10 22 40") || strings.Contains(both, "e+") {
		t.Errorf("three branches:\n%s", both)
	}
	curves.ASCII = true
	if s := view(); !strings.Contains(s, ",") {
		t.Errorf("no branch in ASCII:\n%s", s)
	}
	curves.XTime = true
	if s := view(); !strings.Contains(s, ",") {
		t.Errorf("no branch over time:\n%s", s)
	}
	curves.LogX, curves.XTime = true, false
	curves.ToggleLogY(true)
	if s := view(); !strings.Contains(s, ",") {
		t.Errorf("no branch on logarithmic axes:\n%s", s)
	}
	curves.LogX, curves.ASCII = false, false
	curves.ToggleLogY(true)
	if s := view(); s != both {
		t.Errorf("it changed:\n%s\nwas:\n%s", s, both)
	}
	data.Reset()
	add(0, 3, 0)
	if s := view(); strings.Contains(s, "left") {
		t.Errorf("a log that was replaced has branches:\n%s", s)
	}
}
