package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models/device"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/nn"
	"innate/models/precond"
)

// r1Interval is how many iterations of GDD share one step of the gradient penalty.
const r1Interval = 16

// parts are the operations that a worker times for a case, and how often each counts:
// an iteration of GDD is its stages and the moving average.
func parts(op string) (ops []string, weights []float64) {
	preset, ok := strings.CutPrefix(op, "gdd")
	if !ok {
		return []string{op}, []float64{1}
	}
	return []string{"g" + preset, "d" + preset, "r" + preset, "e" + preset}, []float64{1, 1, 1. / r1Interval, 1}
}

// stages are those of GDD that have been made, by network, batch and preset. All of
// one key share their networks and optimizers.
type stages map[string]map[string]func() error

// of makes an operation g, d, r or e, the stages and the moving average, followed by
// the number of a freezing preset.
func (s stages) of(dev device.Device, den *precond.Denoiser, name string, batch int, op string, rng *rand.Rand) (func() error, error) {
	presets := nn.Presets()
	if len(op) != 2 || !strings.ContainsAny(op[:1], "gdre") || op[1] < '0' || int(op[1]-'0') >= len(presets) {
		return nil, fmt.Errorf("operation %q, want fwd, heun18, edm, or g, d, r or e and a preset from 0 to %d", op, len(presets)-1)
	}
	key := fmt.Sprint(name, " ", batch, " ", op[1:])
	if s[key] == nil {
		den.Kind = precond.GDD
		critic := smallCritic
		if name == paperNetwork {
			critic = paperCritics
		}
		made, err := gddStages(dev, den, batch, presets[op[1]-'0'], critic, rng)
		if err != nil {
			return nil, err
		}
		s[key] = made
	}
	return s[key][op[:1]], nil
}

// gddStages makes the stages of GDD against discriminators that the PyTorch worker
// has, too, of random weights.
func gddStages(dev device.Device, den *precond.Denoiser, batch int, preset string, critic func(*precond.Denoiser, *rand.Rand) (gdd.Nets, error), rng *rand.Rand) (map[string]func() error, error) {
	nets, err := critic(den, rng)
	if err != nil {
		return nil, err
	}
	frozen, err := den.Net.FreezePreset(preset)
	if err != nil {
		return nil, err
	}
	gen, err := gdd.NewGenStage(nets, gdd.NonSaturating, batch)
	if err != nil {
		return nil, err
	}
	fakes, err := precond.NewMaker(dev, den, batch)
	if err != nil {
		return nil, err
	}
	dis, err := gdd.NewDiscStage(nets, gdd.NonSaturating, fakes.Images)
	if err != nil {
		return nil, err
	}
	r1, err := gdd.NewR1Stage(nets, batch)
	if err != nil {
		return nil, err
	}
	lazy := float64(r1Interval) / (r1Interval + 1)
	slow := setting{lr: 2e-4 * lazy, beta2: math.Pow(0.99, lazy)}
	train := func(name string) bool { return !slices.Contains(frozen, name) }
	genStep, err := newStep(dev, &gen.Objective, train, setting{lr: 5e-4, beta2: 0.99})
	if err != nil {
		return nil, err
	}
	disStep, err := newStep(dev, &dis.Objective, nil, slow)
	if err != nil {
		return nil, err
	}
	r1Step, err := newStep(dev, &r1.Objective, nil, slow)
	if err != nil {
		return nil, err
	}
	average, err := averageOf(dev, den.Net.Params().All())
	if err != nil {
		return nil, err
	}
	z, real := make([]float32, len(fakes.Images.Data)), make([]float32, len(fakes.Images.Data))
	normal(rng, real)
	return map[string]func() error{
		"g": func() error {
			normal(rng, z)
			gen.Set(z, nil)
			return genStep.run()
		},
		"d": func() error {
			normal(rng, z)
			if err := fakes.Make(z, nil); err != nil {
				return err
			}
			dis.Set(real, nil)
			return disStep.run()
		},
		"r": func() error {
			r1.Set(real, nil, 1e-4/2*r1Interval)
			return r1Step.run()
		},
		"e": average,
	}, nil
}

// smallCritic makes the networks of GDD with a discriminator over a small CNN.
func smallCritic(den *precond.Denoiser, rng *rand.Rand) (gdd.Nets, error) {
	cnn, err := features.New(features.Config{Channels: den.Net.Shape().Channels, Widths: []int{32, 64, 128}, Classes: 10}, rng)
	if err != nil {
		return gdd.Nets{}, err
	}
	d, err := discriminator(cnn, disc.ProjectorConfig{InSize: 32, CMix: 32}, 64, rng)
	return gdd.Nets{Gen: den, Discs: []gdd.Disc{d}}, err
}

// paperCritics makes the networks of GDD with the discriminators of its paper.
func paperCritics(den *precond.Denoiser, rng *rand.Rand) (gdd.Nets, error) {
	nets := gdd.Nets{Gen: den}
	for k, net := range []features.Backbone{features.NewVGG(rng), features.NewLite(rng)} {
		d, err := discriminator(net, disc.ProjectorConfig{InSize: paperSize, CMix: 64}, 0, rng)
		if err != nil {
			return nets, err
		}
		d.Name = fmt.Sprint("disc", k)
		nets.Discs = append(nets.Discs, d)
	}
	return nets, nil
}

// discriminator makes heads of random weights over a feature network, for pixels in
// [-1, 1].
func discriminator(net features.Backbone, cfg disc.ProjectorConfig, width int, rng *rand.Rand) (d gdd.Disc, err error) {
	cfg.Expand, cfg.Mean, cfg.Std = true, []float32{0.5}, []float32{0.5}
	if d.Proj, err = disc.NewProjector(cfg, net, rng); err != nil {
		return d, err
	}
	d.Disc, err = disc.New(disc.NewConfig(d.Proj, width, 0), rng)
	return d, err
}
