package panes

import (
	"fmt"
	"strings"

	"innate/trainer/control"
	"innate/tui/theme"
)

// Layers is the tree of the trained network: blocks, and in them the layer
// units that freezing works on (a unit is a weight with its bias).
type Layers struct {
	Empty string // shown while no layer is known

	theme   *theme.Theme
	groups  []group
	folded  map[string]bool
	pending map[string]bool // units with a command under way
	filter  string

	rows   []layerRow // visible, in order
	cursor int
	top    int // first row on screen
	height int // of the last View, for paging
}

// unit is one layer: the tensors that are frozen together.
type unit struct {
	key, short, kind string
	tensors          []control.Layer
	count            int64
	frozen           int64 // parameters of frozen tensors
}

// group is one block of units; a bare layer outside any block is a group of one
// with the same key.
type group struct {
	key   string
	units []unit
}

// layerRow is a line of the list: a group, or with unit >= 0 one of its units.
type layerRow struct{ group, unit int }

// NewLayers returns an empty list.
func NewLayers(t *theme.Theme) *Layers {
	return &Layers{theme: t, folded: map[string]bool{}, pending: map[string]bool{}}
}

// SetTheme redraws in other colours.
func (l *Layers) SetTheme(t *theme.Theme) { l.theme = t }

// SetLayers replaces the network, keeping cursor and folds where they were.
func (l *Layers) SetLayers(layers []control.Layer) {
	at := l.key()
	l.groups = groupLayers(layers)
	l.rebuild()
	l.seek(at)
}

// groupLayers sorts tensors into units and units into blocks by their names:
// enc.28x28_block0.conv0.weight is a tensor of the unit conv0 in the block
// enc.28x28_block0; enc.28x28_conv and map_layer0 stand alone or by part.
func groupLayers(layers []control.Layer) []group {
	var groups []group
	index := map[string]int{}
	for _, t := range layers {
		key, block := splitName(t)
		gi, ok := index[block]
		if !ok {
			gi = len(groups)
			index[block] = gi
			groups = append(groups, group{key: block})
		}
		g := &groups[gi]
		n := len(g.units)
		if n == 0 || g.units[n-1].key != key {
			g.units = append(g.units, unit{key: key, kind: t.Kind, short: strings.TrimPrefix(key, block+".")})
			n++
		}
		u := &g.units[n-1]
		u.tensors = append(u.tensors, t)
		u.count += int64(t.Count)
		if t.Frozen {
			u.frozen += int64(t.Count)
		}
	}
	return groups
}

// splitName returns the unit and block that a tensor belongs to.
func splitName(t control.Layer) (unit, block string) {
	unit = t.Name
	if i := strings.LastIndexByte(unit, '.'); i > 0 {
		unit = unit[:i]
	}
	parts := strings.SplitN(unit, ".", 3)
	switch {
	case len(parts) == 3:
		return unit, parts[0] + "." + parts[1]
	case len(parts) == 2:
		return unit, unit
	case t.Part != "":
		return unit, t.Part
	}
	return unit, unit
}

// single reports whether the group is drawn as one line without children.
func (g *group) single() bool { return len(g.units) == 1 && g.units[0].key == g.key }

func (g *group) sums() (count, frozen int64) {
	for i := range g.units {
		count += g.units[i].count
		frozen += g.units[i].frozen
	}
	return count, frozen
}

func (l *Layers) rebuild() {
	l.rows = l.rows[:0]
	for gi := range l.groups {
		g := &l.groups[gi]
		if g.single() {
			if l.matches(g.key) {
				l.rows = append(l.rows, layerRow{gi, 0})
			}
			continue
		}
		head := len(l.rows)
		l.rows = append(l.rows, layerRow{gi, -1})
		for ui := range g.units {
			if l.matches(g.units[ui].key) && (!l.folded[g.key] || l.filter != "") {
				l.rows = append(l.rows, layerRow{gi, ui})
			}
		}
		if l.filter != "" && len(l.rows) == head+1 {
			l.rows = l.rows[:head]
		}
	}
	l.cursor = max(min(l.cursor, len(l.rows)-1), 0)
}

func (l *Layers) matches(key string) bool {
	return l.filter == "" || strings.Contains(strings.ToLower(key), l.filter)
}

// key names the row under the cursor.
func (l *Layers) key() string {
	if l.cursor >= len(l.rows) {
		return ""
	}
	r := l.rows[l.cursor]
	if r.unit < 0 {
		return l.groups[r.group].key
	}
	return l.groups[r.group].units[r.unit].key
}

func (l *Layers) seek(key string) {
	for i, r := range l.rows {
		g := &l.groups[r.group]
		if r.unit < 0 && g.key == key || r.unit >= 0 && g.units[r.unit].key == key {
			l.cursor = i
			return
		}
	}
}

// SetFilter shows only units whose name contains s, whatever its case.
func (l *Layers) SetFilter(s string) {
	at := l.key()
	l.filter = strings.ToLower(s)
	l.rebuild()
	l.seek(at)
}

// Filter returns the filter in force.
func (l *Layers) Filter() string { return l.filter }

// Move moves the cursor by rows, stopping at the ends.
func (l *Layers) Move(by int) { l.cursor = max(min(l.cursor+by, len(l.rows)-1), 0) }

// Page moves by screens.
func (l *Layers) Page(by int) { l.Move(by * max(l.height-1, 1)) }

// Fold folds or unfolds the block under the cursor. Folding from inside a block
// moves to its head.
func (l *Layers) Fold(fold bool) {
	if l.cursor >= len(l.rows) {
		return
	}
	g := &l.groups[l.rows[l.cursor].group]
	if g.single() {
		return
	}
	l.folded[g.key] = fold
	at := l.key()
	if fold {
		at = g.key
	}
	l.rebuild()
	l.seek(at)
}

// FoldAll folds or unfolds every block.
func (l *Layers) FoldAll(fold bool) {
	at := l.key()
	if fold && l.cursor < len(l.rows) {
		at = l.groups[l.rows[l.cursor].group].key
	}
	for i := range l.groups {
		l.folded[l.groups[i].key] = fold
	}
	l.rebuild()
	l.seek(at)
}

// ToggleFold flips the block under the cursor.
func (l *Layers) ToggleFold() {
	if l.cursor < len(l.rows) {
		l.Fold(!l.folded[l.groups[l.rows[l.cursor].group].key])
	}
}

// units returns what the cursor row stands for; of a block under a filter only
// the units that show.
func (l *Layers) units() []*unit {
	if l.cursor >= len(l.rows) {
		return nil
	}
	r := l.rows[l.cursor]
	g := &l.groups[r.group]
	if r.unit >= 0 {
		return []*unit{&g.units[r.unit]}
	}
	var us []*unit
	for i := range g.units {
		if l.matches(g.units[i].key) {
			us = append(us, &g.units[i])
		}
	}
	return us
}

// Toggle returns the tensors to flip when the cursor row is toggled: it freezes
// what still trains, or trains everything if all is frozen. Their units show as
// pending until Settle. It returns nothing while a command is under way there.
func (l *Layers) Toggle() (names []string, freeze bool) {
	us := l.units()
	for _, u := range us {
		if l.pending[u.key] {
			return nil, false
		}
		freeze = freeze || u.frozen < u.count
	}
	for _, u := range us {
		for _, t := range u.tensors {
			if t.Frozen != freeze {
				names = append(names, t.Name)
				l.pending[u.key] = true
			}
		}
	}
	return names, freeze
}

// Settle ends the pending state of all units: the answer came.
func (l *Layers) Settle() { clear(l.pending) }

// Names returns all parameter names in order.
func (l *Layers) Names() []string {
	var names []string
	for i := range l.groups {
		for j := range l.groups[i].units {
			for _, t := range l.groups[i].units[j].tensors {
				names = append(names, t.Name)
			}
		}
	}
	return names
}

// Count sums the parameters whose name is in names, and of all.
func (l *Layers) Count(names map[string]bool) (in, all int64, tensors int) {
	for i := range l.groups {
		for j := range l.groups[i].units {
			for _, t := range l.groups[i].units[j].tensors {
				all += int64(t.Count)
				if names[t.Name] {
					in += int64(t.Count)
					tensors++
				}
			}
		}
	}
	return in, all, tensors
}

// Info is the legend for the frame: how many units are frozen, and the filter.
func (l *Layers) Info() []string {
	var info []string
	if l.filter != "" {
		info = append(info, l.theme.Accent.Render("/"+l.filter))
	}
	frozen, all := 0, 0
	for i := range l.groups {
		for j := range l.groups[i].units {
			all++
			if u := &l.groups[i].units[j]; u.frozen == u.count {
				frozen++
			}
		}
	}
	if all > 0 {
		g := l.theme.Glyphs
		info = append(info, l.theme.Frozen.Render(g.Frozen)+fmt.Sprintf(" %d", frozen)+l.theme.Dim.Render(fmt.Sprintf("/%d", all)))
	}
	return info
}
