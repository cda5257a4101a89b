package checkpoint_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/checkpoint"
)

// TestCompare names what differs, in order, whatever the types and the wrapper.
func TestCompare(t *testing.T) {
	nan := float32(math.NaN())
	file := func(tensors ...checkpoint.Tensor) *checkpoint.File {
		f := checkpoint.New()
		for _, tensor := range tensors {
			must(t, f.Add(tensor))
		}
		return f
	}
	a := file(
		checkpoint.Float32("same", []float32{1, nan}, 2), checkpoint.Float32("wider", []float32{0.5}, 1),
		checkpoint.Float32("values", []float32{1, 2, 3}, 3), checkpoint.Float32("shape", []float32{1, 2}, 2),
		checkpoint.Float32("gone", []float32{1}, 1), checkpoint.Int64("number", []int64{1}, 1),
	)
	b := file(
		checkpoint.Int64("model.number", []int64{2}, 1), checkpoint.Float32("model.shape", []float32{1, 2}, 2, 1),
		checkpoint.Float32("model.values", []float32{1, 2.5, nan}, 3), checkpoint.Float64("model.wider", []float64{0.5}, 1),
		checkpoint.Float32("model.same", []float32{1, nan}, 2), checkpoint.Float32("model.new", []float32{1}, 1),
	)
	got, retyped, err := checkpoint.Compare(a, b)
	if must(t, err); retyped != 1 {
		t.Errorf("%d tensors of another type and the same values, want 1", retyped)
	}
	want := []checkpoint.Difference{
		{Name: "values", What: "2 of 3 values, by at most 0.5", Values: 2, Largest: 0.5},
		{Name: "shape", What: "shape [2], then [2 1]"},
		{Name: "gone", What: "only in the first"},
		{Name: "number", What: "other values of I64"},
		{Name: "model.new", What: "only in the second"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if same, _, err := checkpoint.Compare(a, a); err != nil || len(same) != 0 {
		t.Errorf("a file and itself: %v, %v", same, err)
	}
}
