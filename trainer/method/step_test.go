package method_test

import (
	"math"
	"slices"
	"testing"

	"innate/configs"
	"innate/models/device/devicetest"
	"innate/models/nettest"
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
		for _, micro := range []int{0, 1} {
			step, end, err := method.MicroStep(name, "none", 2, 8, 2, micro)
			if err != nil {
				t.Fatal(err)
			}
			defer end()
			for range 17 { // to the first R1 step, whose scalars are new
				step()
			}
			if n := testing.AllocsPerRun(4, step); n != 0 {
				t.Errorf("%s in micro-batches of %d: a step allocates %v times", name, micro, n)
			}
		}
	}
}

// TestMicroBatches accumulates EDM's gradients, a mean over the batch, over
// micro-batches of several sizes, the whole one and single images among them. The
// same numbers are drawn and added up in another order: the norm of what differs
// stays below 1e-5 of each gradient's, about a hundred roundings of float32.
func TestMicroBatches(t *testing.T) {
	whole, loss, err := method.EDMGrads(6, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, micro := range []int{1, 2, 3, 6} {
		got, l, err := method.EDMGrads(6, micro)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(l-loss) > 1e-5*loss {
			t.Errorf("micro-batches of %d: loss %v, want %v", micro, l, loss)
		}
		for name, want := range whole {
			apart, norm := 0.0, 0.0
			for i, w := range want {
				apart += math.Pow(float64(got[name][i]-w), 2)
				norm += math.Pow(float64(w), 2)
			}
			if norm == 0 || !(apart <= 1e-10*norm) {
				t.Errorf("micro-batches of %d: %s is %g off, its norm is %g", micro, name, math.Sqrt(apart), math.Sqrt(norm))
			}
		}
	}
}

// TestMicroBatchesOfGDD compares the generator's gradient, a sum over the batch,
// with those of the micro-batches alone, bit for bit on the own kernels, whose order
// of adding is known: the discriminator's batch norms see one micro-batch at a time,
// one after the other.
func TestMicroBatchesOfGDD(t *testing.T) {
	gold, nets := goldenNets(t, "gdd_cond")
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	labels := gold.Floats(t, "label")
	cfg := gold.Config
	z := gold.Images(t, "run_z")[:4*cfg.Resolution*cfg.Resolution*cfg.Channels]
	got, want, err := method.GenGrads(dev, nets, method.Micro{Size: 2, Parts: 2}, z, labels)
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if !devicetest.OnCPU() {
			nettest.Near(t, name, got[name], want[name], 1e-5)
		} else if !slices.Equal(got[name], want[name]) {
			t.Errorf("gradient of %s is not the sum of those of its micro-batches", name)
		}
	}
}

// TestRecompute trains with what is inside of blocks computed again, and without: the
// weights, the optimizers and all else come out the same to the bit, also of R1, whose
// gradient is of second order, and of layers that were frozen meanwhile.
func TestRecompute(t *testing.T) {
	for _, c := range []struct {
		name, stage string
		presets     [2]string // at first, and then
	}{
		{"edm", "step", [2]string{"gdd-i", "none"}},
		{"gdd", "g", [2]string{"none", "gdd-i"}},
		{"gdd", "g", [2]string{"gdd-i", "none"}},
	} {
		want, kept, _, err := method.Outcome(c.name, configs.Run{Batch: 2}, c.presets)
		if err != nil {
			t.Fatal(err)
		}
		got, again, allocs, err := method.Outcome(c.name, configs.Run{Batch: 2, Recompute: configs.RecomputeBlocks}, c.presets)
		if err != nil {
			t.Fatal(err)
		}
		for name, w := range want {
			if !slices.Equal(got[name], w) && devicetest.OnCPU() {
				t.Fatalf("%s, %v: %s differs", c.name, c.presets, name)
			} else if !devicetest.OnCPU() {
				nettest.Near(t, name, got[name], w, 1e-3)
			}
		}
		if len(want) == 0 || allocs != 0 && devicetest.OnCPU() {
			t.Errorf("%s, %v: %d values, %v allocations a step", c.name, c.presets, len(want), allocs)
		}
		most := 0.5
		if c.presets[1] != "none" { // less is kept, to which discriminators add as much as ever
			most = 0.65
		}
		if a, k := again[c.stage].Activations, kept[c.stage].Activations; float64(a) > most*float64(k) {
			t.Errorf("%s, %v: %d bytes of activations, of %d if all are kept, want %v of it", c.name, c.presets, a, k, most)
		}
	}
}
