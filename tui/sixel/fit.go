package sixel

import (
	"image"
	"image/color"
)

// MinTiles is how many samples should show before they are shrunk.
const MinTiles = 6

// minSide is the side below which samples aren't shrunk.
const minSide = 6

// AsIs is the side of a picture that was composed pixel by pixel: it was made
// for its box and is left alone.
const AsIs = -1

// Tiling is how a picture is made of square samples, and with it the rule by
// which they may be moved to use the room that a box has.
type Tiling struct {
	Side  int  // pixels of one; 0, or what doesn't divide the picture: it is one sample
	ByRow bool // rows stay rows, because each shows a class of its own
}

// Fit is Tiling.Fit of a picture whose rows mean nothing.
func Fit(img image.Image, side, w, h int) image.Image { return Tiling{Side: side}.Fit(img, w, h) }

// Fit arranges a grid of samples for a box of w by h pixels, as Arrange says.
// Samples are enlarged by nearest neighbour and shrunk by area averages. The
// result is grey when img is. It is nil when there is no room.
func (t Tiling) Fit(img image.Image, w, h int) image.Image {
	if t.Side == AsIs {
		return img
	}
	b := img.Bounds()
	if w < 4 || h < 4 || b.Empty() {
		return nil
	}
	s := source{img: img, cols: 1, rows: 1, w: b.Dx(), h: b.Dy()}
	if side := t.Side; side > 0 {
		for gap := 0; gap <= 2; gap++ {
			if (b.Dx()+gap)%(side+gap) == 0 && (b.Dy()+gap)%(side+gap) == 0 {
				s.cols, s.rows = (b.Dx()+gap)/(side+gap), (b.Dy()+gap)/(side+gap)
				s.w, s.h, s.gap = side, side, gap
				break
			}
		}
	}
	if s.cols*s.rows == 1 {
		return s.single(w, h)
	}
	l, ok := t.Arrange(s.cols*s.rows, s.cols, w, h)
	if !ok {
		return nil
	}
	return s.render(l, l.Side, l.Side)
}

// source is a picture made of cols by rows samples of w by h pixels.
type source struct {
	img        image.Image
	cols, rows int
	w, h, gap  int
}

// single scales the only sample to the box.
func (s source) single(w, h int) image.Image {
	one := Layout{Cols: 1, Rows: 1}
	if f := min(w/s.w, h/s.h); f >= 1 {
		return s.render(one, s.w*f, s.h*f)
	}
	dw, dh := w, s.h*w/s.w
	if dh > h {
		dw, dh = s.w*h/s.h, h
	}
	return s.render(one, max(dw, 1), max(dh, 1))
}

// render draws the samples that l shows, dw by dh pixels each.
func (s source) render(l Layout, dw, dh int) image.Image {
	rect := image.Rect(0, 0, l.Cols*(dw+l.Gap)-l.Gap, l.Rows*(dh+l.Gap)-l.Gap)
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
	for place := range l.Cols * l.Rows {
		i := l.Index(place)
		if i >= s.cols*s.rows {
			break
		}
		from := image.Pt(i%s.cols*(s.w+s.gap), i/s.cols*(s.h+s.gap))
		to := image.Pt(place%l.Cols*(dw+l.Gap), place/l.Cols*(dh+l.Gap))
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

// span returns the source pixels [a, b) behind destination pixel i of d. Each of
// the n of the source counts f times: so many that f·n is at least d, and that
// enlarging is shrinking, too.
func span(i, d, n int) (a, b, f int) {
	f = (d + n - 1) / n
	n *= f
	return i * n / d, ((i+1)*n + d - 1) / d, f
}

func (s source) tileGrey(src, dst *image.Gray, from, to image.Point, dw, dh int) {
	for y := range dh {
		y0, y1, fy := span(y, dh, s.h)
		for x := range dw {
			x0, x1, fx := span(x, dw, s.w)
			sum := 0
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					sum += int(src.Pix[(from.Y+sy/fy)*src.Stride+from.X+sx/fx])
				}
			}
			dst.Pix[(to.Y+y)*dst.Stride+to.X+x] = uint8(sum / ((y1 - y0) * (x1 - x0)))
		}
	}
}

func (s source) tileColor(dst *image.RGBA, from, to image.Point, dw, dh int) {
	min := s.img.Bounds().Min.Add(from)
	for y := range dh {
		y0, y1, fy := span(y, dh, s.h)
		for x := range dw {
			x0, x1, fx := span(x, dw, s.w)
			var r, g, b, n uint32
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					pr, pg, pb, _ := s.img.At(min.X+sx/fx, min.Y+sy/fy).RGBA()
					r, g, b, n = r+pr>>8, g+pg>>8, b+pb>>8, n+1
				}
			}
			dst.SetRGBA(to.X+x, to.Y+y, color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255})
		}
	}
}
