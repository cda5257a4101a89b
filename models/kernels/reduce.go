package kernels

// Sum is Σ x, accumulated in float64.
func Sum(x []float32) float64 { return active.sum(x) }

// Dot is Σ a·b, with products and sums in float64.
func Dot(a, b []float32) float64 {
	same("Dot", len(a), len(b))
	return active.dot(a, b)
}

// Max is the largest value of x, NaN if x holds one. An empty x panics.
func Max(x []float32) float32 {
	if len(x) == 0 {
		panic("kernels.Max: no values")
	}
	return maxGeneric(x)
}

// SoftmaxRow sets dst = e^(x−max x) / Σ e^(x−max x).
func SoftmaxRow(dst, x []float32) {
	same("SoftmaxRow", len(dst), len(x))
	if len(x) == 0 {
		return
	}
	sum := active.expSum(dst, x, active.anyMax(x)) // a NaN in x makes the sum NaN
	active.scale(dst, dst, 1/sum)
}
