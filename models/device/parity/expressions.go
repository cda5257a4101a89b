package parity

import "innate/models/graph"

var (
	image = []int{2, 8, 8, 12} // [N H W C]
	row   = []int{12}
)

// expressions apply every operation, which a test makes sure of.
var expressions = []expression{
	{"sums, products, quotients", [][]int{image, image, image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y := g.AddN(g.Sub(x[0], x[1]), g.AddScalar(g.Scale(x[2], 0.5), 1), g.Mul(x[0], x[2]))
		return g.AddScaled(g.Div(y, g.AddScalar(g.Square(x[1]), 2)), x[0], 0.7)
	}},
	{"functions of one value", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		positive := g.AddScalar(g.Square(x[0]), 1)
		return g.AddN(g.Sqrt(positive), g.Rsqrt(positive), g.Log(positive), g.Exp(g.Scale(x[0], 0.3)), g.Sigmoid(x[0]), g.Softplus(x[0]), g.SiLU(x[0]))
	}},
	{"rounding to bfloat16", [][]int{image, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Mul(g.RoundBFloat16(g.StopGradient(x[0])), x[0])
	}},
	{"leaky ReLU", [][]int{image, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Mul(g.LeakyReLU(x[0], 0.2), g.ReLU(g.MulPerChannel(x[0], x[1])))
	}},
	{"over channels, samples and rows", [][]int{image, row, {2, 12}, {2}, {2, 8, 8}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y := g.MulLast(g.AddPerSample(g.MulPerSampleChannel(g.AddPerChannel(x[0], x[1]), x[2]), x[3]), x[4])
		y = g.AddLast(g.MulPerSample(g.AddPerSampleChannel(g.MulPerChannel(y, x[1]), x[2]), x[3]), x[4])
		return g.AffinePerChannel(y, x[1], x[1])
	}},
	{"sums over axes", [][]int{image, image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		a, b := x[0], x[1]
		return g.AddN(
			g.BroadcastPerChannel(g.Add(g.SumPerChannel(a), g.DotPerChannel(a, b)), image...),
			g.BroadcastSpatial(g.Add(g.SumSpatial(a), g.DotSpatial(a, b)), image...),
			g.BroadcastPerSample(g.Add(g.SumPerSample(a), g.DotPerSample(a, b)), image...),
			g.BroadcastLast(g.Add(g.SumLast(a), g.DotLast(a, b)), image...),
			g.MulScalar(g.Apply(graph.OpAddOver[graph.OverAll], nil, a, g.Sum(b)), g.Scale(g.Add(g.Dot(a, b), g.Sum(g.Broadcast(g.Sum(a), 2, 2))), 1e-3)))
	}},
	{"parts of an axis, other shapes", [][]int{image, image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y := g.Concat(g.Slice(x[0], 2, 7), g.SliceStep(x[1], 1, 3), g.PadSlice(g.Slice(x[1], 0, 4), 1, 7))
		return g.Mul(g.Reshape(y, 16, 128), g.StopGradient(g.Reshape(y, 16, 128)))
	}},
	{"matrices", [][]int{{6, 5}, {7, 5}, {7}, {3, 5, 6}, {3, 5, 6}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y := g.Linear(x[0], x[1], x[2])
		z := g.MatMul(x[3], x[4], true, false) // [3 6 6]
		return g.MatMul(g.Reshape(z, 18, 6), y, false, false)
	}},
	{"softmax and cross entropy", [][]int{{5, 9}, {5, 9}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.MulLast(g.Softmax(x[0]), g.CrossEntropy(x[0], g.StopGradient(g.Softmax(x[1]))))
	}},
	{"hits", [][]int{{5, 9}, {5, 9}, {5, 3}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.MulLast(x[2], g.Hits(g.StopGradient(x[0]), g.StopGradient(x[1])))
	}},
	{"attention", [][]int{{2, 4, 4, 48}}, func(g *graph.Builder, x ...graph.Node) graph.Node { return g.Attention(x[0], 2) }},
	{"convolution", [][]int{image, {8, 12, 3, 3}, {8}, {6, 8, 4, 4}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Conv(g.Conv(x[0], x[1], x[2], graph.ConvOpts{Stride: 1, Pad: 1}), x[3], graph.Node{}, graph.ConvOpts{Stride: 2, Pad: 1})
	}},
	{"convolution with long kernels", [][]int{image, {8, 12, 1, 7}, {8}, {6, 8, 7, 1}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Conv(g.Conv(x[0], x[1], x[2], graph.ConvOpts{Stride: 1}), x[3], graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 3})
	}},
	{"depthwise convolution", [][]int{image, {12, 1, 3, 3}, row, {12, 1, 5, 5}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Depthwise(g.Depthwise(x[0], g.StopGradient(x[1]), g.StopGradient(x[2]), 2), g.StopGradient(x[3]), graph.Node{}, 1)
	}},
	{"bounded activations", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Mul(g.ReLU6(g.Scale(x[0], 4)), g.GELU(x[0]))
	}},
	{"max pooling", [][]int{image, image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		overlapping := graph.Window{Side: 3, Stride: 2, Pad: 1}
		return g.AddN(g.MaxPool(x[0], overlapping), g.Mul(g.MaxPool2(x[0]), g.Apply(graph.OpMaxPoolPick, overlapping, g.StopGradient(x[0]), x[1])))
	}},
	{"average pooling", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.AvgPool(g.AvgPool(x[0], graph.Window{Side: 3, Stride: 1, Pad: 1}), graph.Window{Side: 3, Stride: 2})
	}},
	{"space and depth", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.DepthToSpace(g.Reshape(g.SpaceToDepth(x[0], 4), 2, 4, 1, 192), 2)
	}},
	{"resampling", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y := g.Downsample2(g.Upsample2(x[0], []int{1, 3, 3, 1}), []int{1, 1}, 0)
		return g.Upsample2(g.Downsample2(y, []int{1, 3, 3, 1}, 1), []int{1, 1})
	}},
	{"bilinear", [][]int{image}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Bilinear(g.Bilinear(x[0], 13, 11, true), 20, 20, false)
	}},
	{"warp", [][]int{image, {2, 6}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.Warp(g.Warp(x[0], g.StopGradient(g.AddScalar(x[1], 1)), 9, 7), g.StopGradient(x[1]), 8, 8)
	}},
	{"group norm", [][]int{image, row, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.GroupNormSiLU(g.GroupNorm(x[0], x[1], x[2], 4, 1e-5), x[2], x[1], 3, 1e-6)
	}},
	{"group norm per sample", [][]int{image, {2, 12}, {2, 12}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.GroupNormSiLU(g.GroupNorm(x[0], x[1], x[2], 4, 1e-5), x[2], x[1], 3, 1e-6)
	}},
	{"group norm of a large mean", [][]int{image, row, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		return g.GroupNorm(g.AddScalar(x[0], 100), x[1], x[2], 4, 1e-5)
	}},
	{"batch norm", [][]int{image, row, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y, mean, variance := g.BatchNormLeakyReLU(x[0], x[1], x[2], 1e-5, 0.2)
		return g.AddPerChannel(y, g.StopGradient(g.Add(mean, variance)))
	}},
	{"batch norm over two processes", [][]int{image, row, row}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		y, mean, variance := g.BatchNormAcross(2, x[0], x[1], x[2], 1e-5, 0.2)
		return g.AddPerChannel(y, g.Add(mean, variance))
	}},
	{"spectral norm", [][]int{{8, 12, 3, 3}, {8}, {108}}, func(g *graph.Builder, x ...graph.Node) graph.Node {
		w, _, _ := g.SpectralNorm(x[0], x[1], x[2])
		return w
	}},
}
