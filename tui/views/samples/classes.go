package samples

import (
	"fmt"
	"slices"
	"strings"

	"innate/tui/host"
	"innate/tui/sixel"
	"innate/tui/widget"
)

// Classes of a class-conditional network's samples.
//
// Every row of such a run's grids shows one class (Status.SampleClasses). Rows
// then stay rows wherever a grid shows, as sixel.Tiling says, and in the view of
// samples their classes stand at their left. For the labels the picture gives up
// a column of its rectangle, and then the cells that it doesn't need: labels are
// near their rows, and neither covered nor erased when the picture is placed.

// LabelWidth is how many cells labels take from the picture's rectangle.
func (v *View) LabelWidth() int {
	classes := v.h.Run().Info.Status.SampleClasses
	if len(classes) == 0 || v.stage == stageTile || v.h.Display().Probing || v.h.Display().Mode == sixel.Off {
		return 0
	}
	return classWidth(classes) + 1
}

// classWidth is how many cells the longest class takes.
func classWidth(classes []int) int { return len(fmt.Sprint(slices.Max(classes))) }

// classes are those of the rows of the grid that shows. They are unknown, nil,
// when it has another number of rows, as from before live.sample_count changed.
func (v *View) classes() []int {
	classes := v.h.Run().Info.Status.SampleClasses
	if v.tiles().Rows() != len(classes) {
		return nil
	}
	return classes
}

// label names the classes beside a part of the picture, height pixels from top
// on, that l lays out. Rows that share a line of text have the label of the first.
func (v *View) label(p *plate, k *host.Canvas, l sixel.Layout, top, height int) {
	classes := v.classes()
	for row := range l.Rows {
		i := l.Index(row*l.Cols) / l.Stride()
		if i >= len(classes) {
			return
		}
		middle := top + (2*row+1)*height/(2*l.Rows)
		line := p.dy + middle/k.CellH
		if p.labels == nil {
			p.labels = map[int]string{}
		}
		if _, taken := p.labels[line]; !taken {
			p.labels[line] = v.h.Theme().Dim.Render(fmt.Sprint(classes[i]))
		}
	}
}

// covered are the cells of the picture: its rectangle or, beside labels, what its
// pixels need of that.
func (v *View) covered(p parts) host.Rect {
	if p.labels == 0 || v.plate.img == nil {
		return p.picture
	}
	return host.Rect{X: p.picture.X + v.plate.dx, Y: p.picture.Y, W: v.plate.cols, H: p.picture.H}
}

// labelled puts labels before the lines of the picture.
func (v *View) labelled(p parts, text string) string {
	if p.labels == 0 {
		return text
	}
	at := v.covered(p)
	left := strings.Repeat(" ", at.X-p.picture.X)
	right := strings.Repeat(" ", p.picture.W-at.W-len(left))
	lines := strings.Split(text, "\n")
	for y, line := range lines {
		lines[y] = left + widget.FitLeft(v.plate.labels[y], p.labels-1) + " " + line + right
	}
	return strings.Join(lines, "\n")
}

// pageName says which samples show, for the end of a caption, if not all do.
func (v *View) pageName(l sixel.Layout, t widget.Tiles) string {
	if !v.h.Run().Tiling().ByRow {
		if room := l.Cols * l.Rows; room < t.Len() {
			return fmt.Sprintf("   %d to %d show", l.First+1, min(l.First+room, t.Len()))
		}
		return ""
	}
	return part("row", l.First/l.Stride(), l.Rows, t.Rows()) + part("column", l.First%l.Stride(), l.Cols, t.Cols())
}

// part words n of all things from first on, if they aren't all.
func part(thing string, first, n, all int) string {
	n = min(n, all-first)
	switch {
	case n == all:
		return ""
	case n == 1:
		return fmt.Sprintf("   %s %d of %d", thing, first+1, all)
	}
	return fmt.Sprintf("   %ss %d to %d of %d", thing, first+1, first+n, all)
}
