package kernels

import "unsafe"

// Portable tiles of float64: as large as those of float32.
const (
	genericLanes64 = 2
	genericRows64  = 4
)

// doubles views n values at p.
func doubles(p unsafe.Pointer, n int) []float64 { return unsafe.Slice((*float64)(p), n) }

// doubleTileGeneric is the tile of 4×4 sums, two rows at a time.
func doubleTileGeneric(t *doubleTile) {
	const n = 2 * genericLanes64
	for i := 0; i < genericRows64; i += 2 {
		c0 := (*[n]float64)(offset(t.c, uintptr(i)*t.cRow))
		c1 := (*[n]float64)(offset(t.c, uintptr(i+1)*t.cRow))
		p, q := *c0, *c1
		a, b := doubles(t.a, t.depth*genericRows64), doubles(t.b, t.depth*n)
		for k := range t.depth {
			x, y, v := a[k*genericRows64+i], a[k*genericRows64+i+1], (*[n]float64)(b[k*n:])
			p[0] += float64(x * v[0])
			p[1] += float64(x * v[1])
			p[2] += float64(x * v[2])
			p[3] += float64(x * v[3])
			q[0] += float64(y * v[0])
			q[1] += float64(y * v[1])
			q[2] += float64(y * v[2])
			q[3] += float64(y * v[3])
		}
		*c0, *c1 = p, q
	}
}

// symmetricRowsGeneric is the loop over four rows.
func symmetricRowsGeneric(t *symmetricRows) {
	n := t.vectors * genericLanes64
	x, y := doubles(t.x, n), doubles(t.y, n)
	alpha, dots := doubles(t.alpha, rowsAtOnce64), doubles(t.dots, rowsAtOnce64*genericLanes64)
	for i := range rowsAtOnce64 {
		sum := 0.0
		for j, v := range doubles(offset(t.a, uintptr(i)*t.aRow), n) {
			sum += float64(v * x[j])
			y[j] += float64(alpha[i] * v)
		}
		dots[i*genericLanes64], dots[i*genericLanes64+1] = sum, 0
	}
}
