package features

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
)

// Lite is EfficientNet-Lite0 as TensorFlow has it (Tan & Le 2019; tf_efficientnet_lite0
// of timm): inverted residuals without squeeze and excitation, ReLU6, padding of
// "same". Its maps are those behind stages 1, 2, 4 and 6.
type Lite struct {
	kept
	stem   folded
	blocks []liteBlock
}

// liteBlock is an inverted residual: expand by 1x1, depthwise, project by 1x1.
type liteBlock struct {
	name                   string
	expand, depth, project folded // expand has no weight in the first stage
	stride                 int
	residual               bool
	tap                    bool
}

// liteStages are the stages: their blocks, the kernel, the stride of the first block,
// and the channels.
var liteStages = []struct{ blocks, kernel, stride, out int }{
	{1, 3, 1, 16}, {2, 3, 2, 24}, {2, 5, 2, 40}, {3, 3, 2, 80}, {3, 5, 1, 112}, {4, 5, 2, 192}, {1, 3, 1, 320},
}

// liteTaps are the stages whose ends are tapped, and by how much each map is smaller
// than the image.
var liteTaps = map[int]int{1: 4, 2: 8, 4: 16, 6: 32}

const (
	liteStem   = 32   // channels of the first convolution
	liteExpand = 6    // by which channels grow within a block
	liteEps    = 1e-3 // of TensorFlow's batch norms
)

// eachLite calls f for every block.
func eachLite(f func(stage, block, in, mid, out, kernel, stride int)) {
	in := liteStem
	for i, s := range liteStages {
		for j := range s.blocks {
			stride, mid := 1, in*liteExpand
			if j == 0 {
				stride = s.stride
			}
			if i == 0 {
				mid = in
			}
			f(i, j, in, mid, s.out, s.kernel, stride)
			in = s.out
		}
	}
}

func liteDict() *stateDict {
	d := &stateDict{kind: "tf_efficientnet_lite0", unused: []string{"conv_head.", "bn2.", "classifier."}}
	d.conv("conv_stem", false, liteStem, 3, 3)
	d.batchNorm("bn1", liteStem)
	eachLite(func(stage, block, in, mid, out, kernel, _ int) {
		name := fmt.Sprintf("blocks.%d.%d.", stage, block)
		first, last, lastNorm := "bn1", "conv_pw", "bn2"
		if stage > 0 {
			d.conv(name+"conv_pw", false, mid, in, 1)
			d.batchNorm(name+"bn1", mid)
			first, last, lastNorm = "bn2", "conv_pwl", "bn3"
		}
		d.conv(name+"conv_dw", false, mid, 1, kernel)
		d.batchNorm(name+first, mid)
		d.conv(name+last, false, out, mid, 1)
		d.batchNorm(name+lastNorm, out)
	})
	return d
}

// liteNames maps the names of EfficientNet-PyTorch, which other files of these weights
// have, to timm's.
func liteNames() naming {
	to := map[string]string{"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
	n := 0
	eachLite(func(stage, block, _, _, _, _, _ int) {
		old, own := fmt.Sprintf("_blocks.%d.", n), fmt.Sprintf("blocks.%d.%d.", stage, block)
		n++
		to[old+"_depthwise_conv"] = own + "conv_dw"
		if stage == 0 {
			to[old+"_bn1"], to[old+"_project_conv"], to[old+"_bn2"] = own+"bn1", own+"conv_pw", own+"bn2"
			return
		}
		to[old+"_expand_conv"], to[old+"_bn0"], to[old+"_bn1"] = own+"conv_pw", own+"bn1", own+"bn2"
		to[old+"_project_conv"], to[old+"_bn2"] = own+"conv_pwl", own+"bn3"
	})
	return func(name string) alias {
		if at := strings.LastIndexByte(name, '.'); at >= 0 && to[name[:at]] != "" {
			name = to[name[:at]] + name[at:]
		}
		return alias{name: name}
	}
}

// inLite recognises timm's names and EfficientNet-PyTorch's.
func inLite(f *checkpoint.File) bool {
	return hasAll(f, "conv_stem.weight", "blocks.0.0.conv_dw.weight") || hasAll(f, "_conv_stem.weight", "_blocks.0._depthwise_conv.weight")
}

// LiteWeights draws what a file has, as PyTorch's layers begin; NewLite is the network
// of it.
func LiteWeights(rng *rand.Rand) *models.ParamSet { return liteDict().random(rng) }
func NewLite(rng *rand.Rand) *Lite                { return newLite(LiteWeights(rng)) }

func openLite(f *checkpoint.File, prefix string) (Network, error) {
	params, err := liteDict().read(f, prefix, liteNames())
	if err != nil {
		return nil, err
	}
	return newLite(params), nil
}

func describeLite(f *checkpoint.File, prefix string) (Network, error) {
	return &Lite{}, liteDict().check(f, prefix, liteNames())
}

func newLite(params *models.ParamSet) *Lite {
	f := newFolding(params)
	l := &Lite{stem: f.fold("conv_stem", "bn1", liteEps)}
	eachLite(func(stage, block, in, _, out, _, stride int) {
		name := fmt.Sprintf("blocks.%d.%d", stage, block)
		b := liteBlock{name: name, stride: stride, residual: stride == 1 && in == out, tap: block == liteStages[stage].blocks-1 && liteTaps[stage] > 0}
		name += "."
		if stage == 0 {
			b.depth = f.fold(name+"conv_dw", name+"bn1", liteEps)
			b.project = f.fold(name+"conv_pw", name+"bn2", liteEps)
		} else {
			b.expand = f.fold(name+"conv_pw", name+"bn1", liteEps)
			b.depth = f.fold(name+"conv_dw", name+"bn2", liteEps)
			b.project = f.fold(name+"conv_pwl", name+"bn3", liteEps)
		}
		l.blocks = append(l.blocks, b)
	})
	l.kept = f.kept
	return l
}

// Input says that the network resizes images itself.
func (l *Lite) Input() string { return "levels" }

// Dim is the number of pooled features.
func (l *Lite) Dim() int { return liteStages[len(liteStages)-1].out }

// Classes is 0: the classifier is left out.
func (l *Lite) Classes() int { return 0 }

// Channels is 3.
func (l *Lite) Channels() int { return 3 }

// Pixels are centred.
func (l *Lite) Pixels() Pixels { return centred }

// Taps are four maps, each half the side of the one before.
func (l *Lite) Taps(size int) ([]Tap, error) {
	if size < 32 || size%32 != 0 {
		return nil, fmt.Errorf("%d, want a multiple of 32", size)
	}
	var taps []Tap
	for i, s := range liteStages {
		if d := liteTaps[i]; d > 0 {
			taps = append(taps, Tap{Map: Map{s.out, size / d}})
		}
	}
	return taps, nil
}

// Maps adds the blocks to g.
func (l *Lite) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("tf_efficientnet_lite0")()
	x = g.ReLU6(l.stem.same(g, x))
	var maps []graph.Node
	for _, b := range l.blocks {
		x = b.forward(g, x)
		if b.tap {
			maps = append(maps, x)
		}
	}
	return maps
}

// same convolves an image with stride 2 and padding of "same". Of an even image that
// is one row and one column behind it: the kernel becomes one of 4x4 that begins with
// zeros, padded by 1 on all sides.
func (c folded) same(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Scope(c.name)()
	s := x.Shape()
	top, _, _ := graph.SamePad(s[1], 3, 2)
	left, _, _ := graph.SamePad(s[2], 3, 2)
	if top != left {
		g.Failf("images %v, want both sides even or both odd", s)
	}
	w := c.weight
	if top == 0 {
		w = models.NewParam(w.Name, w.Shape[0], w.Shape[1], 4, 4)
		for i, v := range c.weight.Data {
			w.Data[i/9*16+(i%9/3+1)*4+i%3+1] = v
		}
	}
	return g.Conv(x, g.Param(w), g.Param(c.bias), graph.ConvOpts{Stride: 2, Pad: 1})
}

func (b liteBlock) forward(g *graph.Builder, x graph.Node) graph.Node {
	defer g.Block()()
	y := x
	if b.expand.weight != nil {
		y = g.ReLU6(b.expand.forward(g, y, 1))
	}
	y = g.ReLU6(b.depth.depthwise(g, y, b.stride))
	y = b.project.forward(g, y, 1)
	if b.residual {
		y = g.Add(y, x)
	}
	return y
}

func (c folded) depthwise(g *graph.Builder, x graph.Node, stride int) graph.Node {
	defer g.Scope(c.name)()
	return g.Depthwise(x, g.Param(c.weight), g.Param(c.bias), stride)
}

// Embed adds the mean of the last map.
func (l *Lite) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	return embed(g, l, x), graph.Node{}
}
