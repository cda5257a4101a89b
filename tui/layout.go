package tui

import "innate/tui/sixel"

// pane names a part of the dashboard; its number key is pane+1.
type pane int

const (
	paneLoss pane = iota
	paneFID
	paneLayers
	paneSamples
	paneEvents
	paneCount
	paneNone pane = -1
)

type rect = sixel.Rect

// Sizes below which the dashboard shows less.
const (
	minWidth, minHeight   = 40, 10  // less: a request for more room
	pairWidth, pairHeight = 76, 18  // less: one pane at a time
	fullWidth, fullHeight = 100, 32 // less: layers and samples share a place
	tripleWidth           = 150     // three columns when there is no height for stacking
	stackHeight           = 44
)

// headerHeight counts the lines of the header without its banner.
const headerHeight = 3

// layout cuts the screen. Panes that don't show have an empty rectangle.
type layout struct {
	tooSmall bool
	header   rect
	banner   rect // one line below the header, or empty
	panes    [paneCount]rect
	status   rect // last event or notice
	footer   rect
}

// arrange lays out w by h cells. Focus decides what shows where panes share a
// place; right is which of layers and samples had the focus last.
func arrange(w, h int, focus, right pane, zoom, banner bool) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	l := layout{
		header: rect{X: 0, Y: 0, W: w, H: headerHeight},
		status: rect{X: 0, Y: h - 2, W: w, H: 1},
		footer: rect{X: 0, Y: h - 1, W: w, H: 1},
	}
	body := rect{X: 0, Y: headerHeight, W: w, H: h - headerHeight - 2}
	if banner {
		l.banner = rect{X: 0, Y: body.Y, W: w, H: 1}
		body.Y, body.H = body.Y+1, body.H-1
	}
	switch {
	case zoom || w < pairWidth || h < pairHeight:
		l.panes[focus] = body
	case w < fullWidth || h < fullHeight:
		l.pair(body, focus, right)
	default:
		l.full(body)
	}
	return l
}

// pair puts the charts left and layers or samples right.
func (l *layout) pair(body rect, focus, right pane) {
	if focus == paneEvents {
		l.panes[focus] = body
		return
	}
	charts, side := splitX(body, body.W*56/100)
	l.panes[paneLoss], l.panes[paneFID] = splitY(charts, (charts.H+1)/2)
	l.panes[right] = side
}

// full shows all panes.
func (l *layout) full(body rect) {
	events := 5
	if body.H >= 50 {
		events = 8
	}
	main, log := splitY(body, body.H-events)
	l.panes[paneEvents] = log
	if main.W >= tripleWidth && main.H < stackHeight-8 {
		charts, rest := splitX(main, main.W*42/100)
		l.panes[paneLoss], l.panes[paneFID] = splitY(charts, (charts.H+1)/2)
		l.panes[paneLayers], l.panes[paneSamples] = splitX(rest, rest.W/2)
		return
	}
	charts, side := splitX(main, main.W*54/100)
	l.panes[paneLoss], l.panes[paneFID] = splitY(charts, (charts.H+1)/2)
	l.panes[paneLayers], l.panes[paneSamples] = splitY(side, side.H*48/100)
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
