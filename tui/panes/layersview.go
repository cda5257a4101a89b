package panes

import (
	"strings"

	"innate/tui/widget"
)

// layerColumns are the widths of the columns; 0 leaves one out. The name takes
// what is left, and past nameMax the sparkline.
type layerColumns struct {
	indent            int // per level
	name, kind, shape int
	params, state     int
	each              int  // of a measurement; like params, with the arrow's cell
	all               bool // three of them
	spark             int
}

const (
	markW    = 2  // cursor and mark
	nameMax  = 40 // what the longest common name needs in a sorted list
	sparkMax = 96
	sparkGap = 2
)

// columnsFor decides by width alone, so that nothing moves while values change.
func columnsFor(w int) layerColumns {
	c := layerColumns{indent: 1, params: 8, state: 2}
	switch {
	case w >= 116:
		c = layerColumns{indent: 2, kind: 8, params: 9, state: 11, each: 9, all: true, spark: 22}
		if w >= 150 {
			c.shape = 16
		}
	case w >= 70:
		c = layerColumns{indent: 2, kind: 7, params: 8, state: 10, each: 9, spark: 14}
	case w >= 56:
		c.indent, c.kind, c.state = 2, 7, 9
	case w >= 44:
		c.kind, c.state = 7, 9
	case w >= 34:
		c.kind = 7
	}
	measured := c.each
	if c.all {
		measured *= int(statCount)
	}
	c.name = w - markW - c.kind - c.shape - c.params - 1 - c.state - measured
	if c.spark > 0 {
		c.name -= sparkGap + c.spark
	}
	c.name = max(c.name, 0)
	if extra := c.name - nameMax; extra > 0 && c.spark > 0 {
		extra = min(extra, sparkMax-c.spark)
		c.name -= extra
		c.spark += extra
	}
	return c
}

// View draws the map, if there is room, the heads of the columns and the
// visible rows around the cursor.
func (l *Layers) View(w, h int) string {
	g := l.theme.Glyphs
	l.height = h
	if len(l.rows) == 0 {
		text := l.Empty
		if len(l.net.nodes) > 0 {
			text = "no layer matches /" + widget.Plain(l.filter)
		}
		return widget.Centered(strings.Split(l.theme.Dim.Render(text), "\n"), w, h, g.Ellipsis)
	}
	if w <= 0 || h <= 0 {
		return widget.Block(nil, w, h, "")
	}
	p := &pen{ellipsis: g.Ellipsis, w: w}
	p.b.Grow(3 * w * h)
	if m, ok := l.uMapOf(w, h); ok {
		m.draw(p, l)
		if h >= 30 {
			p.line()
		}
	}
	c := columnsFor(w)
	if c.spark > 0 && h-p.lines >= 8 {
		l.heads(p, c)
		p.line()
	}
	l.first, l.height = p.lines, h-p.lines
	l.scroll(l.height)
	for y := l.top; p.lines < h; y++ {
		if y < len(l.rows) {
			l.line(p, c, y)
			continue
		}
		p.line()
	}
	return strings.TrimSuffix(p.b.String(), "\n")
}

// scroll keeps the cursor on screen and the last page full.
func (l *Layers) scroll(h int) {
	l.top = min(l.top, l.cursor)
	l.top = max(l.top, l.cursor-h+1)
	l.top = max(min(l.top, len(l.rows)-h), 0)
}

// heads names the columns; the one that orders the rows has an arrow, the one
// that is drawn over time is bright.
func (l *Layers) heads(p *pen, c layerColumns) {
	t := l.theme
	head := func(col LayerColumn, w int, right bool) {
		k, arrow := t.Dim, " "
		if s, ok := col.stat(); ok && s == l.chosen {
			k = t.Text
		}
		if col == l.sort {
			k, arrow = t.Accent, l.arrow()
		}
		if right {
			p.right(k, col.String()+arrow, w)
			return
		}
		p.text(k, col.String()+arrow, w)
	}
	p.space(markW)
	head(ByName, c.name, false)
	head(ByKind, c.kind, false)
	p.text(t.Dim, "shape", c.shape)
	head(ByParams, c.params, true)
	p.space(1)
	head(ByState, c.state, false)
	for k := range statCount {
		if c.all || k == l.chosen {
			head(ByGrad+LayerColumn(k), c.each, true)
		}
	}
	p.space(sparkGap)
	over := "over time"
	if c.spark >= 20 {
		over = columnNames[ByGrad+LayerColumn(l.chosen)] + " over time"
	}
	if nimg := l.stats.nimg; len(nimg) > 1 && c.spark >= 40 {
		over += ", " + widget.Kimg(nimg[0]) + " to " + widget.Kimg(nimg[len(nimg)-1]) + " kimg"
	}
	p.text(t.Dim, over, c.spark)
}

// arrow shows the direction of the order: down from the largest, or from a.
func (l *Layers) arrow() string {
	if l.reverse {
		return l.theme.Glyphs.Up
	}
	return l.theme.Glyphs.Down
}
