package gdd

import (
	"fmt"

	"innate/models/disc"
	"innate/models/graph"
	"innate/models/precond"
	"innate/models/unet"
)

// Nets are the networks of a run. All stages share their parameters.
type Nets struct {
	Gen  *precond.Denoiser // of kind precond.GDD
	Proj *disc.Projector
	Disc *disc.Disc
}

// Check reports networks that do not fit each other.
func (n Nets) Check() error {
	gen, d := n.Gen.Net.Config, n.Disc.Config
	if f := n.Proj.Net.Config.Channels; f != gen.Channels {
		return fmt.Errorf("gdd: feature network takes %d channels, want the generator's %d", f, gen.Channels)
	}
	if d.LabelDim != 0 && d.LabelDim != gen.LabelDim {
		return fmt.Errorf("gdd: discriminator has %d classes, want 0 or the generator's %d", d.LabelDim, gen.LabelDim)
	}
	if len(n.Proj.Channels) != len(d.Channels) {
		return fmt.Errorf("gdd: discriminator has %d heads, want one for each of %d maps", len(d.Channels), len(n.Proj.Channels))
	}
	for i := range d.Channels {
		if d.Channels[i] != n.Proj.Channels[i] || d.Sizes[i] != n.Proj.Sizes[i] {
			return fmt.Errorf("gdd: head %d is for %d channels at side %d, want %d at %d",
				i, d.Channels[i], d.Sizes[i], n.Proj.Channels[i], n.Proj.Sizes[i])
		}
	}
	return nil
}

// image declares an input of images.
func (n Nets) image(g *graph.Builder, name string, batch int) graph.Node {
	c := n.Gen.Net.Config
	return g.Input(name, batch, c.Resolution, c.Resolution, c.Channels)
}

// label declares the input of one-hot labels, if the generator has classes.
func (n Nets) label(g *graph.Builder, batch int) graph.Node {
	if l := n.Gen.Net.Config.LabelDim; l > 0 {
		return g.Input("label", batch, l)
	}
	return graph.Node{}
}

// judge adds one pass of the discriminator over images.
func (n Nets) judge(g *graph.Builder, images, label graph.Node, s disc.State) (graph.Node, disc.State) {
	if n.Disc.Config.LabelDim == 0 {
		label = graph.Node{}
	}
	return n.Disc.Forward(g, n.Proj.Forward(g, images), label, s)
}

// Stage is the graph of one stage.
type Stage struct{ graph.Objective }

// fill copies values into an input, whose size they must have.
func (s *Stage) fill(name string, n graph.Node, values []float32) {
	if n.IsZero() && len(values) == 0 {
		return
	}
	if n.IsZero() || len(s.Graph.Data(n)) != len(values) {
		panic(fmt.Sprintf("gdd: %s: %d values do not fit the stage", name, len(values)))
	}
	copy(s.Graph.Data(n), values)
}

// GenStage is the generator stage: images of fresh noise, the generator's loss,
// and its gradient for the generator's parameters.
type GenStage struct {
	Stage
	Fake   graph.Node // [N H W C]
	Logits graph.Node // [N L]
	Loss   graph.Node // scalar

	z, label graph.Node
}

// NewGenStage builds the stage for batches of the given size.
func NewGenStage(n Nets, loss Loss, batch int) (*GenStage, error) {
	adversarial, err := loss.of()
	if err != nil {
		return nil, err
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	s := &GenStage{}
	g, err := graph.Build(func(g *graph.Builder) {
		s.z, s.label = n.image(g, "z", batch), n.label(g, batch)
		s.Fake = n.Gen.OneStep(g, s.z, unet.Cond{Label: s.label})
		logits, next := n.judge(g, s.Fake, s.label, n.Disc.State(g))
		s.Logits, s.Loss = logits, batchSum(g, adversarial.Gen(g, logits))
		s.Outputs = []graph.Node{s.Loss, s.Logits, s.Fake}
		s.Assigns = n.Disc.Assigns(g, next)
	})
	if err != nil {
		return nil, err
	}
	return s, s.Minimise(g, s.Loss, n.Gen.Net.Params.All())
}

// Set fills the inputs: unit noise z [N H W C] and one-hot labels [N LabelDim],
// which are nil for an unconditional generator.
func (s *GenStage) Set(z, labels []float32) {
	s.fill("z", s.z, z)
	s.fill("labels", s.label, labels)
}

// DiscStage is the discriminator stage. Generated images come from outside (a
// precond.Sampler), since no gradient flows to them. The two passes, first over
// the generated and then over the real images, are separate: each has its own
// batch statistics and its own power iteration.
type DiscStage struct {
	Stage
	FakeLogits, RealLogits graph.Node // [N L]
	Loss                   graph.Node // scalar

	fake, real, label graph.Node
}

// NewDiscStage builds the stage for batches of the given size.
func NewDiscStage(n Nets, loss Loss, batch int) (*DiscStage, error) {
	adversarial, err := loss.of()
	if err != nil {
		return nil, err
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	s := &DiscStage{}
	g, err := graph.Build(func(g *graph.Builder) {
		s.fake, s.real, s.label = n.image(g, "fake", batch), n.image(g, "real", batch), n.label(g, batch)
		fake, next := n.judge(g, s.fake, s.label, n.Disc.State(g))
		real, next := n.judge(g, s.real, s.label, next)
		s.FakeLogits, s.RealLogits, s.Loss = fake, real, g.Add(
			batchSum(g, adversarial.Fake(g, fake)), batchSum(g, adversarial.Real(g, real)))
		s.Outputs = []graph.Node{s.Loss, s.FakeLogits, s.RealLogits}
		s.Assigns = n.Disc.Assigns(g, next)
	})
	if err != nil {
		return nil, err
	}
	return s, s.Minimise(g, s.Loss, n.Disc.Params.All())
}

// Set fills the inputs: generated and real images [N H W C], and the one-hot
// labels that both share, nil for an unconditional generator.
func (s *DiscStage) Set(fake, real, labels []float32) {
	s.fill("fake", s.fake, fake)
	s.fill("real", s.real, real)
	s.fill("labels", s.label, labels)
}

// R1Stage is the gradient penalty on real images (Mescheder et al. 2018), whose
// gradient is of second order and runs through the feature network, the batch
// norms in training mode and the spectral norms.
type R1Stage struct {
	Stage
	Logits  graph.Node // [N L]
	Inner   graph.Node // [N H W C], the gradient of the sum of all logits for the images
	Penalty graph.Node // scalar, the mean over images of |Inner|²

	real, label, weight graph.Node
}

// NewR1Stage builds the stage for batches of the given size.
func NewR1Stage(n Nets, batch int) (*R1Stage, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	s := &R1Stage{}
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) {
		s.real, s.label, s.weight = n.image(g, "real", batch), n.label(g, batch), g.Input("weight")
		logits, next := n.judge(g, s.real, s.label, n.Disc.State(g))
		s.Logits, s.Assigns = logits, n.Disc.Assigns(g, next)
		inner, err := g.Grad(g.Sum(logits), s.real)
		if err != nil {
			gradErr = err
			return
		}
		s.Inner = inner[0]
		s.Penalty = g.Scale(g.Sum(g.Square(s.Inner)), 1/float32(batch))
		s.Outputs = []graph.Node{s.Penalty, s.Logits, s.Inner}
	}, graph.TwiceDifferentiable())
	if err != nil {
		return nil, err
	}
	if gradErr != nil {
		return nil, gradErr
	}
	return s, s.Minimise(g, g.MulScalar(s.Penalty, s.weight), n.Disc.Params.All())
}

// Set fills the inputs: real images [N H W C] and one-hot labels, nil for an
// unconditional generator. The gradients are those of weight·Penalty; R1's
// weight is gamma/2, times the interval between R1 stages if they are lazy.
func (s *R1Stage) Set(real, labels []float32, weight float32) {
	s.fill("real", s.real, real)
	s.fill("labels", s.label, labels)
	s.Graph.Data(s.weight)[0] = weight
}
