package figures

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Sizes of a picture in pixels.
const (
	letterW, letterH = 7, 13
	margin           = 10
	cellH            = 18
	barW             = 16
	barSteps         = 4 // between labels of the scale
)

var (
	ink   = color.RGBA{32, 32, 32, 255}
	paper = color.RGBA{255, 255, 255, 255}
)

// Picture draws a heat map with its labels and a bar that shows the scale.
func (m *Map) Picture() image.Image {
	left, cellW := 0, 12
	for _, name := range m.Rows {
		left = max(left, len(name)*letterW)
	}
	for _, name := range m.Cols {
		cellW = max(cellW, len(name)*letterW+6)
	}
	left += 2 * margin
	top := margin + 3*(letterH+4)
	gridW, gridH := len(m.Cols)*cellW, max(len(m.Rows)*cellH, barSteps*2*letterH)
	w := left + gridW + 2*margin + barW + 12*letterW
	w = max(w, 2*margin+letterW*max(len(m.Title), len(m.legend())))
	p := pen{image.NewRGBA(image.Rect(0, 0, w, top+gridH+2*letterH+margin))}
	draw.Draw(p.img, p.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)

	p.write(margin, margin, m.Title)
	p.write(margin, margin+letterH+4, m.legend())
	for j, name := range m.Cols {
		p.write(left+j*cellW+(cellW-len(name)*letterW)/2, top-letterH-2, name)
	}
	for i, row := range m.Values {
		y := top + i*cellH
		p.write(left-margin/2-len(m.Rows[i])*letterW, y+(cellH-letterH)/2, m.Rows[i])
		for j, v := range row {
			p.fill(left+j*cellW, y, cellW, cellH, Colour(m.Share(v)))
		}
	}
	x := left + gridW + 2*margin
	for y := range gridH {
		p.fill(x, top+y, barW, 1, Colour(1-float64(y)/float64(max(gridH-1, 1))))
	}
	for k := range barSteps + 1 {
		share := float64(k) / barSteps
		y := top + int((1-share)*float64(gridH-1))
		p.fill(x+barW, y, 4, 1, ink)
		p.write(x+barW+8, y-letterH/2, Text(m.Lo+share*(m.Hi-m.Lo)))
	}
	return p.img
}

// legend says what rows, columns and colours are.
func (m *Map) legend() string {
	return "rows: " + m.RowsOf + ", columns: " + m.ColsOf + ", colour: " + m.Unit
}

type pen struct{ img *image.RGBA }

func (p pen) fill(x, y, w, h int, c color.Color) {
	draw.Draw(p.img, image.Rect(x, y, x+w, y+h), image.NewUniform(c), image.Point{}, draw.Src)
}

// write writes text with its upper left corner at x, y.
func (p pen) write(x, y int, text string) {
	d := font.Drawer{Dst: p.img, Src: image.NewUniform(ink), Face: basicfont.Face7x13, Dot: fixed.P(x, y+11)}
	d.DrawString(text)
}
