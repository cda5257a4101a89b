package sixel

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
)

// Rect is a rectangle of cells, the top left cell of the screen being 0, 0.
type Rect struct{ X, Y, W, H int }

// Contains reports whether a cell lies inside r.
func (r Rect) Contains(x, y int) bool {
	return x >= r.X && x < r.X+r.W && y >= r.Y && y < r.Y+r.H
}

// Empty reports whether the rectangle holds no cell.
func (r Rect) Empty() bool { return r.W <= 0 || r.H <= 0 }

// Overlaps reports whether the rectangles share a cell.
func (r Rect) Overlaps(s Rect) bool {
	return !r.Empty() && !s.Empty() && r.X < s.X+s.W && s.X < r.X+r.W && r.Y < s.Y+s.H && s.Y < r.Y+r.H
}

// The characters of Filler. Both look blank, and neither occurs in text.
const (
	fillOne  = '\u2800' // braille without dots
	fillZero = '\u00a0' // no-break space
)

// Filler returns w cells of row y of a rectangle that a picture covers: the bits
// of y, repeated.
func Filler(y, w int) string {
	var b strings.Builder
	for x := range w {
		if (y+1)>>(x%8)&1 == 1 {
			b.WriteRune(fillOne)
		} else {
			b.WriteRune(fillZero)
		}
	}
	return b.String()
}

// Place returns the sequence that draws an encoded picture over a rectangle of
// filler: blank cells first (ECH), so that nothing of a larger predecessor
// stays, then the picture dx, dy cells inside. The cursor returns to where it
// was. With sync all of it appears at once (mode 2026).
func Place(encoded string, r Rect, dx, dy int, sync bool) string {
	var b strings.Builder
	b.Grow(len(encoded) + 16*r.H + 64)
	if sync {
		b.WriteString(ansi.SetModeSynchronizedOutput)
	}
	b.WriteString("\x1b7\x1b[m")
	b.WriteString(eraseRows(r))
	b.WriteString(ansi.CursorPosition(r.X+dx+1, r.Y+dy+1))
	b.WriteString(encoded)
	b.WriteString("\x1b8")
	if sync {
		b.WriteString(ansi.ResetModeSynchronizedOutput)
	}
	return b.String()
}

// Erase returns the sequence that blanks the rectangle without moving the
// cursor.
func Erase(r Rect) string { return "\x1b7\x1b[m" + eraseRows(r) + "\x1b8" }

func eraseRows(r Rect) string {
	var b strings.Builder
	for y := range r.H {
		b.WriteString(ansi.CursorPosition(r.X+1, r.Y+y+1))
		b.WriteString(ansi.EraseCharacter(r.W))
	}
	return b.String()
}

// EncodeITerm returns the picture for iTerm2's protocol, cols by rows cells.
func EncodeITerm(img image.Image, cols, rows int) (string, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", fmt.Errorf("sixel: iterm: %w", err)
	}
	return fmt.Sprintf("\x1b]1337;File=inline=1;size=%d;width=%d;height=%d;preserveAspectRatio=1;doNotMoveCursor=1:%s\a",
		b.Len(), cols, rows, base64.StdEncoding.EncodeToString(b.Bytes())), nil
}

// EncodeKitty returns the sequence that gives the picture to a kitty terminal as
// a virtual placement of cols by rows cells; it shows where PlaceholderRow is
// printed. It replaces the picture sent before.
func EncodeKitty(img image.Image, cols, rows int) (string, error) {
	var b bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := enc.Encode(&b, img); err != nil {
		return "", fmt.Errorf("sixel: kitty: %w", err)
	}
	data := base64.StdEncoding.EncodeToString(b.Bytes())
	var out strings.Builder
	out.WriteString(DeleteKitty)
	head := fmt.Sprintf("a=T,U=1,q=2,f=100,i=%d,c=%d,r=%d,", kittyID, cols, rows)
	for {
		n := min(len(data), kitty.MaxChunkSize)
		more := 0
		if n < len(data) {
			more = 1
		}
		fmt.Fprintf(&out, "\x1b_G%sm=%d;%s\x1b\\", head, more, data[:n])
		if data, head = data[n:], "q=2,"; more == 0 {
			return out.String(), nil
		}
	}
}

// DeleteKitty frees the picture in the terminal.
var DeleteKitty = fmt.Sprintf("\x1b_Ga=d,d=I,i=%d,q=2\x1b\\", kittyID)

// PlaceholderRow returns the cells of row y of a kitty picture, w cells wide:
// each a placeholder with its row and column, in the colour that names the
// picture.
func PlaceholderRow(y, w int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\x1b[38;5;%dm", kittyID)
	for x := range w {
		b.WriteString(placeholder)
		b.WriteRune(kitty.Diacritic(y))
		b.WriteRune(kitty.Diacritic(x))
	}
	b.WriteString("\x1b[m")
	return b.String()
}
