package loop_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"innate/metrics"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/trainer/data"
	"innate/trainer/loop"
)

// countedSet counts how often each image is read.
type countedSet struct {
	data.Dataset
	read []int
}

func (s *countedSet) Images(idx []int, dst []float32) error {
	for _, i := range idx {
		s.read[i]++
	}
	return s.Dataset.Images(idx, dst)
}

// TestImagesAreReadOnce: whether or not features of a set are kept, each of its images is
// read once; twice where another set begins with the same one.
func TestImagesAreReadOnce(t *testing.T) {
	t.Parallel()
	const n, side = 500, 28
	rng := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, n*side*side)
	for i := range pixels {
		pixels[i] = byte(rng.Uint32())
	}
	net, err := loop.OpenFeatures("builtin:mnist-fid-cnn", features.OwnInput)
	check(t, err)
	cache := &metrics.Cache{Dir: t.TempDir(), MaxBytes: 1 << 30, Warn: func(err error) { t.Error(err) }}
	measure := func(pixels []byte, cache *metrics.Cache) (metrics.Set, []int) {
		t.Helper()
		memory, err := data.NewMemory("counted", pixels, side, side, 1, nil, 0)
		check(t, err)
		set := &countedSet{memory, make([]int, n)}
		out, err := loop.ReferenceSet(context.Background(), devicetest.Open(t, 1), set, net, true, cache)
		check(t, err)
		return out, set.read
	}
	other := slices.Clone(pixels)
	other[len(other)-1] ^= 255
	for _, c := range []struct {
		name   string
		pixels []byte
		times  int
	}{{"seen first", pixels, 1}, {"kept", pixels, 1}, {"another with the same beginning", other, 2}, {"that one kept", other, 1}, {"still kept", pixels, 1}} {
		got, read := measure(c.pixels, cache)
		want, _ := measure(c.pixels, nil)
		if !slices.Equal(got.Vectors.Data(), want.Vectors.Data()) {
			t.Errorf("%s: other features than without a cache", c.name)
		}
		for i, times := range read {
			if batch := 250; times != c.times && !(c.times == 2 && i < batch) {
				t.Errorf("%s: image %d is read %d times, want %d", c.name, i, times, c.times)
				break
			}
		}
	}
}
