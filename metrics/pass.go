package metrics

import (
	"errors"
	"fmt"
	"io"
	"slices"
)

// Number is what a statistic makes of the images.
type Number struct {
	Value float64

	// SD is the standard deviation that belongs to the value, in its unit; Note says
	// of what. 0 where the statistic has none.
	SD float64

	// Note is what has to be said beside the value, such as how often something was
	// drawn, or that there are too few images; "" for nothing.
	Note string
}

// Result makes a number once all images were seen.
type Result func() (Number, error)

// Ref is what images are compared with: an open file, see ReadSet, or a set at hand.
type Ref struct {
	Path string // or builtin:NAME, for errors
	io.ReaderAt
	Size int64
	Set  *Set // instead of a file; nil for one
}

// Pass is one pass over the images, in which all statistics share what they add up
// and what they know of the reference: whatever the first asks for is collected, or
// read, once.
type Pass struct {
	Config CollectorConfig
	Ref    Ref

	sums       []Sums
	images     bool // a statistic looks at pixels, too
	moments    *Accumulator
	vectors    *Rows
	logits     *Rows
	set        *Set
	reference  *Reference
	neighbours *neighbourhoods
	refRadii   [][]float64 // see refRadii
}

// Collect adds s to what sees every batch.
func (p *Pass) Collect(s Sums) { p.sums = append(p.sums, s) }

// CollectImages is Collect for what reads the pixels, too.
func (p *Pass) CollectImages(s Sums) {
	p.images = true
	p.Collect(s)
}

// Moments are the first two moments of the features.
func (p *Pass) Moments() *Accumulator {
	if p.moments == nil {
		p.moments = NewAccumulator(p.Config.Features.Dim())
		p.Collect(moments{p.moments})
	}
	return p.moments
}

// Vectors are the features of all images.
func (p *Pass) Vectors() *Rows {
	if p.vectors == nil {
		p.vectors = NewRows(p.Config.Nimg, p.Config.Features.Dim())
		p.Collect(keptRows{"vectors", p.vectors, func(b Batch) []float32 { return b.Features }})
	}
	return p.vectors
}

// Logits are the class logits of all images.
func (p *Pass) Logits() (*Rows, error) {
	classes := classesOf(p.Config.Features)
	if classes == 0 {
		return nil, fmt.Errorf("metrics: features of %q: got no class logits, want a network that classifies", p.Config.name())
	}
	if p.logits == nil {
		p.logits = NewRows(p.Config.Nimg, classes)
		p.Collect(keptRows{"logits", p.logits, func(b Batch) []float32 { return b.Logits }})
	}
	return p.logits, nil
}

// RefSet is the file of the reference, checked to be of the same features.
func (p *Pass) RefSet() (*Set, error) {
	if p.set != nil {
		return p.set, nil
	}
	s, err := p.Ref.read()
	if err != nil {
		return nil, err
	}
	if d := p.Config.Features.Dim(); d != s.Dim() {
		return nil, fmt.Errorf("metrics: features of dimension %d, but the reference has %d", d, s.Dim())
	}
	if s.Features != "" && !slices.Contains(p.Config.Names, s.Features) {
		return nil, fmt.Errorf("metrics: features of %q, but the reference was made with %q", p.Config.name(), s.Features)
	}
	p.set = s
	return p.set, nil
}

func (r Ref) read() (*Set, error) {
	switch {
	case r.Set != nil:
		return r.Set, nil
	case r.ReaderAt == nil:
		return nil, errors.New("metrics: no reference to compare with")
	}
	s, err := ReadSet(r, r.Size)
	return &s, err
}

// Reference is the moments of the reference, prepared for distances.
func (p *Pass) Reference() (*Reference, error) {
	if p.reference != nil {
		return p.reference, nil
	}
	s, err := p.RefSet()
	if err != nil {
		return nil, err
	}
	p.reference, err = p.Config.Cache.Reference(s.Stats)
	return p.reference, err
}

// RefVectors are the features of the reference's images.
func (p *Pass) RefVectors() (*Rows, error) {
	s, err := p.RefSet()
	if err != nil {
		return nil, err
	}
	if s.Vectors == nil {
		return nil, fmt.Errorf("metrics: reference: got mean and covariance alone, want the feature vectors of its images, too")
	}
	return s.Vectors, nil
}

// reset forgets what was made of the images.
func (p *Pass) reset() {
	p.neighbours = nil
	for _, s := range p.sums {
		s.Reset()
	}
}
