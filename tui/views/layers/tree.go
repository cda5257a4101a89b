package layers

import (
	"fmt"
	"strings"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// tree draws a list of layers, with a map of the network where there is room.
type tree struct {
	theme *theme.Theme
	list  *session.LayerList
	cells []float32 // of a sparkline; reused

	first  int // line of the first row in the last View …
	height int // … and how many rows there were, for paging
}

// newTree draws a list.
func newTree(t *theme.Theme, list *session.LayerList) *tree { return &tree{theme: t, list: list} }

// SetTheme redraws in other colours.
func (t *tree) SetTheme(th *theme.Theme) { t.theme = th }

// frame is one View on its way.
type frame struct {
	*pen
	theme  *theme.Theme
	list   *session.LayerList
	layers *session.Layers
	rows   []int // nodes
	cursor int
	cells  []float32
	columns
}

// View draws the map, if there is room, the heads of the columns and the
// visible rows around the cursor.
func (t *tree) View(w, h int) string {
	ellipsis := t.theme.Glyphs.Ellipsis
	t.height = h
	rows, layers := t.list.Rows(), t.list.Layers
	if len(rows) == 0 {
		text := "no layers known yet"
		if layers.Known() {
			text = "no layer matches /" + widget.Plain(t.list.Filter())
		}
		return widget.Centered(strings.Split(t.theme.Dim.Render(text), "\n"), w, h, ellipsis)
	}
	if w <= 0 || h <= 0 {
		return widget.Block(nil, w, h, "")
	}
	f := &frame{
		pen: &pen{ellipsis: ellipsis, w: w}, theme: t.theme, list: t.list, layers: layers,
		rows: rows, cursor: t.list.Row(), columns: t.columns(w),
	}
	f.b.Grow(3 * w * h)
	if m, ok := mapOf(layers.Net.Nodes, w, h); ok {
		m.draw(f)
		if h >= 30 {
			f.line()
		}
	}
	if f.spark > 0 && h-f.lines >= 8 {
		f.heads()
	}
	if len(t.cells) < f.spark {
		t.cells = make([]float32, f.spark)
	}
	f.cells = t.cells[:f.spark]
	t.first, t.height = f.lines, h-f.lines
	t.scroll()
	for y := t.list.Top; f.lines < h; y++ {
		if y < len(rows) {
			f.row(y)
			continue
		}
		f.line()
	}
	return strings.TrimSuffix(f.b.String(), "\n")
}

// columns are those of a View of w cells.
func (t *tree) columns(w int) columns {
	return columnsFor(w, t.list.Layers.Probe != nil, t.list.Order.By != session.ByTree)
}

// scroll keeps the cursor on screen and the last page full.
func (t *tree) scroll() {
	cursor := t.list.Row()
	top := min(t.list.Top, cursor)
	top = max(top, cursor-t.height+1)
	t.list.Top = max(min(top, len(t.list.Rows())-t.height), 0)
}

// Page moves the cursor by screens.
func (t *tree) Page(by int) { t.list.Move(by * max(t.height-1, 1)) }

// MoveTo moves the cursor to the row drawn in a line of the last View, for the
// mouse. It returns whether there is one.
func (t *tree) MoveTo(line int) bool {
	row := t.list.Top + line - t.first
	if line < t.first || line >= t.first+t.height || row >= len(t.list.Rows()) {
		return false
	}
	t.list.MoveTo(row)
	return true
}

// ColumnAt returns the column at cell x of a View of w cells, and whether line y
// is the line of heads.
func (t *tree) ColumnAt(x, y, w int) (column session.LayerColumn, head bool) {
	c := t.columns(w)
	return c.at(x, &t.list.Order), c.spark > 0 && t.first > 0 && y == t.first-1
}

// Info is the legend for the frame: filter, order, marks, and how many units
// are frozen.
func (t *tree) Info() []string {
	th, g, l := t.theme, &t.theme.Glyphs, t.list
	var info []string
	if filter := l.Filter(); filter != "" {
		info = append(info, th.Accent.Render("/"+widget.Plain(filter)))
	}
	if n := l.Layers.Marked.Len(); n > 0 {
		info = append(info, th.Accent.Render(fmt.Sprintf("%s %d marked", g.Done, n)))
	}
	if l.Order.By != session.ByTree {
		info = append(info, th.Dim.Render("by ")+l.Order.By.String()+arrow(th, &l.Order))
	}
	if total := &l.Layers.Net.Total; total.Units > 0 {
		info = append(info, th.Frozen.Render(g.Frozen)+fmt.Sprintf(" %d", total.FrozenUnits)+th.Dim.Render(fmt.Sprintf("/%d", total.Units)))
	}
	return info
}

// arrow shows the direction of the order: down from the largest, or from a.
func arrow(t *theme.Theme, o *session.LayerOrder) string {
	if o.Reverse {
		return t.Glyphs.Up
	}
	return t.Glyphs.Down
}

// heads names the columns; the one that orders the rows has an arrow, the one
// that is drawn over time is bright.
func (f *frame) heads() {
	t, order := f.theme, &f.list.Order
	overTime := session.ColumnOf(order.OverTime)
	head := func(c session.LayerColumn, w int, right bool) {
		k, mark := t.Dim, " "
		if c == overTime {
			k = t.Text
		}
		if c == order.By {
			k, mark = t.Accent, arrow(t, order)
		}
		if right {
			f.right(k, c.String()+mark, w)
			return
		}
		f.text(k, c.String()+mark, w)
	}
	f.space(markW)
	head(session.ByName, f.name, false)
	head(session.ByKind, f.kind, false)
	f.text(t.Dim, "shape", f.shape)
	head(session.ByParams, f.params, true)
	f.space(1)
	head(session.ByState, f.state, false)
	for _, c := range f.numbers(order) {
		head(c, f.each, true)
	}
	f.space(sparkGap)
	over := "over time"
	if f.spark >= 20 {
		over = overTime.String() + " over time"
	}
	if nimg := f.layers.Stats.Nimg; len(nimg) > 1 && f.spark >= 40 {
		over += ", " + widget.Kimg(nimg[0]) + " to " + widget.Kimg(nimg[len(nimg)-1]) + " kimg"
	}
	f.text(t.Dim, over, f.spark)
	f.line()
}
