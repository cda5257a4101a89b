// Package graphtest checks operations of package graph on the device of package
// devicetest: their values and gradients against the reference device, which
// computes in float64, their gradients of first and second order against central
// differences; and on the cpu device every implementation of the kernels, and that
// results do not depend on the number of threads.
package graphtest

import (
	"fmt"
	"math"
	"os"
	"testing"

	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/kernels"
)

// Func builds the expression under test from its inputs.
type Func func(g *graph.Builder, in ...graph.Node) graph.Node

// Case is a check with non-default settings; Check and CheckFirst use the
// defaults.
type Case struct {
	F  Func
	In []Input

	Order int     // highest derivative that is checked: 0, 1 or 2
	Step  float64 // of the central differences; 0 means 0.02
	Tol   float64 // of a derivative, relative to the largest of its input; 0 means 0.002
}

// Check verifies f up to its second derivative. The first is checked in a plain
// graph and in one built with graph.TwiceDifferentiable, the second in the
// latter.
func Check(t *testing.T, f Func, in ...Input) {
	t.Helper()
	Case{F: f, In: in, Order: 2}.Run(t)
}

// CheckFirst verifies f and its first derivative.
func CheckFirst(t *testing.T, f Func, in ...Input) {
	t.Helper()
	Case{F: f, In: in, Order: 1}.Run(t)
}

// CheckThreads verifies only that value and gradient are the same, bit for bit,
// with one, two and three threads. It is for shapes large enough to be split.
func CheckThreads(t *testing.T, f Func, in ...Input) {
	t.Helper()
	Case{F: f, In: in}.Run(t)
}

// withDefaults fills in the settings that are zero.
func (c Case) withDefaults() Case {
	if c.Step == 0 {
		c.Step = 0.02
	}
	if c.Tol == 0 {
		c.Tol = 0.002
	}
	return c
}

// Run checks the case on every implementation of the kernels that this CPU has.
func (c Case) Run(t *testing.T) {
	t.Helper()
	c = c.withDefaults()
	EachImpl(t, func(t *testing.T) {
		t.Helper()
		plain, err := c.verify(min(c.Order, 1))
		if err != nil {
			t.Fatal(err)
		}
		if c.Order < 2 {
			return
		}
		twice, err := c.verify(2, graph.TwiceDifferentiable())
		if err != nil {
			t.Fatalf("expanded to primitives: %v", err)
		}
		for i, v := range plain {
			if d := math.Abs(float64(v - twice[i])); !(d <= 2e-5*(1+math.Abs(float64(v)))) {
				t.Fatalf("value %d is %v, expanded to primitives %v", i, v, twice[i])
			}
		}
	})
}

// CheckValue verifies that f gives the values want, to one part in 10⁵, on
// every implementation of the kernels.
func CheckValue(t *testing.T, name string, want []float32, f Func, in ...Input) {
	t.Helper()
	EachImpl(t, func(t *testing.T) {
		t.Helper()
		got, err := Case{F: f, In: in}.verify(0)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) != len(want) {
			t.Fatalf("%s: %d values, want %d", name, len(got), len(want))
		}
		for i, v := range got {
			if !(math.Abs(float64(v-want[i])) <= 1e-5*(1+math.Abs(float64(want[i])))) {
				t.Fatalf("%s: %v, want %v", name, got, want)
			}
		}
	})
}

// EachImpl runs f as a subtest on every implementation of the kernels; once on a
// device that has none.
func EachImpl(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if !devicetest.OnCPU() {
		t.Run(os.Getenv(devicetest.Variable), f)
		return
	}
	before := kernels.Active()
	defer func() { _ = kernels.Select(before) }() // it was in use
	for _, name := range kernels.Available() {
		if err := kernels.Select(name); err != nil {
			t.Fatal(err)
		}
		t.Run(name, f)
	}
}

// verify checks one graph up to a derivative and returns the value of f.
func (c Case) verify(order int, opts ...graph.Option) ([]float32, error) {
	tr, err := newTrial(c, order, opts...)
	if err != nil {
		return nil, err
	}
	defer tr.dev.Close()
	value, err := tr.value()
	if err != nil {
		return nil, err
	}
	if err := tr.sameAsReference(); err != nil {
		return nil, err
	}
	if order >= 1 {
		if err := tr.compare(tr.valueOf, tr.first); err != nil {
			return nil, fmt.Errorf("first derivative: %w", err)
		}
	}
	if order >= 2 {
		if err := tr.compare(tr.slopeOf, tr.second); err != nil {
			return nil, fmt.Errorf("second derivative: %w", err)
		}
	}
	return value, nil
}
