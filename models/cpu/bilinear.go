package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// sample says that an output value is (1-t)·input[lo] + t·input[hi].
type sample struct {
	lo, hi int
	t      float32
}

// samples lists where the n outputs of an axis lie among its size inputs.
func samples(size, n int, corners bool) []sample {
	s := make([]sample, n)
	for i := range s {
		var pos float64
		switch {
		case !corners:
			pos = max(0, (float64(i)+0.5)*float64(size)/float64(n)-0.5)
		case n > 1:
			pos = float64(i) * float64(size-1) / float64(n-1)
		}
		lo := min(int(pos), size-1)
		s[i] = sample{lo, lo + 1, float32(pos - float64(lo))}
		if lo == size-1 {
			s[i] = sample{lo, lo, 0}
		}
	}
	return s
}

// term is one summand of the adjoint along y: weight·output row at.
type term struct {
	at     int
	weight float32
}

// terms lists for every input the outputs that it took part in.
func terms(size int, ss []sample) [][]term {
	t := make([][]term, size)
	for i, s := range ss {
		t[s.lo] = append(t[s.lo], term{i, 1 - s.t})
		if s.t != 0 {
			t[s.hi] = append(t[s.hi], term{i, s.t})
		}
	}
	return t
}

// bilinearKernel interpolates along x once for every input row, then along y
// between whole rows.
func bilinearKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a, x := attr.(graph.BilinearAttr), in[0]
	c := x.shape[3]
	ys, xs := samples(a.IH, a.OH, a.Corners), samples(a.IW, a.OW, a.Corners)
	// Neighbouring input rows differ in parity, so the two that an output row
	// needs never displace each other.
	type scratch struct {
		rows [2][]float32
		held [2]int // which input row of the batch
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i].rows = [2][]float32{m.Floats(a.OW * c), m.Floats(a.OW * c)}
	}
	row := func(s *scratch, i int) []float32 {
		if s.held[i&1] != i {
			s.held[i&1] = i
			interpolate(s.rows[i&1], x.data[i*a.IW*c:][:a.IW*c], xs, c)
		}
		return s.rows[i&1]
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		s.held = [2]int{-1, -1} // of an earlier run
		for r := lo; r < hi; r++ {
			y, first := ys[r%a.OH], r/a.OH*a.IH
			o := out.data[r*a.OW*c:][:a.OW*c]
			copy(o, row(s, first+y.lo))
			if y.t != 0 {
				kernels.Lerp(o, row(s, first+y.hi), y.t)
			}
		}
	}
	return rowLoop(pool, x.shape[0]*a.OH, rowGrain(a.OW*c), body)
}

// interpolate fills a row of pixels of c channels from another.
func interpolate(dst, src []float32, xs []sample, c int) {
	for p, s := range xs {
		o, a, b := dst[p*c:][:c], src[s.lo*c:][:c], src[s.hi*c:][:c]
		if c < 8 {
			for i := range o {
				o[i] = a[i] + float32(s.t*(b[i]-a[i]))
			}
			continue
		}
		copy(o, a)
		if s.t != 0 {
			kernels.Lerp(o, b, s.t)
		}
	}
}

// bilinearAdjointKernel sums the rows of dy that each input row took part in,
// then splits that row between its pixels' two sources.
func bilinearAdjointKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a, dy := attr.(graph.BilinearAttr), in[0]
	c := dy.shape[3]
	ys := terms(a.IH, samples(a.IH, a.OH, a.Corners))
	xs := samples(a.IW, a.OW, a.Corners)
	share := make([]float32, a.OW*c) // what the right source gets
	for i := range share {
		share[i] = xs[i/c].t
	}
	type scratch struct{ row, part []float32 }
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{m.Floats(a.OW * c), m.Floats(a.OW * c)}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		for r := lo; r < hi; r++ {
			image := dy.data[r/a.IH*a.OH*a.OW*c:]
			clear(s.row)
			for _, t := range ys[r%a.IH] {
				kernels.Scale(s.part, image[t.at*a.OW*c:][:len(s.part)], t.weight)
				kernels.Add(s.row, s.row, s.part)
			}
			kernels.Mul(s.part, s.row, share)
			kernels.Sub(s.row, s.row, s.part)
			scatter(out.data[r*a.IW*c:][:a.IW*c], s.row, s.part, xs, c)
		}
	}
	return rowLoop(pool, dy.shape[0]*a.IH, rowGrain(2*a.OW*c), body)
}

// scatter is the adjoint of interpolate: left and right are the shares of the
// two sources of every pixel.
func scatter(dst, left, right []float32, xs []sample, c int) {
	clear(dst)
	for p, s := range xs {
		lo, hi := dst[s.lo*c:][:c], dst[s.hi*c:][:c]
		l, r := left[p*c:][:c], right[p*c:][:c]
		if c < 8 {
			for i := range lo {
				lo[i] += l[i]
				hi[i] += r[i]
			}
			continue
		}
		kernels.Add(lo, lo, l)
		if s.t != 0 {
			kernels.Add(hi, hi, r)
		}
	}
}
