package loop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"innate/metrics"
	"innate/models/device"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/weights"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/run"
)

// featureBatch is the number of images that a feature network reads at once.
const featureBatch = 250

// FeatureNetwork is a network by whose features images are measured.
type FeatureNetwork struct {
	features.Network
	Label string // of its weights, wherever they were read from

	// Called is its name until labels came from weights: that of its file. Runs,
	// networks and references of that time state their values under it.
	Called string
}

// OpenFeatures opens the feature network that ref names: builtin:NAME or a path.
func OpenFeatures(ref string) (*FeatureNetwork, error) {
	file, err := weights.Open(ref)
	if err != nil {
		return nil, err
	}
	n := &FeatureNetwork{Called: calledAfter(ref)}
	n.Network, n.Label, err = method.OpenFeatures(file)
	return n, err
}

// calledAfter is the name of a file, less builtin: and the word fid.
func calledAfter(ref string) string {
	name := strings.TrimPrefix(ref, weights.Prefix)
	name = strings.TrimSuffix(filepath.Base(name), run.CheckpointExt)
	return strings.Replace(name, "-fid-", "-", 1)
}

// names are those under which other files may mean the network: its label, and
// what it was called, unless that is now the name of other weights.
func (n *FeatureNetwork) names() []string {
	if n.Called == n.Label || features.Known(n.Called) {
		return []string{n.Label}
	}
	return []string{n.Label, n.Called}
}

// OpenFID opens a feature network's program and reference statistics, builtin:NAME
// or a path, for square images of size pixels. cfg says what to measure; its
// features are filled in here.
func OpenFID(dev device.Device, net *FeatureNetwork, statsRef string, size, channels int, cfg metrics.CollectorConfig) (*metrics.FID, error) {
	stats, err := openStats(statsRef)
	if err != nil {
		return nil, err
	}
	ref, err := metrics.NewReference(stats)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", statsRef, err)
	}
	if cfg.Features, err = features.NewExtractor(dev, net, graph.Shape{size, size, channels}, featureBatch); err != nil {
		return nil, err
	}
	cfg.Names = net.names()
	return metrics.NewFID(cfg, ref)
}

func openStats(ref string) (metrics.Stats, error) {
	r, err := weights.OpenStats(ref)
	if err != nil {
		return metrics.Stats{}, err
	}
	defer r.Close()
	stats, err := metrics.ReadStats(r, r.Size)
	if err != nil {
		return stats, fmt.Errorf("%s: %w", ref, err)
	}
	return stats, nil
}

// FIDKey is the metadata key under which a network's file states its FID over
// the named features, as it is meant to be sampled.
func FIDKey(features string) string { return "fid/" + features }

// statedFID is the FID that a network's file states over features of one of the names.
func statedFID(meta map[string]string, names ...string) string {
	for _, name := range names {
		if text, ok := meta[FIDKey(name)]; ok {
			return text
		}
	}
	return ""
}

// recordedFID is the FID that a teacher's file states for itself, if it does: no
// distance is negative or without end.
func recordedFID(meta map[string]string, names ...string) *float64 {
	v, err := strconv.ParseFloat(statedFID(meta, names...), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 1) {
		return nil
	}
	return &v
}

// ReferenceStats measures the feature statistics of all training images of a
// data set, 8-bit as they are.
func ReferenceStats(ctx context.Context, dev device.Device, dataset, featureRef string) (metrics.Stats, error) {
	set, err := data.Open(dataset)
	if err != nil {
		return metrics.Stats{}, err
	}
	net, err := OpenFeatures(featureRef)
	if err != nil {
		return metrics.Stats{}, err
	}
	h, w, c := set.Shape()
	extractor, err := features.NewExtractor(dev, net, graph.Shape{h, w, c}, featureBatch)
	if err != nil {
		return metrics.Stats{}, err
	}
	index := make([]int, featureBatch)
	all, err := metrics.NewCollector(metrics.CollectorConfig{
		Names: []string{net.Label}, Features: extractor, SourceBatch: featureBatch, Values: h * w * c, Nimg: set.Len(),
		Source: func(first int, images []float32) error {
			for i := range index {
				index[i] = (first + i) % set.Len()
			}
			return errors.Join(ctx.Err(), set.Images(index, images))
		},
	})
	if err != nil {
		return metrics.Stats{}, err
	}
	for done := false; !done; {
		if done, err = all.Step(); err != nil {
			return metrics.Stats{}, err
		}
	}
	return all.Stats()
}
