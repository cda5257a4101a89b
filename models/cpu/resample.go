package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// imageRow is row y of image n of a [N H W C] buffer, or zeros beside it.
func imageRow(b buffer, n, y int, zeros []float32) []float32 {
	h, rowLen := b.shape[1], b.shape[2]*b.shape[3]
	if y < 0 || y >= h {
		return zeros[:rowLen]
	}
	return b.data[(n*h+y)*rowLen:][:rowLen]
}

// withZeros is loop over a row of scratch that imageRow has as zeros.
func withZeros(zeros []float32, loop func()) func() {
	return func() {
		clear(zeros)
		loop()
	}
}

// rowGrain is how many image rows of n values one job takes.
func rowGrain(n int) int { return max(1, 4*blockFloats/n) }

// downsampleKernel filters along y into one row, parts its pixels by parity
// into two planes and filters along x with long vectors.
func downsampleKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a, x := attr.(graph.ResampleAttr), in[0]
	f := a.Weights()
	w, c := x.shape[2], x.shape[3]
	oh, ow := out.shape[1], out.shape[2]
	zeros := m.Floats(w * c)
	type scratch struct {
		row, sum  []float32
		even, odd []float32 // pixels of the padded row by parity; the padding is zero
	}
	workers := make([]scratch, pool.Threads())
	plane := (ow + 1) * c
	for i := range workers {
		workers[i] = scratch{m.Floats(w * c), m.Floats(max(w, ow) * c), m.Floats(plane), m.Floats(plane)}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		clear(s.even)
		clear(s.odd)
		for r := lo; r < hi; r++ {
			n, y := r/oh, r%oh*2-a.Pad
			o := out.data[r*ow*c:][:ow*c]
			if a.N == 2 {
				kernels.AddScaled(s.row, imageRow(x, n, y, zeros), imageRow(x, n, y+1, zeros), f[0])
			} else {
				kernels.AddScaled(s.row, imageRow(x, n, y+1, zeros), imageRow(x, n, y+2, zeros), f[1])
				kernels.AddScaled(s.sum, imageRow(x, n, y, zeros), imageRow(x, n, y+3, zeros), f[0])
				kernels.Add(s.row, s.row, s.sum)
			}
			for p := a.Pad; p < min(w+a.Pad, 2*(ow+1)); p++ {
				half := s.even
				if p&1 == 1 {
					half = s.odd
				}
				copy(half[p/2*c:][:c], s.row[(p-a.Pad)*c:])
			}
			if a.N == 2 {
				kernels.AddScaled(o, s.even[:ow*c], s.odd[:ow*c], f[0])
			} else {
				kernels.AddScaled(o, s.odd[:ow*c], s.even[c:], f[1])
				kernels.AddScaled(s.sum[:ow*c], s.even[:ow*c], s.odd[c:], f[0])
				kernels.Add(o, o, s.sum[:ow*c])
			}
		}
	}
	return withZeros(zeros, rowLoop(pool, x.shape[0]*oh, rowGrain(2*w*c), body))
}

// upsampleKernel handles two taps by copying pixels, four taps as
// downsampleKernel does, in reverse.
func upsampleKernel(pool *kernels.Pool, m *kernels.Region, attr any, out buffer, in []buffer) func() {
	a := attr.(graph.ResampleAttr)
	if a.N == 2 && a.Pad == 0 {
		return upsampleNearest(pool, m, a, out, in[0])
	}
	return upsampleFiltered(pool, m, a, out, in[0])
}

func upsampleNearest(pool *kernels.Pool, m *kernels.Region, a graph.ResampleAttr, out, x buffer) func() {
	f := a.Weights()[0]
	w, c := x.shape[2], x.shape[3]
	oh, ow := out.shape[1], out.shape[2]
	scaled := make([][]float32, pool.Threads())
	for i := range scaled {
		scaled[i] = m.Floats(w * c)
	}
	zeros := m.Floats(w * c)
	body := func(worker, lo, hi int) {
		for r := lo; r < hi; r++ {
			row := imageRow(x, r/oh, r%oh/2, zeros) // an odd last row gets zeros
			if f != 1 {
				kernels.Scale(scaled[worker], row, f*f)
				row = scaled[worker]
			}
			o := out.data[r*ow*c:][:ow*c]
			for p := 0; p < ow; p++ {
				if p/2 < w {
					copy(o[p*c:][:c], row[p/2*c:])
				} else {
					clear(o[p*c:])
				}
			}
		}
	}
	return withZeros(zeros, rowLoop(pool, x.shape[0]*oh, rowGrain(ow*c), body))
}

func upsampleFiltered(pool *kernels.Pool, m *kernels.Region, a graph.ResampleAttr, out, x buffer) func() {
	f := append(a.Weights(), 0, 0) // two taps: the second of each pair is zero
	w, c := x.shape[2], x.shape[3]
	oh, ow := out.shape[1], out.shape[2]
	plane := ((ow-1+a.Pad)/2 + 1) * c
	zeros := m.Floats(w * c)
	type scratch struct {
		row    []float32 // filtered along y, a zero pixel in front, zeros behind
		sum    []float32
		planes [2][]float32 // output pixels by parity of their padded position
	}
	workers := make([]scratch, pool.Threads())
	for i := range workers {
		workers[i] = scratch{
			row: m.Floats(max(plane, w*c) + c), sum: m.Floats(max(plane, w*c)),
			planes: [2][]float32{m.Floats(plane), m.Floats(plane)},
		}
	}
	body := func(worker, lo, hi int) {
		s := &workers[worker]
		clear(s.row)
		for r := lo; r < hi; r++ {
			n, q := r/oh, r%oh+a.Pad
			row, sum := s.row[c:][:w*c], s.sum[:w*c]
			kernels.Scale(row, imageRow(x, n, q/2, zeros), f[q&1])
			kernels.Scale(sum, imageRow(x, n, q/2-1, zeros), f[q&1+2])
			kernels.Add(row, row, sum)
			for parity, o := range s.planes {
				kernels.Scale(o, s.row[c:][:plane], f[parity])
				kernels.Scale(s.sum[:plane], s.row[:plane], f[parity+2])
				kernels.Add(o, o, s.sum[:plane])
			}
			o := out.data[r*ow*c:][:ow*c]
			for p := 0; p < ow; p++ {
				q := p + a.Pad
				copy(o[p*c:][:c], s.planes[q&1][q/2*c:])
			}
		}
	}
	return withZeros(zeros, rowLoop(pool, x.shape[0]*oh, rowGrain(ow*c), body))
}
