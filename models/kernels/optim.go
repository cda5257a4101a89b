package kernels

import "math"

// adamStep is the arithmetic of one Adam update, its coefficients prepared.
type adamStep struct {
	beta1, beta2 float32 // decay of the moments
	rest1, rest2 float32 // 1−beta1, 1−beta2
	stepSize     float32 // lr/corr1
	root         float32 // 1/√corr2
	eps          float32
}

// Adam updates p, m and v from the gradient g:
//
//	m = beta1·m + (1−beta1)·g
//	v = beta2·v + (1−beta2)·g²
//	p = p − lr·(m/corr1) / (√(v/corr2) + eps)
//
// corr1 = 1−beta1ᵗ and corr2 = 1−beta2ᵗ correct the moments' start from zero;
// eps is added after the corrected root, as torch.optim.Adam does (Kingma and
// Ba 2015, algorithm 1).
func Adam(p, g, m, v []float32, lr, beta1, beta2, eps, corr1, corr2 float32) {
	same("Adam", len(p), len(g), len(m), len(v))
	active.adam(p, g, m, v, adamStep{
		beta1: beta1, beta2: beta2,
		rest1: 1 - beta1, rest2: 1 - beta2,
		stepSize: lr / corr1,
		root:     float32(1 / math.Sqrt(float64(corr2))),
		eps:      eps,
	})
}

func adamGeneric(p, g, m, v []float32, k adamStep) {
	for i, gi := range g {
		mi := float32(k.beta1*m[i]) + float32(k.rest1*gi)
		vi := float32(k.beta2*v[i]) + float32(k.rest2*float32(gi*gi))
		m[i], v[i] = mi, vi
		root := float32(math.Sqrt(float64(vi)))
		p[i] -= float32(k.stepSize*mi) / (float32(root*k.root) + k.eps)
	}
}

// Lerp sets dst = dst + t·(x − dst): one step of an exponential moving average.
func Lerp(dst, x []float32, t float32) {
	same("Lerp", len(dst), len(x))
	active.lerp(dst, x, t)
}

func lerpGeneric(dst, x []float32, t float32) {
	for i, v := range x {
		dst[i] += float32(t * (v - dst[i]))
	}
}

// CleanGrad replaces NaN by 0, +Inf by 1e5 and −Inf by −1e5, and returns how
// many values it replaced, so that the caller can show them.
func CleanGrad(g []float32) (nonFinite int) {
	const exponent = 0x7f800000
	for i, v := range g {
		if math.Float32bits(v)&exponent != exponent {
			continue
		}
		nonFinite++
		switch {
		case v > 0:
			g[i] = 1e5
		case v < 0:
			g[i] = -1e5
		default:
			g[i] = 0
		}
	}
	return nonFinite
}
