package session

import (
	"path"
	"slices"
)

// LayerList is what shows of the layers, row by row, with a cursor: the tree,
// parts of which are folded or filtered out, or sorted by a column a flat list of
// its units.
type LayerList struct {
	Layers *Layers
	Order  LayerOrder
	Top    int // first row on the screen; it goes along with the cursor's layer

	filter layerFilter
	open   []bool // by node: are its rows shown
	rows   []int  // visible nodes, in order
	hits   []int  // of the first i tensors, how many the filter accepts
	cursor int    // in rows

	changed bool // folds or filter have, since the rows were listed …
	seen    seen // … for these
}

// seen is what the rows depend on besides folds and filter.
type seen struct {
	net     *Network
	version int
	order   LayerOrder
}

// NewLayerList lists layers as a tree, the update ratio over time.
func NewLayerList(l *Layers) *LayerList {
	return &LayerList{Layers: l, Order: LayerOrder{OverTime: UpdateRatio}}
}

// sync lists the rows anew if they may be others. The cursor stays on its layer,
// or goes to the nearest above it that shows, and the screen scrolls along.
func (l *LayerList) sync() {
	now := seen{l.Layers.Net, l.Layers.version, l.Order}
	if now == l.seen && !l.changed {
		return
	}
	at := -1
	if l.cursor < len(l.rows) {
		at = l.rows[l.cursor]
	}
	if old := l.seen.net; old != now.net {
		at = l.adopt(old, now.net, at)
	}
	l.seen, l.changed = now, false
	l.hits = l.filter.match(l.hits, l.Layers)
	l.rows = l.rows[:0]
	if l.Order.By == ByTree {
		l.listTree()
	} else {
		l.listUnits()
	}
	l.seek(at)
}

// adopt takes over the folds of another network, as far as they fit, and returns
// which node is the one at of the old network, -1 for none.
func (l *LayerList) adopt(old, net *Network, at int) (kept int) {
	type id struct {
		level Level
		key   string
	}
	known := map[id]int{}
	if old != nil {
		for i := range old.Nodes {
			known[id{old.Nodes[i].Level, old.Nodes[i].Key}] = i
		}
	}
	open := make([]bool, len(net.Nodes))
	kept = -1
	for i := range net.Nodes {
		u := &net.Nodes[i]
		open[i] = u.Level < LevelUnit
		if j, ok := known[id{u.Level, u.Key}]; ok {
			open[i] = l.open[j]
			if j == at {
				kept = i
			}
		}
	}
	l.open = open
	return kept
}

// listTree lists the rows of the tree. Under a filter what matches shows
// whatever is folded, down to the tensors where only some of a unit match.
func (l *LayerList) listTree() {
	nodes := l.Layers.Net.Nodes
	for i := 0; i < len(nodes); {
		u := &nodes[i]
		hits := l.hit(u.Lo, u.Hi)
		if hits == 0 {
			i = u.End
			continue
		}
		l.rows = append(l.rows, i)
		open := l.open[i]
		if len(l.filter.terms) > 0 && !open {
			open = u.Level < LevelUnit || hits < u.Hi-u.Lo
		}
		if open {
			i++
			continue
		}
		i = u.End
	}
}

// listUnits lists the units in order.
func (l *LayerList) listUnits() {
	nodes := l.Layers.Net.Nodes
	for i := range nodes {
		if u := &nodes[i]; u.Level == LevelUnit && l.hit(u.Lo, u.Hi) > 0 {
			l.rows = append(l.rows, i)
		}
	}
	l.Order.sort(l.rows, l.Layers)
}

// seek puts the cursor on a node, or the nearest above it that shows.
func (l *LayerList) seek(at int) {
	before := l.cursor
	for ; at >= 0; at = l.Layers.Net.Nodes[at].Parent {
		if y := slices.Index(l.rows, at); y >= 0 {
			l.cursor = y
			l.Top = max(l.Top+y-before, 0)
			return
		}
	}
	l.cursor = max(min(l.cursor, len(l.rows)-1), 0)
}

// Rows returns the nodes that show, in order. The slice is valid until the next
// change.
func (l *LayerList) Rows() []int { l.sync(); return l.rows }

// Row returns which row the cursor is on.
func (l *LayerList) Row() int { l.sync(); return l.cursor }

// Cursor returns the node under the cursor.
func (l *LayerList) Cursor() (node int, ok bool) {
	l.sync()
	if l.cursor >= len(l.rows) {
		return -1, false
	}
	return l.rows[l.cursor], true
}

// Move moves the cursor by rows, stopping at the ends.
func (l *LayerList) Move(by int) { l.MoveTo(l.Row() + by) }

// MoveTo moves the cursor to a row, or the last one before or after it.
func (l *LayerList) MoveTo(row int) {
	l.sync()
	l.cursor = max(min(row, len(l.rows)-1), 0)
}

// Fold folds or unfolds what the cursor is on; folding something closed folds
// what it is in, and the cursor goes there. A sorted list has no folds.
func (l *LayerList) Fold(fold bool) {
	at, ok := l.Cursor()
	if !ok || l.Order.By != ByTree {
		return
	}
	net := l.Layers.Net
	if fold && (net.Leaf(at) || !l.open[at]) && net.Nodes[at].Parent >= 0 {
		at = net.Nodes[at].Parent
	}
	if !net.Leaf(at) {
		l.open[at], l.changed = !fold, true
	}
}

// ToggleFold flips what the cursor is on.
func (l *LayerList) ToggleFold() {
	if at, ok := l.Cursor(); ok {
		l.Fold(l.open[at])
	}
}

// FoldAll folds everything down to a list of blocks, or unfolds down to the
// units.
func (l *LayerList) FoldAll(fold bool) {
	l.sync()
	for i := range l.Layers.Net.Nodes {
		u := &l.Layers.Net.Nodes[i]
		l.open[i] = u.Level < LevelBlock || u.Level == LevelBlock && !fold
	}
	l.changed = true
}

// SetFilter shows only what s describes; see parseFilter for how to write it.
func (l *LayerList) SetFilter(s string) { l.filter, l.changed = parseFilter(s), true }

// Filter returns the filter in force.
func (l *LayerList) Filter() string { return l.filter.text }

// Matched returns the names of the tensors that the filter accepts, in order of
// the tree; without a filter all of them.
func (l *LayerList) Matched() []string {
	l.sync()
	var names []string
	for i := range l.Layers.Net.Tensors {
		if l.hit(i, i+1) > 0 {
			names = append(names, l.Layers.Net.Tensors[i].Name)
		}
	}
	return names
}

// hit returns how many of tensors[lo:hi] the filter accepts.
func (l *LayerList) hit(lo, hi int) int { return l.hits[hi] - l.hits[lo] }

// Mark marks what the cursor is on, or takes the marks off if all of it is
// marked. Under a filter only what matches counts.
func (l *LayerList) Mark() {
	if at, ok := l.Cursor(); ok {
		u := &l.Layers.Net.Nodes[at]
		l.mark(u.Lo, u.Hi)
	}
}

// MarkMatched marks all that the filter accepts, or takes those marks off.
func (l *LayerList) MarkMatched() {
	l.sync()
	l.mark(0, len(l.Layers.Net.Tensors))
}

func (l *LayerList) mark(lo, hi int) {
	marked, set := &l.Layers.Marked, false
	for i := lo; i < hi; i++ {
		set = set || l.hit(i, i+1) > 0 && !marked.Has(i)
	}
	for i := lo; i < hi; i++ {
		if l.hit(i, i+1) > 0 {
			marked.set(i, set)
		}
	}
	l.Layers.version++
}

// Selected returns which of the marked tensors or, without marks, of the row
// under the cursor are to be flipped. It freezes what still trains, or trains
// everything if all is frozen. While an order is under way for any of them there
// is nothing to flip.
func (l *LayerList) Selected() (names []string, freeze bool) {
	at, ok := l.Cursor()
	net, marked := l.Layers.Net, &l.Layers.Marked
	lo, hi := 0, len(net.Tensors)
	takes := marked.Has
	if marked.Len() == 0 {
		if !ok {
			return nil, false
		}
		lo, hi = net.Nodes[at].Lo, net.Nodes[at].Hi
		takes = func(i int) bool { return l.hit(i, i+1) > 0 }
	}
	for i := lo; i < hi; i++ {
		if takes(i) {
			if l.Layers.Pending.Has(i) {
				return nil, false
			}
			freeze = freeze || !net.Tensors[i].Frozen
		}
	}
	for i := lo; i < hi; i++ {
		if t := &net.Tensors[i]; takes(i) && t.Frozen != freeze {
			names = append(names, t.Name)
		}
	}
	return names, freeze
}

// Globs are patterns of the marked tensors or, without marks, of the row under the
// cursor: all that hangs on it, or under a filter what of it matches.
func (l *LayerList) Globs() []string {
	at, ok := l.Cursor()
	net, marked := l.Layers.Net, &l.Layers.Marked
	switch {
	case marked.Len() > 0:
		return l.Layers.MarkedNames()
	case !ok:
		return nil
	}
	u := &net.Nodes[at]
	for _, glob := range []string{u.Key, u.Key + ".*", u.Key + "_*"} {
		if l.exactly(glob, u) {
			return []string{glob}
		}
	}
	var names []string
	for i := u.Lo; i < u.Hi; i++ {
		if l.hit(i, i+1) > 0 {
			names = append(names, net.Tensors[i].Name)
		}
	}
	return names
}

// exactly reports whether a glob matches the tensors of a node that the filter accepts,
// and no others.
func (l *LayerList) exactly(glob string, u *Node) bool {
	for i := range l.Layers.Net.Tensors {
		ok, err := path.Match(glob, l.Layers.Net.Tensors[i].Name)
		if wanted := i >= u.Lo && i < u.Hi && l.hit(i, i+1) > 0; err != nil || ok != wanted {
			return false
		}
	}
	return true
}

// Rates are the least and the largest factor of the learning rate of what Globs is of.
func (l *LayerList) Rates() (lo, hi float64) {
	at, ok := l.Cursor()
	net, marked := l.Layers.Net, &l.Layers.Marked
	if marked.Len() > 0 || !ok {
		return ratesOf(net.Tensors, marked.Has)
	}
	return net.RatesOf(&net.Nodes[at])
}
