package spectrum

import (
	"math"

	"innate/models/kernels"
)

// Factor is U of a positive semidefinite A of rank r: A[Order[i]][Order[j]] is element
// (i, j) of UT U.
type Factor struct {
	U          []float64 // [Rank n]
	Rank       int
	Order      []int // [n]
	Triangular bool  // U is zero below its diagonal
}

// Of what is left of a matrix, values below so many roundings of its largest variance
// are none; those that are as far below 0, some times over, show that it is not positive
// semidefinite. Covariances of few dimensions are as exact as of leastRoundings.
const (
	leastRoundings = 256
	beyond         = 8
)

// Cholesky factors a [n n] with pivots, so that it may lack rank: what is left after
// Rank rows is below rounding. ok is false where a is not positive semidefinite up to
// that.
func Cholesky(p *kernels.Pool, a []float64, n int) (f *Factor, ok bool) {
	c := &cholesky{pool: p, u: kernels.Dense64(make([]float64, n*n), n, n), order: make([]int, n), squares: make([]float64, n)}
	largest := 0.0
	for i := range n {
		copy(c.u.Data[i*n+i:(i+1)*n], a[i*n+i:])
		largest = max(largest, a[i*n+i])
		c.order[i] = i
	}
	c.rounding = float64(max(n, leastRoundings)) * 0x1p-52 * largest
	rank, ok := c.factor()
	if !ok {
		return nil, false
	}
	return &Factor{U: c.u.Data[:rank*n], Rank: rank, Order: c.order, Triangular: true}, true
}

type cholesky struct {
	pool     *kernels.Pool
	u        kernels.Matrix64
	order    []int
	rounding float64
	squares  []float64 // of the panel's rows, by column
	product  kernels.Product64
}

// factor is the blocked algorithm of Lucas 2004: the rows of a panel are made one by
// one, then taken from all that is below.
func (c *cholesky) factor() (rank int, ok bool) {
	n := c.u.Rows
	for first := 0; first < n; {
		clear(c.squares)
		end := min(first+panelRows, n)
		next := first
		for ; next < end; next++ {
			pivot, value, least := c.pivot(next)
			if least < -beyond*c.rounding {
				return 0, false
			}
			if value <= c.rounding {
				break
			}
			c.swap(next, pivot)
			c.row(first, next, math.Sqrt(value))
		}
		rows := c.u.From(first, next).First(next-first, n-next)
		c.product.Add(c.pool, c.u.From(next, next), -1, rows.T(), rows, true)
		if next < end {
			return next, c.nothingFrom(next)
		}
		first = next
	}
	return n, true
}

// pivot is the largest variance that is left from j on, and the least.
func (c *cholesky) pivot(j int) (at int, largest, least float64) {
	at, largest, least = j, math.Inf(-1), math.Inf(1)
	for i := j; i < c.u.Rows; i++ {
		v := c.u.Data[i*c.u.RowStep+i] - c.squares[i]
		if v > largest {
			at, largest = i, v
		}
		least = min(least, v)
	}
	return at, largest, least
}

// swap exchanges rows and columns j and i, j <= i, of the upper triangle.
func (c *cholesky) swap(j, i int) {
	if i == j {
		return
	}
	n, u := c.u.Rows, c.u.Data
	for r := range j {
		u[r*n+j], u[r*n+i] = u[r*n+i], u[r*n+j]
	}
	u[j*n+j], u[i*n+i] = u[i*n+i], u[j*n+j]
	for r := j + 1; r < i; r++ {
		u[j*n+r], u[r*n+i] = u[r*n+i], u[j*n+r]
	}
	for r := i + 1; r < n; r++ {
		u[j*n+r], u[i*n+r] = u[i*n+r], u[j*n+r]
	}
	c.order[j], c.order[i] = c.order[i], c.order[j]
	c.squares[j], c.squares[i] = c.squares[i], c.squares[j]
}

// row makes row j of U, whose panel began at first.
func (c *cholesky) row(first, j int, diagonal float64) {
	n := c.u.Rows
	row := c.u.Data[j*n+j+1 : (j+1)*n]
	c.u.Data[j*n+j] = diagonal
	above := c.u.From(first, j+1).First(j-first, n-j-1)
	coefficients, unused := make([]float64, above.Rows), make([]float64, above.Rows)
	for q := range coefficients {
		coefficients[q] = -c.u.Data[(first+q)*n+j]
	}
	kernels.AddRows64(row, unused, above, row, coefficients)
	for i := range row {
		row[i] /= diagonal
		c.squares[j+1+i] += float64(row[i] * row[i])
	}
}

// nothingFrom reports whether what is left from j on is rounding.
func (c *cholesky) nothingFrom(j int) bool {
	n := c.u.Rows
	for i := j; i < n; i++ {
		for _, v := range c.u.Data[i*n+i : (i+1)*n] {
			if math.Abs(v) > beyond*c.rounding {
				return false
			}
		}
	}
	return true
}
