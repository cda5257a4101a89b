package panes

import (
	"fmt"
	"slices"
	"strconv"

	"innate/tui/theme"
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

// uMapOf finds the U in the tree, for bars on w cells; none if the network is
// not shaped like that.
func (l *Layers) uMapOf(w, h int) (m uMap, ok bool) {
	n := l.net.nodes
	count := 0 // of blocks
	for i := range n {
		if n[i].level == levelResolution {
			if side := n[i].side(); !slices.Contains(m.sides, side) {
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
		if n[i].level != levelResolution {
			continue
		}
		k := 0
		for j := i + 1; j < n[i].end; j = n[j].end {
			if k++; per == 1 || k%per == 1 {
				m.blocks = append(m.blocks, uBlock{side: n[i].side(), lo: j})
			}
			m.blocks[len(m.blocks)-1].hi = n[j].end
		}
		if n[i].parent >= 0 && n[n[i].parent].key == "enc" {
			m.split = len(m.blocks)
		}
	}
	return m, len(m.blocks) <= m.room
}

// inU reports whether node i stands directly below a resolution.
func inU(n []node, i int) bool {
	return n[i].parent >= 0 && n[n[i].parent].level == levelResolution
}

// draw appends the rows of the map.
func (m *uMap) draw(p *pen, l *Layers) {
	t, g := l.theme, &l.theme.Glyphs
	cell := min(m.room/len(m.blocks), mapBar)
	at := -1
	if l.cursor < len(l.rows) {
		at = l.rows[l.cursor]
	}
	for y, side := range m.sides {
		deepest := y == len(m.sides)-1
		p.right(t.Dim, fmt.Sprintf("%d%s%d", side, t.Glyphs.Times, side), mapLabel-2)
		p.fill(mapLabel - 1)
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
				p.space(width - cell)
				m.bar(p, l, b, cell, at)
			case i > first && !deepest: // the skip connections
				p.repeat(t.Faint, g.Skip, width)
			default:
				p.space(width)
			}
		}
		end := mapLabel + cell*len(m.blocks) + 1
		if deepest {
			m.legend(p, t, end-p.x)
		}
		p.fill(end)
		if m.shares {
			m.share(p, l, side)
		}
		p.line()
	}
}

// bar draws one block: the frozen part of it, then what trains; a narrow bar
// that is neither is half shaded. The cursor stands in the gap before it.
func (m *uMap) bar(p *pen, l *Layers, b *uBlock, cell, at int) {
	t, g, n := l.theme, &l.theme.Glyphs, l.net.nodes
	here := at >= b.lo && at < b.hi ||
		at >= 0 && at < b.lo && n[at].end >= b.hi && n[at].level <= levelResolution && b.lo-at <= 1+int(levelResolution-n[at].level)
	var params, frozen int64
	for j := b.lo; j < b.hi; j = n[j].end {
		params += n[j].params
		frozen += n[j].frozen
	}
	k := cell
	if cell > 1 {
		k--
		mark := " "
		if here {
			mark = t.Glyphs.Cursor
		}
		p.text(t.Accent, mark, 1)
	}
	cold, warm := t.Frozen, t.Good
	if l.pendingIn(n[b.lo].lo, n[b.hi-1].hi) > 0 {
		cold, warm = t.Warn, t.Warn
	}
	if cell == 1 && here {
		cold, warm = t.Accent, t.Accent
	}
	mixed := frozen > 0 && frozen < params
	if mixed && k < 3 {
		p.repeat(cold, g.MapMixed, k)
		return
	}
	still := 0
	if params > 0 {
		still = int(float64(frozen)/float64(params)*float64(k) + 0.5)
	}
	if mixed {
		still = min(max(still, 1), k-1)
	}
	p.repeat(cold, g.MapFrozen, still)
	p.repeat(warm, g.MapTraining, k-still)
}

// legend explains the bars in the room right of the deepest row, if it fits.
func (m *uMap) legend(p *pen, t *theme.Theme, room int) {
	g := &t.Glyphs
	if room < 23 {
		return
	}
	p.space(2)
	p.text(t.Frozen, g.MapFrozen, 2)
	p.text(t.Dim, "frozen", 8)
	p.text(t.Good, g.MapTraining, 2)
	p.text(t.Dim, "training", 8)
}

// share ends a row of the map with how much of its resolution is frozen.
func (m *uMap) share(p *pen, l *Layers, side int) {
	var params, frozen int64
	for i := range l.net.nodes {
		if u := &l.net.nodes[i]; u.level == levelResolution && u.side() == side {
			params += u.params
			frozen += u.frozen
		}
	}
	p.space(1)
	p.text(l.theme.Frozen, l.theme.Glyphs.Frozen, 1)
	p.right(l.theme.Dim, strconv.Itoa(percentOf(frozen, params))+" %", mapShare-3)
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
