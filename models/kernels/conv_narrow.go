package kernels

// A vector of output channels is mostly padding when there are one to three of
// them, as at the image end of a network. The narrow forms put the K² taps into
// the lanes as well: a 1×1 product with K²·Co columns, and a sum of its columns,
// each shifted by its tap.

// shiftCost is what moving one value by its tap costs, in vector products.
const shiftCost = 3

// useNarrow says whether the narrow form, which has square kernels of stride 1, is the
// faster one from ci to co channels.
func (k *impl) useNarrow(s ConvShape, ci, co int) bool {
	vectors := func(n int) int { return ceilDiv(n, k.vl) }
	taps := s.taps()
	return s.Stride == 1 && s.Wide == 0 && s.K > 1 && ci*vectors(taps*co)+shiftCost*taps*co < ci*taps*vectors(co)
}

// narrow is a correlation of stride 1 with few output channels. It computes
// z[pixel][tap·Co + o] = Σ_i x[pixel][i]·w[o][i][tap] for a strip of input
// pixels, then y[pixel][o] = bias[o] + Σ_tap z[pixel + tap − pad][tap·Co + o].
type narrow struct {
	pool *Pool
	impl *impl

	n       int
	in, out extent
	k, pad  int
	reverse bool // tap t of the sum is tap K²−1−t of the kernel

	outStride, inStride int // as in correlation

	panels []panel // of K²·Co columns
	lanes  int
	rows   int // of y in a strip
	strips int // per image

	kept    *Packed
	packed  []float32 // [panel][Ci][lane]
	workers []narrowWorker

	x, w, bias, y []float32 // of the current run
	runJob        func(worker, job int)
}

// narrowWorker is one worker's own memory.
type narrowWorker struct {
	tile tile
	z    []float32 // [rows+K−1][W][lanes]
	_    [64]byte
}

// plan fixes the partition and takes the scratch.
func (c *narrow) plan(p *Pool, m *Region) {
	c.pool, c.impl = p, active
	c.panels, c.lanes = c.impl.panels(c.k * c.k * c.out.c)
	c.packed = c.kept.place(c.in.c*c.lanes, m)
	fit := stripBytes/(c.in.w*c.lanes*floatBytes) - c.k
	c.strips = max(ceilDiv(c.out.h, max(fit, 1)), min(ceilDiv(minJobs, c.n), ceilDiv(c.out.h, 4)))
	c.rows = ceilDiv(c.out.h, c.strips)
	c.strips = ceilDiv(c.out.h, c.rows)
	c.workers = make([]narrowWorker, p.Threads())
	for i := range c.workers {
		c.workers[i].z = m.Floats((c.rows + c.k - 1) * c.in.w * c.lanes)
	}
	c.runJob = c.strip
}

// run computes y from x, w and bias (nil: none).
func (c *narrow) run(x, w, bias, y []float32) {
	c.x, c.w, c.bias, c.y = x, w, bias, y
	if c.kept.stale() {
		c.pack()
	}
	c.pool.Run(c.n*c.strips, c.runJob)
	c.x, c.w, c.bias, c.y = nil, nil, nil, nil
}

// pack puts weight [o][i][tap] into row i, lane tap·Co + o.
func (c *narrow) pack() {
	taps := c.k * c.k
	for _, p := range c.panels {
		for i := range c.in.c {
			row := c.packed[p.offset*c.in.c+i*p.lanes:][:p.lanes]
			clear(row[p.width:])
			for j := range p.width {
				tap, o := (p.first+j)/c.out.c, (p.first+j)%c.out.c
				if c.reverse {
					tap = taps - 1 - tap
				}
				row[j] = c.w[o*c.outStride+i*c.inStride+tap]
			}
		}
	}
}

// strip computes some rows of one image.
func (c *narrow) strip(worker, job int) {
	w := &c.workers[worker]
	n, s := job/c.strips, job%c.strips
	lo := s * c.rows
	hi := min(lo+c.rows, c.out.h)
	top, end := max(lo-c.pad, 0), min(hi-c.pad+c.k-1, c.in.h) // input rows
	c.product(w, (n*c.in.h+top)*c.in.w, max(end-top, 0)*c.in.w)
	for row := lo; row < hi; row++ {
		y := c.y[(n*c.out.h+row)*c.out.w*c.out.c:][:c.out.w*c.out.c]
		if c.bias == nil {
			clear(y)
		}
		for i := 0; c.bias != nil && i < len(y); i += c.out.c {
			copy(y[i:], c.bias)
		}
		for r := range c.k {
			if in := row - c.pad + r; in >= top && in < end {
				c.shift(y, w.z[(in-top)*c.in.w*c.lanes:], r)
			}
		}
	}
}

// product computes z for count input pixels from the given one on.
func (c *narrow) product(w *narrowWorker, first, count int) {
	t := &w.tile
	t.aPix, t.aRow = uintptr(c.in.c*floatBytes), 0
	t.cPix = uintptr(c.lanes * floatBytes)
	t.rows, t.len, t.init = 1, c.in.c, nil
	for _, p := range c.panels {
		t.b = at(c.packed, p.offset*c.in.c)
		for i := 0; i < count; i += c.impl.mr {
			t.a = at(c.x, (first+i)*c.in.c)
			t.c = at(w.z, i*c.lanes+p.offset)
			c.impl.dotTile(t, min(c.impl.mr, count-i), p.nv)
		}
	}
}

// shift adds one input row's columns of kernel row r to a row of y.
func (c *narrow) shift(y, z []float32, r int) {
	for s := range c.k {
		lo, hi := max(0, c.pad-s), min(c.out.w, c.in.w+c.pad-s)
		if lo >= hi {
			continue
		}
		col := (r*c.k + s) * c.out.c
		z := z[(lo-c.pad+s)*c.lanes+col:]
		if c.out.c == 1 {
			for i := range y[lo:hi] {
				y[lo+i] += z[i*c.lanes]
			}
			continue
		}
		for x := lo; x < hi; x++ {
			for o := range c.out.c {
				y[x*c.out.c+o] += z[(x-lo)*c.lanes+o]
			}
		}
	}
}

// spread is the narrow weight gradient's packing of dy: lane tap·Co + o of input
// pixel (h, w) is dy[h+Pad−row][w+Pad−column][o], zero outside the image. dst
// gets a panel of those lanes for rows input rows of images images.
func (g *gradWeight) spread(dst []float32, p panel, n0, images, r0, rows int) {
	s := g.narrow
	oh, ow := s.Out()
	for n := n0; n < n0+images; n++ {
		for h := r0; h < r0+rows; h++ {
			row := dst[:s.W*p.lanes]
			dst = dst[len(row):]
			if p.partial() {
				clear(row)
			}
			for j := range p.width {
				tap, o := (p.first+j)/s.Co, (p.first+j)%s.Co
				y, left := h+s.Pad-tap/s.K, s.Pad-tap%s.K
				lo, hi := max(0, -left), min(s.W, ow-left)
				if y < 0 || y >= oh || lo >= hi {
					lo, hi = s.W, s.W
				}
				for w := range lo {
					row[w*p.lanes+j] = 0
				}
				if lo < hi {
					src := g.dy[((n*oh+y)*ow+lo+left)*s.Co+o:]
					for w := range hi - lo {
						row[(lo+w)*p.lanes+j] = src[w*s.Co]
					}
				}
				for w := hi; w < s.W; w++ {
					row[w*p.lanes+j] = 0
				}
			}
		}
	}
}

// unspread writes the narrow sum [Ci][lane] of one panel to dw.
func (g *gradWeight) unspread(sum []float32, p panel) {
	s := g.narrow
	taps := s.K * s.K
	for i := range s.Ci {
		for j, v := range sum[i*p.lanes:][:p.width] {
			tap, o := (p.first+j)/s.Co, (p.first+j)%s.Co
			g.dw[(o*s.Ci+i)*taps+tap] = v
		}
	}
}
