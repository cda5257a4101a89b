package kernels_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/kernels"
)

func TestAdam(t *testing.T) {
	const lr, beta1, beta2, eps = 0.01, 0.9, 0.99, 1e-8
	eachImpl(t, func(t *testing.T) {
		for n := range 50 {
			rng := newRand(uint64(n))
			p, g := random(rng, n), random(rng, n)
			m, v := make([]float32, n), make([]float32, n)
			p64, m64, v64 := make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range p {
				p64[i] = float64(p[i])
			}
			pView, pWhole := guarded(p)
			mView, mWhole := guarded(m)
			vView, vWhole := guarded(v)
			for step := 1; step <= 3; step++ {
				corr1, corr2 := 1-math.Pow(beta1, float64(step)), 1-math.Pow(beta2, float64(step))
				kernels.Adam(pView, g, mView, vView, lr, beta1, beta2, eps, float32(corr1), float32(corr2))
				for i, x := range g {
					x := float64(x)
					m64[i] = beta1*m64[i] + (1-beta1)*x
					v64[i] = beta2*v64[i] + (1-beta2)*x*x
					p64[i] -= lr * (m64[i] / corr1) / (math.Sqrt(v64[i]/corr2) + eps)
				}
				kernels.Scale(g, g, -0.7) // another gradient
			}
			for _, whole := range [][]float32{pWhole, mWhole, vWhole} {
				checkGuards(t, whole)
			}
			for i := range p64 {
				if !within(pView[i], p64[i], 1e-6, 3e-7) || !within(mView[i], m64[i], 1e-5, 1e-8) || !within(vView[i], v64[i], 1e-5, 1e-9) {
					t.Fatalf("n %d, value %d: got %v %v %v, want %v %v %v", n, i, pView[i], mView[i], vView[i], p64[i], m64[i], v64[i])
				}
			}
		}
	})
}

func TestCleanGrad(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	g := []float32{1, nan, inf, -inf, -nan, math.MaxFloat32, -2, 0}
	want := []float32{1, 0, 1e5, -1e5, 0, math.MaxFloat32, -2, 0}
	if n := kernels.CleanGrad(g); n != 4 || !slices.Equal(g, want) {
		t.Errorf("replaced %d giving %v, want 4 giving %v", n, g, want)
	}
}
