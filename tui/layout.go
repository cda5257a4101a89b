package tui

import "innate/tui/host"

// minWidth and minHeight are the smallest screen; on a smaller one there is only a
// request for more room.
const minWidth, minHeight = 40, 10

// layout cuts the screen from top to bottom.
type layout struct {
	tooSmall bool
	header   host.Rect
	banner   host.Rect // one line below the header, or empty
	body     host.Rect // of the view
	status   host.Rect // last event or notice
	footer   host.Rect
}

// arrange lays out w by h cells below a header of so many lines.
func arrange(w, h, header int, banner bool) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	l := layout{
		header: host.Rect{X: 0, Y: 0, W: w, H: header},
		body:   host.Rect{X: 0, Y: header, W: w, H: h - header - 2},
		status: host.Rect{X: 0, Y: h - 2, W: w, H: 1},
		footer: host.Rect{X: 0, Y: h - 1, W: w, H: 1},
	}
	if banner {
		l.banner, l.body = host.SplitY(l.body, 1)
	}
	return l
}
