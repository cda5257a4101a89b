package series_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"innate/trainer/series"
)

var nan = math.NaN()

// average computes a moving average anew, from the definition.
func average(ys []float64, weight float64) []float64 {
	out := make([]float64, len(ys))
	acc, mass := 0.0, 0.0
	for i, y := range ys {
		if out[i] = nan; y == y {
			acc, mass = weight*acc+(1-weight)*y, weight*mass+(1-weight)
			out[i] = acc / mass
		}
	}
	return out
}

// span summarizes values one by one.
func span(ys []float64, positive bool) (s series.Span) {
	for _, v := range ys {
		switch gap := v != v || positive && v <= 0; {
		case gap:
			s.HeadGap, s.TailGap = s.HeadGap || !s.Any, true
		case !s.Any:
			s.First, s.Last, s.Min, s.Max, s.Any, s.TailGap = v, v, v, v, true, false
		default:
			s.Last, s.Min, s.Max, s.TailGap = v, min(s.Min, v), max(s.Max, v), false
		}
	}
	return s
}

// TestSpans compares any range of columns of any length, with gaps, with sums
// made value by value, also of their averages, and after a cut.
func TestSpans(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for round := range 60 {
		run := new(series.Run)
		names := []string{"y"}
		var ys []float64
		gaps := []float64{0, 0.001, 0.3}[round%3]
		for piece := range 1 + r.IntN(4) {
			if piece == 2 && len(ys) > 1 {
				n := 1 + r.IntN(len(ys)-1)
				run.Cut(int64(n-1) * 1000)
				ys = ys[:n]
			}
			for range r.IntN(3000) {
				y := r.NormFloat64() + 1
				if r.Float64() < gaps {
					y = nan
				}
				run.Append(float64(len(ys)), time.Time{}, names, []float64{y})
				ys = append(ys, y)
			}
			if len(ys) == 0 {
				continue
			}
			c := run.Find("y")
			for _, weight := range []float64{0, 0.6, 0.97, 0.6} {
				want, view := average(ys, weight), c.Smoothed(weight)
				for range 40 {
					i := r.IntN(len(ys))
					j := i + r.IntN(len(ys)-i+1)
					positive := r.IntN(2) == 0
					if got, want := view.Span(i, j, positive), span(want[i:j], positive); fmt.Sprint(got) != fmt.Sprint(want) {
						t.Fatalf("%d to %d of %d, weight %g, positive %t: got %+v, want %+v", i, j, len(ys), weight, positive, got, want)
					}
					if got := view.At(i); got != want[i] && got == got {
						t.Fatalf("value %d, weight %g: got %v, want %v", i, weight, got, want[i])
					}
				}
			}
		}
	}
}

// show lists a run's columns with their points.
func show(r *series.Run) (out []string) {
	for _, c := range r.Columns() {
		s := c.Name
		for i, x := range c.X() {
			s += fmt.Sprintf(" %g:%g", x, c.At(i))
		}
		out = append(out, s)
	}
	return out
}

// TestAppend follows scalars that come and go, an evaluation that comes late, and
// a run that goes back.
func TestAppend(t *testing.T) {
	at := time.Unix(1763854000, 0)
	all, some := []string{"a", "b", "c"}, []string{"a", "c"}
	r := series.Only("a", "b", "c", "fid")
	add := func(x float64, names []string, values ...float64) {
		at = at.Add(time.Minute)
		r.Append(x, at, names, values)
	}
	add(1, all, 1, 2, 3)
	add(2, all, 4, 5, nan)
	add(1, []string{"fid"}, 7)
	add(3, some, 6, 7)
	add(4, []string{"a", "x", "c", "b"}, 8, 0, 9, 10)
	add(4, all, 11, 12, 13)
	if got, want := fmt.Sprintf("%q", show(r)), `["a 1:1 2:4 3:6 4:8 4:11" "b 1:2 2:5 4:10 4:12" "c 1:3 2:NaN 3:7 4:9 4:13" "fid 1:7"]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	a := r.Find("a")
	if i := a.Best(true); a.At(i) != 11 || r.LastNimg() != 4000 || r.Find("x") != nil {
		t.Errorf("best %g at nimg %d", a.At(i), r.LastNimg())
	}
	if m := r.Clock().Minutes(4); m != 4 {
		t.Errorf("4 kimg after %g minutes, want 4", m)
	}
	r.Cut(2000)
	add(2.5, some, 1, 2)
	if got, want := fmt.Sprintf("%q", show(r)), `["a 1:1 2:4 2.5:1" "b 1:2 2:5" "c 1:3 2:NaN 2.5:2" "fid 1:7"]`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if i := a.Best(true); a.At(i) != 4 {
		t.Errorf("best after the cut %g, want 4", a.At(i))
	}
	r.Reset()
	if got := show(r); !slices.Equal(got, []string{"a", "b", "c", "fid"}) {
		t.Errorf("after a reset: %q", got)
	}
}

// TestSize holds a run of 100,000 ticks of 20 scalars, looked at smoothed, to
// what it may take: 35 MB.
func TestSize(t *testing.T) {
	const ticks, scalars = 100_000, 20
	var names []string
	for i := range scalars {
		names = append(names, fmt.Sprintf("group/%d", i))
	}
	live := liveBytes()
	r := new(series.Run)
	values := make([]float64, scalars)
	for i := range ticks {
		for j := range values {
			values[j] = math.Sin(float64(i * j))
		}
		r.Append(float64(i), time.Unix(int64(i), 0), names, values)
	}
	for _, c := range r.Columns() {
		c.Smoothed(0.6).Last()
	}
	took := float64(liveBytes()-live) / 1e6
	if t.Logf("%.1f MB", took); took > 30 {
		t.Errorf("%d ticks of %d scalars take %.1f MB, want at most 30", ticks, scalars, took)
	}
	if n := r.Columns()[3].Len(); n != ticks {
		t.Errorf("got %d points", n)
	}
}

// TestSnap moves the end of ranges of any length to where few blocks make them up:
// by less than half of long ones, and never to nothing.
func TestSnap(t *testing.T) {
	for i := 0; i < 2000; i += 37 {
		for n := range 3000 {
			j := series.Snap(i, i+n)
			if moved := i + n - j; moved < 0 || n > 0 && j <= i || n >= 2*series.Block && 2*moved > n || n >= series.Block && j%series.Block != 0 {
				t.Fatalf("a range from %d of %d points ends at %d", i, n, j)
			}
		}
	}
	for _, c := range [][3]int{{0, 31, 31}, {0, 63, 32}, {0, 100, 96}, {64, 242, 224}, {0, 1000, 896}} {
		if got := series.Snap(c[0], c[1]); got != c[2] {
			t.Errorf("Snap(%d, %d) = %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

// branches words what a run has left of a scalar.
func branches(r *series.Run, name string) (out []string) {
	for _, l := range r.Find(name).Left() {
		s := fmt.Sprintf("%g-%g", l.Branch.At, l.Branch.To)
		for i, x := range l.X() {
			s += fmt.Sprintf(" %g:%g", x, l.At(i))
		}
		out = append(out, s)
	}
	return out
}

// TestBranches goes back, more often than is remembered, and repeats what a trainer
// that was killed had made.
func TestBranches(t *testing.T) {
	names, r, at := []string{"a", "lr", "b"}, new(series.Run), time.Unix(1763854000, 0)
	add := func(x, y float64) {
		at = at.Add(time.Minute)
		r.Append(x, at, names, []float64{y, 1, y + 1})
	}
	for x := range 5 {
		add(float64(x), float64(x))
	}
	r.Cut(9000)
	if got := r.Branches(); len(got) != 0 {
		t.Errorf("nothing was left, got %d branches", len(got))
	}
	r.Cut(2000)
	want := []string{"2-4 2:2 3:3 4:4"}
	if got := branches(r, "a"); !slices.Equal(got, want) {
		t.Errorf("went back: got %q, want %q", got, want)
	}
	add(3, 30) // as the learning rate, which is the same, but nothing else
	if got := branches(r, "a"); !slices.Equal(got, want) {
		t.Errorf("another way: got %q, want %q", got, want)
	}
	k := r.Clock().Branch(r.Branches()[0])
	if m := k.Minutes(4); m != 4 {
		t.Errorf("the branch was left after %g minutes, want 4", m)
	}
	if m := r.Clock().Minutes(3); m != 5 {
		t.Errorf("the other way reached 3 kimg after %g minutes, want 5", m)
	}
	add(4, 40)
	version := r.Find("a").Version()
	r.Cut(3000)
	add(4, 40)
	if got := branches(r, "a"); !slices.Equal(got, want) || r.Find("a").Version() == version {
		t.Errorf("the same again: got %q, want %q", got, want)
	}
	for i := range 5 {
		r.Cut(3000)
		add(4, float64(50+i))
	}
	if got, want := branches(r, "b"), []string{"3-4 3:31 4:52", "3-4 3:31 4:53", "3-4 3:31 4:54"}; !slices.Equal(got, want) {
		t.Errorf("many: got %q, want %q", got, want)
	}
	r.Reset()
	if got := r.Branches(); len(got) != 0 || len(branches(r, "a")) != 0 {
		t.Errorf("after a reset: %d branches", len(got))
	}
}

// TestBranchSize bounds what a branch remembers; its end stays.
func TestBranchSize(t *testing.T) {
	r, names := new(series.Run), []string{"a"}
	for i := range 50_000 {
		r.Append(float64(i), time.Time{}, names, []float64{float64(i)})
	}
	r.Cut(1000)
	l := r.Find("a").Left()[0]
	if n := l.Len(); n > 4100 || l.At(0) != 1 || l.At(n-1) != 49_999 {
		t.Errorf("%d points from %g to %g", n, l.At(0), l.At(n-1))
	}
}
