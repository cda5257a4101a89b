// Package dashboard is the view that shows a bit of everything: two charts, and
// panes of the views of layers, samples and events.
package dashboard

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// part is a part of the dashboard: one of its charts, or the pane of a view.
type part int

const (
	lossPart part = iota
	qualityPart
	layersPart
	samplesPart
	eventsPart
	partCount
)

// names are what the remembered state calls the parts, and those with a pane are
// the views that it comes from.
var names = [partCount]string{"loss", "fid", "layers", "samples", "events"}

// View shows the parts; one has the focus, which is remembered.
type View struct {
	h         host.Host
	keys      *host.Section
	chartKeys *host.Section
	axesKeys  *host.Section

	charts
}

// New returns the view of a run without a tick, its charts set as remembered.
func New(h host.Host) host.View {
	v := &View{h: h}
	if h.Run() != nil {
		v.newCharts()
	}
	v.bind()
	return v
}

// Title implements host.View.
func (*View) Title() string { return "dashboard" }

// Active implements host.View: the keys of the part with the focus come first.
func (v *View) Active() []*host.Section {
	focused := v.chartKeys
	if p := v.focus(); !p.isChart() {
		focused = v.pane(p).Keys()
	}
	return []*host.Section{focused, v.keys, v.axesKeys}
}

// Sections implements host.HelpView.
func (v *View) Sections() []*host.Section {
	list := []*host.Section{v.keys, v.axesKeys, v.chartKeys}
	for p := range partCount {
		if pane := v.pane(p); pane != nil {
			list = append(list, pane.Keys())
		}
	}
	return list
}

func (v *View) bind() {
	move := func(by part) func() tea.Cmd {
		return func() tea.Cmd { v.setFocus((v.focus() + by + partCount) % partCount); return nil }
	}
	v.keys = host.NewSection("dashboard",
		host.Bind("tab", "tab", "next", "next pane", move(1)),
		host.Bind("shift+tab", "shift+tab", "", "previous pane", move(-1)),
		host.Bind("enter z", "enter", "zoom", "the focused pane's own view", v.zoom),
	)
	v.bindCharts()
}

// pane is the pane of another view, nil for a chart.
func (v *View) pane(p part) host.Pane { return v.h.Pane(names[p]) }

func (p part) isChart() bool { return p == lossPart || p == qualityPart }

// focus is the part that keys are about: at first the layers.
func (v *View) focus() part {
	if p := slices.Index(names[:], v.h.State().Focus); p >= 0 {
		return part(p)
	}
	return layersPart
}

func (v *View) setFocus(p part) {
	v.h.State().Side = names[v.side()]
	v.h.State().Focus = names[p]
}

// side is the one of layers and samples that had the focus last: where there is
// room for one of them, that shows.
func (v *View) side() part {
	if p := v.focus(); p == layersPart || p == samplesPart {
		return p
	}
	if v.h.State().Side == names[samplesPart] {
		return samplesPart
	}
	return layersPart
}

// ShowPart implements host.PartView: the part has the focus.
func (v *View) ShowPart(name string) bool {
	p := slices.Index(names[:], name)
	if p >= 0 {
		v.setFocus(part(p))
	}
	return p >= 0
}

// zoom shows the focused part's own view, a chart among the other curves.
func (v *View) zoom() tea.Cmd {
	if p := v.focus(); !p.isChart() {
		return v.h.Show(names[p])
	}
	return v.h.ShowPart("curves", v.chartName(v.focus()))
}

// Back implements host.BackView: it hides the charts' cursors, or undoes the last
// narrowing of the pane with the focus.
func (v *View) Back() bool {
	if v.hideCursors() {
		return true
	}
	p, ok := v.pane(v.focus()).(host.BackView)
	return ok && p.Back()
}

// SetTheme implements host.ThemeView.
func (v *View) SetTheme(t *theme.Theme) {
	v.loss.SetTheme(t)
	v.quality.SetTheme(t)
}

// Draw implements host.View. It renders the parts row by row: rectangles side by
// side cover each row without overlap.
func (v *View) Draw(body host.Rect) []string {
	v.dressCharts()
	at := v.rects(body)
	var order []part
	for p := range partCount {
		if !at[p].Empty() {
			order = append(order, p)
		}
	}
	// Columns of parts from left to right, so that appending keeps the order.
	slices.SortStableFunc(order, func(p, q part) int { return at[p].X - at[q].X })
	var drawn [partCount][]string
	size := 0
	for _, p := range order {
		drawn[p] = v.drawPart(p, at[p], len(order))
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

func (v *View) drawPart(p part, r host.Rect, shown int) []string {
	t, focused := v.h.Theme(), p == v.focus()
	switch p {
	case lossPart:
		return host.Framed(t, r, "Loss", focused, v.loss.View, v.loss.Info()...)
	case qualityPart:
		return host.Framed(t, r, widget.Plain(v.h.Run().Quality()), focused, v.quality.View, v.quality.Info()...)
	}
	pane := v.pane(p)
	title := pane.Title()
	if other, shares := map[part]part{layersPart: samplesPart, samplesPart: layersPart}[p]; shares && shown == 3 {
		title += "  " + t.Dim.Render(names[other]) // which waits in the same place
	}
	return host.Framed(t, r, title, focused, pane.View, pane.Info()...)
}

// Picture implements host.PictureView: the samples always are the rightmost part.
func (v *View) Picture(r host.Rect) (host.Shown, bool) {
	p, ok := v.pane(samplesPart).(host.PictureView)
	if !ok {
		return host.Shown{}, false
	}
	shown, ok := p.Picture(v.rects(r)[samplesPart])
	shown.Focused = v.focus() == samplesPart
	return shown, ok
}

// MenuRoom implements host.MenuView: it keeps menus off the picture.
func (v *View) MenuRoom(r host.Rect) host.Rect { return v.rects(r)[layersPart] }

// Status implements host.StatusView: it tells what a chart's cursor reads, else
// what the pane of events doesn't. Without that pane it leaves the line to the
// newest event.
func (v *View) Status(r host.Rect) string {
	if read := v.readOut(); read != "" {
		return " " + read
	}
	if v.rects(r)[eventsPart].Empty() {
		return ""
	}
	return host.RunLine(v.h.Theme(), v.h.Run(), v.h.Options().Location)
}

// Mouse implements host.MouseView: it focuses what is clicked, reads a chart there
// or where it is dragged, and lets a pane do the rest.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	at := v.rects(r)
	p := part(slices.IndexFunc(at[:], func(r host.Rect) bool { return r.Contains(e.X, e.Y) }))
	if p < 0 {
		return nil
	}
	if _, ok := m.(tea.MouseClickMsg); ok {
		v.setFocus(p)
	}
	if !p.isChart() {
		return v.pane(p).Mouse(m, at[p])
	}
	c, in := v.chart(p), host.Inner(at[p])
	switch m.(type) {
	case tea.MouseClickMsg:
		c.CursorAt(e.X-in.X, e.Y-in.Y)
	case tea.MouseMotionMsg:
		if e.Button == tea.MouseLeft && p == v.focus() {
			c.CursorAt(e.X-in.X, e.Y-in.Y)
		}
	case tea.MouseWheelMsg:
		c.MoveCursor(host.Wheel(e))
	}
	return nil
}
