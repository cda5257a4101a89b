package layers

import (
	"math"
	"strconv"
	"strings"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// row draws the y-th row.
func (f *frame) row(y int) {
	i := f.rows[y]
	t, g, u := f.theme, &f.theme.Glyphs, &f.layers.Net.Nodes[i]
	cursor := " "
	if y == f.cursor {
		cursor, f.bare = g.Cursor, true
		t.Select.Start(&f.b)
	}
	f.text(t.Accent, cursor, 1)
	f.text(t.Accent, f.markGlyph(u), 1)
	f.nameOf(y)
	f.text(t.Dim, u.Kind, f.kind)
	f.text(t.Dim, shapeText(u.Shape, g.Times, f.shape), f.shape)
	if f.params > 0 {
		f.right(t.Dim, widget.Count(u.Params), f.params-1)
		f.space(1)
	}
	f.space(1)
	state, k := f.stateOf(u)
	f.text(k, state, f.state)
	for _, c := range f.numbers(&f.list.Order) {
		f.value(c, i)
	}
	if f.spark > 0 {
		f.space(sparkGap)
		f.sparkline(i)
	}
	f.fill(f.w)
	if f.bare {
		f.bare = false
		t.Select.Stop(&f.b)
	}
	f.line()
}

// markGlyph tells whether all, some or none of a node's tensors are marked.
func (f *frame) markGlyph(u *session.Node) string {
	switch f.layers.Marked.In(u.Lo, u.Hi) {
	case 0:
		return " "
	case u.Hi - u.Lo:
		return f.theme.Glyphs.Done
	}
	return f.theme.Glyphs.None
}

// nameOf draws the first column: in the tree a step of the name below its parent,
// in a sorted list all of it.
func (f *frame) nameOf(y int) {
	net, i := f.layers.Net, f.rows[y]
	t, g, u := f.theme, &f.theme.Glyphs, &net.Nodes[i]
	w := max(f.name-nameGap, 0)
	defer f.space(f.name - w)
	if f.list.Order.By != session.ByTree {
		f.tail(t.Text, u.Key, w)
		return
	}
	indent := min(u.Depth*f.indent, w)
	f.space(indent)
	arrow, name, k := " ", u.Name, t.Text
	if !net.Leaf(i) {
		arrow = g.Folded
		if y+1 < len(f.rows) && net.Nodes[f.rows[y+1]].Parent == i {
			arrow = g.Open
		}
	}
	switch u.Level {
	case session.LevelResolution:
		name, k = strings.Replace(name, "x", g.Times, 1), t.Strong
	case session.LevelPart, session.LevelBlock:
		k = t.Strong
	case session.LevelTensor:
		k = t.Dim
	}
	f.text(t.Faint, arrow, min(2, w-indent))
	f.text(k, name, w-indent-2)
}

// stateOf words what happens to a node, counting frozen units where not all are
// of one kind; without room for words it is a glyph.
func (f *frame) stateOf(u *session.Node) (string, theme.Ink) {
	t, g := f.theme, &f.theme.Glyphs
	glyph, word, k := g.Training, "train", t.Good
	in, of := u.FrozenUnits, u.Units
	if u.Level >= session.LevelUnit {
		in, of = u.FrozenTensors, u.Hi-u.Lo
	}
	switch pending := f.layers.Pending.In(u.Lo, u.Hi); {
	case pending == u.Hi-u.Lo:
		glyph, word, k = g.Pending, "pending", t.Warn
	case pending > 0:
		glyph, word, k = g.Pending, "", t.Warn
	case in == of:
		glyph, word, k = g.Frozen, "frozen", t.Frozen
	case u.Frozen > 0:
		glyph, word, k = g.Mixed, "", t.Frozen
	}
	if lo, hi := f.layers.Net.RatesOf(u); word == "train" && lo < 1 {
		word = rateText(lo, hi, g.Times)
	}
	if (word == "frozen" || word == "train") && f.layers.Net.ByRule(u) {
		word = "by rule"
	}
	if f.state <= 2 {
		return glyph, k
	}
	if word == "" {
		word = strconv.Itoa(in) + "/" + strconv.Itoa(of)
	}
	return glyph + " " + word, k
}

// rateText words factors of the learning rate, from the least to the largest.
func rateText(lo, hi float64, times string) string {
	text := times + strconv.FormatFloat(lo, 'g', 3, 64)
	if lo != hi {
		text += "+"
	}
	return text
}

// value draws the newest number of a node in a column.
func (f *frame) value(c session.LayerColumn, node int) {
	t, v := f.theme, 0.0
	m, measured := c.Measurement()
	switch {
	case measured:
		v = f.layers.Stats.Latest(m, node)
	case c == session.ByCost:
		v, _ = f.layers.Probed(node)
	default:
		_, v = f.layers.Probed(node)
	}
	ink := t.Dim
	switch {
	case math.IsNaN(v):
		f.right(t.Faint, t.Glyphs.None, f.each-1)
		f.space(1)
		return
	case math.IsInf(v, 0):
		ink = t.Bad
	case measured && m == f.list.Order.OverTime, !measured && c == f.list.Order.By:
		ink = t.Text
	}
	f.right(ink, widget.ColumnValue(v), f.each-1)
	f.space(1)
}

// sparkline draws the chosen measurement over time, each row on a scale of its
// own. A change of less than a fifth does not fill the height: it should look
// flat.
func (f *frame) sparkline(node int) {
	spread(f.cells, f.layers.Stats.Series(f.list.Order.OverTime, node))
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range f.cells {
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
	g, ink := &f.theme.Glyphs, &f.theme.Raw[1]
	if !f.bare {
		ink.Start(&f.b)
	}
	for _, v := range f.cells {
		switch v := float64(v); {
		case math.IsNaN(v):
			f.b.WriteByte(' ')
		case hi == lo: // nothing moves
			f.b.WriteString(g.Spark[0])
		default:
			f.b.WriteString(g.Spark[int((min(v, hi)-lo)/(hi-lo)*7.999)])
		}
	}
	if !f.bare {
		ink.Stop(&f.b)
	}
	f.x += len(f.cells)
}

// spread puts values over time into cells, the newest at the right end: a cell
// for each value while they fit, then means. Cells without a value are NaN.
func spread(cells, v []float32) {
	nan := float32(math.NaN())
	for i := range cells {
		cells[i] = nan
	}
	if len(v) <= len(cells) {
		copy(cells[len(cells)-len(v):], v)
		return
	}
	cell, n := -1, float32(0)
	for i, x := range v {
		if c := i * len(cells) / len(v); c != cell {
			cell, n = c, 0
		}
		switch {
		case x != x:
		case n == 0:
			cells[cell], n = x, 1
		default:
			n++
			cells[cell] += (x - cells[cell]) * (1 / n)
		}
	}
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
