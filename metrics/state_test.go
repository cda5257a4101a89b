package metrics_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"innate/metrics"
)

// identity takes an image's two values as its features.
type identity struct{}

func (identity) Dim() int   { return 2 }
func (identity) Batch() int { return 3 }
func (identity) Features(images, out []float32) error {
	copy(out, images)
	return nil
}

func halfway(t *testing.T) *metrics.Collector {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]float32, 2*40)
	for i := range all {
		all[i] = 2*rng.Float32() - 1
	}
	c, err := metrics.NewCollector(metrics.CollectorConfig{
		Features: identity{}, SourceBatch: 5, Values: 2, Nimg: 37,
		Source: func(first int, images []float32) error { copy(images, all[2*first:]); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestStateGoesOnExactly moves a measurement to another collector after each of
// its steps: the statistics must not differ by a bit.
func TestStateGoesOnExactly(t *testing.T) {
	finish := func(c *metrics.Collector) metrics.Stats {
		for done := false; !done; {
			var err error
			if done, err = c.Step(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := c.Stats()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := finish(halfway(t))
	for steps := range 9 {
		first, second := halfway(t), halfway(t)
		for range steps {
			if _, err := first.Step(); err != nil {
				t.Fatal(err)
			}
		}
		state := first.State()
		finish(first) // must not reach into the state
		if err := second.Restore(state); err != nil {
			t.Fatal(err)
		}
		got := finish(second)
		for i := range want.Mu {
			if got.Mu[i] != want.Mu[i] {
				t.Errorf("after %d steps: mu[%d] %v, want %v", steps, i, got.Mu[i], want.Mu[i])
			}
		}
		for i := range want.Sigma {
			if got.Sigma[i] != want.Sigma[i] {
				t.Errorf("after %d steps: sigma[%d] %v, want %v", steps, i, got.Sigma[i], want.Sigma[i])
			}
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	c := halfway(t)
	good := c.State()
	for _, bad := range []struct {
		state metrics.State
		want  string
	}{
		{metrics.State{Nimg: 1, Sum: good.Sum[:1], Outer: good.Outer}, "sums of 1 and 4 values, want 2 and 4"},
		{metrics.State{Nimg: 1, Sum: good.Sum, Outer: good.Outer[:3]}, "sums of 2 and 3 values, want 2 and 4"},
		{metrics.State{Nimg: 38, Sum: good.Sum, Outer: good.Outer}, "38 images, want 0 to 37"},
		{metrics.State{Nimg: -1, Sum: good.Sum, Outer: good.Outer}, "-1 images"},
	} {
		if err := c.Restore(bad.state); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v, want %q", err, bad.want)
		}
	}
}
