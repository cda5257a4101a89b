package loop

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"innate/configs"
	"innate/metrics"
	"innate/models/device"
	"innate/models/features"
	"innate/models/filetype"
	"innate/models/graph"
	"innate/models/published"
	"innate/models/weights"
	"innate/trainer/data"
	"innate/trainer/method"
	"innate/trainer/run"
)

// A config may ask for every statistic that there is, and for every input.
func init() {
	inputs := func() []string { return append([]string{features.OwnInput}, features.Inputs.Names()...) }
	for _, table := range []string{"fid", "fid1", "fid2", "fid3"} {
		configs.KnownNames(table+".statistic", metrics.Statistics.Names)
		configs.KnownNames(table+".input", inputs)
	}
}

// featureBatch is the number of images that a feature network reads at once, or as many
// as come at once if those are fewer.
const featureBatch = 250

// FeatureNetwork is a network by whose features images are measured.
type FeatureNetwork struct {
	features.Network
	Label string // of its weights, wherever they were read from, and of an input that is not its own

	// Called is its name until labels came from weights: that of its file. Runs,
	// networks and references of that time state their values under it.
	Called string
}

// OpenFeatures opens the feature network that ref names, builtin:NAME or a path, with an
// input by name or features.OwnInput.
func OpenFeatures(ref, input string) (*FeatureNetwork, error) {
	file, err := weights.Open(ref)
	if err != nil {
		return nil, instead(ref, err)
	}
	net, label, err := method.OpenFeatures(file, input)
	if err != nil {
		return nil, instead(ref, err)
	}
	called := label // numbers of a chosen input were never called after the file
	if input == features.OwnInput {
		called = calledAfter(ref)
	}
	return &FeatureNetwork{net, label, called}, nil
}

// instead adds to what is wrong with a network pickle which file has FID's Inception: the
// one that NVIDIA publishes in such a form has no stated layout.
func instead(ref string, err error) error {
	if kind, _ := filetype.Of(ref); kind != filetype.Pickle {
		return err
	}
	return fmt.Errorf("%w; FID's Inception is fetch:pt_inception-2015-12-05-6726825d.pth", err)
}

// calledAfter is the name of a file, less builtin: and the word fid.
func calledAfter(ref string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(ref, weights.Prefix), published.Prefix)
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

// OpenJudge is NewJudge with what ref names to compare with: builtin:NAME or a path.
func OpenJudge(dev device.Device, statistics []string, net *FeatureNetwork, ref string, image graph.Shape, cfg metrics.CollectorConfig) (*metrics.Judge, error) {
	file, err := weights.OpenStats(ref)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return NewJudge(dev, statistics, net, metrics.Ref{Path: ref, ReaderAt: file, Size: file.Size}, image, cfg)
}

// SumOfStats is a digest of the file of a reference, builtin:NAME or a path.
func SumOfStats(ref string) (string, error) {
	file, err := weights.OpenStats(ref)
	if err != nil {
		return "", err
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, file.Size)); err != nil {
		return "", fmt.Errorf("%s: %w", ref, err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// NewJudge makes the judge of the named statistics of a network's features of images
// [H W C]. cfg says what to measure; its features are filled in here.
func NewJudge(dev device.Device, statistics []string, net *FeatureNetwork, ref metrics.Ref, image graph.Shape, cfg metrics.CollectorConfig) (*metrics.Judge, error) {
	var err error
	if cfg.Features, err = features.NewExtractor(dev, net, image, min(featureBatch, cfg.SourceBatch)); err != nil {
		return nil, err
	}
	cfg.Names = net.names()
	metrics.UseThreads(dev.Info().Threads)
	return metrics.NewJudge(statistics, cfg, ref)
}

// StatedKey is the metadata key under which a network's file states a statistic
// over the named features, as the network is meant to be sampled.
func StatedKey(statistic, features string) string { return statistic + "/" + features }

// stated is what a network's file states of a statistic over features of one of the
// names.
func stated(meta map[string]string, statistic string, names ...string) string {
	for _, name := range names {
		if text, ok := meta[StatedKey(statistic, name)]; ok {
			return text
		}
	}
	return ""
}

// teacherValue is what a teacher's file states for itself, if it does, and if it is
// a number: no distance is negative or without end.
func teacherValue(meta map[string]string, statistic string, names ...string) *float64 {
	v, err := strconv.ParseFloat(stated(meta, statistic, names...), 64)
	if err != nil || !(v >= 0) || math.IsInf(v, 1) {
		return nil
	}
	return &v
}

// ReferenceSet measures a network's features of all images of a data set, 8-bit as they are:
// their moments, and with vectors all of them, and the classes. What is in the cache, if
// there is one, it takes from there.
func ReferenceSet(ctx context.Context, dev device.Device, set data.Dataset, net *FeatureNetwork, vectors bool, cache *metrics.Cache) (metrics.Set, error) {
	h, w, c := set.Shape()
	image := graph.Shape{h, w, c}
	extractor, err := features.NewExtractor(dev, net, image, featureBatch)
	if err != nil {
		return metrics.Set{}, err
	}
	metrics.UseThreads(dev.Info().Threads)
	read := data.InOrder(set, featureBatch)
	cfg := metrics.CollectorConfig{
		Names: []string{net.Label}, Features: extractor, SourceBatch: featureBatch, Values: h * w * c, Nimg: set.Len(),
		Source: func(first int, images []float32) error {
			return errors.Join(ctx.Err(), read(first, images))
		},
	}
	rows, source, err := net.Cached(cache, dev, cfg.Source, featureBatch, image, set.Len(), 0)
	if err != nil {
		return metrics.Set{}, err
	}
	cfg.Source = source
	if rows != nil {
		defer rows.Close()
		cfg.Store = rows
	}
	measured, err := metrics.Measure(cfg, vectors)
	if err != nil {
		return metrics.Set{}, err
	}
	if rows != nil {
		rows.Finish()
	}
	if vectors {
		measured.Labels, err = data.ClassesOf(set)
	}
	return measured, err
}
