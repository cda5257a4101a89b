package kernels

import "unsafe"

// Portable tiles. One vector is 4 floats; blocks of 2×4 sums fit the registers
// of every architecture.
const (
	genericLanes = 4
	genericRows  = 4
)

// floats views n values at p.
func floats(p unsafe.Pointer, n int) []float32 { return unsafe.Slice((*float32)(p), n) }

// offset is the address some bytes after p.
func offset(p unsafe.Pointer, bytes uintptr) unsafe.Pointer { return unsafe.Add(p, bytes) }

// dotTileGeneric is the dot tile of mr rows and nv vectors.
func dotTileGeneric(t *tile, mr, nv int) {
	lanes := nv * genericLanes
	for i := 0; i < mr; i += 2 {
		i1 := min(i+1, mr-1) // an odd last row is computed twice
		for j := 0; j < lanes; j += genericLanes {
			var s0, s1 [genericLanes]float32
			if t.init != nil {
				s0 = [4]float32(floats(t.init, lanes)[j:])
				s1 = s0
			}
			for r := range t.rows {
				row := offset(t.a, uintptr(r)*t.aRow)
				a0 := floats(offset(row, uintptr(i)*t.aPix), t.len)
				a1 := floats(offset(row, uintptr(i1)*t.aPix), t.len)
				b := floats(offset(t.b, uintptr(r*t.len*lanes*floatBytes)), t.len*lanes)
				s0, s1 = dot2x4(s0, s1, a0, a1, b[j:], lanes)
			}
			copy(floats(offset(t.c, uintptr(i)*t.cPix), lanes)[j:], s0[:])
			copy(floats(offset(t.c, uintptr(i1)*t.cPix), lanes)[j:], s1[:])
		}
	}
}

// dot2x4 adds a0[k]·b[k·stride+j] to s0[j], and a1's products to s1.
func dot2x4(s0, s1 [4]float32, a0, a1, b []float32, stride int) (_, _ [4]float32) {
	p0, p1, p2, p3 := s0[0], s0[1], s0[2], s0[3]
	q0, q1, q2, q3 := s1[0], s1[1], s1[2], s1[3]
	for k, x := range a0 {
		y := a1[k]
		v := b[k*stride:][:4:4]
		p0 += float32(x * v[0])
		p1 += float32(x * v[1])
		p2 += float32(x * v[2])
		p3 += float32(x * v[3])
		q0 += float32(y * v[0])
		q1 += float32(y * v[1])
		q2 += float32(y * v[2])
		q3 += float32(y * v[3])
	}
	return [4]float32{p0, p1, p2, p3}, [4]float32{q0, q1, q2, q3}
}

// outerTileGeneric is the outer tile of mr rows and nv vectors.
func outerTileGeneric(t *tile, mr, nv int) {
	lanes := nv * genericLanes
	for i := 0; i < mr; i += 2 {
		i1 := min(i+1, mr-1)
		for j := 0; j < lanes; j += genericLanes {
			var s0, s1 [genericLanes]float32
			if t.init != nil {
				s0 = [4]float32(floats(offset(t.init, uintptr(i)*t.cPix), lanes)[j:])
				s1 = [4]float32(floats(offset(t.init, uintptr(i1)*t.cPix), lanes)[j:])
			}
			for n := range t.images {
				for r := range t.rows {
					a := offset(t.a, uintptr(n)*t.aImage+uintptr(r)*t.aRow)
					b := offset(t.b, uintptr(n)*t.bImage+uintptr(r)*t.bRow+uintptr(j*floatBytes))
					s0, s1 = outer2x4(s0, s1, a, b, t, i, i1)
				}
			}
			copy(floats(offset(t.c, uintptr(i)*t.cPix), lanes)[j:], s0[:])
			copy(floats(offset(t.c, uintptr(i1)*t.cPix), lanes)[j:], s1[:])
		}
	}
}

// outer2x4 adds the products of one row of pixels, values i and i1 of A with
// four values of B.
func outer2x4(s0, s1 [4]float32, a, b unsafe.Pointer, t *tile, i, i1 int) (_, _ [4]float32) {
	p0, p1, p2, p3 := s0[0], s0[1], s0[2], s0[3]
	q0, q1, q2, q3 := s1[0], s1[1], s1[2], s1[3]
	for n := t.len; n > 0; n-- {
		x := *(*float32)(offset(a, uintptr(i*floatBytes)))
		y := *(*float32)(offset(a, uintptr(i1*floatBytes)))
		v := (*[4]float32)(b)
		p0 += float32(x * v[0])
		p1 += float32(x * v[1])
		p2 += float32(x * v[2])
		p3 += float32(x * v[3])
		q0 += float32(y * v[0])
		q1 += float32(y * v[1])
		q2 += float32(y * v[2])
		q3 += float32(y * v[3])
		if n > 1 { // never form an address past the last pixel
			a, b = offset(a, t.aPix), offset(b, t.bPix)
		}
	}
	return [4]float32{p0, p1, p2, p3}, [4]float32{q0, q1, q2, q3}
}
