package loop

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"innate/metrics"
	"innate/models/device"
	"innate/models/graph"
)

// Cached opens what the network said of the first nimg images [H W C] of a source, and
// as many logits of each, or begins to keep it; nil without a cache. It reads all images
// once, to know them by their pixels, wherever they came from.
func (n *FeatureNetwork) Cached(cache *metrics.Cache, dev device.Device, source metrics.Source, batch int, image graph.Shape, nimg, logits int) (*metrics.CachedRows, error) {
	if cache == nil {
		return nil, nil
	}
	content, err := contentOf(source, batch, image.Size(), nimg)
	if err != nil {
		return nil, err
	}
	info := dev.Info()
	identity := fmt.Sprintf("innate features of images 1: %d of %v with the pixels %s, by %s %s, %d logits, on %s %s",
		nimg, image, content, n.Weights().Fingerprint(), n.Input(), logits, info.Name, info.Kernels)
	rows, err := cache.Open(identity, nimg, n.Dim()+logits)
	if err != nil {
		cache.Warn(err)
	}
	return rows, nil
}

// contentOf is a digest of the pixels of images, as a feature network sees them.
func contentOf(source metrics.Source, batch, values, nimg int) (string, error) {
	sum := sha256.New()
	images, pixels := make([]float32, batch*values), make([]byte, batch*values)
	for first := 0; first < nimg; first += batch {
		if err := source(first, images); err != nil {
			return "", fmt.Errorf("features: images from number %d: %w", first, err)
		}
		k := min(batch, nimg-first) * values
		metrics.QuantizeBytes(pixels[:k], images[:k])
		sum.Write(pixels[:k])
	}
	sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(nimg)))
	return hex.EncodeToString(sum.Sum(nil)), nil
}
