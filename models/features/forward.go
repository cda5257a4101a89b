package features

import (
	"fmt"

	"innate/models"
	"innate/models/graph"
)

// Maps adds the stages to g: x [N H W C] to one map a stage, finest first, each
// half the size of the one before (rounded up).
func (n *Net) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("features")()
	if s := x.Shape(); len(s) != 4 || s[3] != n.Config.Channels {
		g.Failf("images %v, want [N H W %d]: of as many channels as those that the network was trained on", []int(s), n.Config.Channels)
	}
	maps := make([]graph.Node, len(n.Config.Widths))
	for i := range maps {
		end := g.Block()
		x = n.convReLU(g, x, fmt.Sprintf("stages.%d.0", i), 1)
		x = n.convReLU(g, x, fmt.Sprintf("stages.%d.2", i), 2)
		maps[i] = x
		end()
	}
	return maps
}

// Forward adds the whole network to g: the maps, their pooled features [N Dim]
// and the class logits [N Classes].
func (n *Net) Forward(g *graph.Builder, x graph.Node) (maps []graph.Node, pooled, logits graph.Node) {
	maps = n.Maps(g, x)
	pooled = g.MeanSpatial(maps[len(maps)-1])
	logits = g.Linear(pooled, n.param(g, "head.weight"), n.param(g, "head.bias"))
	return maps, pooled, logits
}

// Weights are the network's parameters.
func (n *Net) Weights() *models.ParamSet { return n.Params }

// Fingerprint is that of the parameters.
func (n *Net) Fingerprint() string { return n.Params.Fingerprint() }

// Input says that the network takes images of any size as they are.
func (n *Net) Input() string { return "levels" }

// Channels are those of the images it was made for.
func (n *Net) Channels() int { return n.Config.Channels }

// Pixels are centred, as Input has them.
func (n *Net) Pixels() Pixels { return centred }

// Taps are the maps of the stages, each half the side of the one before.
func (n *Net) Taps(size int) ([]Tap, error) {
	if stages := len(n.Config.Widths); size < 1 || size%(1<<stages) != 0 {
		return nil, fmt.Errorf("%d, want a multiple of %d for %d feature stages", size, 1<<stages, stages)
	}
	var taps []Tap
	for i, width := range n.Config.Widths {
		taps = append(taps, Tap{Map: Map{width, size >> (i + 1)}})
	}
	return taps, nil
}

// Dim is the number of pooled features.
func (n *Net) Dim() int { return n.Config.Dim() }

// Classes is the number of class logits.
func (n *Net) Classes() int { return n.Config.Classes }

// Embed adds the network to g without its maps.
func (n *Net) Embed(g *graph.Builder, x graph.Node) (features, logits graph.Node) {
	_, features, logits = n.Forward(g, x)
	return features, logits
}

func (n *Net) convReLU(g *graph.Builder, x graph.Node, unit string, stride int) graph.Node {
	defer g.Scope(unit)()
	return g.ReLU(g.Conv(x, n.param(g, unit+".weight"), n.param(g, unit+".bias"), graph.ConvOpts{Stride: stride, Pad: 1}))
}

func (n *Net) param(g *graph.Builder, name string) graph.Node { return g.Param(n.Params.Get(name)) }

// Classifier is the graph of one training step of the network itself: the mean
// cross entropy over a batch and its gradient for every parameter.
type Classifier struct {
	Images, OneHot graph.Node // inputs [N H W C] and [N Classes]
	Logits, Loss   graph.Node
	Hits           graph.Node // how many images are classified rightly

	graph.Objective // of Loss, for every parameter of the network
}

// NewClassifier adds a training step for square images of the given size to g.
func NewClassifier(g *graph.Builder, net *Net, size, batch int) (*Classifier, error) {
	c := &Classifier{
		Images: g.Input("images", batch, size, size, net.Config.Channels),
		OneHot: g.Input("labels", batch, net.Config.Classes),
	}
	_, _, c.Logits = net.Forward(g, c.Images)
	c.Loss = g.Mean(g.CrossEntropy(c.Logits, c.OneHot))
	c.Hits = g.Sum(g.Hits(c.Logits, c.OneHot))
	c.Record = []graph.Node{c.Loss, c.Hits}
	c.Outputs = c.Record
	return c, c.Minimise(g, c.Loss, net.Params.All())
}
