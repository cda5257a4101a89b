package data

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"sync"

	"innate/trainer/data/strokes"
)

// The files of the MNIST database; see mnist/README.md for origin and licence.
var (
	//go:embed mnist/train-images.strokes
	trainImages []byte
	//go:embed mnist/train-labels-idx1-ubyte.gz
	trainLabels []byte
	//go:embed mnist/t10k-images.strokes
	testImages []byte
	//go:embed mnist/t10k-labels-idx1-ubyte.gz
	testLabels []byte
)

var (
	mnistTrain = sync.OnceValues(func() (*Memory, error) {
		return readMNIST("mnist", trainImages, trainLabels)
	})
	mnistTest = sync.OnceValues(func() (*Memory, error) {
		return readMNIST("mnist-test", testImages, testLabels)
	})
)

// MNISTTrain is the embedded training set: 60,000 gray images of 28x28 in 10
// classes. It is decompressed at the first call and shared afterwards.
func MNISTTrain() (*Memory, error) { return mnistTrain() }

// MNISTTest is the embedded test set of 10,000 images.
func MNISTTest() (*Memory, error) { return mnistTest() }

// readMNIST reads images, as package strokes compresses them, and a gzip'ed IDX
// file of labels as ten classes of gray images.
func readMNIST(name string, images, labels []byte) (*Memory, error) {
	fail := func(what string, err error) (*Memory, error) {
		return nil, fmt.Errorf("data: %s: %s: %w", name, what, err)
	}
	pixels, n, side, err := strokes.Decode(images)
	if err != nil {
		return fail("images", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(labels))
	if err != nil {
		return fail("labels", err)
	}
	classes, err := ReadIDXLabels(z)
	if err != nil {
		return fail("labels", err)
	}
	if len(classes) != n {
		return nil, fmt.Errorf("data: %s: %d labels, want one for each of %d images", name, len(classes), n)
	}
	list := make([]int, n)
	for i, c := range classes {
		list[i] = int(c)
	}
	return NewMemory(name, pixels, side, side, 1, list, 10)
}
