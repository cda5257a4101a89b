package results

import (
	"fmt"
	"strconv"
	"strings"
)

// String is the number with all that says what it may be compared with.
func (r Result) String() string {
	text := r.Metric + " " + thousandths(r.Value)
	if r.SD != 0 {
		text += " ± " + thousandths(r.SD)
	}
	return text + "  " + r.comparable(fmt.Sprintf("seeds %d-%d", r.Seed, r.Last()), r.Note)
}

// String is the best number of the ranges of seeds, their mean and deviation, with all
// that says what they may be compared with; of one range it is its number.
func (s Summary) String() string {
	if len(s.Values) == 1 {
		return s.Values[0].String()
	}
	ranges := fmt.Sprintf("%d ranges of seeds from %d", len(s.Values), s.Values[0].Seed)
	return fmt.Sprintf("%s best %s of %d, seeds %d-%d; mean %s, SD %s  %s", s.Metric, thousandths(s.Best.Value), len(s.Values),
		s.Best.Seed, s.Best.Last(), thousandths(s.Mean), thousandths(s.SD), s.comparable(ranges, s.Best.Note))
}

// comparable says what a number may be compared with.
func (m Measure) comparable(seeds, note string) string {
	parts := []string{fmt.Sprintf("%d images", m.N)}
	if size := m.size(); size != "" {
		parts[0] += " of " + size
	}
	if m.Weights != "" {
		steps := "1 step"
		if m.Steps != 1 {
			steps = fmt.Sprintf("%d steps", m.Steps)
		}
		parts = append(parts, seeds, steps, fmt.Sprintf("NFE %d", m.NFE), fmt.Sprintf("weights %.8s %s", m.Weights, m.EMA))
	}
	parts = append(parts, fmt.Sprintf("features %.8s", m.Features), "input "+m.Input)
	if m.Ref != "" {
		reference := fmt.Sprintf("reference %s %.8s", m.Ref, m.RefSum)
		if m.RefN > 0 {
			reference += fmt.Sprintf(" of %d images", m.RefN)
		}
		parts = append(parts, reference)
	}
	if note != "" {
		parts = append(parts, note)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// size is the images' height and width; "" in tables that do not say.
func (m Measure) size() string {
	if m.Size == [2]int{} {
		return ""
	}
	return fmt.Sprintf("%dx%d", m.Size[0], m.Size[1])
}

// thousandths writes a number to a thousandth, and a small one to three digits.
func thousandths(v float64) string {
	if v != 0 && v < 0.1 && v > -0.1 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 3, 64)
}
