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

// TestSpread draws a band about a curve, which widens the axis, and has no place for
// what a logarithmic one has not.
func TestSpread(t *testing.T) {
	curves, data := widget.NewOverlay(theme.New(true, false), []string{"a", "b"}, []string{"fid"}, widget.Known{})
	sd := series.NewColumn("fid")
	for i := range 40 {
		x := float64(i + 1)
		data[0].Append(x, time.Time{}, []string{"fid"}, []float64{50})
		sd.Add(x, 20)
	}
	view := func() string { return ansi.Strip(curves.View(80, 20)) }
	dots := func(s string) (n int) {
		for _, r := range s {
			if r > 0x2800 && r <= 0x28ff {
				n++
			}
		}
		return n
	}
	flat := view()
	curves.SetSpread("fid", 0, sd)
	banded := view()
	if dots(banded) < 3*dots(flat) || !strings.Contains(banded, "70┤") && !strings.Contains(banded, "60┤") {
		t.Errorf("no band of 30 to 70 about 50:\n%s\nwithout:\n%s", banded, flat)
	}
	curves.SetSpread("fid", 7, sd) // there is no such curve
	wide := series.NewColumn("fid")
	for i := range 40 {
		wide.Add(float64(i+1), 60)
	}
	curves.SetSpread("fid", 0, wide)
	curves.ToggleLogY(true)
	if log := view(); dots(log) == 0 || strings.Contains(log, "NaN") {
		t.Errorf("a band below zero on a logarithmic axis:\n%s", log)
	}
	curves.SetSpread("fid", 0, nil)
	curves.ToggleLogY(true)
	if again := view(); again != flat {
		t.Errorf("the band stays:\n%s", again)
	}
}
