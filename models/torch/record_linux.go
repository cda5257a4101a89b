//go:build (amd64 || arm64) && !static

package torch

import "innate/models/torch/libtorch"

// recordRows is how many rows a recorder keeps on the device before it reads them:
// once in so many steps the host waits, if nobody asks before.
const recordRows = 256

// recorder keeps rows of numbers on the device until they are asked for.
type recorder struct {
	dev   *Device
	width int
	all   tensor    // [recordRows width], float64
	n     int       // rows of all in use
	host  []float64 // rows read before
	read  func()    // made once: a fresh closure would allocate
}

// newRecorder is for the device's thread.
func (d *Device) newRecorder(width int) *recorder {
	r := &recorder{dev: d, width: width}
	if width > 0 {
		shape := []int{recordRows, width}
		r.all = d.lib.Keep(d.lib.Empty(libtorch.Float64, shape, libtorch.RowMajor(shape)))
	}
	r.read = func() {
		r.drain()
		d.finish()
	}
	return r
}

// add keeps one row of numbers of one type. It is for the device's thread.
func (r *recorder) add(row ...tensor) {
	if r.width == 0 {
		return
	}
	if r.n == recordRows {
		r.drain()
	}
	l := r.dev.lib
	l.Copy(l.View(r.all, []int{r.width}, []int{1}, r.n*r.width), l.Call(opStack).Ts(row...).Int(0).One())
	r.n++
}

// drain reads what lies on the device.
func (r *recorder) drain() {
	if r.n == 0 {
		return
	}
	from := len(r.host)
	r.host = append(r.host, make([]float64, r.n*r.width)...)
	r.dev.lib.DownloadDoubles(r.host[from:], r.all)
	r.n = 0
}

// take returns all rows, valid until the next one is added, and forgets them.
func (r *recorder) take() []float64 {
	if r.n > 0 {
		r.dev.do(r.read)
	}
	rows := r.host
	r.host = rows[:0]
	return rows
}

// release gives the memory back. What was not asked for is lost.
func (r *recorder) release() {
	r.dev.lib.Free(r.all)
	r.all, r.n = 0, 0
}
