package kernels

// winogradGradWeight is the gradient of a convolution with respect to its weight,
// of the kinds that winograd knows: Gᵀ·[Σ (Bᵀ·d·B) ⊙ (A·dy·Aᵀ)]·G over all tiles, one product of
// input channels × tiles × output channels for each position.
//
// Tiles are taken a chunk at a time. Where the sums of all positions are small, jobs
// sum groups of chunks into partial results of their own, which are then added in
// order. Where they are large there is one result: threads transform the tiles of a
// chunk together, and then share the positions out. Chunks and groups depend on the
// shape alone, so the result does not depend on the number of threads.
type winogradGradWeight struct {
	tiling
	pool *Pool
	impl *impl
	maps *[lineMaps]func(*lines)

	n       int
	in, out extent // of x and dy
	pad     int

	panels []panel
	rows   int // of tiles in a chunk, which may reach over images
	chunks int
	groups int
	xPix   int // from one tile to the next, in values; likewise of dy
	dyPix  int
	xPitch int // from one position to the next
	dPitch int
	depth  int // phases·Ci

	sums    []float32 // [group][position][panel][phase][Ci][lane]
	tiles   []winogradTiles
	workers []winogradWorker

	x, dy, dw    []float32 // of the current run
	chunk        int
	groupJob     func(worker, job int)
	transformJob func(worker, job int)
	multiplyJob  func(worker, job int)
	finishJob    func(worker, job int)
}

// winogradTiles are the transformed tiles of a chunk.
type winogradTiles struct{ x, dy []float32 }

const (
	// sumsBytes bounds the partial results of all groups.
	sumsBytes = 8 << 20

	// fewestGroups is from how many groups on they are worth having.
	fewestGroups = 4

	// groupTiles bounds a group from below: adding its result costs as much as
	// some 15 tiles.
	groupTiles = 96

	// sharedTiles is how many tiles of a chunk threads share: the sums are read and
	// written again for each chunk.
	sharedTiles = 128
)

// plan fixes the partition and takes the scratch.
func (g *winogradGradWeight) plan(p *Pool, mem *Region) {
	g.pool, g.impl = p, active
	g.maps = g.impl.winograd.of(g.tiling)
	g.depth = g.phases() * g.in.c
	g.panels, _ = g.impl.panels(g.out.c)
	g.xPix, g.dyPix = tilePitch(g.depth), tilePitch(g.out.c)

	total := g.n * g.th
	size := g.positions() * g.depth * g.out.c
	g.groups = min(sumsBytes/(size*floatBytes), maxGroups, total*g.tw/groupTiles)
	tiles := winogradBytes / (g.positions() * (g.xPix + g.dyPix) * floatBytes)
	copies := p.Threads()
	if g.groups < fewestGroups {
		g.groups, tiles, copies = 1, max(tiles, sharedTiles), 1
	}
	g.rows = min(max(tiles/g.tw, 1), ceilDiv(total, g.groups))
	g.chunks = ceilDiv(total, g.rows)
	g.rows = ceilDiv(total, g.chunks)
	g.chunks = ceilDiv(total, g.rows)
	g.groups = min(g.groups, g.chunks)
	g.xPitch, g.dPitch = g.rows*g.tw*g.xPix+lineFloats, g.rows*g.tw*g.dyPix+lineFloats

	g.sums = mem.Floats(g.groups * size)
	for range copies {
		g.tiles = append(g.tiles, winogradTiles{mem.Floats(g.positions() * g.xPitch), mem.Floats(g.positions() * g.dPitch)})
	}
	g.workers = make([]winogradWorker, p.Threads())
	for i := range g.workers {
		w := &g.workers[i]
		w.zero = mem.Floats(max(g.in.w*g.in.c, g.out.w*g.out.c))
		w.rows = mem.Floats(g.size * max(g.cols(g.size)*g.in.c, g.strided(1).cols(g.m)*g.out.c))
		w.taps = mem.Floats(g.tapFloats(g.impl.vl))
	}
	g.groupJob, g.transformJob, g.multiplyJob, g.finishJob = g.group, g.transform, g.multiply, g.finish
}

// tilePitch is the distance of two tiles with c channels each: not a large power of
// two, or one column of all tiles would share few lines of the cache.
func tilePitch(c int) int {
	if c%(4*lineFloats) == 0 {
		return c + lineFloats
	}
	return c
}

// run computes dw from x and dy.
func (g *winogradGradWeight) run(x, dy, dw []float32) {
	g.x, g.dy, g.dw = x, dy, dw
	if g.groups > 1 {
		g.pool.Run(g.groups, g.groupJob)
	} else {
		for g.chunk = range g.chunks {
			first, end := g.tileRows(g.chunk)
			g.pool.Run(end-first, g.transformJob)
			g.pool.Run(g.positions()*len(g.panels), g.multiplyJob)
		}
	}
	g.pool.Run(len(g.panels), g.finishJob)
	g.x, g.dy, g.dw = nil, nil, nil
}

// tileRows is the range of rows of tiles in a chunk.
func (g *winogradGradWeight) tileRows(chunk int) (first, end int) {
	return chunk * g.rows, min((chunk+1)*g.rows, g.n*g.th)
}

// group sums the chunks of one group.
func (g *winogradGradWeight) group(worker, group int) {
	w, t := &g.workers[worker], g.tiles[worker]
	clear(w.zero)
	lo, hi := splitEven(g.chunks, g.groups, group)
	for chunk := lo; chunk < hi; chunk++ {
		first, end := g.tileRows(chunk)
		for r := first; r < end; r++ {
			g.tileRow(w, t, r, (r-first)*g.tw)
		}
		for q := range g.positions() {
			for _, p := range g.panels {
				g.product(w, t, group, q, p, (end-first)*g.tw, chunk == lo)
			}
		}
	}
}

// transform transforms a row of tiles of the current chunk.
func (g *winogradGradWeight) transform(worker, job int) {
	w := &g.workers[worker]
	clear(w.zero)
	g.tileRow(w, g.tiles[0], g.chunk*g.rows+job, job*g.tw)
}

// multiply adds the products of the current chunk for one position and panel.
func (g *winogradGradWeight) multiply(worker, job int) {
	first, end := g.tileRows(g.chunk)
	q, p := job/len(g.panels), g.panels[job%len(g.panels)]
	g.product(&g.workers[worker], g.tiles[0], 0, q, p, (end-first)*g.tw, g.chunk == 0)
}

// tileRow transforms row r of tiles, which is the given one of its chunk and the
// following.
func (g *winogradGradWeight) tileRow(w *winogradWorker, t winogradTiles, r, tile int) {
	transformRow(w, g.tiling, g.maps[inputMap], g.size, g.x, g.in, r, -g.pad, -g.pad, t.x[tile*g.xPix:], g.xPix, g.xPitch)
	transformRow(w, g.strided(1), g.maps[gradMap], g.m, g.dy, g.out, r, 0, 0, t.dy[tile*g.dyPix:], g.dyPix, g.dPitch)
}

// product adds x·dy over some tiles, at one position and for one panel; the first
// chunk of a group starts from zero.
func (g *winogradGradWeight) product(w *winogradWorker, tiles winogradTiles, group, q int, p panel, count int, first bool) {
	t, depth := &w.tile, g.depth
	t.aPix, t.bPix, t.cPix = uintptr(g.xPix*floatBytes), uintptr(g.dyPix*floatBytes), uintptr(p.lanes*floatBytes)
	t.images, t.rows, t.len = 1, 1, count
	t.b = at(tiles.dy, q*g.dPitch+p.first)
	sum := g.sums[(group*g.positions()+q)*depth*g.out.c+p.offset*depth:][:depth*p.lanes]
	blocks := ceilDiv(depth, g.impl.mr)
	for i := range blocks {
		lo, hi := splitEven(depth, blocks, i)
		t.a = at(tiles.x, q*g.xPitch+lo)
		t.c = at(sum, lo*p.lanes)
		t.init = t.c
		if first {
			t.init = nil
		}
		g.impl.outerTile(t, hi-lo, p.nv)
	}
}

// finish adds the groups' sums of one panel, in order, transforms them, Gᵀ·u·G, and
// writes dw.
func (g *winogradGradWeight) finish(worker, job int) {
	w, p := &g.workers[worker], g.panels[job]
	pitch := g.depth * g.out.c // from one position to the next
	for q := range g.positions() {
		at := q*pitch + p.offset*g.depth
		sum := g.sums[at:][:g.depth*p.lanes]
		for group := 1; group < g.groups; group++ {
			g.impl.add(sum, sum, g.sums[group*g.positions()*pitch+at:][:g.depth*p.lanes])
		}
	}
	for phase := range g.phases() {
		for first := 0; first < g.in.c; first += packChannels {
			n := min(packChannels, g.in.c-first)
			g.transformSums(w, p, n, p.offset*g.depth+(phase*g.in.c+first)*p.lanes, pitch)
			g.scatter(w, p, phase, first, n)
		}
	}
}

// transformSums transforms the sums of n channels of a panel, which start at sums[from]
// and lie pitch apart, to a kernel of taps.
func (g *winogradGradWeight) transformSums(w *winogradWorker, p panel, n, from, pitch int) {
	block := packChannels * p.lanes
	half := w.taps[g.k*g.k*block:] // [k][size][packChannels][lane]
	t := &w.lines
	t.count, t.bias = 1, nil
	t.len = uintptr(n * p.lanes * floatBytes)
	t.outStep = uintptr(g.size * block * floatBytes)
	for col := range g.size {
		for row := range g.size {
			t.in[row] = at(g.sums, (row*g.size+col)*pitch+from)
		}
		t.out = at(half, col*block)
		g.maps[weightGradMap](t)
	}
	t.outStep = uintptr(block * floatBytes)
	for row := range g.k {
		for col := range g.size {
			t.in[col] = at(half, (row*g.size+col)*block)
		}
		t.out = at(w.taps, g.k*row*block)
		g.maps[weightGradMap](t)
	}
}

// scatter writes the taps of one phase of n channels to dw.
func (g *winogradGradWeight) scatter(w *winogradWorker, p panel, phase, first, n int) {
	block, side := packChannels*p.lanes, g.k*g.step
	corner := phase/g.step*side + phase%g.step
	for o := range p.lanes {
		for i := range n {
			dst := g.dw[((p.first+o)*g.in.c+first+i)*side*side+corner:]
			src := w.taps[i*p.lanes+o:]
			for row := range g.k {
				for col := range g.k {
					dst[g.step*(row*side+col)] = src[(row*g.k+col)*block]
				}
			}
		}
	}
}
