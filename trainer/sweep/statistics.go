package sweep

import (
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"
)

// MinSeeds is how many seeds either side of a comparison needs: the deviation of two
// says next to nothing about that of all.
const MinSeeds = 3

// confidence of all intervals.
const confidence = 0.95

// Sample is a number over the seeds of a point.
type Sample struct {
	N    int
	Mean float64 // NaN of none
	SD   float64 // with divisor N-1; 0 of one
}

// MarshalJSON writes null for a mean of none and a deviation of fewer than two.
func (s Sample) MarshalJSON() ([]byte, error) {
	form := struct {
		N    int      `json:"n"`
		Mean *float64 `json:"mean"`
		SD   *float64 `json:"sd"`
	}{N: s.N}
	if s.N > 0 {
		form.Mean = &s.Mean
	}
	if s.N > 1 {
		form.SD = &s.SD
	}
	return json.Marshal(form)
}

// Describe sums up values; those that are not finite are left out.
func Describe(values []float64) Sample {
	var s Sample
	for _, v := range values {
		if isFinite(v) {
			s.N++
			s.Mean += v
		}
	}
	if s.N == 0 {
		return Sample{Mean: math.NaN()}
	}
	s.Mean /= float64(s.N)
	if s.N > 1 {
		for _, v := range values {
			if isFinite(v) {
				s.SD += (v - s.Mean) * (v - s.Mean)
			}
		}
		s.SD = math.Sqrt(s.SD / float64(s.N-1))
	}
	return s
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Difference is how much more the mean of one sample is than that of another, with its
// 95 % interval by Welch's t test, which lets their deviations differ.
type Difference struct {
	A, B      Sample
	Delta     float64 // A's mean less B's; NaN without values on both sides
	Low, High float64 // NaN unless Claim
	Claim     bool    // both sides have MinSeeds: something may be said of the seeds
}

// MarshalJSON writes null for what nothing can be said of.
func (d Difference) MarshalJSON() ([]byte, error) {
	known := func(v float64) *float64 {
		if !isFinite(v) {
			return nil
		}
		return &v
	}
	return json.Marshal(struct {
		Delta *float64 `json:"difference"`
		Low   *float64 `json:"low"`
		High  *float64 `json:"high"`
	}{known(d.Delta), known(d.Low), known(d.High)})
}

// Compare compares two samples.
func Compare(a, b Sample) Difference {
	d := Difference{A: a, B: b, Delta: a.Mean - b.Mean, Low: math.NaN(), High: math.NaN()}
	if a.N < MinSeeds || b.N < MinSeeds {
		return d
	}
	d.Claim = true
	// Welch (1947), with Satterthwaite's degrees of freedom.
	va, vb := a.SD*a.SD/float64(a.N), b.SD*b.SD/float64(b.N)
	if va+vb == 0 { // no deviation at all: the difference is what it is
		d.Low, d.High = d.Delta, d.Delta
		return d
	}
	nu := (va + vb) * (va + vb) / (va*va/float64(a.N-1) + vb*vb/float64(b.N-1))
	half := quantile(nu) * math.Sqrt(va+vb)
	d.Low, d.High = d.Delta-half, d.Delta+half
	return d
}

// quantile is Student's t of the confidence, two-sided, at nu degrees of freedom: both
// tails hold I(nu/(nu+t*t); nu/2, 1/2), the regularized incomplete beta function.
func quantile(nu float64) float64 {
	x := mathext.InvRegIncBeta(nu/2, 0.5, 1-confidence)
	return math.Sqrt(nu * (1 - x) / x)
}

// StandsOut reports whether the interval leaves zero out.
func (d Difference) StandsOut() bool { return d.Claim && (d.Low > 0 || d.High < 0) }

// String words the comparison.
func (d Difference) String() string {
	switch {
	case math.IsNaN(d.Delta):
		return "no values to compare"
	case !d.Claim:
		return fmt.Sprintf("%s: no claim, %d and %d seeds, want %d on either side", signed(d.Delta), d.A.N, d.B.N, MinSeeds)
	case d.StandsOut():
		return fmt.Sprintf("%s [%s, %s]: stands out from the seeds", signed(d.Delta), signed(d.Low), signed(d.High))
	}
	return fmt.Sprintf("%s [%s, %s]: does not stand out from the seeds", signed(d.Delta), signed(d.Low), signed(d.High))
}

// signed writes a difference with its sign, to three digits, and those in front of the
// point all, as the values have them that it is of.
func signed(v float64) string {
	if math.Abs(v) >= 999.5 && math.Abs(v) < 1e7 {
		return fmt.Sprintf("%+.0f", v)
	}
	return fmt.Sprintf("%+.3g", v)
}
