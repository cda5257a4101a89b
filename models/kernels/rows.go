package kernels

import (
	"fmt"
	"slices"
)

// rows checks that n values are whole rows of c channels and that the other
// coefficient slices have as many.
func rows(name string, n, c int, coefs ...int) {
	if c == 0 && n > 0 || c > 0 && n%c != 0 {
		panic(fmt.Sprintf("kernels.%s: %d values, want whole rows of %d channels", name, n, c))
	}
	for _, m := range coefs {
		if m != c {
			panic(fmt.Sprintf("kernels.%s: coefficients for %d and %v channels, want equal", name, c, slices.Clone(coefs)))
		}
	}
}

// AffineRows sets dst = x·scale[c] + shift[c] in rows of len(scale) channels.
func AffineRows(dst, x, scale, shift []float32) {
	same("AffineRows", len(dst), len(x))
	rows("AffineRows", len(x), len(scale), len(shift))
	active.affineRows(dst, x, scale, shift)
}

// AffineSiLURows sets dst = silu(x·scale[c] + shift[c]).
func AffineSiLURows(dst, x, scale, shift []float32) {
	same("AffineSiLURows", len(dst), len(x))
	rows("AffineSiLURows", len(x), len(scale), len(shift))
	active.affineSiLURows(dst, x, scale, shift)
}

// AffineSiLUGradRows sets dst = dy·silu'(x·scale[c] + shift[c]): the gradient at
// the activation's input, before the affine map.
func AffineSiLUGradRows(dst, x, dy, scale, shift []float32) {
	same("AffineSiLUGradRows", len(dst), len(x), len(dy))
	rows("AffineSiLUGradRows", len(x), len(scale), len(shift))
	active.affineSiLUGradRows(dst, x, dy, scale, shift)
}

// AffineLeakyRows sets dst = leaky(x·scale[c] + shift[c]).
func AffineLeakyRows(dst, x, scale, shift []float32, slope float32) {
	same("AffineLeakyRows", len(dst), len(x))
	rows("AffineLeakyRows", len(x), len(scale), len(shift))
	active.affineLeakyRows(dst, x, scale, shift, slope)
}

// AffineLeakyGradRows sets dst = dy where x·scale[c] + shift[c] > 0 and slope·dy
// elsewhere.
func AffineLeakyGradRows(dst, x, dy, scale, shift []float32, slope float32) {
	same("AffineLeakyGradRows", len(dst), len(x), len(dy))
	rows("AffineLeakyGradRows", len(x), len(scale), len(shift))
	active.affineLeakyGradRows(dst, x, dy, scale, shift, slope)
}

// Affine2Rows sets dst = a·p[c] + b·q[c] + r[c]: the input gradient of a
// normalisation layer has this form.
func Affine2Rows(dst, a, b, p, q, r []float32) {
	same("Affine2Rows", len(dst), len(a), len(b))
	rows("Affine2Rows", len(a), len(p), len(q), len(r))
	active.affine2Rows(dst, a, b, p, q, r)
}

// AddRows sets dst = x + b[c].
func AddRows(dst, x, b []float32) {
	same("AddRows", len(dst), len(x))
	rows("AddRows", len(x), len(b))
	active.addRows(dst, x, b)
}

// SumRows adds to sum[c] the sum of channel c over all rows of x.
func SumRows(sum, x []float32) {
	rows("SumRows", len(x), len(sum))
	active.sumRows(sum, x)
}

// DotRows adds Σ a to sum[c] and Σ a·b to dot[c], over all rows.
func DotRows(sum, dot, a, b []float32) {
	same("DotRows", len(a), len(b))
	rows("DotRows", len(a), len(sum), len(dot))
	active.dotRows(sum, dot, a, b)
}
