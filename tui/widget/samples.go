package widget

import (
	"image"
	"strings"

	"innate/tui/sixel"
	"innate/tui/theme"
)

// Samples shows a grid of generated images. In the modes that travel outside
// the frame it only reserves the cells; the application places the picture.
type Samples struct {
	Mode    sixel.Mode
	Probing bool   // the terminal hasn't answered yet
	NoColor bool   // draw half-blocks as letters
	ByRow   bool   // rows of the grid stay rows: each shows a class
	Empty   string // shown while there is no image

	theme *theme.Theme
	img   image.Image
	tile  int    // pixels of one sample's side, 0 if unknown
	label string // what the image is, for the frame

	blocks    []string // cached half-blocks …
	blocksFor blocksKey
}

// blocksKey is what half-blocks of one image depend on.
type blocksKey struct {
	w, h                  int
	letters, light, byRow bool
}

// NewSamples returns a widget without an image.
func NewSamples(t *theme.Theme) *Samples { return &Samples{theme: t} }

// SetTheme redraws in other colours.
func (s *Samples) SetTheme(t *theme.Theme) { s.theme = t }

// SetImage shows img, a grid of square samples of tile pixels (0 if unknown,
// sixel.AsIs for a picture made for its place); label says which. A nil img empties the widget.
func (s *Samples) SetImage(img image.Image, tile int, label string) {
	s.img, s.tile, s.label, s.blocks = img, tile, label, nil
}

// Image returns the image, and how it is made of samples.
func (s *Samples) Image() (image.Image, sixel.Tiling) {
	return s.img, sixel.Tiling{Side: s.tile, ByRow: s.ByRow}
}

// Label returns what the image is.
func (s *Samples) Label() string { return s.label }

// Info is the legend for the frame.
func (s *Samples) Info() []string {
	if s.img == nil {
		return nil
	}
	return []string{s.label, s.theme.Dim.Render(s.Mode.String())}
}

// View draws the image, or reserves w by h cells for it.
func (s *Samples) View(w, h int) string {
	e := s.theme.Glyphs.Ellipsis
	text := ""
	switch {
	case s.img == nil:
		text = s.Empty
	case s.Probing:
		text = "asking the terminal for its image support"
	case s.Mode == sixel.Off:
		text = "images are off\ni shows them"
	}
	if text != "" {
		lines := strings.Split(text, "\n")
		for i := range lines {
			lines[i] = s.theme.Dim.Render(lines[i])
		}
		return Centered(lines, w, h, e)
	}
	switch s.Mode {
	case sixel.Kitty:
		return s.rows(w, h, sixel.PlaceholderRow)
	case sixel.Sixel, sixel.ITerm:
		return s.rows(w, h, sixel.Filler)
	}
	letters, light := s.NoColor || s.theme.Glyphs.ASCII, s.theme.Look.Background == theme.Light
	if k := (blocksKey{w, h, letters, light, s.ByRow}); s.blocks == nil || s.blocksFor != k {
		s.blocksFor = k
		s.blocks = s.draw()
	}
	return Centered(s.blocks, w, h, e)
}

// draw draws the image in half-blocks, or in letters, as blocksFor says.
func (s *Samples) draw() []string {
	k := s.blocksFor
	grid, tiling := s.Image()
	img := tiling.Fit(grid, k.w, 2*k.h)
	if img == nil {
		return []string{}
	}
	if k.letters {
		return sixel.Letters(img, k.light)
	}
	return sixel.HalfBlocks(img)
}

func (s *Samples) rows(w, h int, row func(y, w int) string) string {
	lines := make([]string, max(h, 0))
	for y := range lines {
		lines[y] = row(y, w)
	}
	return strings.Join(lines, "\n")
}
