package widget_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

// TestBand: the bar of several measurements is on the chart with its label, widens the
// axis, and goes with the next list.
func TestBand(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "fid")
	c.ASCII = true
	for x := range 11 {
		c.Add(0, float64(x), 20-float64(x)/10)
	}
	before := ansi.Strip(c.View(80, 20))
	c.SetBands([]widget.Band{{X: 6, Mean: 30, SD: 2, Best: 27.5, Label: "3 x 50k: 30 SD 2 best 27.5"}})
	with := ansi.Strip(c.View(80, 20))
	if !strings.Contains(with, "3 x 50k: 30 SD 2 best 27.5") || !strings.Contains(with, "25") || strings.Contains(before, "25") {
		t.Errorf("no band that the axis reaches in\n%s", with)
	}
	c.SetBands(nil)
	if got := ansi.Strip(c.View(80, 20)); got != before {
		t.Errorf("without bands, got\n%s\nwant\n%s", got, before)
	}
}
