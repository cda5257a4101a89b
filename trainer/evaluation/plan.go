package evaluation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"innate/metrics"
	"innate/models/device"
	"innate/trainer/data"
	"innate/trainer/loop"
	"innate/trainer/results"
	"innate/trainer/run"
)

// Plan says how to measure.
type Plan struct {
	Statistics []string     // by name, in metrics.Statistics
	Features   string       // feature network: builtin:NAME or a path
	Ref        string       // what is compared with: builtin:NAME, a path, or the name of
	RefImages  data.Dataset // these images; nil for what Ref names
	N          int          // images of a range
	FirstSeed  uint64
	Ranges     int // ranges of seeds, one after the other

	// Folder is where features are kept until their numbers are recorded; "" for
	// nowhere.
	Folder string

	Report func(Progress)
	Record func([]results.Result) error // keeps the numbers of a range
}

// Progress is how far an evaluation is.
type Progress struct {
	Range, Ranges int // of seeds; Range from 1
	Nimg, Total   int // images of the range
}

// Validate checks what a command line may ask for.
func (p Plan) Validate(s Subject) error {
	switch {
	case p.Ranges < 1:
		return fmt.Errorf("evaluation: %d ranges of seeds, want at least 1", p.Ranges)
	case s.Len > 0 && p.Ranges > 1:
		return fmt.Errorf("evaluation: %s: %d ranges of seeds, want 1: a set of images has none", s.Name, p.Ranges)
	case s.Len > 0 && p.N > s.Len:
		return fmt.Errorf("evaluation: %s: %d images, want at most its %d", s.Name, p.N, s.Len)
	}
	return nil
}

// Run measures all ranges and returns their numbers, those of a range together.
func (p Plan) Run(ctx context.Context, dev device.Device, s Subject) ([]results.Result, error) {
	if err := p.Validate(s); err != nil {
		return nil, err
	}
	net, err := loop.OpenFeatures(p.Features)
	if err != nil {
		return nil, err
	}
	judge, err := p.open(ctx, dev, net, s)
	if err != nil {
		return nil, err
	}
	measure := results.Measure{
		Network: s.Name, Weights: s.Weights, Nimg: s.Nimg, EMA: s.EMA, Features: net.Weights().Fingerprint(), Input: net.Input(),
		Size: [2]int{s.Image[0], s.Image[1]}, N: p.N, Steps: s.Steps, NFE: s.NFE(), Device: dev.Info().Name + " " + dev.Info().Kernels,
	}
	if set := judge.Reference(); set != nil {
		measure.Ref, measure.RefN, measure.RefSum = p.Ref, set.N, set.Digest()
	}
	var all []results.Result
	for k := range p.Ranges {
		list, err := p.measure(ctx, judge, s, measure, k)
		if err != nil {
			return all, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// open opens the judge, of the first range.
func (p Plan) open(ctx context.Context, dev device.Device, net *loop.FeatureNetwork, s Subject) (*metrics.Judge, error) {
	cfg := metrics.CollectorConfig{Source: s.source(p.FirstSeed), SourceBatch: subjectBatch, Values: s.Image.Size(), Nimg: p.N}
	if p.RefImages == nil {
		return loop.OpenJudge(dev, p.Statistics, net, p.Ref, s.Image, cfg)
	}
	set, err := loop.ReferenceSet(ctx, dev, p.RefImages, net, true)
	if err != nil {
		return nil, err
	}
	return loop.NewJudge(dev, p.Statistics, net, metrics.Ref{Path: p.Ref, Set: &set}, s.Image, cfg)
}

// measure measures range k.
func (p Plan) measure(ctx context.Context, judge *metrics.Judge, s Subject, m results.Measure, k int) ([]results.Result, error) {
	seed := p.FirstSeed + uint64(k)*uint64(p.N)
	store, err := p.store(judge, s, m, seed)
	if err != nil {
		return nil, err
	}
	labels, err := s.labels(seed, p.N)
	if err != nil {
		return nil, err
	}
	if store == nil {
		judge.Begin(s.source(seed), labels, nil)
	} else {
		defer store.Close() // a second close only errors
		judge.Begin(s.source(seed), labels, store)
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if done, err = judge.Step(); err != nil {
			return nil, err
		}
		nimg, total := judge.Progress()
		p.Report(Progress{k + 1, p.Ranges, nimg, total})
	}
	numbers, err := judge.Results()
	if err != nil {
		return nil, err
	}
	list := make([]results.Result, len(numbers))
	for i, number := range numbers {
		of := m
		statistic, err := metrics.Statistics.Get(p.Statistics[i])
		if err != nil {
			return nil, err
		}
		of.Name, of.Metric, of.Rises = p.Statistics[i], statistic.Label(judge.Features()), statistic.Rises
		list[i] = results.Result{Time: time.Now().UTC().Truncate(time.Second), Measure: of, Seed: seed, Value: number.Value, SD: number.SD, Note: number.Note}
	}
	if err := p.Record(list); err != nil {
		return nil, err
	}
	if store != nil {
		err = store.Remove()
	}
	return list, err
}

// store opens the file of a range, whose name is a digest of all that the features
// depend on: the threads, and the reference, are not among it.
func (p Plan) store(judge *metrics.Judge, s Subject, m results.Measure, seed uint64) (*metrics.RowFile, error) {
	if p.Folder == "" || s.Weights == "" { // a set may have changed since
		return nil, nil
	}
	identity := fmt.Sprintf("innate features 1: of %s %s, by %s %s, image %v, %d steps, seeds from %d, %d at once, %d logits, on %s",
		s.Weights, s.Kind, m.Features, m.Input, s.Image, s.Steps, seed, subjectBatch, judge.Logits(), m.Device)
	sum := sha256.Sum256([]byte(identity))
	name := strings.Replace(run.FeaturesPattern, "*", hex.EncodeToString(sum[:6]), 1)
	return metrics.OpenRowFile(filepath.Join(p.Folder, name), identity)
}
