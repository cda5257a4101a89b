package reference

import (
	"math"

	"innate/models/graph"
)

// init adds what feature networks are made of.
func init() {
	definitions[graph.OpReLU6] = unary(func(x, _ float64) float64 { return math.Min(math.Max(x, 0), 6) })
	definitions[graph.OpReLU6Grad] = binary(func(y, dy, _ float64) float64 {
		if y > 0 && y < 6 {
			return dy
		}
		return 0
	})
	definitions[graph.OpGELU] = unary(func(x, _ float64) float64 { return x * normal(x) })
	definitions[graph.OpGELUGrad] = binary(func(x, dy, _ float64) float64 {
		return dy * (normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi))
	})
	definitions[graph.OpDepthwise] = func(attr any, out value, in []value) {
		if len(in) == 3 {
			for i := range out.data {
				out.data[i] = in[2].data[i%out.shape[3]]
			}
		}
		eachDepthwise(attr.(graph.DepthwiseAttr), in[0].shape, func(x, y, w int) { out.data[y] += in[0].data[x] * in[1].data[w] })
	}
	definitions[graph.OpDepthwiseGradInput] = func(attr any, out value, in []value) {
		eachDepthwise(attr.(graph.DepthwiseAttr), out.shape, func(x, y, w int) { out.data[x] += in[0].data[y] * in[1].data[w] })
	}
	definitions[graph.OpMaxPool] = func(attr any, out value, in []value) {
		eachLargest(attr.(graph.Window), in[0], out.shape, func(x, y int) { out.data[y] = in[0].data[x] })
	}
	definitions[graph.OpMaxPoolGrad] = func(attr any, out value, in []value) {
		eachLargest(attr.(graph.Window), in[0], in[1].shape, func(x, y int) { out.data[x] += in[1].data[y] })
	}
	definitions[graph.OpMaxPoolPick] = func(attr any, out value, in []value) {
		eachLargest(attr.(graph.Window), in[0], out.shape, func(x, y int) { out.data[y] = in[1].data[x] })
	}
	definitions[graph.OpAvgPool] = func(attr any, out value, in []value) {
		eachWindow(attr.(graph.Window), in[0], out.shape, func(y int, xs []int) {
			for _, x := range xs {
				out.data[y] += in[0].data[x] / float64(len(xs))
			}
		})
	}
	definitions[graph.OpAvgPoolAdjoint] = func(attr any, out value, in []value) {
		eachWindow(attr.(graph.AvgPoolAttr).Window, out, in[0].shape, func(y int, xs []int) {
			for _, x := range xs {
				out.data[x] += in[0].data[y] / float64(len(xs))
			}
		})
	}
	definitions[graph.OpSpaceToDepth] = func(attr any, out value, in []value) {
		eachMoved(int(attr.(graph.Block)), in[0].shape, func(x, y int) { out.data[y] = in[0].data[x] })
	}
	definitions[graph.OpDepthToSpace] = func(attr any, out value, in []value) {
		eachMoved(int(attr.(graph.Block)), out.shape, func(x, y int) { out.data[x] = in[0].data[y] })
	}
}

// normal is the distribution function of the standard normal.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// eachDepthwise calls f with the indices of an input value, of an output value and
// of the weight that joins them.
func eachDepthwise(a graph.DepthwiseAttr, x graph.Shape, f func(x, y, w int)) {
	in, out := value{shape: x}, value{shape: graph.Shape{x[0], a.OH, a.OW, x[3]}}
	for i := range out.shape.Size() {
		c, ox, oy, n := i%x[3], i/x[3]%a.OW, i/x[3]/a.OW%a.OH, i/x[3]/a.OW/a.OH
		for t := range a.K * a.K {
			iy, ix := oy*a.Stride-a.Top+t/a.K, ox*a.Stride-a.Left+t%a.K
			if iy >= 0 && iy < a.H && ix >= 0 && ix < a.W {
				f(in.at(n, iy, ix, c), i, c*a.K*a.K+t)
			}
		}
	}
}

// eachWindow calls f with the index of every pooled value and those of the values of
// the image in its window, row by row.
func eachWindow(w graph.Window, x value, pooled graph.Shape, f func(y int, xs []int)) {
	for i := range pooled.Size() {
		c, ox := i%pooled[3], i/pooled[3]%pooled[2]
		oy, n := i/pooled[3]/pooled[2]%pooled[1], i/pooled[3]/pooled[2]/pooled[1]
		var xs []int
		for t := range w.Side * w.Side {
			iy, ix := oy*w.Stride-w.Pad+t/w.Side, ox*w.Stride-w.Pad+t%w.Side
			if iy >= 0 && iy < x.shape[1] && ix >= 0 && ix < x.shape[2] {
				xs = append(xs, x.at(n, iy, ix, c))
			}
		}
		f(i, xs)
	}
}

// eachLargest calls f with the indices of the first largest value of every window and
// of what it becomes.
func eachLargest(w graph.Window, x value, pooled graph.Shape, f func(x, y int)) {
	eachWindow(w, x, pooled, func(y int, xs []int) {
		best := xs[0]
		for _, at := range xs {
			if x.data[at] > x.data[best] {
				best = at
			}
		}
		f(best, y)
	})
}

// eachMoved calls f with the indices of every value of images [N H W C] and of the
// same as channels of squares of side b.
func eachMoved(b int, s graph.Shape, f func(x, y int)) {
	for i := range s.Size() {
		c, x, y, n := i%s[3], i/s[3]%s[2], i/s[3]/s[2]%s[1], i/s[3]/s[2]/s[1]
		square := (n*(s[1]/b)+y/b)*(s[2]/b) + x/b
		f(i, (square*b*b+y%b*b+x%b)*s[3]+c)
	}
}
