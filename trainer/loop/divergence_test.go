package loop_test

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/trainer/loop"
)

const factor = 20

// observeAll returns the ticks, counted from 0, at which divergence began.
func observeAll(w *loop.Watch, values []float64) []int {
	var began []int
	for i, v := range values {
		if len(w.Observe(int64(i), map[string]float64{"loss/x": v, "logits/fake": v}, factor)) > 0 {
			began = append(began, i)
		}
	}
	return began
}

// level is n ticks of one value.
func level(n int, v float64) []float64 { return slices.Repeat([]float64{v}, n) }

func TestDivergence(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	growth := level(30, 0.3)
	for v := 0.3; v < 1e6; v *= 2 {
		growth = append(growth, v)
	}
	slow := level(15, 1)
	for v := 1.0; v > 1e-3; v *= 0.9 { // and back at once: a loss that was learnt well
		slow = append(slow, v)
	}
	slow = append(slow, level(10, 1.4)...)
	for _, c := range []struct {
		name   string
		values []float64
		want   []int
	}{
		{"quiet", level(100, 0.7), nil},
		{"a spike", slices.Concat(level(20, 1), level(1, 1000), level(20, 1)), nil},
		{"spikes apart", slices.Concat(level(20, 1), []float64{1000, 1, 1000, 1, nan, 1}), nil},
		{"two in a row", slices.Concat(level(20, 1), level(2, 1000)), []int{21}},
		{"negative", slices.Concat(level(20, -1), level(2, -1000)), []int{21}},
		{"not beyond the factor", slices.Concat(level(20, 1), level(5, 19.9)), nil},
		{"just beyond it", slices.Concat(level(20, 1), level(5, 20.1)), []int{21}},
		{"reported once", slices.Concat(level(20, 1), level(8, 1e6)), []int{21}},
		{"another level", slices.Concat(level(20, 1), level(60, 1e6)), []int{21}},
		{"recovery and again", slices.Concat(level(20, 1), level(3, 1e6), level(1, 1), level(3, 1e6)), []int{21, 25}},
		{"not finite from the start", []float64{nan, nan, nan}, []int{1}},
		{"infinite", slices.Concat(level(3, 1), level(4, inf)), []int{4}},
		{"NaN for ever", slices.Concat(level(20, 1), level(100, nan)), []int{21}},
		{"NaN once", slices.Concat(level(20, 1), level(1, nan), level(20, 1)), nil},
		{"NaN, then large", slices.Concat(level(20, 1), []float64{nan, 500}), []int{21}},
		{"a wild start", slices.Concat([]float64{1e9, 1e-3, 1e6, 1e7, 1}, level(30, 1)), []int{3}},
		{"spikes at the start", slices.Concat([]float64{1e9, 1e-3, 1e6, 1, 1e7, 1}, level(30, 1)), nil},
		{"nine ticks are enough", slices.Concat(level(7, 1), level(2, 1e6), level(5, 1)), []int{8}},
		{"ten ticks are enough", slices.Concat(level(10, 1), level(5, 1e6)), []int{11}},
		{"near zero and back", slices.Concat(level(30, 1e-4), level(10, 1.4)), nil},
		{"near zero and off", slices.Concat(level(30, 1e-4), level(10, 5)), []int{31}},
		{"learnt well and back", slow, nil},
		{"doubling", growth, []int{36}}, // 0.3·2^6 is the second beyond 6
	} {
		if got := observeAll(&loop.Watch{}, c.values); !slices.Equal(got, c.want) {
			t.Errorf("%s: diverges at %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFaultEarlyDivergence: a loss that explodes before it has ten ticks is seen,
// one that only looks for its level is not. The first two are of trainings with a
// learning rate of 1, the next two of GDD-I with such a rate in one network, which
// are noisy but not lost.
func TestFaultEarlyDivergence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, loss string
		values     []float64
		want       string
		at         int
	}{
		{"a rate of 1", "loss/edm", []float64{2.08, 101, 1110, 765, 954, 18.1, 413}, "loss/edm is 1110 after a median of 2.08", 2},
		{"a rate of 1", "loss/ce", []float64{2.3, 6.79e10, 3.68e7, 18900, 5620}, "loss/ce is 3.68e+07 after a median of 2.3", 2},
		{"a noisy start", "loss/gen", []float64{0.506, 0.709, 3.11, 3.12, 13.9, 5.61, 29.9, 26.4, 11.9, 505}, "", 0},
		{"a noisy start", "loss/gen", []float64{0.506, 15.1, 8.25, 6.9, 3.13, 3.67, 0.891}, "", 0},
		{"lost from the start", "loss/edm", level(5, 1e9), "loss/edm is 1e+09 from the start", 1},
		{"lost, by its second tick", "loss/edm", slices.Concat(level(1, 2), level(9, 300)), "loss/edm is 300 after a median of 2", 2},
		{"a penalty of a large weight", "loss/r1", []float64{900, 1100, 1000, 950, 2000, 800}, "", 0},
		{"a penalty that explodes", "loss/r1", []float64{900, 1100, 1e6, 1e7}, "loss/r1 is 1e+07 after a median of 1000", 3},
		{"a penalty that appears", "loss/r1", []float64{1e-6, 0.01, 0.5, 3, 20}, "", 0},
		{"not finite, once, and large", "loss/edm", []float64{2, math.NaN(), 2, 300, 2}, "", 0},
	} {
		w, texts, at := &loop.Watch{}, []string(nil), 0
		for i, v := range c.values {
			if found := w.Observe(int64(i), map[string]float64{c.loss: v}, factor); len(found) > 0 {
				texts, at = append(texts, found...), i
			}
		}
		if got := strings.Join(texts, ", "); got != c.want || at != c.at {
			t.Errorf("%s of %s: got %q at tick %d, want %q at %d", c.name, c.loss, got, at, c.want, c.at)
		}
	}
}

// TestDivergenceOfSeveral checks that the first tick names all losses that
// diverge in it, and that a loss which some ticks lack is judged by its own.
func TestDivergenceOfSeveral(t *testing.T) {
	t.Parallel()
	w := &loop.Watch{}
	tick := int64(0)
	observe := func(means map[string]float64) string {
		tick++
		return strings.Join(w.Observe(tick, means, factor), ", ")
	}
	for range 20 {
		observe(map[string]float64{"loss/gen": 1, "loss/disc": 0.5, "loss/r1": 0.01})
	}
	observe(map[string]float64{"loss/gen": math.NaN(), "loss/disc": 1e4, "loss/r1": 100})
	if !w.Suspect() || w.Active() {
		t.Error("one bad tick: want suspicion alone")
	}
	want := "loss/disc is 2e+04 after a median of 0.5, loss/gen is not finite"
	if got := observe(map[string]float64{"loss/gen": math.NaN(), "loss/disc": 2e4}); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := observe(map[string]float64{"loss/gen": 1, "loss/disc": 0.5, "loss/r1": 100}); got != "" || !w.Active() {
		t.Errorf("got %q, active %v; the penalty joins what was reported", got, w.Active())
	}
	observe(map[string]float64{"loss/r1": 0.01})
	if w.Active() || w.Suspect() {
		t.Error("all losses are normal again, but the run is not")
	}
}

// TestDivergenceRewind goes back to tick 15 and must judge as if what came after
// had not been.
func TestDivergenceRewind(t *testing.T) {
	t.Parallel()
	w, fresh := &loop.Watch{}, &loop.Watch{}
	values := slices.Concat(level(16, 1), level(5, 50))
	observeAll(w, values)
	observeAll(fresh, values[:16])
	w.Rewind(15)
	if w.Active() || w.Suspect() {
		t.Error("the past is judged still")
	}
	for i, v := range []float64{21, 21, 1, 45, 45} {
		means := map[string]float64{"loss/x": v}
		got, want := w.Observe(int64(16+i), means, factor), fresh.Observe(int64(16+i), means, factor)
		if !slices.Equal(got, want) {
			t.Errorf("value %g: %q, want %q", v, got, want)
		}
	}
}

// TestRecordedLosses runs over the losses of four trainings that went well: none
// may be called divergent, also at a factor far below the default, and blowing
// any of them up must be found within two ticks.
func TestRecordedLosses(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/losses.json")
	check(t, err)
	var runs map[string][]map[string]float64
	check(t, json.Unmarshal(data, &runs))
	if len(runs) != 4 {
		t.Fatalf("%d runs, want 4", len(runs))
	}
	for name, ticks := range runs {
		w := &loop.Watch{}
		for _, tick := range ticks {
			if found := w.Observe(int64(tick["nimg"]), tick, 5); len(found) > 0 || w.Suspect() {
				t.Errorf("%s at %v: %v", name, tick, found)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(ticks[0])) {
			if key == "nimg" || key == "loss/r1" {
				continue
			}
			found := 0
			for _, tick := range ticks[len(ticks)-2:] {
				tick = maps.Clone(tick)
				tick[key] *= 500
				found += len(w.Observe(int64(tick["nimg"])+1e6, tick, factor))
			}
			if found != 1 {
				t.Errorf("%s: %s 500 times its size was found %d times, want once", name, key, found)
			}
			w.Rewind(int64(ticks[len(ticks)-1]["nimg"]))
		}
	}
}
