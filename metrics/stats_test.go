package metrics_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/metrics"
	"innate/models/kernels"
)

// normals draws n vectors of dimension d: mean + scale*N(0, 1) per axis.
func normals(seed uint64, n int, mean, scale []float64) []float32 {
	rng := rand.New(rand.NewPCG(seed, 0))
	out := make([]float32, 0, n*len(mean))
	for range n {
		for i := range mean {
			out = append(out, float32(mean[i]+scale[i]*rng.NormFloat64()))
		}
	}
	return out
}

func statsOf(t *testing.T, dim int, rows []float32) metrics.Stats {
	t.Helper()
	acc := metrics.NewAccumulator(dim)
	acc.Add(rows, len(rows)/dim)
	s, err := acc.Stats()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStatsByHand(t *testing.T) {
	s := statsOf(t, 2, []float32{1, 2, 3, 6, 5, 4})
	if want := []float64{3, 4}; !slices.Equal(s.Mu, want) {
		t.Errorf("mu %v, want %v", s.Mu, want)
	}
	if want := []float64{4, 2, 2, 4}; !slices.Equal(s.Sigma, want) {
		t.Errorf("sigma %v, want %v (divisor n-1)", s.Sigma, want)
	}
	if s.N != 3 || s.RankDeficient() {
		t.Errorf("n %d, rank deficient %v; want 3, false", s.N, s.RankDeficient())
	}
}

func TestStatsDoNotDependOnBatches(t *testing.T) {
	const dim, n = 7, 41
	rows := normals(1, n, make([]float64, dim), slices.Repeat([]float64{3}, dim))
	want := statsOf(t, dim, rows)
	for _, batch := range []int{1, 2, 3, 4, 5, 16, 40} {
		acc := metrics.NewAccumulator(dim)
		for part := range slices.Chunk(rows, batch*dim) {
			acc.Add(part, len(part)/dim)
		}
		got, err := acc.Stats()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Mu, want.Mu) || !slices.Equal(got.Sigma, want.Sigma) {
			t.Errorf("batches of %d give other bits than one batch", batch)
		}
	}
}

// TestStatsOfPlainSums finds the bits of sums in the order of the vectors, for any number
// of threads and however the vectors come, past what waits to be added.
func TestStatsOfPlainSums(t *testing.T) {
	const dim, n = 70, 1100
	rows := normals(8, n, slices.Repeat([]float64{30}, dim), slices.Repeat([]float64{2}, dim))
	outer := make([]float64, dim*dim)
	for row := range slices.Chunk(rows, dim) {
		for i, v := range row {
			for j := i; j < dim; j++ {
				outer[i*dim+j] += float64(float64(v) * float64(row[j]))
			}
		}
	}
	defer metrics.UseThreads(0)
	for _, threads := range []int{1, 2, 5} {
		metrics.UseThreads(threads)
		for _, batch := range []int{1, 50, 511, n} {
			if got := metrics.OuterSums(dim, rows, batch); !slices.Equal(got, outer) {
				t.Errorf("%d threads, batches of %d: other bits than plain sums", threads, batch)
			}
		}
	}
}

// TestStatsError compares covariances of features whose mean is a hundred times their
// deviation with exact ones: sums of n values, each rounded once, are off by less than
// n/2 roundings of mean squares.
func TestStatsError(t *testing.T) {
	const dim, n = 2, 20000
	rows := normals(9, n, []float64{100, -100}, []float64{1, 2})
	s := statsOf(t, dim, rows)
	exact := func(f func(row []float32) *big.Float) *big.Float {
		sum := new(big.Float).SetPrec(300)
		for row := range slices.Chunk(rows, dim) {
			sum.Add(sum, f(row))
		}
		return sum
	}
	wide := func(v float32) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(float64(v)) }
	for i := range dim {
		for j := range dim {
			si := exact(func(row []float32) *big.Float { return wide(row[i]) })
			sj := exact(func(row []float32) *big.Float { return wide(row[j]) })
			both := exact(func(row []float32) *big.Float { return wide(row[i]).Mul(wide(row[i]), wide(row[j])) })
			both.Sub(both, si.Mul(si, sj).Quo(si, big.NewFloat(n)))
			want, _ := both.Quo(both, big.NewFloat(n-1)).Float64()
			if got := s.Sigma[i*dim+j]; math.Abs(got-want) > n/2*0x1p-53*100*100 {
				t.Errorf("sigma[%d,%d] is %v, want %v: an error of %.2g", i, j, got, want, got-want)
			}
		}
	}
}

func TestStatsMergeAndReset(t *testing.T) {
	const dim, n = 5, 30
	rows := normals(2, n, []float64{1, 2, 3, 4, 100}, []float64{1, 1, 2, 2, 0.01})
	want := statsOf(t, dim, rows)
	a, b := metrics.NewAccumulator(dim), metrics.NewAccumulator(dim)
	a.Add(rows[:11*dim], 11)
	b.Add(rows[11*dim:], n-11)
	a.Merge(b)
	got, err := a.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if got.N != n || a.N() != n || b.N() != n-11 {
		t.Errorf("counts %d, %d, %d; want %d, %d, %d", got.N, a.N(), b.N(), n, n, n-11)
	}
	for i := range want.Sigma {
		if d := math.Abs(got.Sigma[i] - want.Sigma[i]); d > 1e-9 {
			t.Errorf("sigma[%d] %v, want %v", i, got.Sigma[i], want.Sigma[i])
		}
	}
	a.Reset()
	a.Add(rows, n)
	got, err = a.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Sigma, want.Sigma) {
		t.Error("a reset accumulator differs from a new one")
	}
}

func TestStatsConstantFeature(t *testing.T) {
	rows := make([]float32, 0, 200)
	for i := range 100 {
		rows = append(rows, 0.1, float32(i))
	}
	s := statsOf(t, 2, rows)
	if v := s.Sigma[0]; v < 0 || v > 1e-15 {
		t.Errorf("variance of a constant feature %v, want 0", v)
	}
}

func TestStatsErrors(t *testing.T) {
	acc := metrics.NewAccumulator(2)
	acc.Add([]float32{1, 2}, 1)
	if _, err := acc.Stats(); err == nil || !strings.Contains(err.Error(), "statistics of one image, want at least 2") {
		t.Errorf("one vector: %v", err)
	}
	acc.Add([]float32{1, float32(math.NaN())}, 1)
	if _, err := acc.Stats(); err == nil || !strings.Contains(err.Error(), "mu[1] is NaN") {
		t.Errorf("NaN: %v", err)
	}
	bad := metrics.Stats{Mu: []float64{1, 2}, Sigma: []float64{1}}
	if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "sigma has 1 values, want 4") {
		t.Errorf("sizes: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("three values as two vectors of two: no panic")
		}
	}()
	acc.Add([]float32{1, 2, 3}, 2)
}

func BenchmarkAdd(b *testing.B) {
	const dim, n = 128, 64
	rows := normals(1, n, make([]float64, dim), slices.Repeat([]float64{1}, dim))
	acc := metrics.NewAccumulator(dim)
	b.ReportAllocs()
	for b.Loop() {
		acc.Add(rows, n)
	}
}

// BenchmarkCovariance adds Inception's vectors to their covariance: the upper
// triangle's products a second, and their share of what the machine can do in float64,
// half of what it does in float32, measured before and after.
func BenchmarkCovariance(b *testing.B) {
	const dim, n = 2048, 2048
	rows := normals(1, n, make([]float64, dim), slices.Repeat([]float64{1}, dim))
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			metrics.UseThreads(threads)
			defer metrics.UseThreads(0)
			pool := kernels.NewPool(threads)
			defer pool.Close()
			acc := metrics.NewAccumulator(dim)
			acc.Add(rows, n)
			peak := kernels.MeasurePeak(pool, 200*time.Millisecond)
			for b.Loop() {
				acc.Add(rows, n)
			}
			rate := float64(b.N) * n * dim * (dim + 1) / b.Elapsed().Seconds()
			peak = (peak + kernels.MeasurePeak(pool, 200*time.Millisecond)) / 2 / 2
			b.ReportMetric(rate/1e9, "GFLOP/s")
			b.ReportMetric(100*rate/peak, "%ofpeak")
		})
	}
}
