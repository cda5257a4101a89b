package loop

import (
	"context"
	"fmt"
	"time"

	"innate/trainer/control"
	"innate/trainer/runlog"
)

// between applies what arrived since the last step and waits while the run is
// paused. It returns false when the run is to stop.
func (l *Loop) between(ctx context.Context) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case r := <-l.commands:
			r.reply <- l.apply(r.command)
		case <-l.reloads:
			l.rereadOrReport()
		default:
			if l.stopping {
				return false
			}
			if !l.paused {
				return true
			}
			if !l.wait(ctx) {
				return false
			}
		}
	}
}

// wait blocks a paused run until something happens.
func (l *Loop) wait(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case r := <-l.commands:
		r.reply <- l.apply(r.command)
	case <-l.reloads:
		l.rereadOrReport()
	}
	return true
}

// first does what a new run does before its first step: it shows where the
// student starts.
func (l *Loop) first() error {
	if err := l.sample(); err != nil {
		return err
	}
	if l.cfg.Live.FIDKimg > 0 {
		return l.evaluate()
	}
	return nil
}

// step trains on one batch and does what is then due.
func (l *Loop) step() error {
	start := time.Now()
	l.report.stage = "train"
	l.sampler.Next(l.index)
	l.data.Images(l.index, l.batch.images)
	l.data.Labels(l.index, l.batch.labels)
	l.scalars.time("data", start)

	before := l.nimg
	if err := l.method.step(before, l.batch, l.scalars); err != nil {
		return err
	}
	l.nimg += int64(l.cfg.Run.Batch)
	l.scalars.steps++
	l.rate.add(time.Since(start))

	if err := l.stepEvaluation(); err != nil {
		return err
	}
	live := l.cfg.Live
	for _, task := range []struct {
		everyKimg float64
		do        func() error
	}{
		{live.FIDKimg, l.evaluate},
		{live.TickKimg, l.tick},
		{live.SampleKimg, l.sample},
		{live.CheckpointKimg, l.checkpoint},
	} {
		if due(before, l.nimg, task.everyKimg) {
			if err := task.do(); err != nil {
				return err
			}
		}
	}
	l.publish()
	return nil
}

// due says whether a multiple of interval lies in (before, now]; an interval of
// zero is never due.
func due(before, now int64, intervalKimg float64) bool {
	n := images(intervalKimg)
	return n > 0 && now/n > before/n
}

// tick writes the means since the last tick to the run log.
func (l *Loop) tick() error {
	now := time.Now()
	if wall := now.Sub(l.ticked).Seconds(); wall > 0 {
		l.pace = float64(l.nimg-l.tickNimg) / wall
	}
	l.ticked, l.tickNimg = now, l.nimg
	means := l.scalars.means()
	means["speed/images_per_sec"] = l.rate.perSec(l.cfg.Run.Batch)
	means["freeze/fraction"] = l.freezing.Fraction()
	l.report.stageMs = l.scalars.stageMs()
	for stage, ms := range l.report.stageMs {
		means["time/"+stage+"_ms"] = ms
	}
	l.scalars = newScalars()
	if err := l.log.Tick(runlog.Tick{Nimg: l.nimg, Time: now, Scalars: means}); err != nil {
		return err
	}
	fmt.Fprintln(l.out, l.progressLine(means))
	return nil
}

// progressLine is a tick for people without a screen.
func (l *Loop) progressLine(means map[string]float64) string {
	line := fmt.Sprintf("%8.1f kimg  %6.1f img/s", kimg(l.nimg), l.rate.perSec(l.cfg.Run.Batch))
	for _, s := range []struct{ key, name string }{
		{"loss/gen", "gen"}, {"loss/disc", "disc"}, {"loss/r1", "r1"}, {"loss/edm", "loss"}, {"loss/ce", "loss"},
	} {
		if v, ok := means[s.key]; ok {
			line += fmt.Sprintf("  %s %.4f", s.name, v)
		}
	}
	if l.report.lastFID != nil {
		line += fmt.Sprintf("  %s %.1f at %.1f kimg", l.report.fidName, *l.report.lastFID, kimg(l.report.fidNimg))
	}
	return line
}

func (l *Loop) setState(state string) {
	l.state = state
	l.publish()
	_ = control.WriteStatus(l.dir, l.Status()) // the next beat says it again
}
