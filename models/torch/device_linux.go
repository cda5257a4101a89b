//go:build (amd64 || arm64) && !static

package torch

import (
	"runtime"
	"slices"
	"sync"
	"time"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/torch/libtorch"
)

// tensor is a handle of libtorch.
type tensor = libtorch.Tensor

// Device is a PyTorch with one processor or GPU.
type Device struct {
	lib    *libtorch.Lib
	opts   Options
	getenv func(string) string

	closed  bool
	kernels string // of Info
	threads int    // of the host that compute
	bus     string // of Info
	err     error  // of a call that had nobody to tell; the next one returns it

	across *collective // with other processes; nil for none
	joined bool        // it was found out whether there is one

	notes []string        // for Notes
	noted map[string]bool // ever

	movedParams      []*models.Param // by Upload or Download
	upload, download func()

	params   map[*models.Param]*param
	homes    []*home
	plans    []tensor // of plans, beside parameters
	values   map[constant]tensor
	filters  map[filter]tensor
	warps    map[warped]tensor
	programs []*Program
	moved    int // counts parameters that were given other memory
}

var _ device.Device = (*Device)(nil)

// param is the device's side of a parameter.
type param struct {
	host    *models.Param
	strides []int  // of the host's values
	plain   tensor // row-major, in the parameter's order
	value   tensor // the same memory as graphs see it
	home    *home  // of which it is a part; nil if its memory is its own

	low      [2]tensor // plain and value in bfloat16, once wanted
	lowStale bool      // the values have changed since
}

// New opens the device of a name, with the PyTorch that the environment leads to.
func New(name string, o Options, getenv func(string) string) (device.Device, error) {
	on, in, err := find(name, getenv)
	if err != nil {
		return nil, err
	}
	d := &Device{opts: o, getenv: getenv, params: map[*models.Param]*param{}, values: map[constant]tensor{}, filters: map[filter]tensor{}, warps: map[warped]tensor{}, noted: map[string]bool{}}
	d.movers()
	thread.once.Do(thread.start)
	d.do(func() { err = d.open(in, on) })
	if err != nil {
		return nil, err // not a nil *Device in an interface
	}
	return d, nil
}

// thread makes all calls of libtorch in this process: one has its threads, its
// current GPU and its errors.
var thread executor

type executor struct {
	once sync.Once
	turn sync.Mutex // of the devices
	jobs chan func()
	done chan struct{}
	at   *Device // whose GPU is the current one
}

func (e *executor) start() {
	e.jobs, e.done = make(chan func()), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		for f := range e.jobs {
			f()
			e.done <- struct{}{}
		}
	}()
}

func (d *Device) open(in *libtorch.Installation, on libtorch.Device) error {
	lib, err := libtorch.Open(in, on)
	if err != nil {
		return err
	}
	d.lib = lib
	if d.opts.Threads > 0 {
		lib.SetThreads(d.opts.Threads)
	}
	lib.SetFlags(d.opts.TF32)
	d.kernels, d.threads = "PyTorch "+lib.Version, 1 // which waits for the GPU
	if on.Kind == libtorch.CPU {
		d.threads = lib.Threads()
	} else {
		d.kernels = nameOf(on) + ", " + d.kernels
		d.bus = lib.Bus()
	}
	return nil
}

// do runs f on the thread that makes all calls.
func (d *Device) do(f func()) {
	thread.turn.Lock()
	defer thread.turn.Unlock()
	if d.lib != nil && thread.at != d {
		thread.jobs <- d.lib.MakeCurrent
		<-thread.done
		thread.at = d
	}
	thread.jobs <- f
	<-thread.done
}

// call runs f on the thread of the device and returns the first error of its
// calls.
func (d *Device) call(f func()) (err error) {
	d.do(func() {
		f()
		err = d.take()
	})
	return err
}

// take returns the first error since it was last asked, and gives temporaries
// back. It is for the device's thread.
func (d *Device) take() error {
	d.lib.FreeTemps()
	err := d.lib.Err()
	if d.err != nil {
		err, d.err = d.err, nil
	}
	return err
}

// finish is take on the device's thread, for those who ask taken for the error.
func (d *Device) finish() { d.err = d.take() }

// taken returns the error that finish has found.
func (d *Device) taken() error {
	err := d.err
	d.err = nil
	return err
}

// quiet is call for those who cannot return an error: the next who can will.
func (d *Device) quiet(f func()) { d.err = d.call(f) }

// Info says which PyTorch it is.
func (d *Device) Info() device.Info {
	return device.Info{Name: nameOf(d.lib.Device), Kernels: d.kernels, Threads: d.threads, Bus: d.bus}
}

// meet returns the device's side of a parameter. It takes the host's values over
// when it has none.
func (d *Device) meet(host *models.Param) *param {
	p := d.params[host]
	if p == nil {
		p = &param{host: host, strides: libtorch.RowMajor(host.Shape)}
		p.place(d, d.lib.Empty(libtorch.Float32, host.Shape, p.strides))
		p.upload(d.lib)
		if !d.lib.OK() { // no room: what asked for it fails, and the next may find some
			p.free(d.lib)
			return p
		}
		d.params[host] = p
	}
	return p
}

// place makes t, of the parameter's shape, its memory.
func (p *param) place(d *Device, t tensor) {
	l := d.lib
	if p.plain != 0 {
		d.moved++
	}
	p.free(l)
	p.plain = l.Keep(t)
	p.value = l.Keep(inOrder(l, p.plain, len(p.host.Shape)))
}

func (p *param) free(l *libtorch.Lib) {
	for _, t := range []tensor{p.plain, p.value, p.low[0], p.low[1]} {
		l.Free(t)
	}
	p.plain, p.value, p.low = 0, 0, [2]tensor{}
}

func (p *param) upload(l *libtorch.Lib) {
	l.Upload(p.plain, p.host.Data, p.host.Shape, p.strides)
	p.changed()
}

// changed is called when the values have changed.
func (p *param) changed() { p.lowStale = true }

// lower brings the copy in bfloat16 up to date. That of a frozen parameter is made
// once.
func (p *param) lower(l *libtorch.Lib) {
	switch {
	case p.low[0] == 0:
		p.low[0] = l.Keep(l.Call(opTo).T(p.plain).DType(libtorch.BFloat16).Bool(false).Bool(false).None().One())
		p.low[1] = l.Keep(inOrder(l, p.low[0], len(p.host.Shape)))
	case p.lowStale:
		l.Copy(p.low[0], p.plain)
	}
	p.lowStale = false
}

// read is the parameter in a type, as values lie or, plain, in its own order.
func (p *param) read(t libtorch.DType, plain bool) tensor {
	switch {
	case t == libtorch.BFloat16 && plain:
		return p.low[0]
	case t == libtorch.BFloat16:
		return p.low[1]
	case plain:
		return p.plain
	}
	return p.value
}

// Upload hands the host's values of parameters to the device.
func (d *Device) Upload(params ...*models.Param) error { return d.move(d.upload, params) }

// Download makes the host's values of parameters current.
func (d *Device) Download(params ...*models.Param) error { return d.move(d.download, params) }

// move copies parameters that the device has met.
func (d *Device) move(copy func(), params []*models.Param) error {
	d.movedParams = append(d.movedParams[:0], params...)
	d.do(copy)
	clear(d.movedParams)
	return d.taken()
}

// movers makes the functions that move runs once: fresh closures would allocate.
func (d *Device) movers() {
	each := func(f func(p *param)) func() {
		return func() {
			for _, host := range d.movedParams {
				if p := d.params[host]; p != nil {
					f(p)
				}
			}
			d.finish()
		}
	}
	d.upload = each(func(p *param) { p.upload(d.lib) })
	d.download = each(func(p *param) { d.lib.Download(p.host.Data, p.host.Shape, p.strides, p.plain) })
}

// Workspace is what the largest program needs for values that mean nothing between
// two runs, by the plan: PyTorch's allocator may hold more.
func (d *Device) Workspace() int {
	most := 0
	for _, p := range d.programs {
		most = max(most, p.memory.Activations)
	}
	return most
}

// Packed is 0: PyTorch reads parameters as they are.
func (d *Device) Packed() int { return 0 }

// peakSize is the size of the square matrices whose product is timed.
const peakSize = 1024

// MeasurePeak multiplies float32 matrices for about that long.
func (d *Device) MeasurePeak(t time.Duration) float64 {
	var rate float64
	_ = d.call(func() {
		l := d.lib
		side := []int{peakSize, peakSize}
		a := l.Empty(libtorch.Float32, side, libtorch.RowMajor(side))
		l.Fill(a, 1)
		multiply := func() {
			l.Free(l.Keep(l.Call(opMM).T(a).T(a).One()))
			l.Synchronize()
		}
		multiply() // once before: threads start, memory is taken
		n, start := 0, time.Now()
		for time.Since(start) < t {
			multiply()
			n++
		}
		rate = float64(n) * 2 * peakSize * peakSize * peakSize / time.Since(start).Seconds()
	})
	return rate
}

// Close gives everything back.
func (d *Device) Close() {
	if d.closed {
		return
	}
	d.closed = true
	if d.across != nil {
		d.across.end()
	}
	for _, p := range slices.Clone(d.programs) {
		p.Release()
	}
	d.do(func() {
		for _, p := range d.params {
			p.free(d.lib)
		}
		for _, h := range d.homes {
			d.lib.Free(h.all)
		}
		for _, t := range d.plans {
			d.lib.Free(t)
		}
		for _, t := range d.values {
			d.lib.Free(t)
		}
		for _, t := range d.warps {
			d.lib.Free(t)
		}
		for _, t := range d.filters {
			d.lib.Free(t)
		}
		d.lib.FreeTemps()
	})
}

// constant names a tensor of one value, with that many axes.
type constant struct {
	value float32
	axes  int
}

// value is a constant of one value, with that many axes.
func (d *Device) value(c float32, axes int) tensor {
	key := constant{c, axes}
	t, ok := d.values[key]
	if !ok {
		ones := slices.Repeat([]int{1}, axes)
		t = d.lib.Empty(libtorch.Float32, ones, ones)
		d.lib.Fill(t, float64(c))
		if d.lib.OK() {
			d.values[key] = d.lib.Keep(t)
		}
	}
	return t
}

// filter names the weights of a resampling of that many channels.
type filter struct {
	graph.ResampleAttr
	channels int
	dtype    libtorch.DType
}

// filter is the weight [C 1 n n] of a convolution whose groups are the channels.
// The attribute's sizes do not matter.
func (d *Device) filter(a graph.ResampleAttr, channels int, dtype libtorch.DType) tensor {
	a.H, a.W = 0, 0
	key := filter{a, channels, dtype}
	t, ok := d.filters[key]
	if !ok {
		f := a.Weights()
		values := make([]float32, 0, channels*len(f)*len(f))
		for range channels {
			for _, y := range f {
				for _, x := range f {
					values = append(values, y*x)
				}
			}
		}
		shape := []int{channels, 1, len(f), len(f)}
		t = d.lib.Empty(dtype, shape, libtorch.RowMajor(shape))
		d.lib.Upload(t, values, shape, libtorch.RowMajor(shape))
		if d.lib.OK() {
			d.filters[key] = d.lib.Keep(t)
		}
	}
	return t
}
