package features

import (
	"fmt"
	"math"

	"innate/models"
	"innate/models/graph"
	"innate/models/nn"
)

// transformer is what image transformers share (Dosovitskiy et al. 2021): an image is
// cut into patches, these become tokens behind those that belong to no patch, and pass
// through blocks. Parameters have timm's names.
type transformer struct {
	params *models.ParamSet
	transformerShape

	patch  affine        // [width side·side·3], as SpaceToDepth orders patches
	tokens *models.Param // [k·width] the tokens of no patch, with their positions
	place  *models.Param // [1 grid grid width] positions of the patches
	blocks []block
	act    func(g *graph.Builder, x graph.Node) graph.Node // between the layers of a perceptron
	eps    float32                                         // of the norms
}

// transformerShape is what the sizes of the tensors follow from.
type transformerShape struct {
	width  int // of a token
	side   int // of a patch, in pixels
	grid   int // patches along a side that there are positions for
	blocks int
}

// headWidth is how many channels a head of attention has.
const headWidth = 64

// affine is a linear layer, or what a norm ends with.
type affine struct{ weight, bias *models.Param } // bias nil: none

// block is attention and a perceptron, each behind a norm and beside a residual.
type block struct {
	name                              string
	norm1, qkv, proj, norm2, fc1, fc2 affine // qkv as Attention orders channels
}

// addTokens appends what makes tokens of an image: the parameters called extra are
// tokens of no patch, the first of which comes before the positions.
func (d *stateDict) addTokens(s transformerShape, patchBias bool, extra ...string) {
	init := nn.Normal(0.02)
	for i, name := range extra {
		d.add(name, init, 1, 1, s.width)
		if i == 0 {
			d.add("pos_embed", init, 1, s.grid*s.grid+len(extra), s.width)
		}
	}
	d.conv("patch_embed.proj", patchBias, s.width, 3, s.side)
}

// addBlocks appends the blocks, with factors for their branches (LayerScale of Touvron
// et al. 2021) or without.
func (d *stateDict) addBlocks(s transformerShape, scaled bool) {
	for i := range s.blocks {
		name := fmt.Sprintf("blocks.%d.", i)
		d.norm(name+"norm1", s.width)
		d.linear(name+"attn.qkv", 3*s.width, s.width)
		d.linear(name+"attn.proj", s.width, s.width)
		if scaled {
			d.add(name+"ls1.gamma", nn.Ones, s.width)
		}
		d.norm(name+"norm2", s.width)
		d.linear(name+"mlp.fc1", 4*s.width, s.width)
		d.linear(name+"mlp.fc2", s.width, 4*s.width)
		if scaled {
			d.add(name+"ls2.gamma", nn.Ones, s.width)
		}
	}
}

// newTransformer prepares the parameters of a set; extra as addTokens has it. Blocks
// come with GELU.
func newTransformer(params *models.ParamSet, s transformerShape, eps float32, extra ...string) transformer {
	t := transformer{params: params, transformerShape: s, eps: eps}
	t.act = (*graph.Builder).GELU
	t.patch = affine{pixelOrder(params.Get("patch_embed.proj.weight")), params.Get("patch_embed.proj.bias")}
	place := params.Get("pos_embed").Data
	t.tokens = models.NewParam("tokens", len(extra)*s.width)
	for i, name := range extra {
		for j, v := range params.Get(name).Data {
			t.tokens.Data[i*s.width+j] = v + place[i*s.width+j]
		}
	}
	t.place = models.NewParam("pos_embed", 1, s.grid, s.grid, s.width)
	copy(t.place.Data, place[len(t.tokens.Data):])
	for i := range s.blocks {
		t.blocks = append(t.blocks, t.prepare(i))
	}
	return t
}

// prepare makes a block of its parameters. The factors of its branches become part of
// the layers before them.
func (t *transformer) prepare(i int) block {
	b := block{name: fmt.Sprintf("blocks.%d", i)}
	b.norm1, b.norm2 = t.affine(b.name+".norm1"), t.affine(b.name+".norm2")
	qkv := t.affine(b.name + ".attn.qkv")
	b.qkv = affine{attentionOrder(qkv.weight), attentionOrder(qkv.bias)}
	b.proj, b.fc1, b.fc2 = t.affine(b.name+".attn.proj"), t.affine(b.name+".mlp.fc1"), t.affine(b.name+".mlp.fc2")
	if gamma := t.params.Get(b.name + ".ls1.gamma"); gamma != nil {
		b.proj = affine{rowsTimes(b.proj.weight, gamma.Data), rowsTimes(b.proj.bias, gamma.Data)}
	}
	if gamma := t.params.Get(b.name + ".ls2.gamma"); gamma != nil {
		b.fc2 = affine{rowsTimes(b.fc2.weight, gamma.Data), rowsTimes(b.fc2.bias, gamma.Data)}
	}
	return b
}

// affine is the layer of that name.
func (t *transformer) affine(name string) affine {
	return affine{t.params.Get(name + ".weight"), t.params.Get(name + ".bias")}
}

// quick makes the activation of the blocks QuickGELU, x·sigmoid(1.702x), of OpenAI's
// CLIP. That is silu(1.702x)/1.702: the factors become part of the layers around it.
func (t *transformer) quick() {
	const slope = 1.702
	t.act = (*graph.Builder).SiLU
	for i := range t.blocks {
		b := &t.blocks[i]
		b.fc1 = affine{times(b.fc1.weight, slope), times(b.fc1.bias, slope)}
		b.fc2.weight = times(b.fc2.weight, 1/slope)
	}
}

// times is a parameter times a number.
func times(p *models.Param, factor float64) *models.Param {
	out := models.NewParam(p.Name, p.Shape...)
	for i, v := range p.Data {
		out.Data[i] = float32(float64(v) * factor)
	}
	return out
}

// rowsTimes is a parameter with each row times a number.
func rowsTimes(p *models.Param, factors []float32) *models.Param {
	out := models.NewParam(p.Name, p.Shape...)
	row := len(p.Data) / len(factors)
	for i, v := range p.Data {
		out.Data[i] = v * factors[i/row]
	}
	return out
}

// pixelOrder is a convolution of patches [width 3 side side] as a layer [width
// side·side·3] over patches as SpaceToDepth orders them.
func pixelOrder(p *models.Param) *models.Param {
	pixels := p.Shape[2] * p.Shape[3]
	out := models.NewParam(p.Name, p.Shape[0], pixels*3)
	for i, v := range p.Data {
		o, c, at := i/pixels/3, i/pixels%3, i%pixels
		out.Data[(o*pixels+at)*3+c] = v
	}
	return out
}

// attentionOrder puts the rows of a weight for queries, keys and values, one behind
// the other in timm, beside each other.
func attentionOrder(p *models.Param) *models.Param {
	out := models.NewParam(p.Name, p.Shape...)
	width := p.Shape[0] / 3
	row := len(p.Data) / p.Shape[0]
	for i := range p.Shape[0] {
		copy(out.Data[(3*(i%width)+i/width)*row:][:row], p.Data[i*row:])
	}
	return out
}

// Weights are the parameters, those of heads that are left out included.
func (t *transformer) Weights() *models.ParamSet { return t.params }

// Fingerprint is that of the parameters.
func (t *transformer) Fingerprint() string { return t.params.Fingerprint() }

// extra is how many tokens belong to no patch.
func (t *transformer) extra() int { return len(t.tokens.Data) / t.width }

// embed makes tokens [N·T width] of images [N H W 3], each with its position, those of
// no patch first.
func (t *transformer) embed(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope("patch_embed")()
	x = g.SpaceToDepth(x, t.side)
	s := x.Shape()
	n, patches := s[0], s[1]*s[2]
	x = t.patch.forward(g, g.Reshape(x, n*patches, s[3]))
	place := g.Bilinear(g.Param(t.place), s[1], s[2], false)
	x = g.AddPerChannel(g.Reshape(x, n, patches*t.width), g.Reshape(place, patches*t.width))
	tokens := g.BroadcastPerChannel(g.Param(t.tokens), n, len(t.tokens.Data))
	return g.Reshape(g.Concat(tokens, x), n*(t.extra()+patches), t.width)
}

// block adds block i: tokens x [N·T width] of n images to the same, or to those that
// are first of each image, [N width].
func (t *transformer) block(g *graph.Builder, x graph.Node, i, n int, first bool) graph.Node {
	defer g.Block()()
	b := t.blocks[i]
	defer g.Scope(b.name)()
	h := b.qkv.forward(g, t.norm(g, x, b.norm1))
	h = g.Attention(g.Reshape(h, n, x.Shape()[0]/n, 1, 3*t.width), t.width/headWidth)
	if first {
		h, x = t.first(g, h, n), t.first(g, x, n)
	}
	x = g.Add(x, b.proj.forward(g, g.Reshape(h, x.Shape()...)))
	h = t.act(g, b.fc1.forward(g, t.norm(g, x, b.norm2)))
	return g.Add(x, b.fc2.forward(g, h))
}

// first takes the first token of each of n images.
func (t *transformer) first(g *graph.Builder, x graph.Node, n int) graph.Node {
	return g.Slice(g.Reshape(x, n, x.Shape().Size()/n), 0, t.width)
}

func (t *transformer) norm(g *graph.Builder, x graph.Node, a affine) graph.Node {
	return g.LayerNorm(x, g.Param(a.weight), g.Param(a.bias), t.eps)
}

func (a affine) forward(g *graph.Builder, x graph.Node) graph.Node {
	bias := graph.Node{}
	if a.bias != nil {
		bias = g.Param(a.bias)
	}
	return g.Linear(x, g.Param(a.weight), bias)
}

// gridOf is how many patches a side have positions, of which there are so many beside
// extra ones; 0 where they form no square.
func gridOf(positions, extra int) int {
	if grid := int(math.Round(math.Sqrt(float64(max(positions-extra, 0))))); grid*grid+extra == positions {
		return grid
	}
	return 0
}
