package analysis

import (
	"context"
	"errors"
	"fmt"

	"innate/metrics"
	"innate/models/device"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/precond"
	"innate/trainer/figures"
	"innate/trainer/loop"
)

// Judge names what FID is measured with: that of a run.
type Judge struct {
	Features  string // network, as loop.OpenFeatures takes it
	Input     string
	Reference string
}

// imageBatch is how many images are made, and seen by the feature network, at once, as by
// innate fid: so that its numbers are the same.
const imageBatch = 50

// scale measures FID.
type scale struct {
	dev      device.Device
	image    graph.Shape
	net      *loop.FeatureNetwork
	extract  *features.Extractor
	data     *metrics.Reference
	label    string
	facts    []figures.Fact
	identity string
}

// open loads the network and the reference, which must be of the same features, to
// measure n images.
func (j Judge) open(dev device.Device, image graph.Shape, n int) (*scale, error) {
	net, err := loop.OpenFeatures(j.Features, j.Input)
	if err != nil {
		return nil, err
	}
	nothing := func(int, []float32) error { return errors.New("analysis: no images") }
	cfg := metrics.CollectorConfig{Source: nothing, SourceBatch: imageBatch, Values: image.Size(), Nimg: 2}
	judge, err := loop.OpenJudge(dev, []string{"fid"}, net, j.Reference, image, cfg)
	if err != nil {
		return nil, err
	}
	s := &scale{dev: dev, image: image, net: net, label: judge.Label()}
	if s.data, err = metrics.NewReference(judge.Reference().Stats); err != nil {
		return nil, err
	}
	if s.extract, err = features.NewExtractor(dev, net, image, min(n, imageBatch)); err != nil {
		return nil, err
	}
	fingerprint := net.Fingerprint()
	s.identity = fmt.Sprintf("features %s, input %s, reference %s", fingerprint, net.Input(), judge.Reference().Digest())
	s.facts = []figures.Fact{{Name: "judge", Value: fmt.Sprintf("%s, features %.8s, input %s, reference %s", s.label, fingerprint, net.Input(), j.Reference)}}
	return s, nil
}

// stats are the moments of the features of n images.
func (s *scale) stats(ctx context.Context, source metrics.Source, n int) (metrics.Stats, error) {
	set, err := metrics.Measure(metrics.CollectorConfig{
		Names: []string{s.net.Label}, Features: s.extract, SourceBatch: imageBatch, Values: s.image.Size(), Nimg: n,
		Source: func(first int, images []float32) error { return errors.Join(ctx.Err(), source(first, images)) },
	}, false)
	return set.Stats, err
}

// generator makes a network's images by number.
type generator struct {
	sampler *precond.Sampler
	latents *loop.Latents
	seed    uint64
}

func newGenerator(dev device.Device, den *precond.Denoiser, seed uint64) (*generator, error) {
	sampler, err := precond.NewSampler(dev, den, imageBatch)
	if err != nil {
		return nil, err
	}
	return &generator{sampler, loop.NewLatents(den, imageBatch), seed}, nil
}

// images makes imageBatch images from the one with number first on, in so many steps.
func (g *generator) images(first, steps int, out []float32) error {
	g.latents.Draw(g.seed + uint64(first))
	return g.latents.Generate(g.sampler, steps, out)
}

func (g *generator) close() { g.sampler.Program().Release() }
