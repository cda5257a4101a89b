package sixel

import (
	"image"
	"strconv"
	"strings"
)

// HalfBlocks draws a picture with one character cell for two pixels, one above
// the other, in 24-bit colour; the renderer reduces it to what the terminal
// has. It returns the lines, (height+1)/2 of them.
func HalfBlocks(img image.Image) []string {
	b := img.Bounds()
	grey, isGrey := toGrey(img)
	at := func(x, y int) uint32 {
		if y >= b.Dy() {
			return 0
		}
		if isGrey {
			v := uint32(grey.Pix[y*grey.Stride+x])
			return v<<16 | v<<8 | v
		}
		r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
		return r>>8<<16 | g>>8<<8 | bl>>8
	}
	var lines []string
	for y := 0; y < b.Dy(); y += 2 {
		var s strings.Builder
		fg, bg := uint32(1<<24), uint32(1<<24) // no colour yet
		for x := range b.Dx() {
			up, down := at(x, y), at(x, y+1)
			if up != fg {
				writeColor(&s, "38", up)
				fg = up
			}
			if down != bg {
				writeColor(&s, "48", down)
				bg = down
			}
			s.WriteRune('▀')
		}
		s.WriteString("\x1b[m")
		lines = append(lines, s.String())
	}
	return lines
}

func writeColor(s *strings.Builder, ground string, rgb uint32) {
	s.WriteString("\x1b[" + ground + ";2;")
	s.WriteString(strconv.Itoa(int(rgb >> 16)))
	s.WriteByte(';')
	s.WriteString(strconv.Itoa(int(rgb >> 8 & 255)))
	s.WriteByte(';')
	s.WriteString(strconv.Itoa(int(rgb & 255)))
	s.WriteByte('m')
}

// ramp orders characters by how much ink they have.
const ramp = " .:-=+*#%@"

// Letters draws a picture with characters by brightness, for terminals without
// colour or without half-blocks: one cell for two pixels. On a light background
// ink is what is dark.
func Letters(img image.Image, light bool) []string {
	b := img.Bounds()
	luma := func(x, y int) uint32 {
		if y >= b.Dy() {
			return 0
		}
		r, g, bl, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
		return (299*r + 587*g + 114*bl) / 1000
	}
	var lines []string
	for y := 0; y < b.Dy(); y += 2 {
		var s strings.Builder
		for x := range b.Dx() {
			v := (luma(x, y) + luma(x, y+1)) / 2
			if light {
				v = 0xffff - v
			}
			s.WriteByte(ramp[int(v)*(len(ramp)-1)/0xffff])
		}
		lines = append(lines, s.String())
	}
	return lines
}
