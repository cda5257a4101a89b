package loop

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"innate/configs"
	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/precond"
	"innate/models/published"
	"innate/models/weights"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// evaluation judges a copy of the EMA weights, a slice of images
// between two training steps, so that the run continues and answers meanwhile.
type evaluation struct {
	panel   *panel            // nil until one is wanted
	den     *precond.Denoiser // with the copy being measured
	nimg    int64             // images seen when the copy was made
	running bool
	waits   bool  // another one is due, of the weights as they are: no step before it has begun
	pace    pacer // of all of them: what the last one still owes delays the next

	slow     bool              // it has been said that the budget is too small
	features []*FeatureNetwork // of the judges; nil until they are wanted
	asks     []reply           // of those who wait for the value under way
}

// Images generated in one slice of an evaluation: the same work for one step
// and for many.
const (
	oneStepSlice   = 250
	multiStepSlice = 50
)

// prepareEvaluation opens the feature network and the reference statistics and
// compiles a generator over a copy of the EMA weights, once they are needed.
func (l *Loop) prepareEvaluation() error {
	if l.method.Images() == nil || l.cfg.Live.FIDKimg == 0 || l.eval.panel != nil {
		return nil
	}
	return l.openEvaluation()
}

// openEvaluation is prepareEvaluation whether or not one is due.
func (l *Loop) openEvaluation() error {
	im, slice := l.method.Images(), l.evaluationSlice()
	e := evaluation{den: im.Den.Clone()}
	gen, err := precond.NewSampler(l.dev, e.den, slice)
	if err != nil {
		return err
	}
	latents := NewLatents(im.Den, slice)
	source := func(first int, images []float32) error {
		latents.Draw(fidSeed + uint64(first))
		return latents.GenerateAs(gen, im, images)
	}
	if err := l.haveEvaluationFiles(); err != nil {
		return err
	}
	shape := im.Den.Net.Shape()
	e.panel, err = l.openPanel(l.dev, graph.Shape{shape.Resolution, shape.Resolution, shape.Channels}, metrics.CollectorConfig{
		Source: source, SourceBatch: slice, Values: gen.Pixels(), Nimg: l.cfg.FID.Samples,
		Labels: DrawnClasses(shape.LabelDim, fidSeed, l.cfg.FID.Samples),
	})
	if err != nil {
		return err
	}
	e.features, e.nimg, e.asks, e.slow, e.pace = l.eval.features, l.eval.nimg, l.eval.asks, l.eval.slow, l.eval.pace
	l.eval = e
	best := e.panel.seats[l.bestJudge()]
	l.report.fidName = best.label
	l.report.teacherFID = teacherValue(l.method.Teacher(), l.cfg.Judge(l.bestJudge()).Statistic, best.features.names()...)
	return nil
}

// statistic is by what a network is the best; the configuration names one that is
// known.
func (l *Loop) statistic() metrics.Statistic {
	s, _ := metrics.Statistics.Get(l.cfg.Judge(l.bestJudge()).Statistic)
	return s
}

// openFeatures opens the feature network of judge k, once.
func (l *Loop) openFeatures(k int) (net *FeatureNetwork, err error) {
	e := &l.eval
	if e.features == nil {
		e.features = make([]*FeatureNetwork, l.cfg.Judges())
	}
	for other := range k {
		if e.features[other] != nil && l.cfg.Judge(other).Features == l.cfg.Judge(k).Features && l.cfg.Judge(other).Input == l.cfg.Judge(k).Input {
			e.features[k] = e.features[other]
		}
	}
	if e.features[k] == nil {
		e.features[k], err = OpenFeatures(configs.Locate(l.dir, l.cfg.Judge(k).Features), l.cfg.Judge(k).Input)
	}
	if err != nil {
		key := configs.JudgeName(k) + ".features"
		if input := (*features.InputError)(nil); errors.As(err, &input) {
			key = configs.JudgeName(k) + ".input"
		}
		err = l.cfg.At(key, fmt.Errorf("%s: %w", key, err))
	}
	return e.features[k], err
}

// evaluationSlice is how many images are generated between two training steps.
func (l *Loop) evaluationSlice() int {
	if l.method.Images().Steps > 1 {
		return min(multiStepSlice, l.cfg.FID.Samples)
	}
	return min(oneStepSlice, l.cfg.FID.Samples)
}

// haveEvaluationFiles refuses an evaluation whose files are missing.
func (l *Loop) haveEvaluationFiles() error {
	files := l.cfg.Files()
	for _, key := range slices.Sorted(maps.Keys(files)) {
		if !strings.HasPrefix(key, "fid") || strings.HasPrefix(files[key], weights.Prefix) {
			continue
		}
		path, err := published.Resolve(configs.Locate(l.dir, files[key]))
		if err == nil {
			_, err = os.Stat(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return method.Gone(l.cfg, key, err)
		}
	}
	return nil
}

// measurable makes the EMA weights current on the host and returns an error that
// names a tensor of them which is not finite: such weights have no FID.
func (l *Loop) measurable() error {
	net := l.method.Images().Den.Net
	if err := errors.Join(l.dev.Download(net.Params().All()...), l.dev.Download(net.Buffers().All()...)); err != nil {
		return err
	}
	err := net.Params().CheckFinite()
	if err == nil {
		err = net.Buffers().CheckFinite()
	}
	if err != nil {
		return fmt.Errorf("loop: no FID at %.1f kimg: averaged weights: %w", kimg(l.nimg), err)
	}
	return nil
}

// evaluate starts to measure the EMA weights as they are now. What a measurement
// still under way does to it is said by live.fid_late.
func (l *Loop) evaluate() error {
	if l.eval.running {
		l.overtake()
		return nil
	}
	l.eval.pace.allows(time.Now(), l.cfg.Live.FIDShare) // counts what was trained since the last one
	defer func() { l.eval.pace.drawn(time.Now()) }()    // opening and copying costs, too
	if err := l.prepareEvaluation(); err != nil || l.eval.panel == nil {
		return err
	}
	if err := l.measurable(); err != nil {
		l.event(runlog.Error, err.Error(), nil) // training decides itself whether to continue
		return nil
	}
	measured := l.eval.den.Net.Params()
	if err := measured.CopyFrom(l.method.Images().Den.Net.Params()); err != nil {
		return err
	}
	if err := l.dev.Upload(measured.All()...); err != nil {
		return err
	}
	l.eval.panel.Reset()
	l.eval.nimg, l.eval.running, l.eval.pace.first = l.nimg, true, true
	return nil
}

// overtake is what happens when an evaluation is due while one is under way. By
// default that one is finished before the next step, so that what is measured never
// depends on the clock: a run that was killed has the same values and the same best
// network. Keeping to the budget instead is the user's to choose.
func (l *Loop) overtake() {
	live, outcome := l.cfg.Live, "is finished first, beyond that share"
	l.eval.waits = live.FIDLate != configs.SkipLate
	if !l.eval.waits {
		outcome = fmt.Sprintf("continues, and none is made at %.1f kimg", kimg(l.nimg))
	} else if l.eval.slow {
		return
	}
	l.eval.slow = true
	done, n := l.eval.panel.Progress()
	l.event(runlog.Machine, fmt.Sprintf("live.fid_share = %v was not enough for an evaluation every %v kimg: that of %.1f kimg, at %d of %d images, %s",
		live.FIDShare, live.FIDKimg, kimg(l.eval.nimg), done, n, outcome), nil)
}

// evaluateBeside measures a slice after a step, if the budget has it. What a client
// waits for is not held back.
func (l *Loop) evaluateBeside() error {
	e := &l.eval
	if !e.running || !e.pace.allows(time.Now(), l.cfg.Live.FIDShare) && len(e.asks) == 0 {
		return nil
	}
	return l.measureSlice()
}

// measureSlice measures a slice whatever the budget.
func (l *Loop) measureSlice() error {
	l.eval.pace.first = false // of this evaluation; the step may begin the next
	err := l.timed(l.cfg.FID.Statistic, l.stepEvaluation)
	l.eval.pace.drawn(time.Now())
	return err
}

// stepEvaluation measures one slice, if an evaluation is under way.
func (l *Loop) stepEvaluation() error {
	e := &l.eval
	if !e.running {
		return nil
	}
	l.report.stage = l.cfg.FID.Statistic
	done, err := e.panel.Step()
	if err == nil && !done {
		return nil
	}
	e.running = false
	var values []float64
	if err == nil {
		values, err = e.panel.Values()
	}
	if err != nil {
		// Weights that make no proper images have no FID; training decides
		// itself whether to continue.
		l.event(runlog.Error, err.Error(), nil)
		l.evaluated(err)
		return l.evaluateWaiting()
	}
	err = l.recordFID(values)
	l.evaluated(err)
	return errors.Join(err, l.evaluateWaiting())
}

// evaluateWaiting begins the evaluation that has waited for another one.
func (l *Loop) evaluateWaiting() error {
	if !l.eval.waits {
		return nil
	}
	l.eval.waits = false
	l.eval.pace.drawn(time.Now()) // the slice that this is within
	return l.evaluate()
}

// addTo adds the measurement under way to a checkpoint: the weights being measured,
// and the sums so far.
func (e *evaluation) addTo(f *checkpoint.File) error {
	return errors.Join(f.AddParams(evalPrefix, e.den.Net.Params().Clone()), e.panel.addTo(f))
}

// restoreEvaluation continues the measurement that a checkpoint has, if any.
func (l *Loop) restoreEvaluation(f *checkpoint.File, p run.Progress) error {
	e := &l.eval
	e.nimg, e.running, e.waits = p.EvalNimg, false, false
	if p.EvalDone == nil {
		return nil
	}
	if e.panel == nil {
		if err := l.openEvaluation(); err != nil {
			return err
		}
	}
	if err := f.LoadParams(evalPrefix, e.den.Net.Params()); err != nil {
		return err
	}
	if err := l.dev.Upload(e.den.Net.Params().All()...); err != nil {
		return err
	}
	if err := e.panel.restore(f, *p.EvalDone); err != nil {
		return err
	}
	e.running, e.waits = true, p.EvalWaits
	e.pace.begin(time.Now())
	return nil
}

// measureAgain begins an evaluation that the log tells of but the checkpoint from
// which the run resumes does not: one of that very step, asked for after the
// checkpoint was written. Its value counts, so status and the best weights have
// to know of it, too.
func (l *Loop) measureAgain(history runlog.History) error {
	if l.method.Images() == nil || l.eval.running || l.report.fidNimg == l.nimg {
		return nil
	}
	if !slices.ContainsFunc(history.Rows, func(r runlog.Row) bool {
		_, measured := r.Value(l.scalarOf(l.bestJudge()))
		return (measured || r.Type == runlog.TypeFID) && r.Nimg == l.nimg // of one without a value, too
	}) {
		return nil
	}
	return l.beginEvaluation()
}

// finishEvaluation measures what a finished run still owes: the evaluation
// under way and one of the last weights. It returns false when the run is to
// stop before that.
func (l *Loop) finishEvaluation(ctx context.Context) (bool, error) {
	if l.eval.panel == nil {
		return true, nil
	}
	for _, again := range []bool{true, false} {
		for l.eval.running {
			if goOn, err := l.between(ctx); !goOn || err != nil {
				return false, err
			}
			if err := l.stepEvaluation(); err != nil {
				return false, err
			}
			l.publish()
		}
		if again && l.cfg.Live.FIDKimg > 0 && l.eval.nimg < l.nimg {
			if err := l.evaluate(); err != nil {
				return false, err
			}
		}
	}
	return true, l.sample()
}

// recordFID makes measured values known, one a judge, and keeps the weights when they
// are the best so far by the one that decides.
func (l *Loop) recordFID(values []float64) error {
	r, e := &l.report, &l.eval
	decides, also := l.bestJudge(), slices.Clone(r.also)
	fid, seat := values[decides], e.panel.seats[decides]
	r.lastFID, r.fidNimg = &fid, e.nimg
	best := r.bestFID == nil || seat.Better(fid, *r.bestFID)
	text := fmt.Sprintf("%s %.2f at %.1f kimg", seat.label, fid, kimg(e.nimg))
	if best {
		r.bestFID = &fid
		text += ", the best so far"
		l.keepBest(fid)
	}
	_, n := e.panel.Progress()
	scalars, data := map[string]float64{}, map[string]any{"nimg": e.nimg, "samples": n, "best": best}
	for k, s := range e.panel.seats {
		scalars[s.key], data[s.key] = values[k], values[k]
		if k != decides {
			also = s.note(also, values[k])
			text += fmt.Sprintf("; %s %.4g", s.label, values[k])
		}
	}
	r.also = also
	if err := l.recordTick(runlog.Tick{Type: runlog.TypeFID, Nimg: e.nimg, Time: l.now(), Scalars: scalars}); err != nil {
		return err
	}
	l.event(runlog.FID, text, data)
	return nil
}

// test records the held-out scalars of a method that makes no images.
func (l *Loop) test() error {
	values, err := l.method.Test()
	if err != nil || len(values) == 0 {
		return err
	}
	return l.recordTick(runlog.Tick{Type: runlog.TypeTest, Nimg: l.nimg, Time: l.now(), Scalars: values})
}
