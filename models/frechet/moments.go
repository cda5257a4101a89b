package frechet

import (
	"innate/models"
	"innate/models/kernels"
)

func dense(data []float64, rows, cols int) kernels.Matrix64 { return kernels.Dense64(data, rows, cols) }

// Moments adds up vectors of real images' features.
type Moments struct {
	dim     int
	n       int
	shift   []float64 // the first vector: sums about it lose fewer digits
	sum     []float64
	outer   []float64
	centred []float64
	pool    *kernels.Pool
	product kernels.Product64
}

// NewMoments begins without a vector.
func NewMoments(dim int) *Moments {
	return &Moments{dim: dim, sum: make([]float64, dim), outer: make([]float64, dim*dim), pool: kernels.NewPool(1)}
}

// Add takes n vectors, in columns from first on of rows [n stride].
func (m *Moments) Add(rows []float32, n, stride, first int) {
	if m.shift == nil {
		m.shift = make([]float64, m.dim)
		for j := range m.shift {
			m.shift[j] = float64(rows[first+j])
		}
	}
	m.centred = m.centred[:0]
	for i := range n {
		for j, v := range rows[i*stride+first:][:m.dim] {
			x := float64(v) - m.shift[j]
			m.sum[j] += x
			m.centred = append(m.centred, x)
		}
	}
	batch := dense(m.centred, n, m.dim)
	m.product.Add(m.pool, dense(m.outer, m.dim, m.dim), 1, batch.T(), batch, true)
	m.n += n
}

// Fill writes the mean [D] and the covariance [D D], with divisor N, as float32: what a
// checkpoint keeps, and Read makes a target of.
func (m *Moments) Fill(mean, covariance *models.Param) {
	n, d := float64(m.n), m.dim
	for i := range d {
		mean.Data[i] = float32(m.shift[i] + m.sum[i]/n)
		for j := i; j < d; j++ {
			v := float32(m.outer[i*d+j]/n - m.sum[i]/n*(m.sum[j]/n))
			covariance.Data[i*d+j], covariance.Data[j*d+i] = v, v
		}
	}
}

// Read is NewTarget of what Fill has written.
func Read(mean, covariance *models.Param) (*Target, error) {
	return NewTarget(widen(mean.Data), widen(covariance.Data))
}

func widen(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
