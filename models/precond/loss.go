package precond

import (
	"math"
	"math/rand/v2"

	"innate/models/graph"
	"innate/models/nn"
)

// EDM's distribution of noise levels in training: ln sigma ~ N(PMean, PStd²).
const (
	PMean = -1.2
	PStd  = 1.2
)

// TrainsNormal reports whether the draws that TrainSigma takes are of a unit normal
// distribution; the others are uniform in [0, 1).
func (k Kind) TrainsNormal() bool { return k == EDM || k == GDD }

// TrainSigma is the noise level in training that a draw stands for (Karras et al.
// 2022, Table 1): a uniform time of VP, a uniform logarithm of VE, a uniform step of
// IDDPM.
func (k Kind) TrainSigma(draw float64) float64 {
	switch k {
	case VP:
		return published.sigma(1 + draw*(vpSmallest-1))
	case VE:
		lo, hi := k.Range()
		return lo * math.Pow(hi/lo, draw)
	case IDDPM:
		return iddpmLevels[int(draw*iddpmSteps)]
	}
	return math.Exp(draw*PStd + PMean)
}

// trainWeight is that of the squared error at a noise level: such that at first all
// levels contribute alike for EDM, and that of the noise's own error for the others.
func (k Kind) trainWeight(sigma float64) float64 {
	if k == EDM || k == GDD {
		return (sigma*sigma + SigmaData*SigmaData) / (sigma * sigma * SigmaData * SigmaData)
	}
	return 1 / (sigma * sigma)
}

// Training is the graph of one training step (Karras et al. 2022, eq. 2): per pixel
// weight·(D(y + sigma·n; sigma) - y)², summed over pixels and averaged over the batch.
type Training struct {
	Images  graph.Node // input [N H W C], clean
	Noise   graph.Node // input [N H W C], unit normal
	Label   graph.Node // input [N LabelDim]; the zero Node for an unconditional network
	Augment graph.Node // input [N AugmentDim]; the zero Node without that input

	Elem graph.Node // [N H W C], the weighted squared error
	Loss graph.Node // scalar

	graph.Objective // of Loss, for every parameter of the network

	den           *Denoiser
	levels        *Levels
	sigma, weight graph.Node // inputs [N]
	dropout       *nn.Dropout
}

// NewTraining adds a training step for batches of the given size to g;
// inputs are filled through g.Data and SetLevels. What augmented makes of the images
// is what is trained on; nil makes nothing of them.
func NewTraining(g *graph.Builder, den *Denoiser, batch int, augmented func(graph.Node) graph.Node) (*Training, error) {
	cfg := den.Net.Shape()
	t := &Training{
		Images:  g.Input("images", batch, cfg.Resolution, cfg.Resolution, cfg.Channels),
		Noise:   g.Input("noise", batch, cfg.Resolution, cfg.Resolution, cfg.Channels),
		den:     den,
		levels:  den.NewLevels(g, batch),
		sigma:   g.Input("sigma", batch),
		weight:  g.Input("weight", batch),
		dropout: den.Net.NewDropout(),
	}
	if cfg.LabelDim > 0 {
		t.Label = g.Input("label", batch, cfg.LabelDim)
	}
	if cfg.AugmentDim > 0 {
		t.Augment = g.Input("augment", batch, cfg.AugmentDim)
	}
	y := t.Images
	if augmented != nil {
		y = augmented(y)
	}
	x := g.Add(y, g.MulPerSample(t.Noise, t.sigma))
	d := den.Forward(g, x, t.levels, nn.Cond{Label: t.Label, Augment: t.Augment, Dropout: t.dropout})
	t.Elem = g.MulPerSample(g.Square(g.Sub(d, y)), t.weight)
	t.Loss = g.Scale(g.Sum(t.Elem), 1/float32(batch))

	t.Record = []graph.Node{t.Loss}
	t.Outputs = t.Record
	return t, t.Minimise(g, t.Loss, den.Net.Params().All())
}

// SetLevels fills the inputs that depend on the noise levels, one a sample.
func (t *Training) SetLevels(sigma []float64) {
	t.den.Set(t.Graph, t.levels, sigma)
	s, w := t.Graph.Data(t.sigma), t.Graph.Data(t.weight)
	for i, v := range sigma {
		s[i] = float32(v)
		w[i] = float32(t.den.Kind.trainWeight(v))
	}
}

// FillDropout draws this step's dropout masks; without dropout it draws nothing.
func (t *Training) FillDropout(rng *rand.Rand) { t.dropout.Fill(t.Graph, rng) }
