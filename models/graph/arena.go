package graph

import "slices"

// lineFloats is how many float32 values one cache line of 64 bytes holds; every
// buffer of an arena starts on a line.
const lineFloats = 16

// want is a buffer that some node needs between two steps of a run.
type want struct {
	size     int // values
	from, to int // first and last step that touch it
	offset   int // in the arena, set by arrange
}

// arrange gives every want its place in one arena and returns the arena's size
// in values. Wants whose steps overlap never overlap in the arena; it places
// them in order of their first step, each in the smallest gap that holds it.
// With reuse false every want has its own place: tests compare the two.
func arrange(wants []*want, reuse bool) int {
	var a arena
	live := slices.Clone(wants)
	slices.SortStableFunc(live, func(x, y *want) int { return x.to - y.to })
	done := 0 // live[:done] have been given back
	for _, w := range wants {
		for ; reuse && done < len(live) && live[done].to < w.from; done++ {
			a.release(live[done].offset, live[done].size)
		}
		w.offset = a.take(w.size)
	}
	return a.top
}

// arena hands out ranges of one buffer, in whole cache lines.
type arena struct {
	free []gap // ordered, never touching each other
	top  int   // end of the highest range ever handed out
}

type gap struct{ lo, hi int }

func lines(n int) int { return (n + lineFloats - 1) / lineFloats * lineFloats }

// take returns the offset of n values.
func (a *arena) take(n int) int {
	n = lines(n)
	best := -1
	for i, f := range a.free {
		if f.hi-f.lo >= n && (best < 0 || f.hi-f.lo < a.free[best].hi-a.free[best].lo) {
			best = i
		}
	}
	if best >= 0 {
		lo := a.free[best].lo
		a.free[best].lo += n
		if a.free[best].lo == a.free[best].hi {
			a.free = slices.Delete(a.free, best, best+1)
		}
		return lo
	}
	lo := a.top
	if k := len(a.free) - 1; k >= 0 && a.free[k].hi == a.top {
		lo = a.free[k].lo // grow the gap at the end
		a.free = a.free[:k]
	}
	a.top = lo + n
	return lo
}

// release gives n values at offset lo back.
func (a *arena) release(lo, n int) {
	hi := lo + lines(n)
	i, _ := slices.BinarySearchFunc(a.free, lo, func(f gap, lo int) int { return f.lo - lo })
	if i > 0 && a.free[i-1].hi == lo {
		i--
		a.free[i].hi = hi
	} else {
		a.free = slices.Insert(a.free, i, gap{lo, hi})
	}
	if i+1 < len(a.free) && a.free[i+1].lo == hi {
		a.free[i].hi = a.free[i+1].hi
		a.free = slices.Delete(a.free, i+1, i+2)
	}
}
