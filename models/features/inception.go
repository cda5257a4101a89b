package features

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/graph"
	"innate/models/nn"
)

// Inception is the network of FID, inception-2015-12-05 of TensorFlow (Szegedy et al.
// 2016, "Rethinking the Inception architecture"): 94 convolutions, each with a batch
// norm without gain and a ReLU, then the mean of the last map, and logits without their
// bias, as the Inception Score has always been computed. It differs from torchvision's:
// means leave out the padding, the last block has a largest value for a mean, and there
// are 1008 classes.
type Inception struct {
	kept
	units map[string]folded
	input string // one of inceptionInputs
}

const (
	inceptionDim     = 2048
	inceptionClasses = 1008
	inceptionSide    = 299  // of its images
	inceptionEps     = 1e-3 // of its batch norms
)

// inceptionInputs are the ways of the programs that compute FID to prepare images. Each
// makes a metric of its own; the first is that of the EDM papers.
var inceptionInputs = []string{"edm", "torch-fidelity", "pytorch-fid", "clean-fid"}

func inceptionDict() *stateDict {
	d := &stateDict{kind: "inception", unused: []string{inceptionGain}}
	seen := map[string]bool{}
	eachInception(func(name string, u unit, in int) {
		if seen[name] { // what two branches share
			return
		}
		seen[name] = true
		bound := math.Sqrt(6 / float64(in*u.kh*u.kw)) // He's, for a ReLU
		d.add(name+".weight", nn.Uniform(bound), u.out, in, u.kh, u.kw)
		d.add(name+".beta", nil, u.out)
		d.add(name+".mean", nil, u.out)
		d.add(name+".var", nn.Ones, u.out)
	})
	d.linear("output", inceptionClasses, inceptionDim)
	return d
}

// inceptionGain begins the names of gains, which other programs add to the batch norms
// and which are all 1.
const inceptionGain = "gain "

// inceptionNames knows NVIDIA's names, which are TensorFlow's, and those of torchvision
// that pytorch-fid and torch-fidelity use.
func inceptionNames() naming {
	to := map[string]alias{"fc": {name: "output"}}
	for _, m := range inceptionModules {
		for _, br := range m.branches {
			for _, u := range br.units {
				own, torch := join(m.name, u.name), join(m.torch, u.torch)
				to["layers."+own] = alias{name: own}
				to[torch+".conv"] = alias{name: own}
				to[torch+".bn.weight"] = alias{name: inceptionGain + own}
				for of, name := range map[string]string{"bias": "beta", "running_mean": "mean", "running_var": "var"} {
					to[torch+".bn."+of] = alias{name: own + "." + name}
				}
			}
		}
	}
	return table(to)
}

// inInception recognises NVIDIA's names, with any beginning, and torchvision's.
func inInception(f *checkpoint.File) bool {
	return slices.ContainsFunc(f.Tensors(), func(t checkpoint.Tensor) bool {
		return strings.HasSuffix(t.Name, "mixed_10.tower_mixed_conv.weight") || strings.HasSuffix(t.Name, "Mixed_7c.branch3x3_2a.conv.weight")
	})
}

// InceptionWeights draws what a file has; NewInception is the network of it. A nil rng
// leaves them zero.
func InceptionWeights(rng *rand.Rand) *models.ParamSet { return inceptionDict().random(rng) }
func NewInception(rng *rand.Rand) *Inception           { return newInception(InceptionWeights(rng)) }

func openInception(f *checkpoint.File, prefix string) (Network, error) {
	for _, t := range f.Tensors() {
		switch {
		case strings.HasPrefix(t.Name, prefix+"AuxLogits."):
			return nil, fmt.Errorf("features: %s: torchvision's own Inception, of which nobody computes FID; want inception-2015-12-05", f.Path)
		case strings.HasSuffix(t.Name, ".bn.weight"):
			gain, err := t.Float32s()
			if err != nil {
				return nil, err
			}
			if i := slices.IndexFunc(gain, func(v float32) bool { return v != 1 }); i >= 0 {
				return nil, fmt.Errorf("features: %s: tensor %q: %v at %d, want ones: the network has no gains", f.Path, t.Name, gain[i], i)
			}
		}
	}
	params, err := inceptionDict().read(f, prefix, inceptionNames())
	if err != nil {
		return nil, err
	}
	return newInception(params), nil
}

func newInception(params *models.ParamSet) *Inception {
	f := newFolding(params)
	n := &Inception{units: map[string]folded{}, input: inceptionInputs[0]}
	eachInception(func(name string, _ unit, _ int) {
		if _, shared := n.units[name]; !shared {
			n.units[name] = f.foldNorm(name, norm{
				shift: params.Get(name + ".beta").Data, mean: params.Get(name + ".mean").Data, variance: params.Get(name + ".var").Data,
			}, inceptionEps)
		}
	})
	f.params.Add(params.Get("output.weight"))
	n.kept = f.kept
	return n
}

// Input is how it gets its images.
func (n *Inception) Input() string { return n.input }

// withInput is the network with another of inceptionInputs.
func withInput(net Network, input string) Network {
	other := *net.(*Inception)
	other.input = input
	return &other
}

// Dim is the number of pooled features.
func (n *Inception) Dim() int { return inceptionDim }

// Classes is the number of class logits.
func (n *Inception) Classes() int { return inceptionClasses }

// Embed adds the network: images [N 299 299 3], about in [-1, 1], to features [N 2048],
// none of them negative, and logits [N 1008] without bias.
func (n *Inception) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	defer g.Scope("inception")()
	if s := x.Shape(); len(s) != 4 || s[1] != inceptionSide || s[2] != inceptionSide || s[3] != 3 {
		g.Failf("images %v, want [N %d %d 3], of one channel or three", []int(s[1:]), inceptionSide, inceptionSide)
	}
	for _, m := range inceptionModules {
		x = n.module(g, m, x)
	}
	features = g.MeanSpatial(x)
	return features, g.MatMul(features, g.Param(n.params.Get("output.weight")), false, true)
}

// module joins the channels of its branches.
func (n *Inception) module(g *graph.Builder, m module, x graph.Node) graph.Node {
	made := map[string]graph.Node{} // by unit, for branches that share their beginning
	var ends []graph.Node
	for _, br := range m.branches {
		y := x
		if br.pool == largest || br.pool == coarser {
			y = g.MaxPool(y, br.pool.window())
		}
		for i, u := range br.units {
			name := join(m.name, u.name)
			if _, ok := made[name]; !ok {
				made[name] = n.unit(g, name, u, y, br.pool == mean && i == 0)
			}
			y = made[name]
		}
		ends = append(ends, y)
	}
	if len(ends) == 1 {
		return ends[0]
	}
	return g.Concat(ends...)
}

// unit convolves with the batch norm in the weights. A mean of neighbours is taken of
// its fewer channels, behind the 1x1 convolution instead of before: weights of a mean
// add up to 1, so that the bias is the same.
func (n *Inception) unit(g *graph.Builder, name string, u unit, x graph.Node, averaged bool) graph.Node {
	c := n.units[name]
	defer g.Scope(name)()
	y := g.Conv(x, g.Param(c.weight), g.Param(c.bias), graph.ConvOpts{Stride: u.stride, Pad: u.pad})
	if averaged {
		y = g.AvgPool(y, mean.window())
	}
	return g.ReLU(y)
}
