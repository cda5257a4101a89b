package data

import (
	"innate/models/published"
	"innate/models/registry"
)

// Options say what a data set is read from, and how.
type Options struct {
	Path    string // of the images, or fetch:NAME, for a source that reads them from one
	Stop    bool   // a broken image is an error; otherwise another stands in for it
	CacheMB int    // for decoded images, which are kept if all find room
	Workers int    // that decode at once, on which no image depends; 0: one a core
}

// Source opens the parts of a data set.
type Source struct {
	Train func(Options) (Dataset, error)
	Test  func(Options) (Dataset, error) // nil, or returns nil, where no images are held out
}

// Sources are the data sets that data.dataset may name.
var Sources = registry.New[Source]("data set")

func init() {
	Sources.Add("mnist", Source{
		Train: func(Options) (Dataset, error) { return MNISTTrain() },
		Test:  func(Options) (Dataset, error) { return MNISTTest() },
	})
}

// Open opens the training images of a data set by its name.
func Open(name string, o Options) (Dataset, error) {
	s, err := Sources.Get(name)
	if err != nil {
		return nil, err
	}
	return open(name, s.Train, o)
}

// open opens images by one of the functions of a source. Their path may be fetch:NAME.
func open(name string, by func(Options) (Dataset, error), o Options) (Dataset, error) {
	var err error
	if o.Path, err = published.Resolve(o.Path); err != nil {
		return nil, &Error{name, err}
	}
	set, err := by(o)
	if err != nil {
		return nil, &Error{name, err}
	}
	return set, nil
}

// OpenTest opens the images of a data set that are held out; nil for none.
func OpenTest(name string, o Options) (Dataset, error) {
	s, err := Sources.Get(name)
	if err != nil || s.Test == nil {
		return nil, err
	}
	return open(name, s.Test, o)
}
