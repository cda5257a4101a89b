package gdd

import (
	"innate/models/disc"
	"innate/models/features"
	"innate/models/graph"
)

// Space is a frozen network between whose features of generated and of real images the
// Frechet distance is taken: for each of its maps the means over its positions, a vector
// an image.
type Space struct {
	Name string
	Path disc.ProjectorConfig // from an image to the maps
	Net  features.Backbone
}

// Dims is how many features each of its maps gives.
func (s Space) Dims() ([]int, error) {
	taps, err := s.Net.Taps(s.Path.InSize)
	if err != nil {
		return nil, err
	}
	dims := make([]int, len(taps))
	for i, t := range taps {
		dims[i] = t.Channels
	}
	return dims, nil
}

// Features adds the features of images x [N H W C] in [-1, 1] in all spaces to g, side
// by side in the order of spaces and maps: [N D].
func Features(g *graph.Builder, spaces []Space, x graph.Node) graph.Node {
	return maps{}.features(g, spaces, x)
}

// maps are what feature networks make of images in one graph, so that who sees the same
// images through the same network shares them.
type maps map[seen][]graph.Node

type seen struct {
	net    features.Backbone
	side   int
	images graph.Node
}

// of is the maps of a network on the path of a discriminator, or of a space.
func (m maps) of(g *graph.Builder, path disc.ProjectorConfig, net features.Backbone, images graph.Node) []graph.Node {
	key := seen{net, path.InSize, images}
	if _, ok := m[key]; !ok {
		m[key] = path.Maps(g, net, images)
	}
	return m[key]
}

func (m maps) features(g *graph.Builder, spaces []Space, x graph.Node) graph.Node {
	var all []graph.Node
	for _, s := range spaces {
		for _, y := range m.of(g, s.Path, s.Net, x) {
			all = append(all, g.MeanSpatial(y))
		}
	}
	return g.Concat(all...)
}
