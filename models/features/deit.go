package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
	"innate/models/nn"
)

// DeiT is a distilled data-efficient image transformer (Touvron et al. 2021;
// deit_base_distilled_patch16_224 of timm, or a smaller one). Its maps are the patches
// behind blocks 2, 5, 8 and 11, from 0, all of one size.
type DeiT struct {
	params *models.ParamSet
	width  int // of a token
	grid   int // patches along a side that the position embedding is for

	patch  *models.Param   // [width 16·16·3], as SpaceToDepth orders patches
	tokens *models.Param   // [2·width] the class's and the teacher's, with their positions
	place  *models.Param   // [1 grid grid width] positions of the patches
	qkv    []*models.Param // weights and biases of each block, as Attention orders channels
}

const (
	deitPatch  = 16
	deitHead   = 64 // channels of a head
	deitBlocks = 12
	deitEps    = 1e-6
)

// deitTaps are the blocks whose ends are tapped, and what becomes of the map: its
// channels, and its size as a multiple of the patches'.
var deitTaps = map[int]struct {
	channels int
	scale    float64
}{2: {96, 4}, 5: {192, 2}, 8: {384, 1}, 11: {768, 0.5}}

func deitDict(width, grid int) *stateDict {
	d := &stateDict{kind: "deit_distilled_patch16"}
	init := nn.Normal(0.02)
	d.add("cls_token", init, 1, 1, width)
	d.add("pos_embed", init, 1, grid*grid+2, width)
	d.add("dist_token", init, 1, 1, width)
	d.conv("patch_embed.proj", true, width, 3, deitPatch)
	for i := range deitBlocks {
		name := fmt.Sprintf("blocks.%d.", i)
		d.norm(name+"norm1", width)
		d.linear(name+"attn.qkv", 3*width, width)
		d.linear(name+"attn.proj", width, width)
		d.norm(name+"norm2", width)
		d.linear(name+"mlp.fc1", 4*width, width)
		d.linear(name+"mlp.fc2", width, 4*width)
	}
	d.norm("norm", width)
	d.linear("head", 1000, width)
	d.linear("head_dist", 1000, width)
	return d
}

// inDeiT recognises timm's names.
func inDeiT(f *checkpoint.File) bool {
	return hasAll(f, "cls_token", "dist_token", "pos_embed", "blocks."+strconv.Itoa(deitBlocks-1)+".attn.qkv.weight")
}

// NewDeiT draws a network of tokens of that many channels, a multiple of 64, for images
// of grid patches a side.
func NewDeiT(width, grid int, rng *rand.Rand) *DeiT {
	return newDeiT(deitDict(width, grid).random(rng), width, grid)
}

func openDeiT(f *checkpoint.File, prefix string) (Network, error) {
	width, grid, err := deitSizes(f, prefix)
	if err != nil {
		return nil, err
	}
	params, err := deitDict(width, grid).read(f, prefix, sameName)
	if err != nil {
		return nil, err
	}
	return newDeiT(params, width, grid), nil
}

// deitSizes are the sizes that a file's position embedding has.
func deitSizes(f *checkpoint.File, prefix string) (width, grid int, err error) {
	t, err := f.Tensor(prefix + "pos_embed")
	if err != nil {
		return 0, 0, err
	}
	if len(t.Shape) == 3 && t.Shape[0] == 1 {
		width, grid = t.Shape[2], int(math.Round(math.Sqrt(float64(t.Shape[1]-2))))
		if width > 0 && width%deitHead == 0 && grid > 0 && grid*grid+2 == t.Shape[1] {
			return width, grid, nil
		}
	}
	return 0, 0, fmt.Errorf("features: %s: tensor %q: shape %v, want [1 grid*grid+2 width], the width a multiple of %d", f.Path, t.Name, t.Shape, deitHead)
}

func newDeiT(params *models.ParamSet, width, grid int) *DeiT {
	t := &DeiT{params: params, width: width, grid: grid}
	t.patch = models.NewParam("patch_embed.proj.weight", width, deitPatch*deitPatch*3)
	from := params.Get("patch_embed.proj.weight").Data // [width 3 16 16]
	pixels := deitPatch * deitPatch
	for i, v := range from {
		o, c, p := i/pixels/3, i/pixels%3, i%pixels
		t.patch.Data[(o*pixels+p)*3+c] = v
	}
	place := params.Get("pos_embed").Data
	t.tokens = models.NewParam("tokens", 2*width)
	for i, name := range []string{"cls_token", "dist_token"} {
		for j, v := range params.Get(name).Data {
			t.tokens.Data[i*width+j] = v + place[i*width+j]
		}
	}
	t.place = models.NewParam("pos_embed", 1, grid, grid, width)
	copy(t.place.Data, place[2*width:])
	for i := range deitBlocks {
		t.qkv = append(t.qkv, attentionOrder(params.Get(fmt.Sprintf("blocks.%d.attn.qkv.weight", i))),
			attentionOrder(params.Get(fmt.Sprintf("blocks.%d.attn.qkv.bias", i))))
	}
	return t
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

// Weights are the parameters, those of the heads included.
func (t *DeiT) Weights() *models.ParamSet { return t.params }

// Input says that the network resizes images itself.
func (t *DeiT) Input() string { return "levels" }

// Dim is the number of pooled features.
func (t *DeiT) Dim() int { return t.width }

// Classes is 0: the heads are left out.
func (t *DeiT) Classes() int { return 0 }

// Channels is 3.
func (t *DeiT) Channels() int { return 3 }

// Pixels are ImageNet's.
func (t *DeiT) Pixels() Pixels { return imageNet }

// Taps are four maps of patches, of which random layers make four sizes.
func (t *DeiT) Taps(size int) ([]Tap, error) {
	if size < 2*deitPatch || size%(2*deitPatch) != 0 {
		return nil, fmt.Errorf("%d, want a multiple of %d", size, 2*deitPatch)
	}
	side := size / deitPatch
	var taps []Tap
	for i := range deitBlocks {
		if to, ok := deitTaps[i]; ok {
			taps = append(taps, Tap{Map: Map{t.width, side}, Into: Map{to.channels, int(float64(side) * to.scale)}})
		}
	}
	return taps, nil
}

// Maps adds the blocks to g. Tokens are rows, [N·(2+patches) width].
func (t *DeiT) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("deit")()
	n, h, w := x.Shape()[0], x.Shape()[1]/deitPatch, x.Shape()[2]/deitPatch
	patches := h * w
	x = t.embedPatches(g, x)
	var maps []graph.Node
	for i := range deitBlocks {
		x = t.block(g, x, i, n)
		if _, tapped := deitTaps[i]; tapped {
			m := g.Slice(g.Reshape(x, n, (2+patches)*t.width), 2*t.width, (2+patches)*t.width)
			maps = append(maps, g.Reshape(m, n, h, w, t.width))
		}
	}
	return maps
}

// embedPatches makes tokens of an image, each with its position.
func (t *DeiT) embedPatches(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope("patch_embed")()
	x = g.SpaceToDepth(x, deitPatch)
	s := x.Shape()
	n, patches := s[0], s[1]*s[2]
	x = g.Linear(g.Reshape(x, n*patches, s[3]), g.Param(t.patch), t.param(g, "patch_embed.proj.bias"))
	place := g.Bilinear(g.Param(t.place), s[1], s[2], false)
	x = g.AddPerChannel(g.Reshape(x, n, patches*t.width), g.Reshape(place, patches*t.width))
	tokens := g.BroadcastPerChannel(g.Param(t.tokens), n, 2*t.width)
	return g.Reshape(g.Concat(tokens, x), n*(2+patches), t.width)
}

// block is attention and a perceptron, each behind a norm and beside a residual.
func (t *DeiT) block(g *graph.Builder, x graph.Node, i, n int) graph.Node {
	name := fmt.Sprintf("blocks.%d.", i)
	defer g.Scope(strings.TrimSuffix(name, "."))()
	rows := x.Shape()[0]
	h := g.Linear(t.norm(g, x, name+"norm1"), g.Param(t.qkv[2*i]), g.Param(t.qkv[2*i+1]))
	h = g.Attention(g.Reshape(h, n, rows/n, 1, 3*t.width), t.width/deitHead)
	x = g.Add(x, t.linear(g, g.Reshape(h, rows, t.width), name+"attn.proj"))
	h = g.GELU(t.linear(g, t.norm(g, x, name+"norm2"), name+"mlp.fc1"))
	return g.Add(x, t.linear(g, h, name+"mlp.fc2"))
}

func (t *DeiT) norm(g *graph.Builder, x graph.Node, name string) graph.Node {
	return g.LayerNorm(x, t.param(g, name+".weight"), t.param(g, name+".bias"), deitEps)
}

func (t *DeiT) linear(g *graph.Builder, x graph.Node, name string) graph.Node {
	return g.Linear(x, t.param(g, name+".weight"), t.param(g, name+".bias"))
}

func (t *DeiT) param(g *graph.Builder, name string) graph.Node { return g.Param(t.params.Get(name)) }

// Embed adds the mean of the last map.
func (t *DeiT) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	return embed(g, t, x), graph.Node{}
}
