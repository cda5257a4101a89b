package data

import (
	"fmt"
	"io"
)

// Dataset is a fixed, indexed collection of labelled images of one shape.
type Dataset interface {
	Name() string
	Len() int
	Shape() (h, w, c int) // of an image
	Classes() int         // length of a label; 0 where there are none
	// Images writes the images of the given indices to dst [len(idx) H W C],
	// in [-1, 1]. It may be called from a goroutine beside the one that trains.
	Images(idx []int, dst []float32) error
	// Labels writes their one-hot labels to dst [len(idx) Classes].
	Labels(idx []int, dst []float32) error
}

// Memory is a data set held as bytes.
type Memory struct {
	name    string
	pixels  []byte // [N H W C]
	labels  []int  // [N], each below classes; nil for none
	n       int
	h, w, c int
	classes int
}

// NewMemory wraps pixels [N H W C] and labels [N], which must not change
// afterwards; images without classes have no labels.
func NewMemory(name string, pixels []byte, h, w, c int, labels []int, classes int) (*Memory, error) {
	if h < 1 || w < 1 || c < 1 || classes < 0 {
		return nil, fmt.Errorf("data: %s: images of %dx%dx%d and %d classes, want at least one of each", name, h, w, c, classes)
	}
	n := len(pixels) / (h * w * c)
	if n == 0 || len(pixels) != n*h*w*c {
		return nil, fmt.Errorf("data: %s: %d pixel bytes, want images of %dx%dx%d", name, len(pixels), h, w, c)
	}
	if classes > 0 && len(labels) != n || classes == 0 && len(labels) > 0 {
		return nil, fmt.Errorf("data: %s: %d labels of %d classes for %d images", name, len(labels), classes, n)
	}
	for i, label := range labels {
		if label < 0 || label >= classes {
			return nil, fmt.Errorf("data: %s: label %d of image %d, want below %d", name, label, i, classes)
		}
	}
	return &Memory{name: name, pixels: pixels, labels: labels, n: n, h: h, w: w, c: c, classes: classes}, nil
}

// Name is what the data set is called on screen.
func (m *Memory) Name() string { return m.name }

// Bytes is the memory that it holds.
func (m *Memory) Bytes() int { return len(m.pixels) + 8*len(m.labels) }

// Len is the number of images.
func (m *Memory) Len() int { return m.n }

// Shape is height, width and channels of an image.
func (m *Memory) Shape() (h, w, c int) { return m.h, m.w, m.c }

// Classes is the number of classes, 0 for none.
func (m *Memory) Classes() int { return m.classes }

// Label is the class of image i.
func (m *Memory) Label(i int) int { return m.labels[i] }

// Pixels returns all images as bytes [N H W C]; do not change them.
func (m *Memory) Pixels() []byte { return m.pixels }

// Images implements Dataset; an index out of range panics.
func (m *Memory) Images(idx []int, dst []float32) error {
	size := m.h * m.w * m.c
	if len(dst) != len(idx)*size {
		panic(fmt.Sprintf("data: %s: room for %d values, want %d images of %d", m.name, len(dst), len(idx), size))
	}
	for k, i := range idx {
		Levels(dst[k*size:(k+1)*size], m.pixels[i*size:(i+1)*size])
	}
	return nil
}

// Labels implements Dataset; an index out of range panics.
func (m *Memory) Labels(idx []int, dst []float32) error {
	if len(dst) != len(idx)*m.classes {
		panic(fmt.Sprintf("data: %s: room for %d values, want %d labels of %d", m.name, len(dst), len(idx), m.classes))
	}
	clear(dst)
	for k, i := range idx {
		dst[k*m.classes+m.labels[i]] = 1
	}
	return nil
}

// Levels writes the values that bytes have in training, in [-1, 1], to dst.
func Levels(dst []float32, bytes []byte) {
	for i, u := range bytes {
		dst[i] = levels[u]
	}
}

// Close closes the files of a data set that has some.
func Close(set Dataset) error {
	if c, ok := set.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// levels are the values of the 256 bytes.
var levels = func() (t [256]float32) {
	for u := range t {
		t[u] = float32(u)/127.5 - 1
	}
	return t
}()
