package nn

import (
	"fmt"
	"math"

	"innate/models"
)

// Embedding turns noise levels into cosines and sines. A graph has no sines: the
// embedding is computed outside, by Fill, and enters as an input [N Width].
type Embedding struct {
	Width     int
	Freqs     *models.Param // [Width/2] of a Fourier embedding; nil for geometric frequencies
	EndPoint  bool          // geometric frequencies from 1 to 1/10000, that included; else to just above it
	SineFirst bool          // the sines, then the cosines; else the other way round
}

// fourierScale is the deviation of a Fourier embedding's frequencies.
const fourierScale = 16

// Fourier makes random frequencies, which a checkpoint keeps.
func (b *Builder) Fourier(name string, width int) *models.Param {
	return b.Buffer(name, Normal(fourierScale), width/2)
}

// Fill sets dst [len(cNoise) Width] to the embedding of each noise level. Angles
// are rounded to float32 as PyTorch's are.
func (e *Embedding) Fill(dst, cNoise []float32) {
	if len(dst) != e.Width*len(cNoise) {
		panic(fmt.Sprintf("nn: noise embedding of %d values, want %d", len(dst), e.Width*len(cNoise)))
	}
	half := e.Width / 2
	sines, cosines := half, 0
	if e.SineFirst {
		sines, cosines = 0, half
	}
	for i := range half {
		freq := e.frequency(i)
		for j, c := range cNoise {
			sin, cos := math.Sincos(float64(c * freq))
			dst[j*e.Width+sines+i] = float32(sin)
			dst[j*e.Width+cosines+i] = float32(cos)
		}
	}
}

// frequency is the i-th angular frequency.
func (e *Embedding) frequency(i int) float32 {
	if e.Freqs != nil {
		return float32(2*math.Pi) * e.Freqs.Data[i]
	}
	steps := e.Width / 2
	if e.EndPoint {
		steps--
	}
	return float32(math.Pow(10000, -float64(i)/float64(steps)))
}
