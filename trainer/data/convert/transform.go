package convert

import (
	"fmt"
	"math"

	"innate/models/resize"
	"innate/trainer/data/files"
)

// The transforms, by EDM's names.
const (
	Stretch        = ""                 // to the wanted size, whatever the shape
	CenterCrop     = "center-crop"      // the square in the middle
	CenterCropWide = "center-crop-wide" // a band in the middle, between black ones
)

// Transforms are their names.
var Transforms = []string{CenterCrop, CenterCropWide}

// Transform is what becomes of each image.
type Transform struct {
	Name string
	H, W int // 0: those of the image, for Stretch alone
}

// Check refuses a transform that makes no images for training.
func (t Transform) Check() error {
	sized := t.H > 0 && t.W > 0
	switch {
	case t.H < 0 || t.W < 0 || t.H > maxSide || t.W > maxSide || (t.H > 0) != (t.W > 0):
		return fmt.Errorf("convert: resolution %dx%d, want 1 to %d", t.W, t.H, maxSide)
	case t.Name != Stretch && t.Name != CenterCrop && t.Name != CenterCropWide:
		return fmt.Errorf("convert: transform %q, want %s or %s", t.Name, CenterCrop, CenterCropWide)
	case t.Name != Stretch && !sized:
		return fmt.Errorf("convert: %s without a resolution", t.Name)
	case t.Name == CenterCrop && t.H != t.W:
		return fmt.Errorf("convert: %s to %dx%d, want a square", t.Name, t.W, t.H)
	case t.Name == CenterCropWide && t.W <= t.H:
		return fmt.Errorf("convert: %s to %dx%d, want more width than height", t.Name, t.W, t.H)
	}
	return nil
}

// maxSide bounds what images are resized to.
const maxSide = 4096

// Apply makes the wanted image of p. It is false for one that is too small for
// CenterCropWide, which leaves those out.
func (t Transform) Apply(p files.Picture) (files.Picture, bool) {
	switch t.Name {
	case CenterCrop:
		return t.lanczos(files.Colour(square(p))), true
	case CenterCropWide:
		return t.wide(p)
	}
	return t.lanczos(p), true
}

// lanczos resizes to the wanted size, if there is one.
func (t Transform) lanczos(p files.Picture) files.Picture {
	if t.H == 0 {
		return p
	}
	return files.Picture{Pix: resize.Image(resize.Lanczos, p.Pix, p.H, p.W, p.C, t.H, t.W), H: t.H, W: t.W, C: p.C}
}

// square cuts the largest square out of the middle of an image.
func square(p files.Picture) files.Picture {
	side := min(p.H, p.W)
	return crop(p, (p.H-side)/2, (p.W-side)/2, side, side)
}

func crop(p files.Picture, y, x, h, w int) files.Picture {
	out := files.Picture{Pix: make([]byte, 0, h*w*p.C), H: h, W: w, C: p.C}
	for r := y; r < y+h; r++ {
		out.Pix = append(out.Pix, p.Pix[(r*p.W+x)*p.C:(r*p.W+x+w)*p.C]...)
	}
	return out
}

// wide cuts a band of the image's full width. EDM takes its height as that which the
// whole image would have at the wanted width, and keeps to the bounds as Python's
// slices do.
func (t Transform) wide(p files.Picture) (files.Picture, bool) {
	band := int(math.RoundToEven(float64(t.W) * float64(p.H) / float64(p.W)))
	if p.W < t.W || band < t.H {
		return files.Picture{}, false
	}
	from, to := max((p.H-band)/2, 0), min((p.H+band)/2, p.H)
	p = t.lanczos(files.Colour(crop(p, from, 0, to-from, p.W)))
	canvas := files.Picture{Pix: make([]byte, t.W*t.W*3), H: t.W, W: t.W, C: 3}
	copy(canvas.Pix[(t.W-t.H)/2*t.W*3:], p.Pix)
	return canvas, true
}

// pad puts black around an image: MNIST's becomes one of 32 pixels a side.
func pad(p files.Picture, by int) files.Picture {
	out := files.Picture{H: p.H + 2*by, W: p.W + 2*by, C: p.C}
	out.Pix = make([]byte, out.H*out.W*out.C)
	for y := range p.H {
		copy(out.Pix[((y+by)*out.W+by)*p.C:], p.Pix[y*p.W*p.C:(y+1)*p.W*p.C])
	}
	return out
}
