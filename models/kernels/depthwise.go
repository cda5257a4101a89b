package kernels

import (
	"fmt"
	"unsafe"
)

// DepthwiseShape describes a convolution of every channel with a kernel of its own:
// x [N H W C], w [C K K], y [N OH OW C]. Output row i reads the input from row
// i·Stride − Top on, column j from j·Stride − Left; what lies outside is zero.
type DepthwiseShape struct{ N, H, W, C, K, Stride, Top, Left, OH, OW int }

// check panics unless the shape is one that the kernels handle.
func (s DepthwiseShape) check() {
	switch {
	case s.N < 1 || s.H < 1 || s.W < 1 || s.C < 1 || s.OH < 1 || s.OW < 1:
		panic(fmt.Sprintf("kernels: depthwise convolution %+v, want positive sizes", s))
	case s.K < 1 || s.Stride < 1 || s.Top < 0 || s.Left < 0:
		panic(fmt.Sprintf("kernels: depthwise convolution %+v, want a kernel, a stride and no negative padding", s))
	}
}

// depthTap is one product of a tile: bytes from its first pixel and from the weights.
type depthTap struct{ x, w uintptr }

// depthTile is the argument block of a tile of the depthwise convolution:
//
//	y[i][c] = init[c] + Σ_tap x[i][tap][c]·w[tap][c]
//
// for up to depthRows pixels i. Strides are in bytes. The assembly reads the fields
// by offset; _asm/depthwise.go repeats their order.
type depthTile struct {
	x       unsafe.Pointer
	xPix    uintptr
	w       unsafe.Pointer
	init    unsafe.Pointer
	taps    *depthTap
	count   int // of taps, at least 1
	y       unsafe.Pointer
	yPix    uintptr
	vectors int // of channels, at least 1
}

const depthRows = 4

// depthTileGeneric is a tile over single channels.
func depthTileGeneric(t *depthTile, rows int) {
	taps := unsafe.Slice(t.taps, t.count)
	for i := range rows {
		y := floats(offset(t.y, uintptr(i)*t.yPix), t.vectors)
		copy(y, floats(t.init, t.vectors))
		x := offset(t.x, uintptr(i)*t.xPix)
		for _, tap := range taps {
			a, w := floats(offset(x, tap.x), t.vectors), floats(offset(t.w, tap.w), t.vectors)
			for c := range y {
				y[c] += float32(a[c] * w[c])
			}
		}
	}
}

// Depthwise is a prepared depthwise convolution, or its gradient: one Run at a time.
// No border is tested, and nothing is copied: where taps fall outside the image the
// pixels are computed with a list of those that do not.
type Depthwise struct {
	pool    *Pool
	impl    *impl
	n, c, k int
	in, out extent
	inStep  int
	outStep int
	phases  []depthPhase
	jobs    []depthJob

	packed, init []float32 // [K·K][C] and [C]
	workers      []depthTile

	x, y   []float32 // of the current run
	runJob func(worker, job int)
}

// depthPhase is a set of output pixels with the same taps, and the runs of rows and
// columns whose taps lie inside the image equally.
type depthPhase struct {
	phase
	rows, cols []depthRun
	taps       [][][]depthTap // by run of rows and of columns
}

// depthRun is output indices from to to-1, whose taps lo to hi-1 are inside.
type depthRun struct{ from, to, lo, hi int }

// depthJob is some output rows of one image in one phase.
type depthJob struct{ image, phase, from, to int }

// NewDepthwise prepares the forward pass of one shape, with memory from m.
func NewDepthwise(p *Pool, s DepthwiseShape, m *Region) *Depthwise {
	s.check()
	d := &Depthwise{
		n: s.N, c: s.C, k: s.K, in: extent{s.H, s.W, s.C}, out: extent{s.OH, s.OW, s.C}, inStep: s.Stride, outStep: 1,
	}
	d.phases = []depthPhase{{phase: phase{
		y: convAxis{s.K, s.Top, s.Stride}.forward(), x: convAxis{s.K, s.Left, s.Stride}.forward(), ny: s.OH, nx: s.OW,
	}}}
	d.plan(p, m)
	return d
}

// NewDepthwiseGradInput prepares the gradient of one shape for x: Run takes dy for x
// and dx for y. Its pixels fall into phases as those of ConvGradInput do.
func NewDepthwiseGradInput(p *Pool, s DepthwiseShape, m *Region) *Depthwise {
	s.check()
	d := &Depthwise{
		n: s.N, c: s.C, k: s.K, in: extent{s.OH, s.OW, s.C}, out: extent{s.H, s.W, s.C}, inStep: 1, outStep: s.Stride,
	}
	rows, cols := convAxis{s.K, s.Top, s.Stride}, convAxis{s.K, s.Left, s.Stride}
	for py := range s.Stride {
		for px := range s.Stride {
			f := phase{y: rows.gradTaps(py), x: cols.gradTaps(px), y0: rows.gradStart(py), x0: cols.gradStart(px)}
			f.ny, f.nx = ceilDiv(max(s.H-f.y0, 0), s.Stride), ceilDiv(max(s.W-f.x0, 0), s.Stride)
			if f.ny > 0 && f.nx > 0 {
				d.phases = append(d.phases, depthPhase{phase: f})
			}
		}
	}
	d.plan(p, m)
	return d
}

// plan lists the taps of every run and the jobs, and takes the scratch.
func (d *Depthwise) plan(p *Pool, m *Region) {
	d.pool, d.impl = p, active
	d.packed, d.init = m.Floats(d.k*d.k*d.c), m.Floats(d.c)
	d.workers = make([]depthTile, p.Threads())
	d.runJob = d.job
	for i := range d.phases {
		f := &d.phases[i]
		f.rows = depthRuns(f.y, d.inStep, f.ny, d.in.h)
		f.cols = depthRuns(f.x, d.inStep, f.nx, d.in.w)
		for _, r := range f.rows {
			var byCols [][]depthTap
			for _, c := range f.cols {
				byCols = append(byCols, d.tapsOf(f, r, c))
			}
			f.taps = append(f.taps, byCols)
		}
		grain := ceilDiv(f.ny, minJobs)
		for image := range d.n {
			for lo := 0; lo < f.ny; lo += grain {
				d.jobs = append(d.jobs, depthJob{image, i, lo, min(lo+grain, f.ny)})
			}
		}
	}
}

// depthRuns groups n output indices by which of their taps meet an axis of size.
func depthRuns(t axisTaps, step, n, size int) []depthRun {
	var runs []depthRun
	for i := range n {
		first := i*step + t.origin
		lo := min(max(0, -first), t.count)
		hi := max(lo, min(t.count, size-first))
		if last := len(runs) - 1; last >= 0 && runs[last].lo == lo && runs[last].hi == hi {
			runs[last].to++
			continue
		}
		runs = append(runs, depthRun{i, i + 1, lo, hi})
	}
	return runs
}

// tapsOf lists the products of pixels in two runs, counted from the first tap that is
// inside the image.
func (d *Depthwise) tapsOf(f *depthPhase, rows, cols depthRun) []depthTap {
	var taps []depthTap
	for j := rows.lo; j < rows.hi; j++ {
		for i := cols.lo; i < cols.hi; i++ {
			x := ((j-rows.lo)*d.in.w + i - cols.lo) * d.c
			w := ((f.y.first+j*f.y.step)*d.k + f.x.first + i*f.x.step) * d.c
			taps = append(taps, depthTap{uintptr(x * floatBytes), uintptr(w * floatBytes)})
		}
	}
	return taps
}

// Run computes y from x, w [C K K] and bias [C], which may be nil.
func (d *Depthwise) Run(x, w, bias, y []float32) {
	length("Depthwise", "x", len(x), d.n*d.in.h*d.in.w*d.c)
	length("Depthwise", "w", len(w), d.c*d.k*d.k)
	length("Depthwise", "y", len(y), d.n*d.out.h*d.out.w*d.c)
	clear(d.init)
	if bias != nil {
		length("Depthwise", "bias", len(bias), d.c)
		copy(d.init, bias)
	}
	taps := d.k * d.k
	for c := range d.c {
		for t, v := range w[c*taps:][:taps] {
			d.packed[t*d.c+c] = v
		}
	}
	d.x, d.y = x, y
	d.pool.Run(len(d.jobs), d.runJob)
	d.x, d.y = nil, nil
}

// job computes some rows of one image.
func (d *Depthwise) job(worker, n int) {
	j := d.jobs[n]
	f, t := &d.phases[j.phase], &d.workers[worker]
	t.xPix, t.yPix = uintptr(d.inStep*d.c*floatBytes), uintptr(d.outStep*d.c*floatBytes)
	for r, rows := range f.rows {
		for i := max(rows.from, j.from); i < min(rows.to, j.to); i++ {
			top := j.image*d.in.h + i*d.inStep + f.y.origin + rows.lo
			out := (j.image*d.out.h+f.y0+i*d.outStep)*d.out.w + f.x0
			for c, cols := range f.cols {
				x := (top*d.in.w + cols.from*d.inStep + f.x.origin + cols.lo) * d.c
				d.pixels(t, f.taps[r][c], x, (out+cols.from*d.outStep)*d.c, cols.to-cols.from)
			}
		}
	}
}

// pixels computes n pixels in a row: whole vectors of channels by tiles, the others
// one by one.
func (d *Depthwise) pixels(t *depthTile, taps []depthTap, x, y, n int) {
	if len(taps) == 0 { // the image reaches none of them
		for i := range n {
			copy(d.y[y+i*d.outStep*d.c:][:d.c], d.init)
		}
		return
	}
	t.taps, t.count = &taps[0], len(taps)
	whole := d.c / d.impl.depthLanes
	rest := whole * d.impl.depthLanes
	for i := 0; i < n; i += depthRows {
		rows := min(depthRows, n-i)
		xi, yi := x+i*d.inStep*d.c, y+i*d.outStep*d.c
		if whole > 0 {
			t.x, t.y, t.w, t.init, t.vectors = at(d.x, xi), at(d.y, yi), at(d.packed, 0), at(d.init, 0), whole
			d.impl.depthTile(t, rows)
		}
		if rest < d.c {
			t.x, t.y, t.w, t.init, t.vectors = at(d.x, xi+rest), at(d.y, yi+rest), at(d.packed, rest), at(d.init, rest), d.c-rest
			depthTileGeneric(t, rows)
		}
	}
}
