package loop

import (
	"fmt"
	"path/filepath"

	"innate/trainer/control"
	"innate/trainer/data"
	"innate/trainer/runlog"
	"innate/trainer/sampleio"
)

// evaluateNow starts a measurement outside the schedule. A paused run takes the
// weights now, and measures them when it goes on.
func (l *Loop) evaluateNow() error {
	if l.method.image() == nil {
		return fmt.Errorf("loop: evaluate: method %s makes no images", l.cfg.Method)
	}
	if l.eval.running {
		_, n := l.eval.fid.Progress()
		return fmt.Errorf("loop: evaluate: a measurement over %d images, begun at %.1f kimg, is under way", n, kimg(l.eval.nimg))
	}
	if l.eval.fid == nil { // live.fid_kimg is 0: none was ever due
		if err := l.openEvaluation(); err != nil {
			return err
		}
	}
	return l.evaluate()
}

// sampleNow draws the grid outside the schedule, from the fixed noise or from
// that of another seed, which gets a file of its own.
func (l *Loop) sampleNow(r control.SampleRequest) error {
	im := l.method.image()
	if im == nil {
		return fmt.Errorf("loop: sample: method %s makes no images", l.cfg.Method)
	}
	if err := l.prepareSamples(); err != nil {
		return err
	}
	s, name := l.samples, fmt.Sprintf("%09d.png", l.nimg)
	z := s.z
	if r.Seed != nil {
		name = fmt.Sprintf("%09d-seed%d.png", l.nimg, *r.Seed)
		z = make([]float32, len(s.z))
		data.ImageNormals(*r.Seed, im.values(), z)
	}
	Generate(s.gen, z, im.steps, s.images)
	name = filepath.Join(control.SamplesDir, name)
	h, w, c := im.size()
	if err := sampleio.WriteGrid(filepath.Join(l.dir, name), s.images, s.n, h, w, c); err != nil {
		return err
	}
	l.report.sampleFile, l.report.sampleNimg = name, l.nimg
	return l.recordEvent(runlog.Sample, name, nil)
}
