package kernels

import "fmt"

// Gemm is a prepared batch of matrix products c = op(a)·op(b), row-major: one Run
// at a time.
//
// A job packs a panel of b and multiplies all of its rows of a with it before the next:
// what is packed stays in the second-level cache, and of a and b together the one that
// a tile reads less of comes from further away.
type Gemm struct {
	pool           *Pool
	impl           *impl
	batch, m, n, k int
	transA, transB bool

	panels []panel
	groups int // jobs that share the panels of a matrix
	chunks int // jobs that share the rows of a matrix
	chunk  int // rows of a job

	workers []gemmWorker
	a, b, c []float32 // of the current run
	runJob  func(worker, job int)
}

// gemmWorker is one worker's own memory.
type gemmWorker struct {
	tile   tile
	packed []float32 // a panel of b as [k][lane]
	temp   []float32 // a tile whose panel is partial
	_      [64]byte
}

// NewGemm prepares batch products of an m×k by a k×n matrix, with memory from s.
// With transA, a is stored [k m]; with transB, b is stored [n k].
func NewGemm(p *Pool, batch, m, n, k int, transA, transB bool, s *Region) *Gemm {
	if batch < 1 || m < 1 || n < 1 || k < 1 {
		panic(fmt.Sprintf("kernels: matrix product of batch %d, m %d, n %d, k %d, want positive sizes", batch, m, n, k))
	}
	g := &Gemm{pool: p, impl: active, batch: batch, m: m, n: n, k: k, transA: transA, transB: transB}
	g.panels, _ = g.impl.panels(n)
	// Jobs that share rows pack the same panels, each for itself.
	g.groups = min(ceilDiv(minJobs, batch), len(g.panels))
	g.chunks = min(ceilDiv(minJobs, batch*g.groups), ceilDiv(m, chunkTiles*g.impl.mr))
	g.chunk = ceilDiv(ceilDiv(m, g.chunks), g.impl.mr) * g.impl.mr
	g.chunks = ceilDiv(m, g.chunk)
	lanes := 2 * g.impl.vl
	g.workers = make([]gemmWorker, p.Threads())
	for i := range g.workers {
		g.workers[i].packed = s.Floats(lanes * k)
		g.workers[i].temp = s.Floats(lanes * g.impl.mr)
	}
	g.runJob = g.run
	return g
}

// chunkTiles is how many tiles of rows a job has at the least, where jobs share them.
const chunkTiles = 8

// Run computes c [batch m n].
func (g *Gemm) Run(a, b, c []float32) {
	length("Gemm", "a", len(a), g.batch*g.m*g.k)
	length("Gemm", "b", len(b), g.batch*g.k*g.n)
	length("Gemm", "c", len(c), g.batch*g.m*g.n)
	g.a, g.b, g.c = a, b, c
	g.pool.Run(g.batch*g.groups*g.chunks, g.runJob)
	g.a, g.b, g.c = nil, nil, nil
}

// packDepth is how many terms of a transposed panel are packed at a time.
const packDepth = 64

// pack copies a panel of b to [k][lane].
func (g *Gemm) pack(dst, b []float32, p panel) {
	if !g.transB {
		for k := range g.k {
			row := dst[k*p.lanes:][:p.lanes]
			clear(row[copy(row, b[k*g.n+p.first:][:p.width]):])
		}
		return
	}
	// Some terms of all columns after another, so that what is written stays in the
	// first-level cache.
	for k0 := 0; k0 < g.k; k0 += packDepth {
		terms := min(packDepth, g.k-k0)
		for j := range p.width {
			at := k0*p.lanes + j
			for _, v := range b[(p.first+j)*g.k+k0:][:terms] {
				dst[at] = v
				at += p.lanes
			}
		}
	}
	for k := 0; p.partial() && k < g.k; k++ {
		clear(dst[k*p.lanes+p.width:][:p.lanes-p.width])
	}
}

// run computes a chunk of rows of a group of panels of one matrix.
func (g *Gemm) run(worker, job int) {
	w := &g.workers[worker]
	job, chunk := job/g.chunks, job%g.chunks
	i, group := job/g.groups, job%g.groups
	lo := chunk * g.chunk
	hi := min(lo+g.chunk, g.m)
	first, end := splitEven(len(g.panels), g.groups, group)
	for _, p := range g.panels[first:end] {
		g.pack(w.packed, g.b[i*g.k*g.n:][:g.k*g.n], p)
		g.rows(w, i, p, lo, hi)
	}
}

// rows multiplies rows lo… of matrix i with the packed panel of w.
func (g *Gemm) rows(w *gemmWorker, i int, p panel, lo, hi int) {
	a, c := g.a[i*g.m*g.k:], g.c[i*g.m*g.n:]
	t := &w.tile
	t.init, t.b = nil, at(w.packed, 0)
	for r := lo; r < hi; r += g.impl.mr {
		rows := min(g.impl.mr, hi-r)
		if p.partial() {
			t.c, t.cPix = at(w.temp, 0), uintptr(p.lanes*floatBytes)
		} else {
			t.c, t.cPix = at(c, r*g.n+p.first), uintptr(g.n*floatBytes)
		}
		g.tile(t, a, r, rows, p)
		if p.partial() {
			for j := range rows {
				copy(c[(r+j)*g.n+p.first:][:p.width], w.temp[j*p.lanes:])
			}
		}
	}
}

// tile multiplies rows r… of op(a) with the panel that t.b points at.
func (g *Gemm) tile(t *tile, a []float32, r, rows int, p panel) {
	if !g.transA {
		t.a, t.aPix, t.aRow = at(a, r*g.k), uintptr(g.k*floatBytes), 0
		t.rows, t.len = 1, g.k
		g.impl.dotTile(t, rows, p.nv)
		return
	}
	// a is [k m]: the rows' values lie side by side for every k.
	t.a, t.aPix, t.bPix = at(a, r), uintptr(g.m*floatBytes), uintptr(p.lanes*floatBytes)
	t.aRow, t.bRow, t.aImage, t.bImage = 0, 0, 0, 0
	t.images, t.rows, t.len = 1, 1, g.k
	g.impl.outerTile(t, rows, p.nv)
}
