package features

import (
	"fmt"

	"innate/models/device"
	"innate/models/graph"
)

// Extractor computes a network's features of images. It is not safe for concurrent
// use.
type Extractor struct {
	dim, classes, batch int
	image               graph.Shape // [H W C]
	input               Input
	program             device.Program
	in                  []float32 // [batch …] as the network reads images
	features, logits    graph.Node
}

// NewExtractor compiles net for batches of images [H W C].
func NewExtractor(dev device.Device, net Network, image graph.Shape, batch int) (*Extractor, error) {
	input, err := Inputs.Get(net.Input())
	if err != nil {
		return nil, err
	}
	e := &Extractor{dim: net.Dim(), classes: net.Classes(), batch: batch, image: image, input: input}
	var x graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("images", append([]int{batch}, input.Shape(image)...)...)
		e.features, e.logits = net.Embed(g, x)
	})
	if err != nil {
		return nil, err
	}
	e.in = g.Data(x)
	outputs := []graph.Node{e.features}
	if e.classes > 0 {
		outputs = append(outputs, e.logits)
	}
	e.program, err = dev.Compile(g, device.Request{Outputs: outputs})
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
	return e.run(images, out, e.features, e.dim)
}

// Logits fills out [B Classes] from images [B H W C] in [-1, 1], for any B.
func (e *Extractor) Logits(images, out []float32) error {
	return e.run(images, out, e.logits, e.classes)
}

// run feeds the images batch by batch; the last batch may be partial.
func (e *Extractor) run(images, out []float32, n graph.Node, width int) error {
	pixels, read := e.image.Size(), len(e.in)/e.batch
	count := len(images) / pixels
	if len(images) != count*pixels || len(out) != count*width {
		panic(fmt.Sprintf("features: %d values into %d, want %d and %d an image", len(images), len(out), pixels, width))
	}
	for at := 0; at < count; at += e.batch {
		end := min(count, at+e.batch)
		for i := at; i < end; i++ {
			e.input.Fill(e.in[(i-at)*read:(i-at+1)*read], images[i*pixels:(i+1)*pixels], e.image)
		}
		if err := e.program.Run(); err != nil {
			return err
		}
		copy(out[at*width:end*width], e.program.Value(n))
	}
	return nil
}
