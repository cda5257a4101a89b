package loop

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"

	"innate/metrics"
	"innate/models/device"
	"innate/models/graph"
)

// Cached opens what the network said of the first nimg images [H W C] of a source, and
// as many logits of each, or begins to keep it; nil without a cache. Images are known by
// their pixels, wherever they came from. The pass is to read them from the source that
// Cached returns: either there are features of such images, and all are read to know
// whether it is they, or there are none, and they become known while the pass reads them.
func (n *FeatureNetwork) Cached(cache *metrics.Cache, dev device.Device, source metrics.Source, batch int, image graph.Shape, nimg, logits int) (*metrics.CachedRows, metrics.Source, error) {
	if cache == nil {
		return nil, source, nil
	}
	known := &knownImages{source: source, values: image.Size(), nimg: nimg, sum: sha256.New(), images: make([]float32, batch*image.Size())}
	first, err := known.first()
	if err != nil {
		return nil, nil, err
	}
	info := dev.Info()
	network := fmt.Sprintf("by %s %s, %d logits, on %s %s", n.Fingerprint(), n.Input(), logits, info.Name, info.Kernels)
	identity := func() (string, error) {
		content, err := known.content()
		return fmt.Sprintf("innate features of images 2: %d of %v with the pixels %s, %s", nimg, image, content, network), err
	}
	hint := fmt.Sprintf("%d of %v, the first with the pixels %s, %s", nimg, image, first, network)
	if cache.May(hint) { // an image that cannot be read is no fault of the cache's
		if _, err := known.content(); err != nil {
			return nil, nil, err
		}
	}
	rows, err := cache.Open(hint, identity, nimg, n.Dim()+logits)
	if err != nil {
		cache.Warn(err)
	}
	return rows, known.read, nil
}

// knownImages is a source of images that is known by their pixels, as a feature network
// sees them, once all have been read in order.
type knownImages struct {
	source       metrics.Source
	values, nimg int
	sum          hash.Hash
	next         int       // image that is to be added to sum
	images       []float32 // [batch H W C]
	held         bool      // images are those from number 0
	pixels       []byte
}

// read is a metrics.Source.
func (k *knownImages) read(first int, images []float32) error {
	if first == 0 && k.held {
		k.held = false
		copy(images, k.images)
	} else if err := k.source(first, images); err != nil {
		return err
	}
	if first == k.next {
		count := min(len(images)/k.values, k.nimg-first)
		k.sum.Write(k.levels(images[:count*k.values]))
		k.next += count
	}
	return nil
}

// levels are images in 8 bits, until the next call.
func (k *knownImages) levels(images []float32) []byte {
	if len(k.pixels) < len(images) {
		k.pixels = make([]byte, len(images))
	}
	metrics.QuantizeBytes(k.pixels[:len(images)], images)
	return k.pixels[:len(images)]
}

// first is a digest of the first image, which is not read again.
func (k *knownImages) first() (string, error) {
	if err := k.source(0, k.images); err != nil {
		return "", unread(0, err)
	}
	k.held = true
	sum := sha256.Sum256(k.levels(k.images[:k.values]))
	return hex.EncodeToString(sum[:]), nil
}

// content is a digest of the pixels of all images, of which those are read that nobody
// has read yet.
func (k *knownImages) content() (string, error) {
	for k.next < k.nimg {
		from := k.next
		if err := k.read(from, k.images); err != nil {
			return "", unread(from, err)
		}
	}
	sum := sha256.New()
	sum.Write(k.sum.Sum(nil))
	sum.Write(binary.LittleEndian.AppendUint64(nil, uint64(k.nimg)))
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func unread(first int, err error) error {
	return fmt.Errorf("features: images from number %d: %w", first, err)
}
