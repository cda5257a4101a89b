package graph

import (
	"fmt"
	"slices"
)

// Shape is the size of every axis, outermost first; the empty shape is a scalar.
type Shape []int

// Size is the number of values.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Last is the size of the innermost axis, 1 for a scalar.
func (s Shape) Last() int {
	if len(s) == 0 {
		return 1
	}
	return s[len(s)-1]
}

// Equal reports whether both shapes have the same axes.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// withLast is a copy of s, whose innermost axis becomes n long.
func (s Shape) withLast(n int) Shape {
	t := slices.Clone(s)
	t[len(t)-1] = n
	return t
}

// maxRank is the most axes a node may have.
const maxRank = 6

// ShapeKey is a Shape that can be compared, for use in attributes.
type ShapeKey struct {
	rank int
	dims [maxRank]int
}

func keyOf(s Shape) ShapeKey {
	k := ShapeKey{rank: len(s)}
	copy(k.dims[:], s)
	return k
}

func (k ShapeKey) Shape() Shape { return slices.Clone(Shape(k.dims[:k.rank])) }

// String prints the shape as [N H W C].
func (k ShapeKey) String() string { return fmt.Sprint([]int(k.dims[:k.rank])) }

// sameShape is the Shape function of elementwise operations.
func sameShape(_ any, in []Shape) (Shape, error) {
	for _, s := range in[1:] {
		if !s.Equal(in[0]) {
			return nil, fmt.Errorf("want equal shapes")
		}
	}
	return in[0], nil
}

// wantAxes reports a shape of fewer than n axes.
func wantAxes(s Shape, n int) error {
	switch {
	case len(s) >= n:
		return nil
	case n == 1:
		return fmt.Errorf("want at least 1 axis")
	}
	return fmt.Errorf("want at least %d axes", n)
}
