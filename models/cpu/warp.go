package cpu

import (
	"math"

	"innate/models/graph"
	"innate/models/kernels"
)

func init() { table[graph.OpWarp], table[graph.OpWarpAdjoint] = warpKernel, warpAdjointKernel }

// eachWarped calls f for every pixel of a warped image and each of the up to four
// pixels that it is made of: where both begin among the values of their images, and
// the weight. Places are computed in float64, so that whole pixels stay so.
func eachWarped(a graph.WarpAttr, c int, theta []float32, f func(to, from int, weight float32)) {
	var t [6]float64
	for i := range t {
		t[i] = float64(theta[i])
	}
	for i := range a.OH {
		for j := range a.OW {
			x := float64(t[0]*float64(j)) + float64(t[1]*float64(i)) + t[2]
			y := float64(t[3]*float64(j)) + float64(t[4]*float64(i)) + t[5]
			if !(x > -1 && y > -1 && x < float64(a.IW) && y < float64(a.IH)) {
				continue
			}
			left, top := math.Floor(x), math.Floor(y)
			fx, fy := x-left, y-top
			at, col, row := (i*a.OW+j)*c, int(left), int(top)
			for corner := range 4 {
				cx, cy, wx, wy := col, row, 1-fx, 1-fy
				if corner&1 != 0 {
					cx, wx = col+1, fx
				}
				if corner&2 != 0 {
					cy, wy = row+1, fy
				}
				if cx >= 0 && cy >= 0 && cx < a.IW && cy < a.IH && wx*wy != 0 {
					f(at, (cy*a.IW+cx)*c, float32(wx*wy))
				}
			}
		}
	}
}

func warpKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	a, c := attr.(graph.WarpAttr), out.shape[3]
	from, to := a.IH*a.IW*c, a.OH*a.OW*c
	return parallel(pool, out.shape[0], 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			x, y := in[0].data[n*from:][:from], out.data[n*to:][:to]
			clear(y)
			eachWarped(a, c, in[1].data[6*n:], func(to, from int, weight float32) {
				for k, v := range x[from:][:c] {
					y[to+k] += float32(weight * v)
				}
			})
		}
	})
}

func warpAdjointKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	a, c := attr.(graph.WarpAttr), out.shape[3]
	from, to := a.IH*a.IW*c, a.OH*a.OW*c
	return parallel(pool, out.shape[0], 1, func(lo, hi int) {
		for n := lo; n < hi; n++ {
			dx, dy := out.data[n*from:][:from], in[0].data[n*to:][:to]
			clear(dx)
			eachWarped(a, c, in[1].data[6*n:], func(to, from int, weight float32) {
				for k, v := range dy[to:][:c] {
					dx[from+k] += float32(weight * v)
				}
			})
		}
	})
}
