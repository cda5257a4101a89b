package sweep

import (
	"math"
	"slices"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/series"
)

// speedColumn is the training speed in a run's history, images a second.
const speedColumn = "speed/images_per_sec"

// nearShare is how far from the number of images that is asked for an evaluation may
// lie, as a share of it: evaluations are due at multiples, and come with the step that
// reaches one.
const nearShare = 0.05

// Measured is what a judge says of a run over time.
type Measured struct {
	Key   string `json:"key"`             // scalar of metrics.jsonl: fid, fid/mnist-random-cnn
	Name  string `json:"name"`            // for people: FID(mnist-cnn)
	Rises bool   `json:"rises,omitempty"` // more is better
}

// Judges are those of a run, the one that decides first; none of a run that was never
// started or measures nothing.
func Judges(s run.Status) []Measured {
	if s.FIDName == "" && len(s.Also) == 0 {
		return nil
	}
	list := []Measured{{s.Quality(), s.FIDName, s.Rises}}
	for _, m := range s.Also {
		list = append(list, Measured{m.Key, m.Name, m.Rises})
	}
	return list
}

// History is what a comparison asks about a run's history. Refresh reads what was added
// since the last call: a screen keeps one for each run.
type History struct {
	reader *runlog.Reader
	run    *series.Run
}

// NewHistory is the history of the run in dir, still unread, of the scalars named and
// the speed.
func NewHistory(dir string, scalars ...string) *History {
	return &History{runlog.NewReader(dir), series.Only(append(scalars, speedColumn)...)}
}

// Refresh reads what is new.
func (h *History) Refresh() error {
	return h.reader.Each(func(u runlog.Update) error {
		u.Apply(h.run)
		return nil
	})
}

// Column is a scalar's points, for a chart; nil if there are none so far.
func (h *History) Column(scalar string) *series.Column { return h.run.Find(scalar) }

// At is the value of a scalar at so many thousands of images: of the evaluation nearest
// to it, or of the last for 0. ok is false if none is near.
func (h *History) At(scalar string, kimg float64) (value float64, ok bool) {
	if kimg == 0 {
		value, _, ok = h.Last(scalar)
		return value, ok
	}
	c := h.run.Find(scalar)
	if c == nil {
		return math.NaN(), false
	}
	x, best := c.X(), -1
	for i := range x {
		off := math.Abs(x[i] - kimg)
		if off <= nearShare*kimg && isFinite(c.At(i)) && (best < 0 || off < math.Abs(x[best]-kimg)) {
			best = i
		}
	}
	if best < 0 {
		return math.NaN(), false
	}
	return c.At(best), true
}

// Last is the newest finite value of a scalar, and at how many thousands of images.
func (h *History) Last(scalar string) (value, kimg float64, ok bool) {
	if c := h.run.Find(scalar); c != nil {
		for i := c.Len() - 1; i >= 0; i-- {
			if isFinite(c.At(i)) {
				return c.At(i), c.X()[i], true
			}
		}
	}
	return math.NaN(), math.NaN(), false
}

// Best is the best finite value of a scalar, and at how many thousands of images.
func (h *History) Best(m Measured) (value, kimg float64, ok bool) {
	if c := h.run.Find(m.Key); c != nil {
		if i := c.Best(m.Rises); i >= 0 {
			return c.At(i), c.X()[i], true
		}
	}
	return math.NaN(), math.NaN(), false
}

// Speed is the median of the training speed, images a second; NaN if unknown. A mean
// would follow the moments in which the machine did something else.
func (h *History) Speed() float64 {
	c := h.run.Find(speedColumn)
	if c == nil {
		return math.NaN()
	}
	return median(c)
}

func median(c *series.Column) float64 {
	var values []float64
	for i := range c.Len() {
		if v := c.At(i); isFinite(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	mid := len(values) / 2
	if len(values)%2 == 1 {
		return values[mid]
	}
	return (values[mid-1] + values[mid]) / 2
}
