package method_test

import (
	"math"
	"testing"

	"innate/trainer/method"
)

// TestFaultAccuracyOfNaN judges logits of which none is the largest.
func TestFaultAccuracyOfNaN(t *testing.T) {
	nan := float32(math.NaN())
	labels := []float32{1, 0, 0, 1}
	if got := method.Accuracy([]float32{nan, nan, nan, nan}, labels, 2); !math.IsNaN(got) {
		t.Errorf("all NaN: accuracy %v, want NaN", got)
	}
	if got := method.Accuracy([]float32{2, 1, nan, 1}, labels, 2); !math.IsNaN(got) {
		t.Errorf("one NaN: accuracy %v, want NaN", got)
	}
	if got := method.Accuracy([]float32{2, 1, 3, 1}, labels, 2); got != 0.5 {
		t.Errorf("accuracy %v, want 0.5", got)
	}
}

// TestStepAllocatesNothing trains on, ticks aside.
func TestStepAllocatesNothing(t *testing.T) {
	for _, name := range []string{"edm", "gdd"} {
		step, end, err := method.Step(name, "none", 2, 8, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		for range 17 { // to the first R1 step, whose scalars are new
			step()
		}
		if n := testing.AllocsPerRun(4, step); n != 0 {
			t.Errorf("%s: a step allocates %v times", name, n)
		}
	}
}
