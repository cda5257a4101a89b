package kernels

// Packed is the weight of a convolution, or of its input gradient, as the kernel
// reads it: reordered, and transformed for Winograd's algorithm. Packing takes time
// that does not depend on the number of images, so a weight that stays the same is
// better kept packed than packed again in every run.
type Packed struct {
	values []float32
	fresh  bool
	size   int // where values is nil: how many are wanted
}

// Packing says how a weight is packed. Equal ones can share it.
type Packing struct {
	shape ConvShape // of one image
	grad  bool
	impl  *impl
}

// PackingOf is the packing of a convolution's weight, or that for its input gradient.
func PackingOf(s ConvShape, grad bool) Packing {
	s.N = 1
	return Packing{s, grad, active}
}

// Size is how many values it takes.
func (k Packing) Size() int {
	var m Region
	p := &Pool{workers: make([]poolWorker, 1)} // never runs
	packed := &Packed{}
	if k.grad {
		NewConvGradInput(p, k.shape, &m, packed)
	} else {
		NewConvForward(p, k.shape, &m, packed)
	}
	return packed.size
}

// Share is about how much of the time for n images packing takes, from 0 to 1.
func (k Packing) Share(n int) float64 {
	s := k.shape
	oh, ow := s.Out()
	images := float64(n * oh * ow)
	if m := k.impl.winogradTile(s); m > 0 {
		g := newTiling(m, s, extent{oh, ow, s.Co})
		images = float64(n*g.th*g.tw) * (1 + transformCost*float64(s.Ci+s.Co)/float64(s.Ci*s.Co))
	}
	return weightCost / (images + weightCost)
}

// Keep takes memory for a weight from m.
func (k Packing) Keep(m *Region) *Packed { return &Packed{values: m.Floats(k.Size())} }

// Changed makes the next run pack the weight again.
func (k *Packed) Changed() { k.fresh = false }

// place is where n packed values lie: nil is a weight that is not kept, and lies in
// scratch.
func (k *Packed) place(n int, m *Region) []float32 {
	if k == nil {
		return m.Floats(n)
	}
	k.size = n
	return k.values
}

// stale reports whether a run that begins has to pack the weight.
func (k *Packed) stale() bool {
	if k == nil {
		return true
	}
	stale := !k.fresh
	k.fresh = true
	return stale
}
