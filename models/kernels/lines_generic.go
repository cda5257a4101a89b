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
