package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

// depthwiseShapes has every count of pixels in a tile, runs of them at borders
// included, and channels around one, two and three vectors of 4, 8 and 16.
func depthwiseShapes() []kernels.DepthwiseShape {
	shapes := []kernels.DepthwiseShape{
		{N: 2, H: 6, W: 6, C: 3, K: 3, Stride: 1, Top: 1, Left: 1, OH: 6, OW: 6},
		{N: 1, H: 1, W: 1, C: 16, K: 5, Stride: 1, Top: 2, Left: 2, OH: 1, OW: 1},
		{N: 2, H: 1, W: 2, C: 33, K: 3, Stride: 2, OH: 1, OW: 1},
		{N: 3, H: 7, W: 5, C: 48, K: 3, Stride: 2, OH: 3, OW: 2},
		{N: 1, H: 4, W: 9, C: 16, K: 1, Stride: 3, OH: 2, OW: 3},
		{N: 1, H: 3, W: 3, C: 17, K: 3, Stride: 1, Top: 4, Left: 3, OH: 9, OW: 8}, // pixels that the image does not reach
		{N: 1, H: 24, W: 20, C: 40, K: 3, Stride: 1, Top: 1, Left: 1, OH: 24, OW: 20},
	}
	for i, c := range []int{1, 4, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 50, 64, 80} {
		w := 4 + i%6
		for stride := 1; stride <= 2; stride++ {
			for _, k := range []int{3, 5} {
				shapes = append(shapes, kernels.DepthwiseShape{
					N: 1, H: 5, W: w, C: c, K: k, Stride: stride, Top: k / 2, Left: k/2 - 1 + stride%2,
					OH: (4 + stride) / stride, OW: (w - 1 + stride) / stride,
				})
			}
		}
	}
	return shapes
}

// visitDepthwise calls f for every product y[yi] += x[xi]·w[wi].
func visitDepthwise(s kernels.DepthwiseShape, f func(xi, wi, yi int)) {
	for n := range s.N {
		for i := range s.OH {
			for j := range s.OW {
				for r := range s.K {
					for q := range s.K {
						h, w := i*s.Stride-s.Top+r, j*s.Stride-s.Left+q
						if h < 0 || w < 0 || h >= s.H || w >= s.W {
							continue
						}
						for c := range s.C {
							f(((n*s.H+h)*s.W+w)*s.C+c, (c*s.K+r)*s.K+q, ((n*s.OH+i)*s.OW+j)*s.C+c)
						}
					}
				}
			}
		}
	}
}

// Both directions against float64 sums, and the bits across numbers of threads.
func TestDepthwise(t *testing.T) {
	ps := pools(t)
	eachImpl(t, func(t *testing.T) {
		for _, s := range depthwiseShapes() {
			t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
				rng := newRand(6)
				x, w := random(rng, s.N*s.H*s.W*s.C), random(rng, s.C*s.K*s.K)
				dy, bias := random(rng, s.N*s.OH*s.OW*s.C), random(rng, s.C)
				y64, ySize := make([]float64, len(dy)), make([]float64, len(dy))
				dx64, dxSize := make([]float64, len(x)), make([]float64, len(x))
				biased := make([]float64, len(dy))
				visitDepthwise(s, func(xi, wi, yi int) {
					a, b, c := float64(x[xi]), float64(w[wi]), float64(dy[yi])
					y64[yi] += a * b
					ySize[yi] += math.Abs(a * b)
					dx64[xi] += b * c
					dxSize[xi] += math.Abs(b * c)
				})
				for i := range biased {
					biased[i] = y64[i] + float64(bias[i%s.C])
				}
				var first [3][]float32
				for _, p := range ps {
					fwd, grad := kernels.NewDepthwise(p, s, nil), kernels.NewDepthwiseGradInput(p, s, nil)
					var out [3][]float32
					var guards [3][]float32
					for i, n := range []int{len(dy), len(dy), len(x)} {
						out[i], guards[i] = guarded(garbage(n))
					}
					fwd.Run(x, w, bias, out[0])
					fwd.Run(x, w, nil, out[1])
					grad.Run(dy, w, nil, out[2])
					near(t, "y", out[0], biased, ySize, 0)
					near(t, "y without bias", out[1], y64, ySize, 0)
					near(t, "dx", out[2], dx64, dxSize, 0)
					for i := range out {
						checkGuards(t, guards[i])
						if p == ps[0] {
							first[i] = out[i]
						} else if !slices.Equal(first[i], out[i]) {
							t.Fatalf("result %d differs between 1 and %d threads", i, p.Threads())
						}
					}
				}
			})
		}
	})
}
