package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// asciiOnly replaces what a terminal with an ASCII locale would garble, cell by
// cell: views have ASCII of their own for what they draw, but names, paths and
// messages hold anything.
func asciiOnly(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= 0x80 }) < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case asciiFor[r] != 0:
			b.WriteByte(asciiFor[r])
		default:
			b.WriteString(strings.Repeat("?", ansi.StringWidth(string(r))))
		}
	}
	return b.String()
}

// asciiFor is what stands for a character of one cell.
var asciiFor = map[rune]byte{
	'\u00a0': ' ', '\u2800': ' ', '×': 'x', '·': '.', '•': '.', '…': '~', '–': '-', '—': '-', '‐': '-', '−': '-', '±': '~',
	'‘': '\'', '’': '\'', '“': '"', '”': '"', '←': '<', '→': '>', '↑': '^', '↓': 'v', '─': '-', '━': '-', '│': '|', '┃': '|',
}
