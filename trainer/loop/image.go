package loop

import (
	"fmt"
	"image"
	"path/filepath"

	"innate/models/precond"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/sampleio"
)

// Seeds of the images that a run shows and measures. Every image has its own
// generator, so that image i is the same whatever the batch and the run.
const (
	sampleSeed = 1 << 20 // first seed of the sample grid
	fidSeed    = 0       // first seed of evaluations
)

// sampleGrid draws the fixed images that a run shows as it learns.
type sampleGrid struct {
	Arrangement
	gen     *precond.Sampler
	count   int // live.sample_count that it is for
	latents *Latents
	images  []float32
}

// prepareImages compiles what samples and evaluations need.
func (l *Loop) prepareImages() error {
	if err := l.prepareEvaluation(); err != nil {
		return err
	}
	return l.prepareSamples()
}

// prepareSamples compiles the generator of the sample grid; it is called again
// when the number of samples changes.
func (l *Loop) prepareSamples() error {
	im, n := l.method.Images(), l.cfg.Live.SampleCount
	if im == nil || l.samples != nil && l.samples.count == n {
		return nil
	}
	if l.samples != nil {
		l.samples.gen.Program().Release()
		l.samples = nil
	}
	a := Arrange(im.Den, n)
	gen, err := precond.NewSampler(l.dev, im.Den, a.N)
	if err != nil {
		return err
	}
	l.samples = &sampleGrid{
		Arrangement: a, gen: gen, count: n,
		latents: a.Latents(im.Den, sampleSeed), images: make([]float32, a.N*gen.Pixels()),
	}
	return nil
}

// sampleClasses are the classes of the sample grid's rows, if it has any.
func (l *Loop) sampleClasses() []int {
	if l.samples == nil {
		return nil
	}
	return l.samples.Classes
}

// sample writes the grid of fixed seeds as seen by the EMA weights.
func (l *Loop) sample() error {
	im := l.method.Images()
	if im == nil || l.cfg.Live.SampleKimg == 0 {
		return nil
	}
	l.report.stage = "sample"
	if err := l.prepareSamples(); err != nil {
		return err
	}
	name := filepath.Join(run.SamplesDir, fmt.Sprintf("%09d.png", l.nimg))
	grid, err := l.drawSamples(l.samples.latents)
	if err != nil {
		// Weights that make no proper images make no picture; training decides
		// itself whether to continue.
		l.event(runlog.Error, err.Error(), nil)
		return nil
	}
	return l.storage.write(func() error {
		err := sampleio.WritePNG(filepath.Join(l.dir, name), grid)
		if starved(err) {
			return err
		}
		if err != nil {
			// A picture less is no reason to lose a run.
			l.event(runlog.Error, err.Error(), nil)
			return nil
		}
		return l.announceSamples(name)
	})
}

// drawSamples makes a grid of what the EMA weights make of latents in the
// arrangement of prepareSamples.
func (l *Loop) drawSamples(latents *Latents) (image.Image, error) {
	s, im := l.samples, l.method.Images()
	if err := latents.GenerateAs(s.gen, im, s.images); err != nil {
		return nil, err
	}
	return s.Grid(im.Den, s.images)
}

// announceSamples makes a grid that has been written known.
func (l *Loop) announceSamples(name string) error {
	l.report.sampleFile, l.report.sampleNimg = name, l.nimg
	return l.recordEvent(runlog.Sample, name, nil)
}
