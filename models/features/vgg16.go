package features

import (
	"fmt"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
)

// VGG16 is VGG16 without batch norms (Simonyan & Zisserman 2015), with torchvision's names
// and without its classifier. Its maps are those of LPIPS (Zhang et al. 2018): behind
// relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3.
type VGG16 struct{ params *models.ParamSet }

// VGG16Maps is how many they are.
const VGG16Maps = 5

// eachVGG16 calls f for every convolution: its place in torchvision's sequence, and its
// channels.
func eachVGG16(f func(at, in, out int)) {
	at, in := 0, 3
	for _, s := range vggStages {
		for range s.convs {
			f(at, in, s.channels)
			at, in = at+2, s.channels // convolution and ReLU
		}
		at++ // pooling
	}
}

func vgg16Dict() *stateDict {
	d := &stateDict{kind: "vgg16", unused: vggHeads}
	eachVGG16(func(at, in, out int) { d.conv(fmt.Sprintf("features.%d", at), true, out, in, 3) })
	return d
}

// inVGG16 recognises torchvision's names.
func inVGG16(f *checkpoint.File) bool {
	return hasAll(f, "features.0.weight", "features.2.weight", "features.28.weight") && !hasAll(f, "features.1.running_mean")
}

func openVGG16(f *checkpoint.File, prefix string) (Network, error) {
	params, err := vgg16Dict().read(f, prefix, sameName)
	if err != nil {
		return nil, err
	}
	return &VGG16{params}, nil
}

func describeVGG16(f *checkpoint.File, prefix string) (Network, error) {
	return &VGG16{}, vgg16Dict().check(f, prefix, sameName)
}

// Weights are the parameters.
func (v *VGG16) Weights() *models.ParamSet { return v.params }

// Fingerprint is that of the parameters.
func (v *VGG16) Fingerprint() string { return v.params.Fingerprint() }

// Input says that the network resizes images itself.
func (v *VGG16) Input() string { return "levels" }

// Dim is the number of pooled features.
func (v *VGG16) Dim() int { return 512 }

// Classes is 0: the classifier is left out.
func (v *VGG16) Classes() int { return 0 }

// Channels is 3.
func (v *VGG16) Channels() int { return 3 }

// Pixels are ImageNet's.
func (v *VGG16) Pixels() Pixels { return imageNet }

// Taps are five maps, the first of the images' size, each half the side of the one before.
func (v *VGG16) Taps(size int) ([]Tap, error) {
	if size < 32 || size%16 != 0 {
		return nil, fmt.Errorf("%d, want a multiple of 16 from 32 on", size)
	}
	var taps []Tap
	for i, s := range vggStages {
		taps = append(taps, Tap{Map: Map{s.channels, size >> i}})
	}
	return taps, nil
}

// Maps adds the convolutions to g.
func (v *VGG16) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("vgg16")()
	var maps []graph.Node
	at := 0
	for i, s := range vggStages {
		end := g.Block()
		if i > 0 {
			x = g.MaxPool2(x)
		}
		for range s.convs {
			x = v.convReLU(g, x, fmt.Sprintf("features.%d", at))
			at += 2
		}
		at++
		end()
		maps = append(maps, x)
	}
	return maps
}

func (v *VGG16) convReLU(g *graph.Builder, x graph.Node, unit string) graph.Node {
	defer g.Scope(unit)()
	weight, bias := g.Param(v.params.Get(unit+".weight")), g.Param(v.params.Get(unit+".bias"))
	return g.ReLU(g.Conv(x, weight, bias, graph.ConvOpts{Stride: 1, Pad: 1}))
}

// Embed adds the mean of the last map.
func (v *VGG16) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	return embed(g, v, x), graph.Node{}
}
