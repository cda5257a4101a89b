package reference

import (
	"math"

	"innate/models/graph"
)

// group is the values of one sample and group of channels: their indices, mean
// and inv = 1/sqrt(variance + eps).
type group struct {
	sample, index int
	values        []int
	mean, inv     float64
}

// eachGroup calls f for every sample and group of x [N ... C].
func eachGroup(a graph.GroupNormAttr, x value, f func(g group)) {
	n, c := x.shape[0], x.shape.Last()
	each, size := len(x.data)/n, c/a.Groups
	for i := range n {
		for j := range a.Groups {
			g := group{sample: i, index: j}
			for k := i * each; k < (i+1)*each; k++ {
				if k%c/size == j {
					g.values = append(g.values, k)
				}
			}
			g.mean, g.inv = statistics(x.data, g.values, float64(a.Eps))
			f(g)
		}
	}
}

// statistics are mean and 1/sqrt(variance + eps) of some values of x.
func statistics(x []float64, values []int, eps float64) (mean, inv float64) {
	for _, k := range values {
		mean += x[k] / float64(len(values))
	}
	variance := 0.0
	for _, k := range values {
		variance += (x[k] - mean) * (x[k] - mean) / float64(len(values))
	}
	return mean, 1 / math.Sqrt(variance+eps)
}

// siluSlope is the derivative of silu.
func siluSlope(u float64) float64 {
	s := sigmoid(u)
	return s * (1 + u*(1-s))
}

// groupAffine is the weight or bias of value k, [C] or [N C].
func groupAffine(e value, g group, k int) float64 {
	c := e.shape.Last()
	if len(e.shape) == 1 {
		return e.data[k%c]
	}
	return e.data[g.sample*c+k%c]
}

func groupNorm(attr any, out value, in []value) {
	a := attr.(graph.GroupNormAttr)
	eachGroup(a, in[0], func(g group) {
		for _, k := range g.values {
			u := groupAffine(in[1], g, k)*(in[0].data[k]-g.mean)*g.inv + groupAffine(in[2], g, k)
			if a.SiLU {
				u *= sigmoid(u)
			}
			out.data[k] = u
		}
	})
}

// groupNormDu is the gradient of the cost for u at value k.
func groupNormDu(a graph.GroupNormAttr, g group, in []value, k int) float64 {
	du := in[3].data[k]
	if a.SiLU {
		du *= siluSlope(groupAffine(in[1], g, k)*(in[0].data[k]-g.mean)*g.inv + groupAffine(in[2], g, k))
	}
	return du
}

func groupNormSums(attr any, out value, in []value) {
	a, c := attr.(graph.GroupNormAttr), in[0].shape.Last()
	eachGroup(a, in[0], func(g group) {
		o := out.data[g.sample*out.shape[1]:][:out.shape[1]]
		for _, k := range g.values {
			du := groupNormDu(a, g, in, k)
			o[k%c] += du
			o[c+k%c] += du * (in[0].data[k] - g.mean) * g.inv
		}
		o[2*c+g.index], o[2*c+a.Groups+g.index] = g.mean, g.inv
	})
}

func groupNormGrad(attr any, out value, in []value) {
	a := attr.(graph.GroupNormAttr)
	eachGroup(a, in[0], func(g group) {
		var sum, dot float64
		for _, k := range g.values {
			wdu := groupAffine(in[1], g, k) * groupNormDu(a, g, in, k)
			sum += wdu
			dot += wdu * (in[0].data[k] - g.mean) * g.inv
		}
		m := float64(len(g.values))
		for _, k := range g.values {
			xhat := (in[0].data[k] - g.mean) * g.inv
			out.data[k] = g.inv * (groupAffine(in[1], g, k)*groupNormDu(a, g, in, k) - sum/m - xhat*dot/m)
		}
	})
}

func channelMoments(_ any, out value, in []value) {
	c := in[0].shape.Last()
	for ch := range c {
		var values []int
		for k := ch; k < len(in[0].data); k += c {
			values = append(values, k)
		}
		mean, inv := statistics(in[0].data, values, 0)
		out.data[ch], out.data[c+ch] = mean, 1/(inv*inv)
	}
}

// batchUnit is u = w·xhat + b and xhat of value k, by the moments given.
func batchUnit(a graph.BatchNormAttr, in []value, k int) (u, xhat, inv float64) {
	c := in[0].shape.Last()
	ch := k % c
	inv = 1 / math.Sqrt(in[3].data[c+ch]+float64(a.Eps))
	xhat = (in[0].data[k] - in[3].data[ch]) * inv
	return in[1].data[ch]*xhat + in[2].data[ch], xhat, inv
}

func batchNorm(attr any, out value, in []value) {
	a := attr.(graph.BatchNormAttr)
	for k := range out.data {
		u, _, _ := batchUnit(a, in, k)
		out.data[k] = leaky(u, float64(a.Slope))
	}
}

func batchNormSums(attr any, out value, in []value) {
	a, c := attr.(graph.BatchNormAttr), in[0].shape.Last()
	for k, dy := range in[4].data {
		u, xhat, _ := batchUnit(a, in, k)
		du := dy * leakySlope(u, float64(a.Slope))
		out.data[k%c] += du
		out.data[c+k%c] += du * xhat
	}
}

func batchNormGrad(attr any, out value, in []value) {
	a, c := attr.(graph.BatchNormAttr), in[0].shape.Last()
	m := float64(len(out.data) / c)
	for k, dy := range in[4].data {
		u, xhat, inv := batchUnit(a, in, k)
		du := dy * leakySlope(u, float64(a.Slope))
		out.data[k] = in[1].data[k%c] * inv * (du - in[5].data[k%c]/m - xhat*in[5].data[c+k%c]/m)
	}
}
