package kernels

import "unsafe"

// lines is the argument block of a one-dimensional transform of Winograd's
// algorithm, which turns a few vectors into a few others, value by value:
//
//	out[i][c] = bias[c] + Σ_j T[i][j]·in[j][c]
//
// for the values c of a line, whose number is a multiple of the vector length, and
// for count lines. Steps are in bytes. The assembly reads the fields by offset;
// _asm/winograd.go repeats their order.
type lines struct {
	in      [6]unsafe.Pointer
	out     unsafe.Pointer
	outStep uintptr // from one output to the next
	inNext  uintptr // from one line to the next, in every input
	outNext uintptr // and in every output
	bias    unsafe.Pointer
	len     uintptr // bytes of a line
	count   int
}

// lineMap names a transform. In the paper's letters, for one dimension (Lavin and
// Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): a convolution
// is Aᵀ[(G·g) ⊙ (Bᵀ·d)] and the gradient of its weight Gᵀ[(Bᵀ·d) ⊙ (A·dy)].
type lineMap int

const (
	inputMap      lineMap = iota // Bᵀ
	outputMap                    // Aᵀ
	outputBiasMap                // Aᵀ, and a bias
	gradMap                      // A
	weightMap                    // G
	weightGradMap                // Gᵀ
	lineMaps
)

// winogradMaps are the transforms of F(2×2, 3×3), then those of F(4×4, 3×3) and
// F(4×4, 2×2).
type winogradMaps [3][lineMaps]func(*lines)

// of are the transforms of a tiling.
func (w *winogradMaps) of(t tiling) *[lineMaps]func(*lines) {
	if t.k == 2 {
		return &w[2]
	}
	return &w[t.m/2-1]
}
