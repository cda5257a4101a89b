package metrics_test

import (
	"fmt"
	"math"
	"testing"

	"innate/metrics"
)

// mirror takes an image's two values as its features, but those that the test
// says.
type mirror struct {
	identity
	spoilt map[int]float32 // by image of a call
}

func (m mirror) Features(images, out []float32) error {
	copy(out, images)
	for i, v := range m.spoilt {
		out[2*i+1] = v
	}
	return nil
}

// TestFaultNotFiniteImages measures images and features that are no numbers: the
// step says which, adds nothing and may be repeated.
func TestFaultNotFiniteImages(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, tt := range []struct {
		name     string
		pixel    float32 // of image 7
		features map[int]float32
		want     string
	}{
		{"NaN", nan, nil, "metrics: image 7: got a pixel of NaN, want finite numbers"},
		{"infinity", -inf, nil, "metrics: image 7: got a pixel of -Inf, want finite numbers"},
		{"a feature", 0, map[int]float32{2: nan}, `metrics: image 2: got NaN for feature 1 of "x", want finite numbers`},
	} {
		spoilt := true
		c := newFID(t, metrics.CollectorConfig{
			Names: []string{"x"}, Features: mirror{spoilt: tt.features}, SourceBatch: 5, Values: 2, Nimg: 12,
			Source: func(first int, images []float32) error {
				for i := range images {
					images[i] = float32(i%7)/7 - 0.5
				}
				if spoilt && first == 5 {
					images[2*2+1] = tt.pixel
				}
				return nil
			},
		}, refOf(t, metrics.Stats{Mu: []float64{0, 0}, Sigma: []float64{1, 0, 0, 1}}))
		var err error
		steps := 0
		for err == nil && steps < 3 {
			_, err = c.Step()
			steps++
		}
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
			continue
		}
		before := c.State()
		if _, err := c.Step(); err == nil || err.Error() != tt.want {
			t.Errorf("%s, again: got %v, want %s", tt.name, err, tt.want)
		}
		if after := c.State(); fmt.Sprint(after) != fmt.Sprint(before) || after.Nimg%5 != 0 {
			t.Errorf("%s: a step that failed made %v of %v", tt.name, after, before)
		}
		if tt.features == nil {
			spoilt = false
			for done := false; !done; {
				if done, err = c.Step(); err != nil {
					t.Fatalf("%s, repaired: %v", tt.name, err)
				}
			}
		}
	}
}
