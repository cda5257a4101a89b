package metrics

import "fmt"

// State is a measurement half done: how far it has come, and its sums. A
// collector of the same images and features that is given it goes on exactly as
// the first one would have.
type State struct {
	Nimg  int       // images measured
	Sum   []float64 // [D]
	Outer []float64 // [D D], upper triangle only
}

// State returns how far the measurement has come, in copies.
func (c *Collector) State() State {
	return State{
		Nimg:  c.done,
		Sum:   append([]float64(nil), c.acc.sum...),
		Outer: append([]float64(nil), c.acc.outer...),
	}
}

// Restore goes on from a state. On an error nothing changes.
func (c *Collector) Restore(s State) error {
	d := c.acc.dim
	if len(s.Sum) != d || len(s.Outer) != d*d {
		return fmt.Errorf("metrics: state with sums of %d and %d values, want %d and %d", len(s.Sum), len(s.Outer), d, d*d)
	}
	if s.Nimg < 0 || s.Nimg > c.cfg.Nimg {
		return fmt.Errorf("metrics: state of %d images, want 0 to %d", s.Nimg, c.cfg.Nimg)
	}
	c.done, c.acc.n = s.Nimg, int64(s.Nimg)
	copy(c.acc.sum, s.Sum)
	copy(c.acc.outer, s.Outer)
	return nil
}
