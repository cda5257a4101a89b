package metrics_test

import (
	"errors"
	"slices"
	"testing"

	"innate/metrics"
)

// TestShared: two readers in turn see the same images, which are made once, and again
// after an error or a reset.
func TestShared(t *testing.T) {
	var calls []int
	var fail error
	s := metrics.NewShared(func(first int, images []float32) error {
		calls = append(calls, first)
		for i := range images {
			images[i] = float32(first + i)
		}
		return fail
	}, 3)
	read := func(first int) []float32 {
		images := make([]float32, 3)
		if err := s.Source(first, images); !errors.Is(err, fail) {
			t.Errorf("images from %d: %v, want %v", first, err, fail)
		}
		return images
	}
	for _, first := range []int{0, 3} {
		want := []float32{float32(first), float32(first + 1), float32(first + 2)}
		for reader := range 2 {
			got := read(first)
			if !slices.Equal(got, want) {
				t.Errorf("reader %d from %d: %v, want %v", reader, first, got, want)
			}
			clear(got) // a reader's own
		}
	}
	s.Reset()
	read(3)
	fail = errors.New("no image")
	read(6)
	read(6)
	fail = nil
	read(6)
	if want := []int{0, 3, 3, 6, 6, 6}; !slices.Equal(calls, want) {
		t.Errorf("made from %v, want %v", calls, want)
	}
}
