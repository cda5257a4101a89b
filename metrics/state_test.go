package metrics_test

import (
	"context"
	"math/rand/v2"
	"reflect"
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

func halfway(t *testing.T) *metrics.Judge {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]float32, 2*40)
	for i := range all {
		all[i] = 2*rng.Float32() - 1
	}
	return newFID(t, metrics.CollectorConfig{
		Features: identity{}, SourceBatch: 5, Values: 2, Nimg: 37,
		Source: func(first int, images []float32) error { copy(images, all[2*first:]); return nil },
	}, refOf(t, metrics.Stats{Mu: []float64{0, 0}, Sigma: []float64{1, 0, 0, 1}}))
}

// TestStateGoesOnExactly moves a measurement to another judge after each of
// its steps: neither sums nor value may differ by a bit.
func TestStateGoesOnExactly(t *testing.T) {
	finish := func(c *metrics.Judge) (float64, metrics.State) {
		d, err := c.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return d, c.State()
	}
	want, sums := finish(halfway(t))
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
		if got, state := finish(second); got != want || !reflect.DeepEqual(state, sums) {
			t.Errorf("after %d steps: distance %v of %v, want %v of %v", steps, got, state, want, sums)
		}
	}
}

func TestRestoreRefuses(t *testing.T) {
	c := halfway(t)
	sums := func(values ...int) []metrics.Sum {
		var list []metrics.Sum
		for _, n := range values {
			list = append(list, metrics.Sum{Data: make([]float64, n)})
		}
		return list
	}
	for _, bad := range []struct {
		state metrics.State
		want  string
	}{
		{metrics.State{Nimg: 1, Sums: sums(1, 4)}, "sums of [1 4] values, want [2 4]"},
		{metrics.State{Nimg: 1, Sums: sums(2, 3)}, "sums of [2 3] values, want [2 4]"},
		{metrics.State{Nimg: 1, Sums: sums(2)}, "sums of [2] values, want [2 4]"},
		{metrics.State{Nimg: 38, Sums: sums(2, 4)}, "38 images, want 0 to 37"},
		{metrics.State{Nimg: -1, Sums: sums(2, 4)}, "-1 images"},
	} {
		if err := c.Restore(bad.state); err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("error %v, want %q", err, bad.want)
		}
	}
}
