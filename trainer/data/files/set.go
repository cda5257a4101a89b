package files

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"innate/trainer/data"
)

// Name is the data set of what lies at a path.
const Name = "files"

func init() {
	data.Sources.Add(Name, data.Source{
		Train: func(o data.Options) (data.Dataset, error) { return open(o, false) },
		Test:  func(o data.Options) (data.Dataset, error) { return open(o, true) },
	})
}

func open(o data.Options, held bool) (data.Dataset, error) {
	if o.Path == "" {
		return nil, errors.New("no path, want that of a zip, a folder or a file of images")
	}
	c, _, err := Open(o.Path, held)
	if err != nil || c == nil {
		return nil, err
	}
	set, err := Dataset(c, filepath.Base(filepath.Clean(o.Path)), o)
	if err != nil {
		return nil, errors.Join(naming(o.Path, err), c.Close())
	}
	return set, nil
}

// Set is images of one size as a data set. The place of an image that is broken is
// taken, with its label, by the next after it that is whole, the first following the
// last: what is seen in its place depends on the files alone, not on when or by how
// many workers they are read.
type Set struct {
	Collection
	name    string
	opts    data.Options
	h, w, c int
	workers int

	// standIn is, of each image, that which is seen in its place, from 1; 0 while
	// nobody has read it.
	standIn []atomic.Int32

	cache  []byte // [N H W C]; nil where not all find room
	cached []atomic.Int32

	mu    sync.Mutex
	notes []string
	noted int
}

// States of an image in the cache.
const (
	absent = iota
	filling
	kept
)

// Dataset makes training images of a collection, all of the size of its first that is
// whole; gray ones become RGB beside those. It has the collection closed with it.
func Dataset(c Collection, name string, o data.Options) (data.Dataset, error) {
	if h, ok := c.(*held); ok {
		return whole{h.Memory, sync.OnceValue(h.Fingerprint)}, nil
	}
	s := &Set{Collection: c, name: name, opts: o, standIn: make([]atomic.Int32, c.Len()), workers: o.Workers}
	if s.workers < 1 {
		s.workers = runtime.GOMAXPROCS(0)
	}
	if err := s.measure(); err != nil {
		return nil, err
	}
	if size := int64(s.h * s.w * s.c); size*int64(c.Len()) <= int64(o.CacheMB)<<20 {
		s.cache, s.cached = make([]byte, size*int64(c.Len())), make([]atomic.Int32, c.Len())
	}
	return s, nil
}

// whole is a data set whose images are in memory, and cannot be broken.
type whole struct {
	*data.Memory
	print func() string
}

func (w whole) Fingerprint() string { return w.print() }

// tries is how many images are read before a collection counts as unreadable, and
// probes are how many of its images must have one size.
const (
	tries  = 100
	probes = 64
)

// measure finds the size of the images, and refuses those that are of many.
func (s *Set) measure() error {
	var first error
	for i := range min(tries, s.Len()) {
		p, err := s.Decode(i, nil)
		if err == nil {
			s.h, s.w, s.c = p.H, p.W, p.C
			return s.probe(i)
		}
		if damage := (*Damaged)(nil); !errors.As(err, &damage) {
			return err
		}
		if first == nil {
			first = err
		}
	}
	return fmt.Errorf("none of the first %d images can be read: %w", min(tries, s.Len()), first)
}

// probe looks at images all over the collection.
func (s *Set) probe(first int) error {
	n := min(probes, s.Len())
	for k := range n {
		i := k * s.Len() / n
		p, err := s.Decode(i, nil)
		if damage := (*Damaged)(nil); errors.As(err, &damage) {
			continue
		}
		if err != nil {
			return err
		}
		if p.H != s.h || p.W != s.w {
			return fmt.Errorf("images of several sizes: %s is %s, %s is %s; innate data SRC -o OUT.zip --resolution %d makes them one",
				s.Member(first), shapeOf(s.h, s.w, s.c), s.Member(i), p.Shape(), 64)
		}
		s.c = max(s.c, p.C)
	}
	return nil
}

// Name is that of the file or the folder.
func (s *Set) Name() string { return s.name }

// Shape is height, width and channels of every image.
func (s *Set) Shape() (h, w, c int) { return s.h, s.w, s.c }

// Classes is the length of a label.
func (s *Set) Classes() int { return s.Collection.Labels().Dim }

// Bytes is the memory that the set holds.
func (s *Set) Bytes() int { return len(s.cache) + 8*len(s.standIn) }

// Notes returns what has been noticed of broken images since it was last asked.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.notes
	s.notes = nil
	return notes
}

// Images implements data.Dataset: it decodes with as many workers as the set has.
func (s *Set) Images(idx []int, dst []float32) error {
	size := s.h * s.w * s.c
	if len(dst) != len(idx)*size {
		panic(fmt.Sprintf("files: %s: room for %d values, want %d images of %d", s.name, len(dst), len(idx), size))
	}
	var missing []int // places in idx
	for k, i := range idx {
		if s.cache != nil && s.cached[i].Load() == kept {
			data.Levels(dst[k*size:(k+1)*size], s.cache[i*size:(i+1)*size])
		} else {
			missing = append(missing, k)
		}
	}
	errs := make([]error, len(missing))
	var next atomic.Int32
	var wait sync.WaitGroup
	for range min(s.workers, len(missing)) {
		wait.Go(func() {
			for {
				j := int(next.Add(1)) - 1
				if j >= len(missing) {
					return
				}
				k := missing[j]
				errs[j] = s.image(idx[k], dst[k*size:(k+1)*size])
			}
		})
	}
	wait.Wait()
	for _, err := range errs { // the first in order, whoever came upon it
		if err != nil {
			return err
		}
	}
	return nil
}

// image writes one image, or what is seen in its place.
func (s *Set) image(i int, dst []float32) error {
	pix, err := s.pixels(i)
	if err != nil {
		return err
	}
	data.Levels(dst, pix)
	if s.cache != nil && s.cached[i].CompareAndSwap(absent, filling) {
		copy(s.cache[i*len(pix):], pix)
		s.cached[i].Store(kept)
	}
	return nil
}

// pixels decodes the image that is seen in the place of i. Those that it finds broken
// on the way have the same in theirs.
func (s *Set) pixels(i int) ([]byte, error) {
	var broken []*Damaged
	for k := range s.Len() {
		j := (i + k) % s.Len()
		if known := s.standIn[j].Load(); known > 0 {
			j = int(known) - 1
		}
		pix, err := s.one(j)
		damage := (*Damaged)(nil)
		switch {
		case err == nil:
			s.standIn[j].Store(int32(j) + 1)
			for m, b := range broken {
				if s.standIn[(i+m)%s.Len()].CompareAndSwap(0, int32(j)+1) {
					s.note(fmt.Sprintf("data: %s: %v; %s takes its place", s.name, b, s.Member(j)))
				}
			}
			return pix, nil
		case !errors.As(err, &damage) || s.opts.Stop:
			return nil, err
		}
		broken = append(broken, damage)
	}
	return nil, fmt.Errorf("no image can be read: %w", broken[0])
}

// one decodes image i itself.
func (s *Set) one(i int) ([]byte, error) {
	p, err := s.Decode(i, func(h, w int) error {
		if h != s.h || w != s.w {
			return fmt.Errorf("image of %dx%d, want %dx%d as others", h, w, s.h, s.w)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case p.C == s.c:
		return p.Pix, nil
	case p.C == 1:
		return Colour(p).Pix, nil
	}
	return nil, &Damaged{s.Member(i), fmt.Errorf("image of %s, want %s as others", p.Shape(), shapeOf(s.h, s.w, s.c))}
}

// maxNotes is how many broken images are named.
const maxNotes = 100

func (s *Set) note(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.noted++; {
	case s.noted < maxNotes:
		s.notes = append(s.notes, text)
	case s.noted == maxNotes:
		s.notes = append(s.notes, text+"; further broken images are not named: innate data names all")
	}
}

// Labels implements data.Dataset; where another image takes a place, its label does.
func (s *Set) Labels(idx []int, dst []float32) error {
	l := s.Collection.Labels()
	if len(dst) != len(idx)*l.Dim {
		panic(fmt.Sprintf("files: %s: room for %d values, want %d labels of %d", s.name, len(dst), len(idx), l.Dim))
	}
	clear(dst)
	for k, i := range idx {
		j := s.standIn[i].Load()
		if j == 0 { // nobody has seen the image yet
			if _, err := s.pixels(i); err != nil {
				return err
			}
			j = s.standIn[i].Load()
		}
		if l.Vectors != nil {
			copy(dst[k*l.Dim:], l.Vectors[j-1])
		} else {
			dst[k*l.Dim+l.Classes[j-1]] = 1
		}
	}
	return nil
}
