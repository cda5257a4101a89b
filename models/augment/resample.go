package augment

import (
	"math"

	"innate/models"
	"innate/models/graph"
)

// sym6 are the low-pass coefficients of the wavelet symlet 6 (Daubechies 1992), by
// which images are doubled before they are sampled and halved afterwards. The two
// are each other's inverse where nothing is sampled in between.
var sym6 = [12]float64{
	0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633,
	0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252,
	-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148,
}

// halo is how many pixels an image is larger on every side when it is sampled, for
// the filter that halves it.
const halo = len(sym6) / 4

// doubled is the size of an axis of n pixels once it is reflected as far as it
// reaches, and doubled; sampled is its size when it has been sampled.
func doubled(n int) int { return 2 * (3*n - 2) }
func sampled(n int) int { return 2 * (n + 2*halo) }

// reflect is the pixel of an axis of n that a place beyond it mirrors.
func reflect(i, n int) int {
	period := 2 * (n - 1)
	i = ((i % period) + period) % period
	return min(i, period-i)
}

// doubling is the matrix [doubled(n) n] of reflection and doubling.
func doubling(n int) [][]float64 {
	m := zeros(doubled(n), n)
	for k := range m {
		for p := range 3*n - 2 {
			if tap := 5 + k - 2*p; tap >= 0 && tap < len(sym6) {
				m[k][reflect(p-(n-1), n)] += sym6[tap] * math.Sqrt2
			}
		}
	}
	return m
}

// halving is the matrix [n sampled(n)] of the filter, at every other pixel.
func halving(n int) [][]float64 {
	m := zeros(n, sampled(n))
	for i := range m {
		for tap, v := range sym6 {
			m[i][2*i+1+tap] = v / math.Sqrt2
		}
	}
	return m
}

func zeros(rows, cols int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, cols)
	}
	return m
}

// axes are matrices of one resampling: along rows, for every image of a batch, and
// along columns, for every channel of a pixel.
type axes struct{ rows, cols *models.Param }

func newAxes(name string, batch, channels int, rows, cols [][]float64) axes {
	a := axes{
		models.NewParam(name+" rows", batch, len(rows), len(rows[0])),
		models.NewParam(name+" columns", len(cols)*channels, len(cols[0])*channels),
	}
	size := len(rows) * len(rows[0])
	for i := range a.rows.Data {
		at := i % size
		a.rows.Data[i] = float32(rows[at/len(rows[0])][at%len(rows[0])])
	}
	width := len(cols[0]) * channels
	for i, row := range cols {
		for j, v := range row {
			for c := range channels {
				a.cols.Data[(i*channels+c)*width+j*channels+c] = float32(v)
			}
		}
	}
	return a
}

// alongRows resamples the rows of x [N H W C].
func (a axes) alongRows(g *graph.Builder, x graph.Node) graph.Node {
	s := x.Shape()
	y := g.MatMul(g.Param(a.rows), g.Reshape(x, s[0], s[1], s[2]*s[3]), false, false)
	return g.Reshape(y, s[0], a.rows.Shape[1], s[2], s[3])
}

// alongCols resamples the columns.
func (a axes) alongCols(g *graph.Builder, x graph.Node) graph.Node {
	s := x.Shape()
	y := g.Linear(g.Reshape(x, s[0]*s[1], s[2]*s[3]), g.Param(a.cols), graph.Node{})
	return g.Reshape(y, s[0], s[1], a.cols.Shape[0]/s[3], s[3])
}
