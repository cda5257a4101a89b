package method

import (
	"errors"
	"time"

	"innate/configs"
	"innate/models"
	"innate/models/device"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/trainer/optim"
)

// distiller runs the stages of GDD on given noise and images: what one iteration
// is, apart from where its inputs come from and what is averaged and logged. Without
// discriminators the generator stage is all of it.
type distiller struct {
	nets  gdd.Nets
	batch int // images of a step, in this process
	micro Micro

	gen  *gdd.GenStage
	disc *gdd.DiscStage
	r1   *gdd.R1Stage

	genStep, disStep, r1Step *Stage
	frozen                   func(p *models.Param) bool // of discriminators, by the plans of both their stages
	genAdam                  *optim.Adam
	disAdams                 []*optim.Adam // of each discriminator

	// By discriminator: what its settings say, how it updates in this step, and
	// the names of what is charted of it.
	weights, rates, shares []float64
	hypers                 []optim.Hyper
	charts                 []chart

	fakes  *precond.Maker // the generator without gradients, for the D stage
	gammas []float64      // of the R1 steps since the last collect

	augmenting *augmenting // nil where nothing is
	distance   *distance   // nil where there is none in the loss
	teaching   *teaching   // nil where no teacher says what images should be
}

func newDistiller(dev device.Device, nets gdd.Nets, loss gdd.Loss, micro Micro) (*distiller, error) {
	batch := micro.Size
	d := &distiller{nets: nets, batch: micro.Size * micro.Parts, micro: micro}
	var err error
	if d.gen, err = gdd.NewGenStage(nets, loss, batch); err != nil {
		return nil, err
	}
	d.genAdam = optim.NewAdam(nets.Gen.Net.Params().All(), dev)
	d.genStep = NewStage("g", dev, &d.gen.Objective, micro, d.genAdam)
	if len(nets.Discs) == 0 {
		return d, nil
	}
	if d.fakes, err = precond.NewMaker(dev, nets.Gen, batch); err != nil {
		return nil, err
	}
	if d.disc, err = gdd.NewDiscStage(nets, loss, d.fakes.Images); err != nil {
		return nil, err
	}
	if d.r1, err = gdd.NewR1Stage(nets, batch); err != nil {
		return nil, err
	}
	for k, x := range nets.Discs {
		d.disAdams = append(d.disAdams, optim.NewAdam(x.Disc.Params.All(), dev))
		d.weights, d.rates, d.shares = append(d.weights, 1), append(d.rates, 1), append(d.shares, 1)
		d.charts = append(d.charts, newChart(k, len(nets.Discs)))
	}
	d.hypers = make([]optim.Hyper, len(nets.Discs))
	d.disStep = NewStage("d", dev, &d.disc.Objective, micro, d.disAdams...)
	d.r1Step = NewStage(R1Stage, dev, &d.r1.Objective, micro.ofMean(), d.disAdams...)
	return d, d.freezeDiscs(named(none))
}

// R1Stage is the name of the stage that is not in every step.
const R1Stage = "r1"

// freezeDiscs plans the two stages of the discriminators, which share their optimizers.
// On an error both stay as they were.
func (d *distiller) freezeDiscs(frozen func(p *models.Param) bool) error {
	if err := d.disStep.Freeze(frozen); err != nil {
		return err
	}
	err := d.r1Step.Freeze(frozen)
	if err != nil && d.frozen != nil {
		err = errors.Join(err, d.disStep.Freeze(d.frozen))
	}
	if err == nil {
		d.frozen = frozen
	}
	return err
}

// take takes over the settings of each discriminator that are in force.
func (d *distiller) take(cfg *configs.Config) {
	for k := range d.weights {
		s := cfg.Nth(k)
		d.weights[k], d.rates[k], d.shares[k] = s.Weight, s.LR, s.R1
	}
	if d.distance != nil {
		d.distance.take(cfg)
	}
	if d.teaching != nil {
		d.teaching.weight = cfg.Distill.Weight
	}
	d.takeAugment(cfg.Augment)
}

// Freeze plans the generator stage anew.
func (d *distiller) Freeze(frozen func(name string) bool) error {
	return d.genStep.Freeze(named(frozen))
}

// Ask is Freeze for steps that measure the gradients of frozen parameters, too.
func (d *distiller) Ask(frozen, ask func(name string) bool) error {
	return d.genStep.Ask(named(frozen), named(ask))
}

// Asked are the squared norms of those gradients.
func (d *distiller) Asked() map[string]float64 { return d.genStep.Asked() }

// iterate runs one iteration: the generator stage on noise genZ, the
// discriminator stage on noise discZ and real images, and R1 on the same images
// when it is due. Each stage sees its batch in micro-batches and updates after the
// last. genZ, discZ and real are [N H W C]; labels are those of the real images,
// [N classes], which the fakes share, or nil for unconditional networks; iteration
// counts from 0.
func (d *distiller) iterate(iteration int64, genZ, discZ, real, labels []float32, live configs.Live, s *Scalars) error {
	gen := optim.Hyper{LR: live.GenLR, Beta1: live.Beta1, Beta2: live.Beta2, Eps: adamEps}
	dis := gen
	dis.LR = live.DiscLR
	if live.R1Gamma > 0 {
		dis = dis.Lazy(live.R1Interval)
	}
	for k, rate := range d.rates {
		d.hypers[k] = dis
		d.hypers[k].LR *= rate
	}
	d.gen.Weigh(d.weights)
	start := time.Now()
	if d.teaching != nil {
		if err := d.teaching.ask(genZ, real, labels); err != nil {
			return err
		}
		start = s.Time("teacher", start)
	}
	if err := d.stepGen(genZ, labels, gen); err != nil {
		return err
	}
	start = s.Time("g", start)
	s.Add("lr/gen", gen.LR)
	if d.disc == nil {
		return nil
	}
	d.r1.Share(d.shares)
	if err := d.stepDisc(discZ, real, labels); err != nil {
		return err
	}
	start = s.Time("d", start)
	if r1Due(iteration, live) {
		if err := d.stepR1(real, labels, live); err != nil {
			return err
		}
		s.Time("r1", start)
	}
	for k, c := range d.charts {
		s.Add(c.lrName, d.hypers[k].LR)
	}
	return d.adapt(iteration, s)
}

// stepGen steps the generator.
func (d *distiller) stepGen(z, labels []float32, h optim.Hyper) error {
	if d.distance != nil {
		if err := d.distance.begin(d.gen, z, labels); err != nil {
			return err
		}
	}
	for i := range d.micro.Parts {
		d.gen.Set(d.micro.part(z, i), d.micro.part(labels, i))
		if d.teaching != nil {
			d.teaching.set(d.gen, i)
		}
		d.augmenting.draw(d.gen.Draw)
		if err := d.genStep.Run(); err != nil {
			return err
		}
	}
	return d.genStep.Update(h)
}

// stepDisc steps the discriminators on fakes of fresh noise and on real images.
func (d *distiller) stepDisc(z, real, labels []float32) error {
	for i := range d.micro.Parts {
		if err := d.fakes.Make(d.micro.part(z, i), d.micro.part(labels, i)); err != nil {
			return err
		}
		d.disc.Set(d.micro.part(real, i), d.micro.part(labels, i))
		d.augmenting.draw(d.disc.Draw)
		if err := d.disStep.Run(); err != nil {
			return err
		}
	}
	return d.disStep.Update(d.hypers...)
}

// stepR1 steps the discriminators by their gradient penalty.
func (d *distiller) stepR1(real, labels []float32, live configs.Live) error {
	gamma, every := live.R1Gamma, float64(live.R1Interval)
	for i := range d.micro.Parts {
		d.r1.Set(d.micro.part(real, i), d.micro.part(labels, i), float32(gamma/2*every))
		if err := d.r1Step.Run(); err != nil {
			return err
		}
	}
	d.gammas = append(d.gammas, gamma)
	return d.r1Step.Update(d.hypers...)
}

// Programs are the stages in the order of a step.
func (d *distiller) Programs() []Program {
	var programs []Program
	if d.teaching != nil {
		programs = append(programs, d.teaching.programs()...)
	}
	if d.distance != nil && d.distance.program != nil {
		programs = append(programs, Program{Stage: "g features", Program: d.distance.program})
	}
	programs = append(programs, d.genStep.Program())
	if d.disc == nil {
		return programs
	}
	return append(programs, Program{Stage: "d fakes", Program: d.fakes.Program()}, d.disStep.Program(), d.r1Step.Program())
}

// r1Due says whether an iteration penalises: every r1_interval-th, but not the
// very first.
func r1Due(iteration int64, live configs.Live) bool {
	return live.R1Gamma > 0 && iteration > 0 && iteration%int64(live.R1Interval) == 0
}
