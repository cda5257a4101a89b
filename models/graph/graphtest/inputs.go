package graphtest

import "math/rand/v2"

// Input describes one argument of a function under test.
type Input struct {
	Shape []int
	Fixed bool // a constant: its gradient is not checked

	value func(rng *rand.Rand, i int) float32
}

// Normal draws values from the standard normal distribution.
func Normal(shape ...int) Input {
	return Input{Shape: shape, value: func(rng *rand.Rand, _ int) float32 { return float32(rng.NormFloat64()) }}
}

// Uniform draws values between lo and hi.
func Uniform(lo, hi float32, shape ...int) Input {
	return Input{Shape: shape, value: func(rng *rand.Rand, _ int) float32 { return lo + (hi-lo)*rng.Float32() }}
}

// AwayFromZero draws values of magnitude 0.5 to 1.5 and either sign, for
// functions with a kink or a pole at zero.
func AwayFromZero(shape ...int) Input {
	return Input{Shape: shape, value: func(rng *rand.Rand, _ int) float32 {
		v := 0.5 + rng.Float32()
		if rng.IntN(2) == 0 {
			return -v
		}
		return v
	}}
}

// Values uses the given values.
func Values(data []float32, shape ...int) Input {
	return Input{Shape: shape, value: func(_ *rand.Rand, i int) float32 { return data[i] }}
}

// OneHot puts a single 1 in every row of the last axis.
func OneHot(n, k int) Input {
	hot := 0
	return Input{Shape: []int{n, k}, Fixed: true, value: func(rng *rand.Rand, i int) float32 {
		if i%k == 0 {
			hot = rng.IntN(k)
		}
		if i%k == hot {
			return 1
		}
		return 0
	}}
}

// Constant is the input without a check of its gradient.
func (in Input) Constant() Input {
	in.Fixed = true
	return in
}

func (in Input) fill(rng *rand.Rand, data []float32) {
	for i := range data {
		data[i] = in.value(rng, i)
	}
}
