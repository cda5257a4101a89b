package series

import "math"

// chunkLen values are allocated at once: a long column neither moves when it
// grows nor has room to spare.
const chunkLen = 1024

// values is a growing list of numbers in chunks.
type values struct {
	chunks []*[chunkLen]float64
	n      int
}

func (v *values) at(i int) float64 { return v.chunks[i/chunkLen][i%chunkLen] }

func (v *values) push(y float64) {
	if v.n == len(v.chunks)*chunkLen {
		v.chunks = append(v.chunks, new([chunkLen]float64))
	}
	v.chunks[v.n/chunkLen][v.n%chunkLen] = y
	v.n++
}

func (v *values) truncate(n int) {
	v.n = n
	keep := (n + chunkLen - 1) / chunkLen
	clear(v.chunks[keep:])
	v.chunks = v.chunks[:keep]
}

// Block is how many values make a block of the lowest level, joined how many
// blocks one of the level above: a span of many values is then made up of some
// five. Chunks hold whole blocks.
const (
	Block      = 1 << blockBits
	joined     = 1 << joinedBits
	blockBits  = 5
	joinedBits = 2
)

// Snap moves the end of a range of many points from i to j back to the end of a
// block, so that few blocks make it up: by less than half of the range, or by less
// than all of one that is shorter than two blocks.
func Snap(i, j int) int {
	size := Block
	if j-i < size {
		return j
	}
	for j-i >= 2*joined*size {
		size *= joined
	}
	return j - j%size
}

// block is the range of so many values, and its ends, so that a span of blocks
// reads no single values: those lie far apart, and each would miss the cache. One
// without a value has lo above hi; one with values and gaps has no order, and has
// to be looked into.
type block struct{ lo, hi, first, last float64 }

func (b *block) whole() bool { return b.lo <= b.hi }
func (b *block) empty() bool { return b.lo > b.hi }

var (
	emptyBlock = block{lo: math.Inf(1), hi: math.Inf(-1)}
	mixedBlock = block{lo: math.NaN(), hi: math.NaN()}
)

// blockOf summarizes values of which gaps are not finite.
func blockOf(y []float64) block {
	b, n := emptyBlock, 0
	for _, v := range y {
		if finite(v) {
			b.lo, b.hi = min(b.lo, v), max(b.hi, v)
			n++
		}
	}
	if n > 0 && n < len(y) {
		return mixedBlock
	}
	b.first, b.last = y[0], y[len(y)-1]
	return b
}

// join summarizes blocks.
func join(blocks []block) block {
	b := blocks[0]
	for i := range blocks[1:] {
		o := &blocks[1+i]
		switch {
		case b.whole() && o.whole():
			b.lo, b.hi, b.last = min(b.lo, o.lo), max(b.hi, o.hi), o.last
		case !b.empty() || !o.empty():
			return mixedBlock
		}
	}
	return b
}

// pyramid has the blocks of 32, 128, 512 … values of a list.
type pyramid [][]block

// push appends a block of the lowest level, and those above that it fills.
func (p *pyramid) push(b block) {
	for k := 0; ; k++ {
		if k == len(*p) {
			*p = append(*p, nil)
		}
		(*p)[k] = append((*p)[k], b)
		n := len((*p)[k])
		if n%joined != 0 {
			return
		}
		b = join((*p)[k][n-joined:])
	}
}

// blocks is how many full ones of the lowest level there are.
func (p pyramid) blocks() int {
	if len(p) == 0 {
		return 0
	}
	return len(p[0])
}

// truncate keeps the blocks of the first n values.
func (p pyramid) truncate(n int) {
	n /= Block
	for k := range p {
		p[k] = p[k][:min(n, len(p[k]))]
		n /= joined
	}
}

// largest returns the largest block that starts at value i, ends by j and serves;
// size is 0 if none does. Where values up to zero are gaps, one that has any
// doesn't serve, and neither do those that contain it.
func (p pyramid) largest(i, j int, positive bool) (b *block, size int) {
	for bits := blockBits; len(p) > 0; bits += joinedBits {
		n, at := 1<<bits, i>>bits
		if i&(n-1) != 0 || i+n > j || at >= len(p[0]) {
			break
		}
		o := &p[0][at]
		if !o.empty() && (!o.whole() || positive && o.lo <= 0) {
			break
		}
		b, size, p = o, n, p[1:]
	}
	return b, size
}

// Span is what a range of values looks like: its ends, its extremes, and whether
// it begins or ends with a gap.
type Span struct {
	First, Last, Min, Max float64
	Any                   bool // a finite value
	HeadGap, TailGap      bool // a gap before the first, after the last value
}

// add appends a value.
func (s *Span) add(v float64, positive bool) {
	switch {
	case v-v != 0 || positive && v <= 0:
		s.gap()
	case !s.Any:
		s.First, s.Last, s.Min, s.Max, s.Any, s.TailGap = v, v, v, v, true, false
	default:
		if v < s.Min {
			s.Min = v
		} else if v > s.Max {
			s.Max = v
		}
		s.Last, s.TailGap = v, false
	}
}

// join appends the values of a block, which are all there or all gaps.
func (s *Span) join(b *block) {
	switch {
	case b.empty():
		s.gap()
	case !s.Any:
		s.First, s.Last, s.Min, s.Max, s.Any, s.TailGap = b.first, b.last, b.lo, b.hi, true, false
	default:
		if b.lo < s.Min {
			s.Min = b.lo
		}
		if b.hi > s.Max {
			s.Max = b.hi
		}
		s.Last, s.TailGap = b.last, false
	}
}

func (s *Span) gap() { s.HeadGap, s.TailGap = s.HeadGap || !s.Any, true }
