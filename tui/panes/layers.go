package panes

import (
	"fmt"
	"slices"

	"innate/trainer/run"
	"innate/tui/theme"
	"innate/tui/widget"
)

// Layers is the tree of the trained network: parts, resolutions, blocks, and in
// them the layer units that freezing works on (a unit is a weight with its bias).
// Sorted, it is a flat list of the units.
type Layers struct {
	Empty string // shown while no layer is known

	theme *theme.Theme
	net   *network
	open  []bool // by node: are its rows shown
	rows  []int  // visible nodes, in order

	filter string
	terms  []term
	hits   []int // of the first i tensors, how many the filter accepts

	sort    LayerColumn
	reverse bool
	chosen  stat // drawn over time
	stats   layerStats
	cells   []float32 // of a sparkline; reused

	marked, pending int // tensors
	history         FreezeHistory
	speed           speedModel

	cursor int // in rows
	top    int // first row on screen
	first  int // line of that row in the last View …
	height int // … and how many rows there were, for paging
}

// NewLayers returns an empty tree.
func NewLayers(t *theme.Theme) *Layers {
	return &Layers{theme: t, net: newNetwork(nil), hits: []int{0}, chosen: statUpdate}
}

// SetTheme redraws in other colours.
func (l *Layers) SetTheme(t *theme.Theme) { l.theme = t }

// SetLayers brings the network as it is now. Cursor, folds, marks and the
// history of measurements stay unless it is another network, of which only the
// cursor and the folds that still fit stay; it reports whether it is.
func (l *Layers) SetLayers(layers []run.Layer) (other bool) {
	l.history.See(layers)
	if l.net.same(layers) {
		l.net.update(layers)
		l.rebuild()
		return false
	}
	before, open, at := l.net, l.open, -1
	if l.cursor < len(l.rows) {
		at = l.rows[l.cursor]
	}
	type id struct {
		level level
		key   string
	}
	old := make(map[id]int, len(before.nodes))
	for i := range before.nodes {
		old[id{before.nodes[i].level, before.nodes[i].key}] = i
	}
	l.net, l.stats = newNetwork(layers), layerStats{}
	l.marked, l.pending, l.speed = 0, 0, speedModel{}
	l.open = make([]bool, len(l.net.nodes))
	keep := -1
	for i := range l.net.nodes {
		u := &l.net.nodes[i]
		l.open[i] = u.level < levelUnit
		if j, ok := old[id{u.level, u.key}]; ok {
			l.open[i] = open[j]
			if j == at {
				keep = i
			}
		}
	}
	l.rows = l.rows[:0]
	l.rebuild()
	l.seek(keep)
	return true
}

// rebuild lists the visible rows anew and keeps the cursor on its layer and, as
// far as there are rows, at its height on the screen.
func (l *Layers) rebuild() {
	at := -1
	if l.cursor < len(l.rows) {
		at = l.rows[l.cursor]
	}
	l.match()
	l.rows = l.rows[:0]
	if l.sort != ByTree {
		for i := range l.net.nodes {
			if u := &l.net.nodes[i]; u.level == levelUnit && l.hit(u.lo, u.hi) > 0 {
				l.rows = append(l.rows, i)
			}
		}
		l.sortRows()
	} else {
		l.listTree()
	}
	l.seek(at)
}

// listTree lists the rows of the tree. Under a filter what matches shows
// whatever is folded, down to the tensors where only some of a unit match.
func (l *Layers) listTree() {
	for i := 0; i < len(l.net.nodes); {
		u := &l.net.nodes[i]
		hits := l.hit(u.lo, u.hi)
		if hits == 0 {
			i = u.end
			continue
		}
		l.rows = append(l.rows, i)
		open := l.open[i]
		if len(l.terms) > 0 && !open {
			open = u.level < levelUnit || hits < u.hi-u.lo
		}
		if open {
			i++
			continue
		}
		i = u.end
	}
}

// seek puts the cursor on a node, or the nearest above it that is visible, and
// scrolls along.
func (l *Layers) seek(at int) {
	before := l.cursor
	for ; at >= 0; at = l.net.nodes[at].parent {
		if y := slices.Index(l.rows, at); y >= 0 {
			l.cursor = y
			l.top = max(l.top+y-before, 0)
			return
		}
	}
	l.Move(0)
}

// Move moves the cursor by rows, stopping at the ends.
func (l *Layers) Move(by int) { l.cursor = max(min(l.cursor+by, len(l.rows)-1), 0) }

// Page moves by screens.
func (l *Layers) Page(by int) { l.Move(by * max(l.height-1, 1)) }

// MoveTo moves the cursor to the row drawn in a line of the last View, for the
// mouse. It returns whether there is one.
func (l *Layers) MoveTo(line int) bool {
	y := l.top + line - l.first
	if line < l.first || line >= l.first+l.height || y >= len(l.rows) {
		return false
	}
	l.cursor = y
	return true
}

// Fold folds or unfolds what the cursor is on; folding something closed folds
// what it is in, and the cursor goes there. A sorted list has no folds.
func (l *Layers) Fold(fold bool) {
	if l.cursor >= len(l.rows) || l.sort != ByTree {
		return
	}
	at := l.rows[l.cursor]
	if fold && (l.net.leaf(at) || !l.open[at]) && l.net.nodes[at].parent >= 0 {
		at = l.net.nodes[at].parent
	}
	if l.net.leaf(at) || l.open[at] == !fold {
		return
	}
	l.open[at] = !fold
	l.rebuild()
}

// ToggleFold flips what the cursor is on.
func (l *Layers) ToggleFold() {
	if l.cursor < len(l.rows) {
		l.Fold(l.open[l.rows[l.cursor]])
	}
}

// FoldAll folds everything down to a list of blocks, or unfolds down to the
// units.
func (l *Layers) FoldAll(fold bool) {
	for i := range l.net.nodes {
		u := &l.net.nodes[i]
		l.open[i] = u.level < levelBlock || u.level == levelBlock && !fold
	}
	l.rebuild()
}

// Names returns all parameter names, in the order given to SetLayers.
func (l *Layers) Names() []string {
	var names []string
	for _, i := range l.net.order {
		names = append(names, l.net.tensors[i].Name)
	}
	return names
}

// Count sums the parameters whose name is in names, and of all.
func (l *Layers) Count(names map[string]bool) (in, all int64, tensors int) {
	for i := range l.net.tensors {
		t := &l.net.tensors[i]
		all += int64(t.Count)
		if names[t.Name] {
			in += int64(t.Count)
			tensors++
		}
	}
	return in, all, tensors
}

// Info is the legend for the frame: filter, order, marks, and how many units
// are frozen.
func (l *Layers) Info() []string {
	t, g := l.theme, l.theme.Glyphs
	var info []string
	if l.filter != "" {
		info = append(info, t.Accent.Render("/"+widget.Plain(l.filter)))
	}
	if l.marked > 0 {
		info = append(info, t.Accent.Render(fmt.Sprintf("%s %d marked", g.Done, l.marked)))
	}
	if l.sort != ByTree {
		info = append(info, t.Dim.Render("by ")+l.sort.String()+l.arrow())
	}
	units, frozen := 0, 0
	for i := 0; i < len(l.net.nodes); i = l.net.nodes[i].end {
		units += l.net.nodes[i].units
		frozen += l.net.nodes[i].frozenUnits
	}
	if units > 0 {
		info = append(info, t.Frozen.Render(g.Frozen)+fmt.Sprintf(" %d", frozen)+t.Dim.Render(fmt.Sprintf("/%d", units)))
	}
	return info
}
