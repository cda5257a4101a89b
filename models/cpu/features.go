package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// init adds what feature networks are made of.
func init() {
	table[graph.OpReLU6], table[graph.OpReLU6Grad] = unaryKernel(kernels.ReLU6), binaryKernel(kernels.ReLU6Grad)
	table[graph.OpGELU], table[graph.OpGELUGrad] = unaryKernel(kernels.GELU), binaryKernel(kernels.GELUGrad)
	table[graph.OpDepthwise], table[graph.OpDepthwiseGradInput] = depthwiseKernel, depthwiseGradInputKernel
	table[graph.OpMaxPool], table[graph.OpMaxPoolGrad], table[graph.OpMaxPoolPick] = maxPoolKernel, maxPoolGradKernel, maxPoolPickKernel
	table[graph.OpAvgPool], table[graph.OpAvgPoolAdjoint] = avgPoolKernel, avgPoolAdjointKernel
	table[graph.OpSpaceToDepth], table[graph.OpDepthToSpace] = spaceToDepthKernel, depthToSpaceKernel
}

// depthwiseSizes are those of a convolution of images [N H W C].
func depthwiseSizes(attr any, n, c int) kernels.DepthwiseShape {
	a := attr.(graph.DepthwiseAttr)
	return kernels.DepthwiseShape{N: n, H: a.H, W: a.W, C: c, K: a.K, Stride: a.Stride, Top: a.Top, Left: a.Left, OH: a.OH, OW: a.OW}
}

func depthwiseKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	conv := kernels.NewDepthwise(pool, depthwiseSizes(attr, out.shape[0], out.shape[3]), s)
	x, w, y := in[0].data, in[1].data, out.data
	var bias []float32
	if len(in) == 3 {
		bias = in[2].data
	}
	return func() { conv.Run(x, w, bias, y) }
}

func depthwiseGradInputKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	conv := kernels.NewDepthwiseGradInput(pool, depthwiseSizes(attr, out.shape[0], out.shape[3]), s)
	dy, w, dx := in[0].data, in[1].data, out.data
	return func() { conv.Run(dy, w, nil, dx) }
}

// squares is the window of 2x2 pixels that do not overlap, which a discriminator's
// network has and whose kernels are therefore its own.
var squares = graph.Window{Side: 2, Stride: 2}

// poolRows calls f for every row of pooled pixels: where its first value is, and where
// the first values of the two rows are that it is made of.
func poolRows(pool *kernels.Pool, x, y graph.Shape, f func(y, upper, lower int)) func() {
	width := y[2] * y[3]
	return parallel(pool, y[0]*y[1], grainFor(4*width), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			top := (r/y[1]*x[1] + r%y[1]*2) * x[2] * x[3]
			f(r*width, top, top+x[2]*x[3])
		}
	})
}

func maxPoolKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	if w := attr.(graph.Window); w != squares {
		return windows{w, in[0].shape, out.shape}.max(pool, in[0].data, out.data)
	}
	x, y, c, w := in[0].data, out.data, out.shape[3], out.shape[2]
	return poolRows(pool, in[0].shape, out.shape, func(at, upper, lower int) {
		for p := range w {
			a, b := x[upper+2*p*c:][:2*c], x[lower+2*p*c:][:2*c]
			o, a1, b1 := y[at+p*c:][:c], a[c:], b[c:]
			for i := range o {
				o[i] = max(a[i], a1[i], b[i], b1[i])
			}
		}
	})
}

// largest is which of four values is the largest: the first of equal ones.
func largest(a, b, c, d float32) int {
	best, at := a, 0
	if b > best {
		best, at = b, 1
	}
	if c > best {
		best, at = c, 2
	}
	if d > best {
		at = 3
	}
	return at
}

func maxPoolGradKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	if w := attr.(graph.Window); w != squares {
		return windows{w, out.shape, in[1].shape}.maxGrad(pool, in[0].data, in[1].data, out.data)
	}
	x, dy, dx, c, s := in[0].data, in[1].data, out.data, out.shape[3], in[1].shape
	odd := out.shape[1]%2 != 0 || out.shape[2]%2 != 0
	rows := poolRows(pool, out.shape, s, func(at, upper, lower int) {
		for p := range s[2] {
			a, b := x[upper+2*p*c:][:2*c], x[lower+2*p*c:][:2*c]
			da, db := dx[upper+2*p*c:][:2*c], dx[lower+2*p*c:][:2*c]
			d := dy[at+p*c:][:c]
			clear(da)
			clear(db)
			for i, v := range d {
				switch largest(a[i], a[c+i], b[i], b[c+i]) {
				case 0:
					da[i] = v
				case 1:
					da[c+i] = v
				case 2:
					db[i] = v
				default:
					db[c+i] = v
				}
			}
		}
	})
	return func() {
		if odd { // what no pixel is made of
			clear(dx)
		}
		rows()
	}
}

func maxPoolPickKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	if w := attr.(graph.Window); w != squares {
		return windows{w, in[0].shape, out.shape}.maxPick(pool, in[0].data, in[1].data, out.data)
	}
	x, v, y, c, w := in[0].data, in[1].data, out.data, out.shape[3], out.shape[2]
	return poolRows(pool, in[0].shape, out.shape, func(at, upper, lower int) {
		for p := range w {
			a, b := x[upper+2*p*c:][:2*c], x[lower+2*p*c:][:2*c]
			o := y[at+p*c:][:c]
			for i := range o {
				k := largest(a[i], a[c+i], b[i], b[c+i])
				from := upper
				if k > 1 {
					from = lower
				}
				o[i] = v[from+(2*p+k%2)*c+i]
			}
		}
	})
}

// eachStretch calls f for what lies together on both sides of space and depth, a row
// of a square of side b: where it is among images of shape s and among squares, and
// how long it is.
func eachStretch(pool *kernels.Pool, b int, s graph.Shape, f func(space, depth, n int)) func() {
	n := b * s[3]
	return parallel(pool, s[0]*s[1], grainFor(s[2]*s[3]), func(lo, hi int) {
		for r := lo; r < hi; r++ {
			for x := range s[2] / b {
				f((r*s[2]+x*b)*s[3], (r/b*(s[2]/b)+x)*b*n+r%b*n, n)
			}
		}
	})
}

func spaceToDepthKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	x, y := in[0].data, out.data
	return eachStretch(pool, int(attr.(graph.Block)), in[0].shape, func(space, depth, n int) { copy(y[depth:depth+n], x[space:space+n]) })
}

func depthToSpaceKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	x, y := in[0].data, out.data
	return eachStretch(pool, int(attr.(graph.Block)), out.shape, func(space, depth, n int) { copy(y[space:space+n], x[depth:depth+n]) })
}
