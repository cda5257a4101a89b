package nn

import (
	"math"
	"math/rand/v2"
)

// Init draws a parameter's first values. A nil Init leaves them zero and draws
// nothing.
type Init func(rng *rand.Rand, dst []float32)

// Uniform draws from U(-bound, bound).
func Uniform(bound float64) Init {
	return func(rng *rand.Rand, dst []float32) {
		for i := range dst {
			dst[i] = float32((2*rng.Float64() - 1) * bound)
		}
	}
}

// Normal draws from N(0, std²).
func Normal(std float64) Init {
	return func(rng *rand.Rand, dst []float32) {
		for i := range dst {
			dst[i] = float32(std * rng.NormFloat64())
		}
	}
}

// Ones is 1 everywhere.
func Ones(_ *rand.Rand, dst []float32) {
	for i := range dst {
		dst[i] = 1
	}
}

// Scheme says how the weight and the bias of a layer begin, by the number of
// values that each of its outputs is made of, and that each of its inputs reaches.
type Scheme func(fanIn, fanOut int) (weight, bias Init)

// Xavier is Xavier's uniform distribution times gain, with a bias of zero.
func Xavier(gain float64) Scheme {
	return func(fanIn, fanOut int) (weight, bias Init) {
		return Uniform(gain * math.Sqrt(6/float64(fanIn+fanOut))), nil
	}
}

// Default is PyTorch's: weight and bias from U(-1/√fanIn, 1/√fanIn).
func Default(fanIn, _ int) (weight, bias Init) {
	u := Uniform(1 / math.Sqrt(float64(fanIn)))
	return u, u
}

// Zeros begins at zero, where a residual branch ends.
func Zeros(_, _ int) (weight, bias Init) { return nil, nil }
