package metrics_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
)

// golden is what testdata/golden.py found for two sets of vectors.
type golden struct {
	Name        string
	Images, Ref int
	Dim         int
	FID         float64
	KID, Inf    [2]float64 // value and standard deviation
	IS          [2]float64
	PRDC        [4]float64

	PkgPRDC [4]float64 `json:"pkg_prdc"` // by the package of the authors of density and coverage
	TFPR    [2]float64 `json:"tf_pr"`    // by torch-fidelity
	TFIS    [2]float64 `json:"tf_is"`
	TFFID   float64    `json:"tf_fid"`
	TFKID   float64    `json:"tf_kid"` // of sets of one size
}

func goldens(t *testing.T) (list []golden) {
	t.Helper()
	text, err := os.ReadFile("testdata/statistics.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// vectors are those of golden.py: from SplitMix64, with neighbours multiplied.
func vectors(seed uint64, n, d int, shift float32) *metrics.Rows {
	u := make([]float64, n*d)
	for i := range u {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		u[i] = float64((z^z>>31)>>40) / (1 << 24)
	}
	out := make([]float32, n*d)
	for i := range n {
		for j := range d {
			before := u[i*d+(j+d-1)%d]
			out[i*d+j] = float32(u[i*d+j] + float64(float64(shift)*before)*u[i*d+j])
		}
	}
	return metrics.RowsOf(out, d)
}

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance*(1+math.Abs(b)) }

// measured are all statistics of two sets.
func measured(t *testing.T, g golden) map[string]metrics.Number {
	t.Helper()
	x, y := vectors(1, g.Images, g.Dim, 0.25), vectors(2, g.Ref, g.Dim, 0)
	s, err := y.Stats()
	if err != nil {
		t.Fatal(err)
	}
	ref, err := metrics.NewReference(s)
	if err != nil {
		t.Fatal(err)
	}
	of, err := x.Stats()
	if err != nil {
		t.Fatal(err)
	}
	logits := make([]float32, len(x.Data()))
	for i, v := range x.Data() {
		logits[i] = 4 * v
	}
	d, fidErr := ref.Distance(of)
	kid, kidErr := metrics.KID(x, y)
	inf, infErr := metrics.Infinity(x, ref)
	score, scoreErr := metrics.InceptionScore(metrics.RowsOf(logits, g.Dim))
	p, r, den, cov, err := metrics.Neighbourhoods(x, y)
	for _, err := range []error{fidErr, kidErr, infErr, scoreErr, err} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return map[string]metrics.Number{"fid": {Value: d}, "kid": kid, "inf": inf, "is": score,
		"p": {Value: p}, "r": {Value: r}, "d": {Value: den}, "c": {Value: cov}}
}

// TestStatistics compares with NumPy, where only the order of sums differs; with
// torch-fidelity, whose means and distances are float32; and with prdc, whose numbers
// are shares: counts that agree, divided.
func TestStatistics(t *testing.T) {
	for _, g := range goldens(t) {
		got := measured(t, g)
		root := 1e-9 // of eigenvalues; of those that are 0 rounding leaves the root of 1e-16
		if g.Images <= g.Dim {
			root = 1e-7
		}
		for _, c := range []struct {
			what      string
			got, want float64
			tolerance float64
		}{
			{"fid", got["fid"].Value, g.FID, root},
			{"fid of torch-fidelity", got["fid"].Value, g.TFFID, 1e-6},
			{"kid", got["kid"].Value, g.KID[0], 1e-12},
			{"kid, sd", got["kid"].SD, g.KID[1], 1e-12},
			{"fid-inf", got["inf"].Value, g.Inf[0], 10 * root},
			{"fid-inf, sd", got["inf"].SD, g.Inf[1], 10 * root},
			{"is", got["is"].Value, g.IS[0], 1e-12},
			{"is, sd", got["is"].SD, g.IS[1], 1e-12},
			{"is of torch-fidelity", got["is"].Value, g.TFIS[0], 1e-12},
			{"is of torch-fidelity, sd", got["is"].SD, g.TFIS[1], 1e-12},
			{"precision", got["p"].Value, g.PRDC[0], 0},
			{"recall", got["r"].Value, g.PRDC[1], 0},
			{"density", got["d"].Value, g.PRDC[2], 1e-15},
			{"coverage", got["c"].Value, g.PRDC[3], 0},
			{"precision of prdc", got["p"].Value, g.PkgPRDC[0], 1e-15},
			{"recall of prdc", got["r"].Value, g.PkgPRDC[1], 1e-15},
			{"density of prdc", got["d"].Value, g.PkgPRDC[2], 1e-15},
			{"coverage of prdc", got["c"].Value, g.PkgPRDC[3], 1e-15},
			{"precision of torch-fidelity", got["p"].Value, g.TFPR[0], 1e-7},
			{"recall of torch-fidelity", got["r"].Value, g.TFPR[1], 1e-7},
		} {
			if !near(c.got, c.want, c.tolerance) {
				t.Errorf("%s: %s: got %v, want %v", g.Name, c.what, c.got, c.want)
			}
		}
		if g.Images == g.Ref && !near(got["kid"].Value, g.TFKID, 1e-12) {
			t.Errorf("%s: kid: got %v, torch-fidelity has %v", g.Name, got["kid"].Value, g.TFKID)
		}
	}
}

// TestStatisticsOfAnyThreads finds the same bits with one thread and with several.
func TestStatisticsOfAnyThreads(t *testing.T) {
	g := goldens(t)[0]
	several := fmt.Sprint(measured(t, g))
	defer metrics.UseThreads(0)
	metrics.UseThreads(1)
	one := fmt.Sprint(measured(t, g))
	metrics.UseThreads(5)
	if five := fmt.Sprint(measured(t, g)); one != several || five != several {
		t.Errorf("got %s, one thread %s, five %s", several, one, five)
	}
}

// TestIdenticalSets compares sets with themselves.
func TestIdenticalSets(t *testing.T) {
	for _, dim := range []int{3, 48} {
		x := vectors(7, 40, dim, 0.25)
		if dim == 3 { // and images that occur twice, whose balls have no size
			x = x.Pick([]int{0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
		}
		s, err := x.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if d, err := metrics.Frechet(s, s); err != nil || d > 1e-9 {
			t.Errorf("dimension %d: distance %v, %v; want 0 up to 1e-9", dim, d, err)
		}
		p, r, d, c, err := metrics.Neighbourhoods(x, x)
		if err != nil || p != 1 || r != 1 {
			t.Errorf("dimension %d: precision %v, recall %v, %v; want 1 and 1", dim, p, r, err)
		}
		if dim == 48 && (d != 1 || c != 1) {
			t.Errorf("dimension %d: density %v, coverage %v; want 1 and 1", dim, d, c)
		}
	}
}

// TestInceptionScoreBounds has the scores that need no network: of one prediction for
// all images, and of as many sure classes as there are.
func TestInceptionScoreBounds(t *testing.T) {
	const n, classes = 200, 4
	same, sure := make([]float32, n*classes), make([]float32, n*classes)
	for i := range n {
		same[i*classes] = 3
		sure[i*classes+i%classes] = 1e4
	}
	for want, logits := range map[float64][]float32{1: same, classes: sure} {
		got, err := metrics.InceptionScore(metrics.RowsOf(logits, classes))
		if err != nil || !near(got.Value, want, 1e-12) || got.SD > 1e-12 {
			t.Errorf("got %+v, %v; want %v", got, err, want)
		}
	}
}

// TestTooFewImages refuses sets of one image and others that a statistic cannot use.
func TestTooFewImages(t *testing.T) {
	set := func(n int) *metrics.Rows { return vectors(3, n, 4, 0) }
	ref, err := metrics.NewReference(metrics.Stats{Mu: []float64{0}, Sigma: []float64{1}})
	if err != nil {
		t.Fatal(err)
	}
	for want, f := range map[string]func() error{
		"statistics of one image, want at least 2":              func() error { _, err := set(1).Stats(); return err },
		"kid: sets of 5 and 1 images, want at least 2":          func() error { _, err := metrics.KID(set(5), set(1)); return err },
		"score: 9 images, want at least 10":                     func() error { _, err := metrics.InceptionScore(set(9)); return err },
		"extrapolation: 19 images, want at least 20":            func() error { _, err := metrics.Infinity(set(19), ref); return err },
		"set of 3 images, want more than 3":                     func() error { _, _, _, _, err := metrics.Neighbourhoods(set(3), set(9)); return err },
		"set of 5 images, want more than 5, in the reference":   func() error { _, _, _, _, err := metrics.Neighbourhoods(set(9), set(5)); return err },
		"neighbours: features of dimension 4 and 5, want one":   func() error { _, _, _, _, err := metrics.Neighbourhoods(set(9), vectors(1, 9, 5, 0)); return err },
		"metrics: kid: features of dimension 4 and 5, want one": func() error { _, err := metrics.KID(set(9), vectors(1, 9, 5, 0)); return err },
		"features of dimension 4, but the reference has 1":      func() error { _, err := metrics.Infinity(set(20), ref); return err },
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// pixels are images of which every value is a feature, and every other one a logit.
type pixels struct{ values int }

func (p pixels) Dim() int     { return p.values }
func (p pixels) Batch() int   { return 3 }
func (p pixels) Classes() int { return p.values / 2 }
func (p pixels) Features(images, out []float32) error {
	copy(out, images)
	return nil
}
func (p pixels) Embed(images, features, logits []float32) error {
	copy(features, images)
	for i := range logits {
		logits[i] = images[2*i]
	}
	return nil
}

// thirds are n images of three classes in turn.
func thirds(n int) (labels []int) {
	for i := range n {
		labels = append(labels, i%3)
	}
	return labels
}

// TestIntra compares class by class, which is nothing else than the distances of what
// belongs to each.
func TestIntra(t *testing.T) {
	x, y := vectors(1, 60, 5, 0.25), vectors(2, 45, 5, 0)
	ref := metrics.Set{Vectors: y, Labels: thirds(45)}
	got, err := metrics.Intra(x, thirds(60), &ref)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for class := range 3 {
		pick := func(r *metrics.Rows) metrics.Stats {
			var index []int
			for i := class; i < r.N(); i += 3 {
				index = append(index, i)
			}
			s, err := r.Pick(index).Stats()
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		d, err := metrics.Frechet(pick(x), pick(y))
		if err != nil {
			t.Fatal(err)
		}
		sum += d
		if !strings.Contains(got.Note, fmt.Sprintf("%d: %.4g", class, d)) {
			t.Errorf("note %q, want class %d with %.4g", got.Note, class, d)
		}
	}
	if !near(got.Value, sum/3, 1e-12) || got.SD <= 0 {
		t.Errorf("got %+v, want the mean %v", got, sum/3)
	}
	if strings.Contains(got.Note, "biased") {
		t.Errorf("note %q of classes of 15 and more in 5 dimensions", got.Note)
	}
	small := metrics.Set{Vectors: vectors(2, 15, 5, 0), Labels: thirds(15)}
	if got, err := metrics.Intra(x, thirds(60), &small); err != nil || !strings.HasPrefix(got.Note, "biased: classes of 5 images and more for 5 dimensions; SD over 3 classes; ") {
		t.Errorf("classes of 5: %q, %v", got.Note, err)
	}
	few := thirds(60)
	for i := range few {
		few[i] %= 2
	}
	if _, err := metrics.Intra(x, few, &ref); err == nil || !strings.Contains(err.Error(), "class 2: got too few images") {
		t.Errorf("no image of a class: %v", err)
	}
	if _, err := metrics.Intra(x, nil, &ref); err == nil || !strings.Contains(err.Error(), "0 labels of 60 images") {
		t.Errorf("without classes: %v", err)
	}
}

// TestByClassNeedsClasses: what compares class by class is refused before an image is
// made, where they have none.
func TestByClassNeedsClasses(t *testing.T) {
	cfg := metrics.CollectorConfig{
		Features: corners{10, 4}, Nimg: 20, SourceBatch: 10, Values: 4,
		Source: func(int, []float32) error { t.Error("an image was made"); return nil },
	}
	_, err := metrics.NewJudge([]string{"intra-fid"}, cfg, metrics.Ref{Path: "ref.npz", Set: &metrics.Set{}})
	if err == nil || !strings.HasPrefix(err.Error(), "metrics: by class: 0 labels of 20 images, want one of each") {
		t.Errorf("without classes: %v", err)
	}
}

// allStatistics judges 40 images by everything that there is, in one pass.
func allStatistics(t *testing.T, store metrics.Store, seen *int) *metrics.Judge {
	t.Helper()
	images, ref := vectors(5, 48, 6, 0.25), vectors(6, 30, 6, 0)
	s, err := ref.Stats()
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := metrics.WriteSet(&file, metrics.Set{Stats: s, Vectors: ref, Labels: thirds(30)}); err != nil {
		t.Fatal(err)
	}
	j, err := metrics.NewJudge(metrics.Statistics.Names(), metrics.CollectorConfig{
		Features: pixels{6}, SourceBatch: 8, Values: 6, Nimg: 42, Store: store, Labels: thirds(42),
		Source: func(first int, out []float32) error {
			*seen += 8
			copy(out, images.Data()[first*6:])
			return nil
		},
	}, metrics.Ref{Path: "ref.npz", ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func results(t *testing.T, j *metrics.Judge) []metrics.Number {
	t.Helper()
	if _, err := j.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	numbers, err := j.Results()
	if err != nil {
		t.Fatal(err)
	}
	return numbers
}

// TestOnePass sees every image once for all statistics, again after a reset, and
// resumes from a state after any step with the same numbers.
func TestOnePass(t *testing.T) {
	seen := 0
	j := allStatistics(t, nil, &seen)
	want := results(t, j)
	if seen != 48 { // the last call asks beyond
		t.Errorf("%d images made, want 48", seen)
	}
	j.Reset()
	if got := results(t, j); !slices.Equal(got, want) {
		t.Errorf("after a reset: got %v, want %v", got, want)
	}
	for steps := range 7 {
		first, second := allStatistics(t, nil, &seen), allStatistics(t, nil, &seen)
		for range steps {
			if _, err := first.Step(); err != nil {
				t.Fatal(err)
			}
		}
		if err := second.Restore(first.State()); err != nil {
			t.Fatal(err)
		}
		if got := results(t, second); !slices.Equal(got, want) {
			t.Errorf("resumed after %d steps: got %v, want %v", steps, got, want)
		}
	}
}
