package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/widget"
)

// pane names a part of the dashboard.
type pane int

const (
	paneLoss pane = iota
	paneFID
	paneLayers
	paneSamples
	paneEvents
	paneCount
)

// paneNames are what the remembered state calls the panes.
var paneNames = [paneCount]string{"loss", "fid", "layers", "samples", "events"}

// paneViews lead from a pane to the view that has more room for it.
var paneViews = [paneCount]viewID{viewCurves, viewCurves, viewLayers, viewSamples, viewEvents}

// paneScopes are the keys of a focused pane.
var paneScopes = [paneCount]scope{scopeChart, scopeChart, scopeLayers, scopeSamples, scopeEvents}

// dashboardView shows a bit of everything. Its focus outlives the run, so the
// App keeps it.
type dashboardView struct{}

func (*dashboardView) title() string { return viewNames[viewDashboard] }

func (*dashboardView) scopes(a *App) []scope {
	return []scope{paneScopes[a.focus], scopeDashboard, scopeAxes}
}

func (*dashboardView) helpScopes() []scope {
	return []scope{scopeDashboard, scopeAxes, scopeChart, scopeLayers, scopeSamples, scopeEvents}
}

func dashboardKeys() []binding {
	return []binding{
		{scopeDashboard, []string{"tab"}, "tab", "next", "next pane", func(a *App) tea.Cmd { a.cycleFocus(1); return nil }},
		{scopeDashboard, []string{"shift+tab"}, "shift+tab", "", "previous pane", func(a *App) tea.Cmd { a.cycleFocus(-1); return nil }},
		{scopeDashboard, []string{"enter", "z"}, "enter", "zoom", "the focused pane's own view", (*App).zoomPane},
	}
}

func (a *App) setFocus(p pane) {
	a.focus = p
	if p == paneLayers || p == paneSamples {
		a.right = p
	}
}

func (a *App) cycleFocus(by pane) { a.setFocus((a.focus + by + paneCount) % paneCount) }

// zoomPane shows the focused pane's own view, a chart among the other curves.
func (a *App) zoomPane() tea.Cmd {
	switch a.focus {
	case paneLoss:
		a.curves().curves.Focus(lossChart)
	case paneFID:
		a.curves().curves.Focus(a.run.fidChart())
	}
	return a.setView(paneViews[a.focus])
}

// back hides the charts' cursors, or clears marks and filter of the focused
// layers.
func (*dashboardView) back(a *App) bool {
	r := a.run
	if r.hideCursors() {
		return true
	}
	return a.focus == paneLayers && r.narrowLess()
}

// paneRects places the panes in the dashboard's rectangle; those that don't
// show have an empty one. The focus decides what shows where panes share a
// place.
func (a *App) paneRects(body rect) [paneCount]rect {
	var at [paneCount]rect
	switch {
	case a.width < pairWidth || a.height < pairHeight:
		at[a.focus] = body
	case a.width < fullWidth || a.height < fullHeight:
		a.pair(&at, body)
	default:
		a.full(&at, body)
	}
	return at
}

// pair puts the charts left and layers or samples right.
func (a *App) pair(at *[paneCount]rect, body rect) {
	if a.focus == paneEvents {
		at[paneEvents] = body
		return
	}
	charts, side := splitX(body, body.W*56/100)
	at[paneLoss], at[paneFID] = splitY(charts, (charts.H+1)/2)
	at[a.right] = side
}

// full shows all panes.
func (a *App) full(at *[paneCount]rect, body rect) {
	events := 5
	if body.H >= 50 {
		events = 8
	}
	main, log := splitY(body, body.H-events)
	at[paneEvents] = log
	if main.W >= tripleWidth && main.H < stackHeight-8 {
		charts, rest := splitX(main, main.W*42/100)
		at[paneLoss], at[paneFID] = splitY(charts, (charts.H+1)/2)
		at[paneLayers], at[paneSamples] = splitX(rest, rest.W/2)
		return
	}
	charts, side := splitX(main, main.W*54/100)
	at[paneLoss], at[paneFID] = splitY(charts, (charts.H+1)/2)
	at[paneLayers], at[paneSamples] = splitY(side, side.H*48/100)
}

// draw renders the panes row by row: rectangles side by side cover each row
// without overlap.
func (v *dashboardView) draw(a *App, body rect) []string {
	at := a.paneRects(body)
	var order []pane
	for p := range paneCount {
		if !at[p].Empty() {
			order = append(order, p)
		}
	}
	// Columns of panes from left to right, so that appending keeps the order.
	slices.SortStableFunc(order, func(p, q pane) int { return at[p].X - at[q].X })
	var drawn [paneCount][]string
	size := 0
	for _, p := range order {
		drawn[p] = v.drawPane(a, p, at[p], len(order))
		for _, line := range drawn[p] {
			size += len(line)
		}
	}
	// All rows share one string, which costs one allocation instead of hundreds.
	var b strings.Builder
	b.Grow(size)
	ends := make([]int, body.H)
	for y := range ends {
		for _, p := range order {
			if i := y + body.Y - at[p].Y; i >= 0 && i < len(drawn[p]) {
				b.WriteString(drawn[p][i])
			}
		}
		ends[y] = b.Len()
	}
	out, from := make([]string, body.H), 0
	for y, end := range ends {
		out[y], from = b.String()[from:end], end
	}
	return out
}

func (*dashboardView) drawPane(a *App, p pane, r rect, shown int) []string {
	run, focused := a.run, p == a.focus
	switch p {
	case paneLoss:
		return a.framed(r, "Loss", focused, run.loss.View, run.loss.Info()...)
	case paneFID:
		return a.framed(r, run.fidName(), focused, run.fid.View, run.fid.Info()...)
	case paneLayers:
		return a.framed(r, "Layers"+a.besides(shown, "samples"), focused, run.layers.View, run.layers.Info()...)
	case paneSamples:
		return a.framed(r, "Samples"+a.besides(shown, "layers"), focused, run.samples.View, run.samples.Info()...)
	}
	return a.framed(r, "Events", focused, run.events.View, run.events.Info()...)
}

// besides names the pane that waits in the same place, when three show.
func (a *App) besides(shown int, other string) string {
	if shown != 3 {
		return ""
	}
	return "  " + a.theme.Dim.Render(other)
}

// picture implements pictureView: the samples always are the rightmost pane.
func (*dashboardView) picture(a *App, r rect) (shown, bool) {
	return a.samplesPicture(inner(a.paneRects(r)[paneSamples]), a.focus == paneSamples)
}

// menuRoom keeps menus off the picture.
func (*dashboardView) menuRoom(a *App, r rect) rect { return a.paneRects(r)[paneLayers] }

// status tells what a chart's cursor reads, else what the events pane doesn't,
// or the newest event without it.
func (*dashboardView) status(a *App, r rect) string {
	for _, name := range a.chartNames() {
		if read := a.run.chart(name).ReadOut(); read != "" {
			return " " + read
		}
	}
	if a.paneRects(r)[paneEvents].Empty() {
		return a.run.events.Last(a.width)
	}
	return a.runLine()
}

// mouse focuses what is clicked, reads a chart there or where it is dragged, and
// scrolls what the pointer is on.
func (*dashboardView) mouse(a *App, m tea.MouseMsg, r rect) tea.Cmd {
	e := m.Mouse()
	at := a.paneRects(r)
	p := pane(slices.IndexFunc(at[:], func(r rect) bool { return r.Contains(e.X, e.Y) }))
	if p < 0 {
		return nil
	}
	switch m.(type) {
	case tea.MouseClickMsg:
		a.setFocus(p)
		switch p {
		case paneLoss, paneFID:
			a.readChart(e, at[p])
		case paneLayers:
			return a.layersTree().mouseIn(a, m, at[p])
		}
	case tea.MouseMotionMsg:
		if e.Button == tea.MouseLeft && p == a.focus && (p == paneLoss || p == paneFID) {
			a.readChart(e, at[p])
		}
	case tea.MouseWheelMsg:
		switch by := wheel(e); p {
		case paneLoss:
			a.run.loss.MoveCursor(by)
		case paneFID:
			a.run.fid.MoveCursor(by)
		case paneLayers:
			a.run.layers.Move(3 * by)
		case paneEvents:
			a.run.events.Move(3 * by)
		case paneSamples:
			return a.stepSample(by)
		}
	}
	return nil
}

// readChart puts the cursor of the focused chart, framed by r, under the pointer.
func (a *App) readChart(e tea.Mouse, r rect) {
	in := inner(r)
	a.run.chart(a.chartNames()[0]).CursorAt(e.X-in.X, e.Y-in.Y)
}

// chartNames lists the charts that keys change: the one with the focus, else
// both.
func (a *App) chartNames() []string {
	r := a.run
	switch a.focus {
	case paneFID:
		return []string{r.fidChart()}
	case paneLoss:
		return []string{lossChart}
	}
	return []string{lossChart, r.fidChart()}
}

// chartKeys work on the dashboard's charts.
func chartKeys() []binding {
	return []binding{
		{scopeChart, []string{"left", "h"}, "← h", "", "cursor left: read values", func(a *App) tea.Cmd { a.moveCursors(-1); return nil }},
		{scopeChart, []string{"right", "l"}, "→ l", "", "cursor right", func(a *App) tea.Cmd { a.moveCursors(1); return nil }},
		{scopeChart, []string{"shift+left", "H"}, "H", "", "cursor left by ten", func(a *App) tea.Cmd { a.moveCursors(-10); return nil }},
		{scopeChart, []string{"shift+right", "L"}, "L", "", "cursor right by ten", func(a *App) tea.Cmd { a.moveCursors(10); return nil }},

		{scopeAxes, []string{"y"}, "y", "log y", "logarithmic y axis (focused chart, or both)", func(a *App) tea.Cmd {
			return a.eachChart(func(c *widget.Chart) { c.LogY = !c.LogY })
		}},
		{scopeAxes, []string{"x"}, "x", "log x", "logarithmic x axis", func(a *App) tea.Cmd {
			return a.eachChart(func(c *widget.Chart) { c.LogX = !c.LogX })
		}},
		{scopeAxes, []string{"s"}, "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", func(a *App) tea.Cmd {
			return a.eachChart((*widget.Chart).CycleSmoothing)
		}},
		{scopeAxes, []string{"b"}, "b", "", "braille or ASCII curves", (*App).toggleBraille},
	}
}

func (a *App) toggleBraille() tea.Cmd {
	on := !a.run.loss.ASCII
	a.run.loss.ASCII, a.run.fid.ASCII = on, on
	return nil
}

// moveCursors moves the read-out of the chart that has the focus.
func (a *App) moveCursors(by int) {
	for _, name := range a.chartNames() {
		a.run.chart(name).MoveCursor(by)
	}
}

// eachChart changes charts and remembers how they are set.
func (a *App) eachChart(f func(*widget.Chart)) tea.Cmd {
	for _, name := range a.chartNames() {
		c := a.run.chart(name)
		f(c)
		a.state.Charts[name] = chartState{LogX: c.LogX, LogY: c.LogY, Smoothing: c.Smoothing}
	}
	return nil
}
