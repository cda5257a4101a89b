package kernels

import (
	"fmt"
	"unsafe"
)

// Matrix64 is a view of float64 values: element (i, j) is Data[i·RowStep + j·ColStep].
type Matrix64 struct {
	Data             []float64
	Rows, Cols       int
	RowStep, ColStep int
}

// Dense64 views data as a matrix of contiguous rows.
func Dense64(data []float64, rows, cols int) Matrix64 {
	length("Dense64", "data", len(data), rows*cols)
	return Matrix64{data, rows, cols, cols, 1}
}

// T is the transpose of m, of the same values.
func (m Matrix64) T() Matrix64 {
	return Matrix64{m.Data, m.Cols, m.Rows, m.ColStep, m.RowStep}
}

// From is m without its first rows and columns.
func (m Matrix64) From(row, col int) Matrix64 {
	m.Data = m.Data[min(row*m.RowStep+col*m.ColStep, len(m.Data)):]
	m.Rows, m.Cols = m.Rows-row, m.Cols-col
	return m
}

// First is the first rows and columns of m.
func (m Matrix64) First(rows, cols int) Matrix64 {
	m.Rows, m.Cols = rows, cols
	return m
}

// Blocks of a product: so many summands are packed at a time, and so many tiles of C
// are a job. A panel of B, of two vectors, then fits the first-level cache, and the
// rows of A the second.
const (
	depth64    = 256
	rowTiles64 = 16
	colTiles64 = 32
)

// doubleTile is the argument block of a register tile of float64: it adds to C, of
// rows64 rows by two vectors, the product of packed rows and columns. The assembly
// reads the fields by offset; _asm/double.go repeats their order.
type doubleTile struct {
	a, b, c unsafe.Pointer
	cRow    uintptr        // bytes
	next    unsafe.Pointer // C of the tile after this one, to be prefetched
	depth   int            // at least 1
}

// Product64 adds up products of float64 matrices: one Add at a time. The sum of an
// element begins with what is there and grows in the order of the summands, with one
// rounding each where the implementation fuses multiplication and addition. It depends
// neither on the number of threads nor, where products are exact, as they are of
// float32 values, on the implementation. What it holds is memory that the next Add uses
// again.
type Product64 struct {
	a, b    []float64 // packed: [tile][k][rows], [tile][k][two vectors]
	workers []worker64

	// What all workers do, made once, and on what.
	packing, multiplying func(worker, job int)
	now                  block64
}

// block64 is the part of a product that is being added.
type block64 struct {
	a, b, c Matrix64
	alpha   float64
	upper   bool
}

// worker64 is one worker's own memory.
type worker64 struct {
	tile doubleTile
	temp []float64 // a tile of C that is not stored whole
	_    [64]byte
}

// cols64 is the width of a tile.
func (k *impl) cols64() int { return 2 * k.doubleLanes }

// Add adds alpha·a·b to c [a.Rows b.Cols], whose rows are contiguous and overlap neither
// factor; or, with upper, to the part of c on and above its diagonal alone.
func (g *Product64) Add(p *Pool, c Matrix64, alpha float64, a, b Matrix64, upper bool) {
	if a.Cols != b.Rows || c.Rows != a.Rows || c.Cols != b.Cols || c.ColStep != 1 {
		panic(fmt.Sprintf("kernels.Product64: [%d %d] of [%d %d] by [%d %d], want a product in contiguous rows",
			c.Rows, c.Cols, a.Rows, a.Cols, b.Rows, b.Cols))
	}
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	for len(g.workers) < p.Threads() {
		g.workers = append(g.workers, worker64{})
	}
	for i := range g.workers {
		g.workers[i].temp = grown64(g.workers[i].temp, active.doubleRows*active.cols64())
	}
	if g.packing == nil {
		g.packing, g.multiplying = g.packLines, g.multiplyBlock
	}
	for k := 0; k < a.Cols; k += depth64 {
		depth := min(depth64, a.Cols-k)
		g.now = block64{a.From(0, k).First(a.Rows, depth), b.From(k, 0).First(depth, b.Cols), c, alpha, upper}
		g.pack(p)
		g.multiply(p)
	}
	g.now = block64{}
}

// pack copies a and b into tiles, the last of each filled up with zeros.
func (g *Product64) pack(p *Pool) {
	a, b := g.now.a, g.now.b
	aTiles, bTiles := ceilDiv(a.Rows, active.doubleRows), ceilDiv(b.Cols, active.cols64())
	g.a = grown64(g.a, aTiles*active.doubleRows*a.Cols)
	g.b = grown64(g.b, bTiles*active.cols64()*b.Rows)
	p.Run(aTiles+bTiles, g.packing)
}

// packLines is one job of pack: a tile of a or, after these, of b.
func (g *Product64) packLines(_, job int) {
	if aTiles := ceilDiv(g.now.a.Rows, active.doubleRows); job < aTiles {
		packLines64(g.a, job, active.doubleRows, g.now.alpha, g.now.a)
	} else {
		packLines64(g.b, job-aTiles, active.cols64(), 1, g.now.b.T())
	}
}

// packLines64 copies rows i·lines… of m, times alpha, to [k][lines].
func packLines64(packed []float64, i, lines int, alpha float64, m Matrix64) {
	dst := packed[i*lines*m.Cols:][:lines*m.Cols]
	n := min(lines, m.Rows-i*lines)
	if n < lines {
		clear(dst)
	}
	src := m.From(i*lines, 0)
	if src.RowStep == 1 { // the lines' values lie side by side
		for k := range src.Cols {
			out, in := dst[k*lines:][:n], src.Data[k*src.ColStep:][:n]
			for r, v := range in {
				out[r] = alpha * v
			}
		}
		return
	}
	for r := range n {
		for k := range src.Cols {
			dst[k*lines+r] = alpha * src.Data[r*src.RowStep+k*src.ColStep]
		}
	}
}

// grown64 is x with n values, which may be any.
func grown64(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

// multiply adds the packed product to c.
func (g *Product64) multiply(p *Pool) {
	rows, cols := blocks64(g.now.c)
	p.Run(rows*cols, g.multiplying)
}

// blocks64 is how many blocks, each a job, c has.
func blocks64(c Matrix64) (rows, cols int) {
	return ceilDiv(c.Rows, rowTiles64*active.doubleRows), ceilDiv(c.Cols, colTiles64*active.cols64())
}

// multiplyBlock is one job of multiply.
func (g *Product64) multiplyBlock(worker, job int) {
	c, depth, upper := g.now.c, g.now.a.Cols, g.now.upper
	blockRows, blockCols := rowTiles64*active.doubleRows, colTiles64*active.cols64()
	_, cols := blocks64(c)
	row, col := job/cols*blockRows, job%cols*blockCols
	w := &g.workers[worker]
	w.tile.depth = depth
	for j := col; j < min(col+blockCols, c.Cols); j += active.cols64() {
		w.tile.b = unsafe.Pointer(&g.b[j*depth])
		for i := row; i < min(row+blockRows, c.Rows); i += active.doubleRows {
			if upper && i >= j+active.cols64() {
				break // this tile and those below it
			}
			w.tile.a = unsafe.Pointer(&g.a[i*depth])
			w.tile.next = unsafe.Pointer(&c.Data[nextTile(c, i, j, row, blockRows)])
			g.oneTile(w, c, i, j, upper)
		}
	}
}

// nextTile is where the tile after (i, j) begins: below it, or at the head of the next
// columns of a block whose rows begin at row.
func nextTile(c Matrix64, i, j, row, rows int) int {
	if i+active.doubleRows < min(row+rows, c.Rows) {
		return (i+active.doubleRows)*c.RowStep + j
	}
	return row*c.RowStep + min(j+active.cols64(), c.Cols-1)
}

// oneTile adds to the tile of c from (i, j) on, by a copy where not all of it is wanted.
func (g *Product64) oneTile(w *worker64, c Matrix64, i, j int, upper bool) {
	rows, cols := min(active.doubleRows, c.Rows-i), min(active.cols64(), c.Cols-j)
	if rows == active.doubleRows && cols == active.cols64() && (!upper || i+rows <= j+1) {
		w.tile.c, w.tile.cRow = unsafe.Pointer(&c.Data[i*c.RowStep+j]), uintptr(8*c.RowStep)
		active.doubleTile(&w.tile)
		return
	}
	each := func(move func(inC, inTemp []float64)) {
		for r := range rows {
			from := 0
			if upper {
				from = min(max(i+r-j, 0), cols)
			}
			move(c.Data[(i+r)*c.RowStep+j:][from:cols], w.temp[r*active.cols64():][from:cols])
		}
	}
	each(func(inC, inTemp []float64) { copy(inTemp, inC) })
	w.tile.c, w.tile.cRow = unsafe.Pointer(&w.temp[0]), uintptr(8*active.cols64())
	active.doubleTile(&w.tile)
	each(func(inC, inTemp []float64) { copy(inC, inTemp) })
}
