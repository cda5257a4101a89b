package host

import (
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/tui/theme"
	"innate/tui/widget"
)

// DoubleClick is how far apart its clicks may be.
const DoubleClick = 500 * time.Millisecond

// Wheel is the direction of a wheel message: down is 1.
func Wheel(e tea.Mouse) int {
	switch e.Button {
	case tea.MouseWheelUp, tea.MouseWheelLeft:
		return -1
	case tea.MouseWheelDown, tea.MouseWheelRight:
		return 1
	}
	return 0
}

// Framed puts a border and a title around what body draws in w by h cells, and
// returns the r.H lines of r.
func Framed(t *theme.Theme, r Rect, title string, focused bool, body func(w, h int) string, info ...string) []string {
	in := Inner(r)
	ink := t.Strong
	if focused {
		ink = t.Accent
	}
	s := widget.Frame(t, ink.Render(title), info, body(in.W, in.H), r.W, r.H, focused)
	return strings.Split(s, "\n")
}
