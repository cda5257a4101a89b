package disc

import (
	"fmt"
	"math/rand/v2"

	"innate/models"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nn"
)

// A transformer's maps are all of one size. Reassembling makes a pyramid of them by
// random layers, as MiDaS does by trained ones (Ranftl et al. 2021): a 1x1 convolution
// to fewer channels, then a transposed convolution that makes the map 4 or 2 times as
// large, nothing, or a 3x3 convolution of stride 2.

// addReassembly makes the layers of map i.
func (p *Projector) addReassembly(i int, t features.Tap, rng *rand.Rand) {
	if t.Into == (features.Map{}) {
		return
	}
	unit, c := fmt.Sprintf("reassemble.%d", i), t.Into.Channels
	p.add(unit+".0", rng, c, t.Channels, 1, 1)
	switch up := t.Into.Side / t.Side; {
	case up > 1:
		// PyTorch counts the inputs of a transposed convolution as those of the
		// convolution that it transposes.
		weight := p.Mix.Add(models.NewParam(unit+".1.weight", up*up*c, c, 1, 1))
		bias := p.Mix.Add(models.NewParam(unit+".1.bias", c))
		if rng != nil {
			drawWeight, drawBias := nn.Default(c*up*up, 0)
			drawWeight(rng, weight.Data)
			drawBias(rng, bias.Data)
		}
	case t.Into.Side < t.Side:
		p.add(unit+".1", rng, c, c, 3, 3)
	}
}

// reassemble adds the layers of map i to g. A transposed convolution whose kernel is
// its stride writes every pixel once: it is a 1x1 convolution to all pixels of a
// square, put side by side.
func (p *Projector) reassemble(g *graph.Builder, i int, x graph.Node) graph.Node {
	t := p.taps[i]
	if t.Into == (features.Map{}) {
		return x
	}
	unit := fmt.Sprintf("reassemble.%d", i)
	x = p.conv(g, unit+".0", x)
	defer g.Scope(unit + ".1")()
	weight, bias := p.Mix.Get(unit+".1.weight"), p.Mix.Get(unit+".1.bias")
	switch up := t.Into.Side / t.Side; {
	case up > 1:
		x = g.DepthToSpace(g.Conv(x, g.Param(weight), graph.Node{}, graph.ConvOpts{Stride: 1}), up)
		return g.AddPerChannel(x, g.Param(bias))
	case t.Into.Side < t.Side:
		return g.Conv(x, g.Param(weight), g.Param(bias), graph.ConvOpts{Stride: 2, Pad: 1})
	}
	return x
}
