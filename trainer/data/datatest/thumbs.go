// Package datatest registers a data set for tests, "thumbs": as many classes as
// MNIST has, but few and small images, on which a step of training costs a tenth.
// Its networks have resolutions of 8, 4 and 2.
package datatest

import (
	"math/rand/v2"

	"innate/trainer/data"
)

// Side is the height and the width of an image.
const Side = 8

// Train and Test are how many images there are.
const (
	Train = 512
	Test  = 64
)

func init() {
	data.Sources.Add("thumbs", data.Source{
		Train: func(data.Options) (data.Dataset, error) { return thumbs("thumbs", Train, 1) },
		Test:  func(data.Options) (data.Dataset, error) { return thumbs("thumbs-test", Test, 2) },
	})
}

// thumbs draws n gray images of ten classes: each a column and a row of its
// class, in gray levels of its own, over noise.
func thumbs(name string, n int, seed uint64) (*data.Memory, error) {
	rng := rand.New(rand.NewPCG(seed, Side))
	pixels, labels := make([]byte, n*Side*Side), make([]int, n)
	for i := range n {
		class := i % 10
		image := pixels[i*Side*Side : (i+1)*Side*Side]
		for j := range image {
			image[j] = byte(rng.IntN(64))
			if y, x := j/Side, j%Side; x == class%Side || y == class/2 {
				image[j] += byte(128 + rng.IntN(64))
			}
		}
		labels[i] = class
	}
	return data.NewMemory(name, pixels, Side, Side, 1, labels, 10)
}
