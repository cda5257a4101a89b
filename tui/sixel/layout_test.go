package sixel_test

import (
	"image"
	"image/color"
	"slices"
	"testing"

	"innate/tui/sixel"
)

// TestArrangeByRow tries many boxes: rows never mix, all of them show where they
// fit, and samples are as large as that allows.
func TestArrangeByRow(t *testing.T) {
	for _, shape := range [][2]int{{7, 10}, {1, 1}, {3, 2}, {1, 10}, {20, 40}} {
		cols, rows := shape[0], shape[1]
		for _, side := range []int{28, 6, 4} {
			least := min(side, 6) // pixels to which samples may be shrunk
			for w := 0; w < 1000; w += 29 {
				for h := 0; h < 1000; h += 31 {
					l, ok := sixel.Tiling{Side: side, ByRow: true}.Arrange(cols*rows, cols, w, h)
					if want := w >= least && h >= least; ok != want {
						t.Fatalf("%v of %d in %dx%d: ok is %v", shape, side, w, h, ok)
					}
					if !ok {
						continue
					}
					if lw, lh := l.Size(); lw > w || lh > h || l.Cols > cols || l.Rows > rows {
						t.Fatalf("%v of %d in %dx%d: %+v takes %dx%d", shape, side, w, h, l, lw, lh)
					}
					for place := range l.Cols * l.Rows {
						if i := l.Index(place); i != place/l.Cols*cols+place%l.Cols || l.Place(i) != place {
							t.Fatalf("%v of %d in %dx%d: %+v has sample %d in place %d", shape, side, w, h, l, i, place)
						}
					}
					if l.Rows < rows && rows*(least+1)-1 <= h {
						t.Fatalf("%v of %d in %dx%d: %+v, want all rows", shape, side, w, h, l)
					}
					if l.Cols < cols && cols*(side+2)-2 <= w && rows*(side+2)-2 <= h && 4*l.Cols < 3*cols {
						t.Fatalf("%v of %d in %dx%d: %+v, want three quarters of a row", shape, side, w, h, l)
					}
					d := l.Side + max(side, 1) // one factor more
					if l.Side%side == 0 && d <= 8*side && rows*(d+2)-2 <= h && cols*(d+2)-2 <= w {
						t.Fatalf("%v of %d in %dx%d: %+v, want larger samples", shape, side, w, h, l)
					}
				}
			}
		}
	}
	if _, ok := (sixel.Tiling{ByRow: true}).Arrange(70, 7, 900, 900); ok {
		t.Error("samples of unknown size are arranged")
	}
}

// TestArrangeByRowSizes pins what the rule means for ten rows of seven digits.
func TestArrangeByRowSizes(t *testing.T) {
	for _, c := range []struct {
		name                   string
		w, h, cols, rows, side int
	}{
		{"half-blocks, 80x24", 76, 34, 7, 5, 6},
		{"half-blocks, 200x60", 196, 94, 7, 10, 8},
		{"a panel in sixel", 300, 298, 7, 10, 28},
		{"a narrow panel in sixel", 100, 600, 3, 10, 28},
		{"wide", 1500, 700, 7, 10, 56},
		{"too low to double them", 950, 527, 7, 10, 50},
		{"no room worth it", 950, 360, 7, 10, 28},
		{"three quarters of a row", 400, 900, 6, 10, 56},
		{"a little low", 300, 290, 7, 10, 28}, // closer to each other
		{"low", 300, 288, 7, 10, 27},
	} {
		l, ok := sixel.Tiling{Side: 28, ByRow: true}.Arrange(70, 7, c.w, c.h)
		if !ok || l.Cols != c.cols || l.Rows != c.rows || l.Side != c.side {
			t.Errorf("%s: %+v, want %d rows of %d, %d pixels each", c.name, l, c.rows, c.cols, c.side)
		}
	}
}

// TestPage checks that the pages of a layout show every sample, and where.
func TestPage(t *testing.T) {
	const n, cols = 70, 7
	for _, byRow := range []bool{false, true} {
		for w := 20; w < 300; w += 31 {
			for h := 20; h < 300; h += 31 {
				l, ok := sixel.Tiling{Side: 28, ByRow: byRow}.Arrange(n, cols, w, h)
				if !ok {
					t.Fatalf("no room in %dx%d", w, h)
				}
				for i := range n {
					p := l.Page(i)
					place := p.Place(i)
					if place < 0 || place >= l.Cols*l.Rows || p.Index(place) != i {
						t.Fatalf("%+v: sample %d is in place %d, which has %d", p, i, place, p.Index(place))
					}
					if byRow && p.Index(l.Cols-1)/cols != p.First/cols {
						t.Fatalf("%+v: its first row ends with sample %d", p, p.Index(l.Cols-1))
					}
					if !byRow && p.First != i/(l.Cols*l.Rows)*l.Cols*l.Rows {
						t.Fatalf("%+v: the page of sample %d", p, i)
					}
				}
			}
		}
	}
}

// TestFitBetween enlarges four pixels to five: those between two are their mean.
func TestFitBetween(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 4, 8)) // one column of two samples
	for y := range 8 {
		copy(img.Pix[y*img.Stride:], []uint8{0, 100, 200, 40})
	}
	g, ok := sixel.Tiling{Side: 4, ByRow: true}.Fit(img, 5, 12).(*image.Gray)
	if !ok || g.Bounds() != image.Rect(0, 0, 5, 12) {
		t.Fatalf("%v, want two samples of 5x5", g)
	}
	if got, want := g.Pix[:5], []uint8{0, 66, 150, 146, 40}; !slices.Equal(got, want) {
		t.Errorf("pixels %v, want %v", got, want)
	}
}

// TestFitByRow checks the pixels of cut grids: rows hold their own samples only.
func TestFitByRow(t *testing.T) {
	const tile = 8
	img := image.NewGray(image.Rect(0, 0, 4*tile, 3*tile))
	for y := range 3 * tile {
		for x := range 4 * tile {
			img.SetGray(x, y, color.Gray{Y: uint8(10 + 60*(y/tile) + 10*(x/tile))})
		}
	}
	for _, c := range []struct{ w, h, cols, rows, side, gap int }{
		{200, 130, 4, 3, 40, 2},
		{12*tile + 22, 3*tile + 4, 4, 3, 8, 2}, // no fourth sample of another row
		{2*tile + 2, 3*tile + 4, 2, 3, 8, 2},   // cut at the right
		{200, 21, 4, 3, 6, 1},                  // shrunk
		{200, 13, 4, 2, 6, 1},                  // cut below
	} {
		g, ok := sixel.Tiling{Side: tile, ByRow: true}.Fit(img, c.w, c.h).(*image.Gray)
		if !ok {
			t.Fatalf("box %dx%d: no grey picture", c.w, c.h)
		}
		d := c.side + c.gap
		if got, want := g.Bounds().Size(), image.Pt(c.cols*d-c.gap, c.rows*d-c.gap); got != want {
			t.Errorf("box %dx%d: %v, want %v", c.w, c.h, got, want)
			continue
		}
		for row := range c.rows {
			for col := range c.cols {
				for _, at := range []int{0, c.side - 1} {
					if got, want := g.GrayAt(col*d+at, row*d+at).Y, uint8(10+60*row+10*col); got != want {
						t.Errorf("box %dx%d, row %d, column %d: %d, want %d", c.w, c.h, row, col, got, want)
					}
				}
			}
		}
	}
}
