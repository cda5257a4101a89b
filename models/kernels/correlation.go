package kernels

// extent is the size of one image.
type extent struct{ h, w, c int }

// axisTaps says which kernel rows (or columns) a phase uses and where they meet
// the input: tap j of output index i reads input index i·inStep + origin + j and
// is row first + j·step of the kernel.
type axisTaps struct{ count, first, step, origin int }

// phase is a set of output pixels, y0 + outStep·i for i in [0, ny) and likewise
// for columns, that are computed with the same taps.
type phase struct {
	y, x   axisTaps
	y0, x0 int
	ny, nx int
	offset int // of the phase's weights in packed
	lanes  int // values in one lane: y.count·x.count·(input channels)
}

// stripBytes bounds the copy of an image strip; with the weights of a panel it
// should fit the L2 cache.
const stripBytes = 200 << 10

// minJobs is how many jobs a small batch is cut into, so that threads share it.
const minJobs = 16

// correlation slides kernels over images: both a convolution's forward pass and
// its input gradient. It is an implicit matrix product, pixels by taps times
// taps by output channels. A job copies a strip of one image into scratch with a
// halo of zeros, where the taps of one kernel row are contiguous (x.count·c
// values), so that a register tile runs over plain memory and never tests a
// border. Every output element is one chain of sums in one job, so results do
// not depend on threads.
type correlation struct {
	pool *Pool
	impl *impl

	n               int
	in, out         extent
	inStep, outStep int
	phases          []phase

	// A weight is w[outStride·(output channel) + inStride·(input channel) + tap],
	// tap = columns·row + column of the kernel.
	outStride, inStride, columns int

	panels      []panel
	rowLo, cols int // scratch: first input row of output index 0, columns
	colLo       int // first input column in scratch
	reach       int // input rows under one output index
	rows        int // output indices in a strip
	strips      int // per image
	splits      int // jobs that share a strip's panels
	flat        int // pixels in a job when no scratch is needed; 0: use scratch

	kept    *Packed
	packed  []float32 // [phase][panel][kh][kw][input channel][lane]
	bias    []float32 // padded to lanes
	workers []correlationWorker

	x, w, y []float32 // of the current run
	start   bool      // bias is to be added
	packJob func(worker, job int)
	runJob  func(worker, job int)
}

// correlationWorker is one worker's own memory.
type correlationWorker struct {
	tile  tile
	strip []float32
	temp  []float32 // a tile whose panel is partial
	_     [64]byte  // keeps two workers' tiles off one cache line
}

// plan fixes the partition and takes the scratch.
func (c *correlation) plan(p *Pool, m *Region) {
	c.pool, c.impl = p, active
	var lanes int
	c.panels, lanes = c.impl.panels(c.out.c)
	size := 0
	for i := range c.phases {
		f := &c.phases[i]
		f.lanes = f.y.count * f.x.count * c.in.c
		f.offset = size
		size += f.lanes * lanes
	}
	c.packed = c.kept.place(size, m)
	c.bias = m.Floats(lanes)
	c.workers = make([]correlationWorker, p.Threads())
	c.planStrips()
	strip := ((c.rows-1)*c.inStep + c.reach) * c.cols * c.in.c
	if c.flat > 0 {
		strip = 0
	}
	for i := range c.workers {
		c.workers[i].temp = m.Floats(c.impl.mr * 2 * c.impl.vl)
		c.workers[i].strip = m.Floats(strip)
	}
	c.packJob, c.runJob = c.pack, c.strip
	if c.flat > 0 {
		c.runJob = c.flatStrip
	}
}

// planStrips chooses the shape of the scratch and the number of jobs.
func (c *correlation) planStrips() {
	rowHi, colHi, ny := 0, 0, 0
	for i, f := range c.phases {
		if i == 0 {
			c.rowLo, c.colLo = f.y.origin, f.x.origin
			rowHi = f.y.origin + f.y.count
		}
		c.rowLo, c.colLo = min(c.rowLo, f.y.origin), min(c.colLo, f.x.origin)
		rowHi = max(rowHi, f.y.origin+f.y.count)
		colHi = max(colHi, (f.nx-1)*c.inStep+f.x.origin+f.x.count)
		ny = max(ny, f.ny)
	}
	c.cols, c.reach = max(colHi-c.colLo, 1), rowHi-c.rowLo
	if c.columns == 1 && c.reach == 1 && c.inStep == 1 && c.outStep == 1 && c.rowLo == 0 && c.colLo == 0 {
		// A 1×1 kernel without padding is a product of two matrices.
		pixels := c.n * c.out.h * c.out.w
		c.flat = min(max(pixels/minJobs, 1), max(stripBytes/4/(c.in.c*floatBytes), c.impl.mr))
		c.flat = ceilDiv(c.flat, c.impl.mr) * c.impl.mr
		c.strips, c.splits, c.rows = ceilDiv(pixels, c.flat), 1, 1
		return
	}
	fit := (stripBytes/(c.cols*c.in.c*floatBytes) - c.reach) / c.inStep
	c.strips = max(ceilDiv(ny, max(fit, 1)), min(ceilDiv(minJobs, c.n), ceilDiv(ny, 4)))
	c.rows = ceilDiv(ny, c.strips)
	c.strips = ceilDiv(ny, c.rows)
	c.splits = min(ceilDiv(minJobs, c.n*c.strips), len(c.panels))
}

// run computes y from x, w and bias (nil: none).
func (c *correlation) run(x, w, bias, y []float32) {
	c.x, c.w, c.y = x, w, y
	c.start = bias != nil
	for _, p := range c.panels {
		if c.start {
			lanes := c.bias[p.offset:][:p.lanes]
			clear(lanes[copy(lanes, bias[p.first:p.first+p.width]):])
		}
	}
	if c.kept.stale() {
		c.packAll()
	}
	if c.flat > 0 {
		c.pool.Run(c.strips, c.runJob)
	} else {
		c.pool.Run(c.n*c.strips*c.splits, c.runJob)
	}
	c.x, c.w, c.y = nil, nil, nil
}

// packAll reorders all weights.
func (c *correlation) packAll() {
	jobs := len(c.panels) * len(c.phases)
	if len(c.packed) > packParallel {
		c.pool.Run(jobs, c.packJob)
		return
	}
	for job := range jobs {
		c.pack(0, job)
	}
}

// packParallel is the number of weights from which packing is worth a Run.
const packParallel = 16 << 10

// pack reorders the weights of one panel of one phase.
func (c *correlation) pack(_, job int) {
	f, p := &c.phases[job/len(c.panels)], c.panels[job%len(c.panels)]
	dst := c.packed[f.offset+p.offset*f.lanes:]
	for ic := range c.in.c {
		for j := range f.y.count {
			row := (f.y.first + j*f.y.step) * c.columns
			for i := range f.x.count {
				tap := row + f.x.first + i*f.x.step
				src := c.w[p.first*c.outStride+ic*c.inStride+tap:]
				out := dst[((j*f.x.count+i)*c.in.c+ic)*p.lanes:][:p.lanes]
				for o := range out[:p.width] {
					out[o] = src[o*c.outStride]
				}
				clear(out[p.width:])
			}
		}
	}
}

// strip computes some panels of one strip of one image.
func (c *correlation) strip(worker, job int) {
	w := &c.workers[worker]
	job, split := job/c.splits, job%c.splits
	n, s := job/c.strips, job%c.strips
	i0 := s * c.rows
	top := i0*c.inStep + c.rowLo // input row in the strip's first row
	c.fill(w.strip, n, top)
	t := &w.tile
	pitch := c.cols * c.in.c
	lo, hi := splitEven(len(c.panels), c.splits, split)
	for fi := range c.phases {
		f := &c.phases[fi]
		i1 := min(i0+c.rows, f.ny)
		t.aPix = uintptr(c.inStep * c.in.c * floatBytes)
		t.aRow = uintptr(pitch * floatBytes)
		t.cPix = uintptr(c.outStep * c.out.c * floatBytes)
		t.rows, t.len = f.y.count, f.x.count*c.in.c
		for _, p := range c.panels[lo:hi] {
			for i := i0; i < i1; i++ {
				y := ((n*c.out.h+f.y0+i*c.outStep)*c.out.w+f.x0)*c.out.c + p.first
				if f.lanes == 0 { // no tap reaches these pixels
					c.zero(y, f.nx, p.width)
					continue
				}
				a := (i*c.inStep+f.y.origin-top)*pitch + (f.x.origin-c.colLo)*c.in.c
				c.pixels(w, f, p, w.strip[a:], y, f.nx)
			}
		}
	}
}

// flatStrip computes a range of pixels of a 1×1 kernel straight from x.
func (c *correlation) flatStrip(worker, job int) {
	w := &c.workers[worker]
	lo := job * c.flat
	hi := min(lo+c.flat, c.n*c.out.h*c.out.w)
	t := &w.tile
	t.aPix, t.cPix = uintptr(c.in.c*floatBytes), uintptr(c.out.c*floatBytes)
	t.aRow, t.rows, t.len = 0, 1, c.in.c
	for _, p := range c.panels {
		c.pixels(w, &c.phases[0], p, c.x[lo*c.in.c:], lo*c.out.c+p.first, hi-lo)
	}
}

// pixels computes nx pixels in a row, whose taps start at a[0] and whose first
// output value is y[first].
func (c *correlation) pixels(w *correlationWorker, f *phase, p panel, a []float32, first, nx int) {
	t := &w.tile
	t.b = at(c.packed, f.offset+p.offset*f.lanes)
	t.init = nil
	if c.start {
		t.init = at(c.bias, p.offset)
	}
	aStep, cStep := int(t.aPix)/floatBytes, c.outStep*c.out.c
	tiles := ceilDiv(nx, c.impl.mr)
	if p.partial() {
		t.cPix = uintptr(p.lanes * floatBytes)
		t.c = at(w.temp, 0)
	}
	for j := range tiles {
		lo, hi := splitEven(nx, tiles, j)
		t.a = at(a, lo*aStep)
		if !p.partial() {
			t.c = at(c.y, first+lo*cStep)
			c.impl.dotTile(t, hi-lo, p.nv)
			continue
		}
		c.impl.dotTile(t, hi-lo, p.nv)
		for i := lo; i < hi; i++ {
			copy(c.y[first+i*cStep:][:p.width], w.temp[(i-lo)*p.lanes:])
		}
	}
	if p.partial() {
		t.cPix = uintptr(cStep * floatBytes)
	}
}

// zero clears the panel's channels of nx output pixels.
func (c *correlation) zero(first, nx, width int) {
	for i := range nx {
		clear(c.y[first+i*c.outStep*c.out.c:][:width])
	}
}

// fill copies the input rows from top on into the strip, zeros where there is no
// input.
func (c *correlation) fill(strip []float32, n, top int) {
	pitch := c.cols * c.in.c
	for row := 0; row*pitch < len(strip); row++ {
		haloRow(strip[row*pitch:][:pitch], c.x, c.in, n, top+row, c.colLo)
	}
}

// haloRow fills dst with row y of image n from column left on; what lies outside
// the image is zero.
func haloRow(dst, x []float32, size extent, n, y, left int) {
	if y < 0 || y >= size.h {
		clear(dst)
		return
	}
	src := x[(n*size.h+y)*size.w*size.c:][:size.w*size.c]
	if left < 0 {
		k := min(-left*size.c, len(dst))
		clear(dst[:k])
		dst = dst[k:]
	} else {
		src = src[min(left*size.c, len(src)):]
	}
	k := copy(dst, src)
	clear(dst[k:])
}
