package layers

import (
	"fmt"
	"slices"
	"strconv"

	"innate/tui/session"
)

// uMap is the network as a small picture: a row for each resolution, stepping
// down through the encoder and up through the decoder, a bar for each block
// telling how much of it is frozen.
//
//	28×28 ███ ░░█ ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ ░░█ ███  ❄  44 %
//	14×14         ░░█ ╌╌╌╌╌╌╌ ░░█          ❄  60 %
//	  7×7             ░░█ ░░█              ❄  66 %
type uMap struct {
	sides  []int    // resolutions, from the largest
	blocks []uBlock // in order of the network
	split  int      // blocks of the encoder
	room   int      // cells for the bars
	shares bool     // whether there is room for numbers beside them
}

// uBlock is a bar: one block, or a few neighbours where room is short.
type uBlock struct {
	side   int
	lo, hi int // nodes
}

const (
	mapLabel = 8  // cursor and resolution
	mapShare = 9  // the frozen share at the right
	mapBar   = 6  // the widest bar with its gap
	mapRows  = 14 // rows that the tree keeps, or there is no map
)

// mapOf finds the U in the tree, for bars on w cells; none if the network is not
// shaped like that.
func mapOf(n []session.Node, w, h int) (m uMap, ok bool) {
	count := 0 // of blocks
	for i := range n {
		if n[i].Level == session.LevelResolution {
			if side := n[i].Side(); !slices.Contains(m.sides, side) {
				m.sides = append(m.sides, side)
			}
		}
		if inU(n, i) {
			count++
		}
	}
	if len(m.sides) < 2 || len(m.sides) > h-mapRows {
		return m, false
	}
	slices.Sort(m.sides)
	slices.Reverse(m.sides)
	per := 1
	if m.room = w - mapLabel - 2; w >= 60 {
		m.room -= mapShare
		m.shares = true
	}
	if room := max(m.room, 1); room < count {
		per = (count + room - 1) / room
	}
	for i := 0; i < len(n); i++ {
		if n[i].Level != session.LevelResolution {
			continue
		}
		k := 0
		for j := i + 1; j < n[i].End; j = n[j].End {
			if k++; per == 1 || k%per == 1 {
				m.blocks = append(m.blocks, uBlock{side: n[i].Side(), lo: j})
			}
			m.blocks[len(m.blocks)-1].hi = n[j].End
		}
		if n[i].Parent >= 0 && n[n[i].Parent].Key == "enc" {
			m.split = len(m.blocks)
		}
	}
	return m, len(m.blocks) <= m.room
}

// inU reports whether node i stands directly below a resolution.
func inU(n []session.Node, i int) bool {
	return n[i].Parent >= 0 && n[n[i].Parent].Level == session.LevelResolution
}

// draw appends the rows of the map.
func (m *uMap) draw(f *frame) {
	t, g := f.theme, &f.theme.Glyphs
	cell := min(m.room/len(m.blocks), mapBar)
	for y, side := range m.sides {
		deepest := y == len(m.sides)-1
		f.right(t.Dim, fmt.Sprintf("%d%s%d", side, g.Times, side), mapLabel-2)
		f.fill(mapLabel - 1)
		isHere := func(b uBlock) bool { return b.side == side }
		first, last := slices.IndexFunc(m.blocks, isHere), len(m.blocks)-1
		for last >= 0 && !isHere(m.blocks[last]) {
			last--
		}
		for i := range last + 1 {
			width := cell
			if i == m.split && i > 0 {
				width++ // between encoder and decoder
			}
			switch b := &m.blocks[i]; {
			case b.side == side:
				f.space(width - cell)
				m.bar(f, b, cell)
			case i > first && !deepest: // the skip connections
				f.repeat(t.Faint, g.Skip, width)
			default:
				f.space(width)
			}
		}
		end := mapLabel + cell*len(m.blocks) + 1
		if deepest {
			m.legend(f, end-f.x)
		}
		f.fill(end)
		if m.shares {
			m.share(f, side)
		}
		f.line()
	}
}

// bar draws one block: the frozen part of it, then what trains; a narrow bar
// that is neither is half shaded. The cursor stands in the gap before it.
func (m *uMap) bar(f *frame, b *uBlock, cell int) {
	t, g, n, at := f.theme, &f.theme.Glyphs, f.layers.Net.Nodes, f.rows[f.cursor]
	here := at >= b.lo && at < b.hi ||
		at < b.lo && n[at].End >= b.hi && n[at].Level <= session.LevelResolution && b.lo-at <= 1+int(session.LevelResolution-n[at].Level)
	var params, frozen int64
	for j := b.lo; j < b.hi; j = n[j].End {
		params, frozen = params+n[j].Params, frozen+n[j].Frozen
	}
	k := cell
	if cell > 1 {
		k--
		mark := " "
		if here {
			mark = g.Cursor
		}
		f.text(t.Accent, mark, 1)
	}
	cold, warm := t.Frozen, t.Good
	if f.layers.Pending.In(n[b.lo].Lo, n[b.hi-1].Hi) > 0 {
		cold, warm = t.Warn, t.Warn
	}
	if cell == 1 && here {
		cold, warm = t.Accent, t.Accent
	}
	mixed := frozen > 0 && frozen < params
	if mixed && k < 3 {
		f.repeat(cold, g.MapMixed, k)
		return
	}
	still := 0
	if params > 0 {
		still = int(float64(frozen)/float64(params)*float64(k) + 0.5)
	}
	if mixed {
		still = min(max(still, 1), k-1)
	}
	f.repeat(cold, g.MapFrozen, still)
	f.repeat(warm, g.MapTraining, k-still)
}

// legend explains the bars in the room right of the deepest row, if it fits.
func (m *uMap) legend(f *frame, room int) {
	t, g := f.theme, &f.theme.Glyphs
	if room < 23 {
		return
	}
	f.space(2)
	f.text(t.Frozen, g.MapFrozen, 2)
	f.text(t.Dim, "frozen", 8)
	f.text(t.Good, g.MapTraining, 2)
	f.text(t.Dim, "training", 8)
}

// share ends a row of the map with how much of its resolution is frozen.
func (m *uMap) share(f *frame, side int) {
	var params, frozen int64
	nodes := f.layers.Net.Nodes
	for i := range nodes {
		if u := &nodes[i]; u.Level == session.LevelResolution && u.Side() == side {
			params, frozen = params+u.Params, frozen+u.Frozen
		}
	}
	f.space(1)
	f.text(f.theme.Frozen, f.theme.Glyphs.Frozen, 1)
	f.right(f.theme.Dim, strconv.Itoa(percentOf(frozen, params))+" %", mapShare-3)
}

// percentOf rounds to whole percents, but never something to nothing, or a rest
// away.
func percentOf(part, all int64) int {
	if part == 0 || all == 0 {
		return 0
	}
	if part == all {
		return 100
	}
	return min(max(int(100*float64(part)/float64(all)+0.5), 1), 99)
}
