package widget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

// TestLabelsApart puts the teacher's line, bands and the best value at the same place, at
// the right edge and elsewhere: every label is there as a whole, so none lies on
// another.
func TestLabelsApart(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for _, size := range [][2]int{{38, 8}, {50, 12}, {78, 20}, {198, 50}} {
			for _, at := range []float64{0, 1, 5, 9, 10} {
				for _, mean := range []float64{7, 8, 9.5, 20} {
					for _, sd := range []float64{0.01, 2, 12} {
						c := widget.NewChart(theme.New(true, ascii), "fid")
						c.ASCII, c.Best = ascii, widget.BestMin
						for x := range 11 {
							c.Add(0, float64(x), 20-1.2*float64(x))
						}
						c.SetReference(8, "teacher 8.000")
						c.SetBands([]widget.Band{
							{X: at, Mean: mean, SD: sd, Best: mean - sd/2, Label: "5 x 50k: 8 SD 1 best 7"},
							{X: at, Mean: mean + 0.1, SD: sd, Best: mean, Label: "3 x 10k: 9 SD 1 best 8"},
						})
						view := ansi.Strip(c.View(size[0], size[1]))
						for _, want := range []string{"teacher 8.000", "5 x 50k: 8 SD 1 best 7", "3 x 10k: 9 SD 1 best 8", "8.000"} {
							if strings.Count(view, want) < 1 {
								t.Fatalf("%v, at %v, %v ± %v, ASCII %v: no %q\n%s", size, at, mean, sd, ascii, want, view)
							}
						}
					}
				}
			}
		}
	}
}

// TestBandNarrow leaves the numbers of a band where its label has no room.
func TestBandNarrow(t *testing.T) {
	c := widget.NewChart(theme.New(true, false), "fid")
	for x := range 11 {
		c.Add(0, float64(x), 20)
	}
	c.SetBands([]widget.Band{{X: 10, Mean: 30, SD: 2, Best: 27, Label: fmt.Sprintf("3 x 50k: %s", strings.Repeat("x", 40))}})
	if view := ansi.Strip(c.View(40, 10)); !strings.Contains(view, "30.00 SD 2.000") {
		t.Errorf("no numbers:\n%s", view)
	}
}
