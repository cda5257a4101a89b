package panes

import (
	"math"
	"strconv"
	"strings"

	"innate/tui/theme"
	"innate/tui/widget"
)

// line draws the y-th row.
func (l *Layers) line(p *pen, c layerColumns, y int) {
	i := l.rows[y]
	t, g, u := l.theme, l.theme.Glyphs, &l.net.nodes[i]
	cursor := " "
	if y == l.cursor {
		cursor, p.bare = g.Cursor, true
		t.Select.Start(&p.b)
	}
	p.text(t.Accent, cursor, 1)
	p.text(t.Accent, l.markGlyph(u.lo, u.hi), 1)
	l.name(p, c, y)
	p.text(t.Dim, u.kind, c.kind)
	p.text(t.Dim, shapeText(u.shape, g.Times, c.shape), c.shape)
	p.right(t.Dim, widget.Count(u.params), c.params-1)
	p.space(2)
	state, k := l.state(u, c.state)
	p.text(k, state, c.state)
	for m := range statCount {
		if c.each > 0 && (c.all || m == l.chosen) {
			l.value(p, c, m, i)
		}
	}
	if c.spark > 0 {
		p.space(sparkGap)
		l.spark(p, c, i)
	}
	p.fill(p.w)
	if p.bare {
		p.bare = false
		t.Select.Stop(&p.b)
	}
	p.line()
}

// markGlyph tells whether all, some or none of the tensors are marked.
func (l *Layers) markGlyph(lo, hi int) string {
	marked := 0
	for i := lo; i < hi && l.marked > 0; i++ {
		marked += b2i(l.net.tensors[i].marked)
	}
	switch marked {
	case 0:
		return " "
	case hi - lo:
		return l.theme.Glyphs.Done
	}
	return l.theme.Glyphs.None
}

// name draws the first column: in the tree a step of the name below its parent,
// in a sorted list all of it.
func (l *Layers) name(p *pen, c layerColumns, y int) {
	i := l.rows[y]
	t, g, u := l.theme, l.theme.Glyphs, &l.net.nodes[i]
	if l.sort != ByTree {
		p.tail(t.Text, u.key, c.name)
		return
	}
	indent := min(u.depth*c.indent, c.name)
	p.space(indent)
	arrow, name, k := " ", u.name, t.Text
	if !l.net.leaf(i) {
		arrow = g.Folded
		if y+1 < len(l.rows) && l.net.nodes[l.rows[y+1]].parent == i {
			arrow = g.Open
		}
	}
	switch u.level {
	case levelResolution:
		name, k = strings.Replace(name, "x", g.Times, 1), t.Strong
	case levelPart, levelBlock:
		k = t.Strong
	case levelTensor:
		k = t.Dim
	}
	p.text(t.Faint, arrow, min(2, c.name-indent))
	p.text(k, name, c.name-indent-2)
}

// state words what happens to a node, counting frozen units where not all are of
// one kind; without room for words it is a glyph.
func (l *Layers) state(u *node, w int) (string, theme.Ink) {
	t, g := l.theme, l.theme.Glyphs
	glyph, word, k := g.Training, "train", t.Good
	in, of := u.frozenUnits, u.units
	if u.level >= levelUnit {
		in, of = u.frozenTensors, u.hi-u.lo
	}
	switch pending := l.pendingIn(u.lo, u.hi); {
	case pending == u.hi-u.lo:
		glyph, word, k = g.Pending, "pending", t.Warn
	case pending > 0:
		glyph, word, k = g.Pending, "", t.Warn
	case in == of:
		glyph, word, k = g.Frozen, "frozen", t.Frozen
	case u.frozen > 0:
		glyph, word, k = g.Mixed, "", t.Frozen
	}
	if word == "" && w > 2 {
		word = strconv.Itoa(in) + "/" + strconv.Itoa(of)
	}
	if w <= 2 {
		return glyph, k
	}
	return glyph + " " + word, k
}

// pendingIn counts the tensors[lo:hi] that a command is under way for.
func (l *Layers) pendingIn(lo, hi int) (n int) {
	for i := lo; i < hi && l.pending > 0; i++ {
		n += b2i(l.net.tensors[i].pending)
	}
	return n
}

// value draws the newest measurement.
func (l *Layers) value(p *pen, c layerColumns, k stat, i int) {
	ink, v := l.theme.Dim, l.stats.latest(k, i)
	switch {
	case math.IsNaN(v):
		p.right(l.theme.Faint, l.theme.Glyphs.None, c.each-1)
		p.space(1)
		return
	case math.IsInf(v, 0):
		ink = l.theme.Bad
	case k == l.chosen:
		ink = l.theme.Text
	}
	p.right(ink, widget.ColumnValue(v), c.each-1)
	p.space(1)
}

// spark draws the chosen measurement over time, each row on a scale of its own.
// A change of less than a fifth does not fill the height: it should look flat.
func (l *Layers) spark(p *pen, c layerColumns, i int) {
	if len(l.cells) < c.spark {
		l.cells = make([]float32, c.spark)
	}
	cells := l.cells[:c.spark]
	l.stats.spark(cells, l.chosen, i)
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range cells {
		if v := float64(v); finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	if lo > hi {
		return
	}
	if room := hi / 5; hi-lo < room {
		lo, hi = (lo+hi-room)/2, (lo+hi+room)/2
	}
	g := &l.theme.Glyphs
	if !p.bare {
		l.theme.Raw[1].Start(&p.b)
	}
	for _, v := range cells {
		switch v := float64(v); {
		case math.IsNaN(v):
			p.b.WriteByte(' ')
		case hi == lo: // nothing moves
			p.b.WriteString(g.Spark[0])
		default:
			p.b.WriteString(g.Spark[int((min(v, hi)-lo)/(hi-lo)*7.999)])
		}
	}
	if !p.bare {
		l.theme.Raw[1].Stop(&p.b)
	}
	p.x += c.spark
}

func finite(v float64) bool { return v-v == 0 }

// shapeText writes a shape, or nothing where there is no room for the column.
func shapeText(shape []int, times string, w int) string {
	if w == 0 {
		return ""
	}
	s := make([]byte, 0, 24)
	for i, d := range shape {
		if i > 0 {
			s = append(s, times...)
		}
		s = strconv.AppendInt(s, int64(d), 10)
	}
	return string(s)
}
