package dashboard

import "innate/tui/host"

// Sizes below which the dashboard shows less. Rows count from the top of the
// screen to the dashboard's end, so that a banner above it takes its line from the
// parts and does not arrange them anew.
const (
	pairWidth, pairRows = 76, 16  // less: one part at a time
	fullWidth, fullRows = 100, 30 // less: layers and samples share a place
	tripleWidth         = 150     // three columns when there is no height for stacking
	stackHeight         = 36      // of charts and panes, events not counted
)

// rects places the parts in the dashboard's rectangle; those that don't show have
// an empty one. The focus decides what shows where parts share a place.
func (v *View) rects(body host.Rect) [partCount]host.Rect {
	var at [partCount]host.Rect
	switch rows := body.Y + body.H; {
	case body.W < pairWidth || rows < pairRows:
		at[v.focus()] = body
	case body.W < fullWidth || rows < fullRows:
		v.pair(&at, body)
	default:
		full(&at, body)
	}
	return at
}

// pair puts the charts left and layers or samples right.
func (v *View) pair(at *[partCount]host.Rect, body host.Rect) {
	if v.focus() == eventsPart {
		at[eventsPart] = body
		return
	}
	charts, side := host.SplitX(body, body.W*56/100)
	at[lossPart], at[qualityPart] = host.SplitY(charts, (charts.H+1)/2)
	at[v.side()] = side
}

// full shows all parts.
func full(at *[partCount]host.Rect, body host.Rect) {
	events := 5
	if body.H >= 50 {
		events = 8
	}
	main, log := host.SplitY(body, body.H-events)
	at[eventsPart] = log
	if main.W >= tripleWidth && main.H < stackHeight {
		charts, rest := host.SplitX(main, main.W*42/100)
		at[lossPart], at[qualityPart] = host.SplitY(charts, (charts.H+1)/2)
		at[layersPart], at[samplesPart] = host.SplitX(rest, rest.W/2)
		return
	}
	charts, side := host.SplitX(main, main.W*54/100)
	at[lossPart], at[qualityPart] = host.SplitY(charts, (charts.H+1)/2)
	at[layersPart], at[samplesPart] = host.SplitY(side, side.H*48/100)
}
