package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// kernel prepares dst = f(x, e): one where C is 1 and a stretch of x meets one
// value of e, many where rows of x meet a row of e.
func (v over) kernel(one func(dst, x []float32, e float32), many func(dst, x, e []float32)) kernel {
	return func(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
		y, x, e := out.data, in[0].data, in[1].data
		return v.eachStretch(pool, out.shape, func(a, c, lo, hi int) {
			if c == 1 {
				one(y[lo:hi], x[lo:hi], e[a])
			} else {
				many(y[lo:hi], x[lo:hi], e[a*c:(a+1)*c])
			}
		})
	}
}

func (v over) broadcastKernel(pool *kernels.Pool, _ *kernels.Region, _ any, out buffer, in []buffer) func() {
	y, e := out.data, in[0].data
	return v.eachStretch(pool, out.shape, func(a, c, lo, hi int) {
		if c == 1 {
			fill(y[lo:hi], e[a])
			return
		}
		for ; lo < hi; lo += c {
			copy(y[lo:lo+c], e[a*c:(a+1)*c])
		}
	})
}

// eachStretch prepares a loop over x [A P C]: f is called with ranges [lo, hi)
// of values that lie within one a and hold whole rows of c.
func (v over) eachStretch(pool *kernels.Pool, x graph.Shape, f func(a, c, lo, hi int)) func() {
	as, p, c := v.View(x)
	rows := min(p, grainFor(c))        // rows in a stretch
	stretches := (p + rows - 1) / rows // stretches in each a
	return parallel(pool, as*stretches, grainFor(rows*c), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			a, r := i/stretches, i%stretches*rows
			f(a, c, (a*p+r)*c, (a*p+min(r+rows, p))*c)
		}
	})
}

// mulRows is dst = x*s[c] for rows of len(s) values.
func mulRows(dst, x, s []float32) {
	for len(dst) > 0 {
		kernels.Mul(dst[:len(s)], x[:len(s)], s)
		dst, x = dst[len(s):], x[len(s):]
	}
}
