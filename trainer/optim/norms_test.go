package optim_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/trainer/optim"
)

// norm is the L2 norm, the long way.
func norm(values []float32) float64 {
	var sum float64
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// difference is a-b, the long way.
func difference(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// near reports agreement up to the order of a float64 sum.
func near(got, want float64) bool { return math.Abs(got-want) <= 1e-12*math.Abs(want) }

func TestNorms(t *testing.T) {
	s := newSystem(5, 40000, 16384) // less than, more than and exactly one job
	b := bind(t, optim.NewAdam(s.params, newDevice(t, 2)), s.params, s.grads...)
	for range 3 {
		s.draw()
		s.grads[0][1] = float32(math.NaN())
		var before [][]float32
		for _, p := range s.params {
			before = append(before, slices.Clone(p.Data))
		}
		b.Measure()
		b.Step(edmHyper(0.01))
		norms, all := b.Norms(), 0.0
		for i, p := range s.params {
			want := optim.Norms{
				Grad: norm(s.grads[i]), Update: norm(difference(p.Data, before[i])), Weight: norm(before[i]),
			}
			got := norms[p.Name]
			if !near(got.Grad, want.Grad) || !near(got.Update, want.Update) || !near(got.Weight, want.Weight) {
				t.Errorf("%s: %+v, want %+v", p.Name, got, want)
			}
			if got.Update == 0 {
				t.Errorf("%s did not move", p.Name)
			}
			all += want.Grad * want.Grad
		}
		if got := gradNorm(t, b); !near(got, math.Sqrt(all)) {
			t.Errorf("norm of all gradients %g, want %g", got, math.Sqrt(all))
		}
	}
}

// TestMeasureChangesNothing trains the same system with and without measuring,
// on different numbers of threads: weights and norms must agree to the bit.
func TestMeasureChangesNothing(t *testing.T) {
	plain, measured, threaded := newSystem(5, 100000), newSystem(5, 100000), newSystem(5, 100000)
	bindings := []*optim.Binding{
		bind(t, optim.NewAdam(plain.params, newDevice(t, 2)), plain.params, plain.grads...),
		bind(t, optim.NewAdam(measured.params, newDevice(t, 1)), measured.params, measured.grads...),
		bind(t, optim.NewAdam(threaded.params, newDevice(t, 2)), threaded.params, threaded.grads...),
	}
	for step := range 4 {
		for i, s := range []*system{plain, measured, threaded} {
			s.draw()
			if i > 0 && step%2 == 1 {
				bindings[i].Measure()
			}
			bindings[i].Step(edmHyper(0.01))
		}
		if zero, one, two := gradNorm(t, bindings[0]), gradNorm(t, bindings[1]), gradNorm(t, bindings[2]); one != two || one != zero {
			t.Errorf("gradient norms %v, %v and %v on other threads", zero, one, two)
		}
	}
	if !slices.Equal(plain.values(), measured.values()) || !slices.Equal(plain.values(), threaded.values()) {
		t.Error("measuring changed the weights")
	}
	for name, one := range bindings[1].Norms() {
		if two := bindings[2].Norms()[name]; one != two {
			t.Errorf("%s: %+v on one thread, %+v on two", name, one, two)
		}
	}
}

// TestNormsOfFrozen binds one of two parameters.
func TestNormsOfFrozen(t *testing.T) {
	s := newSystem(3, 4)
	b := bind(t, optim.NewAdam(s.params, newDevice(t, 1)), s.params[1:], s.grads[1])
	s.draw()
	b.Measure()
	b.Step(edmHyper(0.01))
	norms := b.Norms()
	all := gradNorm(t, b)
	if _, ok := norms["a"]; ok || len(norms) != 1 || !near(all, norm(s.grads[1])) {
		t.Errorf("norms %v and %g, want those of b alone", norms, all)
	}
}

func TestDistance(t *testing.T) {
	set := func(params []*models.Param) *models.ParamSet {
		s := models.NewParamSet()
		for _, p := range params {
			s.Add(p)
		}
		return s
	}
	s := newSystem(5, 40000, 3)
	clear(s.params[2].Data)
	params := set(s.params)
	start := params.Clone()
	var results [2]optim.Distances
	for threads := 1; threads <= 2; threads++ {
		d, err := optim.NewDistance(params, start, newDevice(t, threads))
		if err != nil {
			t.Fatal(err)
		}
		if threads == 1 {
			if all, err := d.Relative(); err != nil || all.Whole[0] != 0 || all.Whole[1] != 0 || !math.IsNaN(all.Whole[2]) || all.Direction[1] != 0 || all.Norm[1] != 0 {
				t.Errorf("distances %v at the start, want 0, 0 and NaN of zeros", all)
			}
			for i := range s.params[1].Data {
				s.params[1].Data[i] += float32(i%7) * 0.01
			}
		}
		if results[threads-1], err = d.Relative(); err != nil {
			t.Fatal(err)
		}
	}
	got := results[0].Whole
	p, q := s.params[1].Data, start.Get("b").Data
	if want := norm(difference(p, q)) / norm(q); got[0] != 0 || !near(got[1], want) || !math.IsNaN(got[2]) {
		t.Errorf("distances %v, want 0, %g and NaN", got, want)
	}
	direction, length := results[0].Direction[1], results[0].Norm[1]
	if want := norm(p)/norm(q) - 1; math.Abs(length-want) > 1e-12 || !near(math.Hypot(direction, length), got[1]) || !math.IsNaN(results[0].Norm[2]) {
		t.Errorf("direction %g and norm %g of %g, want %g of the norm", direction, length, got[1], want)
	}
	if a, b := results[0], results[1]; a.Whole[1] != b.Whole[1] || a.Direction[1] != b.Direction[1] || a.Norm[1] != b.Norm[1] {
		t.Errorf("distances %v on one thread, %v on two", a, b)
	}
	if !slices.Equal(start.Get("b").Data, q) || slices.Equal(p, q) {
		t.Error("measuring changed the starting weights")
	}
}

func TestDistanceErrors(t *testing.T) {
	params, start := models.NewParamSet(), models.NewParamSet()
	params.Add(models.NewParam("a", 2))
	if _, err := optim.NewDistance(params, start, newDevice(t, 1)); err == nil || !strings.Contains(err.Error(), `distance of "a": no such`) {
		t.Errorf("a missing start: %v", err)
	}
	start.Add(models.NewParam("a", 3))
	if _, err := optim.NewDistance(params, start, newDevice(t, 1)); err == nil || !strings.Contains(err.Error(), "shape [3] at the start, want [2]") {
		t.Errorf("another shape: %v", err)
	}
}

// gradNorm is the norm of all gradients of the one step since it was last asked for.
func gradNorm(t *testing.T, b *optim.Binding) float64 {
	t.Helper()
	found := b.Records()
	if len(found) != 1 {
		t.Fatalf("%d records of one step", len(found))
	}
	return math.Sqrt(found[0].GradSquares)
}
