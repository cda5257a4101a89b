package method_test

import (
	"math"
	"slices"
	"testing"

	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/ranks"
)

// TestDistanceShares takes the Frechet distance over one batch in micro-batches and in
// processes: its moments are those of the whole batch, so that it is the same number, and
// its gradient that of one run to 1e-5 of its norm: the same sums in another order.
func TestDistanceShares(t *testing.T) {
	const batch = 8
	whole, want, err := method.StudentGrads("fd", batch, 0, data.Share{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !(want > 0.1) {
		t.Fatalf("distance %v of noise from images, want more than 0.1", want)
	}
	compare := func(what string, grads map[string][]float32, distance float64) {
		t.Helper()
		if math.Abs(distance-want) > 1e-5*want {
			t.Errorf("%s: distance %v, want %v", what, distance, want)
		}
		for name, w := range whole {
			apart, norm := 0.0, 0.0
			for i, v := range w {
				apart += math.Pow(float64(grads[name][i]-v), 2)
				norm += math.Pow(float64(v), 2)
			}
			if !(apart <= 1e-10*norm) {
				t.Errorf("%s: %s is %g off, its norm is %g", what, name, math.Sqrt(apart), math.Sqrt(norm))
			}
		}
	}
	grads, distance, err := method.StudentGrads("fd", batch, 2, data.Share{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	compare("micro-batches", grads, distance)
	for _, micro := range []int{0, 2} {
		var all [2]map[string][]float32
		var distances [2]float64
		inProcesses(t, 2, func(g *ranks.Group, share data.Share) (err error) {
			all[share.Rank], distances[share.Rank], err = method.StudentGrads("fd", batch, micro, share, g)
			return err
		})
		if t.Failed() {
			return
		}
		compare("processes", all[0], distances[0])
		if distances[0] != distances[1] {
			t.Errorf("the processes have the distances %v", distances)
		}
		for name, v := range all[0] {
			if !slices.Equal(v, all[1][name]) {
				t.Errorf("%s differs between the processes", name)
			}
		}
	}
}

// TestDistanceBeside: beside a discriminator's loss the distance is what it is alone, and
// the gradient is another than that of either.
func TestDistanceBeside(t *testing.T) {
	grads := map[string][]float32{}
	distances := map[string]float64{}
	for _, name := range []string{"fd", "gdd", "gdd+fd"} {
		g, d, err := method.StudentGrads(name, 4, 0, data.Share{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		grads[name], distances[name] = g["dec.28x28_aux_conv.weight"], d
	}
	if distances["gdd"] != 0 || distances["fd"] != distances["gdd+fd"] {
		t.Errorf("distances %v, want the same with and without a discriminator", distances)
	}
	for i, v := range grads["gdd+fd"] { // gradients add up
		if sum := grads["fd"][i] + grads["gdd"][i]; math.Abs(float64(v-sum)) > 1e-4*math.Abs(float64(sum))+1e-4 {
			t.Errorf("gradient %d is %v, want %v and %v", i, v, grads["fd"][i], grads["gdd"][i])
		}
	}
}

// TestStudentAllocations: steps of the distance allocate nothing, alone or beside a
// discriminator.
func TestStudentAllocations(t *testing.T) {
	for _, name := range []string{"fd", "gdd+fd"} {
		step, end, err := method.Step(name, "none", 1, 8, 4)
		if err != nil {
			t.Fatal(err)
		}
		step()
		step()
		if n := testing.AllocsPerRun(3, step); n > 1 { // what is charted grows now and then
			t.Errorf("a step of %s allocates %v times", name, n)
		}
		end()
	}
}
