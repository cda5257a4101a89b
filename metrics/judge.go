package metrics

import (
	"context"
	"fmt"

	"innate/models/registry"
)

// InceptionName is the feature network of plain FID.
const InceptionName = "inception-2015-12-05"

// Statistic is what a judge makes of features, as it is registered. Its name in
// Statistics is that of its values in a run's log and in the files of networks.
type Statistic struct {
	Title string // before the name of the features, for people
	Rises bool   // whether more is better

	// ByClass says that it compares class by class: every image needs a label.
	ByClass bool

	// Least is how many images it needs; 0: two, as all do.
	Least int

	// New says in p what the statistic needs to know of the images, and of the
	// reference if it compares.
	New func(p *Pass) (Result, error)
}

// Statistics holds the statistics by name.
var Statistics = registry.New[Statistic]("statistic")

// Label is how a number over the named features is written everywhere: "FID" for
// Inception-2015, otherwise "FID(name)".
func (s Statistic) Label(features string) string {
	if features == InceptionName {
		return s.Title
	}
	return s.Title + "(" + features + ")"
}

// Check refuses images that the statistic cannot be made of, before any is made.
func (s Statistic) Check(cfg CollectorConfig) error {
	if cfg.Nimg < s.Least {
		return fmt.Errorf("metrics: %s of %d images, want at least %d", s.Title, cfg.Nimg, s.Least)
	}
	if s.ByClass {
		return labelled(cfg.Labels, cfg.Nimg)
	}
	return nil
}

// Judge measures a stream of images: statistics over a feature network, all in one
// pass. What it says of one statistic is of the first.
type Judge struct {
	*Collector
	Statistic
	results []Result
}

// NewJudge opens the judge of statistics by name.
func NewJudge(statistics []string, cfg CollectorConfig, ref Ref) (*Judge, error) {
	j := &Judge{}
	p := &Pass{Config: cfg, Ref: ref}
	for i, name := range statistics {
		s, err := Statistics.Get(name)
		if err != nil {
			return nil, err
		}
		if err := cfg.validate(); err != nil {
			return nil, err
		}
		if err := s.Check(cfg); err != nil {
			return nil, err
		}
		result, err := s.New(p)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", ref.Path, err)
		}
		if i == 0 {
			j.Statistic = s
		}
		j.results = append(j.results, result)
	}
	var err error
	j.Collector, err = NewCollector(p)
	return j, err
}

// Label names the number; see Statistic.Label.
func (j *Judge) Label() string { return j.Statistic.Label(j.cfg.name()) }

// Features is the label of the feature network.
func (j *Judge) Features() string { return j.cfg.name() }

// Reference is what images are compared with; nil where no statistic compares.
func (j *Judge) Reference() *Set { return j.pass.set }

// Better reports whether a value is better than another.
func (s Statistic) Better(value, than float64) bool {
	if s.Rises {
		return value > than
	}
	return value < than
}

// Results are the numbers in the order of the statistics; it is an error to ask
// before the last step.
func (j *Judge) Results() ([]Number, error) {
	if err := j.finished(); err != nil {
		return nil, err
	}
	numbers := make([]Number, len(j.results))
	for i, result := range j.results {
		var err error
		if numbers[i], err = result(); err != nil {
			return nil, err
		}
	}
	return numbers, nil
}

// Result is the value of the first statistic alone.
func (j *Judge) Result() (float64, error) {
	if err := j.finished(); err != nil {
		return 0, err
	}
	number, err := j.results[0]()
	return number.Value, err
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
