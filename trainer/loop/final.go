package loop

import (
	"context"
	"fmt"
	"time"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// FinalPlan is the evaluation that is queued for the end of a run, as papers measure.
type FinalPlan struct {
	Dir     string           // of the run, whose table gets the numbers
	File    *checkpoint.File // its last checkpoint
	Judges  []configs.Judge  // of the run; files are located
	Steps   int              // of the sampler
	Samples int              // images of a range of seeds
	Ranges  int
	Report  func(ranges, nimg int) // that have been measured; of the range after them
}

// Final carries out a plan, or returns when ctx ends; what was measured until then is
// kept for the next time. It calls Report often, between any two pieces of work.
type Final func(ctx context.Context, dev device.Device, p FinalPlan) ([]results.Result, error)

// finalEvaluation measures the last weights if that is queued, from the checkpoint that
// has them: a kill loses neither. It returns false when the run is to stop before that.
func (l *Loop) finalEvaluation(ctx context.Context) (finished bool, err error) {
	for l.final != nil && l.method.Images() != nil && l.cfg.Live.FinalSamples > 0 {
		again, goOn, err := l.measureFinally(ctx)
		if !again || err != nil {
			return goOn, err
		}
	}
	return true, nil
}

// measureFinally carries out the plan that is queued now; again is true when another
// one, or none, is queued meanwhile.
func (l *Loop) measureFinally(ctx context.Context) (again, goOn bool, err error) {
	why, err := l.checkpointIfHealthy()
	if err != nil || why != "" { // such weights have no number
		return false, true, err
	}
	if flushed, err := l.flush(ctx); !flushed {
		return err == nil, false, err
	}
	f, err := l.newest()
	if err != nil || f == nil {
		return false, true, err
	}
	live, judges := l.cfg.Live, make([]configs.Judge, l.cfg.Judges())
	for k := range judges {
		judges[k] = *l.cfg.Judge(k)
		judges[k].Features, judges[k].Reference = configs.Locate(l.dir, judges[k].Features), configs.Locate(l.dir, judges[k].Reference)
	}
	l.finalPace = finalPace{}
	measuring, cancel := context.WithCancel(ctx)
	defer cancel()
	goOn = true
	var failed error
	list, err := l.final(measuring, l.dev, FinalPlan{
		Dir: l.dir, File: f, Judges: judges, Steps: l.method.Images().Steps, Samples: live.FinalSamples, Ranges: live.FinalRanges,
		Report: func(ranges, nimg int) {
			l.report.stage, l.report.finalRanges, l.report.finalNimg = "final", ranges, nimg
			l.finalPace.seen(time.Now(), ranges*live.FinalSamples+nimg)
			l.publish()
			if goOn, failed = l.between(ctx); failed == nil && l.eval.running { // that a client has asked for
				failed = l.measureSlice()
			}
			now := l.cfg.Live
			again = now.FinalSamples != live.FinalSamples || now.FinalRanges != live.FinalRanges
			if failed != nil || !goOn || again {
				cancel()
			}
		},
	})
	switch {
	case failed != nil || !goOn:
		return false, false, failed
	case again:
		l.report.finalRanges, l.report.finalNimg = 0, 0
		return true, true, nil
	case err != nil: // the training is done, whatever becomes of its numbers
		l.event(runlog.Error, err.Error(), nil)
		return false, true, nil
	}
	l.report.finalRanges, l.report.finalNimg = live.FinalRanges, 0
	for _, s := range results.Summarise(list) {
		l.event(runlog.FID, fmt.Sprintf("%s, at %.1f kimg", s, kimg(l.nimg)), nil)
	}
	return false, true, nil
}

// finalPace estimates how long the evaluation at the end still takes: by how long
// the images have taken since the first report, so that those which were measured before
// a kill count for nothing.
type finalPace struct {
	began, last time.Time
	first, nimg int // images of all ranges, then and now
}

func (p *finalPace) seen(now time.Time, nimg int) {
	if p.began.IsZero() {
		p.began, p.first = now, nimg
	}
	p.last, p.nimg = now, nimg
}

// left is the seconds for all that is missing of total; 0 where nothing is known yet.
func (p *finalPace) left(total int) float64 {
	if p.nimg <= p.first {
		return 0
	}
	return p.last.Sub(p.began).Seconds() / float64(p.nimg-p.first) * float64(total-p.nimg)
}

// finalStatus is what status says of it; nil where none is queued.
func (l *Loop) finalStatus() *run.Final {
	live := l.cfg.Live
	if live.FinalSamples == 0 || l.final == nil {
		return nil
	}
	return &run.Final{Samples: live.FinalSamples, Ranges: live.FinalRanges, Done: l.report.finalRanges, Nimg: l.report.finalNimg}
}
