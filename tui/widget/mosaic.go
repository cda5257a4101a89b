package widget

import (
	"image"
	"image/draw"

	"innate/tui/sixel"
)

// Tiles is a grid of square samples without gaps, to be taken one by one.
type Tiles struct {
	img  image.Image
	side int
	cols int
	n    int
}

// CutTiles cuts a grid into samples of side pixels. A picture that side doesn't
// divide holds none.
func CutTiles(img image.Image, side int) Tiles {
	if img == nil || side < 1 {
		return Tiles{}
	}
	size := img.Bounds().Size()
	if size.X%side != 0 || size.Y%side != 0 {
		return Tiles{}
	}
	return Tiles{img: img, side: side, cols: size.X / side, n: size.X / side * (size.Y / side)}
}

// Len is the number of samples.
func (t Tiles) Len() int { return t.n }

// Cols is how many samples the grid has in a row.
func (t Tiles) Cols() int { return t.cols }

// Rows is how many rows the grid has.
func (t Tiles) Rows() int { return t.n / max(t.cols, 1) }

// First keeps at most n samples.
func (t Tiles) First(n int) Tiles {
	t.n = min(t.n, n)
	return t
}

// Crop keeps at most so many columns.
func (t Tiles) Crop(cols int) Tiles {
	t.n, t.cols = t.Rows()*min(cols, t.cols), min(cols, t.cols)
	return t
}

// At returns sample i, or nil if there is none.
func (t Tiles) At(i int) image.Image {
	sub, ok := t.img.(interface {
		SubImage(image.Rectangle) image.Image
	})
	if !ok || i < 0 || i >= t.n {
		return nil
	}
	min := t.img.Bounds().Min.Add(image.Pt(i%t.cols, i/t.cols).Mul(t.side))
	return sub.SubImage(image.Rectangle{min, min.Add(image.Pt(t.side, t.side))})
}

// Range returns the samples from first on, at most n.
func (t Tiles) Range(first, n int) []image.Image {
	var list []image.Image
	for i := first; i < min(first+n, t.n); i++ {
		list = append(list, t.At(i))
	}
	return list
}

// In returns the samples that a layout shows, by place.
func (t Tiles) In(l sixel.Layout) []image.Image {
	var list []image.Image
	for row := range l.Rows {
		list = append(list, t.Range(l.Index(row*l.Cols), l.Cols)...)
	}
	return list
}

// Mosaic shows samples beside each other as its Layout says. Its zero value
// shows nothing.
type Mosaic struct {
	Tiles  []image.Image // by place; nil ones stay black
	Layout sixel.Layout
	Mark   int // the place with a frame around it, -1 for none
}

// Size returns the pixels of the mosaic; a mark takes a gap on every side.
func (m Mosaic) Size() (w, h int) {
	w, h = m.Layout.Size()
	if m.Mark >= 0 {
		w, h = w+2*m.Layout.Gap, h+2*m.Layout.Gap
	}
	return w, h
}

// Spot returns where a place lies in the mosaic.
func (m Mosaic) Spot(place int) image.Rectangle {
	r := m.Layout.Spot(place)
	if m.Mark >= 0 {
		r = r.Add(image.Pt(m.Layout.Gap, m.Layout.Gap))
	}
	return r
}

// Draw puts the mosaic on a canvas with its corner at at.
func (m Mosaic) Draw(dst draw.Image, at image.Point) {
	for i, tile := range m.Tiles[:min(len(m.Tiles), m.Layout.Cols*m.Layout.Rows)] {
		spot := m.Spot(i).Add(at)
		if i == m.Mark {
			blit(dst, spot.Inset(-m.Layout.Gap), image.White, image.Point{})
			blit(dst, spot, image.Black, image.Point{})
		}
		if tile == nil {
			continue
		}
		if scaled := sixel.Fit(tile, 0, spot.Dx(), spot.Dy()); scaled != nil {
			blit(dst, spot, scaled, scaled.Bounds().Min)
		}
	}
}

// NewCanvas returns a black picture, grey if all of the images are, so that it
// stays cheap to encode.
func NewCanvas(w, h int, images ...image.Image) draw.Image {
	for _, img := range images {
		if _, grey := img.(*image.Gray); !grey && img != nil {
			c := image.NewRGBA(image.Rect(0, 0, w, h))
			blit(c, c.Rect, image.Black, image.Point{})
			return c
		}
	}
	return image.NewGray(image.Rect(0, 0, w, h))
}

// blit copies src, from sp on, into r. Grey pixels, the usual case, are copied
// row by row.
func blit(dst draw.Image, r image.Rectangle, src image.Image, sp image.Point) {
	d, isGrey := dst.(*image.Gray)
	s, fromGrey := src.(*image.Gray)
	r = r.Intersect(dst.Bounds())
	if !isGrey || !fromGrey {
		draw.Draw(dst, r, src, sp, draw.Src)
		return
	}
	r = r.Intersect(s.Rect.Add(r.Min.Sub(sp)))
	for y := range r.Dy() {
		copy(d.Pix[d.PixOffset(r.Min.X, r.Min.Y+y):][:r.Dx()], s.Pix[s.PixOffset(sp.X, sp.Y+y):])
	}
}

// PickLayout returns how at least want samples fit into w by h pixels, as large
// as they can be: enlarged by whole factors, else shrunk. It is false when there
// is no room for one.
func PickLayout(want, side, w, h int) (sixel.Layout, bool) {
	if side < 1 {
		return sixel.Layout{}, false
	}
	fit := func(d, gap int) (sixel.Layout, bool) {
		l := sixel.Layout{Cols: (w + gap) / (d + gap), Rows: (h + gap) / (d + gap), Side: d, Gap: gap}
		return l, l.Cols > 0 && l.Rows > 0
	}
	for f := 8; f >= 1; f-- {
		if l, ok := fit(side*f, 2); ok && l.Cols*l.Rows >= want {
			return l, true
		}
	}
	for d := side - 1; d > 6; d-- {
		if l, ok := fit(d, 1); ok && l.Cols*l.Rows >= want {
			return l, true
		}
	}
	return fit(min(side, 6), 1)
}
