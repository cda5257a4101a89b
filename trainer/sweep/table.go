package sweep

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"innate/trainer/run"
)

// Table is a group compared: a row a point.
type Table struct {
	Name   string     `json:"name"`
	State  State      `json:"state"`
	Keys   []string   `json:"keys"`    // settings by which points differ
	Kimg   []float64  `json:"at_kimg"` // 0 for the last evaluation that a point's runs have together
	Judges []Measured `json:"judges"`
	Rows   []Row      `json:"rows"`
}

// Row is a point over its seeds.
type Row struct {
	Point   string            `json:"point"`
	Set     map[string]string `json:"settings"`
	Seeds   int               `json:"runs"`  // that have been made
	State   string            `json:"state"` // such as "2 done, 1 running"
	Dropped string            `json:"dropped,omitempty"`

	Values [][]Sample   `json:"values"` // by judge, then by Kimg
	Each   [][][]Valued `json:"seeds"`  // the same, of every seed that has a value

	Speed    Sample `json:"images_per_sec"`     // by the clock, which other work on the machine disturbs
	CPUSpeed Sample `json:"images_per_cpu_sec"` // by processor time, of runs on the CPU in one process
	Frozen   Sample `json:"frozen_fraction"`
	Peak     int64  `json:"peak_bytes"` // most memory of a run; 0: not known
	Nimg     int64  `json:"nimg"`       // images seen by the run that has seen most

	Against []Difference `json:"against,omitempty"` // by judge, at the last of Kimg: from the row that all are compared with
	Base    bool         `json:"base,omitempty"`    // whether it is that row
	Best    []bool       `json:"best"`              // by judge: whether it has the best mean there
}

// Valued is a run's value.
type Valued struct {
	Seed  uint64  `json:"seed"`
	Value float64 `json:"value"`
}

// Compare makes the table of a group at so many thousands of images, or at the end if
// there are none, against a point; "" for none. Histories are read anew.
func (g Group) Compare(kimg []float64, against string) (*Table, error) {
	if len(kimg) == 0 {
		kimg = []float64{0}
	}
	t := &Table{Name: g.Name, State: g.State, Keys: g.Keys, Kimg: kimg}
	records := make([][]*Record, len(g.Points))
	for i, m := range g.Points {
		for _, s := range m.Runs {
			r, err := s.record(m.Name)
			if err != nil {
				return nil, err
			}
			records[i] = append(records[i], r)
			for _, j := range r.Judges {
				if !slices.Contains(t.Judges, j) {
					t.Judges = append(t.Judges, j)
				}
			}
		}
	}
	for i, m := range g.Points {
		t.Rows = append(t.Rows, t.row(m, records[i]))
	}
	t.rank()
	if against == "" {
		return t, nil
	}
	i := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Point == against })
	if i < 0 {
		return nil, fmt.Errorf("sweep: %s: no point %q, want one of %s", g.Name, against, strings.Join(pointNames(g.Points), " | "))
	}
	last := len(kimg) - 1
	t.Rows[i].Base = true
	for r := range t.Rows {
		for j := range t.Judges {
			t.Rows[r].Against = append(t.Rows[r].Against, Compare(t.Rows[r].Values[j][last], t.Rows[i].Values[j][last]))
		}
	}
	return t, nil
}

func pointNames(points []Member) (names []string) {
	for _, m := range points {
		names = append(names, m.Name)
	}
	return names
}

func (t *Table) row(m Member, records []*Record) Row {
	r := Row{Point: m.Name, Set: map[string]string{}, Seeds: len(m.Runs), State: m.State(), Dropped: m.Dropped}
	for _, set := range m.Set {
		r.Set[set.Key] = set.Value
	}
	for _, judge := range t.Judges {
		each := make([][]Valued, len(t.Kimg))
		var samples []Sample
		for k, kimg := range t.Kimg {
			var values []float64
			among := slices.DeleteFunc(slices.Clone(records), func(r *Record) bool { return !slices.Contains(r.Judges, judge) }) // another network may have the key
			if kimg == 0 {
				among, kimg = together(among, judge.Key)
			}
			for _, rec := range among {
				if v, ok := rec.Evaluations.At(judge.Key, kimg); ok {
					each[k], values = append(each[k], Valued{rec.Seed, v}), append(values, v)
				}
			}
			samples = append(samples, Describe(values))
		}
		r.Each, r.Values = append(r.Each, each), append(r.Values, samples)
	}
	var speeds, cpuSpeeds, frozen []float64
	for _, rec := range records {
		speeds, cpuSpeeds = appendKnown(speeds, rec.Speed), appendKnown(cpuSpeeds, rec.CPUSpeed)
		if rec.Frozen != nil {
			frozen = append(frozen, *rec.Frozen)
		}
		r.Peak, r.Nimg = max(r.Peak, rec.Peak), max(r.Nimg, rec.nimg())
	}
	r.Speed, r.CPUSpeed, r.Frozen = Describe(speeds), Describe(cpuSpeeds), Describe(frozen)
	return r
}

// Abreast is how far a run must have come, as a share of what the furthest one of its
// point has, to be compared with it: one that begins says nothing of one that ends.
const Abreast = 0.8

// together are the runs that are abreast of the furthest, and the last evaluation by a
// judge that all of them have: where a point stands while its seeds are trained.
func together(records []*Record, key string) (among []*Record, kimg float64) {
	furthest := 0.0
	for _, r := range records {
		if at, ok := r.Evaluations.Last(key); ok {
			furthest = max(furthest, at)
		}
	}
	kimg = furthest
	for _, r := range records {
		if at, ok := r.Evaluations.Last(key); ok && at >= Abreast*furthest {
			among, kimg = append(among, r), min(kimg, at)
		}
	}
	return among, kimg
}

// appendKnown adds a number, unless it is 0 for one that is not known.
func appendKnown(list []float64, v float64) []float64 {
	if v == 0 {
		return list
	}
	return append(list, v)
}

// rank finds the best mean of each judge at the last of the numbers of images.
func (t *Table) rank() {
	for j, judge := range t.Judges {
		best := -1
		for r := range t.Rows {
			v := t.Rows[r].Values[j][len(t.Kimg)-1].Mean
			if math.IsNaN(v) {
				continue
			}
			if best < 0 || v < t.Rows[best].Values[j][len(t.Kimg)-1].Mean != judge.Rises {
				best = r
			}
		}
		for r := range t.Rows {
			t.Rows[r].Best = append(t.Rows[r].Best, r == best)
		}
	}
}

// State words what has become of a point's runs.
func (m Member) State() string {
	counts := map[string]int{}
	for _, s := range m.Runs {
		counts[s.Info.Status.State]++
	}
	if left := m.Want - len(m.Runs); left > 0 {
		counts[run.StateNew] += left
	}
	var words []string
	for _, state := range []string{
		run.StateDone, run.StateRunning, run.StateStarting, run.StatePaused, run.StateStopping, run.StateStopped,
		run.StateDead, run.StateFailed, run.StateQueued, run.StateUnreadable, run.StateNew,
	} {
		if n := counts[state]; n > 0 {
			if state == run.StateNew {
				state = "to train"
			}
			words = append(words, strconv.Itoa(n)+" "+state)
		}
	}
	return strings.Join(words, ", ")
}

// Cells are the table's head and rows as text: the mean and, of several seeds, its
// deviation, with how many seeds there are.
func (t *Table) Cells() (head []string, rows [][]string) {
	head = []string{"point"}
	for _, judge := range t.Judges {
		for _, kimg := range t.Kimg {
			title := judge.Name
			if kimg > 0 {
				title += " at " + strconv.FormatFloat(kimg, 'f', -1, 64)
			}
			head = append(head, title)
		}
	}
	head = append(head, "seeds", "images/s", "images/CPU s", "frozen", "memory", "kimg", "best by", "state")
	against := len(t.Rows) > 0 && t.Rows[0].Against != nil
	if against {
		for _, judge := range t.Judges {
			head = append(head, judge.Name+", difference")
		}
	}
	for _, r := range t.Rows {
		row := []string{r.Point}
		n := r.Seeds
		if len(t.Judges) > 0 {
			n = 0
		}
		var best []string
		for j, judge := range t.Judges {
			for _, s := range r.Values[j] {
				row, n = append(row, s.String()), max(n, s.N)
			}
			if r.Best[j] {
				best = append(best, judge.Name)
			}
		}
		state := r.State
		if r.Dropped != "" {
			state = "ended early: " + r.Dropped
		}
		row = append(row, strconv.Itoa(n), short(r.Speed.Mean, 1), short(r.CPUSpeed.Mean, 1), percent(r.Frozen.Mean), memory(r.Peak),
			strconv.FormatFloat(float64(r.Nimg)/1000, 'f', -1, 64), strings.Join(best, ", "), state)
		for _, d := range r.Against {
			said := d.String()
			if r.Base {
				said = "the base"
			}
			row = append(row, said)
		}
		rows = append(rows, row)
	}
	return head, rows
}

// String is the mean, with its deviation if there are several.
func (s Sample) String() string {
	switch s.N {
	case 0:
		return ""
	case 1:
		return digits(s.Mean)
	}
	return digits(s.Mean) + " ± " + digits(s.SD)
}

// digits writes a value to four digits.
func digits(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

func short(v float64, decimals int) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

func percent(share float64) string {
	if math.IsNaN(share) {
		return ""
	}
	return short(100*share, 1) + " %"
}

func memory(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f MiB", float64(bytes)/(1<<20))
}
