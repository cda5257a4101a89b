package panes

import (
	"strconv"
	"strings"

	"innate/tui/theme"
)

// Widths of the columns right of the name.
const (
	kindW  = 7
	shapeW = 14
	countW = 8
	wordW  = 9 // glyph and word of the state
	glyphW = 2
)

// View draws the visible rows around the cursor.
func (l *Layers) View(w, h int) string {
	g := l.theme.Glyphs
	l.height = h
	if len(l.groups) == 0 || len(l.rows) == 0 {
		text := l.Empty
		if len(l.groups) > 0 {
			text = "no layer matches /" + l.filter
		}
		return Centered(strings.Split(l.theme.Dim.Render(text), "\n"), w, h, g.Ellipsis)
	}
	l.scroll(h)
	lines := make([]string, 0, h)
	for y := l.top; y < len(l.rows) && len(lines) < h; y++ {
		lines = append(lines, l.line(l.rows[y], y == l.cursor, w))
	}
	return Block(lines, w, h, g.Ellipsis)
}

// scroll keeps the cursor on screen and the last page full.
func (l *Layers) scroll(h int) {
	l.top = min(l.top, l.cursor)
	l.top = max(l.top, l.cursor-h+1)
	l.top = max(min(l.top, len(l.rows)-h), 0)
}

// line draws one row: marker, name, kind, shape, parameters, state. Kind and
// shape show when the name leaves room.
func (l *Layers) line(r layerRow, selected bool, w int) string {
	t, g := l.theme, l.theme.Glyphs
	c := l.cells(r)
	stateW := glyphW
	if w >= 44 {
		stateW = wordW
	}
	nameW := w - 1 - countW - 1 - stateW
	var kindCol, shapeCol string
	if nameW-kindW >= 22 {
		nameW -= kindW
		kindCol = Fit(Plain(c.kind), kindW, g.Ellipsis)
	}
	if nameW-shapeW >= 30 {
		nameW -= shapeW
		shapeCol = FitLeft(c.shape, shapeW)
	}
	marker := " "
	if selected {
		marker = g.Cursor
	}
	name := Fit(Plain(c.name), nameW, g.Ellipsis)
	number := shapeCol + FitLeft(Count(c.count), countW) + " "
	state, ink := l.state(c.count, c.frozen, c.pending)
	state = Fit(state, stateW, "")
	if selected {
		return t.Select.Render(marker + name + kindCol + number + state)
	}
	if c.head {
		name = t.Strong.Render(name)
	}
	return marker + name + kindCol + t.Dim.Render(number) + ink.Render(state)
}

// cells is what a row says.
type cells struct {
	name, kind, shape string
	count, frozen     int64
	pending, head     bool
}

func (l *Layers) cells(r layerRow) cells {
	g, grp := l.theme.Glyphs, &l.groups[r.group]
	if r.unit < 0 {
		arrow := g.Open
		if l.folded[grp.key] && l.filter == "" {
			arrow = g.Folded
		}
		c := cells{name: arrow + " " + grp.key, head: true}
		c.count, c.frozen = grp.sums()
		for i := range grp.units {
			c.pending = c.pending || l.pending[grp.units[i].key]
		}
		return c
	}
	u := &grp.units[r.unit]
	c := cells{name: "    " + u.short, kind: u.kind, shape: shapeText(u.tensors[0].Shape, g.Times), count: u.count, frozen: u.frozen, pending: l.pending[u.key]}
	if grp.single() {
		c.name, c.head = "  "+u.key, true
	}
	return c
}

// shapeText writes the shape of a unit's first tensor, its weight.
func shapeText(shape []int, times string) string {
	var s []string
	for _, d := range shape {
		s = append(s, strconv.Itoa(d))
	}
	return strings.Join(s, times)
}

// state words what happens to count parameters of which frozen stand still.
func (l *Layers) state(count, frozen int64, pending bool) (string, theme.Ink) {
	t, g := l.theme, l.theme.Glyphs
	switch {
	case pending:
		return g.Pending + " pending", t.Warn
	case count > 0 && frozen == count:
		return g.Frozen + " frozen", t.Frozen
	case frozen > 0:
		return g.Mixed + " partly", t.Frozen
	}
	return g.Training + " train", t.Good
}
