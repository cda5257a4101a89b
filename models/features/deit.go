package features

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
)

// DeiT is a distilled data-efficient image transformer (Touvron et al. 2021;
// deit_base_distilled_patch16_224 of timm, or a smaller one). Its maps are the patches
// behind blocks 2, 5, 8 and 11, from 0, all of one size.
type DeiT struct{ transformer }

const (
	deitPatch  = 16
	deitBlocks = 12
	deitEps    = 1e-6
)

// deitTokens are those of no patch: the class's, and the teacher's.
var deitTokens = []string{"cls_token", "dist_token"}

// deitTaps are the blocks whose ends are tapped, and what becomes of the map: its
// channels, and its size as a multiple of the patches'.
var deitTaps = map[int]struct {
	channels int
	scale    float64
}{2: {96, 4}, 5: {192, 2}, 8: {384, 1}, 11: {768, 0.5}}

// deitShape is that of a network of tokens of that many channels, for images of grid
// patches a side.
func deitShape(width, grid int) transformerShape {
	return transformerShape{width: width, side: deitPatch, grid: grid, blocks: deitBlocks}
}

func deitDict(s transformerShape) *stateDict {
	d := &stateDict{kind: "deit_distilled_patch16"}
	d.addTokens(s, true, deitTokens...)
	d.addBlocks(s, false)
	d.norm("norm", s.width)
	d.linear("head", 1000, s.width)
	d.linear("head_dist", 1000, s.width)
	return d
}

// inDeiT recognises timm's names.
func inDeiT(f *checkpoint.File) bool {
	return hasAll(f, "cls_token", "dist_token", "pos_embed", "blocks."+strconv.Itoa(deitBlocks-1)+".attn.qkv.weight")
}

// NewDeiT draws a network of tokens of that many channels, a multiple of 64, for images
// of grid patches a side.
func NewDeiT(width, grid int, rng *rand.Rand) *DeiT {
	s := deitShape(width, grid)
	return newDeiT(deitDict(s).random(rng), s)
}

func openDeiT(f *checkpoint.File, prefix string) (Network, error) {
	s, err := deitSizes(f, prefix)
	if err != nil {
		return nil, err
	}
	params, err := deitDict(s).read(f, prefix, sameName)
	if err != nil {
		return nil, err
	}
	return newDeiT(params, s), nil
}

func describeDeiT(f *checkpoint.File, prefix string) (Network, error) {
	s, err := deitSizes(f, prefix)
	if err != nil {
		return nil, err
	}
	return &DeiT{transformer{transformerShape: s}}, deitDict(s).check(f, prefix, sameName)
}

// deitSizes are the sizes that a file's position embedding has.
func deitSizes(f *checkpoint.File, prefix string) (transformerShape, error) {
	t, err := f.Tensor(prefix + "pos_embed")
	if err != nil {
		return transformerShape{}, err
	}
	if len(t.Shape) == 3 && t.Shape[0] == 1 {
		width, grid := t.Shape[2], gridOf(t.Shape[1], len(deitTokens))
		if width > 0 && width%headWidth == 0 && grid > 0 {
			return deitShape(width, grid), nil
		}
	}
	return transformerShape{}, fmt.Errorf("features: %s: tensor %q: shape %v, want [1 grid*grid+2 width], the width a multiple of %d", f.Path, t.Name, t.Shape, headWidth)
}

func newDeiT(params *models.ParamSet, s transformerShape) *DeiT {
	return &DeiT{newTransformer(params, s, deitEps, deitTokens...)}
}

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

// Maps adds the blocks to g.
func (t *DeiT) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("deit")()
	n, h, w := x.Shape()[0], x.Shape()[1]/deitPatch, x.Shape()[2]/deitPatch
	x = t.embed(g, x)
	var maps []graph.Node
	for i := range deitBlocks {
		x = t.block(g, x, i, n, false)
		if _, tapped := deitTaps[i]; tapped {
			m := g.Reshape(x, n, x.Shape().Size()/n)
			m = g.Slice(m, t.extra()*t.width, m.Shape()[1])
			maps = append(maps, g.Reshape(m, n, h, w, t.width))
		}
	}
	return maps
}

// Embed adds the mean of the last map.
func (t *DeiT) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	return embed(g, t, x), graph.Node{}
}
