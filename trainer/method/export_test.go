package method

import (
	"math/rand/v2"

	"innate/configs"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/gdd"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/optim"
)

// Distill runs the iterations of a distillation on given inputs and returns the
// losses of each: generator, discriminator (per image) and R1, NaN where it did
// not run.
func Distill(dev device.Device, nets gdd.Nets, batch int, preset string, live configs.Live, genZ, discZ, real [][]float32, labels []float32) ([]map[string]float64, error) {
	d, err := newDistiller(dev, nets, gdd.NonSaturating, batch)
	if err != nil {
		return nil, err
	}
	frozen := map[string]bool{}
	names, err := unet.FreezePreset(nets.Gen.Net.Params.Names(), preset)
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
		d.iterate(int64(i), genZ[i], discZ[i], real[i], labels, live, s)
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
	const size = 28 * 28
	dev, err := devicetest.New(threads)
	if err != nil {
		return nil, nil, err
	}
	images := make([]float32, n*size)
	data.ImageNormals(1, size, images)
	net, err := unet.New(unet.Config{
		Arch: "ddpmpp", Resolution: 28, Channels: 1, ModelChannels: channels, ChannelMult: []int{1, 2, 2},
		ChannelMultEmb: 4, NumBlocks: 2, AttnResolutions: []int{7},
	}, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		return nil, nil, err
	}
	set, err := data.MNISTTrain()
	if err != nil {
		return nil, nil, err
	}
	cfg, err := configs.Default(name)
	if err != nil {
		return nil, nil, err
	}
	cfg.Run.Batch = n
	e := Env{Config: cfg, Device: dev, Streams: data.NewStreams(1), Data: set}
	freezing, err := optim.FreezeRule{Preset: preset}.Resolve(net.Params, unet.FreezePreset)
	if err != nil {
		return nil, nil, err
	}
	var m Method
	if name == configs.EDM {
		m, err = edmOver(e, &precond.Denoiser{Net: net, Kind: precond.EDM})
	} else {
		m, err = gddOver(e, &precond.Denoiser{Net: net, Kind: precond.GDD})
	}
	if err != nil {
		return nil, nil, err
	}
	if err := m.Freeze(freezing.Frozen); err != nil {
		return nil, nil, err
	}
	nimg, s := int64(0), NewScalars()
	return func() {
		if err := m.Step(nimg, data.Batch{Images: images}, cfg.Live, s); err != nil {
			panic(err)
		}
		nimg += int64(n)
	}, dev.Close, nil
}

// Accuracy is accuracy for tests.
func Accuracy(logits, labels []float32, classes int) float64 {
	return accuracy(logits, labels, classes)
}
