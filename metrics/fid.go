package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// InceptionName is the feature network of plain FID.
const InceptionName = "inception-2015-12-05"

// FIDLabel is how a distance over the named features is written everywhere:
// "FID" for Inception-2015, otherwise "FID(name)".
func FIDLabel(features string) string {
	if features == InceptionName {
		return "FID"
	}
	return "FID(" + features + ")"
}

// Features maps images to feature vectors, a fixed number at a time.
type Features interface {
	Dim() int   // D, values in a feature vector
	Batch() int // B, images in a call
	// Features reads images [B H W C], 8-bit levels in [-1, 1], and writes
	// out [B D]. Each row depends on its own image only.
	Features(images, out []float32) error
}

// Source fills images [SourceBatch H W C] in [-1, 1] with the images numbered
// first, first+1, and so on. The last call may ask beyond the number wanted;
// what it writes there is discarded. The values may be overwritten afterwards.
type Source func(first int, images []float32) error

// CollectorConfig says which images to measure with which features.
type CollectorConfig struct {
	Features    Features
	Source      Source
	SourceBatch int // images in one call of Source
	Values      int // values in an image, H*W*C
	Nimg        int // images to measure, at least 2

	// Names are those of the feature network: first its label, such as "mnist-cnn",
	// then what else a reference made with it may call it.
	Names []string
}

// name is the label of the feature network; "" if nobody says.
func (c CollectorConfig) name() string {
	if len(c.Names) == 0 {
		return ""
	}
	return c.Names[0]
}

func (c CollectorConfig) validate() error {
	switch {
	case c.Features == nil:
		return errors.New("metrics: no feature network")
	case c.Source == nil:
		return errors.New("metrics: no source of images")
	case c.SourceBatch < 1:
		return fmt.Errorf("metrics: source batch %d, want > 0", c.SourceBatch)
	case c.Values < 1:
		return fmt.Errorf("metrics: %d values in an image, want > 0", c.Values)
	case c.Nimg < 2:
		return fmt.Errorf("metrics: %d images, want at least 2", c.Nimg)
	case c.Features.Batch() < 1:
		return fmt.Errorf("metrics: feature batch %d, want > 0", c.Features.Batch())
	case c.Features.Dim() < 1:
		return fmt.Errorf("metrics: feature dimension %d, want > 0", c.Features.Dim())
	}
	return nil
}

// Collector measures the feature statistics of a stream of images in steps of
// one source batch, so that a caller can do other work in between.
type Collector struct {
	cfg    CollectorConfig
	acc    *Accumulator
	done   int       // images measured
	images []float32 // [SourceBatch H W C]
	chunk  []float32 // [B H W C], input of the feature network
	out    []float32 // [SourceBatch D], rounded up to whole batches of B
}

// NewCollector checks cfg and allocates everything that steps need.
func NewCollector(cfg CollectorConfig) (*Collector, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	batch, dim := cfg.Features.Batch(), cfg.Features.Dim()
	return &Collector{
		cfg:    cfg,
		acc:    NewAccumulator(dim),
		images: make([]float32, cfg.SourceBatch*cfg.Values),
		chunk:  make([]float32, batch*cfg.Values),
		out:    make([]float32, (cfg.SourceBatch+batch-1)/batch*batch*dim),
	}, nil
}

// Step draws one source batch, reduces it to 8 bits and adds its features.
// After the last batch it returns done, and further steps do nothing. Images and
// features that are not finite are an error. A step that fails adds nothing and
// may be repeated.
func (c *Collector) Step() (done bool, err error) {
	if c.done >= c.cfg.Nimg {
		return true, nil
	}
	if err := c.cfg.Source(c.done, c.images); err != nil {
		return false, fmt.Errorf("metrics: images from number %d: %w", c.done, err)
	}
	n := min(c.cfg.SourceBatch, c.cfg.Nimg-c.done)
	batch, dim, values := c.cfg.Features.Batch(), c.cfg.Features.Dim(), c.cfg.Values
	// Quantize would make a black pixel of NaN, and so a distance of rubbish.
	if i, v := notFinite(c.images[:n*values]); i >= 0 {
		return false, fmt.Errorf("metrics: image %d: got a pixel of %v, want finite numbers", c.done+i/values, v)
	}
	for lo := 0; lo < n; lo += batch {
		k := min(batch, n-lo)
		// Rows past k keep older images; their features are not used.
		Quantize(c.chunk[:k*values], c.images[lo*values:(lo+k)*values])
		if err := c.cfg.Features.Features(c.chunk, c.out[lo*dim:(lo+batch)*dim]); err != nil {
			return false, fmt.Errorf("metrics: features from image %d: %w", c.done+lo, err)
		}
	}
	if i, v := notFinite(c.out[:n*dim]); i >= 0 {
		return false, fmt.Errorf("metrics: image %d: got %v for feature %d of %q, want finite numbers", c.done+i/dim, v, i%dim, c.cfg.name())
	}
	c.acc.Add(c.out[:n*dim], n)
	c.done += n
	return c.done >= c.cfg.Nimg, nil
}

// notFinite returns the first value that is not finite and where, or -1.
func notFinite(values []float32) (int, float32) {
	for i, v := range values {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return i, v
		}
	}
	return -1, 0
}

// Progress says how many images have been measured, out of how many.
func (c *Collector) Progress() (nimg, total int) { return c.done, c.cfg.Nimg }

// Reset starts again at image 0.
func (c *Collector) Reset() {
	c.done = 0
	c.acc.Reset()
}

// Stats returns the statistics; it is an error to ask before the last step.
func (c *Collector) Stats() (Stats, error) {
	if c.done < c.cfg.Nimg {
		return Stats{}, fmt.Errorf("metrics: %d of %d images measured", c.done, c.cfg.Nimg)
	}
	s, err := c.acc.Stats()
	s.Features = c.cfg.name()
	return s, err
}

// FID measures the Fréchet distance of a stream of images from a reference.
type FID struct {
	*Collector
	ref *Reference
}

// NewFID checks that the features of cfg fit the reference.
func NewFID(cfg CollectorConfig, ref *Reference) (*FID, error) {
	c, err := NewCollector(cfg)
	if err != nil {
		return nil, err
	}
	s := ref.Stats()
	if d := cfg.Features.Dim(); d != s.Dim() {
		return nil, fmt.Errorf("metrics: features of dimension %d, but the reference has %d", d, s.Dim())
	}
	if s.Features != "" && !slices.Contains(cfg.Names, s.Features) {
		return nil, fmt.Errorf("metrics: features of %q, but the reference was made with %q", cfg.name(), s.Features)
	}
	return &FID{Collector: c, ref: ref}, nil
}

// Label names the number; see FIDLabel.
func (f *FID) Label() string { return FIDLabel(f.cfg.name()) }

// Result is the distance; it is an error to ask before the last step.
func (f *FID) Result() (float64, error) {
	s, err := f.Stats()
	if err != nil {
		return 0, err
	}
	s.Features = "" // NewFID has compared
	return f.ref.Distance(s)
}

// Run steps to the end, or until ctx is done.
func (f *FID) Run(ctx context.Context) (float64, error) {
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		done, err := f.Step()
		if err != nil {
			return 0, err
		}
		if done {
			return f.Result()
		}
	}
}
