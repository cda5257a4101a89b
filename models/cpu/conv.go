package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// convShape is what the kernels call the sizes of a convolution that was checked
// when its graph was built.
func convShape(o graph.ConvOpts, x, w graph.Shape) kernels.ConvShape {
	s, err := graph.ConvDimsOf(o, x, w)
	if err != nil {
		panic("cpu: conv: " + err.Error())
	}
	return kernels.ConvShape(s)
}

func convKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	shape := convShape(attr.(graph.ConvOpts), in[0].shape, in[1].shape)
	conv := kernels.NewConvForward(pool, shape, s, in[1].packed(shape, false))
	x, w, y := in[0].data, in[1].data, out.data
	var bias []float32
	if len(in) == 3 {
		bias = in[2].data
	}
	return func() { conv.Run(x, w, bias, y) }
}

func convGradInputKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	o := attr.(graph.ConvInputAttr).ConvOpts
	shape := convShape(o, out.shape, in[1].shape)
	conv := kernels.NewConvGradInput(pool, shape, s, in[1].packed(shape, true))
	dy, w, dx := in[0].data, in[1].data, out.data
	return func() { conv.Run(dy, w, dx) }
}

func convGradWeightKernel(pool *kernels.Pool, s *kernels.Region, attr any, out buffer, in []buffer) func() {
	o := attr.(graph.ConvWeightAttr).ConvOpts
	conv := kernels.NewConvGradWeight(pool, convShape(o, in[0].shape, out.shape), s)
	x, dy, dw := in[0].data, in[1].data, out.data
	return func() { conv.Run(x, dy, dw) }
}
