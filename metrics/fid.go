package metrics

import (
	"fmt"
	"slices"
)

func init() { Statistics.Add("fid", Statistic{Title: "FID", New: newFID}) }

// newFID measures the Fréchet distance of images from a reference.
func newFID(p *Pass) (Result, error) {
	ref, err := p.Reference()
	if err != nil {
		return nil, err
	}
	acc := p.Moments()
	return func() (Number, error) {
		s, err := acc.Stats()
		if err != nil {
			return Number{}, err
		}
		d, err := ref.Distance(s)
		return Number{Value: d, Note: rankNote(s, ref.Stats())}, err
	}, nil
}

// rankNote says where a covariance has less than full rank.
func rankNote(images, ref Stats) string {
	for _, s := range []struct {
		Stats
		of string
	}{{images, "images"}, {ref, "images of the reference"}} {
		if s.RankDeficient() {
			return fmt.Sprintf("biased: %d %s for %d dimensions", s.N, s.of, s.Dim())
		}
	}
	return ""
}

// moments are the sums that mean and covariance are made of.
type moments struct{ acc *Accumulator }

func (m moments) Add(b Batch) { m.acc.Add(b.Features, b.N) }
func (m moments) Reset()      { m.acc.Reset() }

func (m moments) State() []Sum {
	a := m.acc
	a.flush()
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
	m.acc.Reset()
	m.acc.n = int64(n)
	copy(m.acc.sum, state[0].Data)
	copy(m.acc.outer, state[1].Data)
	return nil
}

// Measure is what a reference keeps of all images that cfg names, in one go: their
// moments, and their vectors if it is to have them.
func Measure(cfg CollectorConfig, vectors bool) (Set, error) {
	if err := cfg.validate(); err != nil {
		return Set{}, err
	}
	p := &Pass{Config: cfg}
	acc := p.Moments()
	var s Set
	if vectors {
		s.Vectors = p.Vectors()
	}
	c, err := NewCollector(p)
	for done := false; !done && err == nil; {
		done, err = c.Step()
	}
	if err != nil {
		return Set{}, err
	}
	s.Stats, err = acc.Stats()
	s.Features = cfg.name()
	return s, err
}
