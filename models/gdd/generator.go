package gdd

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"innate/models/graph"
	"innate/models/nn"
	"innate/models/precond"
)

// GenStage is the generator stage: images of fresh noise, the generator's loss,
// and its gradient for the generator's parameters. The loss is the sum of what judges the
// images: the discriminators, the Frechet distance between their features and those of
// real ones, and what the denoised of noisy images should be.
type GenStage struct {
	Stage
	Fake   graph.Node   // [N H W C]; none where only a target counts
	Logits []graph.Node // [N L] of each discriminator
	Losses []graph.Node // scalars, by each of them
	Loss   graph.Node   // scalar, their weighted sum

	Features graph.Node // [N D] in all spaces; none without
	Distance graph.Node // scalar, the sum over images of how far from the target they are; none without

	z, label graph.Node
	weights  []graph.Node
	pass     *pass
	pull     graph.HostFunc // of features
	noisy    *noisy         // nil without a target
}

// noisy are the inputs of a denoiser that is compared with a target.
type noisy struct {
	den               *precond.Denoiser
	x, target, weight graph.Node
	levels            *precond.Levels
}

// NewGenStage builds the stage for batches of the given size.
func NewGenStage(n Nets, loss Loss, batch int) (*GenStage, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	s := &GenStage{}
	var failed error
	var terms []graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		s.label = n.label(g, batch)
		if len(n.Discs)+len(n.Spaces) > 0 {
			s.z = n.image(g, "z", batch)
			s.Fake = n.Gen.OneStep(g, s.z, nn.Cond{Label: s.label})
			s.Outputs = append(s.Outputs, s.Fake)
		}
		shared := maps{}
		if len(n.Discs) > 0 {
			failed = s.judge(g, n, loss, batch, shared)
			terms = append(terms, s.Loss)
		}
		if len(n.Spaces) > 0 {
			s.Features = shared.features(g, n.Spaces, s.Fake)
			terms = append(terms, g.Dot(s.Features, g.OnHost(s.Features, &s.pull)))
		}
		if n.Target != nil {
			terms = append(terms, s.imitate(g, n, batch))
		}
		s.Outputs = slices.Concat(s.Record, s.Outputs, s.Logits)
	})
	if err := cmp.Or(err, failed); err != nil {
		return nil, err
	}
	return s, s.Minimise(g, g.AddN(terms...), n.Gen.Net.Params().All())
}

// judge adds the loss by the discriminators.
func (s *GenStage) judge(g *graph.Builder, n Nets, loss Loss, batch int, shared maps) error {
	adversarial, err := loss.of()
	if err != nil {
		return err
	}
	s.weights = n.factors(g, "weight")
	s.pass = n.newPass(g, "augment", batch)
	seen := s.pass.forward(s.Fake)
	var weighted []graph.Node
	for k, d := range n.Discs {
		logits, next := d.judge(g, s.pass.each(k, seen), s.label, d.Disc.State(g), shared)
		one := batchSum(g, adversarial.Gen(g, logits))
		weighted = append(weighted, g.MulScalar(one, s.weights[k]))
		s.Logits, s.Losses = append(s.Logits, logits), append(s.Losses, one)
		s.Assigns = append(s.Assigns, d.Disc.Assigns(g, next)...)
	}
	s.Loss = g.AddN(weighted...)
	s.Record = append([]graph.Node{s.Loss}, s.Losses...)
	return nil
}

// imitate adds the loss by a target of the images that noisy ones are denoised to.
func (s *GenStage) imitate(g *graph.Builder, n Nets, batch int) graph.Node {
	defer g.Scope("distill")()
	in := &noisy{den: n.Gen, x: n.image(g, "noisy", batch), target: n.image(g, "target", batch), weight: g.Input("weight"), levels: n.Gen.NewLevels(g, batch)}
	s.noisy = in
	made := n.Gen.Forward(g, in.x, in.levels, nn.Cond{Label: s.label})
	s.Distance = n.Target.Distance(g, made, in.target)
	s.Record = append(s.Record, s.Distance)
	return g.MulScalar(s.Distance, in.weight)
}

// Pull says what becomes of the features in the midst of each run: f replaces them,
// [N D], by the gradient of the loss for them.
func (s *GenStage) Pull(f func(features []float32) error) { s.pull.F = f }

// Set fills the inputs: unit noise z [N H W C] and one-hot labels [N LabelDim],
// which are nil for an unconditional generator. Where nothing is made of noise, z is not
// read.
func (s *GenStage) Set(z, labels []float32) {
	if !s.z.IsZero() {
		s.fill("z", s.z, z)
	}
	s.fill("labels", s.label, labels)
}

// SetTarget fills what the denoiser gets, x [N H W C] with the noise levels sigma [N], and
// what it should make of it, with the weight of that in the loss.
func (s *GenStage) SetTarget(x []float32, sigma []float64, target []float32, weight float64) {
	s.fill("noisy images", s.noisy.x, x)
	s.fill("target", s.noisy.target, target)
	s.noisy.den.Set(s.Graph, s.noisy.levels, sigma)
	s.Graph.Data(s.noisy.weight)[0] = float32(weight)
}

// Draw draws how the images of the next run are augmented, each transform of a pipe
// with probability prob. Without augmentation it draws nothing.
func (s *GenStage) Draw(rng *rand.Rand, prob float64) { s.pass.draw(rng, prob) }

// Weigh sets the weight of each discriminator in the loss, at first 1.
func (s *GenStage) Weigh(weights []float64) { s.setFactors(s.weights, weights) }
