package metrics

import (
	"errors"
	"fmt"
	"math"
)

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

// Batch is a part of the images that are measured, in their order.
type Batch struct {
	N        int
	Images   []float32 // [N H W C], 8-bit levels in [-1, 1]
	Features []float32 // [N D]
}

// Sums are what batches add up to. Whatever is to be known of the same images and
// features is added up in one pass over them.
type Sums interface {
	Add(b Batch)
	Reset()
	State() []Sum // all there is, in copies and a fixed order

	// Restore continues from the state after n images. On an error nothing changes.
	Restore(n int, state []Sum) error
}

// Sum is an array of a state.
type Sum struct {
	Name  string // unique in the state
	Shape []int
	Data  []float64
}

// Collector shows a stream of images to a feature network, and adds up what it
// sees, in steps of one source batch, so that a caller can do other work in
// between.
type Collector struct {
	cfg    CollectorConfig
	sums   Sums
	done   int       // images measured
	images []float32 // [SourceBatch H W C]
	chunk  []float32 // [B H W C], input of the feature network
	out    []float32 // [SourceBatch D], rounded up to whole batches of B
}

// NewCollector checks cfg and allocates everything that steps need.
func NewCollector(cfg CollectorConfig, sums Sums) (*Collector, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	batch, dim := cfg.Features.Batch(), cfg.Features.Dim()
	return &Collector{
		cfg:    cfg,
		sums:   sums,
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
	Quantize(c.images[:n*values], c.images[:n*values])
	for lo := 0; lo < n; lo += batch {
		k := min(batch, n-lo)
		// Rows past k keep older images; their features are not used.
		copy(c.chunk, c.images[lo*values:(lo+k)*values])
		if err := c.cfg.Features.Features(c.chunk, c.out[lo*dim:(lo+batch)*dim]); err != nil {
			return false, fmt.Errorf("metrics: features from image %d: %w", c.done+lo, err)
		}
	}
	if i, v := notFinite(c.out[:n*dim]); i >= 0 {
		return false, fmt.Errorf("metrics: image %d: got %v for feature %d of %q, want finite numbers", c.done+i/dim, v, i%dim, c.cfg.name())
	}
	c.sums.Add(Batch{N: n, Images: c.images[:n*values], Features: c.out[:n*dim]})
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
	c.sums.Reset()
}

// finished is an error before the last step.
func (c *Collector) finished() error {
	if c.done < c.cfg.Nimg {
		return fmt.Errorf("metrics: %d of %d images measured", c.done, c.cfg.Nimg)
	}
	return nil
}

// State is a measurement half done: how far it has come, and its sums. A
// collector of the same images and features that is given it continues exactly as
// the first one would have.
type State struct {
	Nimg int // images measured
	Sums []Sum
}

// State returns how far the measurement has come, in copies.
func (c *Collector) State() State { return State{c.done, c.sums.State()} }

// Restore continues from a state. On an error nothing changes.
func (c *Collector) Restore(s State) error {
	if s.Nimg < 0 || s.Nimg > c.cfg.Nimg {
		return fmt.Errorf("metrics: state of %d images, want 0 to %d", s.Nimg, c.cfg.Nimg)
	}
	if err := c.sums.Restore(s.Nimg, s.Sums); err != nil {
		return err
	}
	c.done = s.Nimg
	return nil
}
