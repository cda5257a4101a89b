package loop

import (
	"fmt"
	"time"

	"innate/models/device/devices"
	"innate/trainer/method"
	"innate/trainer/runlog"
)

// first does what a new run does before its first step: it shows where the
// student starts.
func (l *Loop) first() error {
	if err := l.timed("sample", l.sample); err != nil {
		return err
	}
	if l.cfg.Live.FIDKimg > 0 {
		return l.timed(l.cfg.FID.Statistic, l.evaluate)
	}
	return nil
}

// turn is what is done between two looks at what has arrived: a step, or before it a
// slice of an evaluation that keeps the one of the present weights waiting.
func (l *Loop) turn() error {
	if !l.eval.waits {
		return l.step()
	}
	defer l.publish()
	return l.measureSlice()
}

// step trains on one batch and does what is then due.
func (l *Loop) step() error {
	l.report.stage = "train"
	live, before, after := l.cfg.Live, l.nimg, l.nimg+int64(l.cfg.Run.Batch)
	layersDue := due(before, after, live.LayersKimg)
	if layersDue {
		l.method.Trained().Measure()
	}
	watch := startWatch()
	if err := l.trainStep(); err != nil {
		return err
	}
	l.rate.add(watch.spent())
	l.noteBroken()

	if layersDue {
		if err := l.timed("layers", l.measureLayers); err != nil {
			return err
		}
	}
	if err := l.evaluateBeside(); err != nil {
		return err
	}
	if err := l.doTasks(before, live); err != nil {
		return err
	}
	if err := l.keepSchedule(); err != nil {
		return err
	}
	if err := l.keepRule(); err != nil {
		return err
	}
	l.publish()
	return nil
}

// trainStep trains on one batch, and nothing else.
func (l *Loop) trainStep() error {
	if err := l.keepSchedule(); err != nil { // the leader has after the step before
		return err
	}
	if err := l.keepRule(); err != nil { // likewise, but of a run that resumes there
		return err
	}
	asked, err := l.askGradients()
	if err != nil {
		return err
	}
	start := time.Now()
	batch, err := l.loader.Next()
	if err != nil {
		return err
	}
	l.scalars.Time("data", start)
	if err := l.orderStep(); err != nil {
		return err
	}
	if err := l.method.Step(l.nimg, *batch, l.cfg, l.scalars); err != nil {
		return err
	}
	l.nimg += int64(l.cfg.Run.Batch)
	l.scalars.Steps++
	return l.noteWindow(asked)
}

// imagesPerSec is the training speed over the last steps by the clock.
func (l *Loop) imagesPerSec() float64 {
	wall, _ := l.rate.perSec(l.cfg.Run.Batch)
	return wall
}

// tick writes the means since the last tick to the run log, and judges them.
func (l *Loop) tick() error {
	if err := l.gatherScalars(); err != nil { // first: it waits for steps that are not done
		return err
	}
	l.pace.tick(time.Now(), l.nimg)
	means := l.scalars.Means()
	wall, cpu := l.rate.perSec(l.cfg.Run.Batch)
	means[runlog.Speed] = wall
	if cpu > 0 && l.ranks == nil && l.dev.Info().Name == devices.CPU {
		means[runlog.CPUSpeed] = cpu
	}
	means["freeze/fraction"] = l.freezing.Fraction()
	l.report.stageMs = l.scalars.StageMs()
	for stage, ms := range l.report.stageMs {
		means["time/"+stage+"_ms"] = ms
	}
	replaced := int64(l.scalars.Sum[method.NonFiniteGrads])
	l.scalars = method.NewScalars()
	if err := l.recordTick(runlog.Tick{Nimg: l.nimg, Time: l.now(), Scalars: means}); err != nil {
		return err
	}
	fmt.Fprintln(l.out, l.progressLine(means))
	l.noteDevice()
	return l.checkHealth(means, replaced)
}

// progressLine is a tick for people without a screen.
func (l *Loop) progressLine(means map[string]float64) string {
	line := fmt.Sprintf("%8.1f kimg  %6.1f img/s", kimg(l.nimg), l.imagesPerSec())
	for _, s := range []struct{ key, name string }{
		{"loss/gen", "gen"}, {"loss/disc", "disc"}, {"loss/r1", "r1"}, {"loss/fd", "fd"}, {"loss/distill", "distill"}, {"loss/edm", "loss"}, {"loss/ce", "loss"},
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
	l.storage.heartbeat(l.writeStatus()) // the next one says it again
}
