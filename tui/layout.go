package tui

import "innate/tui/sixel"

type rect = sixel.Rect

// Sizes below which the dashboard shows less.
const (
	minWidth, minHeight   = 40, 10  // less: a request for more room
	pairWidth, pairHeight = 76, 18  // less: one pane at a time
	fullWidth, fullHeight = 100, 32 // less: layers and samples share a place
	tripleWidth           = 150     // three columns when there is no height for stacking
	stackHeight           = 44
)

// layout cuts the screen from top to bottom.
type layout struct {
	tooSmall bool
	header   rect
	banner   rect // one line below the header, or empty
	body     rect // of the view
	status   rect // last event or notice
	footer   rect
}

// arrange lays out w by h cells below a header of so many lines.
func arrange(w, h, header int, banner bool) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	l := layout{
		header: rect{X: 0, Y: 0, W: w, H: header},
		body:   rect{X: 0, Y: header, W: w, H: h - header - 2},
		status: rect{X: 0, Y: h - 2, W: w, H: 1},
		footer: rect{X: 0, Y: h - 1, W: w, H: 1},
	}
	if banner {
		l.banner, l.body = splitY(l.body, 1)
	}
	return l
}

func splitX(r rect, w int) (a, b rect) {
	return rect{X: r.X, Y: r.Y, W: w, H: r.H}, rect{X: r.X + w, Y: r.Y, W: r.W - w, H: r.H}
}

func splitY(r rect, h int) (a, b rect) {
	return rect{X: r.X, Y: r.Y, W: r.W, H: h}, rect{X: r.X, Y: r.Y + h, W: r.W, H: r.H - h}
}

// inner returns the cells inside a pane's border.
func inner(r rect) rect {
	if r.W < 3 || r.H < 3 {
		return rect{}
	}
	return rect{X: r.X + 1, Y: r.Y + 1, W: r.W - 2, H: r.H - 2}
}
