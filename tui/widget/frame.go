package widget

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// Frame draws a rounded border of w by h cells around body, which must be a
// block of w-2 by h-2. Title stands in the top edge at the left and as many items
// of info as there is room for at the right. Both may be styled.
func Frame(t *theme.Theme, title string, info []string, body string, w, h int, focused bool) string {
	if w < 2 || h < 2 {
		return Block(nil, w, h, "")
	}
	g, edge := t.Glyphs, t.Border
	if focused {
		edge = t.BorderFocus
	}
	var b strings.Builder
	b.Grow(len(body) + 8*w + 32*h)
	topEdge(&b, t, edge, title, info, w)
	for line := range strings.SplitSeq(body, "\n") {
		b.WriteByte('\n')
		write(&b, edge, g.Vertical, 1)
		b.WriteString(line)
		write(&b, edge, g.Vertical, 1)
	}
	b.WriteByte('\n')
	edge.Start(&b)
	b.WriteString(g.BottomLeft)
	repeat(&b, g.Horizontal, w-2)
	b.WriteString(g.BottomRight)
	edge.Stop(&b)
	return b.String()
}

func topEdge(b *strings.Builder, t *theme.Theme, edge theme.Ink, title string, info []string, w int) {
	g := t.Glyphs
	room := max(w-4, 0)           // two corners and one rule beside each
	used, edged := 0, title == "" // whether title has its spaces, or needs none
	if title != "" {
		if used = ansi.StringWidth(title) + 2; used > room {
			title, edged = ansi.Truncate(" "+title+" ", room, g.Ellipsis), true
			used = ansi.StringWidth(title)
		}
	}
	// As many items as fit, with a space around and two between, and a rule.
	shown, infoW := 0, 0
	for _, item := range info {
		next := infoW + ansi.StringWidth(item) + 2
		if used+next+1 > room {
			break
		}
		shown, infoW = shown+1, next
	}
	if shown > 0 {
		infoW++ // the rule
	}
	edge.Start(b)
	b.WriteString(g.TopLeft)
	repeat(b, g.Horizontal, min(w-2, 1))
	edge.Stop(b)
	if edged {
		b.WriteString(title)
	} else {
		b.WriteByte(' ')
		b.WriteString(title)
		b.WriteByte(' ')
	}
	write(b, edge, g.Horizontal, max(w-3-used-infoW, 0))
	for i, item := range info[:shown] {
		repeat(b, " ", min(i, 1)+1)
		b.WriteString(item)
	}
	if shown > 0 {
		b.WriteString(" ")
		write(b, edge, g.Horizontal, 1)
	}
	write(b, edge, g.TopRight, 1)
}

// write appends a glyph n times in an ink.
func write(b *strings.Builder, ink theme.Ink, glyph string, n int) {
	if n > 0 {
		ink.Start(b)
		repeat(b, glyph, n)
		ink.Stop(b)
	}
}

func repeat(b *strings.Builder, s string, n int) {
	for range n {
		b.WriteString(s)
	}
}
