package unet

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"innate/models"
)

// Net is a U-Net with its parameters. Forward binds graphs to the parameters'
// storage: what a step writes there, the next run of every such graph sees.
type Net struct {
	Config  Config
	Params  *models.ParamSet // trained; EDM's names and order
	Buffers *models.ParamSet // map_noise.freqs [Q/2] of NCSN++; else empty

	layers               []Layer
	mapLabel, mapAugment *linear // nil where the config has no such input
	mapLayer0, mapLayer1 *linear
	enc                  []encoderLevel // highest resolution first
	dec                  []decoderLevel // lowest resolution first
	auxNorm              *norm
	auxConv              *conv
}

// encoderLevel starts with conv at the highest resolution, elsewhere with down,
// after which NCSN++ adds auxResidual of the input pyramid.
type encoderLevel struct {
	conv        *conv
	down        *block
	auxResidual *conv
	blocks      []*block
}

// decoderLevel starts with in0 and in1 at the lowest resolution, elsewhere with
// up.
type decoderLevel struct {
	in0, in1, up *block
	blocks       []*block
}

// New builds the network and draws its initial weights from rng as EDM does
// (Xavier uniform; nearly zero where a residual branch ends). A nil rng leaves
// all weights zero, for those that will be read from a checkpoint.
func New(cfg Config, rng *rand.Rand) (*Net, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	return build(cfg, func(l Layer, bound float64) *models.Param {
		p := models.NewParam(l.Name, l.Shape...)
		switch {
		case rng == nil:
		case l.Kind == KindNorm && isWeight(l):
			for i := range p.Data {
				p.Data[i] = 1
			}
		case bound > 0:
			for i := range p.Data {
				p.Data[i] = float32((2*rng.Float64() - 1) * bound)
			}
		}
		return p
	}, rng), nil
}

// Layers lists the parameters of the network that cfg describes, without
// allocating it.
func Layers(cfg Config) ([]Layer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	hollow := func(l Layer, _ float64) *models.Param { return &models.Param{Name: l.Name, Shape: l.Shape} }
	return build(cfg, hollow, nil).layers, nil
}

// Clone copies the network and all its values.
func (n *Net) Clone() *Net {
	c, err := New(n.Config, nil)
	if err == nil {
		err = c.Params.CopyFrom(n.Params)
	}
	if err == nil {
		err = c.Buffers.CopyFrom(n.Buffers)
	}
	if err != nil {
		panic(fmt.Sprintf("unet: cloning a built network: %v", err)) // its config was valid before
	}
	return c
}

// builder adds parameters to a network in state-dict order.
type builder struct {
	net   *Net
	alloc func(l Layer, bound float64) *models.Param
	at    Layer // Part, Block and Resolution of what is being built
}

// add makes one parameter of unit, drawn from U(-bound, bound).
func (b *builder) add(kind Kind, unit, field string, bound float64, shape ...int) *models.Param {
	l := b.at
	l.Kind, l.Unit, l.Name, l.Shape = kind, unit, unit+"."+field, slices.Clone(shape)
	b.net.layers = append(b.net.layers, l)
	return b.net.Params.Add(b.alloc(l, bound))
}

// xavier is the bound of Xavier's uniform distribution times gain.
func xavier(fanIn, fanOut int, gain float64) float64 {
	return gain * math.Sqrt(6/float64(fanIn+fanOut))
}

// The gains of EDM's three kinds of layer: ordinary, "zero" and attention.
var (
	gainOne  = 1.0
	gainZero = 1e-5
	gainAttn = math.Sqrt(0.2)
)

func (b *builder) linear(unit string, in, out int, bias bool) *linear {
	l := &linear{weight: b.add(KindLinear, unit, "weight", xavier(in, out, gainOne), out, in)}
	if bias {
		l.bias = b.add(KindLinear, unit, "bias", 0, out)
	}
	return l
}

func (b *builder) conv(unit string, in, out, k int, r resample, gain float64) *conv {
	return &conv{
		weight:   b.add(KindConv, unit, "weight", xavier(in*k*k, out*k*k, gain), out, in, k, k),
		bias:     b.add(KindConv, unit, "bias", 0, out),
		resample: r,
		taps:     b.net.Config.arch().Taps,
	}
}

func (b *builder) norm(unit string, channels int) *norm {
	return &norm{
		weight: b.add(KindNorm, unit, "weight", 0, channels),
		bias:   b.add(KindNorm, unit, "bias", 0, channels),
	}
}

// block makes a residual block; its parts come in the order of EDM's module.
func (b *builder) block(name string, s blockShape) *block {
	x := &block{name: name}
	x.norm0 = b.norm(name+".norm0", s.in)
	x.conv0 = b.conv(name+".conv0", s.in, s.out, 3, s.resample, gainOne)
	x.affine = b.linear(name+".affine", b.net.Config.embWidth(), s.out, true)
	x.norm1 = b.norm(name+".norm1", s.out)
	x.conv1 = b.conv(name+".conv1", s.out, s.out, 3, keep, gainZero)
	if s.in != s.out || s.resample != keep {
		x.skip = b.conv(name+".skip", s.in, s.out, 1, s.resample, gainOne)
	}
	if s.attention {
		x.norm2 = b.norm(name+".norm2", s.out)
		x.qkv = b.conv(name+".qkv", s.out, 3*s.out, 1, keep, gainAttn)
		x.proj = b.conv(name+".proj", s.out, s.out, 1, keep, gainZero)
	}
	return x
}

// build makes the whole network; alloc makes each parameter.
func build(cfg Config, alloc func(Layer, float64) *models.Param, rng *rand.Rand) *Net {
	n := &Net{Config: cfg, Params: models.NewParamSet(), Buffers: models.NewParamSet()}
	b := &builder{net: n, alloc: alloc, at: Layer{Part: PartMap}}
	q, e := cfg.NoiseWidth(), cfg.embWidth()
	if cfg.arch().Fourier {
		freqs := n.Buffers.Add(models.NewParam("map_noise.freqs", q/2))
		if rng != nil {
			for i := range freqs.Data {
				freqs.Data[i] = float32(16 * rng.NormFloat64())
			}
		}
	}
	if cfg.LabelDim > 0 {
		n.mapLabel = b.linear("map_label", cfg.LabelDim, q, true)
	}
	if cfg.AugmentDim > 0 {
		n.mapAugment = b.linear("map_augment", cfg.AugmentDim, q, false)
	}
	n.mapLayer0 = b.linear("map_layer0", q, e, true)
	n.mapLayer1 = b.linear("map_layer1", e, e, true)

	last := walk(cfg, func(part string, resolution int, s blockShape) {
		b.at = Layer{Part: part, Block: resName(resolution, s.name), Resolution: resolution}
		n.place(s, b.block(part+"."+b.at.Block, s))
	}, func(resolution int, name string, in, out int) {
		b.at = Layer{Part: PartEnc, Block: resName(resolution, name), Resolution: resolution}
		unit := PartEnc + "." + b.at.Block
		if name == "conv" {
			n.enc = append(n.enc, encoderLevel{conv: b.conv(unit, in, out, 3, keep, gainOne)})
			return
		}
		n.enc[len(n.enc)-1].auxResidual = b.conv(unit, in, out, 3, fusedDown, gainOne)
	})
	b.at = Layer{Part: PartDec, Block: resName(cfg.Resolution, "aux_norm"), Resolution: cfg.Resolution}
	n.auxNorm = b.norm(PartDec+"."+b.at.Block, last)
	b.at.Block = resName(cfg.Resolution, "aux_conv")
	n.auxConv = b.conv(PartDec+"."+b.at.Block, last, cfg.Channels, 3, keep, gainZero)
	return n
}

// place files a block that walk announced where forward looks for it.
func (n *Net) place(s blockShape, x *block) {
	switch s.role {
	case roleDown:
		n.enc = append(n.enc, encoderLevel{down: x})
	case roleEnc:
		l := &n.enc[len(n.enc)-1]
		l.blocks = append(l.blocks, x)
	case roleIn0:
		n.dec = append(n.dec, decoderLevel{in0: x})
	case roleIn1:
		n.dec[len(n.dec)-1].in1 = x
	case roleUp:
		n.dec = append(n.dec, decoderLevel{up: x})
	case roleDec:
		l := &n.dec[len(n.dec)-1]
		l.blocks = append(l.blocks, x)
	}
}
