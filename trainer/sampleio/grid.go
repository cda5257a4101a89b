// Package sampleio writes generated images as PNG files: grids of tiles, 8 bits
// per channel by the rule of metrics.Quantize. A file appears complete or not
// at all, so a viewer that follows the run directory never reads half of one.
package sampleio

import (
	"fmt"
	"image"
	"image/png"
	"io"
	"math"

	"innate/metrics"
	"innate/models/atomicfile"
)

// Grid tiles images [n h w c] of values in [-1, 1], row by row from the top
// left, without gaps. c is 1 (gray) or 3 (RGB). cols is the number of tiles in a
// row; 0 chooses the nearly square grid of Shape. Places that
// remain in the last row are black. Values that are not finite make no picture.
func Grid(images []float32, n, h, w, c, cols int) (image.Image, error) {
	if n < 1 || h < 1 || w < 1 || c != 1 && c != 3 || cols < 0 {
		return nil, fmt.Errorf("sampleio: grid of %d images %dx%dx%d in %d columns, want at least one, with 1 or 3 channels", n, h, w, c, cols)
	}
	if len(images) != n*h*w*c {
		return nil, fmt.Errorf("sampleio: %d values, want %d for %d images of %dx%dx%d", len(images), n*h*w*c, n, h, w, c)
	}
	for i, v := range images {
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("sampleio: image %d of %d: got a pixel of %v, want finite numbers", i/(h*w*c), n, v)
		}
	}
	if cols == 0 {
		cols, _ = Shape(n)
	}
	cols = min(cols, n)
	bounds := image.Rect(0, 0, cols*w, (n+cols-1)/cols*h)
	pixels := make([]uint8, len(images))
	metrics.QuantizeBytes(pixels, images)
	if c == 1 {
		img := image.NewGray(bounds)
		eachRow(n, h, cols, func(row, tile, y int) {
			copy(img.Pix[y*img.Stride+tile*w:][:w], pixels[row*w:])
		})
		return img, nil
	}
	img := image.NewNRGBA(bounds)
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	eachRow(n, h, cols, func(row, tile, y int) {
		out := img.Pix[y*img.Stride+tile*w*4:][:w*4]
		in := pixels[row*w*3:][:w*3]
		for x := range w {
			copy(out[4*x:4*x+3], in[3*x:3*x+3])
		}
	})
	return img, nil
}

// Shape is the nearly square grid that n images are tiled in.
func Shape(n int) (cols, rows int) {
	cols = int(math.Ceil(math.Sqrt(float64(n))))
	return cols, (n + cols - 1) / cols
}

// eachRow calls f for every row of pixels of every image: its number over all
// images, the column of tiles it belongs to, and its y in the grid.
func eachRow(n, h, cols int, f func(row, tile, y int)) {
	for i := range n {
		for y := range h {
			f(i*h+y, i%cols, i/cols*h+y)
		}
	}
}

// WritePNG replaces the picture at path. On an error path keeps what it had.
func WritePNG(path string, img image.Image) error {
	err := atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error { return png.Encode(w, img) })
	if err != nil {
		return fmt.Errorf("sampleio: %w", err)
	}
	return nil
}
