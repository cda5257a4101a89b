package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// buffer is the storage of a value: row-major, in its shape.
type buffer struct {
	data  []float32
	shape graph.Shape

	// kept finds a form of a leaf that the device keeps packed; nil for what is none.
	kept func(kernels.Packing) *kernels.Packed

	norm   *normStats // of what a group norm normalises: where its statistics are kept; nil for nowhere
	unmade bool       // the sums of a group norm's gradient, which the gradient has to make
}

// packed is what is kept of the weight of a convolution, nil for nothing.
func (b buffer) packed(s kernels.ConvShape, grad bool) *kernels.Packed {
	if b.kept == nil {
		return nil
	}
	return b.kept(kernels.PackingOf(s, grad))
}

// kernel prepares one operation: it takes what scratch it needs from s and
// returns the body that every run calls, which must not allocate. What scratch
// and out hold before the body runs is arbitrary.
//
// It is called once to count the scratch, when buffers have shapes and no data
// yet, and then whenever its program is bound to memory. So it sizes things by
// shapes, and leaves values to the body.
type kernel func(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func()

// table holds the kernel of every operation but of those that are another shape
// of their input.
var table = map[*graph.Def]kernel{
	graph.OpAdd: binaryKernel(kernels.Add), graph.OpAddN: addNKernel, graph.OpSub: binaryKernel(kernels.Sub),
	graph.OpMul: binaryKernel(kernels.Mul), graph.OpDiv: binaryKernel(kernels.Div),

	graph.OpScale:     unaryAttrKernel(kernels.Scale),
	graph.OpAddScalar: unaryAttrKernel(kernels.AddScalar),
	graph.OpAddScaled: binaryAttrKernel(kernels.AddScaled),

	graph.OpSquare: unaryKernel(kernels.Square), graph.OpSqrt: unaryKernel(kernels.Sqrt), graph.OpRsqrt: unaryKernel(rsqrt),
	graph.OpExp: unaryKernel(kernels.Exp), graph.OpLog: unaryKernel(kernels.Log),
	graph.OpSigmoid: unaryKernel(kernels.Sigmoid), graph.OpSoftplus: unaryKernel(kernels.Softplus),

	graph.OpSiLU: unaryKernel(kernels.SiLU), graph.OpSiLUGrad: binaryKernel(kernels.SiLUGrad),
	graph.OpLeakyReLU: unaryAttrKernel(kernels.LeakyReLU), graph.OpLeakyReLUGrad: binaryAttrKernel(kernels.LeakyReLUGrad),

	graph.OpToBFloat16: narrowKernel, graph.OpToFloat32: widenKernel,

	graph.OpMatMul: matMulKernel, graph.OpLinear: linearKernel,
	graph.OpSoftmax: softmaxKernel, graph.OpCrossEntropy: crossEntropyKernel, graph.OpHits: hitsKernel,
	graph.OpAttention: attentionKernel, graph.OpAttentionGrad: attentionGradKernel,
	graph.OpPowerIteration: powerIterationKernel,

	graph.OpConv: convKernel, graph.OpConvGradInput: convGradInputKernel, graph.OpConvGradWeight: convGradWeightKernel,
	graph.OpDownsample: downsampleKernel, graph.OpUpsample: upsampleKernel,
	graph.OpBilinear: bilinearKernel, graph.OpBilinearAdjoint: bilinearAdjointKernel,

	graph.OpAffine:    affineKernel,
	graph.OpGroupNorm: groupNormKernel, graph.OpGroupNormSums: groupNormSumsKernel, graph.OpGroupNormGrad: groupNormGradKernel,
	graph.OpChannelMoments: channelMomentsKernel,
	graph.OpBatchNorm:      batchNormKernel, graph.OpBatchNormSums: batchNormSumsKernel, graph.OpBatchNormGrad: batchNormGradKernel,

	graph.OpSumProcesses: unaryKernel(func(dst, x []float32) { copy(dst, x) }), // Program adds the others'
	graph.OpOnHost:       unaryKernel(func(dst, x []float32) { copy(dst, x) }), // Program calls the function

	graph.OpConcat: concatKernel, graph.OpSlice: sliceKernel, graph.OpSpread: spreadKernel,
}

func init() {
	for _, axes := range graph.Overs() {
		v := over{axes}
		table[graph.OpAddOver[axes]] = v.kernel(kernels.AddScalar, kernels.AddRows)
		table[graph.OpMulOver[axes]] = v.kernel(kernels.Scale, mulRows)
		table[graph.OpBroadcastOver[axes]] = v.broadcastKernel
		table[graph.OpSumOver[axes]] = v.sumKernel
		table[graph.OpDotOver[axes]] = v.dotKernel
	}
}

// over adds the kernels to the axes that they run over.
type over struct{ graph.Over }

func affineKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	x, scale, shift, y := in[0].data, in[1].data, in[2].data, out.data
	c := in[1].shape.Size()
	return parallel(pool, in[0].shape.Size()/c, grainFor(c), func(lo, hi int) {
		kernels.AffineRows(y[lo*c:hi*c], x[lo*c:hi*c], scale, shift)
	})
}
