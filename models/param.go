package models

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unsafe"
)

// Param is one named tensor: row-major float32 values in checkpoint layout.
// The holder of a Param may read Data between steps; only the training
// goroutine writes it.
type Param struct {
	Name  string
	Shape []int
	Data  []float32
}

// NewParam allocates a zero parameter.
func NewParam(name string, shape ...int) *Param {
	n := 1
	for _, d := range shape {
		if d <= 0 {
			panic(fmt.Sprintf("parameter %q: shape %v, want positive sizes", name, shape))
		}
		n *= d
	}
	return &Param{Name: name, Shape: slices.Clone(shape), Data: make([]float32, n)}
}

// Clone copies the parameter and its values.
func (p *Param) Clone() *Param {
	return &Param{Name: p.Name, Shape: slices.Clone(p.Shape), Data: slices.Clone(p.Data)}
}

// ParamSet is an ordered collection of parameters with unique names. Its order
// is the order of a checkpoint's state dict.
type ParamSet struct {
	list   []*Param
	byName map[string]*Param
}

// NewParamSet returns an empty set.
func NewParamSet() *ParamSet {
	return &ParamSet{byName: map[string]*Param{}}
}

// Add appends p; a name used twice is a programming error and panics.
func (s *ParamSet) Add(p *Param) *Param {
	if s.byName[p.Name] != nil {
		panic(fmt.Sprintf("parameter %q added twice", p.Name))
	}
	s.list = append(s.list, p)
	s.byName[p.Name] = p
	return p
}

// Get returns the parameter of that name, or nil.
func (s *ParamSet) Get(name string) *Param { return s.byName[name] }

// All returns the parameters in order; the caller must not change the slice.
func (s *ParamSet) All() []*Param { return s.list }

// Names returns the names in order.
func (s *ParamSet) Names() []string {
	names := make([]string, len(s.list))
	for i, p := range s.list {
		names[i] = p.Name
	}
	return names
}

// Count is the number of values in all parameters.
func (s *ParamSet) Count() int {
	n := 0
	for _, p := range s.list {
		n += len(p.Data)
	}
	return n
}

// Clone copies the set and all values.
func (s *ParamSet) Clone() *ParamSet {
	c := NewParamSet()
	for _, p := range s.list {
		c.Add(p.Clone())
	}
	return c
}

// CopyFrom copies the values of src, which must hold every name of s in the
// same shape; names that only src has are ignored.
func (s *ParamSet) CopyFrom(src *ParamSet) error {
	for _, p := range s.list {
		q := src.Get(p.Name)
		if q == nil {
			return fmt.Errorf("tensor %q: missing", p.Name)
		}
		if !slices.Equal(q.Shape, p.Shape) {
			return fmt.Errorf("tensor %q: shape %v, want %v", p.Name, q.Shape, p.Shape)
		}
	}
	for _, p := range s.list {
		copy(p.Data, src.Get(p.Name).Data)
	}
	return nil
}

// Match returns the names that a glob selects, in order. The pattern is that of
// path.Match over the whole name, so "*" also crosses dots. A pattern that
// selects nothing is an error.
func Match(names []string, pattern string) ([]string, error) {
	plain := !strings.ContainsAny(pattern, `*?[\`) // toggles leave hundreds of plain names
	var hits []string
	for _, name := range names {
		ok, err := name == pattern, error(nil)
		if !plain {
			ok, err = path.Match(pattern, name)
		}
		if err != nil {
			return nil, fmt.Errorf("freeze: pattern %q: %w", pattern, err)
		}
		if ok {
			hits = append(hits, name)
		}
	}
	if len(hits) == 0 {
		return nil, fmt.Errorf("freeze: pattern %q matches no parameter", pattern)
	}
	return hits, nil
}

// AlignedFloats allocates n zeros that start on a cache line of 64 bytes.
func AlignedFloats(n int) []float32 {
	const line = 16 // values
	buf := make([]float32, n+line-1)
	skip := 0
	if n > 0 {
		past := int(uintptr(unsafe.Pointer(&buf[0])) / 4 % line)
		skip = (line - past) % line
	}
	return buf[skip : skip+n : skip+n]
}
