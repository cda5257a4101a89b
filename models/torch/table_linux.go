//go:build (amd64 || arm64) && !static

package torch

import (
	"time"

	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// call is one operation of a program.
type call struct {
	*libtorch.Lib
	dev *Device

	f      operation
	attr   any
	shape  graph.Shape
	shapes []graph.Shape // of the inputs
	from   []*value
	in     []tensor // the inputs' values in the present run, of type dtype
	out    *value
	dtype  libtorch.DType // that it computes in: what it returns may be another
	mixed  bool           // it meets more types than float32

	of    *call     // an earlier call, whose kept tensors this one reads
	keeps bool      // a later call reads those of this one, which it keeps for that alone
	joint bool      // this call's kept tensors hold all that its readers want
	kept  [3]tensor // beside the value

	last   []*value              // that nobody reads after this call
	host   []float32             // of what is outside of the device there …
	change func([]float32) error // … and what becomes of it
	spent  time.Duration

	size        []int // the shape as values have it
	view        []int // of a small operand, once it is known
	axes        []int // that are summed over, once they are known
	like        []int // shape and strides of a tensor that is like the value
	likeStrides []int
}

// operation computes a call's value. What it makes beside it is given back by its
// caller, but for what it keeps.
type operation func(c *call) tensor

// table holds every operation of the graph.
var table = map[*graph.Def]operation{
	graph.OpAdd:    func(c *call) tensor { return c.AddScaled(c.in[0], c.in[1], 1) },
	graph.OpSub:    func(c *call) tensor { return c.AddScaled(c.in[0], c.in[1], -1) },
	graph.OpMul:    func(c *call) tensor { return c.mul(c.in[0], c.in[1]) },
	graph.OpDiv:    func(c *call) tensor { return c.Call(opDiv).T(c.in[0]).T(c.in[1]).One() },
	graph.OpAddN:   addN,
	graph.OpAffine: affine,

	graph.OpScale:     func(c *call) tensor { return c.Scale(c.in[0], c.scalar()) },
	graph.OpAddScalar: func(c *call) tensor { return c.AddScalar(c.in[0], c.scalar()) },
	graph.OpAddScaled: func(c *call) tensor { return c.Scale(c.AddScaled(c.in[0], c.in[1], 1), c.scalar()) },

	graph.OpSquare: unary("square"), graph.OpSqrt: unary("sqrt"), graph.OpRsqrt: unary("rsqrt"),
	graph.OpExp: unary("exp"), graph.OpLog: unary("log"), graph.OpSigmoid: unary("sigmoid"),
	graph.OpSoftplus: softplus,

	graph.OpSiLU:     unary("silu"),
	graph.OpSiLUGrad: func(c *call) tensor { return c.Call(opSiLUBackward).T(c.in[1]).T(c.in[0]).One() },
	graph.OpLeakyReLU: func(c *call) tensor {
		return c.leaky(c.in[0], c.attr.(float32), len(c.shape))
	},
	graph.OpLeakyReLUGrad: func(c *call) tensor { return c.leakyGrad(c.in[0], c.in[1], c.attr.(float32), len(c.shape)) },

	graph.OpMatMul: matMul, graph.OpLinear: linear, graph.OpSoftmax: softmax, graph.OpCrossEntropy: crossEntropy, graph.OpHits: hits,
	graph.OpAttention: attention, graph.OpAttentionGrad: attentionGrad, graph.OpPowerIteration: powerIteration,

	graph.OpConv: conv, graph.OpConvGradInput: convGradInput, graph.OpConvGradWeight: convGradWeight,
	graph.OpDownsample: downsample, graph.OpUpsample: upsample,
	graph.OpBilinear: bilinear, graph.OpBilinearAdjoint: bilinearAdjoint,

	graph.OpGroupNorm: groupNorm, graph.OpGroupNormSums: groupNormSums, graph.OpGroupNormGrad: groupNormGrad,
	graph.OpChannelMoments: channelMoments,
	graph.OpBatchNorm:      batchNorm, graph.OpBatchNormSums: batchNormSums, graph.OpBatchNormGrad: batchNormGrad,

	graph.OpSumProcesses: func(c *call) tensor { return c.Call(opClone).T(c.in[0]).None().One() }, // Program adds the others'
	graph.OpOnHost:       func(c *call) tensor { return c.Call(opClone).T(c.in[0]).None().One() }, // Program calls the function

	graph.OpReshape:      reshape,
	graph.OpToBFloat16:   func(c *call) tensor { return c.Same(c.in[0]) }, // types says the rest
	graph.OpToFloat32:    func(c *call) tensor { return c.Same(c.in[0]) },
	graph.OpStopGradient: func(c *call) tensor { return c.Same(c.in[0]) },
	graph.OpConcat:       func(c *call) tensor { return c.Call(opCat).Ts(c.in...).Int(last(len(c.shape))).One() },
	graph.OpSlice:        slice, graph.OpSpread: spread,
}

// reduced are the operations that compute in bfloat16 where the graph allows it.
// The others take float32 there, too, and what they make is rounded.
var reduced = map[*graph.Def]bool{
	graph.OpAdd: true, graph.OpSub: true, graph.OpMul: true, graph.OpAddN: true, graph.OpScale: true, graph.OpAddScalar: true,
	graph.OpAddScaled: true, graph.OpSiLU: true, graph.OpSiLUGrad: true, graph.OpMatMul: true, graph.OpLinear: true,
	graph.OpAttention: true, graph.OpAttentionGrad: true,
	graph.OpConv: true, graph.OpConvGradInput: true, graph.OpConvGradWeight: true, graph.OpDownsample: true, graph.OpUpsample: true,
	graph.OpReshape: true, graph.OpStopGradient: true, graph.OpConcat: true, graph.OpSlice: true, graph.OpSpread: true,
}

// views are the operations whose value may lie in the memory of their first input.
var views = map[*graph.Def]bool{graph.OpReshape: true, graph.OpStopGradient: true, graph.OpSlice: true}

func init() {
	for _, v := range graph.Overs() {
		table[graph.OpAddOver[v]] = func(c *call) tensor {
			return c.AddScaled(c.in[0], c.spread(v, c.in[1], c.shapes[0]), 1)
		}
		table[graph.OpMulOver[v]] = func(c *call) tensor { return c.mul(c.in[0], c.spread(v, c.in[1], c.shapes[0])) }
		table[graph.OpBroadcastOver[v]] = func(c *call) tensor {
			return c.Call(opExpand).T(c.spread(v, c.in[0], c.shape)).Ints(c.size...).Bool(false).One()
		}
		table[graph.OpSumOver[v]] = func(c *call) tensor { return c.sumOver(v, c.in[0], c.shapes[0]) }
		table[graph.OpDotOver[v]] = func(c *call) tensor {
			return c.sumOver(v, c.mul(c.in[0], c.in[1]), c.shapes[0])
		}
		reduced[graph.OpAddOver[v]], reduced[graph.OpMulOver[v]], reduced[graph.OpSumOver[v]] = true, true, true
		views[graph.OpBroadcastOver[v]], views[graph.OpSumOver[v]] = true, true // a sum over no axis is its input
	}
	table[graph.OpSumOver[graph.OverRows]] = sumPerChannel
}

// Operations of ATen with more than one use.
var (
	opArgMax         = libtorch.NewOp("argmax")
	opAvgPool        = libtorch.NewOp("avg_pool2d")
	opBMM            = libtorch.NewOp("bmm")
	opBatchNorm      = libtorch.NewOp("native_batch_norm")
	opBatchNormB     = libtorch.NewOp("native_batch_norm_backward")
	opBatchNormStats = libtorch.NewOp("batch_norm_update_stats")
	opBilinear       = libtorch.NewOp("upsample_bilinear2d")
	opBilinearB      = libtorch.NewOp("upsample_bilinear2d_backward")
	opCat            = libtorch.NewOp("cat")
	opClone          = libtorch.NewOp("clone")
	opContiguous     = libtorch.NewOp("contiguous")
	opConv           = libtorch.NewOp("convolution")
	opConvB          = libtorch.NewOp("convolution_backward")
	opDiv            = libtorch.NewOp("div.Tensor")
	opExpand         = libtorch.NewOp("expand")
	opFinite         = libtorch.NewOp("isfinite")
	opForeachCopy    = libtorch.NewOp("_foreach_copy_")
	opFusedAdam      = libtorch.NewOp("_fused_adam_")
	opGroupNorm      = libtorch.NewOp("native_group_norm")
	opGroupNormB     = libtorch.NewOp("native_group_norm_backward")
	opLerp           = libtorch.NewOp("lerp_.Tensor")
	opLinear         = libtorch.NewOp("linear")
	opLogAddExp      = libtorch.NewOp("logaddexp")
	opLogSoftmax     = libtorch.NewOp("_log_softmax")
	opMM             = libtorch.NewOp("mm")
	opMV             = libtorch.NewOp("mv")
	opMaximum        = libtorch.NewOp("maximum")
	opMul            = libtorch.NewOp("mul.Tensor")
	opNanToNum       = libtorch.NewOp("nan_to_num_")
	opNearest        = libtorch.NewOp("upsample_nearest2d")
	opPermute        = libtorch.NewOp("permute")
	opPReLU          = libtorch.NewOp("_prelu_kernel")
	opPReLUBackward  = libtorch.NewOp("_prelu_kernel_backward")
	opReshape        = libtorch.NewOp("reshape")
	opRsqrt          = libtorch.NewOp("rsqrt")
	opSiLU           = libtorch.NewOp("silu")
	opSiLUBackward   = libtorch.NewOp("silu_backward")
	opSlice          = libtorch.NewOp("slice.Tensor")
	opSliceB         = libtorch.NewOp("slice_backward")
	opSoftmax        = libtorch.NewOp("_softmax")
	opSoftmaxB       = libtorch.NewOp("_softmax_backward_data")
	opSqrt           = libtorch.NewOp("sqrt")
	opStack          = libtorch.NewOp("stack")
	opSum            = libtorch.NewOp("sum.dim_IntList")
	opSumAll         = libtorch.NewOp("sum")
	opTo             = libtorch.NewOp("to.dtype")
	opTranspose      = libtorch.NewOp("transpose.int")
)
