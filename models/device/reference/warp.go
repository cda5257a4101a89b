package reference

import (
	"math"

	"innate/models/graph"
)

func init() { definitions[graph.OpWarp], definitions[graph.OpWarpAdjoint] = warp, warpAdjoint }

// eachWarp calls f for every pixel of the warped images and every pixel of the images
// that lies nearer than one to where it is sampled.
func eachWarp(a graph.WarpAttr, theta value, f func(n, oy, ox, iy, ix int, weight float64)) {
	for n := range theta.shape[0] {
		t := theta.data[6*n:]
		for oy := range a.OH {
			for ox := range a.OW {
				x := t[0]*float64(ox) + t[1]*float64(oy) + t[2]
				y := t[3]*float64(ox) + t[4]*float64(oy) + t[5]
				for iy := range a.IH {
					for ix := range a.IW {
						weight := math.Max(0, 1-math.Abs(x-float64(ix))) * math.Max(0, 1-math.Abs(y-float64(iy)))
						if weight != 0 {
							f(n, oy, ox, iy, ix, weight)
						}
					}
				}
			}
		}
	}
}

func warp(attr any, out value, in []value) {
	x := in[0]
	eachWarp(attr.(graph.WarpAttr), in[1], func(n, oy, ox, iy, ix int, weight float64) {
		for c := range x.shape[3] {
			out.data[out.at(n, oy, ox, c)] += weight * x.data[x.at(n, iy, ix, c)]
		}
	})
}

func warpAdjoint(attr any, out value, in []value) {
	dy := in[0]
	eachWarp(attr.(graph.WarpAttr), in[1], func(n, oy, ox, iy, ix int, weight float64) {
		for c := range dy.shape[3] {
			out.data[out.at(n, iy, ix, c)] += weight * dy.data[dy.at(n, oy, ox, c)]
		}
	})
}
