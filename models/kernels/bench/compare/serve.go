package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/prometheus/procfs"

	"innate/models/cpu"
	"innate/models/device"
	"innate/models/graph"
	"innate/models/precond"
	"innate/models/unet"
)

// networks are the ones that the PyTorch worker has under the same names.
var networks = map[string]unet.Config{
	"mnist": {
		Arch: unet.DDPMpp, Sizes: precond.Sizes{
			Resolution: 28, Channels: 1, ModelChannels: 32, ChannelMult: []int{1, 2, 2}, ChannelMultEmb: 4,
			NumBlocks: 2, AttnResolutions: []int{7},
		},
	},
	"demo": {
		Arch: unet.DDPMpp, Sizes: precond.Sizes{
			Resolution: 28, Channels: 1, ModelChannels: 16, ChannelMult: []int{1, 1, 3}, ChannelMultEmb: 4,
			NumBlocks: 1, AttnResolutions: []int{7},
		},
	},
	"cifar": {
		Arch: unet.NCSNpp, Sizes: precond.Sizes{
			Resolution: 32, Channels: 3, ModelChannels: 128, ChannelMult: []int{2, 2, 2}, ChannelMultEmb: 4,
			NumBlocks: 4, AttnResolutions: []int{16},
		},
	},
}

// paperNetwork is cifar against the discriminators of GDD-I as it is published: over
// VGG16-BN and EfficientNet-Lite0, of images of paperSize pixels.
const (
	paperNetwork = "paper"
	paperSize    = 224
)

// answer is innate's side of the workers' protocol.
func answer(in io.Reader, out io.Writer, threads int) error {
	dev := cpu.New(threads)
	defer dev.Close()
	fmt.Fprintln(out, "ready innate", dev.Info().Kernels)
	type job struct {
		run    func() error
		params int
	}
	jobs := map[string]job{}
	stages := stages{}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var (
			name, op    string
			batch, reps int
			r           reply
		)
		_, err := fmt.Sscan(lines.Text(), &name, &batch, &op, &reps)
		key := fmt.Sprint(name, " ", batch, " ", op)
		if err == nil && jobs[key].run == nil {
			var j job
			if j.run, j.params, err = prepare(dev, stages, name, batch, op); err == nil {
				jobs[key] = j
				err = j.run() // takes the memory
			}
		}
		for i := 0; i < reps && err == nil; i++ {
			start, used := time.Now(), processorTime()
			err = jobs[key].run()
			r.MS = append(r.MS, 1e3*time.Since(start).Seconds())
			r.CPU = append(r.CPU, 1e3*(processorTime()-used).Seconds())
		}
		if err != nil {
			r.Error = err.Error()
		}
		r.HWM, r.RSS = memory()
		r.Params = jobs[key].params
		if err := json.NewEncoder(out).Encode(r); err != nil {
			return err
		}
	}
	return lines.Err()
}

// processorTime is the time that all threads of the process have computed.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory is the most memory that the process has had, and what it has, in MiB; 0 where
// the system does not tell.
func memory() (most, now int) {
	self, err := procfs.Self()
	if err != nil {
		return 0, 0
	}
	status, err := self.NewStatus()
	if err != nil {
		return 0, 0
	}
	return int(status.VmHWM >> 20), int(status.VmRSS >> 20)
}

// prepare makes one operation ready to run again and again.
func prepare(dev device.Device, stages stages, name string, batch int, op string) (run func() error, params int, err error) {
	if hasFeatures(name) {
		return prepareFeatures(dev, name, batch, op)
	}
	generator := name
	if name == paperNetwork {
		generator = "cifar"
	}
	cfg, ok := networks[generator]
	if !ok {
		return nil, 0, fmt.Errorf("network %q, want mnist, demo, cifar, %s, %s", name, paperNetwork, featureNames())
	}
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := unet.New(cfg, rng)
	if err != nil {
		return nil, 0, err
	}
	den := &precond.Denoiser{Net: net, Kind: precond.EDM}
	switch op {
	case "fwd":
		den.Kind = precond.GDD
		fallthrough
	case "heun18":
		run, err = sample(dev, den, batch, op == "heun18", rng)
	case "edm":
		run, err = train(dev, den, batch, rng)
	default:
		run, err = stages.of(dev, den, name, batch, op, rng)
	}
	return run, net.Params().Count(), err
}

// sample makes images in one or in 18 steps.
func sample(dev device.Device, den *precond.Denoiser, batch int, heun bool, rng *rand.Rand) (func() error, error) {
	s, err := precond.NewSampler(dev, den, batch)
	if err != nil {
		return nil, err
	}
	z, out := make([]float32, batch*s.Pixels()), make([]float32, batch*s.Pixels())
	normal(rng, z)
	return func() error {
		if heun {
			return s.Heun(z, 18, nil, out)
		}
		return s.OneStep(z, nil, out)
	}, nil
}

// train makes EDM's training step, with Adam and a moving average.
func train(dev device.Device, den *precond.Denoiser, batch int, rng *rand.Rand) (func() error, error) {
	var t *precond.Training
	var err error
	if _, buildErr := graph.Build(func(g *graph.Builder) { t, err = precond.NewTraining(g, den, batch, nil) }); buildErr != nil {
		return nil, buildErr
	}
	if err != nil {
		return nil, err
	}
	step, err := newStep(dev, &t.Objective, nil, setting{lr: 1e-3, beta1: 0.9, beta2: 0.999})
	if err != nil {
		return nil, err
	}
	average, err := averageOf(dev, t.Params)
	if err != nil {
		return nil, err
	}
	sigma := make([]float64, batch)
	normal(rng, t.Graph.Data(t.Images))
	return func() error {
		normal(rng, t.Graph.Data(t.Noise))
		for i := range sigma {
			sigma[i] = den.Kind.TrainSigma(rng.NormFloat64())
		}
		t.SetLevels(sigma)
		t.FillDropout(rng)
		if err := step.run(); err != nil {
			return err
		}
		return average()
	}, nil
}

// normal fills x with unit noise.
func normal(rng *rand.Rand, x []float32) {
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
}
