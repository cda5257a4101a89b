package features

import (
	"fmt"
	"math/rand/v2"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
)

// VGG is VGG16 with batch norms (Simonyan & Zisserman 2015), with torchvision's names
// and without its classifier. Its maps are those behind relu2_2, relu3_3, relu4_3 and
// relu5_3, before the pooling that follows each.
type VGG struct {
	kept
	convs []folded
}

// vggStages are the channels and the convolutions between two poolings; a map is
// tapped at the end of all but the first.
var vggStages = []struct{ channels, convs int }{{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}

// vggEps is that of torchvision's batch norms.
const vggEps = 1e-5

// vggHeads are the classifiers: torchvision's, and timm's, which are convolutions.
var vggHeads = []string{"classifier.", "pre_logits.", "head."}

// eachVGG calls f for every convolution: its place in torchvision's sequence, behind
// which its batch norm stands, and its channels.
func eachVGG(f func(at, in, out int)) {
	at, in := 0, 3
	for _, s := range vggStages {
		for range s.convs {
			f(at, in, s.channels)
			at, in = at+3, s.channels // convolution, batch norm and ReLU
		}
		at++ // pooling
	}
}

func vggDict() *stateDict {
	d := &stateDict{kind: "vgg16_bn", unused: vggHeads}
	eachVGG(func(at, in, out int) {
		d.conv(fmt.Sprintf("features.%d", at), true, out, in, 3)
		d.batchNorm(fmt.Sprintf("features.%d", at+1), out)
	})
	return d
}

// inVGG recognises torchvision's names, which are timm's, too.
func inVGG(f *checkpoint.File) bool {
	return hasAll(f, "features.0.weight", "features.1.running_mean")
}

// VGGWeights draws what a file has, as PyTorch's layers begin; NewVGG is the network of
// it.
func VGGWeights(rng *rand.Rand) *models.ParamSet { return vggDict().random(rng) }
func NewVGG(rng *rand.Rand) *VGG                 { return newVGG(VGGWeights(rng)) }

func openVGG(f *checkpoint.File, prefix string) (Network, error) {
	params, err := vggDict().read(f, prefix, sameName)
	if err != nil {
		return nil, err
	}
	return newVGG(params), nil
}

func describeVGG(f *checkpoint.File, prefix string) (Network, error) {
	return &VGG{}, vggDict().check(f, prefix, sameName)
}

func newVGG(params *models.ParamSet) *VGG {
	v, f := &VGG{}, newFolding(params)
	eachVGG(func(at, _, _ int) {
		v.convs = append(v.convs, f.fold(fmt.Sprintf("features.%d", at), fmt.Sprintf("features.%d", at+1), vggEps))
	})
	v.kept = f.kept
	return v
}

// Input says that the network resizes images itself.
func (v *VGG) Input() string { return "levels" }

// Dim is the number of pooled features.
func (v *VGG) Dim() int { return 512 }

// Classes is 0: the classifier is left out.
func (v *VGG) Classes() int { return 0 }

// Channels is 3.
func (v *VGG) Channels() int { return 3 }

// Pixels are ImageNet's.
func (v *VGG) Pixels() Pixels { return imageNet }

// Taps are four maps, each half the side of the one before. GDD's heads over them are
// made for half the size that they really have.
func (v *VGG) Taps(size int) ([]Tap, error) {
	if size < 32 || size%16 != 0 {
		return nil, fmt.Errorf("%d, want a multiple of 16 from 32 on", size)
	}
	var taps []Tap
	for i, s := range vggStages[1:] {
		side := size >> (i + 1)
		taps = append(taps, Tap{Map: Map{s.channels, side}, Nominal: side})
	}
	return taps, nil
}

// Maps adds the convolutions to g.
func (v *VGG) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("vgg16_bn")()
	var maps []graph.Node
	next := 0
	for i, s := range vggStages {
		end := g.Block()
		if i > 0 {
			x = g.MaxPool2(x)
		}
		for range s.convs {
			x = g.ReLU(v.convs[next].forward(g, x, 1))
			next++
		}
		end()
		if i > 0 {
			maps = append(maps, x)
		}
	}
	return maps
}

// forward convolves x with 3x3 kernels padded by 1, or with 1x1.
func (c folded) forward(g *graph.Builder, x graph.Node, stride int) graph.Node {
	defer g.Scope(c.name)()
	return g.Conv(x, g.Param(c.weight), g.Param(c.bias), graph.ConvOpts{Stride: stride, Pad: c.weight.Shape[2] / 2})
}

// Embed adds the mean of the last map.
func (v *VGG) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	return embed(g, v, x), graph.Node{}
}
