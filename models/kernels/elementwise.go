package kernels

import (
	"fmt"
	"slices"
)

// same panics unless all lengths equal n.
func same(name string, n int, others ...int) {
	for _, m := range others {
		if m != n {
			panic(fmt.Sprintf("kernels.%s: lengths %d and %v, want equal", name, n, slices.Clone(others)))
		}
	}
}

// Add sets dst = a + b.
func Add(dst, a, b []float32) {
	same("Add", len(dst), len(a), len(b))
	active.add(dst, a, b)
}

// Sub sets dst = a − b.
func Sub(dst, a, b []float32) {
	same("Sub", len(dst), len(a), len(b))
	active.sub(dst, a, b)
}

// Mul sets dst = a·b.
func Mul(dst, a, b []float32) {
	same("Mul", len(dst), len(a), len(b))
	active.mul(dst, a, b)
}

// Div sets dst = a/b, with IEEE infinities and NaN.
func Div(dst, a, b []float32) {
	same("Div", len(dst), len(a), len(b))
	active.div(dst, a, b)
}

// Maximum sets dst to the larger of a and b, to NaN where either is one.
func Maximum(dst, a, b []float32) {
	same("Maximum", len(dst), len(a), len(b))
	active.maximum(dst, a, b)
}

// MulAdd sets dst = dst + a·b.
func MulAdd(dst, a, b []float32) {
	same("MulAdd", len(dst), len(a), len(b))
	active.mulAdd(dst, a, b)
}

// AddScaled sets dst = (a + b)·c: the end of a residual block.
func AddScaled(dst, a, b []float32, c float32) {
	same("AddScaled", len(dst), len(a), len(b))
	active.addScaled(dst, a, b, c)
}

// Scale sets dst = a·c.
func Scale(dst, a []float32, c float32) {
	same("Scale", len(dst), len(a))
	active.scale(dst, a, c)
}

// AddScalar sets dst = a + c.
func AddScalar(dst, a []float32, c float32) {
	same("AddScalar", len(dst), len(a))
	active.addScalar(dst, a, c)
}

// Square sets dst = x².
func Square(dst, x []float32) {
	same("Square", len(dst), len(x))
	active.square(dst, x)
}

// Sqrt sets dst = √x, correctly rounded; NaN below zero.
func Sqrt(dst, x []float32) {
	same("Sqrt", len(dst), len(x))
	active.sqrt(dst, x)
}

// Exp sets dst = eˣ within 2 units in the last place, infinite above 88.73 and
// zero below −104.
func Exp(dst, x []float32) {
	same("Exp", len(dst), len(x))
	active.exp(dst, x)
}

// Log sets dst = ln x, correctly rounded but for rare ties.
func Log(dst, x []float32) {
	same("Log", len(dst), len(x))
	logGeneric(dst, x)
}

// Sigmoid sets dst = 1/(1+e⁻ˣ).
func Sigmoid(dst, x []float32) {
	same("Sigmoid", len(dst), len(x))
	active.sigmoid(dst, x)
}

// Softplus sets dst = ln(1+eˣ) without overflow or loss of small values.
func Softplus(dst, x []float32) {
	same("Softplus", len(dst), len(x))
	softplusGeneric(dst, x)
}

// SiLU sets dst = x·sigmoid(x); −0 at −Inf.
func SiLU(dst, x []float32) {
	same("SiLU", len(dst), len(x))
	active.silu(dst, x)
}

// SiLUGrad sets dst = dy·silu'(x), silu'(x) = s·(1 + x·(1−s)) with
// s = sigmoid(x).
func SiLUGrad(dst, x, dy []float32) {
	same("SiLUGrad", len(dst), len(x), len(dy))
	active.siluGrad(dst, x, dy)
}

// LeakyReLU sets dst = x where x > 0 and slope·x elsewhere; slope 0 is ReLU.
func LeakyReLU(dst, x []float32, slope float32) {
	same("LeakyReLU", len(dst), len(x))
	active.leakyReLU(dst, x, slope)
}

// LeakyReLUGrad sets dst = dy where x > 0 and slope·dy elsewhere.
func LeakyReLUGrad(dst, x, dy []float32, slope float32) {
	same("LeakyReLUGrad", len(dst), len(x), len(dy))
	active.leakyReLUGrad(dst, x, dy, slope)
}
