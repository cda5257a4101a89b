package widget

import (
	"math"
	"strconv"
)

// scale maps values to [0, 1], linearly or by logarithm.
type scale struct {
	lo, hi float64 // lo < hi; both > 0 when log
	log    bool
	span   float64 // log(hi/lo) when log
}

// newScale widens an empty range so that a constant curve lies in the middle.
func newScale(lo, hi float64, log bool) scale {
	if log {
		if lo == hi {
			lo, hi = lo/2, hi*2
		}
		return exactScale(lo, hi, true)
	}
	if lo == hi {
		d := math.Abs(lo) / 10
		if d == 0 {
			d = 1
		}
		lo, hi = lo-d, hi+d
	}
	return exactScale(lo, hi, false)
}

// exactScale is the scale of a range that is not empty.
func exactScale(lo, hi float64, log bool) scale {
	s := scale{lo: lo, hi: hi, log: log}
	if log {
		s.span = math.Log(hi / lo)
	}
	return s
}

// at returns the position of v; outside [0, 1] beyond the range, NaN where the
// scale has no place for v.
func (s scale) at(v float64) float64 {
	if s.log {
		if v <= 0 {
			return math.NaN()
		}
		return math.Log(v/s.lo) / s.span
	}
	return (v - s.lo) / (s.hi - s.lo)
}

// value is the inverse of at.
func (s scale) value(p float64) float64 {
	if s.log {
		return s.lo * math.Pow(s.hi/s.lo, p)
	}
	return s.lo + p*(s.hi-s.lo)
}

// tick is one labelled position of an axis.
type tick struct {
	v        float64
	decimals int
	label    string
}

// labelled writes the labels of ticks, all into one string.
func labelled(ticks []tick) []tick {
	var memory [256]byte
	var ends [64]int
	text, at := memory[:0], ends[:0]
	for _, t := range ticks {
		text = appendFixed(text, t.v, t.decimals)
		at = append(at, len(text))
	}
	all, from := string(text), 0
	for i, end := range at {
		ticks[i].label = all[from:end]
		from = end
	}
	return ticks
}

// ticks returns about n labelled values, at least one, within the range: steps
// of 1, 2 or 5 times a power of ten, or on a logarithmic axis powers of ten with
// as many of their 2 and 5 multiples as fit. They take the memory of into.
func (s scale) ticks(into []tick, n int) []tick {
	n = max(n, 1)
	if s.log {
		if t := s.logTicks(into, n); len(t) > 1 || n == 1 && len(t) == 1 {
			return labelled(t)
		}
		// Less than one step of the logarithmic grid: linear steps read better.
	}
	step := niceStep((s.hi - s.lo) / float64(n))
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	first := math.Ceil(s.lo/step - 1e-9)
	out := into[:0]
	for i := 0; i <= 2*n+2; i++ {
		v := (first + float64(i)) * step
		if v > s.hi+step*1e-9 {
			break
		}
		if math.Abs(v) < step*1e-9 {
			v = 0
		}
		out = append(out, tick{v: v, decimals: decimals})
	}
	return labelled(out)
}

// logTicks tries the finest grid that has no more than n+1 lines.
func (s scale) logTicks(into []tick, n int) []tick {
	lo, hi := int(math.Floor(math.Log10(s.lo))), int(math.Ceil(math.Log10(s.hi)))
	if hi-lo > 40 {
		lo = hi - 40
	}
	for _, mantissas := range [...][]float64{{1, 2, 3, 5}, {1, 2, 5}, {1, 3}, {1}} {
		if t := s.grid(into, lo, hi, 1, mantissas); len(t) <= n+1 {
			return t
		}
	}
	for every := 2; ; every++ {
		if t := s.grid(into, lo, hi, every, []float64{1}); len(t) <= n+1 {
			return t
		}
	}
}

func (s scale) grid(into []tick, lo, hi, every int, mantissas []float64) []tick {
	out := into[:0]
	for e := lo; e <= hi; e += every {
		for _, m := range mantissas {
			v := m * math.Pow(10, float64(e))
			if v >= s.lo*(1-1e-9) && v <= s.hi*(1+1e-9) {
				out = append(out, tick{v: v, decimals: max(0, -e)})
			}
		}
	}
	return out
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(raw float64) float64 {
	base := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*base >= raw*(1-1e-9) {
			return m * base
		}
	}
	return 10 * base
}

// appendFixed writes a tick with the decimals of its axis, abbreviating what would be
// too wide to stand beside a chart.
func appendFixed(b []byte, v float64, decimals int) []byte {
	if a := math.Abs(v); decimals > 4 || a >= 1e6 {
		return append(b, shortExponent.Replace(strconv.FormatFloat(v, 'e', 0, 64))...)
	} else if a >= 1e4 && math.Mod(v, 100) == 0 {
		return append(strconv.AppendFloat(b, v/1000, 'f', -1, 64), 'k')
	}
	return strconv.AppendFloat(b, v, 'f', decimals, 64)
}
