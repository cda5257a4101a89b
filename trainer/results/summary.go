package results

import "math"

// Summary is what is known of one measure: the numbers of all ranges of seeds.
type Summary struct {
	Measure
	Values []Result // of each range the newest, in the order in which they came
	Best   Result
	Mean   float64
	SD     float64 // over the ranges, with divisor n-1; 0 of one
}

// Summarise puts numbers together that differ by their seeds alone, in the order of
// the first of each.
func Summarise(list []Result) []Summary {
	var order []Measure
	groups := map[Measure][]Result{}
	for _, r := range list {
		group, known := groups[r.Measure]
		if !known {
			order = append(order, r.Measure)
		}
		again := false
		for i := range group {
			if group[i].Seed == r.Seed {
				group[i], again = r, true
			}
		}
		if !again {
			group = append(group, r)
		}
		groups[r.Measure] = group
	}
	var out []Summary
	for _, m := range order {
		out = append(out, summary(m, groups[m]))
	}
	return out
}

func summary(m Measure, values []Result) Summary {
	s := Summary{Measure: m, Values: values, Best: values[0]}
	for _, r := range values {
		s.Mean += r.Value / float64(len(values))
		if m.Rises && r.Value > s.Best.Value || !m.Rises && r.Value < s.Best.Value {
			s.Best = r
		}
	}
	if len(values) > 1 {
		for _, r := range values {
			s.SD += (r.Value - s.Mean) * (r.Value - s.Mean)
		}
		s.SD = math.Sqrt(s.SD / float64(len(values)-1))
	}
	return s
}
