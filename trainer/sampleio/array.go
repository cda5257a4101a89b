package sampleio

import (
	"fmt"
	"io"
	"os"

	"innate/models/atomicfile"
	"innate/models/graph"
	"innate/models/npz"
)

// ReadArray reads images or noise from a file of NumPy's, [N C H W] as PyTorch has
// them, as [N H W C] of the given [H W C].
func ReadArray(path string, image graph.Shape) ([]float32, error) {
	a, err := readArray(path)
	if err != nil {
		return nil, err
	}
	h, w, c := image[0], image[1], image[2]
	if s := a.Shape; len(s) != 4 || s[0] < 1 || s[1] != c || s[2] != h || s[3] != w {
		return nil, fmt.Errorf("sampleio: %s: shape %v, want [N %d %d %d]", path, a.Shape, c, h, w)
	}
	out := make([]float32, len(a.Data))
	eachPixel(a.Shape[0], h, w, c, func(channelsFirst, channelsLast int) {
		out[channelsLast] = float32(a.Data[channelsFirst])
	})
	return out, nil
}

// ReadLabels reads class numbers, [N] whole numbers below classes, as one-hot
// labels [N classes].
func ReadLabels(path string, classes int) ([]float32, error) {
	a, err := readArray(path)
	if err != nil {
		return nil, err
	}
	if len(a.Shape) != 1 {
		return nil, fmt.Errorf("sampleio: %s: shape %v, want [N]", path, a.Shape)
	}
	out := make([]float32, len(a.Data)*classes)
	for i, v := range a.Data {
		class := int(v)
		if float64(class) != v || class < 0 || class >= classes {
			return nil, fmt.Errorf("sampleio: %s: label %d: got %v, want a class from 0 to %d", path, i, v, classes-1)
		}
		out[i*classes+class] = 1
	}
	return out, nil
}

func readArray(path string) (npz.Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return npz.Array{}, fmt.Errorf("sampleio: %w", err)
	}
	defer f.Close()
	a, err := npz.ReadArray(f)
	if err != nil {
		return a, fmt.Errorf("sampleio: %s: %w", path, err)
	}
	return a, nil
}

// WriteArray replaces the file at path by images [N H W C] of the given [H W C], as
// float32 [N C H W].
func WriteArray(path string, images []float32, image graph.Shape) error {
	h, w, c := image[0], image[1], image[2]
	n := len(images) / image.Size()
	a := npz.Array{Shape: []int{n, c, h, w}, Data: make([]float64, len(images)), Descr: "<f4"}
	eachPixel(n, h, w, c, func(channelsFirst, channelsLast int) {
		a.Data[channelsFirst] = float64(images[channelsLast])
	})
	err := atomicfile.Write(path, atomicfile.SyncFile, func(to io.Writer) error { return npz.WriteArray(to, a) })
	if err != nil {
		return fmt.Errorf("sampleio: %w", err)
	}
	return nil
}

// eachPixel calls f with where every value lies in [N C H W] and in [N H W C].
func eachPixel(n, h, w, c int, f func(channelsFirst, channelsLast int)) {
	for i := range n {
		for ch := range c {
			for p := range h * w {
				f((i*c+ch)*h*w+p, (i*h*w+p)*c+ch)
			}
		}
	}
}
