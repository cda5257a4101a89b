package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

func TestGemm(t *testing.T) {
	ps := pools(t)
	sizes := [][4]int{{1, 1, 1, 1}, {1, 64, 10, 32}, {2, 7, 33, 5}, {3, 49, 49, 16}, {20, 6, 16, 8}, {18, 5, 3, 70}, {1, 130, 48, 31}, {2, 37, 150, 600}}
	for _, z := range sizes {
		batch, m, n, k := z[0], z[1], z[2], z[3]
		rng := newRand(2)
		a, b := random(rng, batch*m*k), random(rng, batch*k*n)
		for flags := range 4 {
			ta, tb := flags&1 != 0, flags&2 != 0
			want, size := make([]float64, batch*m*n), make([]float64, batch*m*n)
			for i := range batch {
				for r := range m {
					for c := range n {
						for q := range k {
							ai, bi := r*k+q, q*n+c
							if ta {
								ai = q*m + r
							}
							if tb {
								bi = c*k + q
							}
							v := float64(a[i*m*k+ai]) * float64(b[i*k*n+bi])
							want[(i*m+r)*n+c] += v
							size[(i*m+r)*n+c] += math.Abs(v)
						}
					}
				}
			}
			eachImpl(t, func(t *testing.T) {
				t.Run(fmt.Sprint(z, ta, tb), func(t *testing.T) {
					var first []float32
					for _, p := range ps {
						var own []float32
						g := prepared(&own, func(s *kernels.Region) *kernels.Gemm { return kernels.NewGemm(p, batch, m, n, k, ta, tb, s) })
						c := garbage(len(want))
						g.Run(a, b, c)
						near(t, "c", c, want, size, 0)
						if p == ps[0] {
							first = c
						} else if !slices.Equal(c, first) {
							t.Fatalf("result differs between 1 and %d threads", p.Threads())
						}
					}
				})
			})
		}
	}
}
