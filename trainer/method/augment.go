package method

import (
	"fmt"
	"math/rand/v2"

	"innate/configs"
	"innate/models"
	"innate/models/augment"
	"innate/models/gdd"
	"innate/models/graph"
	"innate/trainer/data"
)

// augmenting draws how the images of a distillation are augmented, and adapts how
// often.
type augmenting struct {
	rng    *data.Rand
	share  data.Share
	sum    func(values []float32) error // over all processes; nil for one
	ada    *augment.ADA                 // nil without a pipe
	target float64
	seen   int // steps since the last collect whose signs are taken note of
}

// augmentationOf translates [augment].
func augmentationOf(cfg *configs.Config) gdd.Augmentation {
	a := gdd.Augmentation{Diff: cfg.Augment.Diff}
	if cfg.Augment.Pipe != configs.NoPipe {
		a.Pipe = augment.Policy(cfg.Augment.Pipe)
	}
	return a
}

// newAugmenting is nil where nothing is augmented, so that such runs have no stream
// and no state of it.
func newAugmenting(e Env, a gdd.Augmentation) *augmenting {
	if a.None() {
		return nil
	}
	g := &augmenting{rng: e.Streams.Stream("disc.augment"), share: e.Share}
	if e.Sum != nil {
		g.sum = e.Sum.Sum
	}
	if a.Pipe != "" {
		g.ada = augment.NewADA(e.Config.Augment.P)
	}
	return g
}

// takeAugment takes over the settings in force. Signs count from when there is a target.
func (d *distiller) takeAugment(cfg configs.Augment) {
	a := d.augmenting
	if a == nil || a.ada == nil {
		return
	}
	if a.target == 0 {
		a.seen = d.disStep.Steps()
	}
	a.target = cfg.ADATarget
	a.ada.Take(cfg.P, cfg.ADATarget)
}

// draw calls f with the random stream of one run of a stage.
func (a *augmenting) draw(f func(rng *rand.Rand, prob float64)) {
	if a == nil {
		return
	}
	prob := 0.0
	if a.ada != nil {
		prob = a.ada.P()
	}
	f(rand.New(a.share.Stream(a.rng)), prob)
}

// adapt follows after a step of that number, of so many images in all processes.
func (d *distiller) adapt(iteration int64, s *Scalars) error {
	a := d.augmenting
	if a == nil || a.ada == nil {
		return nil
	}
	s.Add("augment/p", a.ada.P())
	if a.target == 0 {
		return nil
	}
	due := (iteration+1)%augment.ADAInterval == 0
	if due || a.sum != nil { // of several processes, whose state stays the same
		if err := d.takeSigns(); err != nil {
			return err
		}
	}
	if due {
		a.ada.Update(a.target, d.batch*max(1, d.micro.Processes))
	}
	return nil
}

// takeSigns takes note of the steps that have come since.
func (d *distiller) takeSigns() error {
	a := d.augmenting
	if a == nil || a.ada == nil || a.target == 0 {
		return nil
	}
	var failed error
	a.seen = d.disStep.Peek(a.seen, func(r Record) {
		mean := []float32{float32(d.sign(r))}
		if a.sum != nil {
			if err := a.sum(mean); err != nil {
				failed = err
			}
			mean[0] /= float32(d.micro.Processes)
		}
		a.ada.Add(float64(mean[0]))
	})
	return failed
}

// noteSigns takes note of the steps so far, between two updates, of one process; of
// several it happens in every step.
func (d *distiller) noteSigns() {
	if a := d.augmenting; a != nil && a.sum == nil {
		_ = d.takeSigns() // only a sum over processes can fail
	}
}

// collectSigns takes note of the steps that are about to be collected.
func (d *distiller) collectSigns() {
	d.noteSigns()
	if a := d.augmenting; a != nil {
		a.seen = 0
	}
}

// sign is the mean sign of all logits for real images in one step.
func (d *distiller) sign(r Record) float64 {
	logits := 0
	for _, x := range d.nets.Discs {
		logits += d.batch * x.Disc.Config.Logits()
	}
	return 2*r.Sum(d.disc.Positive)/float64(logits) - 1
}

// augmentationGroup is what a checkpoint keeps of it; none where there is nothing.
func (d *distiller) augmentationGroup() []Group {
	if d.augmenting == nil || d.augmenting.ada == nil {
		return nil
	}
	set := models.NewParamSet()
	set.Add(d.augmenting.ada.State)
	return []Group{{Prefix: "augment/", Set: set}}
}

// checkAugment refuses a pipe for images that it cannot change, for a diffusion model one
// that it cannot be told of, as it would learn to make augmented images, and a target
// without a pipe.
func checkAugment(cfg *configs.Config, set data.Dataset) error {
	pipe := cfg.Augment.Pipe
	if pipe == configs.NoPipe {
		if t := cfg.Augment.ADATarget; t != 0 {
			return cfg.At("augment.ada_target", fmt.Errorf("augment.ada_target: got %g, want 0 without an augment.pipe, whose p it adapts", t))
		}
		return nil
	}
	h, w, c := set.Shape()
	if err := augment.Policy(pipe).Check(graph.Shape{h, w, c}); err != nil {
		return cfg.At("augment.pipe", err)
	}
	if cfg.Method != configs.EDM {
		return nil
	}
	if augment.Policy(pipe) != augment.EDM {
		return cfg.At("augment.pipe", fmt.Errorf("augment.pipe: got %q, want none or edm: a diffusion model would learn to make such images", pipe))
	}
	if n := cfg.Model.AugmentDim; n != augment.LabelDim {
		return cfg.At("model.augment_dim", fmt.Errorf("model.augment_dim: got %d, want %d with augment.pipe: by its labels the network does not learn to make augmented images", n, augment.LabelDim))
	}
	return nil
}
