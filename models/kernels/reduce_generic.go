package kernels

func sumGeneric(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v)
	}
	return s
}

func dotGeneric(a, b []float32) float64 {
	var s float64
	for i, v := range a {
		s += float64(float64(v) * float64(b[i]))
	}
	return s
}

func maxGeneric(x []float32) float32 {
	m := x[0]
	for _, v := range x[1:] {
		m = max(m, v)
	}
	return m
}

func expSumGeneric(dst, x []float32, shift float32) float32 {
	var s float32
	for i, v := range x {
		e := expf(v - shift)
		dst[i] = e
		s += e
	}
	return s
}
