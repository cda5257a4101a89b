package frechet_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"innate/models"
	"innate/models/frechet"
)

// golden is what testdata/golden.py has computed.
type golden struct {
	Dim, Images      int
	Decay            float64
	Mean, Covariance []float64
	Batches          []struct {
		X, Grad  []float64
		Distance float64
	}
}

// TestGolden compares averages, distances and gradients with PyTorch's, of which the
// root is another and the gradient autograd's: to 5e-5 and 2e-5 of the largest, which is
// what rounding the averages to float32 does where a root is of few images.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]golden
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { c.compare(t) })
	}
}

func (c golden) compare(t *testing.T) {
	target, err := frechet.NewTarget(c.Mean, c.Covariance)
	if err != nil {
		t.Fatal(err)
	}
	a := frechet.NewAverage("a", c.Dim, c.Images)
	a.Compare(target)
	const before, after = 2, 1 // columns of others
	stride := before + c.Dim + after
	for k, batch := range c.Batches {
		rows := make([]float32, c.Images*stride)
		at := func(i int) *float32 { return &rows[i/c.Dim*stride+before+i%c.Dim] }
		for i, v := range batch.X {
			*at(i) = float32(v)
		}
		got := a.Step(rows, stride, before, c.Decay, 0.5)
		if math.Abs(got-batch.Distance) > 5e-5*math.Max(1, batch.Distance) {
			t.Errorf("batch %d: distance %v, want %v", k, got, batch.Distance)
		}
		largest := 0.0
		for _, v := range batch.Grad {
			largest = math.Max(largest, math.Abs(v))
		}
		for i, v := range batch.Grad {
			if got := 2 * float64(*at(i)); math.Abs(got-v) > 2e-5*largest {
				t.Errorf("batch %d: gradient %d is %v, want %v", k, i, got, v)
			}
		}
		for i := range c.Images {
			if row := rows[i*stride:][:stride]; row[0] != 0 || row[1] != 0 || row[stride-1] != 0 {
				t.Errorf("batch %d: columns of others changed", k)
			}
		}
	}
}

// TestDifferences compares the gradient for a covariance with central differences of the
// distance. Smoothing changes the gradient by less than 1e-4 of it for eigenvalues as
// large as these.
func TestDifferences(t *testing.T) {
	const d, h = 5, 1e-5
	rng := rand.New(rand.NewPCG(1, 2))
	covariance := func() []float64 {
		f, s := make([]float64, 3*d*d), make([]float64, d*d)
		for i := range f {
			f[i] = rng.NormFloat64()
		}
		for i := range s {
			for k := range 3 * d {
				s[i] += f[k*d+i/d] * f[k*d+i%d] / (3 * d)
			}
		}
		return s
	}
	real := covariance()
	target, err := frechet.NewTarget(make([]float64, d), real)
	if err != nil {
		t.Fatal(err)
	}
	sigma, delta, grad, other := covariance(), []float64{1, 0, 0.5, 0, -1}, make([]float64, d*d), make([]float64, d*d)
	at := func(i int, h float64) float64 {
		s := slices.Clone(sigma)
		s[i] += h / 2
		s[i%d*d+i/d] += h / 2
		return target.Distance(delta, s, other)
	}
	target.Distance(delta, sigma, grad)
	for i := range grad {
		if want := (at(i, h) - at(i, -h)) / (2 * h); math.Abs(grad[i]-want) > 1e-4 {
			t.Errorf("gradient %d is %v, want %v", i, grad[i], want)
		}
	}
	if dist := target.Distance(make([]float64, d), real, grad); math.Abs(dist) > 1e-9 {
		t.Errorf("distance from itself %v, want 0", dist)
	}
}

// TestMoments: what is added batch by batch and kept as float32 is mean and covariance of
// all vectors, and features of which none ever changes are refused.
func TestMoments(t *testing.T) {
	rows := []float32{1, 5, 2, 9, 3, 5, 4, 9, 8, 5, 6, 9} // columns 0 and 2 change, 1 and 3 do not
	m := frechet.NewMoments(2)
	m.Add(rows[:4], 1, 4, 1)
	m.Add(rows[4:], 2, 4, 1)
	mean, covariance := models.NewParam("mean", 2), models.NewParam("covariance", 2, 2)
	m.Fill(mean, covariance)
	if want := []float32{5, 4}; !slices.Equal(mean.Data, want) {
		t.Errorf("mean %v, want %v", mean.Data, want)
	}
	if want := []float32{0, 0, 0, float32(8.0 / 3)}; !slices.Equal(covariance.Data, want) {
		t.Errorf("covariance %v, want %v", covariance.Data, want)
	}
	target, err := frechet.Read(mean, covariance)
	if err != nil || math.Abs(target.Trace-8.0/3) > 1e-6 {
		t.Errorf("target %+v, %v", target, err)
	}
	clear(covariance.Data)
	if _, err := frechet.Read(mean, covariance); err == nil {
		t.Error("a covariance of 0 is compared with")
	}
	if _, err := frechet.NewTarget([]float64{math.NaN()}, []float64{1}); err == nil {
		t.Error("NaN is compared with")
	}
}

// TestNotFinite: a batch with a feature that is no number has no gradient that is one, and
// leaves the averages as they were.
func TestNotFinite(t *testing.T) {
	target, err := frechet.NewTarget([]float64{0, 0}, []float64{1, 0, 0, 1})
	if err != nil {
		t.Fatal(err)
	}
	a := frechet.NewAverage("a", 2, 2)
	a.Compare(target)
	a.Step([]float32{1, 2, 3, 5}, 2, 0, 0.5, 1)
	before := slices.Clone(a.Second.Data)
	rows := []float32{1, float32(math.Inf(1)), 3, 5}
	if dist := a.Step(rows, 2, 0, 0.5, 1); !math.IsNaN(dist) || rows[0] == rows[0] {
		t.Errorf("distance %v, gradients %v, want NaN", dist, rows)
	}
	if !slices.Equal(before, a.Second.Data) || a.Weight.Data[0] != 0.5 {
		t.Errorf("averages %v of the weight %v, want %v of 0.5", a.Second.Data, a.Weight.Data, before)
	}
}

// TestAllocations: a step allocates nothing once it has run.
func TestAllocations(t *testing.T) {
	const d, n = 16, 8
	sigma := make([]float64, d*d)
	for i := range d {
		sigma[i*(d+1)] = 1
	}
	target, err := frechet.NewTarget(make([]float64, d), sigma)
	if err != nil {
		t.Fatal(err)
	}
	a := frechet.NewAverage("a", d, n)
	a.Compare(target)
	rows := make([]float32, n*d)
	step := func() {
		for i := range rows {
			rows[i] = float32(i*i%11) / 11
		}
		a.Step(rows, d, 0, 0.9, 1)
	}
	step()
	if n := testing.AllocsPerRun(5, step); n > 0 {
		t.Errorf("a step allocates %v times", n)
	}
}
