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

// Classifier is a feature network that has class logits, too.
type Classifier interface {
	Features
	Classes() int // C, logits of an image; 0 for none
	// Embed is Features that also writes logits [B C].
	Embed(images, features, logits []float32) error
}

// classesOf is how many logits f has.
func classesOf(f Features) int {
	if c, ok := f.(Classifier); ok {
		return c.Classes()
	}
	return 0
}

// Store keeps what the feature network said of images, so that a pass that was
// killed continues without seeing them again.
type Store interface {
	// Next reads what was kept of the next batch; ok is false from where nothing was.
	Next(features, logits []float32) (ok bool, err error)
	// Append keeps a batch, once there is no next one.
	Append(features, logits []float32) error
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

	Labels []int // classes of the images, [Nimg]; nil where they have none

	// Store keeps features over a kill, unless a statistic looks at pixels; nil: nothing
	// does.
	Store Store

	// Cache keeps what is made of the reference for other measurements; nil: nothing does.
	Cache *Cache

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
	Images   []float32 // [N H W C], 8-bit levels in [-1, 1]; see Pass.CollectImages
	Features []float32 // [N D]
	Logits   []float32 // [N C], if the pass wants them
}

// Sums are what batches add up to. Whatever is to be known of the same images and
// features is added up in one pass over them.
type Sums interface {
	Add(b Batch)
	Reset()
	State() []Sum // all there is, in copies and a fixed order

	// Restore continues from the state after n images. What it refuses counts as
	// nothing: the caller resets all sums.
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
	pass   *Pass
	done   int       // images measured
	images []float32 // [SourceBatch H W C]
	chunk  []float32 // [B H W C], input of the feature network
	out    []float32 // [SourceBatch D], rounded up to whole batches of B
	logits []float32 // [SourceBatch C], rounded up likewise; nil where the pass wants none
}

// NewCollector checks the configuration of a pass and allocates everything that
// steps need.
func NewCollector(p *Pass) (*Collector, error) {
	cfg := p.Config
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	batch := cfg.Features.Batch()
	rounded := (cfg.SourceBatch + batch - 1) / batch * batch
	c := &Collector{
		cfg:    cfg,
		pass:   p,
		images: make([]float32, cfg.SourceBatch*cfg.Values),
		chunk:  make([]float32, batch*cfg.Values),
		out:    make([]float32, rounded*cfg.Features.Dim()),
	}
	if p.logits != nil {
		c.logits = make([]float32, rounded*classesOf(cfg.Features))
	}
	return c, nil
}

// Step draws one source batch, reduces it to 8 bits and adds its features; or adds
// those that the store has of it. After the last batch it returns done, and further
// steps do nothing. Images and features that are not finite are an error. A step that
// fails adds nothing and may be repeated.
func (c *Collector) Step() (done bool, err error) {
	if c.done >= c.cfg.Nimg {
		return true, nil
	}
	n := min(c.cfg.SourceBatch, c.cfg.Nimg-c.done)
	b := Batch{N: n, Features: c.out[:n*c.cfg.Features.Dim()]}
	if c.logits != nil {
		b.Logits = c.logits[:n*classesOf(c.cfg.Features)]
	}
	store := c.cfg.Store
	if c.pass.images { // which no store has
		store, b.Images = nil, c.images[:n*c.cfg.Values]
	}
	kept := false
	if store != nil {
		if kept, err = store.Next(b.Features, b.Logits); err != nil {
			return false, err
		}
	}
	if !kept {
		if err := c.see(n); err != nil {
			return false, err
		}
		if store != nil {
			if err := store.Append(b.Features, b.Logits); err != nil {
				return false, err
			}
		}
	}
	for _, s := range c.pass.sums {
		s.Add(b)
	}
	c.done += n
	return c.done >= c.cfg.Nimg, nil
}

// see makes the next n images and their features.
func (c *Collector) see(n int) error {
	if err := c.cfg.Source(c.done, c.images); err != nil {
		return fmt.Errorf("metrics: images from number %d: %w", c.done, err)
	}
	batch, dim, values := c.cfg.Features.Batch(), c.cfg.Features.Dim(), c.cfg.Values
	// Quantize would make a black pixel of NaN, and so a distance of rubbish.
	if i, v := notFinite(c.images[:n*values]); i >= 0 {
		return fmt.Errorf("metrics: image %d: got a pixel of %v, want finite numbers", c.done+i/values, v)
	}
	Quantize(c.images[:n*values], c.images[:n*values])
	for lo := 0; lo < n; lo += batch {
		k := min(batch, n-lo)
		// Rows past k keep older images; their features are not used.
		copy(c.chunk, c.images[lo*values:(lo+k)*values])
		if err := c.embed(lo, c.out[lo*dim:(lo+batch)*dim]); err != nil {
			return fmt.Errorf("metrics: features from image %d: %w", c.done+lo, err)
		}
	}
	if i, v := notFinite(c.out[:n*dim]); i >= 0 {
		return fmt.Errorf("metrics: image %d: got %v for feature %d of %q, want finite numbers", c.done+i/dim, v, i%dim, c.cfg.name())
	}
	if classes := classesOf(c.cfg.Features); c.logits != nil {
		if i, v := notFinite(c.logits[:n*classes]); i >= 0 {
			return fmt.Errorf("metrics: image %d: got %v for logit %d of %q, want finite numbers", c.done+i/classes, v, i%classes, c.cfg.name())
		}
	}
	return nil
}

// embed shows the chunk, which begins with image lo of the source batch, to the
// network.
func (c *Collector) embed(lo int, features []float32) error {
	if c.logits == nil {
		return c.cfg.Features.Features(c.chunk, features)
	}
	net := c.cfg.Features.(Classifier)
	return net.Embed(c.chunk, features, c.logits[lo*net.Classes():(lo+net.Batch())*net.Classes()])
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

// Logits is how many class logits of an image the pass keeps; 0 for none.
func (c *Collector) Logits() int {
	if c.logits == nil {
		return 0
	}
	return classesOf(c.cfg.Features)
}

// Progress says how many images have been measured, out of how many.
func (c *Collector) Progress() (nimg, total int) { return c.done, c.cfg.Nimg }

// Reset starts again at image 0, without a store.
func (c *Collector) Reset() { c.Begin(c.cfg.Source, c.pass.Config.Labels, nil) }

// Begin starts to measure other images, of these classes.
func (c *Collector) Begin(source Source, labels []int, store Store) {
	c.done, c.cfg.Source, c.cfg.Store = 0, source, store
	c.pass.Config.Labels = labels
	c.pass.reset()
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
func (c *Collector) State() State {
	s := State{Nimg: c.done}
	for _, sums := range c.pass.sums {
		s.Sums = append(s.Sums, sums.State()...)
	}
	return s
}

// Restore continues from a state. On an error the measurement starts again.
func (c *Collector) Restore(s State) error {
	if s.Nimg < 0 || s.Nimg > c.cfg.Nimg {
		return fmt.Errorf("metrics: state of %d images, want 0 to %d", s.Nimg, c.cfg.Nimg)
	}
	rest := s.Sums
	for i, sums := range c.pass.sums {
		own := rest
		if i < len(c.pass.sums)-1 {
			own = rest[:min(len(sums.State()), len(rest))]
		}
		rest = rest[len(own):]
		if err := sums.Restore(s.Nimg, own); err != nil {
			c.Reset()
			return err
		}
	}
	c.done = s.Nimg
	return nil
}
