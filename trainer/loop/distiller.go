package loop

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
	dev   device.Device
	nets  gdd.Nets
	batch int

	gen     *gdd.GenStage
	disc    *gdd.DiscStage
	r1      *gdd.R1Stage
	genStep *gdd.Step // compiled again when freezing changes
	disStep *gdd.Step
	r1Step  *gdd.Step
	faker   *precond.Sampler // the generator without gradients, for the D stage
	fake    []float32        // [N H W C]

	genAdam, disAdam         *optim.Adam
	genBind, disBind, r1Bind *optim.Binding
}

func newDistiller(dev device.Device, nets gdd.Nets, loss gdd.Loss, batch int) (*distiller, error) {
	d := &distiller{dev: dev, nets: nets, batch: batch}
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
	// The discriminator always trains whole; its two stages share an optimizer.
	if d.disStep, err = d.disc.Compile(dev, nil, nil); err != nil {
		return nil, err
	}
	if d.r1Step, err = d.r1.Compile(dev, nil, nil); err != nil {
		return nil, err
	}
	if d.disBind, err = d.disAdam.Bind(d.disStep.Params, d.disStep.Program, d.disStep.Grads); err != nil {
		return nil, err
	}
	d.r1Bind, err = d.disAdam.Bind(d.r1Step.Params, d.r1Step.Program, d.r1Step.Grads)
	return d, err
}

// freeze compiles the generator stage anew without the gradients of frozen
// parameters. On an error the stage stays as it was.
func (d *distiller) freeze(frozen func(name string) bool) error {
	step, err := d.gen.Compile(d.dev, func(name string) bool { return !frozen(name) }, d.genStep)
	if err != nil {
		return err
	}
	bind, err := d.genAdam.Bind(step.Params, step.Program, step.Grads)
	if err != nil {
		return err
	}
	d.genStep, d.genBind = step, bind
	return nil
}

// iterate runs one iteration: the generator stage on noise genZ, the
// discriminator stage on noise discZ and real images, and R1 on the same images
// when it is due. genZ, discZ and real are [N H W C]; labels are those of the real
// images, [N classes], which the fakes share, or nil for unconditional networks;
// iteration counts from 0.
func (d *distiller) iterate(iteration int64, genZ, discZ, real, labels []float32, live configs.Live, s *scalars) error {
	gen := optim.Hyper{LR: live.GenLR, Beta1: live.Beta1, Beta2: live.Beta2, Eps: adamEps}
	dis := gen
	dis.LR = live.DiscLR
	if live.R1Gamma > 0 {
		dis = dis.Lazy(live.R1Interval)
	}
	batch := float64(d.batch)

	start := time.Now()
	d.gen.Set(genZ, labels)
	bad, err := update(d.genStep, d.genBind, gen)
	if err != nil {
		return err
	}
	s.add("lr/gen", gen.LR)
	s.add("grad/gen", d.genBind.GradNorm())
	s.add("loss/gen", float64(d.genStep.Program.Value(d.gen.Loss)[0])/batch)
	start = s.time("g", start)

	if err := d.faker.OneStep(discZ, labels, d.fake); err != nil {
		return err
	}
	d.disc.Set(d.fake, real, labels)
	n, err := update(d.disStep, d.disBind, dis)
	if err != nil {
		return err
	}
	bad += n
	s.add("lr/disc", dis.LR)
	s.add("grad/disc", d.disBind.GradNorm())
	s.add("loss/disc", float64(d.disStep.Program.Value(d.disc.Loss)[0])/batch)
	addLogits(s, "logits/fake", "probs/fake", d.disStep.Program.Value(d.disc.FakeLogits))
	addLogits(s, "logits/real", "probs/real", d.disStep.Program.Value(d.disc.RealLogits))
	start = s.time("d", start)

	if r1Due(iteration, live) {
		gamma, every := live.R1Gamma, float64(live.R1Interval)
		d.r1.Set(real, labels, float32(gamma/2*every))
		n, err := update(d.r1Step, d.r1Bind, dis)
		if err != nil {
			return err
		}
		bad += n
		penalty := float64(d.r1Step.Program.Value(d.r1.Penalty)[0])
		s.add("r1/penalty", penalty)
		s.add("loss/r1", gamma/2*penalty)
		s.time("r1", start)
	}
	s.add(nonFiniteGrads, float64(bad))
	return nil
}

// update runs a stage and the optimizer after it, and returns how many values of
// its gradients were not finite.
func update(step *gdd.Step, bind *optim.Binding, h optim.Hyper) (nonFinite int, err error) {
	if err := step.Program.Run(); err != nil {
		return 0, err
	}
	return bind.Step(h)
}

func (d *distiller) programs() []program {
	return []program{
		{"g", d.genStep.Program}, {"d fakes", d.faker.Program()}, {"d", d.disStep.Program}, {"r1", d.r1Step.Program},
	}
}

// r1Due says whether an iteration penalises: every r1_interval-th, but not the
// very first.
func r1Due(iteration int64, live configs.Live) bool {
	return live.R1Gamma > 0 && iteration > 0 && iteration%int64(live.R1Interval) == 0
}
