package cpu

import "innate/models/kernels"

// moments accumulates mean and squared deviations of every channel over rows of
// c channels. Each block is centred on its own mean before squaring and blocks
// are combined in float64 (Chan, Golub and LeVeque 1979), so nothing cancels
// when a channel's mean is large against its deviation.
type moments struct {
	rows int
	mean []float64 // [c]
	dev2 []float64 // [c] sums of squared deviations from mean

	sum, dot, shift []float32 // [c]
	block           []float32 // one centred block
}

func newMoments(s *kernels.Region, c int) *moments {
	return &moments{
		mean: s.Doubles(c), dev2: s.Doubles(c),
		sum: s.Floats(c), dot: s.Floats(c), shift: s.Floats(c), block: s.Floats(blockRows(c) * c),
	}
}

func (m *moments) reset() {
	m.rows = 0
	clear(m.mean)
	clear(m.dev2)
}

// add takes in whole rows.
func (m *moments) add(x []float32) {
	c := len(m.mean)
	for len(x) > 0 {
		n := min(len(x), len(m.block))
		m.addBlock(x[:n], n/c)
		x = x[n:]
	}
}

func (m *moments) addBlock(x []float32, rows int) {
	clear(m.sum)
	kernels.SumRows(m.sum, x)
	for i, s := range m.sum {
		m.shift[i] = -s / float32(rows)
	}
	centred := m.block[:len(x)]
	kernels.AddRows(centred, x, m.shift)
	clear(m.sum)
	clear(m.dot)
	kernels.DotRows(m.sum, m.dot, centred, centred)
	n := float64(rows)
	for i := range m.mean {
		// What rounding left of the sum corrects the block's mean.
		rest := float64(m.sum[i]) / n
		m.combine(i, n, rest-float64(m.shift[i]), float64(m.dot[i])-n*rest*rest)
	}
	m.rows += rows
}

// combine adds n values of channel i with that mean and squared deviations; the
// caller counts rows.
func (m *moments) combine(i int, n, mean, dev2 float64) {
	before := float64(m.rows)
	delta := mean - m.mean[i]
	m.mean[i] += delta * n / (before + n)
	m.dev2[i] += dev2 + delta*delta*before*n/(before+n)
}

// merge takes in all that o has seen.
func (m *moments) merge(o *moments) {
	for i := range m.mean {
		m.combine(i, float64(o.rows), o.mean[i], o.dev2[i])
	}
	m.rows += o.rows
}
