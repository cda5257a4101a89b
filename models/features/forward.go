package features

import (
	"fmt"

	"innate/models/device"
	"innate/models/graph"
)

// Maps adds the stages to g: x [N H W C] to one map a stage, finest first, each
// half the size of the one before (rounded up).
func (n *Net) Maps(g *graph.Builder, x graph.Node) []graph.Node {
	defer g.Scope("features")()
	if s := x.Shape(); len(s) != 4 || s[3] != n.Config.Channels {
		panic(fmt.Sprintf("features: input %v, want [N H W %d]", s, n.Config.Channels))
	}
	maps := make([]graph.Node, len(n.Config.Widths))
	for i := range maps {
		x = n.convReLU(g, x, fmt.Sprintf("stages.%d.0", i), 1)
		x = n.convReLU(g, x, fmt.Sprintf("stages.%d.2", i), 2)
		maps[i] = x
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

func (n *Net) convReLU(g *graph.Builder, x graph.Node, unit string, stride int) graph.Node {
	defer g.Scope(unit)()
	return g.ReLU(g.Conv(x, n.param(g, unit+".weight"), n.param(g, unit+".bias"), graph.ConvOpts{Stride: stride, Pad: 1}))
}

func (n *Net) param(g *graph.Builder, name string) graph.Node { return g.Param(n.Params.Get(name)) }

// Extractor computes pooled features of images, for FID. It is not safe for
// concurrent use.
type Extractor struct {
	dim, batch, pixels int
	program            device.Program
	in                 []float32
	pooled, logits     graph.Node
	classes            int
}

// NewExtractor compiles net for batches of square images of the given size.
func NewExtractor(dev device.Device, net *Net, size, batch int) (*Extractor, error) {
	e := &Extractor{
		dim: net.Config.Dim(), batch: batch, classes: net.Config.Classes,
		pixels: size * size * net.Config.Channels,
	}
	var x graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("images", batch, size, size, net.Config.Channels)
		_, e.pooled, e.logits = net.Forward(g, x)
	})
	if err != nil {
		return nil, err
	}
	e.in = g.Data(x)
	e.program, err = dev.Compile(g, device.Request{Outputs: []graph.Node{e.pooled, e.logits}})
	return e, err
}

// Dim is the number of features of one image.
func (e *Extractor) Dim() int { return e.dim }

// Batch is the number of images of one run.
func (e *Extractor) Batch() int { return e.batch }

// Classes is the number of class logits of one image.
func (e *Extractor) Classes() int { return e.classes }

// Features fills out [B Dim] from images [B H W C] in [-1, 1], for any B.
func (e *Extractor) Features(images, out []float32) error {
	return e.run(images, out, e.pooled, e.dim)
}

// Logits fills out [B Classes] from images [B H W C] in [-1, 1], for any B.
func (e *Extractor) Logits(images, out []float32) error {
	return e.run(images, out, e.logits, e.classes)
}

// run feeds the images batch by batch; the last batch may be partial.
func (e *Extractor) run(images, out []float32, n graph.Node, width int) error {
	count := len(images) / e.pixels
	if len(images) != count*e.pixels || len(out) != count*width {
		panic(fmt.Sprintf("features: %d values into %d, want %d and %d an image", len(images), len(out), e.pixels, width))
	}
	for at := 0; at < count; at += e.batch {
		end := min(count, at+e.batch)
		copy(e.in, images[at*e.pixels:end*e.pixels])
		if err := e.program.Run(); err != nil {
			return err
		}
		copy(out[at*width:end*width], e.program.Value(n))
	}
	return nil
}

// Classifier is the graph of one training step of the network itself: the mean
// cross entropy over a batch and its gradient for every parameter.
type Classifier struct {
	Images, OneHot graph.Node // inputs [N H W C] and [N Classes]
	Logits, Loss   graph.Node

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
	c.Outputs = []graph.Node{c.Loss, c.Logits}
	return c, c.Minimise(g, c.Loss, net.Params.All())
}
