package features

import (
	"innate/models"
	"innate/models/graph"
)

// Backbone is a network whose maps a discriminator projects.
type Backbone interface {
	Network

	// Channels is how many channels its images have.
	Channels() int

	// Pixels says how it wants pixels.
	Pixels() Pixels

	// Taps describes the maps of images of size x size pixels, finest first, or says
	// why there are none.
	Taps(size int) ([]Tap, error)

	// Maps adds the network to g up to its last map: normalised images x [N H W C] to
	// maps [N Side Side Channels] as Taps has them.
	Maps(g *graph.Builder, x graph.Node) []graph.Node
}

// Map is the size of a square map.
type Map struct{ Channels, Side int }

// Tap is one of a network's maps.
type Tap struct {
	Map

	// Into is what random layers have to make of the map before it is projected: a
	// transformer's maps all have one size. The zero Map: nothing.
	Into Map

	// Nominal is the side for which GDD makes the head over the map, twice the size of
	// a map that is projected; 0 for the real one.
	Nominal int
}

// Projected is what the projection gets.
func (t Tap) Projected() Map {
	if t.Into != (Map{}) {
		return t.Into
	}
	return t.Map
}

// Pixels are the mean and the deviation of pixels in [0, 1] that a network was trained
// to see as 0 and 1, one value or one a channel.
type Pixels struct{ Mean, Std []float32 }

var (
	imageNet = Pixels{[]float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}}
	centred  = Pixels{[]float32{0.5}, []float32{0.5}}
)

// Normalize adds ((x+1)/2 - mean)/std per channel: pixels x [N H W C] in [-1, 1].
func (p Pixels) Normalize(g *graph.Builder, x graph.Node) graph.Node {
	mean, std := p.Mean, p.Std
	if len(mean) == 1 && len(std) == 1 {
		if mean[0] == 0.5 && std[0] == 0.5 {
			return x // exactly the identity
		}
		return g.Scale(g.AddScalar(x, 1-2*mean[0]), 1/(2*std[0]))
	}
	channels := x.Shape().Last()
	scale := models.NewParam("projector.scale", channels)
	shift := models.NewParam("projector.shift", channels)
	for c := range channels {
		m, s := mean[c%len(mean)], std[c%len(std)]
		scale.Data[c] = 1 / (2 * s)
		shift.Data[c] = (1 - 2*m) / (2 * s)
	}
	return g.AddPerChannel(g.MulPerChannel(x, g.Param(scale)), g.Param(shift))
}

// TrainedSize is the side of the images that the large networks were trained with.
const TrainedSize = 224

// embed adds a backbone's features for a judge: the mean of its last map, of images
// of any size.
func embed(g *graph.Builder, b Backbone, x graph.Node) graph.Node {
	x = g.Bilinear(b.Pixels().Normalize(g, x), TrainedSize, TrainedSize, false)
	maps := b.Maps(g, x)
	return g.MeanSpatial(maps[len(maps)-1])
}
