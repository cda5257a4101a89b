package sixel

import "image"

// Layout is how samples lie beside each other: Cols by Rows places for them, each
// Side by Side pixels, with Gap pixels between. Places count row by row from the
// top left, and so do samples in their grid.
type Layout struct {
	Cols, Rows, Side, Gap int

	First int // sample in the first place
	Skip  int // samples left out between the end of a row and the begin of the next
}

// Size returns the pixels that the samples and the gaps between them take.
func (l Layout) Size() (w, h int) {
	return l.Cols*(l.Side+l.Gap) - l.Gap, l.Rows*(l.Side+l.Gap) - l.Gap
}

// Spot returns where a place lies, from the corner of the first one.
func (l Layout) Spot(place int) image.Rectangle {
	at := image.Pt(place%l.Cols, place/l.Cols).Mul(l.Side + l.Gap)
	return image.Rectangle{at, at.Add(image.Pt(l.Side, l.Side))}
}

// Stride is how many samples further the place below shows.
func (l Layout) Stride() int { return l.Cols + l.Skip }

// Index returns the sample in a place.
func (l Layout) Index(place int) int { return l.First + place + place/l.Cols*l.Skip }

// Place returns where sample i shows, if it does.
func (l Layout) Place(i int) int {
	i -= l.First
	return i/l.Stride()*l.Cols + i%l.Stride()
}

// Page moves the layout to the page that shows sample i: pages follow each other
// downwards, and rightwards where rows are cut.
func (l Layout) Page(i int) Layout {
	row, col := i/l.Stride(), i%l.Stride()
	// The last page of a row is a full one.
	l.First = row/l.Rows*l.Rows*l.Stride() + min(col/l.Cols*l.Cols, l.Skip)
	return l
}

// Arrange returns how n samples, cols in a row, are laid out in a box of w by h
// pixels. It is false when there is no room.
func (t Tiling) Arrange(n, cols, w, h int) (Layout, bool) {
	switch {
	case n < 1 || cols < 1 || t.Side < 1:
		return Layout{}, false
	case t.ByRow:
		return arrangeRows(cols, (n+cols-1)/cols, t.Side, w, h)
	}
	return arrangeFreely(n, cols, t.Side, w, h)
}

// arrangeFreely breaks rows where it suits. Samples are enlarged by whole factors
// as far as three quarters of them fit; the last ones may be left out. If even at
// their own size fewer fit the first ones show, and only if those were fewer than
// MinTiles are they shrunk.
func arrangeFreely(n, cols, side, w, h int) (Layout, bool) {
	const gap = 2
	rows := (n + cols - 1) / cols
	for f := 8; f >= 1; f-- {
		fitX, fitY := capacity(w, h, side*f, gap)
		if 4*fitX*fitY < 3*n {
			continue
		}
		if cols <= fitX && rows <= fitY {
			return Layout{Cols: cols, Rows: rows, Side: side * f, Gap: gap}, true // as it was
		}
		fitX, fitY = balance(n, fitX, fitY)
		return Layout{Cols: fitX, Rows: fitY, Side: side * f, Gap: gap}, true
	}
	d := side
	for ; d > minSide; d-- {
		if fitX, fitY := capacity(w, h, d, 1); fitX*fitY >= min(n, MinTiles) {
			break
		}
	}
	fitX, fitY := capacity(w, h, d, 1)
	if fitX == 0 || fitY == 0 {
		return Layout{}, false
	}
	fitX, fitY = balance(n, fitX, fitY)
	return Layout{Cols: fitX, Rows: fitY, Side: d, Gap: 1}, true
}

// arrangeRows keeps every sample in its row. That all rows show comes first, then
// three quarters of each row, then whole factors of enlargement, and then any of a
// quarter and more: a few tall rows seldom leave the room for a whole one. Samples
// are shrunk until there is room for all rows. What has no room is left out at
// the right and at the bottom.
func arrangeRows(cols, rows, side, w, h int) (Layout, bool) {
	fit := func(d, gap int) Layout {
		fitX, fitY := capacity(w, h, d, gap)
		fitX = min(fitX, cols)
		return Layout{Cols: fitX, Rows: min(fitY, rows), Side: d, Gap: gap, Skip: cols - fitX}
	}
	for d := 8 * side; d >= side+side/4; d-- {
		whole := d%side == 0
		if l := fit(d, 2); (whole || d < 2*side) && l.Rows == rows && 4*l.Cols >= 3*cols {
			return l, true
		}
	}
	l := fit(side, 2)
	for d := side; d >= min(side, minSide) && (l.Rows < rows || l.Cols == 0); d-- {
		l = fit(d, 1)
	}
	return l, l.Cols > 0 && l.Rows > 0
}

// capacity returns how many samples of d by d pixels with gaps fit.
func capacity(w, h, d, gap int) (cols, rows int) {
	return (w + gap) / (d + gap), (h + gap) / (d + gap)
}

// balance makes rows of nearly equal length of the n samples, or as many as
// have room.
func balance(n, cols, rows int) (int, int) {
	rows = min(rows, (n+cols-1)/cols)
	return (min(n, cols*rows) + rows - 1) / rows, rows
}
