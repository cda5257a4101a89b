package kernels

import "fmt"

// Gemm is a prepared batch of matrix products c = op(a)·op(b), row-major: one Run
// at a time.
type Gemm struct {
	pool           *Pool
	impl           *impl
	batch, m, n, k int
	transA, transB bool

	panels []panel
	lanes  int
	chunk  int // rows of c in a job
	chunks int // per matrix
	shared bool
	packed [][]float32 // b as [panel][k][lane]: one per worker, or per matrix if shared

	workers []gemmWorker
	a, b, c []float32 // of the current run
	packJob func(worker, job int)
	runJob  func(worker, job int)
}

// gemmWorker is one worker's own memory.
type gemmWorker struct {
	tile tile
	temp []float32
	_    [64]byte
}

// NewGemm prepares batch products of an m×k by a k×n matrix, with memory from s.
// With transA, a is stored [k m]; with transB, b is stored [n k].
func NewGemm(p *Pool, batch, m, n, k int, transA, transB bool, s *Region) *Gemm {
	if batch < 1 || m < 1 || n < 1 || k < 1 {
		panic(fmt.Sprintf("kernels: matrix product of batch %d, m %d, n %d, k %d, want positive sizes", batch, m, n, k))
	}
	g := &Gemm{pool: p, impl: active, batch: batch, m: m, n: n, k: k, transA: transA, transB: transB}
	g.panels, g.lanes = g.impl.panels(n)
	// A large batch gives one matrix to a job, which packs b for itself; in a
	// small one several jobs share a matrix, and b is packed beforehand.
	g.shared = batch < minJobs
	g.chunks = 1
	copies := p.Threads()
	if g.shared {
		g.chunks = min(ceilDiv(minJobs, batch), ceilDiv(m, g.impl.mr))
		copies = batch
	}
	g.chunk = ceilDiv(ceilDiv(m, g.chunks), g.impl.mr) * g.impl.mr
	g.chunks = ceilDiv(m, g.chunk)
	for range copies {
		g.packed = append(g.packed, s.Floats(g.lanes*k))
	}
	g.workers = make([]gemmWorker, p.Threads())
	for i := range g.workers {
		g.workers[i].temp = s.Floats(g.impl.mr * 2 * g.impl.vl)
	}
	g.packJob = func(_, job int) {
		i, j := job/len(g.panels), job%len(g.panels)
		g.pack(g.packed[i], i, g.panels[j])
	}
	g.runJob = g.run
	return g
}

// Run computes c [batch m n].
func (g *Gemm) Run(a, b, c []float32) {
	length("Gemm", "a", len(a), g.batch*g.m*g.k)
	length("Gemm", "b", len(b), g.batch*g.k*g.n)
	length("Gemm", "c", len(c), g.batch*g.m*g.n)
	g.a, g.b, g.c = a, b, c
	if g.shared {
		g.pool.Run(g.batch*len(g.panels), g.packJob)
	}
	g.pool.Run(g.batch*g.chunks, g.runJob)
	g.a, g.b, g.c = nil, nil, nil
}

// pack copies one panel of matrix i of b to [k][lane].
func (g *Gemm) pack(packed []float32, i int, p panel) {
	b := g.b[i*g.k*g.n:][:g.k*g.n]
	dst := packed[p.offset*g.k:][:p.lanes*g.k]
	if !g.transB {
		for k := range g.k {
			row := dst[k*p.lanes:][:p.lanes]
			clear(row[copy(row, b[k*g.n+p.first:][:p.width]):])
		}
		return
	}
	for j := range p.width {
		for k, v := range b[(p.first+j)*g.k:][:g.k] {
			dst[k*p.lanes+j] = v
		}
	}
	for k := 0; p.partial() && k < g.k; k++ {
		clear(dst[k*p.lanes+p.width:][:p.lanes-p.width])
	}
}

// run computes a chunk of rows of one matrix.
func (g *Gemm) run(worker, job int) {
	w := &g.workers[worker]
	i, chunk := job/g.chunks, job%g.chunks
	packed := g.packed[worker%len(g.packed)]
	if g.shared {
		packed = g.packed[i]
	}
	a, c := g.a[i*g.m*g.k:], g.c[i*g.m*g.n:]
	lo := chunk * g.chunk
	hi := min(lo+g.chunk, g.m)
	t := &w.tile
	t.init = nil
	for _, p := range g.panels {
		if !g.shared {
			g.pack(packed, i, p)
		}
		t.b = at(packed, p.offset*g.k)
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
