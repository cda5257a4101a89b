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

// tiling cuts an image of outputs into tiles of m×m.
type tiling struct {
	m, size int // outputs and inputs of a tile along one axis: size = m+2
	th, tw  int // tiles in a column and a row of an image
}

func newTiling(m int, out extent) tiling {
	return tiling{m: m, size: m + 2, th: ceilDiv(out.h, m), tw: ceilDiv(out.w, m)}
}

// positions is how many matrix products there are.
func (t tiling) positions() int { return t.size * t.size }

// cols is how many columns the tiles of a row span that are reach wide each.
func (t tiling) cols(reach int) int { return t.m*(t.tw-1) + reach }

// winogradWorker is one worker's own memory.
type winogradWorker struct {
	tile  tile
	lines lines
	zero  []float32 // a row of the input, of zeros
	rows  []float32 // [size][cols][Ci]: a row of tiles, transformed along columns
	v     []float32 // [position][tile][Ci]
	z     []float32 // [position][tile][Co]: products
	half  []float32 // [m][size][tw][Co]: a row of products, transformed along columns
	edge  []float32 // [m][Co]: a tile that reaches over the right edge
	taps  []float32 // weights while they are transformed
	_     [64]byte
}

// winograd is a correlation of stride 1 with 3×3 kernels: both a convolution's
// forward pass and its input gradient. A job computes some rows of tiles for some
// panels of output channels; every output is one chain of sums in one job.
type winograd struct {
	tiling
	pool *Pool
	impl *impl
	maps *[lineMaps]func(*lines)

	n       int
	in, out extent
	pad     int
	reverse bool // tap t of the sum is tap 8−t of the kernel

	outStride, inStride int // as in correlation

	panels []panel
	rows   int // of tiles in a strip, which may reach over images
	strips int
	splits int // jobs that share a strip's panels
	vPitch int // from one position to the next
	zPitch int
	uPitch int

	kept    *Packed
	packed  []float32 // [position][panel][Ci][lane]
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
func (c *winograd) plan(p *Pool, m int, mem *Region) {
	c.pool, c.impl, c.tiling = p, active, newTiling(m, c.out)
	c.maps = c.impl.winograd.of(m)
	c.panels, _ = c.impl.panels(c.out.c)
	c.uPitch = c.in.c * c.out.c
	c.packed = c.kept.place(c.positions()*c.uPitch, mem)
	c.partition(p.Threads())
	tiles := c.rows * c.tw
	c.vPitch, c.zPitch = tiles*c.in.c+lineFloats, tiles*c.out.c+lineFloats
	c.workers = make([]winogradWorker, p.Threads())
	for i := range c.workers {
		w := &c.workers[i]
		w.zero = mem.Floats(c.in.w * c.in.c)
		w.rows = mem.Floats(c.size * c.cols(c.size) * c.in.c)
		w.v = mem.Floats(c.positions() * c.vPitch)
		w.z = mem.Floats(c.positions() * c.zPitch)
		w.half = mem.Floats(c.m * c.size * c.tw * c.out.c)
		w.edge = mem.Floats(c.m * c.out.c)
		w.taps = mem.Floats((9 + 3*c.size) * packChannels * 2 * c.impl.vl)
	}
	c.packJob, c.runJob = c.pack, c.strip
}

// partition chooses strips and splits. It may look at the number of threads:
// results do not depend on it, only the work of reading weights and of
// transforming inputs does.
func (c *winograd) partition(threads int) {
	total := c.n * c.th
	perTile := c.positions() * (c.in.c + c.out.c) * floatBytes
	// A strip reads the weights of all positions once, which should be no more than
	// its own values.
	tiles := max(winogradBytes/perTile, c.in.c*c.out.c/(c.in.c+c.out.c))
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
		c.pool.Run(len(c.panels), c.packJob)
	}
	c.pool.Run(c.strips*c.splits, c.runJob)
	c.x, c.w, c.bias, c.y = nil, nil, nil, nil
}

// pack transforms the weights of one panel, G·g·Gᵀ.
func (c *winograd) pack(worker, job int) {
	w, p := &c.workers[worker], c.panels[job]
	block := packChannels * p.lanes
	half := w.taps[9*block:] // [size][3][packChannels][lane]
	for first := 0; first < c.in.c; first += packChannels {
		n := min(packChannels, c.in.c-first)
		for o := range p.lanes {
			for i := range n {
				src := c.w[(p.first+o)*c.outStride+(first+i)*c.inStride:][:9]
				dst := w.taps[i*p.lanes+o:]
				if c.reverse {
					for tap, v := range src {
						dst[(8-tap)*block] = v
					}
					continue
				}
				for tap, v := range src {
					dst[tap*block] = v
				}
			}
		}
		t := &w.lines
		t.count, t.len = 1, uintptr(n*p.lanes*floatBytes)
		t.outStep = uintptr(3 * block * floatBytes)
		for col := range 3 {
			for row := range 3 {
				t.in[row] = at(w.taps, (3*row+col)*block)
			}
			t.out = at(half, col*block)
			c.maps[weightMap](t)
		}
		t.outStep = uintptr(c.uPitch * floatBytes)
		for row := range c.size {
			for col := range 3 {
				t.in[col] = at(half, (3*row+col)*block)
			}
			t.out = at(c.packed, row*c.size*c.uPitch+p.offset*c.in.c+first*p.lanes)
			c.maps[weightMap](t)
		}
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
		v := w.v[(r-first)*c.tw*c.in.c:]
		transformRow(w, c.tiling, c.maps[inputMap], c.size, c.x, c.in, r, -c.pad, v, c.in.c, c.vPitch)
	}
	c.multiply(w, c.panels[lo:hi], tiles)
	for r := first; r < end; r++ {
		c.output(w, c.panels[lo:hi], r, (r-first)*c.tw)
	}
}

// transformRow transforms row r of the tiles of x along both axes with f, which
// takes as many rows or columns as a tile's reach. The rows of all images are numbered
// through; origin is the row and column of x where the first tile of an image starts.
// Tiles go to dst, pix values apart, and their positions lie pitch apart.
func transformRow(w *winogradWorker, g tiling, f func(*lines), reach int, x []float32, in extent, r, origin int, dst []float32, pix, pitch int) {
	n, top := r/g.th, r%g.th*g.m+origin
	t, cols := &w.lines, g.cols(reach)
	row := cols * in.c
	lo, hi := -origin*in.c, (min(in.w, cols+origin)-origin)*in.c // where x has columns
	for i := range reach {
		t.in[i] = at(w.zero, 0)
		if y := top + i; y >= 0 && y < in.h {
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
	t.inNext, t.outNext = uintptr(g.m)*t.len, uintptr(pix*floatBytes)
	t.outStep = uintptr(pitch * floatBytes)
	for i := range g.size {
		for j := range reach {
			t.in[j] = at(w.rows, i*row+j*in.c)
		}
		t.out = at(dst, i*g.size*pitch)
		f(t)
	}
}

// multiply makes the matrix products of all positions.
func (c *winograd) multiply(w *winogradWorker, panels []panel, tiles int) {
	t := &w.tile
	t.aPix, t.aRow = uintptr(c.in.c*floatBytes), 0
	t.cPix = uintptr(c.out.c * floatBytes)
	t.rows, t.len, t.init = 1, c.in.c, nil
	blocks := ceilDiv(tiles, c.impl.mr)
	for q := range c.positions() {
		for _, p := range panels {
			t.b = at(c.packed, q*c.uPitch+p.offset*c.in.c)
			for i := range blocks {
				lo, hi := splitEven(tiles, blocks, i)
				t.a = at(w.v, q*c.vPitch+lo*c.in.c)
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
	whole := c.out.w / c.m
	for i := range min(c.m, c.out.h-top) {
		for j := range c.size {
			t.in[j] = at(w.half, (i*c.size+j)*row)
		}
		y := ((n*c.out.h+top+i)*c.out.w)*c.out.c + first
		t.inNext, t.outNext = t.len, uintptr(c.m*c.out.c*floatBytes)
		if whole > 0 {
			t.count, t.out, t.outStep = whole, at(c.y, y), uintptr(c.out.c*floatBytes)
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
		for k := range c.out.w - whole*c.m {
			copy(c.y[y+(whole*c.m+k)*c.out.c:][:width], w.edge[k*width:])
		}
	}
	t.bias = nil
}
