package widget

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// TableMargin is the cells in front of the columns, for cursor and mark, and
// TableGap those between two columns.
const (
	TableMargin = 3
	TableGap    = 2
)

// View draws the heads of the columns and the rows around the cursor.
func (t *Table) View(th *theme.Theme, w, h int) string {
	e := th.Glyphs.Ellipsis
	t.height = max(h-1, 0)
	if len(t.visible) == 0 {
		var text []string
		for _, line := range t.Empty {
			text = append(text, th.Dim.Render(line))
		}
		return Centered(text, w, h, e)
	}
	t.top = min(t.top, t.cursor)
	t.top = max(t.top, t.cursor-t.height+1)
	t.top = max(min(t.top, len(t.visible)-t.height), 0)
	lines := []string{t.head(th)}
	for i := t.top; i < min(t.top+t.height, len(t.visible)); i++ {
		lines = append(lines, t.row(th, i, w))
	}
	return Block(lines, w, h, e)
}

// head names the columns; the one that orders the rows is bright, with an arrow.
func (t *Table) head(th *theme.Theme) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", TableMargin-TableGap))
	for _, c := range t.columns {
		if c.W == 0 {
			continue
		}
		ink, name := th.Dim, c.Name
		if c.Name == t.sort {
			ink, name = th.Strong, c.Name+t.arrow(th)
		}
		b.WriteString(strings.Repeat(" ", TableGap) + ink.Render(c.fit(name, "")))
	}
	return b.String()
}

func (t *Table) arrow(th *theme.Theme) string {
	if t.reverse {
		return th.Glyphs.Down
	}
	return th.Glyphs.Up
}

func (c TableColumn) fit(s, ellipsis string) string {
	switch {
	case c.Right:
		return FitLeft(s, c.W)
	case c.Middle:
		return FitMiddle(s, c.W, ellipsis)
	}
	return Fit(s, c.W, ellipsis)
}

func (t *Table) row(th *theme.Theme, at, w int) string {
	g, r := th.Glyphs, &t.rows[t.visible[at]]
	var b strings.Builder
	for i, c := range t.columns {
		if c.W > 0 {
			b.WriteString(strings.Repeat(" ", TableGap) + c.fit(r.Cells[i].Text, g.Ellipsis))
		}
	}
	mark := " "
	if t.marks[r.Key] {
		mark = g.Done
	}
	if at == t.cursor {
		return th.Select.Render(Fit(g.Cursor+mark+ansi.Strip(b.String())[TableGap-1:], w, g.Ellipsis))
	}
	return " " + th.Accent.Render(mark) + b.String()[TableGap-1:]
}

// Info says for the frame what shows, how many are marked, and the order if its
// column has no room.
func (t *Table) Info(th *theme.Theme) []string {
	var info []string
	if n := len(t.visible); n < len(t.rows) {
		info = append(info, fmt.Sprintf("%d of %d", n, len(t.rows)))
	}
	if n := len(t.marks); n > 0 {
		info = append(info, th.Accent.Render(fmt.Sprintf("%s %d marked", th.Glyphs.Done, n)))
	}
	if c := t.column(); c >= 0 && t.columns[c].W == 0 {
		info = append(info, th.Dim.Render("by "+t.sort+t.arrow(th)))
	}
	if n := len(t.visible); t.height > 0 && n > t.height {
		info = append(info, th.Dim.Render(fmt.Sprintf("%d to %d", t.top+1, t.top+t.height)))
	}
	return info
}

// Sparkline draws values over w cells, the newest at the right end: a cell for
// each while they fit, then means. With log, heights follow logarithms if all
// values have one.
func Sparkline(t *theme.Theme, v []float64, w int, log bool) string {
	if w <= 0 {
		return ""
	}
	n := min(len(v), w)
	cells, counts := make([]float64, n), make([]int, n)
	for i, x := range v {
		if finite(x) {
			c := i * n / len(v)
			counts[c]++
			cells[c] += (x - cells[c]) / float64(counts[c])
		}
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for i, x := range cells {
		if counts[i] > 0 {
			lo, hi = min(lo, x), max(hi, x)
		}
	}
	s, g := exactScale(lo, hi, log && lo > 0), &t.Glyphs
	var b strings.Builder
	b.WriteString(strings.Repeat(" ", w-n))
	for i, x := range cells {
		switch {
		case counts[i] == 0:
			b.WriteByte(' ')
		case lo == hi:
			b.WriteString(g.Spark[0])
		default:
			b.WriteString(g.Spark[int(s.at(x)*7.999)])
		}
	}
	return b.String()
}
