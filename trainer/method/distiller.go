package method

import (
	"math"
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
	micro Micro

	gen  *gdd.GenStage
	disc *gdd.DiscStage
	r1   *gdd.R1Stage

	genStep, disStep, r1Step *Stage
	genAdam, disAdam         *optim.Adam

	faker *precond.Sampler // the generator without gradients, for the D stage
	fake  []float32        // [N H W C]
}

func newDistiller(dev device.Device, nets gdd.Nets, loss gdd.Loss, micro Micro) (*distiller, error) {
	batch := micro.Size
	d := &distiller{nets: nets, batch: micro.Size * micro.Parts, micro: micro}
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
	d.fake = make([]float32, d.batch*d.faker.Pixels())
	d.genAdam = optim.NewAdam(nets.Gen.Net.Params.All(), dev)
	d.disAdam = optim.NewAdam(nets.Disc.Params.All(), dev)
	d.genStep = NewStage("g", dev, &d.gen.Objective, d.genAdam, micro)
	d.disStep = NewStage("d", dev, &d.disc.Objective, d.disAdam, micro)
	d.r1Step = NewStage("r1", dev, &d.r1.Objective, d.disAdam, micro.ofMean())
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
	start := time.Now()
	bad, err := d.stepGen(genZ, labels, gen, s)
	if err != nil {
		return err
	}
	start = s.Time("g", start)

	n, err := d.stepDisc(discZ, real, labels, dis, s)
	if err != nil {
		return err
	}
	bad += n
	start = s.Time("d", start)

	if r1Due(iteration, live) {
		if n, err = d.stepR1(real, labels, dis, live, s); err != nil {
			return err
		}
		bad += n
		s.Time("r1", start)
	}
	s.Add(NonFiniteGrads, float64(bad))
	return nil
}

// stepGen steps the generator and returns how many values of its gradients were
// not finite.
func (d *distiller) stepGen(z, labels []float32, h optim.Hyper, s *Scalars) (nonFinite int, err error) {
	loss := 0.0
	for i := range d.micro.Parts {
		d.gen.Set(d.micro.part(z, i), d.micro.part(labels, i))
		if err := d.genStep.Run(); err != nil {
			return 0, err
		}
		loss += d.genStep.Scalar(d.gen.Loss)
	}
	if nonFinite, err = d.genStep.Update(h); err != nil {
		return 0, err
	}
	s.Add("lr/gen", h.LR)
	s.Add("grad/gen", d.genStep.Binding().GradNorm())
	s.Add("loss/gen", loss/float64(d.batch))
	return nonFinite, nil
}

// stepDisc steps the discriminator on fakes of fresh noise and on real images.
func (d *distiller) stepDisc(z, real, labels []float32, h optim.Hyper, s *Scalars) (nonFinite int, err error) {
	if err := d.faker.OneStep(z, labels, d.fake); err != nil {
		return 0, err
	}
	loss := 0.0
	var fakes, reals logits
	for i := range d.micro.Parts {
		d.disc.Set(d.micro.part(d.fake, i), d.micro.part(real, i), d.micro.part(labels, i))
		if err := d.disStep.Run(); err != nil {
			return 0, err
		}
		loss += d.disStep.Scalar(d.disc.Loss)
		fakes.add(d.disStep.Value(d.disc.FakeLogits))
		reals.add(d.disStep.Value(d.disc.RealLogits))
	}
	if nonFinite, err = d.disStep.Update(h); err != nil {
		return 0, err
	}
	s.Add("lr/disc", h.LR)
	s.Add("grad/disc", d.disStep.Binding().GradNorm())
	s.Add("loss/disc", loss/float64(d.batch))
	fakes.chart(s, "logits/fake", "probs/fake")
	reals.chart(s, "logits/real", "probs/real")
	return nonFinite, nil
}

// stepR1 steps the discriminator by its gradient penalty.
func (d *distiller) stepR1(real, labels []float32, h optim.Hyper, live configs.Live, s *Scalars) (nonFinite int, err error) {
	gamma, every, penalty := live.R1Gamma, float64(live.R1Interval), 0.0
	for i := range d.micro.Parts {
		d.r1.Set(d.micro.part(real, i), d.micro.part(labels, i), float32(gamma/2*every))
		if err := d.r1Step.Run(); err != nil {
			return 0, err
		}
		penalty += d.r1Step.Scalar(d.r1.Penalty)
	}
	if nonFinite, err = d.r1Step.Update(h); err != nil {
		return 0, err
	}
	penalty /= float64(d.micro.Parts)
	s.Add("r1/penalty", penalty)
	s.Add("loss/r1", gamma/2*penalty)
	return nonFinite, nil
}

// logits adds up what is charted of them.
type logits struct {
	sum, prob float64
	count     int
}

func (l *logits) add(values []float32) {
	for _, v := range values {
		l.sum += float64(v)
		l.prob += 1 / (1 + math.Exp(-float64(v)))
	}
	l.count += len(values)
}

// chart records the mean logit and the mean probability that images are real,
// under names made by the caller: to make them here would allocate.
func (l *logits) chart(s *Scalars, logitsName, probsName string) {
	s.Add(logitsName, l.sum/float64(l.count))
	s.Add(probsName, l.prob/float64(l.count))
}

// Programs are the stages in the order of a step.
func (d *distiller) Programs() []Program {
	return []Program{d.genStep.Program(), {Stage: "d fakes", Program: d.faker.Program()}, d.disStep.Program(), d.r1Step.Program()}
}

// r1Due says whether an iteration penalises: every r1_interval-th, but not the
// very first.
func r1Due(iteration int64, live configs.Live) bool {
	return live.R1Gamma > 0 && iteration > 0 && iteration%int64(live.R1Interval) == 0
}
