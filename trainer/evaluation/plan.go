package evaluation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	Input      string       // by which it gets its images, or features.OwnInput
	Ref        string       // what is compared with: builtin:NAME, a path, or the name of
	RefImages  data.Dataset // these images; nil for what Ref names
	N          int          // images of a range
	FirstSeed  uint64
	Ranges     int // ranges of seeds, one after the other

	// Folder is where features are kept until their numbers are recorded; "" for
	// nowhere.
	Folder string

	// Cache keeps the features of sets of images, and what is made of a reference, for other
	// evaluations; nil: nothing does.
	Cache *metrics.Cache

	Report func(Progress)
	Record func([]results.Result) error // keeps the numbers of a range

	// Known returns what Record has kept, also before a kill, and Again is told of numbers
	// of it that stand for a range which is not measured again. Only an evaluation of
	// several ranges asks, and only for those that it has measured itself; nil: nothing is
	// known.
	Known func() ([]results.Result, error)
	Again func([]results.Result) error
}

// Progress is how far an evaluation is.
type Progress struct {
	Range, Ranges int // of seeds; Range from 1
	Nimg, Total   int // images of the range
}

// Validate checks what a command line may ask for.
func (p Plan) Validate(s Subject) error {
	switch {
	case duplicate(p.Statistics) != "":
		return fmt.Errorf("evaluation: statistic %q is asked for twice", duplicate(p.Statistics))
	case p.Ranges < 1:
		return fmt.Errorf("evaluation: %d ranges of seeds, want at least 1", p.Ranges)
	case s.Len > 0 && p.Ranges > 1:
		return fmt.Errorf("evaluation: %s: %d ranges of seeds, want 1: a set of images has none", s.Name, p.Ranges)
	case s.Len == 1:
		return fmt.Errorf("evaluation: %s: got one image, want at least 2: one has no covariance", s.Name)
	case p.RefImages != nil && p.RefImages.Len() == 1:
		return fmt.Errorf("evaluation: %s: got one image, want at least 2: one has no covariance", p.Ref)
	case s.Len > 0 && p.N > s.Len:
		return fmt.Errorf("evaluation: %s: %d images, want at most its %d", s.Name, p.N, s.Len)
	}
	return nil
}

// duplicate is a name that stands in a list twice; "" if none does.
func duplicate(names []string) string {
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return name
		}
	}
	return ""
}

// Run measures all ranges and returns their numbers, those of a range together.
func (p Plan) Run(ctx context.Context, dev device.Device, s Subject) ([]results.Result, error) {
	if err := p.Validate(s); err != nil {
		return nil, err
	}
	m, err := p.measurement(ctx, dev, s)
	if err != nil {
		return nil, err
	}
	var all []results.Result
	for k := range p.Ranges {
		list, err := m.ofRange(ctx, k)
		if err != nil {
			return all, err
		}
		all = append(all, list...)
	}
	for _, path := range m.recorded {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return all, fmt.Errorf("evaluation: %w", err)
		}
	}
	return all, nil
}

// open opens the judge, of the first range.
func (p Plan) open(ctx context.Context, dev device.Device, net *loop.FeatureNetwork, s Subject) (*metrics.Judge, error) {
	labels, err := s.labels(p.FirstSeed, p.N)
	if err != nil {
		return nil, err
	}
	cfg := metrics.CollectorConfig{Source: s.source(p.FirstSeed), SourceBatch: subjectBatch, Values: s.Image.Size(), Nimg: p.N, Labels: labels, Cache: p.Cache}
	if p.RefImages == nil {
		return loop.OpenJudge(dev, p.Statistics, net, p.Ref, s.Image, cfg)
	}
	set, err := loop.ReferenceSet(ctx, dev, p.RefImages, net, true, p.Cache)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Ref, err)
	}
	return loop.NewJudge(dev, p.Statistics, net, metrics.Ref{Path: p.Ref, Set: &set}, s.Image, cfg)
}

// measurement opens what the plan names.
func (p Plan) measurement(ctx context.Context, dev device.Device, s Subject) (*measurement, error) {
	net, err := loop.OpenFeatures(p.Features, p.Input)
	if err != nil {
		return nil, err
	}
	judge, err := p.open(ctx, dev, net, s)
	if err != nil {
		return nil, err
	}
	m := &measurement{plan: p, dev: dev, net: net, judge: judge, subject: s}
	m.measure = results.Measure{
		Network: s.Name, Weights: s.Weights, Nimg: s.Nimg, EMA: s.EMA, Features: net.Fingerprint(), Input: net.Input(),
		Size: [2]int{s.Image[0], s.Image[1]}, N: p.N, Steps: s.Steps, NFE: s.NFE(), Device: dev.Info().Name + " " + dev.Info().Kernels,
	}
	if set := judge.Reference(); set != nil {
		m.measure.Ref, m.measure.RefN, m.measure.RefSum = p.Ref, set.N, set.Digest()
	}
	return m, nil
}

// measurement is a plan at work.
type measurement struct {
	plan    Plan
	dev     device.Device
	net     *loop.FeatureNetwork
	judge   *metrics.Judge
	subject Subject
	measure results.Measure // of all ranges

	recorded []string // files of finished ranges, which say so until all are finished
}

// ofRange measures range k.
func (m *measurement) ofRange(ctx context.Context, k int) ([]results.Result, error) {
	p := m.plan
	seed := p.FirstSeed + uint64(k)*uint64(p.N)
	if list, err := m.again(seed); list != nil || err != nil {
		return list, err
	}
	list, err := together(ctx, []*measurement{m}, seed, func(nimg int) { p.Report(Progress{k + 1, p.Ranges, nimg, p.N}) })
	if err != nil && m.subject.Weights == "" && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", m.subject.Name, err)
	}
	return list, err
}

// together measures the range from a seed on by all of the measurements, which share its
// images: each batch of them is seen by all before the next is made, and once by each
// feature network. Features are kept until all numbers are recorded.
func together(ctx context.Context, ms []*measurement, seed uint64, report func(nimg int)) (all []results.Result, err error) {
	if len(ms) == 0 {
		return nil, nil
	}
	var ws []*ranged
	seen := map[string]*seenRows{}
	for _, m := range ms {
		w, err := m.begin(ctx, seed, seen)
		if err != nil {
			return nil, err
		}
		defer w.end()
		ws = append(ws, w)
	}
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, w := range ws {
			if done, err = w.judge.Step(); err != nil {
				return nil, err
			}
		}
		nimg, _ := ws[0].judge.Progress()
		report(nimg)
	}
	for _, w := range ws {
		list, err := w.record()
		if err != nil {
			return all, err
		}
		all = append(all, list...)
	}
	for _, w := range ws {
		err = errors.Join(err, w.close(true))
	}
	return all, err
}

// ranged is a measurement of the images from a seed on: its judge sees them by Step.
type ranged struct {
	*measurement
	seed   uint64
	finish func(recorded bool) error // nil once it was called
}

// begin makes the judge ready for the images from a seed on. seen are the features that
// others, which take their steps before, see by the paths of their files.
func (m *measurement) begin(ctx context.Context, seed uint64, seen map[string]*seenRows) (*ranged, error) {
	labels, err := m.subject.labels(seed, m.plan.N)
	if err != nil {
		return nil, err
	}
	if path, _ := m.rowPath(seed); seen[path] != nil {
		m.judge.Begin(m.subject.source(seed), labels, &sameRows{of: seen[path]})
		return &ranged{measurement: m, seed: seed}, nil
	}
	source, store, finish, err := m.store(ctx, seed)
	if err != nil {
		return nil, err
	}
	if store != nil && m.subject.Weights != "" {
		path, _ := m.rowPath(seed)
		seen[path] = &seenRows{Store: store}
		store = seen[path]
	}
	m.judge.Begin(source, labels, store)
	return &ranged{measurement: m, seed: seed, finish: finish}, nil
}

// record makes the numbers of the range and keeps them.
func (w *ranged) record() ([]results.Result, error) {
	list, err := w.numbers(w.seed)
	if err != nil {
		return nil, err
	}
	return list, w.plan.Record(list)
}

// close ends the keeping of features, once.
func (w *ranged) close(recorded bool) error {
	finish := w.finish
	w.finish = nil
	if finish == nil {
		return nil
	}
	return finish(recorded)
}

// end is close of a range that is not finished; what went wrong before is what counts.
func (w *ranged) end() { _ = w.close(false) }

// numbers are those of the range that has been seen.
func (m *measurement) numbers(seed uint64) ([]results.Result, error) {
	numbers, err := m.judge.Results()
	if err != nil {
		return nil, err
	}
	list := make([]results.Result, len(numbers))
	for i, number := range numbers {
		of, err := m.of(m.plan.Statistics[i])
		if err != nil {
			return nil, err
		}
		list[i] = results.Result{Time: time.Now().UTC().Truncate(time.Second), Measure: of, Seed: seed, Value: number.Value, SD: number.SD, Note: number.Note}
	}
	return list, nil
}

// store opens what keeps the features of a range, nil where nothing does, with the source
// of its images, and what is to be done once numbers are recorded, or will not be.
func (m *measurement) store(ctx context.Context, seed uint64) (source metrics.Source, store metrics.Store, finish func(recorded bool) error, err error) {
	nothing := func(bool) error { return nil }
	source = m.subject.source(seed)
	if m.subject.Weights == "" {
		read := func(first int, images []float32) error {
			return errors.Join(ctx.Err(), m.subject.source(seed)(first, images))
		}
		rows, source, err := m.net.Cached(m.plan.Cache, m.dev, read, subjectBatch, m.subject.Image, m.plan.N, m.judge.Logits())
		if rows == nil {
			return source, nil, nothing, err
		}
		return source, rows, func(recorded bool) error {
			if recorded {
				rows.Finish()
			}
			rows.Close()
			return nil
		}, err
	}
	if m.plan.Folder == "" {
		return source, nil, nothing, nil
	}
	rows, err := m.rowFile(seed)
	if err != nil {
		return nil, nil, nothing, err
	}
	return source, rows, func(recorded bool) error {
		switch {
		case !recorded:
			return rows.Close()
		case m.remembers():
			path, _ := m.rowPath(seed)
			m.recorded = append(m.recorded, path)
			return rows.SetRecorded()
		}
		return rows.Remove()
	}, nil
}

// remembers reports whether a range that is finished says so until all are.
func (m *measurement) remembers() bool {
	return m.subject.Weights != "" && m.plan.Folder != "" && m.plan.Ranges > 1 && m.plan.Known != nil
}

// again are the numbers of a range that this evaluation has finished before it was
// stopped; nil if it has not, or nobody has them any more.
func (m *measurement) again(seed uint64) (list []results.Result, err error) {
	if !m.remembers() {
		return nil, nil
	}
	rows, err := m.rowFile(seed)
	if err != nil {
		return nil, err
	}
	recorded := rows.Recorded()
	if err := rows.Close(); err != nil || !recorded {
		return nil, err
	}
	known, err := m.plan.Known()
	if err != nil {
		return nil, err
	}
	for _, name := range m.plan.Statistics {
		of, err := m.of(name)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(known, func(r results.Result) bool { return r.Measure == of && r.Seed == seed })
		if i < 0 {
			return nil, nil
		}
		list = append(list, known[i])
	}
	path, _ := m.rowPath(seed)
	m.recorded = append(m.recorded, path)
	return list, m.plan.Again(list)
}

// of is the measure of a statistic by name.
func (m *measurement) of(name string) (results.Measure, error) {
	of := m.measure
	statistic, err := metrics.Statistics.Get(name)
	of.Name, of.Metric, of.Rises = name, statistic.Label(m.judge.Features()), statistic.Rises
	return of, err
}

// rowFile opens the file of a range of a network's images.
func (m *measurement) rowFile(seed uint64) (*metrics.RowFile, error) {
	path, identity := m.rowPath(seed)
	return metrics.OpenRowFile(path, identity)
}

// rowPath is the path of that file, whose name is a digest of its identity: all that the
// features depend on. The threads, and the reference, are not among it.
func (m *measurement) rowPath(seed uint64) (path, identity string) {
	s, of := m.subject, m.measure
	identity = fmt.Sprintf("innate features 1: of %s %s, by %s %s, image %v, %d steps, seeds from %d, %d at once, %d logits, on %s",
		s.Weights, s.Kind, of.Features, of.Input, s.Image, s.Steps, seed, subjectBatch, m.judge.Logits(), of.Device)
	sum := sha256.Sum256([]byte(identity))
	name := strings.Replace(run.FeaturesPattern, "*", hex.EncodeToString(sum[:6]), 1)
	return filepath.Join(m.plan.Folder, name), identity
}
