package reference

import (
	"math"

	"innate/models/graph"
)

// definition fills out from the inputs of one operation.
type definition func(attr any, out value, in []value)

// definitions are all operations but those that are another shape of their
// input.
var definitions = map[*graph.Def]definition{
	graph.OpAdd:    binary(func(a, b, _ float64) float64 { return a + b }),
	graph.OpSub:    binary(func(a, b, _ float64) float64 { return a - b }),
	graph.OpMul:    binary(func(a, b, _ float64) float64 { return a * b }),
	graph.OpDiv:    binary(func(a, b, _ float64) float64 { return a / b }),
	graph.OpAddN:   addN,
	graph.OpAffine: affine,

	graph.OpAddScaled: binary(func(a, b, c float64) float64 { return (a + b) * c }),
	graph.OpScale:     unary(func(x, c float64) float64 { return x * c }),
	graph.OpAddScalar: unary(func(x, c float64) float64 { return x + c }),

	graph.OpSquare:     unary(func(x, _ float64) float64 { return x * x }),
	graph.OpToBFloat16: unary(func(x, _ float64) float64 { return bfloat16(x) }), graph.OpToFloat32: unary(func(x, _ float64) float64 { return x }),
	graph.OpSqrt:     unary(func(x, _ float64) float64 { return math.Sqrt(x) }),
	graph.OpRsqrt:    unary(func(x, _ float64) float64 { return 1 / math.Sqrt(x) }),
	graph.OpExp:      unary(func(x, _ float64) float64 { return math.Exp(x) }),
	graph.OpLog:      unary(func(x, _ float64) float64 { return math.Log(x) }),
	graph.OpSigmoid:  unary(func(x, _ float64) float64 { return sigmoid(x) }),
	graph.OpSoftplus: unary(func(x, _ float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }),

	graph.OpSiLU: unary(func(x, _ float64) float64 { return x * sigmoid(x) }),
	graph.OpSiLUGrad: binary(func(x, dy, _ float64) float64 {
		s := sigmoid(x)
		return dy * s * (1 + x*(1-s))
	}),
	graph.OpLeakyReLU:     unary(leaky),
	graph.OpLeakyReLUGrad: binary(func(x, dy, slope float64) float64 { return dy * leakySlope(x, slope) }),

	graph.OpMatMul: matMul, graph.OpLinear: linear, graph.OpSoftmax: softmax, graph.OpCrossEntropy: crossEntropy, graph.OpHits: hits,
	graph.OpAttention: attention, graph.OpAttentionGrad: attentionGrad, graph.OpPowerIteration: powerIteration,

	graph.OpConv: conv, graph.OpConvGradInput: convGradInput, graph.OpConvGradWeight: convGradWeight,
	graph.OpDownsample: downsample, graph.OpUpsample: upsample,
	graph.OpBilinear: bilinear, graph.OpBilinearAdjoint: bilinearAdjoint,

	graph.OpGroupNorm: groupNorm, graph.OpGroupNormSums: groupNormSums, graph.OpGroupNormGrad: groupNormGrad,
	graph.OpChannelMoments: channelMoments,
	graph.OpBatchNorm:      batchNorm, graph.OpBatchNormSums: batchNormSums, graph.OpBatchNormGrad: batchNormGrad,

	graph.OpSumProcesses: unary(func(x, _ float64) float64 { return x }), // program adds the others'
	graph.OpOnHost:       unary(func(x, _ float64) float64 { return x }), // program calls the function

	graph.OpConcat: concat, graph.OpSlice: slice, graph.OpSpread: spread,
}

func init() {
	for _, v := range graph.Overs() {
		definitions[graph.OpAddOver[v]] = over(v, func(x, e float64) float64 { return x + e })
		definitions[graph.OpMulOver[v]] = over(v, func(x, e float64) float64 { return x * e })
		definitions[graph.OpBroadcastOver[v]] = func(_ any, out value, in []value) {
			each(v, out.shape, func(i, e int) { out.data[i] = in[0].data[e] })
		}
		definitions[graph.OpSumOver[v]] = func(_ any, out value, in []value) {
			each(v, in[0].shape, func(i, e int) { out.data[e] += in[0].data[i] })
		}
		definitions[graph.OpDotOver[v]] = func(_ any, out value, in []value) {
			each(v, in[0].shape, func(i, e int) { out.data[e] += in[0].data[i] * in[1].data[i] })
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func leaky(x, slope float64) float64 { return x * leakySlope(x, slope) }

func leakySlope(x, slope float64) float64 {
	if x > 0 {
		return 1
	}
	return slope
}

// scalar is a float32 attribute, 0 if there is none.
func scalar(attr any) float64 {
	c, _ := attr.(float32)
	return float64(c)
}

func unary(f func(x, c float64) float64) definition {
	return func(attr any, out value, in []value) {
		for i, x := range in[0].data {
			out.data[i] = f(x, scalar(attr))
		}
	}
}

func binary(f func(a, b, c float64) float64) definition {
	return func(attr any, out value, in []value) {
		for i, a := range in[0].data {
			out.data[i] = f(a, in[1].data[i], scalar(attr))
		}
	}
}

func addN(_ any, out value, in []value) {
	for _, x := range in {
		for i, v := range x.data {
			out.data[i] += v
		}
	}
}

func affine(_ any, out value, in []value) {
	c := len(in[1].data)
	for i, x := range in[0].data {
		out.data[i] = x*in[1].data[i%c] + in[2].data[i%c]
	}
}

// each calls f with the index of every value of x, [A P C], and that of the
// value of e, [A C], that it meets.
func each(v graph.Over, x graph.Shape, f func(i, e int)) {
	as, p, c := v.View(x)
	for i := range as * p * c {
		f(i, i/(p*c)*c+i%c)
	}
}

func over(v graph.Over, f func(x, e float64) float64) definition {
	return func(_ any, out value, in []value) {
		each(v, out.shape, func(i, e int) { out.data[i] = f(in[0].data[i], in[1].data[e]) })
	}
}

func concat(_ any, out value, in []value) {
	c, at := out.shape.Last(), 0
	for _, x := range in {
		n := x.shape.Last()
		for i, v := range x.data {
			out.data[i/n*c+at+i%n] = v
		}
		at += n
	}
}

func slice(attr any, out value, in []value) {
	s := attr.(graph.Elements)
	n := s.Count()
	for i := range out.data {
		out.data[i] = in[0].data[i/n*s.Size+s.Lo+i%n*s.Step]
	}
}

func spread(attr any, out value, in []value) {
	s := attr.(graph.Elements)
	n := s.Count()
	for i, v := range in[0].data {
		out.data[i/n*s.Size+s.Lo+i%n*s.Step] = v
	}
}

// bfloat16 rounds to 8 bits of mantissa, ties to even. The exponent is taken for
// unbounded.
func bfloat16(x float64) float64 {
	fraction, exponent := math.Frexp(x)
	return math.Ldexp(math.RoundToEven(math.Ldexp(fraction, 8)), exponent-8)
}
