package loop

import (
	"fmt"
	"path/filepath"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/sampleio"
)

// evaluateNow starts a measurement outside the schedule; r is answered when it
// has a value, also while the run is paused. Where its directory takes no writes
// the weights are taken now, which is the answer, and measured later.
func (l *Loop) evaluateNow(r reply) (later bool, err error) {
	if err := l.beginEvaluation(); err != nil || l.storage.full() {
		return false, err
	}
	l.eval.asks = append(l.eval.asks, r)
	return true, nil
}

// beginEvaluation starts a measurement of the weights as they are, whether or not
// one is due.
func (l *Loop) beginEvaluation() error {
	if l.method.Images() == nil {
		return fmt.Errorf("loop: evaluate: method %s makes no images", l.cfg.Method)
	}
	if l.eval.running {
		_, n := l.eval.panel.Progress()
		return fmt.Errorf("loop: evaluate: a measurement over %d images, begun at %.1f kimg, is under way", n, kimg(l.eval.nimg))
	}
	if err := l.measurable(); err != nil {
		return err
	}
	if l.eval.panel == nil { // live.fid_kimg is 0: none was ever due
		if err := l.openEvaluation(); err != nil {
			return err
		}
	}
	return l.evaluate()
}

// evaluated answers those who wait for a measurement.
func (l *Loop) evaluated(err error) {
	if len(l.eval.asks) > 0 {
		l.publish() // the answer is the status with the value
	}
	for _, r := range l.eval.asks {
		r <- err
	}
	l.eval.asks = nil
}

// evaluationHeld tells those who wait for a measurement that it will take longer
// than they may want to wait: the directory takes no writes.
func (l *Loop) evaluationHeld() {
	l.evaluated(fmt.Errorf("loop: evaluate: the run is paused: %s; the measurement begun at %.1f kimg continues when the run does", l.pauseReason(), kimg(l.eval.nimg)))
}

// sampleNow draws the grid outside the schedule, from the fixed noise or from
// that of another seed, which gets a file of its own.
func (l *Loop) sampleNow(r control.SampleRequest) error {
	im := l.method.Images()
	if im == nil {
		return fmt.Errorf("loop: sample: method %s makes no images", l.cfg.Method)
	}
	if err := l.prepareSamples(); err != nil {
		return err
	}
	latents, name := l.samples.latents, fmt.Sprintf("%09d.png", l.nimg)
	if r.Seed != nil {
		name = fmt.Sprintf("%09d-seed%d.png", l.nimg, *r.Seed)
		latents = l.samples.Latents(im.Den, *r.Seed)
	}
	grid, err := l.drawSamples(latents)
	if err != nil {
		return err
	}
	name = filepath.Join(run.SamplesDir, name)
	if err := sampleio.WritePNG(filepath.Join(l.dir, name), grid); err != nil {
		return err
	}
	return l.announceSamples(name)
}
