package kernels

import "unsafe"

// tile is the argument block of a register tile: a product of mr rows of A with
// a panel of nv vectors of B, all sums held in registers. Strides are in bytes.
// The assembly reads the fields by offset; _asm/tile.go repeats their order.
//
// A dot tile sums over the values of a pixel:
//
//	C[i][j] = init[j] + Σ_k A[i][k]·B[k][j]
//
// A[i] is pixel i, its values lying in `rows` contiguous segments of `len`
// floats, aRow apart: the rows of a convolution kernel, each kw·Ci long in an
// [H W Ci] image. B is packed, one panel wide per k; bPix, bRow and the images
// are unused.
//
// An outer tile sums over pixels, which form `images` images of `rows` rows of
// `len` pixels:
//
//	C[i][j] = init[i][j] + Σ_pixel A[pixel][i]·B[pixel][j]
//
// with the mr values of A and the nv vectors of B contiguous in each pixel;
// init has the layout of C, with cPix between rows.
//
// All counts are at least 1. A nil init stands for zeros.
type tile struct {
	a              unsafe.Pointer
	aPix, aRow     uintptr
	b              unsafe.Pointer
	bPix, bRow     uintptr
	c              unsafe.Pointer
	cPix           uintptr
	init           unsafe.Pointer
	rows, len      int
	aImage, bImage uintptr
	images         int
}

// floatBytes is the size of a value.
const floatBytes = 4

// at is the address of x[i], bounds checked.
func at(x []float32, i int) unsafe.Pointer { return unsafe.Pointer(&x[i]) }

// panel is a range of output channels that one tile covers: nv vectors, of
// which the first width lanes are channels and the rest padding.
type panel struct {
	first, width int
	nv, lanes    int // lanes = nv·(vector length) ≥ width
	offset       int // channels in the panels before, padding counted
}

// partial says that a tile's result cannot be stored in place.
func (p panel) partial() bool { return p.width < p.lanes }

// panels cuts n channels into panels of two vectors and, for what is left, one
// panel of one or two. The second result is the number of lanes in all panels.
func (k *impl) panels(n int) (list []panel, lanes int) {
	for first := 0; first < n; first += 2 * k.vl {
		p := panel{first: first, width: min(n-first, 2*k.vl), nv: 2, offset: lanes}
		if p.width <= k.vl {
			p.nv = 1
		}
		p.lanes = p.nv * k.vl
		lanes += p.lanes
		list = append(list, p)
	}
	return list, lanes
}

// splitEven is the bounds of part i when n items are cut into parts as equal as
// can be.
func splitEven(n, parts, i int) (lo, hi int) { return n * i / parts, n * (i + 1) / parts }

// ceilDiv is ⌈a/b⌉ for a ≥ 0.
func ceilDiv(a, b int) int { return (a + b - 1) / b }
