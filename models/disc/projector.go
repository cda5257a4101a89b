package disc

import (
	"fmt"
	"math/rand/v2"

	"innate/models"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nn"
)

// ProjectorConfig describes the path from an image to the mixed maps.
type ProjectorConfig struct {
	InSize int       `json:"in_size"` // side to which images are resized; a multiple of 2^stages
	CMix   int       `json:"c_mix"`   // channels of the finest mixed map
	Expand bool      `json:"expand"`  // coarser maps are mixed to 2, 4, … times CMix channels
	Mean   []float32 `json:"mean"`    // of the feature network's input in [0, 1]: one value, or one a channel
	Std    []float32 `json:"std"`
}

// Projector computes mixed maps of images: the maps of a frozen feature network
// through random 1x1 convolutions (CCM), then fused from coarse to fine through
// more of them (CSM). Nothing in it trains; gradients flow to the image.
type Projector struct {
	Config ProjectorConfig
	Net    *features.Net
	Mix    *models.ParamSet // ccm.<i> and csm.<i>; random, but part of the run's state

	Channels []int // of the mixed maps, finest first
	Sizes    []int // their sides
}

// Validate reports the first setting that does not fit a feature network.
func (c ProjectorConfig) Validate(net features.Config) error {
	stages, channels := len(net.Widths), net.Channels
	if c.InSize < 1 || c.InSize%(1<<stages) != 0 {
		return fmt.Errorf("disc: in_size: %d, want a multiple of %d for %d feature stages", c.InSize, 1<<stages, stages)
	}
	if c.CMix < 1 {
		return fmt.Errorf("disc: c_mix: %d, want > 0", c.CMix)
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
func NewProjector(cfg ProjectorConfig, net *features.Net, rng *rand.Rand) (*Projector, error) {
	if err := cfg.Validate(net.Config); err != nil {
		return nil, err
	}
	stages := len(net.Config.Widths)
	p := &Projector{Config: cfg, Net: net, Mix: models.NewParamSet()}
	mixed := make([]int, stages) // channels after CCM
	for i := range mixed {
		mixed[i] = cfg.CMix
		if cfg.Expand {
			mixed[i] <<= i
		}
		out := mixed[i]
		if cfg.Expand && i > 0 {
			out /= 2
		}
		p.Channels = append(p.Channels, out)
		p.Sizes = append(p.Sizes, cfg.InSize>>i)
	}
	for i, w := range net.Config.Widths {
		p.add(fmt.Sprintf("ccm.%d", i), w, mixed[i], rng)
	}
	for i := range mixed {
		p.add(fmt.Sprintf("csm.%d", i), mixed[i], p.Channels[i], rng)
	}
	return p, nil
}

// add makes one random 1x1 convolution.
func (p *Projector) add(unit string, in, out int, rng *rand.Rand) {
	weight := p.Mix.Add(models.NewParam(unit+".weight", out, in, 1, 1))
	bias := p.Mix.Add(models.NewParam(unit+".bias", out))
	if rng != nil {
		drawWeight, drawBias := nn.Default(in, 0)
		drawWeight(rng, weight.Data)
		drawBias(rng, bias.Data)
	}
}

// Forward adds the projection to g: images x [N H W C] in [-1, 1] to the mixed
// maps [N Sizes[i] Sizes[i] Channels[i]], finest first.
func (p *Projector) Forward(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("projector")()
	x = p.normalize(g, x)
	if s := x.Shape(); s[1] != p.Config.InSize || s[2] != p.Config.InSize {
		x = g.Bilinear(x, p.Config.InSize, p.Config.InSize, false)
	}
	maps := p.Net.Maps(g, x)
	out := make([]graph.Node, len(maps))
	var y graph.Node
	for i := len(maps) - 1; i >= 0; i-- {
		mixed := p.conv(g, fmt.Sprintf("ccm.%d", i), maps[i])
		if !y.IsZero() {
			mixed = g.Add(y, mixed)
		}
		y = p.fuse(g, fmt.Sprintf("csm.%d", i), mixed, p.Sizes[i])
		out[i] = y
	}
	return out
}

// normalize maps pixels from [-1, 1] to the feature network's scale:
// ((x+1)/2 - mean)/std, per channel.
func (p *Projector) normalize(g *graph.Builder, x graph.Node) graph.Node {
	mean, std := p.Config.Mean, p.Config.Std
	if len(mean) == 1 && len(std) == 1 {
		if mean[0] == 0.5 && std[0] == 0.5 {
			return x // exactly the identity
		}
		return g.Scale(g.AddScalar(x, 1-2*mean[0]), 1/(2*std[0]))
	}
	channels := p.Net.Config.Channels
	scale := models.NewParam("projector.scale", channels)
	shift := models.NewParam("projector.shift", channels)
	for c := range channels {
		m, s := mean[c%len(mean)], std[c%len(std)]
		scale.Data[c] = 1 / (2 * s)
		shift.Data[c] = (1 - 2*m) / (2 * s)
	}
	return g.AddPerChannel(g.MulPerChannel(x, g.Param(scale)), g.Param(shift))
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
