package data

import "innate/models/registry"

// Source opens the parts of a data set.
type Source struct {
	Train func() (Dataset, error)
	Test  func() (Dataset, error) // nil where no images are held out
}

// Sources are the data sets that data.dataset may name.
var Sources = registry.New[Source]("data set")

func init() {
	Sources.Add("mnist", Source{
		Train: func() (Dataset, error) { return MNISTTrain() },
		Test:  func() (Dataset, error) { return MNISTTest() },
	})
}

// Open opens the training images of a data set by its name.
func Open(name string) (Dataset, error) {
	s, err := Sources.Get(name)
	if err != nil {
		return nil, err
	}
	set, err := s.Train()
	if err != nil {
		return nil, &Error{name, err}
	}
	return set, nil
}

// OpenTest opens the images of a data set that are held out; nil for none.
func OpenTest(name string) (Dataset, error) {
	s, err := Sources.Get(name)
	if err != nil || s.Test == nil {
		return nil, err
	}
	set, err := s.Test()
	if err != nil {
		return nil, &Error{name, err}
	}
	return set, nil
}
