package session

import (
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// Layers are those of the trained network: what they are, what was measured of
// them, and what the user is about to do with them.
type Layers struct {
	Net     *Network
	Stats   Statistics
	Marked  TensorSet // by the user, to be frozen or trained together
	Pending TensorSet // there is an order under way for them
	History FreezeHistory
	Speed   SpeedModel
	Probe   *Probe // the newest; nil: none

	waiting []runlog.LayerStats // measurements that are not in Stats yet
	version int                 // counts changes of anything that rows may depend on
}

// NewLayers returns what is known before any layer is.
func NewLayers() *Layers { return &Layers{Net: newNetwork(nil)} }

// Known reports whether any layer is known.
func (l *Layers) Known() bool { return len(l.Net.Tensors) > 0 }

// Set brings the network as it is now. If another one was known before, nothing of
// that stays, and what was measured must be fed again from the beginning: which of
// it is about the new network shows only then.
func (l *Layers) Set(layers []run.Layer) (another bool) {
	l.version++
	l.History.See(layers)
	if l.Net.same(layers) {
		l.Net.update(layers)
		return false
	}
	if another = l.Known(); another {
		l.waiting = nil
	}
	l.Net = newNetwork(layers)
	l.Stats, l.Speed = Statistics{}, SpeedModel{}
	l.Marked, l.Pending = newTensorSet(len(layers)), newTensorSet(len(layers))
	return another
}

// feedEach bounds the measurements that one call of Feed takes in, so that a
// long history does not hold up the screen.
const feedEach = 64

// Feed takes in what was added to the run's measurements, with empty stats what
// is left of earlier ones, and reports whether there is more. Before the layers
// are known measurements wait; once taken in, they are not kept.
func (l *Layers) Feed(s LayerStats) (more bool) {
	if s.Reset {
		l.waiting, l.Stats = nil, Statistics{}
		l.version++
	}
	l.waiting = append(l.waiting, s.Stats...)
	if !l.Known() {
		return false
	}
	now := l.waiting[:min(feedEach, len(l.waiting))]
	for _, s := range now {
		l.measure(s.Nimg, [recorded][]float64{s.Grad, s.Update, s.Distance, s.Direction, s.Norm})
	}
	clear(now)
	if l.waiting = l.waiting[len(now):]; len(l.waiting) == 0 {
		l.waiting = nil
	}
	return len(l.waiting) > 0
}

// Measure appends a measurement at nimg images: a value for each layer, in the
// order given to Set, which comes first; NaN where there is none, nil for a whole
// measurement that is not taken. Slices of another length belong to another
// network and are ignored.
func (l *Layers) Measure(nimg int64, grad, update, distance []float64) {
	l.measure(nimg, [recorded][]float64{grad, update, distance})
}

func (l *Layers) measure(nimg int64, given [recorded][]float64) {
	l.Stats.add(l.Net, nimg, given)
	l.version++
}

// ClearMarks takes all marks off.
func (l *Layers) ClearMarks() {
	l.Marked.clear()
	l.version++
}

// MarkedNames returns the names of the marked tensors in order of the tree.
func (l *Layers) MarkedNames() []string {
	var names []string
	for i := range l.Net.Tensors {
		if l.Marked.Has(i) {
			names = append(names, l.Net.Tensors[i].Name)
		}
	}
	return names
}

// Pend notes that an order is under way for tensors. What they are stays as it is
// until Set says otherwise, so a refusal needs nothing but Answered.
func (l *Layers) Pend(names []string) {
	set := setOf(names)
	for i := range l.Net.Tensors {
		if set[l.Net.Tensors[i].Name] {
			l.Pending.set(i, true)
		}
	}
	l.version++
}

// Answered ends the pending state of tensors, without names of all: the answer
// came, be it a refusal.
func (l *Layers) Answered(names ...string) {
	set := setOf(names)
	for i := range l.Net.Tensors {
		if len(names) == 0 || set[l.Net.Tensors[i].Name] {
			l.Pending.set(i, false)
		}
	}
	l.version++
}

// TensorSet is some of a network's tensors, by their places in it.
type TensorSet struct {
	in []bool
	n  int
}

func newTensorSet(size int) TensorSet { return TensorSet{in: make([]bool, size)} }

// Len is the number of tensors in the set.
func (s *TensorSet) Len() int { return s.n }

// Has tells whether tensor i is in the set.
func (s *TensorSet) Has(i int) bool { return s.n > 0 && s.in[i] }

// In counts those of tensors[lo:hi].
func (s *TensorSet) In(lo, hi int) (n int) {
	if s.n == 0 {
		return 0 // as nearly always
	}
	for _, in := range s.in[lo:hi] {
		n += b2i(in)
	}
	return n
}

func (s *TensorSet) set(i int, on bool) {
	s.n += b2i(on) - b2i(s.in[i])
	s.in[i] = on
}

func (s *TensorSet) clear() {
	clear(s.in)
	s.n = 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
