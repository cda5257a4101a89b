package kernels

// gradWeight is the gradient of a convolution with respect to its weight.
//
// The sum over pixels is cut into blocks (whole images, or rows of one), the
// blocks into groups. A job sums one group into its own partial result; the
// partial results are then added in order. Blocks and groups depend on the shape
// alone, so the result does not depend on the number of threads.
//
// In a block, x is copied with its halo of zeros, so that the columns·Ci values under
// one kernel row are contiguous at every pixel. An outer tile sums a few of them
// times a panel of output channels over all pixels of the block.
type gradWeight struct {
	shape  ConvShape // as computed, which may be another than asked for
	narrow *ConvShape
	oh, ow int
	pool   *Pool
	impl   *impl

	panels    []panel
	lanes     int
	images    int // in a block
	rows      int // of dy in a block
	rowBlocks int // per image; above 1 only when images is 1
	blocks    int
	groups    int
	splits    int // jobs that share a group's panels
	cols      int // scratch: columns and rows of one image
	xRows     int
	unpadded  bool // taps are read from x itself: there is no halo

	partial []float32 // [group][panel][kernel row][columns·Ci][lane]
	workers []gradWeightWorker

	x, dy, dw []float32 // of the current run
	sumJob    func(worker, job int)
	reduceJob func(worker, job int)
}

// gradWeightWorker is one worker's own memory.
type gradWeightWorker struct {
	tile tile
	x    []float32 // [images][xRows][cols][Ci]
	dy   []float32 // a partial panel: [images][rows][ow][lane]
	_    [64]byte
}

const (
	// blockPixels is how many pixels a tile should sum over: enough to hide the
	// cost of loading and storing the tile, few enough for the caches.
	blockPixels = 256

	// groupPixels bounds the groups from below: reducing a group costs as much
	// as about ten pixels.
	groupPixels = 512

	// maxGroups bounds the groups from above.
	maxGroups = 16
)

// newGradWeight prepares the weight gradient of one shape, with memory from m.
func newGradWeight(p *Pool, s ConvShape, m *Region) *gradWeight {
	g := &gradWeight{shape: s, pool: p, impl: active}
	if g.impl.useNarrow(s, s.Ci, s.Co) {
		// x is summed times dy shifted by every tap: see conv_narrow.go.
		asked := s
		g.narrow = &asked
		s.Co, s.K, s.Pad = s.Co*s.K*s.K, 1, 0
	}
	g.shape = s
	g.oh, g.ow = s.Out()
	g.panels, g.lanes = g.impl.panels(s.Co)
	g.plan()
	g.partial = m.Floats(g.groups * g.groupSize())
	g.workers = make([]gradWeightWorker, p.Threads())
	for i := range g.workers {
		w := &g.workers[i]
		if !g.unpadded {
			w.x = m.Floats(g.images * g.xRows * g.cols * s.Ci)
		}
		if last := g.panels[len(g.panels)-1]; g.narrow != nil {
			w.dy = m.Floats(g.images * g.rows * g.ow * g.panels[0].lanes)
		} else if last.partial() {
			w.dy = m.Floats(g.images * g.rows * g.ow * last.lanes)
		}
	}
	g.sumJob, g.reduceJob = g.sum, g.reduce
	return g
}

// plan fixes blocks and groups.
func (g *gradWeight) plan() {
	if s := &g.shape; g.narrow == nil && s.taps() == 1 && s.Stride == 1 && s.Pad == 0 && s.H*s.W <= blockPixels {
		s.H, s.W = 1, s.H*s.W // rows need not be told apart
		g.oh, g.ow = s.H, s.W
	}
	s := g.shape
	g.unpadded = s.Pad == 0 && s.padColumns() == 0
	pixels := g.oh * g.ow
	g.images, g.rowBlocks = 1, 1
	if pixels < blockPixels {
		g.images = min(ceilDiv(blockPixels, pixels), s.N)
	} else {
		g.rowBlocks = ceilDiv(pixels, blockPixels)
	}
	g.rows = ceilDiv(g.oh, min(g.rowBlocks, g.oh))
	g.rowBlocks = ceilDiv(g.oh, g.rows)
	g.blocks = ceilDiv(s.N, g.images) * g.rowBlocks
	g.groups = min(max(s.N*pixels/groupPixels, 1), maxGroups, g.blocks)
	g.splits = min(ceilDiv(minJobs, g.groups), len(g.panels))
	g.cols = (g.ow-1)*s.Stride + s.columns()
	g.xRows = (g.rows-1)*s.Stride + s.K
}

// groupSize is the number of values in one partial result.
func (g *gradWeight) groupSize() int { return g.lanes * g.shape.taps() * g.shape.Ci }

// run computes dw from x and dy.
func (g *gradWeight) run(x, dy, dw []float32) {
	g.x, g.dy, g.dw = x, dy, dw
	g.pool.Run(g.groups*g.splits, g.sumJob)
	g.pool.Run(len(g.panels)*g.shape.K, g.reduceJob)
	g.x, g.dy, g.dw = nil, nil, nil
}

// sum adds up some panels of one group.
func (g *gradWeight) sum(worker, job int) {
	w := &g.workers[worker]
	group, split := job/g.splits, job%g.splits
	p0, p1 := splitEven(len(g.panels), g.splits, split)
	b0, b1 := splitEven(g.blocks, g.groups, group)
	for b := b0; b < b1; b++ {
		g.block(w, group, b, g.panels[p0:p1], b == b0)
	}
}

// block adds one block's products; the first block of a group starts from zero.
func (g *gradWeight) block(w *gradWeightWorker, group, b int, panels []panel, first bool) {
	s, t := g.shape, &w.tile
	n0, r0 := b/g.rowBlocks*g.images, b%g.rowBlocks*g.rows
	images, rows := min(g.images, s.N-n0), min(g.rows, g.oh-r0)
	x, pitch, height := w.x, g.cols*s.Ci, g.xRows
	if g.unpadded {
		x, pitch, height = g.x[((n0*s.H)+r0*s.Stride)*s.W*s.Ci:], s.W*s.Ci, s.H
	} else {
		g.fill(x, n0, images, r0)
	}
	t.aPix = uintptr(s.Stride * s.Ci * floatBytes)
	t.aRow = uintptr(s.Stride * pitch * floatBytes)
	t.aImage = uintptr(height * pitch * floatBytes)
	t.images, t.rows, t.len = images, rows, g.ow
	m := s.columns() * s.Ci // values under one kernel row
	tiles := ceilDiv(m, g.impl.mr)
	for _, p := range panels {
		g.panelB(w, p, n0, images, r0, rows)
		t.cPix = uintptr(p.lanes * floatBytes)
		for r := range s.K {
			part := g.partial[group*g.groupSize()+(p.offset*s.K+r*p.lanes)*m:][:m*p.lanes]
			for i := range tiles {
				lo, hi := splitEven(m, tiles, i)
				t.a = at(x, r*pitch+lo)
				t.c = at(part, lo*p.lanes)
				t.init = t.c
				if first {
					t.init = nil
				}
				g.impl.outerTile(t, hi-lo, p.nv)
			}
		}
	}
}

// fill copies the input rows under a block's output rows, with their halo.
func (g *gradWeight) fill(dst []float32, n0, images, r0 int) {
	s := g.shape
	size, pitch := extent{s.H, s.W, s.Ci}, g.cols*s.Ci
	for n := n0; n < n0+images; n++ {
		for row := range g.xRows {
			haloRow(dst[:pitch], g.x, size, n, r0*s.Stride-s.Pad+row, -s.padColumns())
			dst = dst[pitch:]
		}
	}
}

// panelB points the tile at a panel of dy, packing it first if it is partial.
func (g *gradWeight) panelB(w *gradWeightWorker, p panel, n0, images, r0, rows int) {
	t, co := &w.tile, g.shape.Co
	start := (n0*g.oh+r0)*g.ow*co + p.first
	if !p.partial() && g.narrow == nil {
		t.b = at(g.dy, start)
		t.bPix = uintptr(co * floatBytes)
		t.bRow = uintptr(g.ow) * t.bPix
		t.bImage = uintptr(g.oh) * t.bRow
		return
	}
	t.b = at(w.dy, 0)
	t.bPix = uintptr(p.lanes * floatBytes)
	t.bRow = uintptr(g.ow) * t.bPix
	t.bImage = uintptr(rows) * t.bRow
	if g.narrow != nil {
		g.spread(w.dy, p, n0, images, r0, rows)
		return
	}
	dst := w.dy
	for n := range images {
		src := g.dy[start+n*g.oh*g.ow*co:]
		for px := range rows * g.ow {
			for i, v := range src[px*co:][:p.width] {
				dst[i] = v
			}
			clear(dst[p.width:p.lanes])
			dst = dst[p.lanes:]
		}
	}
}

// reduce adds the groups' partial results of one panel and kernel row, in order,
// and writes the sum to dw.
func (g *gradWeight) reduce(_, job int) {
	s := g.shape
	p, r := g.panels[job/s.K], job%s.K
	m := s.columns() * s.Ci
	off, n := (p.offset*s.K+r*p.lanes)*m, m*p.lanes
	sum := g.partial[off:][:n]
	for group := 1; group < g.groups; group++ {
		g.impl.add(sum, sum, g.partial[group*g.groupSize()+off:][:n])
	}
	if g.narrow != nil {
		g.unspread(sum, p)
		return
	}
	for col := range s.columns() {
		for i := range s.Ci {
			row := sum[(col*s.Ci+i)*p.lanes:][:p.width]
			dst := g.dw[((p.first*s.Ci+i)*s.K+r)*s.columns()+col:]
			for o, v := range row {
				dst[o*s.Ci*s.taps()] = v
			}
		}
	}
}
