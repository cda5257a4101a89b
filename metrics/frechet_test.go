package metrics_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/npz"
)

func frechet(t *testing.T, a, b metrics.Stats) float64 {
	t.Helper()
	d, err := metrics.Frechet(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestFrechetGolden compares with SciPy's sqrtm on the reference's features.
func TestFrechetGolden(t *testing.T) {
	arrays, err := npz.Load("testdata/fid.npz")
	if err != nil {
		t.Fatal(err)
	}
	stats := func(name string) metrics.Stats {
		a := arrays[name]
		rows := make([]float32, len(a.Data))
		for i, v := range a.Data {
			rows[i] = float32(v)
			if float64(rows[i]) != v {
				t.Fatalf("%s[%d] = %v is no float32", name, i, v)
			}
		}
		return statsOf(t, a.Shape[1], rows)
	}
	want := arrays["fid"].Data[0]
	if got := frechet(t, stats("fid_a"), stats("fid_b")); math.Abs(got-want) > 1e-9*want {
		t.Errorf("fid %.12g, want %.12g", got, want)
	}
}

// TestFrechetOfAnyRank compares with SciPy, of sets with more images than dimensions and
// with fewer. Singular values, which it finds without squaring, are what innate is near
// in all cases; of its symmetric and of its general root rounding is left where ranks
// are low, a root of 1e-16 in each dimension.
func TestFrechetOfAnyRank(t *testing.T) {
	text, err := os.ReadFile("testdata/frechet.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Images, Ref, Dim           int
		Singular, Symmetric, Sqrtm float64
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, g := range list {
		x, y := vectors(1, g.Images, g.Dim, 0.25), vectors(2, g.Ref, g.Dim, 0)
		got := frechet(t, statsOf(t, g.Dim, x.Data()), statsOf(t, g.Dim, y.Data()))
		root := 1e-12
		if min(g.Images, g.Ref) <= g.Dim {
			root = 2e-6
		}
		if !near(got, g.Singular, 1e-12) || !near(got, g.Symmetric, root) || !near(got, g.Sqrtm, root) {
			t.Errorf("%d images of %d against %d: got %v, want %v, %v, %v", g.Images, g.Dim, g.Ref, got, g.Singular, g.Symmetric, g.Sqrtm)
		}
		back := frechet(t, statsOf(t, g.Dim, y.Data()), statsOf(t, g.Dim, x.Data()))
		if !near(back, got, 1e-12) {
			t.Errorf("%d images against %d: got %v, and %v the other way", g.Images, g.Ref, got, back)
		}
	}
}

// TestFrechetOfFloat32 has a reference without full rank whose covariance was stored in
// float32: its eigenvalues are not 0 but of both signs.
func TestFrechetOfFloat32(t *testing.T) {
	const dim = 40
	x, y := statsOf(t, dim, vectors(1, 300, dim, 0.25).Data()), statsOf(t, dim, vectors(2, 25, dim, 0).Data())
	want := frechet(t, x, y)
	for i, v := range y.Sigma {
		y.Sigma[i] = float64(float32(v))
	}
	if got := frechet(t, x, y); !near(got, want, 1e-3) || got == want {
		t.Errorf("distance %v, and %v of float64; want them near each other", got, want)
	}
}

// TestFrechetClosedForm: for diagonal covariances the distance is
// sum (mu_a-mu_b)^2 + (s_a-s_b)^2 over the axes.
func TestFrechetClosedForm(t *testing.T) {
	a := diagonal([]float64{1, -2, 0.5}, []float64{1, 2, 3})
	b := diagonal([]float64{0, 1, 0.5}, []float64{4, 2, 0})
	want := 1.0 + 9 + 0 + 9 + 0 + 9
	if got := frechet(t, a, b); math.Abs(got-want) > 1e-9 {
		t.Errorf("distance %v, want %v", got, want)
	}
	if got := frechet(t, b, a); math.Abs(got-want) > 1e-9 {
		t.Errorf("swapped: distance %v, want %v", got, want)
	}
}

func diagonal(mu, sd []float64) metrics.Stats {
	s := metrics.Stats{Mu: mu, Sigma: make([]float64, len(mu)*len(mu))}
	for i, v := range sd {
		s.Sigma[i*len(mu)+i] = v * v
	}
	return s
}

// TestFrechetRotation: a common rotation of both Gaussians changes nothing, so
// a rotated diagonal pair has the diagonal pair's distance.
func TestFrechetRotation(t *testing.T) {
	a := diagonal([]float64{1, 2}, []float64{3, 0.5})
	b := diagonal([]float64{-1, 0}, []float64{1, 2})
	want := frechet(t, a, b)
	c, s := math.Cos(0.7), math.Sin(0.7)
	rotate := func(x metrics.Stats) metrics.Stats {
		p, q := x.Sigma[0], x.Sigma[3]
		return metrics.Stats{
			Mu:    []float64{c*x.Mu[0] - s*x.Mu[1], s*x.Mu[0] + c*x.Mu[1]},
			Sigma: []float64{c*c*p + s*s*q, c * s * (p - q), c * s * (p - q), s*s*p + c*c*q},
		}
	}
	if got := frechet(t, rotate(a), rotate(b)); math.Abs(got-want) > 1e-9 {
		t.Errorf("rotated: distance %v, want %v", got, want)
	}
}

func TestFrechetOfItselfAndSymmetry(t *testing.T) {
	const dim = 24
	mean, scale := make([]float64, dim), make([]float64, dim)
	for i := range mean {
		mean[i], scale[i] = float64(i), float64(i%5) // some features constant
	}
	a := statsOf(t, dim, normals(3, 100, mean, scale))
	b := statsOf(t, dim, normals(4, 90, slices.Repeat([]float64{2}, dim), scale))
	few := statsOf(t, dim, normals(5, 10, mean, scale)) // rank 9 at most
	if !few.RankDeficient() || a.RankDeficient() {
		t.Errorf("rank deficient: %v with 10 vectors, %v with 100", few.RankDeficient(), a.RankDeficient())
	}
	for name, s := range map[string]metrics.Stats{"full": a, "rank-deficient": few} {
		if d := frechet(t, s, s); d > 1e-6 {
			t.Errorf("%s: distance from itself %v, want 0", name, d)
		}
	}
	for name, pair := range map[string][2]metrics.Stats{"full": {a, b}, "rank-deficient": {a, few}} {
		ab, ba := frechet(t, pair[0], pair[1]), frechet(t, pair[1], pair[0])
		if ab <= 0 || math.Abs(ab-ba) > 1e-6 {
			t.Errorf("%s: distances %v and %v, want equal and positive", name, ab, ba)
		}
	}
}

// TestFrechetOfSamples: sample statistics approach the distance of the
// distributions they were drawn from.
func TestFrechetOfSamples(t *testing.T) {
	meanA, meanB := []float64{0, 0, 1}, []float64{1, 0, 0}
	sdA, sdB := []float64{1, 2, 1}, []float64{2, 2, 0.5}
	want := frechet(t, diagonal(meanA, sdA), diagonal(meanB, sdB))
	a := statsOf(t, 3, normals(6, 40000, meanA, sdA))
	b := statsOf(t, 3, normals(7, 40000, meanB, sdB))
	if got := frechet(t, a, b); math.Abs(got-want) > 0.05*want {
		t.Errorf("distance %v, want about %v", got, want)
	}
}

func TestFrechetErrors(t *testing.T) {
	a := diagonal([]float64{1, 2}, []float64{1, 1})
	named := func(s metrics.Stats, name string) metrics.Stats { s.Features = name; return s }
	nan := diagonal([]float64{1, 2}, []float64{1, math.NaN()})
	for _, c := range []struct {
		a, b metrics.Stats
		want string
	}{
		{a, diagonal([]float64{1}, []float64{1}), "features of dimension 2, but the reference has 1"},
		{named(a, "x"), named(a, "y"), `features of "x", but the reference was made with "y"`},
		{nan, a, "sigma[1,1] is NaN"},
		{a, nan, "sigma[1,1] is NaN"},
		{metrics.Stats{}, a, "mu is empty"},
	} {
		if _, err := metrics.Frechet(c.a, c.b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	if d := frechet(t, named(a, "x"), a); d != 0 {
		t.Errorf("one side unnamed: %v, want 0", d)
	}
}

// The distance to a reference that is ready: what an evaluation costs after its images.
// metrics/testdata/speed.py times SciPy's two ways.
func BenchmarkFrechet(b *testing.B) {
	for _, dim := range []int{128, 2048} {
		b.Run(fmt.Sprint(dim), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 1))
			rows := make([]float32, 2*dim*dim)
			stats := func() metrics.Stats {
				for i := range rows {
					rows[i] = float32(rng.NormFloat64())
				}
				acc := metrics.NewAccumulator(dim)
				acc.Add(rows, 2*dim)
				s, err := acc.Stats()
				if err != nil {
					b.Fatal(err)
				}
				return s
			}
			ref, err := metrics.NewReference(stats())
			if err != nil {
				b.Fatal(err)
			}
			s := stats()
			for b.Loop() {
				if _, err := ref.Distance(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
