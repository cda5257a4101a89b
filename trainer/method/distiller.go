package method

import (
	"time"

	"innate/configs"
	"innate/models/device"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/trainer/optim"
)

// distiller runs the stages of GDD on given noise and images: what one iteration
// is, apart from where its inputs come from and what is averaged and logged.
type distiller struct {
	nets  gdd.Nets
	batch int

	gen  *gdd.GenStage
	disc *gdd.DiscStage
	r1   *gdd.R1Stage

	genStep, disStep, r1Step *Stage
	genAdam, disAdam         *optim.Adam

	faker *precond.Sampler // the generator without gradients, for the D stage
	fake  []float32        // [N H W C]
}

func newDistiller(dev device.Device, nets gdd.Nets, loss gdd.Loss, batch int) (*distiller, error) {
	d := &distiller{nets: nets, batch: batch}
	var err error
	if d.gen, err = gdd.NewGenStage(nets, loss, batch); err != nil {
		return nil, err
	}
	if d.disc, err = gdd.NewDiscStage(nets, loss, batch); err != nil {
		return nil, err
	}
	if d.r1, err = gdd.NewR1Stage(nets, batch); err != nil {
		return nil, err
	}
	if d.faker, err = precond.NewSampler(dev, nets.Gen, batch); err != nil {
		return nil, err
	}
	d.fake = make([]float32, batch*d.faker.Pixels())
	d.genAdam = optim.NewAdam(nets.Gen.Net.Params.All(), dev)
	d.disAdam = optim.NewAdam(nets.Disc.Params.All(), dev)
	d.genStep = NewStage("g", dev, &d.gen.Objective, d.genAdam)
	d.disStep = NewStage("d", dev, &d.disc.Objective, d.disAdam)
	d.r1Step = NewStage("r1", dev, &d.r1.Objective, d.disAdam)
	// The discriminator always trains whole; its two stages share an optimizer.
	if err := d.disStep.Freeze(none); err != nil {
		return nil, err
	}
	return d, d.r1Step.Freeze(none)
}

// Freeze plans the generator stage anew.
func (d *distiller) Freeze(frozen func(name string) bool) error { return d.genStep.Freeze(frozen) }

// iterate runs one iteration: the generator stage on noise genZ, the
// discriminator stage on noise discZ and real images, and R1 on the same images
// when it is due. genZ, discZ and real are [N H W C]; labels are those of the real
// images, [N classes], which the fakes share, or nil for unconditional networks;
// iteration counts from 0.
func (d *distiller) iterate(iteration int64, genZ, discZ, real, labels []float32, live configs.Live, s *Scalars) error {
	gen := optim.Hyper{LR: live.GenLR, Beta1: live.Beta1, Beta2: live.Beta2, Eps: adamEps}
	dis := gen
	dis.LR = live.DiscLR
	if live.R1Gamma > 0 {
		dis = dis.Lazy(live.R1Interval)
	}
	batch := float64(d.batch)

	start := time.Now()
	d.gen.Set(genZ, labels)
	bad, err := d.genStep.Step(gen)
	if err != nil {
		return err
	}
	s.Add("lr/gen", gen.LR)
	s.Add("grad/gen", d.genStep.Binding().GradNorm())
	s.Add("loss/gen", d.genStep.Scalar(d.gen.Loss)/batch)
	start = s.Time("g", start)

	if err := d.faker.OneStep(discZ, labels, d.fake); err != nil {
		return err
	}
	d.disc.Set(d.fake, real, labels)
	n, err := d.disStep.Step(dis)
	if err != nil {
		return err
	}
	bad += n
	s.Add("lr/disc", dis.LR)
	s.Add("grad/disc", d.disStep.Binding().GradNorm())
	s.Add("loss/disc", d.disStep.Scalar(d.disc.Loss)/batch)
	addLogits(s, "logits/fake", "probs/fake", d.disStep.Value(d.disc.FakeLogits))
	addLogits(s, "logits/real", "probs/real", d.disStep.Value(d.disc.RealLogits))
	start = s.Time("d", start)

	if r1Due(iteration, live) {
		gamma, every := live.R1Gamma, float64(live.R1Interval)
		d.r1.Set(real, labels, float32(gamma/2*every))
		n, err := d.r1Step.Step(dis)
		if err != nil {
			return err
		}
		bad += n
		penalty := d.r1Step.Scalar(d.r1.Penalty)
		s.Add("r1/penalty", penalty)
		s.Add("loss/r1", gamma/2*penalty)
		s.Time("r1", start)
	}
	s.Add(NonFiniteGrads, float64(bad))
	return nil
}

// Programs are the stages in the order of a step.
func (d *distiller) Programs() []Program {
	return []Program{d.genStep.Program(), {"d fakes", d.faker.Program()}, d.disStep.Program(), d.r1Step.Program()}
}

// r1Due says whether an iteration penalises: every r1_interval-th, but not the
// very first.
func r1Due(iteration int64, live configs.Live) bool {
	return live.R1Gamma > 0 && iteration > 0 && iteration%int64(live.R1Interval) == 0
}
