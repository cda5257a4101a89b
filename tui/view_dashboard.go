package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/panes"
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
var paneViews = [paneCount]string{"curves", "curves", "layers", "samples", "events"}

// dashboardView shows a bit of everything. Its focus outlives the run, so the
// App keeps it.
type dashboardView struct {
	a             *App
	dashboardKeys *host.Section
	chartKeys     *host.Section
	eventsKeys    *host.Section
	axesKeys      *host.Section
}

func newDashboard(h host.Host) host.View {
	v := &dashboardView{a: h.(*App)}
	v.bind()
	v.bindChart()
	v.bindEvents()
	return v
}

func (v *dashboardView) Active() []*host.Section {
	return []*host.Section{v.focusKeys(v.a.focus), v.dashboardKeys, v.axesKeys}
}

// focusKeys are the keys of a focused pane.
func (v *dashboardView) focusKeys(p pane) *host.Section {
	switch p {
	case paneLayers, paneSamples:
		return v.a.Pane(paneNames[p]).Keys()
	case paneEvents:
		return v.eventsKeys
	}
	return v.chartKeys
}

func (v *dashboardView) Sections() []*host.Section {
	list := []*host.Section{v.dashboardKeys, v.axesKeys, v.chartKeys}
	for _, name := range []string{"layers", "samples"} {
		if p := v.a.Pane(name); p != nil {
			list = append(list, p.Keys())
		}
	}
	return append(list, v.eventsKeys)
}

func (*dashboardView) Title() string { return "dashboard" }

func (v *dashboardView) bind() {
	a := v.a
	v.dashboardKeys = host.NewSection("dashboard",
		host.Bind("tab", "tab", "next", "next pane", func() tea.Cmd { a.cycleFocus(1); return nil }),
		host.Bind("shift+tab", "shift+tab", "", "previous pane", func() tea.Cmd { a.cycleFocus(-1); return nil }),
		host.Bind("enter z", "enter", "zoom", "the focused pane's own view", a.zoomPane),
	)
}

// ShowPart implements host.PartView.
func (v *dashboardView) ShowPart(part string) bool {
	p := slices.Index(paneNames[:], part)
	if p >= 0 {
		v.a.setFocus(pane(p))
	}
	return p >= 0
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
		return a.ShowPart(paneViews[a.focus], lossChart)
	case paneFID:
		return a.ShowPart(paneViews[a.focus], a.run.fidChart())
	}
	return a.Show(paneViews[a.focus])
}

// back hides the charts' cursors, or clears marks and filter of the focused
// layers.
func (v *dashboardView) Back() bool {
	r := v.a.run
	if r.hideCursors() {
		return true
	}
	p, ok := v.a.Pane(paneNames[v.a.focus]).(host.BackView)
	return ok && p.Back()
}

// paneRects places the panes in the dashboard's rectangle; those that don't
// show have an empty one. The focus decides what shows where panes share a
// place.
func (a *App) paneRects(body host.Rect) [paneCount]host.Rect {
	var at [paneCount]host.Rect
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
func (a *App) pair(at *[paneCount]host.Rect, body host.Rect) {
	if a.focus == paneEvents {
		at[paneEvents] = body
		return
	}
	charts, side := host.SplitX(body, body.W*56/100)
	at[paneLoss], at[paneFID] = host.SplitY(charts, (charts.H+1)/2)
	at[a.right] = side
}

// full shows all panes.
func (a *App) full(at *[paneCount]host.Rect, body host.Rect) {
	events := 5
	if body.H >= 50 {
		events = 8
	}
	main, log := host.SplitY(body, body.H-events)
	at[paneEvents] = log
	if main.W >= tripleWidth && main.H < stackHeight-8 {
		charts, rest := host.SplitX(main, main.W*42/100)
		at[paneLoss], at[paneFID] = host.SplitY(charts, (charts.H+1)/2)
		at[paneLayers], at[paneSamples] = host.SplitX(rest, rest.W/2)
		return
	}
	charts, side := host.SplitX(main, main.W*54/100)
	at[paneLoss], at[paneFID] = host.SplitY(charts, (charts.H+1)/2)
	at[paneLayers], at[paneSamples] = host.SplitY(side, side.H*48/100)
}

// draw renders the panes row by row: rectangles side by side cover each row
// without overlap.
func (v *dashboardView) Draw(body host.Rect) []string {
	v.a.run.loss.ASCII, v.a.run.fid.ASCII = v.a.display.ASCII, v.a.display.ASCII
	at := v.a.paneRects(body)
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
		drawn[p] = v.drawPane(p, at[p], len(order))
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

func (v *dashboardView) drawPane(p pane, r host.Rect, shown int) []string {
	run, focused := v.a.run, p == v.a.focus
	switch p {
	case paneLoss:
		return host.Framed(v.a.theme, r, "Loss", focused, run.loss.View, run.loss.Info()...)
	case paneFID:
		return host.Framed(v.a.theme, r, widget.Plain(run.Quality()), focused, run.fid.View, run.fid.Info()...)
	case paneLayers:
		pane := v.a.Pane(paneNames[p])
		return host.Framed(v.a.theme, r, pane.Title()+v.a.besides(shown, "samples"), focused, pane.View, pane.Info()...)
	case paneSamples:
		pane := v.a.Pane(paneNames[p])
		return host.Framed(v.a.theme, r, pane.Title()+v.a.besides(shown, "layers"), focused, pane.View, pane.Info()...)
	}
	return host.Framed(v.a.theme, r, "Events", focused, run.events.View, run.events.Info()...)
}

// besides names the pane that waits in the same place, when three show.
func (a *App) besides(shown int, other string) string {
	if shown != 3 {
		return ""
	}
	return "  " + a.theme.Dim.Render(other)
}

// picture implements pictureView: the samples always are the rightmost pane.
func (v *dashboardView) Picture(r host.Rect) (host.Shown, bool) {
	p, ok := v.a.Pane(paneNames[paneSamples]).(host.PictureView)
	if !ok {
		return host.Shown{}, false
	}
	shown, ok := p.Picture(v.a.paneRects(r)[paneSamples])
	shown.Focused = v.a.focus == paneSamples
	return shown, ok
}

// menuRoom keeps menus off the picture.
func (v *dashboardView) MenuRoom(r host.Rect) host.Rect { return v.a.paneRects(r)[paneLayers] }

// status tells what a chart's cursor reads, else what the events pane doesn't,
// or the newest event without it.
func (v *dashboardView) Status(r host.Rect) string {
	for _, name := range v.a.chartNames() {
		if read := v.a.run.chart(name).ReadOut(); read != "" {
			return " " + read
		}
	}
	if v.a.paneRects(r)[paneEvents].Empty() {
		return v.a.run.events.Last(v.a.width)
	}
	return host.RunLine(v.a.theme, v.a.run.Run, v.a.opts.Location)
}

// mouse focuses what is clicked, reads a chart there or where it is dragged, and
// scrolls what the pointer is on.
func (v *dashboardView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	at := v.a.paneRects(r)
	p := pane(slices.IndexFunc(at[:], func(r host.Rect) bool { return r.Contains(e.X, e.Y) }))
	if p < 0 {
		return nil
	}
	switch m.(type) {
	case tea.MouseClickMsg:
		v.a.setFocus(p)
		switch p {
		case paneLoss, paneFID:
			v.a.readChart(e, at[p])
		case paneLayers:
			return v.a.Pane(paneNames[p]).Mouse(m, at[p])
		}
	case tea.MouseMotionMsg:
		if e.Button == tea.MouseLeft && p == v.a.focus && (p == paneLoss || p == paneFID) {
			v.a.readChart(e, at[p])
		}
	case tea.MouseWheelMsg:
		switch by := host.Wheel(e); p {
		case paneLoss:
			v.a.run.loss.MoveCursor(by)
		case paneFID:
			v.a.run.fid.MoveCursor(by)
		case paneLayers, paneSamples:
			return v.a.Pane(paneNames[p]).Mouse(m, at[p])
		case paneEvents:
			v.a.run.events.Move(3 * by)
		}
	}
	return nil
}

// readChart puts the cursor of the focused chart, framed by r, under the pointer.
func (a *App) readChart(e tea.Mouse, r host.Rect) {
	in := host.Inner(r)
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
func (v *dashboardView) bindChart() {
	a := v.a
	v.chartKeys = host.NewSection("charts",
		host.Bind("left h", "← h", "", "cursor left: read values", func() tea.Cmd { a.moveCursors(-1); return nil }),
		host.Bind("right l", "→ l", "", "cursor right", func() tea.Cmd { a.moveCursors(1); return nil }),
		host.Bind("shift+left H", "H", "", "cursor left by ten", func() tea.Cmd { a.moveCursors(-10); return nil }),
		host.Bind("shift+right L", "L", "", "cursor right by ten", func() tea.Cmd { a.moveCursors(10); return nil }),
	)
	v.axesKeys = host.NewSection("axes",
		host.Bind("y", "y", "log y", "logarithmic y axis (focused chart, or both)", func() tea.Cmd {
			return a.eachChart(func(c *widget.Chart) { c.LogY = !c.LogY })
		}),
		host.Bind("x", "x", "log x", "logarithmic x axis", func() tea.Cmd {
			return a.eachChart(func(c *widget.Chart) { c.LogX = !c.LogX })
		}),
		host.Bind("s", "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", func() tea.Cmd {
			return a.eachChart((*widget.Chart).CycleSmoothing)
		}),
		host.Bind("b", "b", "", "braille or ASCII curves", a.toggleBraille),
	)
}

func (v *dashboardView) bindEvents() {
	do := func(f func(*panes.Events)) func() tea.Cmd {
		return func() tea.Cmd { f(v.a.run.events); return nil }
	}
	v.eventsKeys = host.NewSection("pane of events",
		host.Bind("up k", "↑ k", "", "scroll back", do(func(e *panes.Events) { e.Move(-1) })),
		host.Bind("down j", "↓ j", "", "scroll forward", do(func(e *panes.Events) { e.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page back", do(func(e *panes.Events) { e.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page forward", do(func(e *panes.Events) { e.Page(1) })),
	)
}

func (a *App) toggleBraille() tea.Cmd {
	a.display.ASCII = !a.display.ASCII
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
		a.state.Charts[name] = host.ChartState{LogX: c.LogX, LogY: c.LogY, Smoothing: c.Smoothing}
	}
	return nil
}
