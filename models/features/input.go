package features

import (
	"innate/models/graph"
	"innate/models/registry"
)

// Input is how images become what a network reads, as it is registered: resized,
// scaled, with as many channels as it wants. It is part of what a number over the
// features means, and so has a name and no settings.
type Input struct {
	// Shape is what the network gets to read, [H W C], of images [H W C].
	Shape func(image graph.Shape) graph.Shape

	// Fill writes one image, 8-bit levels in [-1, 1], as the network reads it.
	Fill func(dst, src []float32, image graph.Shape)
}

// Inputs holds the ways to prepare images by name.
var Inputs = registry.New[Input]("input of a feature network")

func init() {
	// levels leaves images as they are.
	Inputs.Add("levels", Input{
		Shape: func(image graph.Shape) graph.Shape { return image },
		Fill:  func(dst, src []float32, _ graph.Shape) { copy(dst, src) },
	})
}
