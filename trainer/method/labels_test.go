package method_test

import (
	"slices"
	"testing"

	"innate/trainer/data"
	"innate/trainer/method"
)

// TestLabelDropout: about as many classes as asked are left out, others each time,
// and the batch keeps its own.
func TestLabelDropout(t *testing.T) {
	const n, steps = 64, 4
	b := data.Batch{Images: make([]float32, n*28*28), Labels: make([]float32, n*10)}
	for i := range n {
		b.Labels[i*10+i%10] = 1
	}
	whole := slices.Clone(b.Labels)
	for _, dropout := range []float64{0, 0.3} {
		seen, err := method.Labels(dropout, b, steps)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(b.Labels, whole) {
			t.Fatal("the batch lost its labels")
		}
		left := 0
		for _, labels := range seen {
			for i := range n {
				row := labels[i*10 : (i+1)*10]
				switch {
				case slices.Equal(row, whole[i*10:(i+1)*10]):
				case slices.Max(row) == 0:
					left++
				default:
					t.Fatalf("label %v, want that of the image, or none", row)
				}
			}
		}
		share := float64(left) / (n * steps)
		if dropout == 0 && left != 0 || dropout > 0 && (share < 0.2 || share > 0.4) {
			t.Errorf("dropout %v left out %.2f of the labels", dropout, share)
		}
		if same := slices.Equal(seen[0], seen[1]); same != (dropout == 0) {
			t.Errorf("dropout %v: two steps see the same: %v", dropout, same)
		}
	}
}
