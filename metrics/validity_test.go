package metrics_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/npz"
)

// TestFaultStatistics reads moments that no set of vectors has.
func TestFaultStatistics(t *testing.T) {
	mu := []float64{1, 2, 3}
	good := []float64{4, 1, 0, 1, 3, 1, 0, 1, 2}
	change := func(at map[int]float64) []float64 {
		s := append([]float64(nil), good...)
		for i, v := range at {
			s[i] = v
		}
		return s
	}
	for _, tt := range []struct {
		name  string
		sigma []float64
		n     float64
		want  string // "" if it is read
	}{
		{"as it should be", good, 100, ""},
		{"an unknown count", good, 0, ""},
		{"symmetric up to float32", change(map[int]float64{1: 1.0000001}), 100, ""},
		{"singular, with a negative rounding error", []float64{1, 1, 1, 1, 1, 1, 1, 1, 1 - 1e-9}, 100, ""},
		{"all zero", make([]float64, 9), 100, ""},
		{"lower triangle", change(map[int]float64{1: 0, 2: 0, 5: 0}), 100, "sigma[0,1] is 0 and sigma[1,0] is 1, want a symmetric covariance"},
		{"upper triangle", change(map[int]float64{3: 0, 6: 0, 7: 0}), 100, "sigma[0,1] is 1 and sigma[1,0] is 0, want a symmetric covariance"},
		{"a negative variance", change(map[int]float64{4: -3}), 100, "sigma[1,1] is -3, want a variance of at least 0"},
		{"no covariance", change(map[int]float64{1: 9, 3: 9}), 100, "want none below 0"},
		{"NaN", change(map[int]float64{8: math.NaN()}), 100, "sigma[2,2] is NaN, want a finite number"},
		{"infinity", change(map[int]float64{8: math.Inf(1)}), 100, "sigma[2,2] is +Inf, want a finite number"},
		{"too few values", good[:4], 100, "mu [3] and sigma [2 2]"},
		{"one image", good, 1, "count 1, want at least 2"},
		{"a negative count", good, -5, "n: <f8 -5, want a whole number of images"},
		{"half an image", good, 2.5, "n: <f8 2.5, want a whole number of images"},
		{"no count", good, math.NaN(), "n: <f8 NaN, want a whole number of images"},
		{"an endless count", good, math.Inf(1), "n: <f8 +Inf, want a whole number of images"},
		{"beyond float64", change(map[int]float64{0: 1e300, 4: 1e300, 8: 1e300}), 100, ""},
	} {
		var file bytes.Buffer
		side := int(math.Sqrt(float64(len(tt.sigma))))
		err := npz.Write(&file, []string{"mu", "sigma", "n"}, map[string]npz.Array{
			"mu": {Shape: []int{3}, Data: mu}, "sigma": {Shape: []int{side, side}, Data: tt.sigma}, "n": {Data: []float64{tt.n}},
		})
		if err != nil {
			t.Fatal(err)
		}
		s, err := metrics.ReadStats(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err == nil {
			_, err = metrics.NewReference(s)
		}
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: refused: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	// A distance of rubbish is an error, too, and far subspaces are none.
	ref, err := metrics.NewReference(metrics.Stats{Mu: []float64{0, 0}, Sigma: []float64{1, 0, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		sigma []float64
		want  float64 // NaN: an error
	}{
		{[]float64{0, 0, 0, 1}, 2},
		{[]float64{1, 0, 0, 0}, 0},
		{[]float64{0, 0, 0, 1e-300}, 1},
		{[]float64{-1e-12, 0, 0, 1}, 2},
		{[]float64{1e308, 0, 0, 1e308}, math.NaN()},
	} {
		d, err := ref.Distance(metrics.Stats{Mu: []float64{0, 0}, Sigma: tt.sigma})
		if math.IsNaN(tt.want) != (err != nil) || err == nil && math.Abs(d-tt.want) > 1e-6 {
			t.Errorf("distance of %v: got %v, %v, want %v", tt.sigma, d, err, tt.want)
		}
	}
}
