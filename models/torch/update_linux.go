//go:build (amd64 || arm64) && !static

package torch

import (
	"fmt"
	"slices"

	"innate/models"
	"innate/models/device"
	"innate/models/torch/libtorch"
)

// home is the memory of several tensors in one piece, so that one operation can
// change them all.
type home struct {
	all   tensor
	size  int      // values, those between parts included
	parts []tensor // of the shapes asked for, row-major
}

// homeLine is how many values a part's start is a multiple of: PyTorch's kernels
// read several at once from such places.
const homeLine = 32

// newHome makes memory for shapes. What lies between the parts is zero.
func (d *Device) newHome(params []*models.Param) *home {
	l, h, size := d.lib, &home{}, 0
	starts := make([]int, len(params))
	for i, p := range params {
		starts[i] = size
		size += (len(p.Data) + homeLine - 1) / homeLine * homeLine
	}
	h.size = size
	h.all = l.Keep(l.Empty(libtorch.Float32, []int{size}, []int{1}))
	l.Fill(h.all, 0)
	for i, p := range params {
		h.parts = append(h.parts, l.Keep(l.View(h.all, p.Shape, libtorch.RowMajor(p.Shape), starts[i])))
	}
	return h
}

// together moves parameters into one piece of memory, if they are not in one in
// this order.
func (d *Device) together(params []*models.Param) *home {
	l := d.lib
	sides := make([]*param, len(params))
	for i, p := range params {
		sides[i] = d.meet(p)
	}
	if h := sides[0].home; h != nil && slices.EqualFunc(sides, h.parts, func(p *param, part tensor) bool { return p.plain == part }) {
		return h
	}
	h := d.newHome(params)
	for i, p := range sides {
		l.Copy(h.parts[i], p.plain)
		p.place(d, h.parts[i])
		p.home = h
	}
	d.homes = append(d.homes, h)
	return h
}

// adam is PyTorch's fused Adam over parameters, and gradients in one piece of
// memory.
type adam struct {
	dev    *Device
	slots  []device.AdamSlot
	sides  [3][]*param // parameters and their moments
	groups []rated     // theirs, as the update takes them: one, unless learning rates differ
	grads  *home
	steps  tensor // one count a slot
	count  []tensor
	host   []float32 // the counts on the host
	feed   *feed     // from there

	from    []tensor // of the gradients as programs make them, and where they go
	to      []tensor
	current device.AdamStep
	update  func()    // made once: a fresh closure would allocate
	found   *recorder // how many gradients were finite, and the sum of their squares
	records []device.AdamRecord

	none      int // steps since Records, of no slots
	measuring bool
	squares   []device.Squares
	gradsOf   bool // squares has those of the last step's gradients

	nccl     *collective // that adds up the gradients of this step over processes; nil for the host, or none
	together []float32   // all gradients on the host, to be summed there; nil until they are
	bring    func()
	size     []int // of it, and its stride
	stride   []int
}

// PlanAdam prepares the update of parameters by their gradients. With no
// parameters it updates nothing.
func (d *Device) PlanAdam(slots []device.AdamSlot) (device.Adam, error) {
	a := &adam{dev: d, slots: slots, squares: make([]device.Squares, len(slots)), host: make([]float32, len(slots))}
	a.update = a.step
	params := make([]*models.Param, len(slots))
	for i, s := range slots {
		params[i] = s.Param
		for _, p := range []*models.Param{s.M, s.V} {
			if !slices.Equal(p.Shape, s.Param.Shape) {
				return nil, fmt.Errorf("torch: adam: parameter %q: moment of %v, want %v", s.Param.Name, p.Shape, s.Param.Shape)
			}
		}
		if n := s.Grad.Shape().Size(); n != len(s.Param.Data) {
			return nil, fmt.Errorf("torch: adam: parameter %q: gradient of %d values, want %d", s.Param.Name, n, len(s.Param.Data))
		}
	}
	if len(slots) == 0 {
		return a, nil
	}
	return a, d.call(func() {
		l := d.lib
		a.grads = d.newHome(params)
		owner := slots[0].Program.(*Program) // when that ends, the memory for its gradients does
		owner.updates = append(owner.updates, a)
		a.found = d.newRecorder(2)
		a.steps = l.Keep(l.Empty(libtorch.Float32, []int{len(slots)}, []int{1}))
		a.feed = d.newFeed(a.steps, []int{len(slots)}, []int{1})
		for i, s := range slots {
			for j, p := range []*models.Param{s.Param, s.M, s.V} {
				a.sides[j] = append(a.sides[j], d.meet(p))
			}
			a.count = append(a.count, l.Keep(l.View(a.steps, nil, nil, i)))
			a.to = append(a.to, inOrder(l, a.grads.parts[i], len(s.Param.Shape)))
			l.Keep(a.to[i])
		}
		for _, side := range a.sides {
			for i, p := range side {
				if !l.Contiguous(p.plain) || !l.Contiguous(a.grads.parts[i]) {
					panic("torch: adam: a parameter, its moments and its gradient must lie alike")
				}
			}
		}
	})
}

// Step cleans the gradients and updates every slot.
func (a *adam) Step(s device.AdamStep) error {
	if len(a.slots) == 0 {
		a.none++
		return nil
	}
	a.current = s
	a.nccl = nil
	if s.Sum != nil {
		var err error
		if a.nccl, err = a.dev.collective(s.Sum); err == nil && a.nccl == nil {
			err = a.across(s.Sum)
		}
		if err != nil {
			return err
		}
	}
	a.dev.do(a.update)
	return a.dev.taken()
}

// Records are what the steps since it was last asked found in the gradients.
func (a *adam) Records() []device.AdamRecord {
	a.records = a.records[:0]
	if len(a.slots) == 0 {
		a.records = append(a.records, make([]device.AdamRecord, a.none)...)
		a.none = 0
		return a.records
	}
	rows := a.found.take()
	for i := 0; i < len(rows); i += 2 {
		a.records = append(a.records, device.AdamRecord{NonFinite: a.grads.size - int(rows[i]), GradSquares: rows[i+1]})
	}
	return a.records
}

// step is Step on the device's thread.
func (a *adam) step() {
	l, s := a.dev.lib, &a.current
	switch {
	case s.Sum == nil:
		a.gather()
	case a.nccl == nil:
		l.Upload(a.grads.all, a.together, a.size, a.stride)
	default:
		a.gather()
		if err := a.nccl.sum(l, a.grads.all, a.grads.size); err != nil {
			a.dev.err = err
			a.dev.finish()
			return
		}
	}
	for i := range a.slots {
		a.host[i] = float32(s.Steps[i])
	}
	finite := l.Call(opSumAll).T(l.Call(opFinite).T(a.grads.all).One()).OptDType(libtorch.Float64).One()
	l.Call(opNanToNum).T(a.grads.all).OptFloat(0).OptFloat(maxGrad).OptFloat(-maxGrad).Do(1)
	a.found.add(finite, a.dev.squared(a.grads.all))
	a.feed.send(a.host)
	var before []tensor
	if a.measuring {
		for _, p := range a.sides[0] {
			before = append(before, l.Call(opClone).T(p.plain).None().One())
		}
	}
	a.inGroups(s.Rates)
	for k := range a.groups {
		g := &a.groups[k]
		for j, side := range a.sides { // which an average may have moved
			for i, slot := range g.slots {
				g.lists[j][i] = side[slot].plain
			}
		}
		l.Call(opFusedAdam).Ts(g.lists[0]...).Ts(g.grads...).Ts(g.lists[1]...).Ts(g.lists[2]...).Ts().Ts(g.count...).
			Float(s.LR * g.rate).Float(s.Beta1).Float(s.Beta2).Float(0).Float(s.Eps).Bool(false).Bool(false).None().None().Do(0)
	}
	for _, p := range a.sides[0] {
		p.changed()
	}
	if a.measuring {
		for i, p := range a.sides[0] {
			a.squares[i].Update, a.squares[i].Weight = a.dev.apart(p.plain, before[i])
		}
	}
	a.measuring, a.gradsOf = false, false
	a.dev.finish()
}

// rated are the slots that share a factor of the learning rate, which one call of
// PyTorch's fused Adam updates.
type rated struct {
	rate  float64
	slots []int
	lists [3][]tensor // parameters and moments, as the update takes them
	grads []tensor
	count []tensor
}

// inGroups sorts the slots into groups by their factors, nil for all 1. While the
// factors stay the same it makes nothing.
func (a *adam) inGroups(rates []float64) {
	same := len(a.groups) > 0
	for k := range a.groups {
		g := &a.groups[k]
		for _, slot := range g.slots {
			if same = same && (rates == nil && g.rate == 1 || rates != nil && rates[slot] == g.rate); !same {
				break
			}
		}
	}
	if same {
		return
	}
	a.groups = nil
	for i := range a.slots {
		rate := 1.0
		if rates != nil {
			rate = rates[i]
		}
		k := slices.IndexFunc(a.groups, func(g rated) bool { return g.rate == rate })
		if k < 0 {
			k, a.groups = len(a.groups), append(a.groups, rated{rate: rate})
		}
		g := &a.groups[k]
		g.slots, g.grads, g.count = append(g.slots, i), append(g.grads, a.grads.parts[i]), append(g.count, a.count[i])
		for j := range g.lists {
			g.lists[j] = append(g.lists[j], a.sides[j][i].plain)
		}
	}
}

// across replaces the gradients by their sums over all processes, in the host's memory.
// They lie in one piece, which is copied there as it is. Who waits for other processes does not keep
// the device's thread.
func (a *adam) across(s device.Sum) error {
	if a.together == nil {
		a.together = make([]float32, a.grads.size)
		a.size, a.stride = []int{a.grads.size}, []int{1}
		a.bring = func() {
			a.gather()
			a.dev.lib.Download(a.together, a.size, a.stride, a.grads.all)
			a.dev.finish()
		}
	}
	a.dev.do(a.bring)
	if err := a.dev.taken(); err != nil {
		return err
	}
	return s.Sum(a.together)
}

// maxGrad is what infinite gradients become.
const maxGrad = 1e5

// gather copies the gradients to where the update reads them, and leaves them
// there as the values of their programs: their own memory is given back.
func (a *adam) gather() {
	l := a.dev.lib
	a.from = a.from[:0]
	for _, s := range a.slots {
		v := s.Program.(*Program).values[s.Grad]
		a.from = append(a.from, v.result())
	}
	l.Call(opForeachCopy).Ts(a.to...).Ts(a.from...).Bool(false).Do(0)
	for i, s := range a.slots {
		v := s.Program.(*Program).values[s.Grad]
		v.current = false
		if v.by != nil && v.copied == 0 && !v.held {
			l.Free(v.now)
			v.now = l.Keep(l.Same(a.to[i]))
		}
	}
}

// release gives the memory for gradients back.
func (a *adam) release() {
	l := a.dev.lib
	l.Free(a.grads.all)
	a.feed.free()
	l.Free(a.steps)
	a.found.release()
	for i := range a.count {
		l.Free(a.count[i])
		l.Free(a.to[i])
		l.Free(a.grads.parts[i])
	}
}

// Measure makes the next Step fill all of Squares.
func (a *adam) Measure() { a.measuring = true }

// Squares are sums of squares over slot i in the last step.
func (a *adam) Squares(i int) device.Squares {
	if !a.gradsOf {
		a.dev.quiet(func() {
			for j, g := range a.grads.parts {
				a.squares[j].Grad = a.dev.squares(g)
			}
		})
		a.gradsOf = true
	}
	return a.squares[i]
}

// squares is Σt², in float64.
func (d *Device) squares(t tensor) float64 { return d.lib.Double(d.squared(t)) }

// squared is squares that leaves the sum on the device.
func (d *Device) squared(t tensor) tensor {
	l := d.lib
	return l.Call(opSumAll).T(l.Call(opMul).T(t).T(t).One()).OptDType(libtorch.Float64).One()
}

// apart returns Σ(p-q)² and Σq².
func (d *Device) apart(p, q tensor) (difference, reference float64) {
	return d.squares(d.lib.AddScaled(p, q, -1)), d.squares(q)
}

// average is a moving average of parameters that lie in one piece of memory.
type average struct {
	dev    *Device
	avg, x *home
	weight tensor
	beta   float64
	update func()
}

// PlanAverage prepares moving averages.
func (d *Device) PlanAverage(avg, x []*models.Param) (device.Average, error) {
	if err := device.CheckPairs("torch: average", avg, x); err != nil || len(avg) == 0 {
		return &average{dev: d}, err
	}
	a := &average{dev: d}
	sides := make([]*param, len(avg))
	a.update = func() {
		l := d.lib
		for _, p := range sides {
			p.changed()
		}
		if a.beta == 0 { // exactly, which the rounding of lerp would not be
			l.Copy(a.avg.all, a.x.all)
		} else {
			l.Fill(a.weight, 1-a.beta)
			l.Call(opLerp).T(a.avg.all).T(a.x.all).T(a.weight).Do(1)
		}
		d.finish()
	}
	return a, d.call(func() {
		a.avg, a.x = d.together(avg), d.together(x)
		for i, p := range avg {
			sides[i] = d.meet(p)
		}
		a.weight = d.lib.Keep(d.lib.Empty(libtorch.Float32, nil, nil))
		d.plans = append(d.plans, a.weight)
	})
}

func (a *average) Update(beta float64) error {
	if a.avg == nil {
		return nil
	}
	a.beta = beta
	a.dev.do(a.update)
	return a.dev.taken()
}

// distance compares parameters pair by pair.
type distance struct {
	dev  *Device
	p, q []*param
	sums []device.Squares
}

// PlanDistance prepares a comparison.
func (d *Device) PlanDistance(p, q []*models.Param) (device.Distance, error) {
	c := &distance{dev: d, sums: make([]device.Squares, len(p))}
	if err := device.CheckPairs("torch: distance", p, q); err != nil {
		return nil, err
	}
	return c, d.call(func() {
		for i := range p {
			c.p, c.q = append(c.p, d.meet(p[i])), append(c.q, d.meet(q[i]))
		}
	})
}

func (c *distance) Measure() ([]device.Squares, error) {
	err := c.dev.call(func() {
		for i := range c.p {
			c.sums[i].Update, c.sums[i].Weight = c.dev.apart(c.p[i].plain, c.q[i].plain)
			c.sums[i].Value = c.dev.squares(c.p[i].plain)
			c.dev.lib.FreeTemps()
		}
	})
	return c.sums, err
}
