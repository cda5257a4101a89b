package analysis

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"innate/models"
	"innate/models/nn"
	"innate/trainer/figures"
)

// Rule is how Suggest decides, in words that every suggestion has beside it.
const Rule = "each group has a rank among the groups by every signal that there is: how far the direction of its tensors moved, root mean square a value; " +
	"what probe says that putting it back costs in FID, a thousand values; of blocks, their residual share at the largest sigma. " +
	"Groups are frozen by the mean of their ranks, the least first, up to the share asked for; the first that would go beyond it trains, and all that rank higher"

// signal is a number of each group by which groups are ranked; NaN where there is
// none.
type signal struct {
	name   string
	values []float64
}

// Suggestion is a ranking of groups, and the [freeze] table that it comes to.
type Suggestion struct {
	Report *figures.Report
	Freeze string // TOML
}

// Suggest ranks groups of layers by what freezing them would seem to cost. The rule is
// innate's own, and a guess: it knows what training did with everything in motion,
// not what it would do without. Found are reports on the same network, of which those
// of layers and of probe by the same groups are used.
func Suggest(after, before *Network, found []*figures.Report, by string, share float64) (*Suggestion, error) {
	changes, err := Compare(before.Den.Net, after.Den.Net)
	if err != nil {
		return nil, err
	}
	layers := layersOf(changes)
	groups := groupsOf(layers, by)
	r := newReport("suggest", "Groups by what freezing them would seem to cost", after)
	r.Name = "suggest-" + by
	r.How = append(r.How, before.facts("teacher")...)
	r.How = append(r.How, figures.Fact{Name: "by", Value: by}, figures.Fact{Name: "rule", Value: Rule},
		figures.Fact{Name: "share", Value: fmt.Sprintf("at most %.4g of all values frozen", share)}, figures.Fact{Name: "definition", Value: "innate's own, and a guess"})

	signals := []signal{{name: "direction a value"}}
	counts := make([]float64, len(groups))
	for i, g := range groups {
		squares := 0.0
		for _, k := range g.layers {
			squares += changes[k].Direction
			counts[i] += float64(layers[k].Count())
		}
		signals[0].values = append(signals[0].values, math.Sqrt(squares/counts[i]))
	}
	own := after.facts("network")[0]
	for _, f := range found {
		if !slices.Contains(f.How, own) {
			continue
		}
		switch {
		case f.Name == "probe-"+by:
			cost := column("dFID a thousand values", f, "groups", "dFID whole", groups)
			for i := range cost.values {
				cost.values[i] *= 1000 / counts[i]
			}
			signals = append(signals, cost)
		case f.Name == "layers" && by == "block":
			signals = append(signals, column("share at sigma max", f, "blocks", "share at sigma max", groups))
		}
	}
	still := 0
	for i := range changes {
		if changes[i].Whole == 0 {
			still++
		}
	}
	if still > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d of %d tensors never moved: they were frozen, so that the ranking only repeats that choice; ask a run that trained everything.", still, len(changes)))
	}
	score := make([]float64, len(groups))
	for _, s := range signals {
		for i, rank := range ranks(s.values) {
			score[i] += rank / float64(len(signals))
		}
	}
	return finish(r, layers, groups, signals, score, share), nil
}

// column is a signal from a table of a report, by the words of its rows.
func column(name string, r *figures.Report, table, head string, groups []group) signal {
	s := signal{name: name, values: make([]float64, len(groups))}
	for i := range s.values {
		s.values[i] = math.NaN()
	}
	for _, t := range r.Tables {
		at := slices.Index(t.Heads, head)
		if t.Name != table || at < 0 {
			continue
		}
		for _, row := range t.Rows {
			if i := slices.IndexFunc(groups, func(g group) bool { return g.name == row.Words[0] }); i >= 0 {
				s.values[i] = row.Values[at]
			}
		}
	}
	return s
}

// ranks are places from 0, the least, to 1; equal values share theirs, and one that
// does not exist is in the middle.
func ranks(values []float64) []float64 {
	known := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	slices.Sort(known)
	out := make([]float64, len(values))
	for i, v := range values {
		if math.IsNaN(v) || len(known) < 2 {
			out[i] = 0.5
			continue
		}
		first, _ := slices.BinarySearch(known, v)
		last := first
		for last+1 < len(known) && known[last+1] == v {
			last++
		}
		out[i] = float64(first+last) / 2 / float64(len(known)-1)
	}
	return out
}

// finish freezes groups in the order of their scores.
func finish(r *figures.Report, layers []nn.Layer, groups []group, signals []signal, score []float64, share float64) *Suggestion {
	total := 0
	for _, l := range layers {
		total += l.Count()
	}
	t := figures.Table{Name: "groups", Title: "Groups, to be frozen first", Words: []string{"group", "suggestion"}, Heads: []string{"values"}}
	for _, s := range signals {
		t.Heads = append(t.Heads, s.name)
	}
	t.Heads = append(t.Heads, "mean rank", "frozen so far")
	order := make([]int, len(groups))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(score[a], score[b]) })
	names := make([]string, len(layers))
	for i, l := range layers {
		names[i] = l.Name
	}
	frozen, full := 0, false
	var patterns []string
	for _, i := range order {
		values := 0
		for _, k := range groups[i].layers {
			values += layers[k].Count()
		}
		full = full || float64(frozen+values) > share*float64(total)
		word := "train"
		if !full {
			word = "freeze"
			frozen += values
			patterns = append(patterns, pattern(groups[i], names)...)
		}
		row := figures.Row{Words: []string{groups[i].name, word}, Values: figures.Numbers{float64(values)}}
		for _, s := range signals {
			row.Values = append(row.Values, s.values[i])
		}
		row.Values = append(row.Values, score[i], float64(frozen)/float64(total))
		t.Rows = append(t.Rows, row)
	}
	r.Tables = append(r.Tables, t)
	if frozen == 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("nothing is frozen: %s, which ranks first, has more of the values than that share; ask by smaller groups.", groups[order[0]].name))
	}
	quoted := make([]string, len(patterns))
	for i, p := range patterns {
		quoted[i] = strconv.Quote(p)
	}
	toml := "[freeze]\npreset = \"none\"\nfreeze = [" + strings.Join(quoted, ", ") + "]\ntrain  = []\n"
	r.Notes = append(r.Notes, toml)
	return &Suggestion{r, toml}
}

// pattern selects a group's tensors: one glob if there is one that selects them and
// no others, or else their names.
func pattern(g group, names []string) []string {
	want := make([]string, len(g.layers))
	for i, k := range g.layers {
		want[i] = names[k]
	}
	for _, glob := range []string{g.name, g.name + ".*", "*." + g.name + ".*", "*." + g.name + "_*", "*_" + g.name + ".*"} {
		if got, err := models.Match(names, glob); err == nil && slices.Equal(got, want) {
			return []string{glob}
		}
	}
	return want
}
