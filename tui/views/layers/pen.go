package layers

import (
	"strings"
	"unicode/utf8"

	"innate/tui/theme"
)

// pen writes lines of cells. Texts must have one cell a rune, as safe makes
// them: measuring them properly would cost more than drawing them.
type pen struct {
	b        strings.Builder
	ellipsis string
	w        int  // cells of a line: what goes beyond is dropped
	x        int  // cells of the present line
	lines    int  // finished
	bare     bool // leave inks out: the line has one of its own
}

// text writes s at the left end of w cells, cut if need be.
func (p *pen) text(k theme.Ink, s string, w int) {
	if w = min(w, p.w-p.x); w <= 0 {
		return
	}
	n := utf8.RuneCountInString(s)
	if n > w {
		s = cutRunes(s, w-1) + p.ellipsis
		n = w
	}
	p.ink(k, s)
	p.x += n
	p.space(w - n)
}

// right writes s at the right end of w cells.
func (p *pen) right(k theme.Ink, s string, w int) {
	n := utf8.RuneCountInString(s)
	p.space(w - n)
	p.text(k, s, min(n, w))
}

// tail is text that loses its beginning when it is too long: a name whose end
// tells it apart.
func (p *pen) tail(k theme.Ink, s string, w int) {
	if n := utf8.RuneCountInString(s); n > w && w > 1 {
		for ; n > w-1; n-- {
			_, size := utf8.DecodeRuneInString(s)
			s = s[size:]
		}
		s = p.ellipsis + s
	}
	p.text(k, s, w)
}

func (p *pen) ink(k theme.Ink, s string) {
	if p.bare || s == "" {
		p.b.WriteString(s)
		return
	}
	k.Start(&p.b)
	p.b.WriteString(s)
	k.Stop(&p.b)
}

// repeat writes a glyph of one cell n times.
func (p *pen) repeat(k theme.Ink, glyph string, n int) {
	if n = min(n, p.w-p.x); n <= 0 {
		return
	}
	if !p.bare {
		k.Start(&p.b)
	}
	for range n {
		p.b.WriteString(glyph)
	}
	if !p.bare {
		k.Stop(&p.b)
	}
	p.x += n
}

const spaces = "                                                                "

func (p *pen) space(n int) {
	n = max(min(n, p.w-p.x), 0)
	p.x += n
	for ; n > len(spaces); n -= len(spaces) {
		p.b.WriteString(spaces)
	}
	p.b.WriteString(spaces[:n])
}

// fill continues with spaces up to column x.
func (p *pen) fill(x int) { p.space(x - p.x) }

// line ends the line, filling it up.
func (p *pen) line() {
	p.fill(p.w)
	p.x = 0
	p.lines++
	p.b.WriteByte('\n')
}

// cutRunes returns the first n runes of s.
func cutRunes(s string, n int) string {
	for i := range s {
		if n <= 0 {
			return s[:i]
		}
		n--
	}
	return s
}
