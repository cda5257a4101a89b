package loop

import (
	"time"

	"innate/configs"
)

// task is what a run does now and then, between two steps.
type task struct {
	name  string                     // of the time that it takes, in the log; "" where that is not logged
	every func(configs.Live) float64 // thousands of images; 0: never
	do    func() error
}

// newTasks lists the tasks of a run in the order in which they are done when
// several are due.
func (l *Loop) newTasks() []task {
	return []task{
		{"", func(c configs.Live) float64 { return c.TickKimg }, l.tick}, // first: it may find that a loss diverges and go back
		{l.cfg.FID.Statistic, func(c configs.Live) float64 { return c.FIDKimg }, l.evaluate},
		{"sample", func(c configs.Live) float64 { return c.SampleKimg }, l.sample},
		{"checkpoint", func(c configs.Live) float64 { return c.CheckpointKimg }, l.scheduledCheckpoint},
	}
}

// doTasks does what has come due since the run had seen before images.
func (l *Loop) doTasks(before int64, live configs.Live) error {
	for _, t := range l.tasks {
		if !due(before, l.nimg, t.every(live)) {
			continue
		}
		if err := l.timed(t.name, t.do); err != nil {
			return err
		}
	}
	return nil
}

// timed does something and adds the time it took to a stage, if it has one.
func (l *Loop) timed(stage string, do func() error) error {
	start := time.Now()
	err := do()
	if stage != "" {
		l.scalars.Time(stage, start)
	}
	return err
}

// due says whether a multiple of interval lies in (before, now]; an interval of
// zero is never due.
func due(before, now int64, intervalKimg float64) bool {
	n := images(intervalKimg)
	return n > 0 && now/n > before/n
}
