//go:build (amd64 || arm64) && !static

package torch

import (
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

var (
	opGridSample  = libtorch.NewOp("grid_sampler_2d")
	opGridSampleB = libtorch.NewOp("grid_sampler_2d_backward")
)

func init() { table[graph.OpWarp], table[graph.OpWarpAdjoint] = warp, warpAdjoint }

// warped names the constants by which places are computed.
type warped struct {
	of   graph.WarpAttr
	part int // 0: output pixels, 1: scale, 2: shift to PyTorch's coordinates
}

// warping is a constant of a warp, made once.
func (d *Device) warping(key warped) tensor {
	t, ok := d.warps[key]
	if !ok {
		a, values, shape := key.of, []float32(nil), []int{1, 6}
		w, h := float32(a.IW), float32(a.IH)
		switch key.part {
		case 0: // [1 3 OH·OW]: column, row and 1 of every pixel
			shape = []int{1, 3, a.OH * a.OW}
			values = make([]float32, 3*a.OH*a.OW)
			for p := range a.OH * a.OW {
				values[p], values[a.OH*a.OW+p], values[2*a.OH*a.OW+p] = float32(p%a.OW), float32(p/a.OW), 1
			}
		case 1:
			values = []float32{2 / w, 2 / w, 2 / w, 2 / h, 2 / h, 2 / h}
		default:
			values = []float32{0, 0, 1/w - 1, 0, 0, 1/h - 1}
		}
		t = d.lib.Empty(libtorch.Float32, shape, libtorch.RowMajor(shape))
		d.lib.Upload(t, values, shape, libtorch.RowMajor(shape))
		if d.lib.OK() {
			d.warps[key] = d.lib.Keep(t)
		}
	}
	return t
}

// grid is where the images are sampled, [N OH OW 2] in PyTorch's coordinates, by
// which an image reaches from -1 to 1.
func (c *call) grid(a graph.WarpAttr) tensor {
	n := c.shape[0]
	theta := c.AddScaled(c.mul(c.in[1], c.dev.warping(warped{a, 1})), c.dev.warping(warped{a, 2}), 1)
	theta = c.Call(opReshape).T(theta).Ints(n, 2, 3).One()
	pixels := c.Call(opExpand).T(c.dev.warping(warped{a, 0})).Ints(n, 3, a.OH*a.OW).Bool(false).One()
	grid := c.Call(opBMM).T(theta).T(pixels).One()
	grid = c.Call(opPermute).T(grid).Ints(0, 2, 1).One()
	return c.Call(opReshape).T(grid).Ints(n, a.OH, a.OW, 2).One()
}

func warp(c *call) tensor {
	return c.Call(opGridSample).T(c.in[0]).T(c.grid(c.attr.(graph.WarpAttr))).Int(0).Int(0).Bool(false).One()
}

func warpAdjoint(c *call) tensor {
	x := c.Empty(c.dtype, c.like, c.likeStrides) // for its shape, and a gradient of places that nobody wants
	c.Fill(x, 0)
	dx, _ := c.Call(opGridSampleB).T(c.in[0]).T(x).T(c.grid(c.attr.(graph.WarpAttr))).Int(0).Int(0).Bool(false).Bools(true, false).Two()
	return dx
}
