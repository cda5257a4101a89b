package kernels

// Winograd's algorithm computes m×m outputs of a 3×3 kernel from (m+2)² inputs
// with (m+2)² products for each pair of channels, where the definition makes 9·m²:
// F(2×2, 3×3) saves a factor of 2.25 and F(4×4, 3×3) one of 4. Tiles of the input
// are transformed along both axes, each of the (m+2)² positions becomes one matrix
// product of tiles × input channels by input × output channels, and the products
// are transformed to outputs.
//
// The sums of a transform cancel, which costs some accuracy. Against float64, for
// normally distributed inputs and outputs of variance 1, the error is about 2e-7
// with the definition, as much with F(2×2, 3×3) and 8e-7 with F(4×4, 3×3), at most
// some 5e-6 in 10,000 outputs. Points of ±5/8 and ±3/2 (lines_generic.go) give that;
// the usual ±1 and ±2 are two and a half times worse, four times at the worst
// output. A value that is not finite reaches every output of its tile.
//
// A 4×4 kernel of stride 2, as discriminators have them, is four 2×2 kernels of stride
// 1: each reads the pixels of one phase, whose rows and columns are both even or odd,
// and F(4×4, 2×2) saves a factor of 2.56 of their products. Their sum is one product
// with four times as many input channels; in the gradient of the input each makes the
// pixels of its phase. Points of ±1/2 and ±5/4 err as F(4×4, 3×3) does; 0, ±1 and 2 are
// twice worse, and six times at the worst output.

// tiling cuts an image of outputs into tiles of m×m.
type tiling struct {
	m, k   int // outputs of a tile along one axis, and taps
	size   int // inputs: m+k−1
	step   int // from one input to the next, in pixels: there are step² phases of inputs
	th, tw int // tiles in a column and a row of an image
}

func newTiling(m int, s ConvShape, out extent) tiling {
	k := ceilDiv(s.K, s.Stride)
	return tiling{m: m, k: k, size: m + k - 1, step: 1, th: ceilDiv(out.h, m), tw: ceilDiv(out.w, m)}
}

// strided is t for inputs that lie step pixels apart.
func (t tiling) strided(step int) tiling {
	t.step = step
	return t
}

// phases is how many phases the inputs have.
func (t tiling) phases() int { return t.step * t.step }

// positions is how many matrix products there are.
func (t tiling) positions() int { return t.size * t.size }

// cols is how many columns the tiles of a row span that are reach wide each.
func (t tiling) cols(reach int) int { return t.step * (t.m*(t.tw-1) + reach) }

// tapFloats is what a block of channels' weights take while they are transformed.
func (t tiling) tapFloats(vl int) int { return (t.k*t.k + t.k*t.size) * packChannels * 2 * vl }

// winogradWorker is one worker's own memory.
type winogradWorker struct {
	tile  tile
	lines lines
	zero  []float32 // a row of the input, of zeros
	rows  []float32 // [size][cols][Ci]: a row of tiles, transformed along columns
	v     []float32 // [position][tile][phase][Ci]
	z     []float32 // [position][tile][Co]: products
	half  []float32 // [m][size][tw][Co]: a row of products, transformed along columns
	edge  []float32 // [m][Co]: a tile that reaches over the right edge
	taps  []float32 // weights while they are transformed
	_     [64]byte
}

// winogradPass makes some of the outputs: all, or those of one phase.
type winogradPass struct {
	y, x    axisTaps // the kernel's taps; those of the other phases of inputs follow
	y0, x0  int      // of the first output, and from there on every outStep-th …
	ny, nx  int      // … of so many
	weights int      // where packed has the weights of the pass
}

// winograd is a correlation with 3×3 kernels of stride 1, or with 4×4 of stride 2: both
// a convolution's forward pass and its input gradient. A job computes some rows of
// tiles for some panels of output channels; every output is one chain of sums in one job.
type winograd struct {
	tiling
	pool *Pool
	impl *impl
	maps *[lineMaps]func(*lines)

	n       int
	in, out extent
	columns int // of the kernel
	outStep int
	passes  []winogradPass
	pass    *winogradPass // the current one

	outStride, inStride int // as in correlation

	panels []panel
	rows   int // of tiles in a strip, which may reach over images
	strips int
	splits int // jobs that share a strip's panels
	vPitch int // from one position to the next
	zPitch int
	uPitch int
	depth  int // values of a tile at one position: phases·Ci

	kept    *Packed
	packed  []float32 // [pass][position][panel][phase][Ci][lane]
	workers []winogradWorker

	x, w, bias, y []float32 // of the current run
	packJob       func(worker, job int)
	runJob        func(worker, job int)
}

const (
	// winogradBytes is what a strip's transformed inputs and products should take:
	// most of a second-level cache.
	winogradBytes = 400 << 10

	// packChannels is how many input channels of a panel are transformed at once.
	packChannels = 16
)

// plan fixes the partition and takes the scratch.
func (c *winograd) plan(p *Pool, mem *Region) {
	c.pool, c.impl = p, active
	c.maps = c.impl.winograd.of(c.tiling)
	c.panels, _ = c.impl.panels(c.out.c)
	c.depth = c.phases() * c.in.c
	c.uPitch = c.depth * c.out.c
	for i := range c.passes {
		c.passes[i].weights = i * c.positions() * c.uPitch
	}
	c.packed = c.kept.place(len(c.passes)*c.positions()*c.uPitch, mem)
	c.partition(p.Threads())
	tiles := c.rows * c.tw
	c.vPitch, c.zPitch = tiles*c.depth+lineFloats, tiles*c.out.c+lineFloats
	c.workers = make([]winogradWorker, p.Threads())
	for i := range c.workers {
		w := &c.workers[i]
		w.zero = mem.Floats(c.in.w * c.in.c)
		w.rows = mem.Floats(c.size * c.cols(c.size) * c.in.c)
		w.v = mem.Floats(c.positions() * c.vPitch)
		w.z = mem.Floats(c.positions() * c.zPitch)
		w.half = mem.Floats(c.m * c.size * c.tw * c.out.c)
		w.edge = mem.Floats(c.m * c.out.c)
		w.taps = mem.Floats(c.tapFloats(c.impl.vl))
	}
	c.packJob, c.runJob = c.pack, c.strip
}

// partition chooses strips and splits. It may look at the number of threads:
// results do not depend on it, only the work of reading weights and of
// transforming inputs does.
func (c *winograd) partition(threads int) {
	total := c.n * c.th
	perTile := c.positions() * (c.depth + c.out.c) * floatBytes
	// A strip reads the weights of all positions once, which should be no more than
	// its own values.
	tiles := max(winogradBytes/perTile, c.depth*c.out.c/(c.depth+c.out.c))
	c.rows = tiles / c.tw
	jobs := 1
	if threads > 1 {
		jobs = 4 * threads
		c.rows = min(c.rows, max(ceilDiv(total, jobs), tiles/2/c.tw))
	}
	c.rows = min(max(c.rows, 1), total)
	c.strips = ceilDiv(total, c.rows)
	c.rows = ceilDiv(total, c.strips)
	c.strips = ceilDiv(total, c.rows)
	c.splits = min(ceilDiv(jobs, c.strips), len(c.panels))
}

// run computes y from x, w and bias (nil: none).
func (c *winograd) run(x, w, bias, y []float32) {
	c.x, c.w, c.bias, c.y = x, w, bias, y
	if c.kept.stale() {
		c.pool.Run(len(c.passes)*len(c.panels), c.packJob)
	}
	for i := range c.passes {
		c.pass = &c.passes[i]
		c.pool.Run(c.strips*c.splits, c.runJob)
	}
	c.x, c.w, c.bias, c.y = nil, nil, nil, nil
}

// pack transforms the weights of one panel of one pass, G·g·Gᵀ.
func (c *winograd) pack(worker, job int) {
	w, pass, p := &c.workers[worker], &c.passes[job/len(c.panels)], c.panels[job%len(c.panels)]
	for phase := range c.phases() {
		y, x := pass.y, pass.x
		y.first, x.first = y.first+phase/c.step, x.first+phase%c.step
		for first := 0; first < c.in.c; first += packChannels {
			n := min(packChannels, c.in.c-first)
			for o := range p.lanes {
				for i := range n {
					c.gather(w.taps[i*p.lanes+o:], (p.first+o)*c.outStride+(first+i)*c.inStride, packChannels*p.lanes, y, x)
				}
			}
			c.transformTaps(w, p, n, pass.weights+p.offset*c.depth+(phase*c.in.c+first)*p.lanes)
		}
	}
}

// gather copies the taps of the kernel that starts at w[kernel] to dst, block values
// apart.
func (c *winograd) gather(dst []float32, kernel, block int, y, x axisTaps) {
	for i := range c.k {
		row := c.w[kernel+(y.first+i*y.step)*c.columns:]
		for j := range c.k {
			dst[(i*c.k+j)*block] = row[x.first+j*x.step]
		}
	}
}

// transformTaps transforms n gathered channels of a panel to packed[to:].
func (c *winograd) transformTaps(w *winogradWorker, p panel, n, to int) {
	block := packChannels * p.lanes
	half := w.taps[c.k*c.k*block:] // [size][k][packChannels][lane]
	t := &w.lines
	t.count, t.len = 1, uintptr(n*p.lanes*floatBytes)
	t.outStep = uintptr(c.k * block * floatBytes)
	for col := range c.k {
		for row := range c.k {
			t.in[row] = at(w.taps, (c.k*row+col)*block)
		}
		t.out = at(half, col*block)
		c.maps[weightMap](t)
	}
	t.outStep = uintptr(c.uPitch * floatBytes)
	for row := range c.size {
		for col := range c.k {
			t.in[col] = at(half, (c.k*row+col)*block)
		}
		t.out = at(c.packed, to+row*c.size*c.uPitch)
		c.maps[weightMap](t)
	}
}

// strip computes some panels of some rows of tiles.
func (c *winograd) strip(worker, job int) {
	w := &c.workers[worker]
	s, split := job/c.splits, job%c.splits
	first, end := s*c.rows, min((s+1)*c.rows, c.n*c.th)
	lo, hi := splitEven(len(c.panels), c.splits, split)
	tiles := (end - first) * c.tw
	clear(w.zero)
	for r := first; r < end; r++ {
		v := w.v[(r-first)*c.tw*c.depth:]
		transformRow(w, c.tiling, c.maps[inputMap], c.size, c.x, c.in, r, c.pass.y.origin, c.pass.x.origin, v, c.depth, c.vPitch)
	}
	c.multiply(w, c.panels[lo:hi], tiles)
	for r := first; r < end; r++ {
		c.output(w, c.panels[lo:hi], r, (r-first)*c.tw)
	}
}

// transformRow transforms row r of the tiles of x along both axes with f, which
// takes as many rows or columns as a tile's reach. The rows of all images are numbered
// through; top and left are the row and column of x where the first tile of an image
// starts. Tiles go to dst, pix values apart, and their positions lie pitch apart; the
// phases of a tile follow each other.
func transformRow(w *winogradWorker, g tiling, f func(*lines), reach int, x []float32, in extent, r, top, left int, dst []float32, pix, pitch int) {
	n := r / g.th
	top += r % g.th * g.m * g.step
	t, cols := &w.lines, g.cols(reach)
	row := cols * in.c
	lo, hi := -left*in.c, (min(in.w, cols+left)-left)*in.c // where x has columns
	for phase := range g.step {
		for i := range reach {
			t.in[i] = at(w.zero, 0)
			if y := top + g.step*i + phase; y >= 0 && y < in.h {
				t.in[i] = at(x, (n*in.h+y)*in.w*in.c)
			}
		}
		for i := range g.size {
			clear(w.rows[i*row:][:lo])
			clear(w.rows[i*row+hi:][:row-hi])
		}
		t.out, t.outStep = at(w.rows, lo), uintptr(row*floatBytes)
		t.count, t.len = 1, uintptr((hi-lo)*floatBytes)
		f(t)

		t.count, t.len = g.tw, uintptr(in.c*floatBytes)
		t.inNext, t.outNext = uintptr(g.step*g.m)*t.len, uintptr(pix*floatBytes)
		t.outStep = uintptr(pitch * floatBytes)
		for i := range g.size {
			for column := range g.step {
				for j := range reach {
					t.in[j] = at(w.rows, i*row+(g.step*j+column)*in.c)
				}
				t.out = at(dst, i*g.size*pitch+(phase*g.step+column)*in.c)
				f(t)
			}
		}
	}
}

// multiply makes the matrix products of all positions.
func (c *winograd) multiply(w *winogradWorker, panels []panel, tiles int) {
	t := &w.tile
	t.aPix, t.aRow = uintptr(c.depth*floatBytes), 0
	t.cPix = uintptr(c.out.c * floatBytes)
	t.rows, t.len, t.init = 1, c.depth, nil
	blocks := ceilDiv(tiles, c.impl.mr)
	for q := range c.positions() {
		for _, p := range panels {
			t.b = at(c.packed, c.pass.weights+q*c.uPitch+p.offset*c.depth)
			for i := range blocks {
				lo, hi := splitEven(tiles, blocks, i)
				t.a = at(w.v, q*c.vPitch+lo*c.depth)
				t.c = at(w.z, q*c.zPitch+lo*c.out.c+p.first)
				c.impl.dotTile(t, hi-lo, p.nv)
			}
		}
	}
}

// output transforms the products of row r of tiles to outputs, Aᵀ·z·A, for the
// channels of some panels.
func (c *winograd) output(w *winogradWorker, panels []panel, r, tile int) {
	n, top := r/c.th, r%c.th*c.m
	first := panels[0].first
	width := panels[len(panels)-1].first + panels[len(panels)-1].width - first
	t := &w.lines
	t.len = uintptr(width * floatBytes)
	t.count, t.inNext, t.outNext = c.tw, uintptr(c.out.c*floatBytes), t.len
	row := c.tw * width // values of one half-transformed position
	t.outStep = uintptr(c.size * row * floatBytes)
	for j := range c.size {
		for i := range c.size {
			t.in[i] = at(w.z, (i*c.size+j)*c.zPitch+tile*c.out.c+first)
		}
		t.out = at(w.half, j*row)
		c.maps[outputMap](t)
	}

	f := c.maps[outputMap]
	t.bias = nil
	if c.bias != nil {
		f, t.bias = c.maps[outputBiasMap], at(c.bias, first)
	}
	pass, pixel := c.pass, c.outStep*c.out.c // values from one output to the next
	whole := pass.nx / c.m
	for i := range min(c.m, pass.ny-top) {
		for j := range c.size {
			t.in[j] = at(w.half, (i*c.size+j)*row)
		}
		y := ((n*c.out.h+pass.y0+c.outStep*(top+i))*c.out.w+pass.x0)*c.out.c + first
		t.inNext, t.outNext = t.len, uintptr(c.m*pixel*floatBytes)
		if whole > 0 {
			t.count, t.out, t.outStep = whole, at(c.y, y), uintptr(pixel*floatBytes)
			f(t)
		}
		if whole == c.tw {
			continue
		}
		for j := range c.size {
			t.in[j] = at(w.half, (i*c.size+j)*row+whole*width)
		}
		t.count, t.out, t.outStep = 1, at(w.edge, 0), t.len
		f(t)
		for k := range pass.nx - whole*c.m {
			copy(c.y[y+(whole*c.m+k)*pixel:][:width], w.edge[k*width:])
		}
	}
	t.bias = nil
}
