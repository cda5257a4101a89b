package metrics

import (
	"fmt"
	"slices"
)

// moments are the sums that mean and covariance are made of.
type moments struct{ acc *Accumulator }

func (m moments) Add(b Batch) { m.acc.Add(b.Features, b.N) }
func (m moments) Reset()      { m.acc.Reset() }

func (m moments) State() []Sum {
	a := m.acc
	return []Sum{
		{"sum", []int{a.dim}, slices.Clone(a.sum)},
		{"outer", []int{a.dim, a.dim}, slices.Clone(a.outer)}, // upper triangle only
	}
}

func (m moments) Restore(n int, state []Sum) error {
	d := m.acc.dim
	if len(state) != 2 || len(state[0].Data) != d || len(state[1].Data) != d*d {
		sizes := make([]int, len(state))
		for i, s := range state {
			sizes[i] = len(s.Data)
		}
		return fmt.Errorf("metrics: state with sums of %d values, want %d", sizes, []int{d, d * d})
	}
	m.acc.n = int64(n)
	copy(m.acc.sum, state[0].Data)
	copy(m.acc.outer, state[1].Data)
	return nil
}

// Measure is the statistics of all images that cfg names, in one go.
func Measure(cfg CollectorConfig) (Stats, error) {
	if err := cfg.validate(); err != nil {
		return Stats{}, err
	}
	sums := moments{NewAccumulator(cfg.Features.Dim())}
	c, err := NewCollector(cfg, sums)
	for done := false; !done && err == nil; {
		done, err = c.Step()
	}
	if err != nil {
		return Stats{}, err
	}
	s, err := sums.acc.Stats()
	s.Features = cfg.name()
	return s, err
}

// fid measures the Fréchet distance of images from a reference.
type fid struct {
	moments
	ref *Reference
}

// newFID reads a reference and checks that features fit it.
func newFID(cfg CollectorConfig, file Ref) (Measurement, error) {
	s, err := ReadStats(file, file.Size)
	if err != nil {
		return nil, err
	}
	if d := cfg.Features.Dim(); d != s.Dim() {
		return nil, fmt.Errorf("metrics: features of dimension %d, but the reference has %d", d, s.Dim())
	}
	if s.Features != "" && !slices.Contains(cfg.Names, s.Features) {
		return nil, fmt.Errorf("metrics: features of %q, but the reference was made with %q", cfg.name(), s.Features)
	}
	ref, err := NewReference(s)
	if err != nil {
		return nil, err
	}
	return fid{moments{NewAccumulator(s.Dim())}, ref}, nil
}

// Result is the distance.
func (f fid) Result() (float64, error) {
	s, err := f.acc.Stats()
	if err != nil {
		return 0, err
	}
	return f.ref.Distance(s)
}
