package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"innate/models/device"
	"innate/models/features"
	"innate/models/graph"
)

// backbones are the feature networks of the paper's discriminators, for images of
// paperSize pixels.
var backbones = map[string]func(*rand.Rand) features.Backbone{
	"vgg":  func(rng *rand.Rand) features.Backbone { return features.NewVGG(rng) },
	"lite": func(rng *rand.Rand) features.Backbone { return features.NewLite(rng) },
	"deit": func(rng *rand.Rand) features.Backbone { return features.NewDeiT(768, paperSize/16, rng) },
}

// The network of FID reads images of inceptionSize pixels.
const (
	inceptionNetwork = "inception"
	inceptionSize    = 299
)

// hasFeatures reports whether the case is one of a feature network.
func hasFeatures(name string) bool { return backbones[name] != nil || name == inceptionNetwork }

// featureNames lists them for messages.
func featureNames() string {
	return strings.Join(append(slices.Sorted(maps.Keys(backbones)), inceptionNetwork), ", ")
}

// prepareFeatures makes an operation of a feature network of random weights: grad, the
// gradient of the maps that a discriminator reads, each times a constant, to the
// images; or features, those that FID is computed from.
func prepareFeatures(dev device.Device, name string, batch int, op string) (run func() error, params int, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	var net features.Network
	var result graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		switch backbone := backbones[name]; {
		case backbone != nil && op == "grad":
			b := backbone(rng)
			net, result = b, imageGradient(g, b, batch, rng)
		case backbone == nil && op == "features":
			x := g.Input("images", batch, inceptionSize, inceptionSize, 3)
			normal(rng, g.Data(x))
			net = features.NewInception(rng)
			result, _ = net.Embed(g, x)
		default:
			g.Failf("operation %q of %s, want grad, or features of %s", op, name, inceptionNetwork)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	program, err := dev.Compile(g, device.Request{Outputs: []graph.Node{result}})
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", name, err)
	}
	return program.Run, net.Weights().Count(), nil
}

// imageGradient is the gradient of a network's maps, weighted by constants, to images.
func imageGradient(g *graph.Builder, net features.Backbone, batch int, rng *rand.Rand) graph.Node {
	x := g.Input("images", batch, paperSize, paperSize, 3)
	normal(rng, g.Data(x))
	var products []graph.Node
	for i, m := range net.Maps(g, x) {
		weights := g.Input(fmt.Sprint("weights", i), m.Shape()...)
		normal(rng, g.Data(weights))
		products = append(products, g.Dot(m, weights))
	}
	gradients, err := g.Grad(g.AddN(products...), x)
	if err != nil {
		g.Failf("%v", err)
	}
	return gradients[0]
}
