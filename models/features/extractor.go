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

// batchPixels bounds the pixels that a network reads at once, whose maps take memory.
const batchPixels = 1 << 20

// NewExtractor compiles net for images [H W C], as many at once as batch says, or the
// largest part of that which a large network has memory for.
func NewExtractor(dev device.Device, net Network, image graph.Shape, batch int) (*Extractor, error) {
	input, err := Inputs.Get(net.Input())
	if err != nil {
		return nil, err
	}
	e := &Extractor{dim: net.Dim(), classes: net.Classes(), batch: batch, image: image, input: input}
	read := input.Shape(image)
	for most := max(1, batchPixels/(read[0]*read[1])); e.batch > most || batch%e.batch != 0; {
		e.batch--
	}
	var x graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("images", append([]int{e.batch}, read...)...)
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
func (e *Extractor) Features(images, out []float32) error { return e.Embed(images, out, nil) }

// Logits fills out [B Classes] from images [B H W C] in [-1, 1], for any B.
func (e *Extractor) Logits(images, out []float32) error { return e.Embed(images, nil, out) }

// Embed is Features and Logits in one run; what is nil is not filled. It goes batch by
// batch, of which the last may be partial.
func (e *Extractor) Embed(images, features, logits []float32) error {
	pixels, read := e.image.Size(), len(e.in)/e.batch
	count := len(images) / pixels
	if len(images) != count*pixels || features != nil && len(features) != count*e.dim || logits != nil && len(logits) != count*e.classes {
		panic(fmt.Sprintf("features: %d values into %d and %d, want %d, %d and %d an image",
			len(images), len(features), len(logits), pixels, e.dim, e.classes))
	}
	for at := 0; at < count; at += e.batch {
		end := min(count, at+e.batch)
		for i := at; i < end; i++ {
			e.input.Fill(e.in[(i-at)*read:(i-at+1)*read], images[i*pixels:(i+1)*pixels], e.image)
		}
		if err := e.program.Run(); err != nil {
			return err
		}
		if features != nil {
			copy(features[at*e.dim:end*e.dim], e.program.Value(e.features))
		}
		if logits != nil {
			copy(logits[at*e.classes:end*e.classes], e.program.Value(e.logits))
		}
	}
	return nil
}
