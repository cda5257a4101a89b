package features

import (
	"fmt"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
)

// Tower is an image transformer whose features are what its class token becomes: the
// image tower of CLIP (Radford et al. 2021; ViT-B/32 and others of its kind) or DINOv2
// (Oquab et al. 2023; ViT-S/14 to ViT-L/14, without registers). It reads images of 224
// pixels.
type Tower struct {
	transformer
	kind, input string
	before      affine // norm before the blocks; no weight: none
	behind      affine // norm behind them
	head        affine // projection of the features; no weight: none
}

// imageSide is the side of the images that towers read.
const imageSide = 224

// classToken is timm's name of the one token that belongs to no patch.
const classToken = "cls_token"

// towerShape follows from what a file has, whatever its names.
func towerShape(f *checkpoint.File, kind string, all map[string]*found) (s transformerShape, err error) {
	refuse := func(name, want string) (transformerShape, error) {
		return s, fmt.Errorf("features: %s: %s: tensor %q: shape %v, want %s", f.Path, kind, all[name].parts[0].Name, all[name].shape(), want)
	}
	patch, positions := all["patch_embed.proj.weight"], all["pos_embed"]
	if patch == nil || positions == nil {
		return s, fmt.Errorf("features: %s: %s: got no patches or no positions, want patch_embed.proj.weight and pos_embed, or what other libraries call them", f.Path, kind)
	}
	p, q := patch.shape(), narrow(positions.shape())
	if len(p) != 4 || p[0] < headWidth || p[0]%headWidth != 0 || p[2] < 1 || imageSide%p[2] != 0 {
		return refuse("patch_embed.proj.weight", fmt.Sprintf("[width 3 side side], the width a multiple of %d and %d one of the side", headWidth, imageSide))
	}
	s = transformerShape{width: p[0], side: p[2], blocks: blocksIn(all)}
	if len(q) == 2 {
		s.grid = gridOf(q[0], 1)
	}
	if s.grid < 1 || q[1] != s.width {
		return refuse("pos_embed", fmt.Sprintf("[grid*grid+1 %d]", s.width))
	}
	return s, nil
}

// Input says how images are prepared.
func (t *Tower) Input() string { return t.input }

// Dim is the number of features.
func (t *Tower) Dim() int {
	if t.head.weight != nil {
		return t.head.weight.Shape[0]
	}
	return t.width
}

// Classes is 0.
func (t *Tower) Classes() int { return 0 }

// Embed adds the tower to g: x [N 224 224 3] to [N Dim]. Of the last block it computes
// what the class token needs.
func (t *Tower) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	defer g.Scope(t.kind)()
	s := x.Shape()
	if len(s) != 4 || s[1] != imageSide || s[2] != imageSide || s[3] != 3 {
		g.Failf("images %v, want [N %d %d 3], made of images with 1 or 3 channels", []int(s), imageSide, imageSide)
	}
	n := s[0]
	x = t.embed(g, x)
	if t.before.weight != nil {
		x = t.norm(g, x, t.before)
	}
	for i := range t.blocks {
		x = t.block(g, x, i, n, i == len(t.blocks)-1)
	}
	x = t.norm(g, x, t.behind)
	if t.head.weight != nil {
		x = t.head.forward(g, x)
	}
	return x, graph.Node{}
}

// newTower prepares the parameters of a set.
func newTower(params *models.ParamSet, s transformerShape, kind string, eps float32) *Tower {
	t := &Tower{transformer: newTransformer(params, s, eps, classToken), kind: kind}
	t.behind = t.affine("norm")
	return t
}
