package analysis

import (
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// spectrum adds up the power of images [H W C] by the radius of their frequencies:
// |DFT|²/(HW), without a window, mean over the frequencies of a ring, channels and
// images. Ring r holds what is nearest to radius r, in periods per image, up to
// Nyquist; the corners beyond are left out. Ring 0 is the mean.
type spectrum struct {
	side   int
	power  []float64 // [rings] sums over images and channels
	count  []float64 // frequencies in each ring
	images int       // images times channels

	fft          *fourier.CmplxFFT
	ring         []int // of each frequency [side side]; -1 beyond Nyquist
	plane        []complex128
	line, result []complex128
}

func newSpectrum(side int) *spectrum {
	s := &spectrum{
		side: side, power: make([]float64, side/2+1), count: make([]float64, side/2+1),
		fft: fourier.NewCmplxFFT(side), ring: make([]int, side*side), plane: make([]complex128, side*side),
		line: make([]complex128, side), result: make([]complex128, side),
	}
	signed := func(k int) float64 {
		if k > side/2 {
			k -= side
		}
		return float64(k)
	}
	for u := range side {
		for v := range side {
			r := int(math.Round(math.Hypot(signed(u), signed(v))))
			if r > side/2 {
				r = -1
			} else {
				s.count[r]++
			}
			s.ring[u*side+v] = r
		}
	}
	return s
}

// add takes in images [n side side channels].
func (s *spectrum) add(images []float32, channels int) {
	pixels := s.side * s.side
	for at := 0; at < len(images); at += pixels * channels {
		for c := range channels {
			for i := range pixels {
				s.plane[i] = complex(float64(images[at+i*channels+c]), 0)
			}
			s.addPlane()
		}
	}
}

// addPlane transforms rows and then columns of the plane.
func (s *spectrum) addPlane() {
	n := s.side
	for y := range n {
		s.fft.Coefficients(s.result, s.plane[y*n:(y+1)*n])
		copy(s.plane[y*n:(y+1)*n], s.result)
	}
	for x := range n {
		for y := range n {
			s.line[y] = s.plane[y*n+x]
		}
		s.fft.Coefficients(s.result, s.line)
		for y, v := range s.result {
			if r := s.ring[y*n+x]; r >= 0 {
				a := cmplx.Abs(v)
				s.power[r] += a * a / float64(n*n)
			}
		}
	}
	s.images++
}

// mean is the power of a frequency in each ring.
func (s *spectrum) mean() []float64 {
	p := make([]float64, len(s.power))
	for r := range p {
		p[r] = s.power[r] / s.count[r] / float64(s.images)
	}
	return p
}

// bands are the energies of the thirds of the radius up to Nyquist, a pixel's: sums of
// power over the frequencies, over their number in the plane. The mean is in none.
func (s *spectrum) bands() (b [3]float64) {
	for r := 1; r < len(s.power); r++ {
		b[bandOf(r, s.side)] += s.power[r] / float64(s.images*s.side*s.side)
	}
	return b
}

// bandOf is 0 for radii up to a third of Nyquist, 1 up to two thirds, and 2.
func bandOf(r, side int) int {
	nyquist := side / 2
	return min((3*r-1)/max(nyquist, 1), 2)
}

// bandNames are those of bands.
var bandNames = [3]string{"low", "mid", "high"}

// decibels is 10·log10 of a ratio; NaN where one is 0.
func decibels(a, b float64) float64 {
	if a <= 0 || b <= 0 {
		return math.NaN()
	}
	return 10 * math.Log10(a/b)
}
