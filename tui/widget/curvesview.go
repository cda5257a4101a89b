package widget

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// grid is where the charts were drawn.
type grid struct {
	cols, rows int // as many fit …
	all        int // … of so many rows
	cells      []gridCell
}

// gridCell is one framed chart; inner is the place of its plot.
type gridCell struct {
	group          *curveGroup
	x, y, w, h     int
	innerX, innerY int
}

const (
	gridLabelW = 6  // all y labels of the grid, so that plots line up
	gridMinH   = 10 // lines of a chart with its frame
)

// gridColumns is how many charts stand side by side.
func gridColumns(w int) int {
	switch {
	case w >= 200:
		return 3
	case w >= 120:
		return 2
	}
	return 1
}

// View draws the charts that fit, the focused one among them, and a line about
// the axis or the cursor.
func (c *Curves) View(w, h int) string {
	e := c.theme.Glyphs.Ellipsis
	shown := c.shown()
	c.grid = grid{cells: c.grid.cells[:0]}
	if len(shown) == 0 || w < 14 || h < 5 {
		return Centered(strings.Split(c.theme.Dim.Render(c.Empty), "\n"), w, h, e)
	}
	c.prepare(shown)
	at := c.focusIndex(shown)
	if c.max {
		shown, at = shown[at:at+1], 0
	}
	c.layout(len(shown), at, w, h-1)
	var b strings.Builder
	b.Grow(c.size)
	for row := range c.grid.rows {
		c.viewRow(&b, shown, row, w, h-1)
	}
	b.WriteString(Fit(" "+c.status(w-1), w, e))
	c.size = b.Len() + 256 // for the next one
	return b.String()
}

// layout counts rows and columns and scrolls to the focus.
func (c *Curves) layout(n, focus, w, h int) {
	g := &c.grid
	g.cols = min(gridColumns(w), n)
	g.all = (n + g.cols - 1) / g.cols
	g.rows = min(max(h/gridMinH, 1), g.all)
	row := focus / g.cols
	c.top = min(max(c.top, row-g.rows+1, 0), row, g.all-g.rows)
}

// viewRow draws the charts of one visible row, each line with its end. The last
// chart of all has the rest of its row.
func (c *Curves) viewRow(b *strings.Builder, shown []*curveGroup, row, w, h int) {
	g := &c.grid
	y0, y1 := row*h/g.rows, (row+1)*h/g.rows
	first := len(g.cells)
	for col := range g.cols {
		x0, x1 := col*w/g.cols, (col+1)*w/g.cols
		i := (c.top+row)*g.cols + col
		if i >= len(shown) {
			break
		}
		if i == len(shown)-1 {
			x1 = w
		}
		cell := gridCell{group: shown[i], x: x0, y: y0, w: x1 - x0, h: y1 - y0}
		d := &cell.group.drawn
		if key := c.keyOf(&cell); !d.is(key, cell.group.chart.curves) {
			d.note(key, cell.group.chart.curves)
			var view string
			view, d.legendH = c.viewChart(&cell)
			d.lines = d.lines[:0]
			for line := range strings.SplitSeq(view, "\n") {
				d.lines = append(d.lines, line)
			}
		}
		cell.innerX, cell.innerY = cell.x+1, cell.y+1+d.legendH
		g.cells = append(g.cells, cell)
	}
	for y := range y1 - y0 {
		used := 0
		for i := range g.cells[first:] {
			cell := &g.cells[first+i]
			b.WriteString(cell.group.drawn.lines[y])
			used = cell.x + cell.w
		}
		for range w - used {
			b.WriteByte(' ')
		}
		b.WriteByte('\n')
	}
}

// viewChart draws one framed chart. A legend too long for the frame's edge takes
// lines from the plot.
func (c *Curves) viewChart(cell *gridCell) (view string, legendH int) {
	ch, t := cell.group.chart, c.theme
	w, h := cell.w-2, cell.h-2
	info, legend := ch.legend(false), ""
	title := t.Strong.Render(cell.group.title)
	focused := cell.group == c.focus
	if focused {
		title = t.Accent.Render(t.Glyphs.Cursor + " " + cell.group.title)
	}
	// Counted with the focus sign, so that moving the focus moves nothing else.
	room := cell.w - 9 - ansi.StringWidth(cell.group.title)
	if hidden := ch.hiddenCount(); hidden > 0 {
		info = append(info, t.Dim.Render(fmt.Sprintf("%d hidden", hidden)))
	}
	infoW := -2
	for _, item := range info {
		infoW += 2 + ansi.StringWidth(item)
	}
	if max(infoW, 0) > room {
		lines := flow(info, w, max(h/6, 1), t.Dim.Render(t.Glyphs.Ellipsis))
		legend, info = strings.Join(lines, "\n")+"\n", nil
		legendH = len(lines)
	}
	if !c.lens.reading { // the status line has the rest of what the cursor reads
		info = append(info, ch.bestText()...)
		info = append(info, ch.leftText()...)
		if ch.LogY {
			info = append(info, t.Dim.Render("log y"))
		}
		if ch.Smoothing > 0 && cell.group.smoothing != inherit {
			info = append(info, t.Dim.Render(fmt.Sprintf("ema %g", ch.Smoothing)))
		}
	}
	return Frame(t, title, info, legend+ch.View(w, h-legendH), cell.w, cell.h, focused), legendH
}

// hiddenCount is the number of curves with points that are not drawn.
func (c *Chart) hiddenCount() int {
	n := 0
	for _, s := range c.curves {
		if s.hidden && s.col.Len() > 0 {
			n++
		}
	}
	return n
}

// flow sets items into at most n lines of w cells; what has no room is shown by
// more.
func flow(items []string, w, n int, more string) []string {
	var lines []string
	line := ""
	for _, it := range items {
		switch {
		case line == "":
			line = " " + it
		case ansi.StringWidth(line)+2+ansi.StringWidth(it) <= w-2:
			line += "  " + it
		case len(lines) == n-1:
			return append(lines, Fit(line+" "+more, w, ""))
		default:
			lines = append(lines, Fit(line, w, ""))
			line = " " + it
		}
	}
	return append(lines, Fit(line, w, ""))
}

// status is the line below the charts: what is seen of the axis, or with the
// cursor on, what happened there and the focused chart's values.
func (c *Curves) status(w int) string {
	t, ch := c.theme, c.focus.chart
	if read := ch.ReadOut(); read != "" {
		return Fit(read, w, t.Glyphs.Ellipsis)
	}
	var parts []string
	if lo, hi, ok := ch.windowX(); ok && ch.Zoomed() {
		unit, per := ch.unit(scale{lo: lo, hi: hi})
		parts = append(parts, t.Accent.Render(fmt.Sprintf("%s to %s %s", Value(lo/per), Value(hi/per), unit)))
		if ch.Following() {
			parts = append(parts, "following")
		} else {
			parts = append(parts, t.Warn.Render("parked"))
		}
	}
	if c.XTime && !ch.timed() {
		parts = append(parts, t.Dim.Render("no times known"))
	}
	if c.LogX {
		parts = append(parts, t.Dim.Render("log x"))
	}
	if c.Smoothing > 0 {
		parts = append(parts, t.Dim.Render(fmt.Sprintf("ema %g", c.Smoothing)))
	}
	if g := &c.grid; g.rows < g.all {
		parts = append(parts, t.Dim.Render(fmt.Sprintf("rows %d to %d of %d", c.top+1, c.top+g.rows, g.all)))
	}
	return Fit(strings.Join(parts, "  "), w, t.Glyphs.Ellipsis)
}

// Info counts for the frame around the widget.
func (c *Curves) Info() []string {
	n, shown := 0, c.shown()
	for _, g := range shown {
		n += len(g.chart.curves)
	}
	if n == 0 {
		return nil
	}
	info := []string{c.theme.Dim.Render(fmt.Sprintf("%d curves in %d charts", n, len(shown)))}
	for _, r := range c.others {
		info = append(info, Plain(r.name))
	}
	return info
}
