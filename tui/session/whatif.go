package session

// WhatIf is what changing sides of some tensors would do.
type WhatIf struct {
	Tensors         int
	Params          int64
	Freezes, Trains int // tensors that would be frozen, and that would train

	FrozenBefore, FrozenAfter float64 // shares of all parameters

	SpeedNow, SpeedExpected float64 // images/s; 0 before any was measured
	SpeedRatio              float64 // expected over now
	Measured                bool    // the ratio comes from speeds of this run
}

// WhatIf tells what would come of it if the named tensors changed sides: those
// that are frozen trained, and the others were frozen.
func (l *Layers) WhatIf(names []string) WhatIf {
	flip := setOf(names)
	var w WhatIf
	after := Counts{Params: l.Net.Total.Params}
	for i := range l.Net.Tensors {
		t := &l.Net.Tensors[i]
		n := int64(t.Count)
		if t.Frozen != flip[t.Name] {
			after.Frozen += n
		}
		if !flip[t.Name] {
			continue
		}
		w.Tensors++
		w.Params += n
		if t.Frozen {
			w.Trains++
		} else {
			w.Freezes++
		}
	}
	w.FrozenBefore, w.FrozenAfter = l.Net.Total.FrozenShare(), after.FrozenShare()
	now, next := l.Net.trainedWork(nil), l.Net.trainedWork(flip)
	var seconds func(work float64) float64
	seconds, w.Measured = l.Speed.seconds()
	w.SpeedRatio = seconds(now) / seconds(next)
	if p := l.Speed.last; p.sec > 0 {
		w.SpeedNow = seconds(p.x) / (p.sec * seconds(now))
		w.SpeedExpected = w.SpeedNow * w.SpeedRatio
	}
	return w
}

// trainedWork is the share of the network's arithmetic that belongs to tensors
// that train, after flipping some: a convolution uses each of its parameters at
// every pixel, a linear layer once an image.
func (n *Network) trainedWork(flip map[string]bool) float64 {
	var all, trained float64
	for i := range n.Tensors {
		t := &n.Tensors[i]
		w := float64(t.Count)
		if side := float64(t.Resolution); side > 0 && t.Kind != "linear" {
			w *= side * side
		}
		all += w
		if t.Frozen == flip[t.Name] {
			trained += w
		}
	}
	if all == 0 {
		return 0
	}
	return trained / all
}
