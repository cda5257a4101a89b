package cpu

import (
	"innate/models/graph"
	"innate/models/kernels"
)

// windows is a window that slides over images x [N H W C] to pooled ones y.
type windows struct {
	graph.Window
	x, y graph.Shape
}

// rows calls f for the windows of rows lo to hi of y: where its value for channel 0 is,
// and where that of the first pixel of x is, in so many rows and columns of the image.
func (w windows) rows(lo, hi int, f func(to, from, rows, columns int)) {
	c := w.y[3]
	for r := lo; r < hi; r++ {
		top, bottom := w.Span(r%w.y[1], w.x[1])
		for p := range w.y[2] {
			left, right := w.Span(p, w.x[2])
			f((r*w.y[2]+p)*c, ((r/w.y[1]*w.x[1]+top)*w.x[2]+left)*c, bottom-top, right-left)
		}
	}
}

// gather calls f in parallel for every window.
func (w windows) gather(pool *kernels.Pool, f func(to, from, rows, columns int)) func() {
	return parallel(pool, w.y[0]*w.y[1], grainFor(w.Side*w.Side*w.y[2]*w.y[3]), func(lo, hi int) { w.rows(lo, hi, f) })
}

// scatter is gather for what adds to the pixels of x, dx, which windows share: those
// of an image come one after the other.
func (w windows) scatter(pool *kernels.Pool, dx []float32, f func(to, from, rows, columns int)) func() {
	size := w.x[1] * w.x[2] * w.x[3]
	return parallel(pool, w.y[0], 1, func(lo, hi int) {
		clear(dx[lo*size : hi*size])
		w.rows(lo*w.y[1], hi*w.y[1], f)
	})
}

// pixel is how far pixel i of a window of so many columns is from its first, in values.
func (w windows) pixel(i, columns int) int { return (i/columns*w.x[2] + i%columns) * w.x[3] }

// join makes of the pixels of every window one, and shows it to finish.
func (w windows) join(pool *kernels.Pool, x, y []float32, f func(dst, a, b []float32), finish func(y []float32, n int)) func() {
	c := w.y[3]
	return w.gather(pool, func(to, from, rows, columns int) {
		o := y[to : to+c]
		copy(o, x[from:from+c])
		for i := 1; i < rows*columns; i++ {
			f(o, o, x[from+w.pixel(i, columns):][:c])
		}
		finish(o, rows*columns)
	})
}

// largest is how far the largest value of a window is from the first, whose channel is
// its own: the first of equal ones.
func (w windows) largest(x []float32, rows, columns int) int {
	best := 0
	for i := 1; i < rows*columns; i++ {
		if at := w.pixel(i, columns); x[at] > x[best] {
			best = at
		}
	}
	return best
}

func (w windows) max(pool *kernels.Pool, x, y []float32) func() {
	return w.join(pool, x, y, kernels.Maximum, func([]float32, int) {})
}

func (w windows) maxGrad(pool *kernels.Pool, x, dy, dx []float32) func() {
	return w.scatter(pool, dx, func(to, from, rows, columns int) {
		for i, d := range dy[to : to+w.y[3]] {
			dx[from+i+w.largest(x[from+i:], rows, columns)] += d
		}
	})
}

func (w windows) maxPick(pool *kernels.Pool, x, v, y []float32) func() {
	return w.gather(pool, func(to, from, rows, columns int) {
		for i := range w.y[3] {
			y[to+i] = v[from+i+w.largest(x[from+i:], rows, columns)]
		}
	})
}

func avgPoolKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	w := windows{attr.(graph.Window), in[0].shape, out.shape}
	return w.join(pool, in[0].data, out.data, kernels.Add, func(y []float32, n int) { kernels.Scale(y, y, 1/float32(n)) })
}

func avgPoolAdjointKernel(pool *kernels.Pool, _ *kernels.Region, attr any, out buffer, in []buffer) func() {
	w, dy, dx := windows{attr.(graph.AvgPoolAttr).Window, out.shape, in[0].shape}, in[0].data, out.data
	return w.scatter(pool, dx, func(to, from, rows, columns int) {
		share := 1 / float32(rows*columns)
		for i := range rows * columns {
			pixel := dx[from+w.pixel(i, columns):]
			for j, d := range dy[to : to+w.y[3]] {
				pixel[j] += float32(d * share)
			}
		}
	})
}
