package series

import "math"

// average is the exponential moving average of a column. What is kept is its
// state before every block, from which any value follows in at most a block's
// steps.
type average struct {
	weight float64 // of the past
	states []state // before each full block
	now    state   // after the last full block
	pyramid
}

// state is running Σ (1-w) wⁿ y and Σ (1-w) wⁿ, which corrects the start.
type state struct{ acc, mass float64 }

// step takes the next value and returns the average, NaN at a gap.
func (s *state) step(weight, y float64) float64 {
	if !finite(y) {
		return math.NaN()
	}
	s.acc = weight*s.acc + (1-weight)*y
	s.mass = weight*s.mass + (1 - weight)
	return s.acc / s.mass
}

// sync takes in the full blocks that are new.
func (a *average) sync(y *values) {
	var out [Block]float64
	for i := len(a.states) * Block; i+Block <= y.n; i += Block {
		a.states = append(a.states, a.now)
		for j := range out {
			out[j] = a.now.step(a.weight, y.at(i+j))
		}
		a.push(blockOf(out[:]))
	}
}

// before is the state at the beginning of the block of value i.
func (a *average) before(i int) state {
	if b := i / Block; b < len(a.states) {
		return a.states[b]
	}
	return a.now
}

// at returns the average at value i.
func (a *average) at(y *values, i int) (v float64) {
	s := a.before(i)
	for j := i - i%Block; j <= i; j++ {
		v = s.step(a.weight, y.at(j))
	}
	return v
}

// addTo appends the averages from i up to j, all of one block, to a span.
func (a *average) addTo(span *Span, y *values, i, j int, positive bool) {
	s := a.before(i)
	for k := i - i%Block; k < j; k++ {
		if v := s.step(a.weight, y.at(k)); k >= i {
			span.add(v, positive)
		}
	}
}
