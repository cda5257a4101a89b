package kernels_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"innate/models/kernels"
)

// nearest is x rounded to 8 bits of mantissa by package big, which rounds ties to even
// and knows no subnormals: these are multiples of 2^-133.
func nearest(x float32) float32 {
	v := float64(x)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return x
	}
	if math.Abs(v) < math.Ldexp(1, -126) {
		return float32(math.Ldexp(math.RoundToEven(math.Ldexp(v, 133)), -133))
	}
	r, _ := new(big.Float).SetMode(big.ToNearestEven).SetPrec(8).SetFloat64(v).Float64()
	if math.Abs(r) > math.MaxFloat32 { // what rounds beyond the largest bfloat16
		return float32(math.Inf(int(math.Copysign(1, r))))
	}
	return float32(r)
}

// TestBFloat16 rounds values of every exponent, ties and what has no number there and
// back, in slices of every remainder, in parts, and without touching what lies behind.
func TestBFloat16(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	inf := float32(math.Inf(1))
	special := []float32{
		0, float32(math.Copysign(0, -1)), 1, -1, inf, -inf, math.MaxFloat32, -math.MaxFloat32, float32(math.NaN()),
		math.Float32frombits(0x7f800001), math.Float32frombits(0xffffffff), math.SmallestNonzeroFloat32,
		math.Float32frombits(0x3f808000), math.Float32frombits(0x3f818000), math.Float32frombits(0x3f808001), math.Float32frombits(0x00008000),
	}
	eachImpl(t, func(t *testing.T) {
		for n := range 140 {
			x := make([]float32, n)
			for i := range x {
				if x[i] = math.Float32frombits(rng.Uint32()); i%3 == 0 {
					x[i] = special[rng.IntN(len(special))]
				}
			}
			words := make([]float32, kernels.BFloat16Words(n)+1)
			back := make([]float32, n+1)
			words[len(words)-1], back[n] = 7, 7
			half := len(words) / 2
			kernels.NarrowPart(words[:len(words)-1], x, half, len(words)-1)
			kernels.NarrowPart(words[:len(words)-1], x, 0, half)
			kernels.Widen(back[:n], words[:len(words)-1])
			for i, v := range x {
				want := nearest(v)
				if got := back[i]; math.Float32bits(got) != math.Float32bits(want) && (got == got || want == want) {
					t.Fatalf("%d values, %d: %x becomes %x, want %x", n, i, math.Float32bits(v), math.Float32bits(got), math.Float32bits(want))
				}
			}
			if words[len(words)-1] != 7 || back[n] != 7 {
				t.Fatalf("%d values: wrote behind the end", n)
			}
		}
	})
}
