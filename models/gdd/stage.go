package gdd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models"
	"innate/models/disc"
	"innate/models/graph"
	"innate/models/precond"
)

// Nets are the networks of a run. All stages share their parameters.
type Nets struct {
	Gen   *precond.Denoiser // of kind precond.GDD
	Discs []Disc            // none where others judge the generator alone

	// Spaces are the features between which the Frechet distance is part of the
	// generator's loss; none where it is not.
	Spaces []Space

	// Target is whose maps single images are compared in with what they should be; nil
	// where they are not.
	Target *Target

	Augment Augmentation
}

// Disc is a discriminator: heads over a feature network of its own.
type Disc struct {
	Name string // scope of its layers; "" for none
	Proj *disc.Projector
	Disc *disc.Disc
}

// Check reports networks that do not fit each other.
func (n Nets) Check() error {
	if len(n.Discs) == 0 && len(n.Spaces) == 0 && n.Target == nil {
		return errors.New("gdd: got nothing that judges the generator, want a discriminator, a feature space or a target")
	}
	for _, d := range n.Discs {
		if err := d.check(n.Gen.Net.Shape()); err != nil {
			return err
		}
	}
	for _, s := range n.Spaces {
		if f := s.Net.Channels(); f != n.Gen.Net.Shape().Channels {
			return fmt.Errorf("gdd: feature network takes %d channels, want the generator's %d", f, n.Gen.Net.Shape().Channels)
		}
	}
	if n.Target != nil {
		if err := n.Target.check(n.Gen.Net.Shape().Channels); err != nil {
			return err
		}
	}
	if err := n.Augment.check(n.Gen.Net.Shape().Image()); err != nil {
		return fmt.Errorf("gdd: %w", err)
	}
	return nil
}

func (d Disc) check(gen precond.Shape) error {
	heads := d.Disc.Config
	if f := d.Proj.Net.Channels(); f != gen.Channels {
		return fmt.Errorf("gdd: feature network takes %d channels, want the generator's %d", f, gen.Channels)
	}
	if heads.LabelDim != 0 && heads.LabelDim != gen.LabelDim {
		return fmt.Errorf("gdd: discriminator has %d classes, want 0 or the generator's %d", heads.LabelDim, gen.LabelDim)
	}
	if len(d.Proj.Channels) != len(heads.Channels) {
		return fmt.Errorf("gdd: discriminator has %d heads, want one for each of %d maps", len(heads.Channels), len(d.Proj.Channels))
	}
	for i := range heads.Channels {
		if heads.Channels[i] != d.Proj.Channels[i] || heads.Sizes[i] != d.Proj.Sizes[i] {
			return fmt.Errorf("gdd: head %d is for %d channels at side %d, want %d at %d",
				i, heads.Channels[i], heads.Sizes[i], d.Proj.Channels[i], d.Proj.Sizes[i])
		}
	}
	return nil
}

// trained are the parameters of all discriminators.
func (n Nets) trained() []*models.Param {
	var params []*models.Param
	for _, d := range n.Discs {
		params = append(params, d.Disc.Params.All()...)
	}
	return params
}

// factors declares a scalar input for each discriminator, of 1.
func (n Nets) factors(g *graph.Builder, name string) []graph.Node {
	nodes := make([]graph.Node, len(n.Discs))
	for k, d := range n.Discs {
		nodes[k] = g.Input(strings.TrimSpace(name + " " + d.Name))
		g.Data(nodes[k])[0] = 1
	}
	return nodes
}

// image declares an input of images.
func (n Nets) image(g *graph.Builder, name string, batch int) graph.Node {
	c := n.Gen.Net.Shape()
	return g.Input(name, batch, c.Resolution, c.Resolution, c.Channels)
}

// label declares the input of one-hot labels, if the generator has classes.
func (n Nets) label(g *graph.Builder, batch int) graph.Node {
	if l := n.Gen.Net.Shape().LabelDim; l > 0 {
		return g.Input("label", batch, l)
	}
	return graph.Node{}
}

// judge adds one pass of the discriminator over images, whose maps a stage may have.
func (d Disc) judge(g *graph.Builder, images, label graph.Node, s disc.State, maps maps) (graph.Node, disc.State) {
	if d.Name != "" {
		defer g.Scope(d.Name)()
	}
	if d.Disc.Config.LabelDim == 0 {
		label = graph.Node{}
	}
	return d.Disc.Forward(g, d.Proj.Project(g, maps.of(g, d.Proj.Config, d.Proj.Net, images)), label, s)
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

// setFactors fills one scalar input for each discriminator.
func (s *Stage) setFactors(inputs []graph.Node, values []float64) {
	if len(values) != len(inputs) {
		panic(fmt.Sprintf("gdd: %d factors for %d discriminators", len(values), len(inputs)))
	}
	for k, v := range values {
		s.Graph.Data(inputs[k])[0] = float32(v)
	}
}

// DiscStage is the stage of all discriminators, whose losses do not meet.
// Generated images come from outside (a precond.Maker), since no gradient flows to
// them. The two passes, first over the generated and then over the real images,
// are separate: each has its own batch statistics and its own power iteration.
type DiscStage struct {
	Stage
	FakeLogits, RealLogits []graph.Node // [N L] of each discriminator
	FakeSums, RealSums     []LogitSums
	Losses                 []graph.Node // scalars, of each of them
	Loss                   graph.Node   // scalar, their sum
	Positive               graph.Node   // scalar, how many logits of real images are above 0; with a pipe alone

	real, label        graph.Node
	fakePass, realPass *pass
}

// LogitSums are scalars that sum up the logits of all images.
type LogitSums struct {
	Logit graph.Node // Σ l
	Prob  graph.Node // Σ σ(l), the probability that the image is real
}

func sumsOf(g *graph.Builder, logits graph.Node) LogitSums {
	return LogitSums{g.Sum(logits), g.Sum(g.Sigmoid(logits))}
}

// NewDiscStage builds the stage for batches of the size of fakes, the generated
// images [N H W C].
func NewDiscStage(n Nets, loss Loss, fakes *models.Param) (*DiscStage, error) {
	adversarial, err := loss.of()
	if err != nil {
		return nil, err
	}
	if err := n.Check(); err != nil {
		return nil, err
	}
	s := &DiscStage{}
	g, err := graph.Build(func(g *graph.Builder) {
		batch := fakes.Shape[0]
		s.real, s.label = n.image(g, "real", batch), n.label(g, batch)
		s.fakePass, s.realPass = n.newPass(g, "augment_fake", batch), n.newPass(g, "augment_real", batch)
		fakes, reals := s.fakePass.forward(g.Param(fakes)), s.realPass.forward(s.real)
		for k, d := range n.Discs {
			fake, next := d.judge(g, s.fakePass.each(k, fakes), s.label, d.Disc.State(g), maps{})
			real, next := d.judge(g, s.realPass.each(k, reals), s.label, next, maps{})
			s.FakeLogits, s.RealLogits = append(s.FakeLogits, fake), append(s.RealLogits, real)
			s.FakeSums, s.RealSums = append(s.FakeSums, sumsOf(g, fake)), append(s.RealSums, sumsOf(g, real))
			s.Losses = append(s.Losses, g.Add(
				batchSum(g, adversarial.Fake(g, fake)), batchSum(g, adversarial.Real(g, real))))
			s.Assigns = append(s.Assigns, d.Disc.Assigns(g, next)...)
		}
		s.Loss = g.AddN(s.Losses...)
		s.Record = append([]graph.Node{s.Loss}, s.Losses...)
		for k := range n.Discs {
			s.Record = append(s.Record, s.FakeSums[k].Logit, s.FakeSums[k].Prob, s.RealSums[k].Logit, s.RealSums[k].Prob)
		}
		if n.Augment.Pipe != "" {
			s.Positive = positive(g, s.RealLogits)
			s.Record = append(s.Record, s.Positive)
		}
		s.Outputs = slices.Concat(s.Record, s.FakeLogits, s.RealLogits)
	})
	if err != nil {
		return nil, err
	}
	return s, s.Minimise(g, s.Loss, n.trained())
}

// Set fills the inputs: real images [N H W C], and the one-hot labels that both
// passes share, nil for an unconditional generator.
func (s *DiscStage) Set(real, labels []float32) {
	s.fill("real", s.real, real)
	s.fill("labels", s.label, labels)
}

// Draw draws how the images of the next run are augmented, the generated and the real
// ones each for themselves. Without augmentation it draws nothing.
func (s *DiscStage) Draw(rng *rand.Rand, prob float64) {
	s.fakePass.draw(rng, prob)
	s.realPass.draw(rng, prob)
}

// positive counts the logits above 0: the gradients of their ReLU.
func positive(g *graph.Builder, logits []graph.Node) graph.Node {
	var counts []graph.Node
	for _, l := range logits {
		step := g.Apply(graph.OpLeakyReLUGrad, float32(0), g.StopGradient(l), g.Const(1, l.Shape()...))
		counts = append(counts, g.Sum(step))
	}
	return g.AddN(counts...)
}

// R1Stage is the gradient penalty on real images (Mescheder et al. 2018), whose
// gradient is of second order and runs through the feature networks, the batch
// norms in training mode and the spectral norms. As in the published code the
// logits of all discriminators are added up first: what is penalised is the square
// of a sum of gradients, so that each discriminator's penalty depends on the others.
type R1Stage struct {
	Stage
	Logits  []graph.Node // [N L] of each discriminator
	Inner   graph.Node   // [N H W C], the gradient of the sum of all logits for the images
	Penalty graph.Node   // scalar, the mean over images of |Inner|²

	real, label, weight graph.Node
	shares              []graph.Node
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
		s.shares = n.factors(g, "share")
		var sums []graph.Node
		for k, d := range n.Discs {
			logits, next := d.judge(g, s.real, s.label, d.Disc.State(g), maps{})
			s.Logits, s.Assigns = append(s.Logits, logits), append(s.Assigns, d.Disc.Assigns(g, next)...)
			sums = append(sums, g.MulScalar(g.Sum(logits), s.shares[k]))
		}
		inner, err := g.Grad(g.AddN(sums...), s.real)
		if err != nil {
			gradErr = err
			return
		}
		s.Inner = inner[0]
		s.Penalty = g.Scale(g.Sum(g.Square(s.Inner)), 1/float32(batch))
		s.Record = []graph.Node{s.Penalty}
		s.Outputs = slices.Concat(s.Record, []graph.Node{s.Inner}, s.Logits)
	}, graph.TwiceDifferentiable())
	if err != nil {
		return nil, err
	}
	if gradErr != nil {
		return nil, gradErr
	}
	return s, s.Minimise(g, g.MulScalar(s.Penalty, s.weight), n.trained())
}

// Set fills the inputs: real images [N H W C] and one-hot labels, nil for an
// unconditional generator. The gradients are those of weight·Penalty; R1's
// weight is gamma/2, times the interval between R1 stages if they are lazy.
func (s *R1Stage) Set(real, labels []float32, weight float32) {
	s.fill("real", s.real, real)
	s.fill("labels", s.label, labels)
	s.Graph.Data(s.weight)[0] = weight
}

// Share sets the factor of each discriminator's logits in their sum, at first 1.
func (s *R1Stage) Share(shares []float64) { s.setFactors(s.shares, shares) }
