package data_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"innate/trainer/data"
)

func take(s *data.Sampler, n int) []int {
	idx := make([]int, n)
	s.Next(idx)
	return idx
}

func TestSamplerEpochs(t *testing.T) {
	const n = 100
	s := data.NewSampler(n, 1)
	var epochs [][]int
	for range 3 {
		e := take(s, n)
		if sorted := slices.Sorted(slices.Values(e)); sorted[0] != 0 || sorted[n-1] != n-1 || len(slices.Compact(sorted)) != n {
			t.Fatalf("an epoch is no permutation: %v", e)
		}
		epochs = append(epochs, e)
	}
	if slices.Equal(epochs[0], epochs[1]) || slices.Equal(epochs[1], epochs[2]) {
		t.Error("two epochs in the same order")
	}
	if slices.IsSorted(epochs[0]) {
		t.Error("the first epoch is not shuffled")
	}
	if other := take(data.NewSampler(n, 2), n); slices.Equal(other, epochs[0]) {
		t.Error("two seeds give the same order")
	}
	again := data.NewSampler(n, 1)
	var joined []int
	for range 43 { // batches that do not divide an epoch
		joined = append(joined, take(again, 7)...)
	}
	if want := slices.Concat(epochs...); !slices.Equal(joined[:300], want) {
		t.Error("the order depends on the batch size")
	}
	one := data.NewSampler(1, 5)
	if got := take(one, 3); !slices.Equal(got, []int{0, 0, 0}) {
		t.Errorf("one image: %v", got)
	}
}

// TestSamplerShuffleIsUniform counts where each image lands: 3,000 epochs of 6
// give each of the 36 cells 500 +- 20.
func TestSamplerShuffleIsUniform(t *testing.T) {
	const n, epochs = 6, 3000
	var counts [n][n]int
	s := data.NewSampler(n, 3)
	for range epochs {
		for pos, image := range take(s, n) {
			counts[image][pos]++
		}
	}
	for image := range counts {
		for pos, got := range counts[image] {
			if got < 400 || got > 600 {
				t.Errorf("image %d at position %d in %d of %d epochs, want about %d", image, pos, got, epochs, epochs/n)
			}
		}
	}
}

func TestSamplerResume(t *testing.T) {
	for _, before := range []int{0, 3, 50, 99, 100, 101, 250} {
		s := data.NewSampler(100, 7)
		take(s, before)
		text, err := json.Marshal(s.State())
		if err != nil {
			t.Fatal(err)
		}
		var state data.SamplerState
		if err := json.Unmarshal(text, &state); err != nil {
			t.Fatal(err)
		}
		r := data.NewSampler(100, 0)
		if err := r.Restore(state); err != nil {
			t.Fatal(err)
		}
		if want, got := take(s, 230), take(r, 230); !slices.Equal(got, want) {
			t.Errorf("after %d images: the restored order differs", before)
		}
	}
}

func TestSamplerRestoreErrors(t *testing.T) {
	s := data.NewSampler(10, 1)
	want := take(data.NewSampler(10, 1), 10)
	for text, state := range map[string]data.SamplerState{
		"state of 11 images, want 10":   {Len: 11},
		"epoch -1":                      {Len: 10, Epoch: -1},
		"position 11, want 0 to 10":     {Len: 10, Pos: 11},
		"position -1, want 0 to 10":     {Len: 10, Pos: -1},
		"sampler state of 0 images, wa": {},
	} {
		if err := s.Restore(state); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want %q", err, text)
		}
	}
	if got := take(s, 10); !slices.Equal(got, want) {
		t.Error("a refused state changed the order")
	}
}
