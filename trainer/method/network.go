package method

import (
	"fmt"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/models/edm"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/precond"
	"innate/trainer/run"
)

// describe returns the metadata by which a reader of den's weights rebuilds it.
func describe(den *precond.Denoiser) (map[string]string, error) {
	f := checkpoint.New()
	err := den.AddTo(f, "")
	return f.Metadata, err
}

// precisionOf is that of the network which a configuration trains.
func precisionOf(c *configs.Config) graph.Precision {
	if c.Run.Precision == configs.BFloat16 {
		return graph.BFloat16
	}
	return graph.Float32
}

// prefixOf is where the network to use lies in a checkpoint: the averaged one
// of a run, or all there is in a file with nothing but a network, which has EDM's
// names where it was exported for PyTorch.
func prefixOf(f *checkpoint.File) string {
	switch {
	case ofRun(f):
		return "ema/"
	case f.Has(edm.Prefix):
		return edm.Prefix
	}
	return ""
}

// ofRun reports whether a file is a checkpoint of a run.
func ofRun(f *checkpoint.File) bool { return f.Metadata[run.MetaKind] == run.CheckpointKind }

// OpenDenoiser rebuilds the network that a checkpoint describes, with its EMA
// weights: a run's checkpoint, a file with nothing but a network, or one made of a
// network pickle.
func OpenDenoiser(f *checkpoint.File) (*precond.Denoiser, error) {
	if edm.In(f) {
		return edm.Open(f)
	}
	return precond.FromCheckpoint(f, prefixOf(f))
}

// CheckDenoiser refuses a file of which OpenDenoiser builds nothing: one that
// describes no denoiser, or a network pickle of a class that is not known here. It
// reads no values.
func CheckDenoiser(f *checkpoint.File) error {
	switch {
	case edm.In(f):
		return edm.Check(f)
	case !precond.In(f):
		return fmt.Errorf("%s: no denoiser, want one that innate wrote, or a network pickle of EDM's classes", f.Path)
	}
	return nil
}

// shapeIn is the shape of the network that OpenDenoiser builds. It reads no values.
func shapeIn(f *checkpoint.File) (precond.Shape, error) {
	if edm.In(f) {
		return edm.Shape(f)
	}
	return precond.ShapeIn(f)
}

// OpenCNN is OpenDenoiser for the networks that classifier runs train.
func OpenCNN(f *checkpoint.File) (*features.Net, error) {
	return features.FromCheckpoint(f, prefixOf(f))
}

// OpenBackbone is OpenDenoiser for feature networks that a discriminator projects.
func OpenBackbone(f *checkpoint.File) (features.Backbone, error) {
	return features.OpenBackbone(f, prefixOf(f))
}

// DescribeBackbone is OpenBackbone without the weights: for what a configuration is
// checked by.
func DescribeBackbone(f *checkpoint.File) (features.Backbone, error) {
	return features.DescribeBackbone(f, prefixOf(f))
}

// OpenFeatures is OpenDenoiser for feature networks, of whatever kind, with an input by
// name; label is that of their numbers.
func OpenFeatures(f *checkpoint.File, input string) (net features.Network, label string, err error) {
	return features.Open(f, prefixOf(f), input)
}

// netLayers describes a network's parameters for the screen.
func netLayers(net precond.Net) []run.Layer {
	var layers []run.Layer
	for _, l := range net.Layers() {
		layers = append(layers, run.Layer{
			Name: l.Name, Kind: string(l.Kind), Part: string(l.Part), Block: l.Block,
			Resolution: l.Resolution, Shape: l.Shape, Count: l.Count(),
		})
	}
	return layers
}

// Network reduces a run's checkpoint to the network in it, with its averaged
// weights. A file with nothing but a network comes back as it is.
func Network(f *checkpoint.File) (*checkpoint.File, error) {
	if !ofRun(f) {
		return f, nil
	}
	out := checkpoint.New()
	p, err := run.ReadProgress(f.Metadata)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", f.Path, err)
	}
	out.Metadata["nimg"] = fmt.Sprint(p.Nimg)
	if features.In(f) {
		net, err := OpenCNN(f)
		if err != nil {
			return nil, err
		}
		return out, net.AddTo(out, "")
	}
	den, err := OpenDenoiser(f)
	if err != nil {
		return nil, err
	}
	return out, den.AddTo(out, "")
}

// ForEDM is a file with nothing but a network under the names that EDM's classes
// load; one that is no denoiser comes back as it is.
func ForEDM(f *checkpoint.File) (*checkpoint.File, error) {
	if !precond.In(f) || f.Has(edm.Prefix) {
		return f, nil
	}
	den, err := OpenDenoiser(f)
	if err != nil {
		return nil, err
	}
	return edm.StateDict(den, f.Metadata)
}
