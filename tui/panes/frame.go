package panes

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
	b.WriteString(topEdge(t, edge, title, info, w))
	side := edge.Render(g.Vertical)
	for line := range strings.SplitSeq(body, "\n") {
		b.WriteByte('\n')
		b.WriteString(side)
		b.WriteString(line)
		b.WriteString(side)
	}
	b.WriteByte('\n')
	b.WriteString(edge.Render(g.BottomLeft + strings.Repeat(g.Horizontal, w-2) + g.BottomRight))
	return b.String()
}

func topEdge(t *theme.Theme, edge theme.Ink, title string, info []string, w int) string {
	g := t.Glyphs
	room := max(w-4, 0) // two corners and one rule beside each
	if title != "" {
		title = ansi.Truncate(" "+title+" ", room, g.Ellipsis)
	}
	right, tw := "", ansi.StringWidth(title)
	for n := len(info); n > 0; n-- {
		right = " " + strings.Join(info[:n], "  ") + " "
		if tw+ansi.StringWidth(right)+1 <= room {
			break
		}
		right = ""
	}
	if right != "" {
		right += edge.Render(g.Horizontal)
	}
	rule := max(w-3-tw-ansi.StringWidth(right), 0)
	return Fit(edge.Render(g.TopLeft+g.Horizontal)+title+edge.Render(strings.Repeat(g.Horizontal, rule))+right+edge.Render(g.TopRight), w, "")
}
