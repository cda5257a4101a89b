package unet

import (
	"fmt"
	"math"
	"math/rand/v2"

	"innate/models/nn"
)

// Net is a U-Net with its parameters, by EDM's names and in EDM's order. Its only
// buffer is map_noise.freqs [Q/2] of a Fourier embedding.
type Net struct {
	*nn.Module
	Config Config

	embedding            nn.Embedding
	mapLabel, mapAugment *nn.Linear // nil where the config has no such input
	mapLayer0, mapLayer1 *nn.Linear
	enc                  []encoderLevel // highest resolution first
	dec                  []decoderLevel // lowest resolution first
}

// encoderLevel starts with conv at the highest resolution, elsewhere with down,
// which is followed by what an encoder that sees the input's pyramid adds of it:
// auxResidual, or auxSkip of what auxDown makes.
type encoderLevel struct {
	conv             *nn.Conv
	down             *nn.Block
	auxResidual      *nn.Conv
	auxDown, auxSkip *nn.Conv
	blocks           []*nn.Block
}

// decoderLevel starts with in0 and in1 at the lowest resolution, elsewhere with
// up. It ends with auxNorm and auxConv where it gives an output, to which auxUp
// adds that of the level below.
type decoderLevel struct {
	in0, in1, up *nn.Block
	blocks       []*nn.Block
	auxUp        *nn.Conv
	auxNorm      *nn.Norm
	auxConv      *nn.Conv
}

// EDM's three kinds of layer: ordinary, "zero" and attention.
var (
	ordinary  = nn.Xavier(1)
	nearZero  = nn.Xavier(1e-5)
	attention = nn.Xavier(math.Sqrt(0.2))
)

const (
	normEps = 1e-6

	// skipScale keeps the variance of a sum of two branches.
	skipScale = float32(math.Sqrt2 / 2)
)

// New builds the network and draws its initial weights from rng as EDM does
// (Xavier uniform; nearly zero where a residual branch ends). A nil rng leaves
// all weights zero, for those that will be read from a checkpoint.
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
	arch  Arch
	style nn.BlockStyle
}

// build makes the whole network with b.
func build(cfg Config, b *nn.Builder) *Net {
	m := &maker{Builder: b, cfg: cfg, arch: cfg.arch()}
	m.style = nn.BlockStyle{
		EmbWidth: cfg.EmbWidth(), Eps: normEps, SkipScale: skipScale, Taps: m.arch.Taps, ProjectSkip: true,
		Ordinary: ordinary, Zero: nearZero, Attention: attention,
	}
	n := &Net{Module: b.Module(), Config: cfg}
	m.mapping(n)
	skips, c := m.encoder(n)
	m.decoder(n, skips, c)
	return n
}

func (m *maker) mapping(n *Net) {
	m.At = nn.Layer{Part: nn.PartMap}
	q, e := m.cfg.noiseWidth(), m.cfg.EmbWidth()
	n.embedding = nn.Embedding{Width: q, EndPoint: true, SineFirst: true}
	if m.arch.Embedding == Fourier {
		n.embedding.Freqs = m.Fourier("map_noise.freqs", q)
	}
	if m.cfg.LabelDim > 0 {
		n.mapLabel = m.Linear("map_label", m.cfg.LabelDim, q, true, ordinary)
	}
	if m.cfg.AugmentDim > 0 {
		n.mapAugment = m.Linear("map_augment", m.cfg.AugmentDim, q, false, ordinary)
	}
	n.mapLayer0 = m.Linear("map_layer0", q, e, true, ordinary)
	n.mapLayer1 = m.Linear("map_layer1", e, e, true, ordinary)
}

// encoder returns the channels of the skip connections, and the last of them.
func (m *maker) encoder(n *Net) (skips []int, c int) {
	c = m.cfg.ModelChannels
	pyramid := m.cfg.Channels
	for i, mult := range m.cfg.ChannelMult {
		res, width := m.cfg.Resolution>>i, m.cfg.ModelChannels*mult
		var l encoderLevel
		if i == 0 {
			l.conv = m.conv(nn.PartEnc, res, "conv", m.cfg.Channels, c, 3, nn.Keep, ordinary)
		} else {
			l.down = m.block(nn.PartEnc, res, "down", nn.BlockShape{In: c, Out: c, Resample: nn.Down})
			switch m.arch.Encoder {
			case Residual:
				l.auxResidual = m.conv(nn.PartEnc, res, "aux_residual", pyramid, c, 3, nn.FusedDown, ordinary)
				pyramid = c
			case Skip:
				l.auxDown = m.conv(nn.PartEnc, res, "aux_down", pyramid, pyramid, 0, nn.Down, ordinary)
				l.auxSkip = m.conv(nn.PartEnc, res, "aux_skip", pyramid, c, 1, nn.Keep, ordinary)
			}
		}
		skips = append(skips, c)
		for j := range m.cfg.NumBlocks {
			s := nn.BlockShape{In: c, Out: width, Heads: heads(m.cfg.Attends(res))}
			l.blocks = append(l.blocks, m.block(nn.PartEnc, res, fmt.Sprintf("block%d", j), s))
			c = width
			skips = append(skips, c)
		}
		n.enc = append(n.enc, l)
	}
	return skips, c
}

// decoder continues from c channels.
func (m *maker) decoder(n *Net, skips []int, c int) {
	last := len(m.cfg.ChannelMult) - 1
	for i := last; i >= 0; i-- {
		res, width := m.cfg.Resolution>>i, m.cfg.ModelChannels*m.cfg.ChannelMult[i]
		var l decoderLevel
		if i == last {
			l.in0 = m.block(nn.PartDec, res, "in0", nn.BlockShape{In: c, Out: c, Heads: 1})
			l.in1 = m.block(nn.PartDec, res, "in1", nn.BlockShape{In: c, Out: c})
		} else {
			l.up = m.block(nn.PartDec, res, "up", nn.BlockShape{In: c, Out: c, Resample: nn.Up})
		}
		for j := range m.cfg.NumBlocks + 1 {
			skip := skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			s := nn.BlockShape{In: c + skip, Out: width, Heads: heads(j == m.cfg.NumBlocks && m.cfg.Attends(res))}
			l.blocks = append(l.blocks, m.block(nn.PartDec, res, fmt.Sprintf("block%d", j), s))
			c = width
		}
		if m.arch.Decoder == Skip || i == 0 {
			out := m.cfg.Out()
			if i < last && m.arch.Decoder == Skip {
				l.auxUp = m.conv(nn.PartDec, res, "aux_up", out, out, 0, nn.Up, ordinary)
			}
			l.auxNorm = m.Norm(m.at(nn.PartDec, res, "aux_norm"), c, normEps)
			l.auxConv = m.conv(nn.PartDec, res, "aux_conv", c, out, 3, nn.Keep, nearZero)
		}
		n.dec = append(n.dec, l)
	}
}

// heads of attention, where there is some.
func heads(attends bool) int {
	if attends {
		return 1
	}
	return 0
}

// at goes to a unit of a level and returns its name: enc.28x28_conv.
func (m *maker) at(part string, res int, name string) string {
	m.At = nn.Layer{Part: part, Block: fmt.Sprintf("%dx%d_%s", res, res, name), Resolution: res}
	return part + "." + m.At.Block
}

func (m *maker) block(part string, res int, name string, s nn.BlockShape) *nn.Block {
	return m.Block(m.at(part, res, name), m.style, s)
}

func (m *maker) conv(part string, res int, name string, in, out, k int, r nn.Resample, s nn.Scheme) *nn.Conv {
	return m.Conv(m.at(part, res, name), in, out, k, r, m.arch.Taps, s)
}

// NewDropout prepares dropout with the config's probability for one graph.
func (n *Net) NewDropout() *nn.Dropout { return nn.NewDropout(n.Config.Dropout) }

// FreezePreset returns the names of the parameters that a preset freezes.
func (n *Net) FreezePreset(preset string) ([]string, error) {
	return nn.FreezePreset(n.Params().Names(), preset)
}

// NoiseEmbedding fills dst [len(cNoise) Q] with the embedding of each noise level,
// the sines first, as the network wants it.
func (n *Net) NoiseEmbedding(dst, cNoise []float32) { n.embedding.Fill(dst, cNoise) }
