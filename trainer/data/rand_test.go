package data_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/trainer/data"
)

func normals(r *data.Rand, n int) []float32 {
	x := make([]float32, n)
	r.FillNormal(x)
	return x
}

func TestStreamsAreNamed(t *testing.T) {
	a, b := data.NewStreams(1), data.NewStreams(1)
	if a.Stream("gen.z") != a.Stream("gen.z") {
		t.Error("one name, two streams")
	}
	b.Stream("disc.z") // another stream, used first, changes nothing
	normals(b.Stream("disc.z"), 10)
	x := normals(a.Stream("gen.z"), 50)
	if !slices.Equal(x, normals(b.Stream("gen.z"), 50)) {
		t.Error("a stream depends on the others")
	}
	if slices.Equal(x, normals(a.Stream("disc.z"), 50)) || slices.Equal(x, normals(data.NewStreams(2).Stream("gen.z"), 50)) {
		t.Error("another name or seed gives the same numbers")
	}
}

// TestStreamValues pins the numbers, on which the exact repetition of runs
// across versions rests.
func TestStreamValues(t *testing.T) {
	r := data.NewStreams(42).Stream("gen.z")
	if got, want := r.Uint64(), uint64(0x24044356dfb6e6e1); got != want {
		t.Errorf("first word %#x, want %#x", got, want)
	}
	want := []float32{-0.11840609, -2.4690804, -0.19372125, 0.8782882, -0.5724508, 1.2626889, -0.8929467, 0.854468}
	for i, got := range normals(r, len(want)) {
		if math.Abs(float64(got-want[i])) > 1e-6 {
			t.Errorf("normal %d: %v, want %v", i, got, want[i])
		}
	}
}

func TestStreamsResume(t *testing.T) {
	s := data.NewStreams(9)
	for range 3 {
		normals(s.Stream("gen.z"), 1001)
		s.Stream("r1").Uniform()
	}
	state := s.State()
	fresh := data.NewStreams(0)
	early, unknown := fresh.Stream("gen.z"), fresh.Stream("later")
	if err := fresh.Restore(state); err != nil {
		t.Fatal(err)
	}
	if fresh.Seed() != 9 {
		t.Errorf("seed %d, want 9", fresh.Seed())
	}
	want := normals(s.Stream("gen.z"), 999)
	if !slices.Equal(normals(early, 999), want) {
		t.Error("a stream held since before the restore does not continue")
	}
	if fresh.Stream("r1").Uint64() != s.Stream("r1").Uint64() {
		t.Error("stream r1 does not continue")
	}
	if unknown.Uint64() != data.NewStreams(9).Stream("later").Uint64() {
		t.Error("a stream that the state lacks does not start from the restored seed")
	}
}

func TestStreamsRestoreErrors(t *testing.T) {
	s := data.NewStreams(9)
	before := data.NewStreams(9).Stream("a").Uint64()
	const want = `data: random stream "a": state of 3 bytes`
	bad := data.StreamsState{Seed: 1, Streams: map[string][]byte{"a": make([]byte, 3)}}
	if err := s.Restore(bad); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if s.Seed() != 9 || s.Stream("a").Uint64() != before {
		t.Error("a refused state changed the streams")
	}
	if err := new(data.Rand).UnmarshalBinary(nil); err == nil {
		t.Error("an empty state: no error")
	}
}

// TestFillNormalDistribution compares a million deviates with the normal
// distribution: moments, Kolmogorov-Smirnov, tails, and independence of
// neighbours, which share a 64-bit draw.
func TestFillNormalDistribution(t *testing.T) {
	const n = 1 << 20
	x := normals(data.NewStreams(123).Stream("z"), n)
	var m1, m2, m3, m4, lag, lagSquares float64
	for i, v := range x {
		f := float64(v)
		m1, m2, m3, m4 = m1+f, m2+f*f, m3+f*f*f, m4+f*f*f*f
		if i%2 == 1 {
			lag += f * float64(x[i-1])
			lagSquares += (f*f - 1) * (float64(x[i-1])*float64(x[i-1]) - 1)
		}
	}
	root := math.Sqrt(n)
	for name, c := range map[string]struct{ got, want, sd float64 }{
		"mean":                       {m1 / n, 0, 1 / root},
		"second moment":              {m2 / n, 1, math.Sqrt(2) / root},
		"third moment":               {m3 / n, 0, math.Sqrt(15) / root},
		"fourth moment":              {m4 / n, 3, math.Sqrt(96) / root},
		"product within a pair":      {2 * lag / n, 0, math.Sqrt(2) / root},
		"squares' product in a pair": {2 * lagSquares / n, 0, math.Sqrt(2) * 2 / root},
	} {
		if math.Abs(c.got-c.want) > 4*c.sd {
			t.Errorf("%s %v, want %v +- %v", name, c.got, c.want, c.sd)
		}
	}
	slices.Sort(x)
	worst := 0.0
	for i, v := range x {
		cdf := 0.5 * math.Erfc(-float64(v)/math.Sqrt2)
		worst = max(worst, math.Abs(cdf-float64(i)/n), math.Abs(cdf-float64(i+1)/n))
	}
	if worst*root > 1.95 { // exceeded once in a thousand
		t.Errorf("Kolmogorov-Smirnov distance %v, want below %v", worst, 1.95/root)
	}
	for _, bound := range []float64{1, 2, 3, 3.6541528853610088, 4, 4.5} {
		for _, sign := range []float64{1, -1} {
			got := 0
			for _, v := range x {
				if sign*float64(v) > bound {
					got++
				}
			}
			want := 0.5 * math.Erfc(bound/math.Sqrt2) * n
			if math.Abs(float64(got)-want) > 4*math.Sqrt(want)+1 {
				t.Errorf("%d values beyond %v, want %.1f", got, sign*bound, want)
			}
		}
	}
}

func TestNormalTail(t *testing.T) {
	const n = 200000
	r := data.NewStreams(8).Stream("tail")
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(data.NormalTail(r))
		if x[i] < data.ZigR*(1-1e-7) {
			t.Fatalf("%v is not beyond %v", x[i], data.ZigR)
		}
	}
	for _, bound := range []float64{3.7, 3.8, 4, 4.3, 4.6} {
		p := math.Erfc(bound/math.Sqrt2) / math.Erfc(data.ZigR/math.Sqrt2)
		got := 0
		for _, v := range x {
			if v > bound {
				got++
			}
		}
		if sd := math.Sqrt(n * p * (1 - p)); math.Abs(float64(got)-n*p) > 4*sd {
			t.Errorf("%d of %d beyond %v, want %.0f +- %.0f", got, n, bound, n*p, sd)
		}
	}
}

func TestUniformAndIntN(t *testing.T) {
	r := data.NewStreams(5).Stream("u")
	x := make([]float32, 100000)
	r.FillUniform(x)
	sum, lo, hi := 0.0, float32(1), float32(0)
	for _, v := range x {
		sum, lo, hi = sum+float64(v), min(lo, v), max(hi, v)
	}
	if mean := sum / float64(len(x)); math.Abs(mean-0.5) > 0.005 || lo < 0 || hi >= 1 || lo > 0.001 || hi < 0.999 {
		t.Errorf("uniform: mean %v, range %v to %v", mean, lo, hi)
	}
	if u := r.Uniform(); u < 0 || u >= 1 {
		t.Errorf("uniform %v", u)
	}
	var counts [10]int
	for range 100000 {
		counts[r.IntN(10)]++
	}
	for k, c := range counts {
		if c < 9600 || c > 10400 {
			t.Errorf("%d drawn %d times of 100000, want about 10000", k, c)
		}
	}
	if p := rand.New(r).Perm(5); len(p) != 5 { // a Source for the standard library
		t.Errorf("permutation %v", p)
	}
	defer func() {
		if recover() == nil {
			t.Error("IntN(0): no panic")
		}
	}()
	r.IntN(0)
}

func TestImageNormalsDoNotDependOnBatches(t *testing.T) {
	const per = 7 // odd, so that a pair would straddle two images
	all := make([]float32, 10*per)
	data.ImageNormals(100, per, all)
	for first := 0; first < 10; first += 2 {
		part := make([]float32, 2*per)
		data.ImageNormals(100+uint64(first), per, part)
		if !slices.Equal(part, all[first*per:(first+2)*per]) {
			t.Errorf("images %d and %d differ in a batch of two", first, first+1)
		}
	}
	if slices.Equal(all[:per], all[per:2*per]) {
		t.Error("two images of the same noise")
	}
}

func TestImageLabels(t *testing.T) {
	const classes, n = 4, 4000
	all := make([]float32, n*classes)
	all[0], all[1] = 7, 7 // of an earlier use
	data.ImageLabels(100, classes, all)
	part := make([]float32, 3*classes)
	data.ImageLabels(102, classes, part)
	if !slices.Equal(part, all[2*classes:5*classes]) {
		t.Error("labels differ in another batch")
	}
	var counts [classes]int
	for i := range n {
		label := all[i*classes : (i+1)*classes]
		class := slices.Index(label, 1)
		if class < 0 || label[0]+label[1]+label[2]+label[3] != 1 {
			t.Fatalf("label %v of image %d, want one 1", label, i)
		}
		counts[class]++
	}
	for class, c := range counts { // five standard deviations
		if c < n/classes-137 || c > n/classes+137 {
			t.Errorf("class %d drawn %d times of %d", class, c, n)
		}
	}
}

func TestDrawingDoesNotAllocate(t *testing.T) {
	r := data.NewStreams(1).Stream("z")
	s := data.NewSampler(100, 1)
	x, idx := make([]float32, 1001), make([]int, 64)
	for name, f := range map[string]func(){
		"FillNormal":   func() { r.FillNormal(x) },
		"Next":         func() { s.Next(idx) },
		"ImageNormals": func() { data.ImageNormals(1, 100, x) },
	} {
		if n := testing.AllocsPerRun(20, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkFillNormal(b *testing.B) {
	r := data.NewStreams(1).Stream("z")
	x := make([]float32, 1<<14)
	for b.Loop() {
		r.FillNormal(x)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(x)), "ns/value")
}
