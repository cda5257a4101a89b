package panes

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// LayerColumn is something that layers can be sorted by.
type LayerColumn int

// The columns of the layer tree. ByTree is the order of the network.
const (
	ByTree LayerColumn = iota
	ByName
	ByKind
	ByParams
	ByState
	ByGrad
	ByUpdate
	ByDistance
	columnCount
)

var columnNames = [columnCount]string{"tree", "layer", "kind", "params", "state", "grad", "update", "distance"}

// String names the column as its head does.
func (c LayerColumn) String() string { return columnNames[c] }

// stat returns the measurement that a column shows.
func (c LayerColumn) stat() (stat, bool) {
	k := stat(c - ByGrad)
	return k, k >= 0 && k < statCount
}

// SortBy lists the units by a column: text from a to z, numbers from the largest
// down. The same column again turns the order round. ByTree goes back to the
// tree. A column of measurements becomes the one that is drawn over time.
func (l *Layers) SortBy(c LayerColumn) {
	if c >= 0 && c < columnCount {
		l.order(c, c == l.sort && !l.reverse && c != ByTree)
	}
}

// CycleSort steps through the columns and the tree: +1 forwards, -1 back.
func (l *Layers) CycleSort(by int) {
	n := int(columnCount)
	l.order(LayerColumn(((int(l.sort)+by)%n+n)%n), false)
}

func (l *Layers) order(c LayerColumn, reverse bool) {
	l.sort, l.reverse = c, reverse
	if k, ok := c.stat(); ok {
		l.chosen = k
	}
	l.rebuild()
}

// Sorting returns the column in force, ByTree for the tree, and whether it
// runs the other way round.
func (l *Layers) Sorting() (c LayerColumn, reverse bool) { return l.sort, l.reverse }

// CycleStat chooses the measurement that is drawn over time: +1 forwards, -1
// back. It leaves the order of the rows alone.
func (l *Layers) CycleStat(by int) {
	n := int(statCount)
	l.chosen = stat(((int(l.chosen)+by)%n + n) % n)
}

// Turn turns the order round; the tree has only one.
func (l *Layers) Turn() {
	if l.sort != ByTree {
		l.order(l.sort, !l.reverse)
	}
}

// Measure returns the column of the measurement that is drawn over time.
func (l *Layers) Measure() LayerColumn { return ByGrad + LayerColumn(l.chosen) }

// SetMeasure chooses it; other columns are ignored.
func (l *Layers) SetMeasure(c LayerColumn) {
	if k, ok := c.stat(); ok {
		l.chosen = k
	}
}

// LayerColumnNames lists what LayerColumnNamed knows.
func LayerColumnNames() []string { return columnNames[:] }

// LayerColumnNamed finds a column by the name in its head.
func LayerColumnNamed(name string) (LayerColumn, bool) {
	i := slices.Index(columnNames[:], name)
	return LayerColumn(i), i >= 0
}

// Descends reports whether a column runs from the largest down, or from z to a,
// if its order is turned round or not.
func (c LayerColumn) Descends(reverse bool) bool {
	falls := c == ByParams || c >= ByGrad
	return falls != reverse
}

// sortRows orders rows of units. Ties, and layers without a value, which come
// last either way, stay in the order of the network.
func (l *Layers) sortRows() {
	compare := l.comparison()
	slices.SortStableFunc(l.rows, func(a, b int) int {
		if k, ok := l.sort.stat(); ok {
			x, y := math.IsNaN(l.stats.latest(k, a)), math.IsNaN(l.stats.latest(k, b))
			if x || y {
				return cmp.Compare(b2i(x), b2i(y))
			}
		}
		c := compare(a, b)
		if l.reverse {
			return -c
		}
		return c
	})
}

// comparison compares two nodes by the column in force.
func (l *Layers) comparison() func(a, b int) int {
	n := l.net.nodes
	if k, ok := l.sort.stat(); ok {
		return func(a, b int) int { return cmp.Compare(l.stats.latest(k, b), l.stats.latest(k, a)) }
	}
	switch l.sort {
	case ByName:
		return func(a, b int) int { return strings.Compare(n[a].key, n[b].key) }
	case ByKind:
		return func(a, b int) int { return strings.Compare(n[a].kind, n[b].kind) }
	case ByState: // what trains first
		return func(a, b int) int { return cmp.Compare(n[a].frozenShare(), n[b].frozenShare()) }
	}
	return func(a, b int) int { return cmp.Compare(n[b].params, n[a].params) }
}

func (n *node) frozenShare() float64 {
	if n.params == 0 {
		return 0
	}
	return float64(n.frozen) / float64(n.params)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
