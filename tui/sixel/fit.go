package sixel

import (
	"image"
	"image/color"
)

// MinTiles is how many samples should show before they are shrunk.
const MinTiles = 6

// AsIs is the tile of a picture that was composed pixel by pixel.
const AsIs = -1

// Fit arranges a grid of square samples of tile pixels for a box of w by h
// pixels. Samples are enlarged by whole factors, nearest neighbour, as far as
// three quarters of them fit; the last ones may be left out. If even at their
// own size fewer fit the first ones show, and only if those were fewer than
// MinTiles are they shrunk by area averages. A tile of 0,
// or one that does not divide the picture, takes the picture as one sample.
// The result is grey when img is. It is nil when there is no room. A tile of
// AsIs leaves the picture alone: it was made for the box.
func Fit(img image.Image, tile, w, h int) image.Image {
	if tile == AsIs {
		return img
	}
	b := img.Bounds()
	if w < 4 || h < 4 || b.Empty() {
		return nil
	}
	s := source{img: img, cols: 1, rows: 1, w: b.Dx(), h: b.Dy()}
	if tile > 0 {
		for gap := 0; gap <= 2; gap++ {
			if (b.Dx()+gap)%(tile+gap) == 0 && (b.Dy()+gap)%(tile+gap) == 0 {
				s.cols, s.rows = (b.Dx()+gap)/(tile+gap), (b.Dy()+gap)/(tile+gap)
				s.w, s.h, s.gap = tile, tile, gap
				break
			}
		}
	}
	if s.cols*s.rows == 1 {
		return s.single(w, h)
	}
	return s.grid(w, h)
}

// source is a picture made of cols by rows samples of w by h pixels.
type source struct {
	img        image.Image
	cols, rows int
	w, h, gap  int
}

// single scales the only sample to the box.
func (s source) single(w, h int) image.Image {
	if f := min(w/s.w, h/s.h); f >= 1 {
		return s.render(1, 1, s.w*f, s.h*f, 0)
	}
	dw, dh := w, s.h*w/s.w
	if dh > h {
		dw, dh = s.w*h/s.h, h
	}
	return s.render(1, 1, max(dw, 1), max(dh, 1), 0)
}

// capacity returns how many samples of d by d pixels with gaps fit.
func capacity(w, h, d, gap int) (cols, rows int) {
	return (w + gap) / (d + gap), (h + gap) / (d + gap)
}

// Layout is how samples lie beside each other: Cols by Rows of them, each Side
// by Side pixels, with Gap pixels between.
type Layout struct{ Cols, Rows, Side, Gap int }

// Size returns the pixels that the samples and the gaps between them take.
func (l Layout) Size() (w, h int) {
	return l.Cols*(l.Side+l.Gap) - l.Gap, l.Rows*(l.Side+l.Gap) - l.Gap
}

// Spot returns where sample i lies, from the corner of the first one.
func (l Layout) Spot(i int) image.Rectangle {
	at := image.Pt(i%l.Cols, i/l.Cols).Mul(l.Side + l.Gap)
	return image.Rectangle{at, at.Add(image.Pt(l.Side, l.Side))}
}

// Arrange returns how Fit lays out n samples of side pixels, cols in a row, in a
// box of w by h pixels. It is false when there is no room.
func Arrange(n, cols, side, w, h int) (Layout, bool) {
	if n < 1 || cols < 1 || side < 1 {
		return Layout{}, false
	}
	const gap = 2
	rows := (n + cols - 1) / cols
	for f := 8; f >= 1; f-- {
		fitX, fitY := capacity(w, h, side*f, gap)
		if 4*fitX*fitY < 3*n {
			continue
		}
		if cols <= fitX && rows <= fitY {
			return Layout{cols, rows, side * f, gap}, true // as it was
		}
		fitX, fitY = balance(n, fitX, fitY)
		return Layout{fitX, fitY, side * f, gap}, true
	}
	d := side
	for ; d > 6; d-- {
		if fitX, fitY := capacity(w, h, d, 1); fitX*fitY >= min(n, MinTiles) {
			break
		}
	}
	fitX, fitY := capacity(w, h, d, 1)
	if fitX == 0 || fitY == 0 {
		return Layout{}, false
	}
	fitX, fitY = balance(n, fitX, fitY)
	return Layout{fitX, fitY, d, 1}, true
}

func (s source) grid(w, h int) image.Image {
	l, ok := Arrange(s.cols*s.rows, s.cols, s.w, w, h)
	if !ok {
		return nil
	}
	return s.render(l.Cols, l.Rows, l.Side, l.Side, l.Gap)
}

// balance makes rows of nearly equal length of the n samples, or as many as
// have room.
func balance(n, cols, rows int) (int, int) {
	rows = min(rows, (n+cols-1)/cols)
	return (min(n, cols*rows) + rows - 1) / rows, rows
}

// render draws cols by rows samples of dw by dh pixels, in the source's order.
func (s source) render(cols, rows, dw, dh, gap int) image.Image {
	rect := image.Rect(0, 0, cols*(dw+gap)-gap, rows*(dh+gap)-gap)
	grey, isGrey := toGrey(s.img)
	var outGrey *image.Gray
	var outRGBA *image.RGBA
	if isGrey {
		outGrey = image.NewGray(rect)
	} else {
		outRGBA = image.NewRGBA(rect)
		for i := 3; i < len(outRGBA.Pix); i += 4 {
			outRGBA.Pix[i] = 255
		}
	}
	for i := range min(cols*rows, s.cols*s.rows) {
		from := image.Pt(i%s.cols*(s.w+s.gap), i/s.cols*(s.h+s.gap))
		to := image.Pt(i%cols*(dw+gap), i/cols*(dh+gap))
		if isGrey {
			s.tileGrey(grey, outGrey, from, to, dw, dh)
		} else {
			s.tileColor(outRGBA, from, to, dw, dh)
		}
	}
	if isGrey {
		return outGrey
	}
	return outRGBA
}

// span returns the source pixels [a, b) behind destination pixel i of d.
func span(i, d, n int) (a, b int) {
	a, b = i*n/d, ((i+1)*n+d-1)/d
	if d >= n { // enlarging: one pixel
		b = a + 1
	}
	return a, b
}

func (s source) tileGrey(src, dst *image.Gray, from, to image.Point, dw, dh int) {
	for y := range dh {
		y0, y1 := span(y, dh, s.h)
		for x := range dw {
			x0, x1 := span(x, dw, s.w)
			sum := 0
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					sum += int(src.Pix[(from.Y+sy)*src.Stride+from.X+sx])
				}
			}
			dst.Pix[(to.Y+y)*dst.Stride+to.X+x] = uint8(sum / ((y1 - y0) * (x1 - x0)))
		}
	}
}

func (s source) tileColor(dst *image.RGBA, from, to image.Point, dw, dh int) {
	min := s.img.Bounds().Min.Add(from)
	for y := range dh {
		y0, y1 := span(y, dh, s.h)
		for x := range dw {
			x0, x1 := span(x, dw, s.w)
			var r, g, b, n uint32
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					pr, pg, pb, _ := s.img.At(min.X+sx, min.Y+sy).RGBA()
					r, g, b, n = r+pr>>8, g+pg>>8, b+pb>>8, n+1
				}
			}
			dst.SetRGBA(to.X+x, to.Y+y, color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255})
		}
	}
}
