package precond

import (
	"fmt"

	"innate/models/device"
	"innate/models/graph"
	"innate/models/nn"
)

// Sampler runs a denoiser without gradients, for any number of images, batch by
// batch. It reads the network's parameters as they are at each call. It is not
// safe for concurrent use.
type Sampler struct {
	den           *Denoiser
	g             *graph.Builder
	program       device.Program
	batch, pixels int
	levels        *Levels
	x, label, out graph.Node

	sigma []float64 // of one batch
	*multistep
}

// NewSampler compiles den for batches of the given size.
func NewSampler(dev device.Device, den *Denoiser, batch int) (*Sampler, error) {
	return newSampler(dev, den, batch, func(out graph.Node) device.Request {
		return device.Request{Outputs: []graph.Node{out}}
	})
}

// newSampler compiles what request says of the denoised images.
func newSampler(dev device.Device, den *Denoiser, batch int, request func(out graph.Node) device.Request) (*Sampler, error) {
	cfg := den.Net.Shape()
	s := &Sampler{
		den: den, batch: batch,
		pixels: cfg.Resolution * cfg.Resolution * cfg.Channels,
		sigma:  make([]float64, batch),
	}
	for i := range s.sigma {
		s.sigma[i] = SigmaMax // of images that a partial batch lacks
	}
	var err error
	s.g, err = graph.Build(func(g *graph.Builder) {
		s.x = g.Input("x", batch, cfg.Resolution, cfg.Resolution, cfg.Channels)
		if cfg.LabelDim > 0 {
			s.label = g.Input("label", batch, cfg.LabelDim)
		}
		s.levels = den.NewLevels(g, batch)
		s.out = den.Forward(g, s.x, s.levels, nn.Cond{Label: s.label})
	})
	if err != nil {
		return nil, err
	}
	s.program, err = dev.Compile(s.g, request(s.out))
	return s, err
}

// Program is what one call of the network runs.
func (s *Sampler) Program() device.Program { return s.program }

// Batch is the number of images of one run.
func (s *Sampler) Batch() int { return s.batch }

// Pixels is the number of values of one image.
func (s *Sampler) Pixels() int { return s.pixels }

// Denoise fills out with D(x; sigma). x and out are [B H W C] for any B; labels
// are [B LabelDim], or nil for all zero.
func (s *Sampler) Denoise(x []float32, sigma float64, labels, out []float32) error {
	return s.each(x, labels, out, func(_ int, in, out []float32) error {
		copy(s.g.Data(s.x), in)
		y, err := s.value(sigma)
		copy(out, y)
		return err
	})
}

// DenoiseEach is Denoise at a noise level of each image's own, sigma [B].
func (s *Sampler) DenoiseEach(x []float32, sigma []float64, labels, out []float32) error {
	return s.each(x, labels, out, func(first int, in, out []float32) error {
		copy(s.g.Data(s.x), in)
		copy(s.sigma, sigma[first:min(len(sigma), first+s.batch)])
		s.den.Set(s.g, s.levels, s.sigma)
		if err := s.program.Run(); err != nil {
			return err
		}
		copy(out, s.program.Value(s.out))
		return nil
	})
}

// OneStep maps unit noise z [B H W C] to images: D(SigmaMax·z; SigmaMax).
func (s *Sampler) OneStep(z, labels, out []float32) error {
	return s.each(z, labels, out, func(_ int, in, out []float32) error {
		s.noise(in)
		y, err := s.value(SigmaMax)
		copy(out, y)
		return err
	})
}

// noise fills the input with the images of the highest noise level, from unit
// noise.
func (s *Sampler) noise(z []float32) {
	x := s.g.Data(s.x)
	for i, v := range z {
		x[i] = v * SigmaMax
	}
}

// denoise runs the network on one batch of float64 images.
func (s *Sampler) denoise(x []float64, sigma float64) ([]float32, error) {
	in := s.g.Data(s.x)
	for i, v := range x {
		in[i] = float32(v)
	}
	return s.value(sigma)
}

// value evaluates the filled input at one noise level.
func (s *Sampler) value(sigma float64) ([]float32, error) {
	if err := s.run(sigma); err != nil {
		return nil, err
	}
	return s.program.Value(s.out), nil
}

// run is value that leaves the images on the device.
func (s *Sampler) run(sigma float64) error {
	for i := range s.sigma {
		s.sigma[i] = sigma
	}
	s.den.Set(s.g, s.levels, s.sigma)
	return s.program.Run()
}

// each cuts the images into batches, sets their labels and calls f, first being the
// number of a batch's first image. The rows of
// a partial batch that f does not fill keep old values, which touch no other row.
func (s *Sampler) each(x, labels, out []float32, f func(first int, in, out []float32) error) error {
	n, dim := len(x)/s.pixels, s.den.Net.Shape().LabelDim
	if len(x) != n*s.pixels || len(out) != len(x) {
		panic(fmt.Sprintf("precond: %d values into %d, want a multiple of %d", len(x), len(out), s.pixels))
	}
	if labels != nil && len(labels) != n*dim {
		panic(fmt.Sprintf("precond: %d label values, want %d", len(labels), n*dim))
	}
	for at := 0; at < n; at += s.batch {
		end := min(n, at+s.batch)
		if labels == nil {
			s.setLabels(nil)
		} else {
			s.setLabels(labels[at*dim : end*dim])
		}
		if err := f(at, x[at*s.pixels:end*s.pixels], out[at*s.pixels:end*s.pixels]); err != nil {
			return err
		}
	}
	return nil
}

// setLabels fills the labels of one batch, with zeros where none are given.
func (s *Sampler) setLabels(labels []float32) {
	if !s.label.IsZero() {
		l := s.g.Data(s.label)
		clear(l[copy(l, labels):])
	}
}
