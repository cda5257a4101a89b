package sweep

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/series"
)

// Measured is what a judge says of a run over time.
type Measured struct {
	Key   string `json:"key"`             // scalar of metrics.jsonl: fid, fid/mnist-random-cnn
	Name  string `json:"name"`            // for people: FID(mnist-cnn); it names the weights that judge
	Rises bool   `json:"rises,omitempty"` // more is better
}

// Judges are those of a run, the one that decides first; none of a run that was never
// started or measures nothing.
func Judges(s run.Status) []Measured {
	if s.FIDName == "" {
		return nil
	}
	list := []Measured{{s.Quality(), s.FIDName, s.Rises}}
	for _, m := range s.Also {
		list = append(list, Measured{m.Key, m.Name, m.Rises})
	}
	return list
}

// History is what a comparison asks about the history in a run's directory. Refresh
// reads what was added since the last call.
type History struct {
	judges []Measured
	reader *runlog.Reader
	run    *series.Run
}

// NewHistory is the history of the run in dir, still unread: what judges say of it, and
// its speed.
func NewHistory(dir string, judges []Measured) *History {
	scalars := []string{runlog.Speed, runlog.CPUSpeed}
	for _, j := range judges {
		scalars = append(scalars, j.Key)
	}
	return &History{judges, runlog.NewReader(dir), series.Only(scalars...)}
}

// Refresh reads what is new.
func (h *History) Refresh() error {
	return h.reader.Each(func(u runlog.Update) error {
		u.Apply(h.run)
		return nil
	})
}

// Evaluations are all so far that have a finite value.
func (h *History) Evaluations() (list Evaluations) {
	for _, j := range h.judges {
		c := h.run.Find(j.Key)
		if c == nil {
			continue
		}
		for i, kimg := range c.X() {
			v := c.At(i)
			if !isFinite(v) {
				continue
			}
			at, found := slices.BinarySearchFunc(list, kimg, func(e Evaluation, kimg float64) int { return cmp.Compare(e.Kimg, kimg) })
			if !found {
				list = slices.Insert(list, at, Evaluation{kimg, map[string]float64{}})
			}
			list[at].Values[j.Key] = v
		}
	}
	return list
}

// median is that of a scalar; 0 if nothing is known of it. A mean would follow the
// moments in which the machine did something else.
func (h *History) median(scalar string) float64 {
	c := h.run.Find(scalar)
	if c == nil {
		return 0
	}
	var values []float64
	for i := range c.Len() {
		if v := c.At(i); isFinite(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	mid := len(values) / 2
	if len(values)%2 == 1 {
		return values[mid]
	}
	return (values[mid-1] + values[mid]) / 2
}

// Evaluations are what judges said of a run, in the order of the images seen.
type Evaluations []Evaluation

// Evaluation is what they said at one time.
type Evaluation struct {
	Kimg   float64            `json:"kimg"`   // thousands of images seen
	Values map[string]float64 `json:"values"` // by the judges' keys
}

// UnmarshalJSON reads an evaluation. A null is no number: it would read as the best there is.
func (e *Evaluation) UnmarshalJSON(text []byte) error {
	var said struct {
		Kimg   *float64            `json:"kimg"`
		Values map[string]*float64 `json:"values"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return err
	}
	if said.Kimg == nil {
		return errors.New("evaluations: got one without kimg")
	}
	*e = Evaluation{*said.Kimg, make(map[string]float64, len(said.Values))}
	for key, v := range said.Values {
		if v == nil {
			return fmt.Errorf("evaluations: at %g kimg: got null for %.40q, want a number, or nothing", e.Kimg, key)
		}
		e.Values[key] = *v
	}
	return nil
}

// nearShare is how far from the number of images that is asked for an evaluation may
// lie, as a share of it: evaluations are due at multiples, and come with the step that
// reaches one.
const nearShare = 0.05

// At is what the judge of a key said at so many thousands of images: in the evaluation
// nearest to it, or in the last for 0. ok is false if none is near.
func (list Evaluations) At(key string, kimg float64) (value float64, ok bool) {
	off := math.Inf(1)
	for _, e := range list {
		v, said := e.Values[key]
		if d := math.Abs(e.Kimg - kimg); said && (kimg == 0 || d <= nearShare*kimg && d < off) {
			value, off, ok = v, d, true
		}
	}
	return value, ok
}

// Last is the number of images, in thousands, at which the judge of a key was asked last;
// ok is false if it never was.
func (list Evaluations) Last(key string) (kimg float64, ok bool) {
	for _, e := range slices.Backward(list) {
		if _, said := e.Values[key]; said {
			return e.Kimg, true
		}
	}
	return 0, false
}
