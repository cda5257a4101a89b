package widget_test

import (
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"

	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

// countingGrid has cols by rows samples of side pixels; sample i is i+1 all over.
func countingGrid(cols, rows, side int) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, cols*side, rows*side))
	for y := range rows * side {
		for x := range cols * side {
			img.SetGray(x, y, color.Gray{Y: uint8(y/side*cols + x/side + 1)})
		}
	}
	return img
}

func TestTiles(t *testing.T) {
	tiles := widget.CutTiles(countingGrid(5, 3, 4), 4)
	if tiles.Len() != 15 || tiles.Cols() != 5 {
		t.Fatalf("%d samples in %d columns, want 15 in 5", tiles.Len(), tiles.Cols())
	}
	for i := range 15 {
		tile := tiles.At(i)
		b := tile.Bounds()
		if b.Dx() != 4 || b.Dy() != 4 {
			t.Fatalf("sample %d has bounds %v", i, b)
		}
		for _, p := range []image.Point{b.Min, b.Max.Sub(image.Pt(1, 1))} {
			if got := tile.(*image.Gray).GrayAt(p.X, p.Y).Y; got != uint8(i+1) {
				t.Errorf("sample %d is %d at %v", i, got, p)
			}
		}
	}
	if tiles.At(-1) != nil || tiles.At(15) != nil || len(tiles.Range(13, 9)) != 2 {
		t.Error("there are samples outside the grid")
	}
	for _, side := range []int{0, 3, 40} {
		if n := widget.CutTiles(countingGrid(5, 3, 4), side).Len(); n != 0 {
			t.Errorf("side %d: %d samples, want none", side, n)
		}
	}
	if widget.CutTiles(nil, 4).At(0) != nil {
		t.Error("no picture has a sample")
	}
}

// TestMosaic checks that every sample lies in its spot, that the mark frames one
// of them, and that nothing else is drawn.
func TestMosaic(t *testing.T) {
	tiles := widget.CutTiles(countingGrid(3, 2, 4), 4)
	for _, mark := range []int{-1, 4} {
		m := widget.Mosaic{Tiles: tiles.Range(0, 6), Layout: sixel.Layout{Cols: 3, Rows: 2, Side: 8, Gap: 2}, Mark: mark}
		m.Tiles[1] = nil
		w, h := m.Size()
		canvas := widget.NewCanvas(w+10, h+10, tiles.At(0)).(*image.Gray)
		at := image.Pt(5, 5)
		m.Draw(canvas, at)
		for y := range h + 10 {
			for x := range w + 10 {
				want := uint8(0)
				p := image.Pt(x, y)
				for i := range 6 {
					spot := m.Spot(i).Add(at)
					switch {
					case p.In(spot) && i != 1:
						want = uint8(i + 1)
					case i == mark && p.In(spot.Inset(-2)) && !p.In(spot):
						want = 255
					}
				}
				if got := canvas.GrayAt(x, y).Y; got != want {
					t.Fatalf("mark %d: pixel %d,%d is %d, want %d", mark, x, y, got, want)
				}
			}
		}
	}
}

func TestNewCanvas(t *testing.T) {
	if _, grey := widget.NewCanvas(2, 2, nil, image.NewGray(image.Rect(0, 0, 1, 1))).(*image.Gray); !grey {
		t.Error("grey pictures make no grey canvas")
	}
	c := widget.NewCanvas(2, 2, image.NewNRGBA(image.Rect(0, 0, 1, 1)))
	if got := c.At(1, 1); got != (color.RGBA{A: 255}) {
		t.Errorf("a colour canvas begins as %v, want black", got)
	}
}

// TestPickLayout checks that what is asked for fits, at any size.
func TestPickLayout(t *testing.T) {
	for w := range 300 {
		for _, h := range []int{0, 5, 6, 7, 28, 29, 58, 100, 400} {
			l, ok := widget.PickLayout(8, 28, w, h)
			lw, lh := l.Size()
			if ok && (lw > w || lh > h) {
				t.Fatalf("%dx%d: %+v takes %dx%d", w, h, l, lw, lh)
			}
			if ok != (w >= 6 && h >= 6) {
				t.Fatalf("%dx%d: there is room: %v", w, h, ok)
			}
			if w >= 4*15 && h >= 2*15 && (!ok || l.Cols*l.Rows < 8) {
				t.Fatalf("%dx%d: %+v has no room for 8", w, h, l)
			}
		}
	}
	if l, _ := widget.PickLayout(8, 28, 4*58, 2*58); l.Side != 56 {
		t.Errorf("samples are %d pixels, want 56: there is room to double them", l.Side)
	}
}

// TestTilesInLayout checks which samples a layout with cut rows shows, and those
// of a part of the grid.
func TestTilesInLayout(t *testing.T) {
	tiles := widget.CutTiles(countingGrid(5, 3, 4), 4)
	for _, c := range []struct {
		name  string
		tiles widget.Tiles
		l     sixel.Layout
		want  []uint8
	}{
		{"cut rows", tiles, sixel.Layout{Cols: 3, Rows: 2, Skip: 2}, []uint8{1, 2, 3, 6, 7, 8}},
		{"their ends", tiles, sixel.Layout{Cols: 3, Rows: 2, Skip: 2, First: 7}, []uint8{8, 9, 10, 13, 14, 15}},
		{"below the last row", tiles, sixel.Layout{Cols: 3, Rows: 2, Skip: 2, First: 12}, []uint8{13, 14, 15}},
		{"other rows", tiles, sixel.Layout{Cols: 4, Rows: 3, First: 8}, []uint8{9, 10, 11, 12, 13, 14, 15}},
		{"the first", tiles.First(6), sixel.Layout{Cols: 4, Rows: 3}, []uint8{1, 2, 3, 4, 5, 6}},
		{"two columns", tiles.Crop(2), sixel.Layout{Cols: 2, Rows: 3}, []uint8{1, 2, 6, 7, 11, 12}},
		{"more than there are", tiles.Crop(9).First(99), sixel.Layout{Cols: 1, Rows: 1, Skip: 4, First: 14}, []uint8{15}},
	} {
		var got []uint8
		for _, tile := range c.tiles.In(c.l) {
			at := tile.Bounds().Min
			got = append(got, tile.(*image.Gray).GrayAt(at.X, at.Y).Y)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: samples %v, want %v", c.name, got, c.want)
		}
	}
	if n := tiles.Crop(2).Rows(); n != 3 {
		t.Errorf("%d rows of two samples, want 3", n)
	}
}

// TestSamplesByRow checks that half-blocks follow when it becomes known that rows
// are classes.
func TestSamplesByRow(t *testing.T) {
	s := widget.NewSamples(theme.New(true, false))
	s.Mode = sixel.Blocks
	s.SetImage(countingGrid(2, 6, 4), 4, "5 kimg")
	lines := func() int { return strings.Count(s.View(120, 9), "▀\x1b[m") }
	free := lines()
	s.ByRow = true
	if n := lines(); free != 4 || n != 7 {
		t.Errorf("%d lines of pixels, as rows %d, want 4 and 7", free, n)
	}
}
