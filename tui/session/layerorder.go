package session

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
	ByCost   // of putting the teacher's weights back, in FID …
	ByChange // … and in the images
	columnCount
)

var columnNames = [columnCount]string{"tree", "layer", "kind", "params", "state", "grad", "update", "distance", "dFID", "change"}

// String names the column as its head does.
func (c LayerColumn) String() string { return columnNames[c] }

// ColumnOf is the column of a measurement.
func ColumnOf(m Measurement) LayerColumn { return ByGrad + LayerColumn(m) }

// Measurement returns the measurement that a column shows.
func (c LayerColumn) Measurement() (Measurement, bool) {
	m := Measurement(c - ByGrad)
	return m, m >= 0 && m < Measurements
}

// LayerColumnNames lists what LayerColumnNamed knows.
func LayerColumnNames() []string { return columnNames[:] }

// LayerColumnNamed finds a column by the name in its head.
func LayerColumnNamed(name string) (LayerColumn, bool) {
	i := slices.Index(columnNames[:], name)
	return LayerColumn(i), i >= 0
}

// falls tells whether a column begins with its largest values.
func (c LayerColumn) falls() bool { return c == ByParams || c >= ByGrad }

// LayerOrder is how layers are listed: as a tree, or their units by a column,
// texts from a to z and numbers from the largest down.
type LayerOrder struct {
	By       LayerColumn
	Reverse  bool        // the other way round
	OverTime Measurement // that is drawn over time
}

// Sort orders by a column; the same one again turns the order round. ByTree goes
// back to the tree. A column of measurements becomes the one that is drawn over
// time.
func (o *LayerOrder) Sort(c LayerColumn) {
	if c >= 0 && c < columnCount {
		o.set(c, c == o.By && !o.Reverse && c != ByTree)
	}
}

// Cycle steps through the columns and the tree: +1 forwards, -1 back. Without a probe
// its columns are left out.
func (o *LayerOrder) Cycle(by int, probed bool) {
	n := int(columnCount)
	if !probed {
		n = int(ByCost)
	}
	o.set(LayerColumn(((int(o.By)+by)%n+n)%n), false)
}

// CycleOverTime chooses the measurement that is drawn over time: +1 forwards, -1
// back. It leaves the order of the rows alone.
func (o *LayerOrder) CycleOverTime(by int) {
	n := int(Measurements)
	o.OverTime = Measurement(((int(o.OverTime)+by)%n + n) % n)
}

// Turn turns the order round; the tree has only one.
func (o *LayerOrder) Turn() {
	if o.By != ByTree {
		o.set(o.By, !o.Reverse)
	}
}

func (o *LayerOrder) set(c LayerColumn, reverse bool) {
	o.By, o.Reverse = c, reverse
	if m, ok := c.Measurement(); ok {
		o.OverTime = m
	}
}

// String names the column, after a dash where it runs from the largest down or
// from z to a.
func (o *LayerOrder) String() string {
	if o.By.falls() != o.Reverse {
		return "-" + o.By.String()
	}
	return o.By.String()
}

// Set orders as String names it, and reports whether there is such a column.
func (o *LayerOrder) Set(name string) bool {
	column, dashed := strings.CutPrefix(name, "-")
	c, ok := LayerColumnNamed(column)
	if ok {
		o.set(c, c != ByTree && dashed != c.falls())
	}
	return ok
}

// sort orders rows of units. Ties, and layers without a value, which come last
// either way, stay in the order of the network.
func (o *LayerOrder) sort(rows []int, l *Layers) {
	compare := o.comparison(l)
	value := o.value(l)
	slices.SortStableFunc(rows, func(a, b int) int {
		if value != nil {
			x, y := math.IsNaN(value(a)), math.IsNaN(value(b))
			if x || y {
				return cmp.Compare(b2i(x), b2i(y))
			}
		}
		c := compare(a, b)
		if o.Reverse {
			return -c
		}
		return c
	})
}

// value is what the column says of a node, NaN where that is nothing; nil for a column
// that every node has a value of.
func (o *LayerOrder) value(l *Layers) func(node int) float64 {
	if m, ok := o.By.Measurement(); ok {
		return func(node int) float64 { return l.Stats.Latest(m, node) }
	}
	switch o.By {
	case ByCost:
		return func(node int) float64 { cost, _ := l.Probed(node); return cost }
	case ByChange:
		return func(node int) float64 { _, change := l.Probed(node); return change }
	}
	return nil
}

// comparison compares two nodes by the column.
func (o *LayerOrder) comparison(l *Layers) func(a, b int) int {
	n := l.Net.Nodes
	if value := o.value(l); value != nil {
		return func(a, b int) int { return cmp.Compare(value(b), value(a)) }
	}
	switch o.By {
	case ByName:
		return func(a, b int) int { return strings.Compare(n[a].Key, n[b].Key) }
	case ByKind:
		return func(a, b int) int { return strings.Compare(n[a].Kind, n[b].Kind) }
	case ByState: // what trains first
		return func(a, b int) int { return cmp.Compare(n[a].FrozenShare(), n[b].FrozenShare()) }
	}
	return func(a, b int) int { return cmp.Compare(n[b].Params, n[a].Params) }
}
