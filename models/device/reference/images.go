package reference

import (
	"math"

	"innate/models/graph"
)

// at is the index of value c of pixel (y, x) of image n.
func (v value) at(n, y, x, c int) int {
	return ((n*v.shape[1]+y)*v.shape[2]+x)*v.shape[3] + c
}

// eachTap calls f for every pair of an input pixel and an output pixel that a
// convolution's weight (ky, kx) joins, of all images.
func eachTap(o graph.ConvOpts, w, x, y graph.Shape, f func(n, iy, ix, oy, ox, ky, kx int)) {
	rows, columns := w[2], w[3]
	left := o.Pad + (columns-rows)/2
	for n := range y[0] {
		for oy := range y[1] {
			for ox := range y[2] {
				for t := range rows * columns {
					iy, ix := oy*o.Stride+t/columns-o.Pad, ox*o.Stride+t%columns-left
					if iy >= 0 && iy < x[1] && ix >= 0 && ix < x[2] {
						f(n, iy, ix, oy, ox, t/columns, t%columns)
					}
				}
			}
		}
	}
}

// weightAt is the index of a weight [Co Ci KH KW].
func weightAt(w graph.Shape, co, ci, ky, kx int) int { return ((co*w[1]+ci)*w[2]+ky)*w[3] + kx }

func conv(attr any, out value, in []value) {
	x, w := in[0], in[1]
	if len(in) == 3 {
		for i := range out.data {
			out.data[i] = in[2].data[i%out.shape[3]]
		}
	}
	eachTap(attr.(graph.ConvOpts), w.shape, x.shape, out.shape, func(n, iy, ix, oy, ox, ky, kx int) {
		for co := range w.shape[0] {
			for ci := range w.shape[1] {
				out.data[out.at(n, oy, ox, co)] += x.data[x.at(n, iy, ix, ci)] * w.data[weightAt(w.shape, co, ci, ky, kx)]
			}
		}
	})
}

func convGradInput(attr any, out value, in []value) {
	dy, w := in[0], in[1]
	eachTap(attr.(graph.ConvInputAttr).ConvOpts, w.shape, out.shape, dy.shape, func(n, iy, ix, oy, ox, ky, kx int) {
		for co := range w.shape[0] {
			for ci := range w.shape[1] {
				out.data[out.at(n, iy, ix, ci)] += dy.data[dy.at(n, oy, ox, co)] * w.data[weightAt(w.shape, co, ci, ky, kx)]
			}
		}
	})
}

func convGradWeight(attr any, out value, in []value) {
	x, dy := in[0], in[1]
	eachTap(attr.(graph.ConvWeightAttr).ConvOpts, out.shape, x.shape, dy.shape, func(n, iy, ix, oy, ox, ky, kx int) {
		for co := range out.shape[0] {
			for ci := range out.shape[1] {
				out.data[weightAt(out.shape, co, ci, ky, kx)] += x.data[x.at(n, iy, ix, ci)] * dy.data[dy.at(n, oy, ox, co)]
			}
		}
	})
}

// eachSample calls f for every pair of a pixel of the large side and one of the
// small side that a filter joins, with its weight.
func eachSample(a graph.ResampleAttr, large, small graph.Shape, f func(n, ly, lx, sy, sx int, weight float64)) {
	sum := 0
	for _, t := range a.Taps[:a.N] {
		sum += t
	}
	tap := func(i int) float64 { return float64(a.Taps[i]*a.Gain) / float64(sum) }
	for n := range small[0] {
		for sy := range small[1] {
			for sx := range small[2] {
				for t := range a.N * a.N {
					ly, lx := 2*sy+t/a.N-a.Pad, 2*sx+t%a.N-a.Pad
					if ly >= 0 && ly < large[1] && lx >= 0 && lx < large[2] {
						f(n, ly, lx, sy, sx, tap(t/a.N)*tap(t%a.N))
					}
				}
			}
		}
	}
}

func downsample(attr any, out value, in []value) {
	x := in[0]
	eachSample(attr.(graph.ResampleAttr), x.shape, out.shape, func(n, ly, lx, sy, sx int, weight float64) {
		for c := range x.shape[3] {
			out.data[out.at(n, sy, sx, c)] += weight * x.data[x.at(n, ly, lx, c)]
		}
	})
}

func upsample(attr any, out value, in []value) {
	x := in[0]
	eachSample(attr.(graph.ResampleAttr), out.shape, x.shape, func(n, ly, lx, sy, sx int, weight float64) {
		for c := range x.shape[3] {
			out.data[out.at(n, ly, lx, c)] += weight * x.data[x.at(n, sy, sx, c)]
		}
	})
}

// source is where output i of n lies among size inputs: between lo and lo+1, at
// t of the way.
func source(i, size, n int, corners bool) (lo int, t float64) {
	pos := math.Max(0, (float64(i)+0.5)*float64(size)/float64(n)-0.5)
	if corners {
		pos = 0
		if n > 1 {
			pos = float64(i) * float64(size-1) / float64(n-1)
		}
	}
	lo = min(int(pos), size-1)
	if lo == size-1 {
		return lo, 0
	}
	return lo, pos - float64(lo)
}

// eachCorner calls f for every output pixel and each of the up to four input
// pixels that it is interpolated from.
func eachCorner(a graph.BilinearAttr, images int, f func(n, oy, ox, iy, ix int, weight float64)) {
	for n := range images {
		for oy := range a.OH {
			for ox := range a.OW {
				y, ty := source(oy, a.IH, a.OH, a.Corners)
				x, tx := source(ox, a.IW, a.OW, a.Corners)
				for corner := range 4 {
					dy, dx := corner/2, corner%2
					wy, wx := 1-ty, 1-tx
					if dy == 1 {
						wy = ty
					}
					if dx == 1 {
						wx = tx
					}
					if wy*wx != 0 {
						f(n, oy, ox, y+dy, x+dx, wy*wx)
					}
				}
			}
		}
	}
}

func bilinear(attr any, out value, in []value) {
	x := in[0]
	eachCorner(attr.(graph.BilinearAttr), x.shape[0], func(n, oy, ox, iy, ix int, weight float64) {
		for c := range x.shape[3] {
			out.data[out.at(n, oy, ox, c)] += weight * x.data[x.at(n, iy, ix, c)]
		}
	})
}

func bilinearAdjoint(attr any, out value, in []value) {
	dy := in[0]
	eachCorner(attr.(graph.BilinearAttr), dy.shape[0], func(n, oy, ox, iy, ix int, weight float64) {
		for c := range dy.shape[3] {
			out.data[out.at(n, iy, ix, c)] += weight * dy.data[dy.at(n, oy, ox, c)]
		}
	})
}
