package kernels

// winogradGeneric are the transforms in Go. They round every product, so that the
// result is the same on every architecture.
var winogradGeneric = winogradMaps{
	{
		linesGeneric(4, 4, input2), linesGeneric(4, 2, output2), linesGeneric(4, 2, output2),
		linesGeneric(2, 4, grad2), linesGeneric(3, 4, weight2), linesGeneric(4, 3, weightGrad2),
	},
	{
		linesGeneric(6, 6, input4), linesGeneric(6, 4, output4), linesGeneric(6, 4, output4),
		linesGeneric(4, 6, grad4), linesGeneric(3, 6, weight4), linesGeneric(6, 3, weightGrad4),
	},
	{
		linesGeneric(5, 5, input42), linesGeneric(5, 4, output42), linesGeneric(5, 4, output42),
		linesGeneric(4, 5, grad42), linesGeneric(2, 5, weight42), linesGeneric(5, 2, weightGrad42),
	},
}

// column is one value of every input or output.
type column [6]float32

// linesGeneric runs a transform of ins values to outs over lines. A bias is added
// where there is one.
func linesGeneric(ins, outs int, f func(column) column) func(*lines) {
	return func(t *lines) {
		n := int(t.len) / floatBytes
		for k := range t.count {
			var in, out [6][]float32
			for j := range ins {
				in[j] = floats(offset(t.in[j], uintptr(k)*t.inNext), n)
			}
			for i := range outs {
				out[i] = floats(offset(t.out, uintptr(k)*t.outNext+uintptr(i)*t.outStep), n)
			}
			for c := range n {
				var d column
				for j := range ins {
					d[j] = in[j][c]
				}
				d = f(d)
				for i := range outs {
					out[i][c] = d[i]
				}
			}
			for i := 0; i < outs && t.bias != nil; i++ {
				addGeneric(out[i], out[i], floats(t.bias, n))
			}
		}
	}
}

// input2 is Bᵀ of F(2, 3); the other functions follow the names of lineMap.
func input2(d column) column { return column{d[0] - d[2], d[1] + d[2], d[2] - d[1], d[1] - d[3]} }

func output2(m column) column { return column{m[0] + m[1] + m[2], m[1] - m[2] - m[3]} }

func grad2(y column) column { return column{y[0], y[0] + y[1], y[0] - y[1], -y[1]} }

func weight2(g column) column {
	ends := g[0] + g[2]
	return column{g[0], float32(0.5 * (ends + g[1])), float32(0.5 * (ends - g[1])), g[2]}
}

func weightGrad2(u column) column {
	sum, diff := float32(0.5*(u[1]+u[2])), float32(0.5*(u[1]-u[2]))
	return column{u[0] + sum, diff, u[3] + sum}
}

// F(4, 3) evaluates polynomials at 0, ±near, ±far and infinity; see winograd.go.
const (
	near, far   = 5. / 8, 3. / 2
	near2, far2 = near * near, far * far

	// What G divides by: the derivative of x·(x²−near²)·(x²−far²) at the points.
	zeroScale = 1 / (near2 * far2)
	nearScale = 1 / (2 * near2 * (near2 - far2))
	farScale  = 1 / (2 * far2 * (far2 - near2))
)

func input4(d column) column {
	evenNear, oddNear := d[4]-float32(far2*d[2]), d[3]-float32(far2*d[1])
	evenFar, oddFar := d[4]-float32(near2*d[2]), d[3]-float32(near2*d[1])
	return column{
		d[4] + float32(near2*far2*d[0]) - float32((near2+far2)*d[2]),
		evenNear + float32(near*oddNear), evenNear - float32(near*oddNear),
		evenFar + float32(far*oddFar), evenFar - float32(far*oddFar),
		d[5] + float32(near2*far2*d[1]) - float32((near2+far2)*d[3]),
	}
}

func output4(m column) column {
	evenNear, oddNear := m[1]+m[2], m[1]-m[2]
	evenFar, oddFar := m[3]+m[4], m[3]-m[4]
	return column{
		m[0] + evenNear + evenFar, float32(near*oddNear) + float32(far*oddFar),
		float32(near2*evenNear) + float32(far2*evenFar), m[5] + float32(near*near2*oddNear) + float32(far*far2*oddFar),
	}
}

func grad4(y column) column {
	evenNear, oddNear := y[0]+float32(near2*y[2]), y[1]+float32(near2*y[3])
	evenFar, oddFar := y[0]+float32(far2*y[2]), y[1]+float32(far2*y[3])
	return column{
		y[0], evenNear + float32(near*oddNear), evenNear - float32(near*oddNear),
		evenFar + float32(far*oddFar), evenFar - float32(far*oddFar), y[3],
	}
}

func weight4(g column) column {
	evenNear := float32(nearScale*g[0]) + float32(near2*nearScale*g[2])
	evenFar := float32(farScale*g[0]) + float32(far2*farScale*g[2])
	return column{
		float32(zeroScale * g[0]),
		evenNear + float32(near*nearScale*g[1]), evenNear - float32(near*nearScale*g[1]),
		evenFar + float32(far*farScale*g[1]), evenFar - float32(far*farScale*g[1]), g[2],
	}
}

func weightGrad4(u column) column {
	evenNear, oddNear := u[1]+u[2], u[1]-u[2]
	evenFar, oddFar := u[3]+u[4], u[3]-u[4]
	return column{
		float32(zeroScale*u[0]) + float32(nearScale*evenNear) + float32(farScale*evenFar),
		float32(near*nearScale*oddNear) + float32(far*farScale*oddFar),
		u[5] + float32(near2*nearScale*evenNear) + float32(far2*farScale*evenFar),
	}
}

// F(4, 2) evaluates polynomials at ±low, ±high and infinity; see winograd.go.
const (
	low, high   = 1. / 2, 5. / 4
	low2, high2 = low * low, high * high

	// What G divides by: the derivative of (x²−low²)·(x²−high²) at low and high.
	lowScale  = 1 / (2 * low * (low2 - high2))
	highScale = 1 / (2 * high * (high2 - low2))
)

func input42(d column) column {
	evenLow, oddLow := d[2]-float32(high2*d[0]), d[3]-float32(high2*d[1])
	evenHigh, oddHigh := d[2]-float32(low2*d[0]), d[3]-float32(low2*d[1])
	return column{
		oddLow + float32(low*evenLow), oddLow - float32(low*evenLow),
		oddHigh + float32(high*evenHigh), oddHigh - float32(high*evenHigh),
		d[4] + float32(low2*high2*d[0]) - float32((low2+high2)*d[2]),
	}
}

func output42(m column) column {
	evenLow, oddLow := m[0]+m[1], m[0]-m[1]
	evenHigh, oddHigh := m[2]+m[3], m[2]-m[3]
	return column{
		evenLow + evenHigh, float32(low*oddLow) + float32(high*oddHigh),
		float32(low2*evenLow) + float32(high2*evenHigh), m[4] + float32(low*low2*oddLow) + float32(high*high2*oddHigh),
	}
}

func grad42(y column) column {
	evenLow, oddLow := y[0]+float32(low2*y[2]), y[1]+float32(low2*y[3])
	evenHigh, oddHigh := y[0]+float32(high2*y[2]), y[1]+float32(high2*y[3])
	return column{
		evenLow + float32(low*oddLow), evenLow - float32(low*oddLow),
		evenHigh + float32(high*oddHigh), evenHigh - float32(high*oddHigh), y[3],
	}
}

func weight42(g column) column {
	nearLow, nearHigh := float32(low*lowScale*g[1]), float32(high*highScale*g[1])
	return column{
		nearLow + float32(lowScale*g[0]), nearLow - float32(lowScale*g[0]),
		nearHigh + float32(highScale*g[0]), nearHigh - float32(highScale*g[0]), g[1],
	}
}

func weightGrad42(u column) column {
	evenLow, oddLow := u[0]+u[1], u[0]-u[1]
	evenHigh, oddHigh := u[2]+u[3], u[2]-u[3]
	return column{
		float32(lowScale*oddLow) + float32(highScale*oddHigh),
		u[4] + float32(low*lowScale*evenLow) + float32(high*highScale*evenHigh),
	}
}
