package graphtest

import (
	"fmt"
	"math"

	"innate/models/graph"
)

// maxCoords bounds how many coordinates of one input are checked one by one; a
// random direction covers the others.
const maxCoords = 12

// valueOf is Σ r·y at the present inputs, and the rounding error to expect.
func (tr *trial) valueOf() (sum, noise float64) {
	tr.must(tr.valueM.Run())
	return project(tr.valueM.Value(tr.y), tr.r)
}

// slopeOf is Σ s·slope at the present inputs.
func (tr *trial) slopeOf() (sum, noise float64) {
	tr.must(tr.slopeM.Run())
	for k, n := range tr.slope {
		a, b := project(tr.slopeM.Value(n), tr.s[k])
		sum, noise = sum+a, math.Hypot(noise, b)
	}
	return sum, noise
}

// must panics with an error of the device, which has none on the cpu.
func (tr *trial) must(err error) {
	if err != nil {
		panic(err)
	}
}

// project is Σ a·b in float64, and its error if every a is rounded to float32:
// independent errors of some units in the last place add up as squares. A
// single unit of the largest term is a floor for what cancels inside f.
func project(a, b []float32) (sum, noise float64) {
	var squares, top float64
	for i, v := range a {
		p := float64(v) * float64(b[i])
		sum += p
		squares += p * p
		top = max(top, math.Abs(p))
	}
	return sum, 0x1p-23 * (math.Sqrt(squares) + top)
}

// compare checks the analytic derivatives of cost, one node per input in wrt,
// against central differences of fourth order, whose truncation error is of the
// order of step⁴.
func (tr *trial) compare(cost func() (float64, float64), analytic []graph.Node) error {
	m, err := tr.compile(tr.dev, analytic...)
	if err != nil {
		return err
	}
	if err := m.Run(); err != nil {
		return err
	}
	for k, i := range tr.wrt {
		x, dx := tr.g.Data(tr.in[i]), m.Value(analytic[k])
		top, norm := 0.0, 0.0
		for _, v := range dx {
			top, norm = max(top, math.Abs(float64(v))), math.Hypot(norm, float64(v))
		}
		if math.IsNaN(norm) || math.IsInf(norm, 0) {
			return fmt.Errorf("input %d: not finite: %v", i, dx)
		}
		for _, j := range tr.coords(len(x)) {
			got, noise := tr.difference(cost, func(h float64, keep []float32) {
				x[j] = float32(float64(keep[j]) + h)
			}, x)
			if want := float64(dx[j]); !(math.Abs(got-want) <= tr.c.Tol*top+noise) {
				return fmt.Errorf("input %d, value %d: %v, by differences %v ± %.1g", i, j, want, got, tr.c.Tol*top+noise)
			}
		}
		signs := make([]float64, len(x))
		want := 0.0
		for j := range signs {
			signs[j] = float64(1 - 2*tr.rng.IntN(2))
			want += signs[j] * float64(dx[j])
		}
		got, noise := tr.difference(cost, func(h float64, keep []float32) {
			for j := range x {
				x[j] = float32(float64(keep[j]) + h*signs[j])
			}
		}, x)
		if !(math.Abs(got-want) <= tr.c.Tol*norm+noise) {
			return fmt.Errorf("input %d, random direction: %v, by differences %v ± %.1g", i, want, got, tr.c.Tol*norm+noise)
		}
	}
	return nil
}

// coords lists all coordinates of a small input, or a random choice.
func (tr *trial) coords(n int) []int { return tr.rng.Perm(n)[:min(n, maxCoords)] }

// difference is the derivative of cost along what move does to x, and the
// error to expect from rounding, at five times the standard error.
func (tr *trial) difference(cost func() (float64, float64), move func(h float64, keep []float32), x []float32) (d, noise float64) {
	keep := append([]float32(nil), x...)
	at := func(h float64) float64 {
		move(h, keep)
		v, e := cost()
		noise = max(noise, e)
		copy(x, keep)
		return v
	}
	h := tr.step
	d = (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
	return d, 5 * noise / h
}
