package checkpoint

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Difference is how a tensor of one file differs from that of its name in another.
type Difference struct {
	Name string `json:"name"`
	What string `json:"what"` // in words

	Values  int     `json:"values,omitempty"`  // that differ
	Largest float64 `json:"largest,omitempty"` // difference among them; NaN and infinities count as 0
}

// wrapper is what PyTorch's names of a network within a wrapper begin with.
const wrapper = "model."

// Compare lists the tensors of a and b that are not the same, those of a first, in
// its order, then what only b has. Types may differ where values do not: retyped
// tensors are counted. If the names of one file alone have "model." before them, that
// is no difference.
func Compare(a, b *File) (differences []Difference, retyped int, err error) {
	nameA, nameB := "", ""
	if inA, inB := a.Has(wrapper), b.Has(wrapper); inA && !inB {
		nameA = wrapper
	} else if inB && !inA {
		nameB = wrapper
	}
	var out []Difference
	for _, t := range a.tensors {
		i, ok := b.index[nameB+strings.TrimPrefix(t.Name, nameA)]
		if !ok {
			out = append(out, Difference{Name: t.Name, What: "only in the first"})
			continue
		}
		d, err := compare(t, b.tensors[i])
		if err != nil {
			return nil, 0, err
		}
		switch {
		case d.What != "":
			out = append(out, d)
		case t.DType != b.tensors[i].DType:
			retyped++
		}
	}
	for _, t := range b.tensors {
		if _, ok := a.index[nameA+strings.TrimPrefix(t.Name, nameB)]; !ok {
			out = append(out, Difference{Name: t.Name, What: "only in the second"})
		}
	}
	return out, retyped, nil
}

// compare returns a difference without words for two tensors that are the same.
func compare(a, b Tensor) (Difference, error) {
	d := Difference{Name: a.Name}
	if !slices.Equal(a.Shape, b.Shape) {
		d.What = fmt.Sprintf("shape %v, then %v", a.Shape, b.Shape)
		return d, nil
	}
	rawA, err := a.Raw()
	if err != nil {
		return d, err
	}
	rawB, err := b.Raw()
	if err != nil {
		return d, err
	}
	if a.DType == b.DType && bytes.Equal(rawA, rawB) {
		return d, nil
	}
	x, errA := a.Float64s()
	y, errB := b.Float64s()
	if errA != nil || errB != nil {
		d.What = fmt.Sprintf("%s, then %s", a.DType, b.DType)
		if a.DType == b.DType {
			d.What = "other values of " + string(a.DType)
		}
		return d, nil
	}
	for i, v := range x {
		if v == y[i] || v != v && y[i] != y[i] {
			continue
		}
		d.Values++
		if gap := math.Abs(v - y[i]); !math.IsNaN(gap) && !math.IsInf(gap, 0) {
			d.Largest = max(d.Largest, gap)
		}
	}
	if d.Values > 0 {
		d.What = fmt.Sprintf("%d of %d values, by at most %.3g", d.Values, len(x), d.Largest)
	}
	return d, nil
}
