package adm

import (
	"fmt"
	"math/rand/v2"

	"innate/models/nn"
)

// Net is an ADM with its parameters, by EDM's names and in EDM's order.
type Net struct {
	*nn.Module
	Config Config

	embedding            nn.Embedding
	mapAugment, mapLabel *nn.Linear // nil where the config has no such input
	mapLayer0, mapLayer1 *nn.Linear
	first                *nn.Conv
	enc, dec             []level // highest resolution first; lowest first
	outNorm              *nn.Norm
	outConv              *nn.Conv
}

// level is one resolution of the encoder or the decoder: what leads to it, which
// is nothing at the encoder's first and two blocks at the decoder's, and its blocks.
type level struct {
	opening, blocks []*nn.Block
}

const (
	normEps   = 1e-5
	skipScale = 1
)

// New builds the network and draws its initial weights from rng as EDM does
// (PyTorch's default; zero where a residual branch ends). A nil rng leaves all
// weights zero, for those that will be read from a checkpoint.
func New(cfg Config, rng *rand.Rand) (*Net, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return build(cfg, nn.NewBuilder(rng)), nil
}

// Layers lists the parameters of the network that cfg describes, without
// allocating it.
func Layers(cfg Config) ([]nn.Layer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return build(cfg, nn.NewHollowBuilder()).Layers(), nil
}

// maker builds one network.
type maker struct {
	*nn.Builder
	cfg   Config
	style nn.BlockStyle
}

// build makes the whole network with b.
func build(cfg Config, b *nn.Builder) *Net {
	m := &maker{b, cfg, nn.BlockStyle{
		EmbWidth: cfg.EmbWidth(), Eps: normEps, SkipScale: skipScale, Taps: []int{1, 1}, Adaptive: true,
		Ordinary: nn.Default, Zero: nn.Zeros, Attention: nn.Default,
	}}
	n := &Net{Module: b.Module(), Config: cfg}
	m.mapping(n)
	skips, c := m.encoder(n)
	c = m.decoder(n, skips, c)
	m.At = nn.Layer{Part: nn.PartOut, Resolution: cfg.Resolution}
	n.outNorm = m.Norm("out_norm", c, normEps)
	n.outConv = m.Conv("out_conv", c, cfg.Out(), 3, nn.Keep, nil, nn.Zeros)
	return n
}

func (m *maker) mapping(n *Net) {
	m.At = nn.Layer{Part: nn.PartMap}
	q, e := m.cfg.ModelChannels, m.cfg.EmbWidth()
	n.embedding = nn.Embedding{Width: q}
	if m.cfg.AugmentDim > 0 {
		n.mapAugment = m.Linear("map_augment", m.cfg.AugmentDim, q, false, nn.Zeros)
	}
	n.mapLayer0 = m.Linear("map_layer0", q, e, true, nn.Default)
	n.mapLayer1 = m.Linear("map_layer1", e, e, true, nn.Default)
	if m.cfg.LabelDim > 0 {
		// Kaiming's normal distribution times √LabelDim, which is its fan-in.
		unit := func(_, _ int) (weight, bias nn.Init) { return nn.Normal(1), nil }
		n.mapLabel = m.Linear("map_label", m.cfg.LabelDim, e, false, unit)
	}
}

// encoder returns the channels of the skip connections, and the last of them.
func (m *maker) encoder(n *Net) (skips []int, c int) {
	for i, mult := range m.cfg.ChannelMult {
		res, width := m.cfg.Resolution>>i, m.cfg.ModelChannels*mult
		var l level
		if i == 0 {
			c = width
			n.first = m.Conv(m.at(nn.PartEnc, res, "conv"), m.cfg.Channels, c, 3, nn.Keep, nil, nn.Default)
		} else {
			l.opening = []*nn.Block{m.block(nn.PartEnc, res, "down", nn.BlockShape{In: c, Out: c, Resample: nn.Down})}
		}
		skips = append(skips, c)
		for j := range m.cfg.NumBlocks {
			l.blocks = append(l.blocks, m.block(nn.PartEnc, res, fmt.Sprintf("block%d", j), m.shape(c, width, m.cfg.Attends(res))))
			c = width
			skips = append(skips, c)
		}
		n.enc = append(n.enc, l)
	}
	return skips, c
}

// decoder continues from c channels, and returns the last.
func (m *maker) decoder(n *Net, skips []int, c int) int {
	for i := len(m.cfg.ChannelMult) - 1; i >= 0; i-- {
		res, width := m.cfg.Resolution>>i, m.cfg.ModelChannels*m.cfg.ChannelMult[i]
		var l level
		if i == len(m.cfg.ChannelMult)-1 {
			l.opening = []*nn.Block{
				m.block(nn.PartDec, res, "in0", m.shape(c, c, true)),
				m.block(nn.PartDec, res, "in1", m.shape(c, c, false)),
			}
		} else {
			l.opening = []*nn.Block{m.block(nn.PartDec, res, "up", nn.BlockShape{In: c, Out: c, Resample: nn.Up})}
		}
		for j := range m.cfg.NumBlocks + 1 {
			skip := skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			l.blocks = append(l.blocks, m.block(nn.PartDec, res, fmt.Sprintf("block%d", j), m.shape(c+skip, width, m.cfg.Attends(res))))
			c = width
		}
		n.dec = append(n.dec, l)
	}
	return c
}

// shape is that of a block that keeps the size.
func (m *maker) shape(in, out int, attends bool) nn.BlockShape {
	s := nn.BlockShape{In: in, Out: out}
	if attends {
		s.Heads = out / headWidth
	}
	return s
}

// at goes to a unit of a level and returns its name: enc.28x28_conv.
func (m *maker) at(part string, res int, name string) string {
	m.At = nn.Layer{Part: part, Block: fmt.Sprintf("%dx%d_%s", res, res, name), Resolution: res}
	return part + "." + m.At.Block
}

func (m *maker) block(part string, res int, name string, s nn.BlockShape) *nn.Block {
	return m.Block(m.at(part, res, name), m.style, s)
}

// NewDropout prepares dropout with the config's probability for one graph.
func (n *Net) NewDropout() *nn.Dropout { return nn.NewDropout(n.Config.Dropout) }

// FreezePreset returns the names of the parameters that a preset freezes.
func (n *Net) FreezePreset(preset string) ([]string, error) {
	return nn.FreezePreset(n.Params().Names(), preset)
}

// NoiseEmbedding fills dst [len(cNoise) ModelChannels] with the embedding of each
// noise level, the cosines first.
func (n *Net) NoiseEmbedding(dst, cNoise []float32) { n.embedding.Fill(dst, cNoise) }
