package cpu

import (
	"cmp"
	"slices"

	"innate/models"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/kernels"
)

// packedWeights are the weights of convolutions that stay the same from run to run,
// in the form that kernels read: what is frozen, and feature networks. All programs
// of a device share them. Every change of a parameter goes through the device: what a
// plan or a program of it changes is not kept, and Upload makes the rest be packed
// again.
type packedWeights struct {
	kept    []packedWeight
	of      map[packedWeight]*kernels.Packed
	pages   *pages
	adams   []*adam
	average map[*models.Param]bool // moving averages
	replan  bool                   // programs or plans have changed since kept was made
}

// packedWeight is a parameter and one of the forms in which it is read.
type packedWeight struct {
	param   *models.Param
	packing kernels.Packing
}

// packedUse is a convolution of a program that would read it.
type packedUse struct {
	packedWeight
	share float64 // of the convolution's time that packing takes
}

const (
	// leastShare is from which share on a weight is worth keeping.
	leastShare = 0.01

	// packedLimit is the most that packed weights take, as a part of the workspace:
	// Winograd's form of a weight is four times as large as the weight.
	packedLimit = 0.25
)

// packedUseOf is how n reads a parameter as the weight of a convolution, if it does.
func (m *Program) packedUseOf(n graph.Node) (use packedUse, ok bool) {
	op, in := n.Def(), m.plan.In(n)
	if op != graph.OpConv && op != graph.OpConvGradInput {
		return use, false
	}
	leaf := m.g.Leaf(m.plan.Root(in[1]))
	if leaf == nil || leaf.Param == nil {
		return use, false
	}
	var s kernels.ConvShape
	if op == graph.OpConv {
		s = convShape(n.Attr().(graph.ConvOpts), in[0].Shape(), in[1].Shape())
	} else {
		s = convShape(n.Attr().(graph.ConvInputAttr).ConvOpts, n.Shape(), in[1].Shape())
	}
	p := kernels.PackingOf(s, op == graph.OpConvGradInput)
	return packedUse{packedWeight{leaf.Param, p}, p.Share(s.N)}, true
}

// keptWeights lists what is worth keeping and finds room: first what takes most of a
// convolution's time.
func (d *Device) keptWeights() []packedWeight {
	changing := map[*models.Param]bool{}
	d.packed.adams = slices.DeleteFunc(d.packed.adams, func(a *adam) bool {
		return !slices.ContainsFunc(a.programs, func(p device.Program) bool { own, ok := p.(*Program); return !ok || own.dev != nil })
	})
	for _, a := range d.packed.adams {
		for _, p := range a.params {
			changing[p] = true
		}
	}
	var uses []packedUse
	for _, p := range d.work.programs {
		for _, a := range p.plan.Assigns {
			changing[a.Dst] = true
		}
		uses = append(uses, p.packed...)
	}
	slices.SortStableFunc(uses, func(a, b packedUse) int { return cmp.Compare(b.share, a.share) })
	var kept []packedWeight
	seen, room := map[packedWeight]bool{}, int(packedLimit*float64(d.work.need))
	for _, u := range uses {
		w := u.packedWeight
		size := w.packing.Size()
		if seen[w] || u.share < leastShare || size > room || changing[w.param] || d.packed.average[w.param] {
			continue
		}
		seen[w], room, kept = true, room-size, append(kept, w)
	}
	return kept
}

// sizeOf is how many values packed weights take.
func sizeOf(kept []packedWeight) int {
	var count kernels.Region
	for _, w := range kept {
		w.packing.Keep(&count)
	}
	return count.Size()
}

// Packed is how many bytes the weights take that the device keeps packed.
func (d *Device) Packed() int { return 4 * sizeOf(d.keptWeights()) }

// keepPacked makes room for what is worth keeping, if that has changed; programs are
// bound to it anew then.
func (d *Device) keepPacked() error {
	if !d.packed.replan {
		return nil
	}
	kept := d.keptWeights()
	if slices.Equal(kept, d.packed.kept) {
		d.packed.replan = false
		return nil
	}
	d.packed.pages.give()
	d.packed.kept, d.packed.of = nil, map[packedWeight]*kernels.Packed{}
	d.work.moved++
	if size := sizeOf(kept); size > 0 {
		values, err := d.packed.pages.take(size)
		if err != nil {
			return err
		}
		r := kernels.NewRegion(values)
		for _, w := range kept {
			d.packed.of[w] = w.packing.Keep(r)
		}
	}
	d.packed.kept, d.packed.replan = kept, false
	return nil
}

// changed makes what is kept of parameters be packed again.
func (d *Device) changed(params []*models.Param) {
	for w, p := range d.packed.of {
		if slices.Contains(params, w.param) {
			p.Changed()
		}
	}
}
