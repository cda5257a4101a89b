package kernels

func affineRowsGeneric(dst, x, scale, shift []float32) {
	for c := len(scale); len(x) > 0; dst, x = dst[c:], x[c:] {
		for i := range c {
			dst[i] = float32(x[i]*scale[i]) + shift[i]
		}
	}
}

func affineSiLURowsGeneric(dst, x, scale, shift []float32) {
	for c := len(scale); len(x) > 0; dst, x = dst[c:], x[c:] {
		for i := range c {
			dst[i] = siluf(float32(x[i]*scale[i]) + shift[i])
		}
	}
}

func affineSiLUGradRowsGeneric(dst, x, dy, scale, shift []float32) {
	for c := len(scale); len(x) > 0; dst, x, dy = dst[c:], x[c:], dy[c:] {
		for i := range c {
			dst[i] = dy[i] * siluGradf(float32(x[i]*scale[i])+shift[i])
		}
	}
}

func affineLeakyRowsGeneric(dst, x, scale, shift []float32, slope float32) {
	for c := len(scale); len(x) > 0; dst, x = dst[c:], x[c:] {
		for i := range c {
			u := float32(x[i]*scale[i]) + shift[i]
			dst[i] = leakyf(u, u, slope)
		}
	}
}

func affineLeakyGradRowsGeneric(dst, x, dy, scale, shift []float32, slope float32) {
	for c := len(scale); len(x) > 0; dst, x, dy = dst[c:], x[c:], dy[c:] {
		for i := range c {
			dst[i] = leakyf(float32(x[i]*scale[i])+shift[i], dy[i], slope)
		}
	}
}

func affine2RowsGeneric(dst, a, b, p, q, r []float32) {
	for c := len(p); len(a) > 0; dst, a, b = dst[c:], a[c:], b[c:] {
		for i := range c {
			dst[i] = float32(a[i]*p[i]) + float32(float32(b[i]*q[i])+r[i])
		}
	}
}

func addRowsGeneric(dst, x, b []float32) {
	for c := len(b); len(x) > 0; dst, x = dst[c:], x[c:] {
		for i := range c {
			dst[i] = x[i] + b[i]
		}
	}
}

func sumRowsGeneric(sum, x []float32) {
	for c := len(sum); len(x) > 0; x = x[c:] {
		for i := range c {
			sum[i] += x[i]
		}
	}
}

func dotRowsGeneric(sum, dot, a, b []float32) {
	for c := len(sum); len(a) > 0; a, b = a[c:], b[c:] {
		for i := range c {
			sum[i] += a[i]
			dot[i] += float32(a[i] * b[i])
		}
	}
}
