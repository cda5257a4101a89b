package kernels

import "math"

// ReLU6 sets dst = min(max(x, 0), 6).
func ReLU6(dst, x []float32) {
	same("ReLU6", len(dst), len(x))
	active.relu6(dst, x)
}

// ReLU6Grad sets dst to dy where 0 < y < 6, y being ReLU6's output, and to 0 elsewhere.
func ReLU6Grad(dst, y, dy []float32) {
	same("ReLU6Grad", len(dst), len(y), len(dy))
	active.relu6Grad(dst, y, dy)
}

// GELU sets dst = x·Φ(x), Φ being the standard normal's distribution function,
// within 1e-7 of max(1, |x|).
func GELU(dst, x []float32) {
	same("GELU", len(dst), len(x))
	active.gelu(dst, x)
}

// GELUGrad sets dst = dy·(Φ(x) + x·φ(x)), φ being the standard normal's density.
func GELUGrad(dst, x, dy []float32) {
	same("GELUGrad", len(dst), len(x), len(dy))
	active.geluGrad(dst, x, dy)
}

func relu6Generic(dst, x []float32) {
	for i, v := range x {
		dst[i] = min(max(v, 0), 6)
	}
}

func relu6GradGeneric(dst, y, dy []float32) {
	for i, v := range y {
		d := dy[i]
		if !(v > 0 && v < 6) {
			d = 0
		}
		dst[i] = d
	}
}

func geluGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] = float32(max(float64(v), -1e6) * normal(float64(v))) // -Inf·0 makes no NaN
	}
}

func geluGradGeneric(dst, x, dy []float32) {
	for i, v := range x {
		z := min(max(float64(v), -1e6), 1e6)
		dst[i] = float32(float64(dy[i]) * (normal(z) + z*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)))
	}
}

// normal is the distribution function of the standard normal.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
