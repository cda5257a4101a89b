package disc

import (
	"cmp"
	"fmt"
	"math/rand/v2"

	"innate/models"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nn"
)

// ProjectorConfig describes the path from an image to the mixed maps.
type ProjectorConfig struct {
	InSize int       `json:"in_size"` // side to which images are resized
	CMix   int       `json:"c_mix"`   // channels of the finest mixed map
	Expand bool      `json:"expand"`  // coarser maps are mixed to 2, 4, … times CMix channels
	Mean   []float32 `json:"mean"`    // of the feature network's input in [0, 1]: one value, or one a channel
	Std    []float32 `json:"std"`
}

// Projector computes mixed maps of images: the maps of a frozen feature network
// through random 1x1 convolutions (CCM), then fused from coarse to fine through
// more of them (CSM). Where the network's maps all have one size, random layers first
// make several of them (reassemble). Nothing in it trains; gradients flow to the image.
type Projector struct {
	Config ProjectorConfig
	Net    features.Backbone
	Mix    *models.ParamSet // reassemble.<i>, ccm.<i> and csm.<i>; random, but part of the run's state

	Channels []int // of the mixed maps, finest first
	Sizes    []int // their sides
	Nominal  []int // sides by which GDD sizes their heads

	taps []features.Tap
}

// Validate reports the first setting of the path to the maps that does not fit a feature
// network.
func (c ProjectorConfig) Validate(net features.Backbone) error {
	channels := net.Channels()
	taps, err := net.Taps(c.InSize)
	if err != nil {
		return fmt.Errorf("disc: in_size: %w", err)
	}
	for i := range taps[1:] { // fusing doubles a map
		if fine, coarse := taps[i].Projected().Side, taps[i+1].Projected().Side; fine != 2*coarse {
			return fmt.Errorf("disc: in_size: %d makes maps of sides %d and %d, want each twice the next", c.InSize, fine, coarse)
		}
	}
	for name, v := range map[string][]float32{"mean": c.Mean, "std": c.Std} {
		if len(v) != 1 && len(v) != channels {
			return fmt.Errorf("disc: %s: %d values, want 1 or %d", name, len(v), channels)
		}
	}
	for _, v := range c.Std {
		if !(v > 0) {
			return fmt.Errorf("disc: std: %v, want > 0", v)
		}
	}
	return nil
}

// NewProjector draws the random convolutions from rng with PyTorch's default
// initialisation; a nil rng leaves them zero, to be read from a checkpoint.
func NewProjector(cfg ProjectorConfig, net features.Backbone, rng *rand.Rand) (*Projector, error) {
	if err := cfg.Validate(net); err != nil {
		return nil, err
	}
	if cfg.CMix < 1 {
		return nil, fmt.Errorf("disc: c_mix: %d, want > 0", cfg.CMix)
	}
	p := &Projector{Config: cfg, Net: net, Mix: models.NewParamSet()}
	var err error
	if p.taps, err = net.Taps(cfg.InSize); err != nil {
		return nil, err
	}
	var mixed []int // channels after CCM
	for i, t := range p.taps {
		width := cfg.CMix
		if cfg.Expand {
			width <<= i
		}
		out := width
		if cfg.Expand && i > 0 {
			out /= 2
		}
		mixed = append(mixed, width)
		side := 2 * t.Projected().Side
		p.Channels, p.Sizes, p.Nominal = append(p.Channels, out), append(p.Sizes, side), append(p.Nominal, cmp.Or(t.Nominal, side))
	}
	for i, t := range p.taps {
		p.addReassembly(i, t, rng)
	}
	for i, t := range p.taps {
		p.add(fmt.Sprintf("ccm.%d", i), rng, mixed[i], t.Projected().Channels, 1, 1)
	}
	for i := range mixed {
		p.add(fmt.Sprintf("csm.%d", i), rng, p.Channels[i], mixed[i], 1, 1)
	}
	return p, nil
}

// add makes one random convolution [out in k k].
func (p *Projector) add(unit string, rng *rand.Rand, shape ...int) {
	weight := p.Mix.Add(models.NewParam(unit+".weight", shape...))
	bias := p.Mix.Add(models.NewParam(unit+".bias", shape[0]))
	if rng != nil {
		drawWeight, drawBias := nn.Default(len(weight.Data)/shape[0], 0)
		drawWeight(rng, weight.Data)
		drawBias(rng, bias.Data)
	}
}

// Forward adds the projection to g: images x [N H W C] in [-1, 1] to the mixed
// maps [N Sizes[i] Sizes[i] Channels[i]], finest first.
func (p *Projector) Forward(g *graph.Builder, x graph.Node) []graph.Node {
	return p.Project(g, p.Config.Maps(g, p.Net, x))
}

// Maps adds what the projection gets to g: the maps of a feature network of images
// x [N H W C] in [-1, 1].
func (c ProjectorConfig) Maps(g *graph.Builder, net features.Backbone, x graph.Node) []graph.Node {
	defer g.Scope("projector")()
	x = features.Pixels{Mean: c.Mean, Std: c.Std}.Normalize(g, x)
	if s := x.Shape(); s[1] != c.InSize || s[2] != c.InSize {
		x = g.Bilinear(x, c.InSize, c.InSize, false)
	}
	return net.Maps(g, x)
}

// Project adds what is random of the projection to g, over the feature network's maps.
func (p *Projector) Project(g *graph.Builder, maps []graph.Node) []graph.Node {
	defer g.Scope("projector")()
	out := make([]graph.Node, len(maps))
	var y graph.Node
	for i := len(maps) - 1; i >= 0; i-- {
		mixed := p.conv(g, fmt.Sprintf("ccm.%d", i), p.reassemble(g, i, maps[i]))
		if !y.IsZero() {
			mixed = g.Add(y, mixed)
		}
		y = p.fuse(g, fmt.Sprintf("csm.%d", i), mixed, p.Sizes[i])
		out[i] = y
	}
	return out
}

// fuse doubles a map bilinearly (corners aligned) to the given size and mixes
// its channels. The convolution has no spatial extent and the weights of the
// interpolation sum to one, so the two may change places: convolving first
// costs a quarter.
func (p *Projector) fuse(g *graph.Builder, unit string, x graph.Node, size int) graph.Node {
	return g.Bilinear(p.conv(g, unit, x), size, size, true)
}

func (p *Projector) conv(g *graph.Builder, unit string, x graph.Node) graph.Node {
	defer g.Scope(unit)()
	return g.Conv(x, g.Param(p.Mix.Get(unit+".weight")), g.Param(p.Mix.Get(unit+".bias")), graph.ConvOpts{Stride: 1})
}
