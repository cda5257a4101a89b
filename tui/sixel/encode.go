package sixel

import (
	"bytes"
	"fmt"
	"image"
	"image/color"

	gosixel "github.com/mattn/go-sixel"
)

// Encode returns the picture as a sixel string with at most the given number of
// colour registers. Grey pictures get a palette of greys, others a fixed cube:
// an adaptive palette costs 70 times as much.
func Encode(img image.Image, registers int) (string, error) {
	var b bytes.Buffer
	enc := gosixel.NewEncoder(&b)
	if grey, ok := toGrey(img); ok {
		img = greyPaletted(grey, min(registers, greyLevels))
	} else {
		enc.Palette = colorCube(registers)
		enc.Dither = true
	}
	if err := enc.Encode(img); err != nil {
		return "", fmt.Errorf("sixel: %w", err)
	}
	return b.String(), nil
}

// greyLevels is about what sixel's colour components, 0 to 100, can tell apart.
const greyLevels = 101

func greyPaletted(img *image.Gray, levels int) *image.Paletted {
	levels = max(levels, 2)
	pal := make(color.Palette, levels)
	for i := range pal {
		pal[i] = color.Gray{Y: uint8(i * 255 / (levels - 1))}
	}
	out := image.NewPaletted(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy()), pal)
	var table [256]uint8
	for v := range table {
		table[v] = uint8((v*(levels-1) + 127) / 255)
	}
	for y := range out.Rect.Dy() {
		src := img.Pix[y*img.Stride:]
		dst := out.Pix[y*out.Stride:]
		for x := range out.Rect.Dx() {
			dst[x] = table[src[x]]
		}
	}
	return out
}

// colorCube returns evenly spaced colours, more of green, fewer than registers
// (one stays free for transparency).
func colorCube(registers int) color.Palette {
	r, g, b := 6, 7, 6
	for _, c := range [][3]int{{6, 7, 6}, {5, 5, 5}, {4, 4, 4}, {3, 3, 3}, {2, 2, 2}} {
		r, g, b = c[0], c[1], c[2]
		if r*g*b < registers {
			break
		}
	}
	pal := make(color.Palette, 0, r*g*b)
	for i := range r {
		for j := range g {
			for k := range b {
				pal = append(pal, color.RGBA{uint8(i * 255 / (r - 1)), uint8(j * 255 / (g - 1)), uint8(k * 255 / (b - 1)), 255})
			}
		}
	}
	return pal
}

// toGrey returns img as a grey picture if it has no colour.
func toGrey(img image.Image) (*image.Gray, bool) {
	if g, ok := img.(*image.Gray); ok {
		return g, true
	}
	b := img.Bounds()
	g := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			r, gr, bl, a := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			if r != gr || gr != bl || a != 0xffff {
				return nil, false
			}
			g.Pix[y*g.Stride+x] = uint8(r >> 8)
		}
	}
	return g, true
}
