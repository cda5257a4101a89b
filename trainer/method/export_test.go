package method

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/gdd"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/optim"
)

// ClassTable reads the vectors of classes in a file.
var ClassTable = classTable

// Distill runs the iterations of a distillation on given inputs and returns the
// losses of each: generator, discriminator (per image) and R1, NaN where it did
// not run.
func Distill(dev device.Device, nets gdd.Nets, batch int, preset string, live configs.Live, genZ, discZ, real [][]float32, labels []float32) ([]map[string]float64, error) {
	d, err := newDistiller(dev, nets, gdd.NonSaturating, Micro{Size: batch, Parts: 1})
	if err != nil {
		return nil, err
	}
	frozen := map[string]bool{}
	names, err := nn.FreezePreset(nets.Gen.Net.Params().Names(), preset)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		frozen[n] = true
	}
	if err := d.Freeze(func(name string) bool { return frozen[name] }); err != nil {
		return nil, err
	}
	var losses []map[string]float64
	for i := range genZ {
		s := NewScalars()
		if err := d.iterate(int64(i), genZ[i], discZ[i], real[i], labels, live, s); err != nil {
			return nil, err
		}
		d.collect(s)
		losses = append(losses, s.Means())
	}
	return losses, nil
}

// Bench returns one training step of the benchmark's networks, ready to be
// called: name "edm" or "gdd", freezing preset, threads.
func Bench(name, preset string, threads int) (step func(), end func(), err error) {
	return Step(name, preset, threads, 32, 64)
}

// Step is Bench for a network of that many channels and batches of n images.
func Step(name, preset string, threads, channels, n int) (step func(), end func(), err error) {
	return MicroStep(name, preset, threads, channels, n, 0)
}

// MicroStep is Step in micro-batches.
func MicroStep(name, preset string, threads, channels, n, micro int) (step func(), end func(), err error) {
	dev, err := devicetest.New(threads)
	if err != nil {
		return nil, nil, err
	}
	m, cfg, images, err := build(dev, name, preset, channels, configs.Run{Batch: n, MicroBatch: micro}, data.Share{}, nil)
	if err != nil {
		return nil, nil, err
	}
	nimg, s := int64(0), NewScalars()
	return func() {
		if err := m.Step(nimg, data.Batch{Images: images}, cfg, s); err != nil {
			panic(err)
		}
		nimg += int64(n)
	}, dev.Close, nil
}

// EDMGrads are the gradients and the loss of one step of EDM in micro-batches.
func EDMGrads(n, micro int) (grads map[string][]float32, loss float64, err error) {
	return EDMShare(n, micro, data.Share{}, nil)
}

// EDMShare is EDMGrads in one of several processes, whose loss is that of its share.
func EDMShare(n, micro int, share data.Share, sum device.Sum) (grads map[string][]float32, loss float64, err error) {
	dev, err := devicetest.New(1)
	if err != nil {
		return nil, 0, err
	}
	defer dev.Close()
	m, cfg, images, err := build(dev, configs.EDM, "none", 8, configs.Run{Batch: n, MicroBatch: micro}, share, sum)
	if err != nil {
		return nil, 0, err
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, p := range m.Params().All() { // some begin at zero, and stop gradients
		for i := range p.Data {
			p.Data[i] += 0.05 * float32(rng.NormFloat64())
		}
	}
	s := NewScalars()
	err = m.Step(0, data.Batch{Images: share.Values(images, len(images)/n)}, cfg, s)
	m.Collect(s)
	return m.(*edmMethod).stage.grads(), s.Sum["loss/edm"], err
}

// GenGrads are the gradients of the generator over a batch that a step sees in
// micro-batches, and those of stages over each of them alone, added up.
func GenGrads(dev device.Device, nets gdd.Nets, micro Micro, z, labels []float32) (got, want map[string][]float32, err error) {
	d, err := newDistiller(dev, nets, gdd.NonSaturating, micro)
	if err != nil {
		return nil, nil, err
	}
	if err := d.Freeze(none); err != nil {
		return nil, nil, err
	}
	buffers := nets.Discs[0].Disc.Buffers.Clone()
	if err := d.stepGen(z, labels, optim.Hyper{Eps: 1}); err != nil { // of learning rate 0
		return nil, nil, err
	}
	got = d.genStep.grads()
	if err := nets.Discs[0].Disc.Buffers.CopyFrom(buffers); err != nil {
		return nil, nil, err
	}
	if err := dev.Upload(nets.Discs[0].Disc.Buffers.All()...); err != nil {
		return nil, nil, err
	}
	one, err := newDistiller(dev, nets, gdd.NonSaturating, Micro{Size: micro.Size, Parts: 1})
	if err != nil {
		return nil, nil, err
	}
	if err := one.Freeze(none); err != nil {
		return nil, nil, err
	}
	for i := range micro.Parts {
		if err := one.stepGen(micro.part(z, i), micro.part(labels, i), optim.Hyper{Eps: 1}); err != nil {
			return nil, nil, err
		}
		if want == nil {
			want = one.genStep.grads()
			continue
		}
		for name, g := range one.genStep.grads() {
			for j, v := range g {
				want[name][j] += v
			}
		}
	}
	return got, want, nil
}

// GDDShare are the gradients of one iteration of GDD over a batch, run as micro says:
// of the generator (g/NAME), the discriminator (d/NAME) and its penalty (r1/NAME).
// Nothing is changed but the discriminator's buffers.
func GDDShare(dev device.Device, nets gdd.Nets, micro Micro, z, real, labels []float32) (map[string][]float32, error) {
	d, err := newDistiller(dev, nets, gdd.NonSaturating, micro)
	if err != nil {
		return nil, err
	}
	if err := d.Freeze(none); err != nil {
		return nil, err
	}
	still := optim.Hyper{Eps: 1} // of learning rate 0
	d.hypers[0] = still
	grads := map[string][]float32{}
	for _, stage := range []struct {
		*Stage
		step func() error
	}{
		{d.genStep, func() error { return d.stepGen(z, labels, still) }},
		{d.disStep, func() error { return d.stepDisc(z, real, labels) }},
		{d.r1Step, func() error { return d.stepR1(real, labels, configs.Live{R1Gamma: 0.02, R1Interval: 16}) }},
	} {
		if err := stage.step(); err != nil {
			return nil, err
		}
		for name, g := range stage.grads() {
			grads[stage.name+"/"+name] = g
		}
	}
	return grads, dev.Download(nets.Discs[0].Disc.Buffers.All()...)
}

// ADAStates are the states of an adapting probability that starts at 0, after each of some
// iterations of learning rate 0 on a share of a batch.
func ADAStates(dev device.Device, nets gdd.Nets, micro Micro, share data.Share, z, real, labels []float32, target float64, iterations int) (states [][]float32, err error) {
	cfg, err := configs.Default(configs.GDD)
	if err != nil {
		return nil, err
	}
	cfg.Augment.Pipe, cfg.Augment.ADATarget = "bgc", target
	cfg.Live.GenLR, cfg.Live.DiscLR, cfg.Live.R1Gamma = 0, 0, 0
	nets.Augment = augmentationOf(cfg)
	d, err := newDistiller(dev, nets, gdd.NonSaturating, micro)
	if err != nil {
		return nil, err
	}
	if err := d.Freeze(none); err != nil {
		return nil, err
	}
	d.augmenting = newAugmenting(Env{Config: cfg, Streams: data.NewStreams(1), Share: share, Sum: micro.Sum}, nets.Augment)
	for i := range iterations {
		d.take(cfg)
		if err := d.iterate(int64(i), z, z, real, labels, cfg.Live, NewScalars()); err != nil {
			return nil, err
		}
		d.noteSigns()
		states = append(states, slices.Clone(d.augmenting.ada.State.Data))
	}
	return states, nil
}

// grads are the gradients of the last step.
func (s *Stage) grads() map[string][]float32 {
	list := map[string][]float32{}
	for i, p := range s.goal.Params {
		n := s.goal.Grads[i]
		if sum, ok := s.sums[p]; ok {
			n = sum.now
		}
		list[p.Name] = slices.Clone(s.Value(n))
	}
	return list
}

// Labels are the classes that steps of EDM see of a batch, by a network that leaves
// some out.
func Labels(dropout float64, b data.Batch, steps int) ([][]float32, error) {
	dev, err := devicetest.New(1)
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	net, err := unet.New(unet.Config{
		Arch: "ddpmpp", Sizes: precond.Sizes{
			Resolution: 28, Channels: 1, LabelDim: 10, LabelDropout: dropout, ModelChannels: 8, ChannelMult: []int{1},
			ChannelMultEmb: 4, NumBlocks: 1,
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	set, err := data.MNISTTrain()
	if err != nil {
		return nil, err
	}
	cfg, err := configs.Default(configs.EDM)
	if err != nil {
		return nil, err
	}
	cfg.Run.Batch = len(b.Labels) / 10
	m, err := edmOver(Env{Config: cfg, Device: dev, Streams: data.NewStreams(1), Data: set}, &precond.Denoiser{Net: net, Kind: precond.EDM})
	if err != nil {
		return nil, err
	}
	if err := m.Freeze(none); err != nil {
		return nil, err
	}
	var seen [][]float32
	for range steps {
		if err := m.Step(0, b, cfg, NewScalars()); err != nil {
			return nil, err
		}
		seen = append(seen, slices.Clone(m.training.Graph.Data(m.training.Label)))
	}
	return seen, nil
}

// Outcome trains the benchmark's network for some steps, with R1 in every second, as
// keep says, and freezes by another preset halfway. It returns all that an exact resume
// needs, what each program needs by its stage, and how often a step more allocates.
func Outcome(name string, run configs.Run, presets [2]string) (map[string][]float32, map[string]device.Memory, float64, error) {
	dev, err := devicetest.New(2)
	if err != nil {
		return nil, nil, 0, err
	}
	defer dev.Close()
	m, cfg, images, err := build(dev, name, presets[0], 8, run, data.Share{}, nil)
	if err != nil {
		return nil, nil, 0, err
	}
	cfg.Live.R1Interval = 2
	const steps = 4
	nimg, s := int64(0), NewScalars()
	step := func() {
		if err == nil {
			err = m.Step(nimg, data.Batch{Images: images}, cfg, s)
		}
		nimg += int64(run.Batch)
	}
	for i := range steps {
		if i == steps/2 {
			freezing, err := optim.FreezeRule{Preset: presets[1]}.Resolve(m.Params(), nn.FreezePreset)
			if err == nil {
				err = m.Freeze(freezing.Frozen)
			}
			if err != nil {
				return nil, nil, 0, err
			}
		}
		step()
	}
	values, memory := map[string][]float32{}, map[string]device.Memory{}
	for _, g := range m.Tensors() {
		for _, p := range g.Set.All() {
			if err := dev.Download(p); err != nil {
				return nil, nil, 0, err
			}
			values[g.Prefix+p.Name] = slices.Clone(p.Data)
		}
	}
	for _, p := range m.Programs() {
		memory[p.Stage] = p.Memory()
	}
	allocs := testing.AllocsPerRun(2, step)
	return values, memory, allocs, err
}

// bothLosses is GDD with the Frechet distance beside the discriminator's loss.
const bothLosses = configs.GDD + "+fd"

// few are the images of one batch as a data set: of all of MNIST a distance would want
// the features.
type few struct{ images []float32 }

func (f few) Name() string                          { return "few" }
func (f few) Len() int                              { return len(f.images) / (28 * 28) }
func (f few) Shape() (h, w, c int)                  { return 28, 28, 1 }
func (f few) Classes() int                          { return 0 }
func (f few) Labels(idx []int, dst []float32) error { return nil }
func (f few) Images(idx []int, dst []float32) error {
	for i, k := range idx {
		copy(dst[i*28*28:(i+1)*28*28], f.images[k*28*28:])
	}
	return nil
}

// StudentGrads are the gradients of the generator in one step over a share of a batch, and
// the distance.
func StudentGrads(name string, n, micro int, share data.Share, sum device.Sum) (grads map[string][]float32, distance float64, err error) {
	dev, err := devicetest.New(1)
	if err != nil {
		return nil, 0, err
	}
	defer dev.Close()
	m, cfg, images, err := build(dev, name, "none", 8, configs.Run{Batch: n, MicroBatch: micro}, share, sum)
	if err != nil {
		return nil, 0, err
	}
	cfg.Live.GenLR = 0
	s := NewScalars()
	err = m.Step(0, data.Batch{Images: share.Values(slices.Clone(images), len(images)/n)}, cfg, s)
	m.Collect(s)
	return m.(*gddMethod).genStep.grads(), s.Sum["loss/fd"], err
}

// build makes a method over the benchmark's networks.
func build(dev device.Device, name, preset string, channels int, run configs.Run, share data.Share, sum device.Sum) (Method, *configs.Config, []float32, error) {
	const size = 28 * 28
	n := run.Batch
	images := make([]float32, n*size)
	data.ImageNormals(1, size, images)
	net, err := unet.New(unet.Config{
		Arch: "ddpmpp", Sizes: precond.Sizes{
			Resolution: 28, Channels: 1, ModelChannels: channels, ChannelMult: []int{1, 2, 2},
			ChannelMultEmb: 4, NumBlocks: 2, AttnResolutions: []int{7},
		},
	}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return nil, nil, nil, err
	}
	set, err := data.MNISTTrain()
	if err != nil {
		return nil, nil, nil, err
	}
	cfg, err := configs.Default(strings.TrimSuffix(name, "+fd"))
	if err != nil {
		return nil, nil, nil, err
	}
	cfg.Run = run
	if name == bothLosses {
		cfg.Frechet.Weight = 1
	}
	e := Env{Config: cfg, Device: dev, Streams: data.NewStreams(1), Data: set, Share: share, Sum: sum}
	freezing, err := optim.FreezeRule{Preset: preset}.Resolve(net.Params(), nn.FreezePreset)
	if err != nil {
		return nil, nil, nil, err
	}
	var m Method
	switch name {
	case configs.EDM:
		m, err = edmOver(e, &precond.Denoiser{Net: net, Kind: precond.EDM})
	case configs.Distill:
		m, err = gddOver(e, &precond.Denoiser{Net: net, Kind: precond.GDD}, &precond.Denoiser{Net: net.Clone(), Kind: precond.EDM})
	default:
		e.Data = few{images}
		m, err = gddOver(e, &precond.Denoiser{Net: net, Kind: precond.GDD}, nil)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if err := m.Freeze(freezing.Frozen); err != nil {
		return nil, nil, nil, err
	}
	return m, cfg, images, nil
}

// Accuracy is accuracy for tests.
func Accuracy(logits, labels []float32, classes int) float64 {
	return accuracy(logits, labels, classes)
}

// EDMSettings is the network that a config asks for, over a data set.
var EDMSettings = edmSettings

// Taught are targets of single images, and the places of the grid that they come from.
type Taught struct {
	Jumps     [][3]int
	X, Target []float32
}

// Teach makes targets of one batch.
func Teach(dev device.Device, teacher, student *precond.Denoiser, target string, points int, z, real []float32) (*Taught, error) {
	cfg, err := configs.Default(configs.Distill)
	if err != nil {
		return nil, err
	}
	side := teacher.Net.Shape().Resolution
	n := len(z) / (side * side)
	cfg.Run.Batch, cfg.Distill.Target, cfg.Distill.Points = n, target, points
	e := Env{Config: cfg, Device: dev, Streams: data.NewStreams(1), Data: unseen{size: side, channels: 1}}
	t, err := newTeaching(e, teacher, student, Micro{Size: n / 2, Parts: 2})
	if err != nil {
		return nil, err
	}
	if err := t.ask(z, real, nil); err != nil {
		return nil, err
	}
	out := &Taught{X: t.x, Target: t.target}
	for _, j := range t.jumps {
		out.Jumps = append(out.Jumps, [3]int{j.t, j.u, j.s})
	}
	return out, nil
}
