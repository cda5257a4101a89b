package metrics

import (
	"context"
	"fmt"
	"io"

	"innate/models/registry"
)

// InceptionName is the feature network of plain FID.
const InceptionName = "inception-2015-12-05"

// Statistic is what a judge makes of features, as it is registered. Its name in
// Statistics is that of its values in a run's log and in the files of networks.
type Statistic struct {
	Title string // before the name of the features, for people
	Rises bool   // whether more is better

	// New prepares to measure what cfg says. ref holds what to compare with, if
	// the statistic compares.
	New func(cfg CollectorConfig, ref Ref) (Measurement, error)
}

// Ref is an open npz file of what images are compared with.
type Ref struct {
	Path string // or builtin:NAME, for errors
	io.ReaderAt
	Size int64
}

// Measurement makes a number of sums.
type Measurement interface {
	Sums
	Result() (float64, error) // of all images
}

// Statistics holds the statistics by name.
var Statistics = registry.New[Statistic]("statistic")

func init() {
	Statistics.Add("fid", Statistic{Title: "FID", New: newFID})
}

// Label is how a number over the named features is written everywhere: "FID" for
// Inception-2015, otherwise "FID(name)".
func (s Statistic) Label(features string) string {
	if features == InceptionName {
		return s.Title
	}
	return s.Title + "(" + features + ")"
}

// Judge measures a stream of images: a statistic over a feature network.
type Judge struct {
	*Collector
	Statistic
	measurement Measurement
}

// NewJudge opens the judge of a statistic's name.
func NewJudge(statistic string, cfg CollectorConfig, ref Ref) (*Judge, error) {
	s, err := Statistics.Get(statistic)
	if err != nil {
		return nil, err
	}
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	m, err := s.New(cfg, ref)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref.Path, err)
	}
	c, err := NewCollector(cfg, m)
	return &Judge{c, s, m}, err
}

// Label names the number; see Statistic.Label.
func (j *Judge) Label() string { return j.Statistic.Label(j.cfg.name()) }

// Better reports whether a value is better than another.
func (s Statistic) Better(value, than float64) bool {
	if s.Rises {
		return value > than
	}
	return value < than
}

// Result is the number; it is an error to ask before the last step.
func (j *Judge) Result() (float64, error) {
	if err := j.finished(); err != nil {
		return 0, err
	}
	return j.measurement.Result()
}

// Run steps to the end, or until ctx is done.
func (j *Judge) Run(ctx context.Context) (float64, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		done, err := j.Step()
		if err != nil {
			return 0, err
		}
		if done {
			return j.Result()
		}
	}
}
