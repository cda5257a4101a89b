package kernels

import "unsafe"

// rowsAtOnce64 is how many rows of a matrix are read side by side.
const rowsAtOnce64 = 4

// symmetricRows is the argument block of the loop over four rows of a matrix:
//
//	y[j] += Σ_i alpha[i]·A[i][j], dots[i] = Σ_j A[i][j]·x[j]
//
// with dots as sums of each lane. The assembly reads the fields by offset;
// _asm/double.go repeats their order.
type symmetricRows struct {
	a           unsafe.Pointer
	aRow        uintptr // bytes
	x, y        unsafe.Pointer
	vectors     int // in a row, at least 1
	alpha, dots unsafe.Pointer
}

// maxLanes64 bounds the lanes of a vector of any implementation.
const maxLanes64 = 8

// fourRows64 is what the loop over four rows needs, made once for many of them.
type fourRows64 struct {
	args symmetricRows
	sums [rowsAtOnce64 * maxLanes64]float64
}

// AddRows64 reads every row i of a once, to add alpha[i] times the row to y and to set
// dots[i] to its product with x. a has contiguous rows; x and y are as long as they are.
func AddRows64(y, dots []float64, a Matrix64, x, alpha []float64) {
	length("AddRows64", "x", len(x), a.Cols)
	length("AddRows64", "y", len(y), a.Cols)
	length("AddRows64", "dots", len(dots), a.Rows)
	length("AddRows64", "alpha", len(alpha), a.Rows)
	i, four := 0, new(fourRows64)
	for ; i+rowsAtOnce64 <= a.Rows; i += rowsAtOnce64 {
		four.add(y, (*[4]float64)(dots[i:]), a.From(i, 0), x, (*[4]float64)(alpha[i:]))
	}
	for ; i < a.Rows; i++ {
		row := a.Data[i*a.RowStep:][:a.Cols]
		sum := 0.0
		for j, v := range row {
			sum += float64(v * x[j])
			y[j] += float64(alpha[i] * v)
		}
		dots[i] = sum
	}
}

// add is AddRows64 for the first four rows of a.
func (t *fourRows64) add(y []float64, dots *[4]float64, a Matrix64, x []float64, alpha *[4]float64) {
	lanes := active.doubleLanes
	whole := len(x) / lanes * lanes
	*dots = [4]float64{}
	if whole > 0 {
		t.args = symmetricRows{
			a: unsafe.Pointer(&a.Data[0]), aRow: uintptr(8 * a.RowStep), x: unsafe.Pointer(&x[0]), y: unsafe.Pointer(&y[0]),
			vectors: whole / lanes, alpha: unsafe.Pointer(alpha), dots: unsafe.Pointer(&t.sums),
		}
		active.symmetricRows(&t.args)
		for i := range dots {
			for _, v := range t.sums[i*lanes:][:lanes] {
				dots[i] += v
			}
		}
	}
	for j := whole; j < len(x); j++ {
		for i := range dots {
			v := a.Data[i*a.RowStep+j]
			dots[i] += float64(v * x[j])
			y[j] += float64(alpha[i] * v)
		}
	}
}

// Symmetric64 multiplies symmetric matrices with vectors: one Run at a time. The result
// does not depend on the number of threads.
type Symmetric64 struct {
	pool  *Pool
	parts [][]float64 // what the rows of each part add up to, [n]
}

// Parts of a product, of which each has memory of its own, and how many values are worth
// one.
const (
	maxParts64  = 8
	partValue64 = 1 << 15
)

// NewSymmetric64 prepares products of matrices of up to n rows.
func NewSymmetric64(p *Pool, n int) *Symmetric64 {
	s := &Symmetric64{pool: p}
	for range maxParts64 {
		s.parts = append(s.parts, make([]float64, n))
	}
	return s
}

// Run sets y to a·x for the symmetric a, of which only what is on and above the diagonal
// is read; its rows are contiguous.
func (s *Symmetric64) Run(y []float64, a Matrix64, x []float64) {
	n := a.Rows
	length("Symmetric64", "x", len(x), n)
	length("Symmetric64", "y", len(y), n)
	parts := max(1, min(maxParts64, n*n/2/partValue64))
	s.pool.Run(parts, func(_, part int) {
		lo, hi := s.bound(n, part, parts), s.bound(n, part+1, parts)
		symmetricPart64(s.parts[part][:n], a, x, lo, hi)
	})
	copy(y, s.parts[0])
	for _, part := range s.parts[1:parts] {
		for i, v := range part[:n] {
			y[i] += v
		}
	}
}

// bound is the first row of a part: parts have as many values, up to one in four rows.
func (s *Symmetric64) bound(n, part, parts int) int {
	if part == parts {
		return n
	}
	rows := 0
	for values := 0; values < n*n/2*part/parts; rows += rowsAtOnce64 {
		values += rowsAtOnce64 * (n - rows)
	}
	return min(rows, n)
}

// symmetricPart64 sets y to what rows lo to hi, and the columns that mirror them, make
// of x.
func symmetricPart64(y []float64, a Matrix64, x []float64, lo, hi int) {
	clear(y)
	i, four := lo, new(fourRows64)
	for ; i+rowsAtOnce64 <= hi; i += rowsAtOnce64 {
		for r := i; r < i+rowsAtOnce64; r++ { // the corner on the diagonal
			y[r] += a.Data[r*a.RowStep+r] * x[r]
			for j := r + 1; j < i+rowsAtOnce64; j++ {
				v := a.Data[r*a.RowStep+j]
				y[r] += float64(v * x[j])
				y[j] += float64(v * x[r])
			}
		}
		rest := i + rowsAtOnce64
		if rest == a.Cols {
			continue
		}
		var dots [rowsAtOnce64]float64
		four.add(y[rest:], &dots, a.From(i, rest), x[rest:], (*[4]float64)(x[i:]))
		for r, v := range dots {
			y[i+r] += v
		}
	}
	for ; i < hi; i++ {
		row := a.Data[i*a.RowStep:][:a.Cols]
		y[i] += float64(row[i] * x[i])
		for j := i + 1; j < a.Cols; j++ {
			y[i] += float64(row[j] * x[j])
			y[j] += float64(row[j] * x[i])
		}
	}
}
