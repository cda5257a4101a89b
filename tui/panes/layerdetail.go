package panes

import "slices"

// LayerDetail is what is known of the row under the cursor.
type LayerDetail struct {
	Name   string // enc.28x28_block0.conv0
	Kind   string // of a unit or tensor, else empty
	Shape  []int  // likewise
	Fields []string
	Names  []string // of its tensors

	Params, Frozen, Network int64 // values: its own, the frozen ones of them, and of the whole network
	Units, FrozenUnits      int

	Nimg   []int64              // of the measurements …
	Values [statCount][]float32 // … and these, NaN where there is none
	Latest [statCount]float64
}

// Known reports whether any layer is known.
func (l *Layers) Known() bool { return len(l.net.tensors) > 0 }

// Detail describes the row under the cursor. The series belong to the tree and
// are valid until its next change.
func (l *Layers) Detail() (d LayerDetail, ok bool) {
	if l.cursor >= len(l.rows) {
		return d, false
	}
	at := l.rows[l.cursor]
	u := &l.net.nodes[at]
	d = LayerDetail{
		Name: u.key, Kind: u.kind, Shape: u.shape, Params: u.params, Frozen: u.frozen,
		Units: u.units, FrozenUnits: u.frozenUnits, Nimg: l.stats.nimg,
	}
	for i := range l.net.tensors {
		d.Network += int64(l.net.tensors[i].Count)
	}
	for i := u.lo; i < u.hi; i++ {
		t := &l.net.tensors[i]
		d.Names = append(d.Names, t.Name)
		d.Fields = append(d.Fields, safe(t.field))
	}
	for k := range statCount {
		d.Values[k], d.Latest[k] = l.stats.series(k, at), l.stats.latest(k, at)
	}
	return d, true
}

// Blocks returns the blocks that the named tensors belong to, in order of the
// tree. What stands outside a block counts to the part it stands in.
func (l *Layers) Blocks(names []string) []string {
	set := setOf(names)
	var blocks []string
	for i := range l.net.nodes {
		u := &l.net.nodes[i]
		if u.level != levelUnit || !slices.ContainsFunc(l.net.tensors[u.lo:u.hi], func(t tensor) bool { return set[t.Name] }) {
			continue
		}
		block := u.key
		if u.parent >= 0 {
			block = l.net.nodes[u.parent].key
		}
		if !slices.Contains(blocks, block) {
			blocks = append(blocks, block)
		}
	}
	return blocks
}

// Differing returns the names of the tensors that are not as a rule wants them.
func (l *Layers) Differing(frozen map[string]bool) []string {
	var names []string
	for i := range l.net.tensors {
		if t := &l.net.tensors[i]; t.Frozen != frozen[t.Name] {
			names = append(names, t.Name)
		}
	}
	return names
}

// ColumnAt returns the column at cell x of a View of w cells, and whether line y
// is the line of heads.
func (l *Layers) ColumnAt(x, y, w int) (c LayerColumn, head bool) {
	cols := columnsFor(w)
	head = cols.spark > 0 && l.first > 0 && y == l.first-1
	type span struct {
		c LayerColumn
		w int
	}
	spans := []span{
		{ByName, markW + cols.name}, {ByKind, cols.kind}, {ByTree, cols.shape}, {ByParams, cols.params + 1}, {ByState, cols.state},
	}
	for k := range statCount {
		if col := ByGrad + LayerColumn(k); cols.each > 0 && (cols.all || k == l.chosen) {
			spans = append(spans, span{col, cols.each})
		}
	}
	for _, s := range spans {
		if x < s.w {
			return s.c, head
		}
		x -= s.w
	}
	return ByTree, head
}
