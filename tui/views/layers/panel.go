package layers

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// panel shows one row of the tree at length: what it is, its measurements over
// time, and when it was frozen.
type panel struct {
	theme   *theme.Theme
	charts  [session.Measurements]*widget.Chart
	layers  *session.Layers
	node    int // -1 for none
	changes []session.FreezeChange
	key     string // what the charts show
}

// newPanel returns an empty panel.
func newPanel(t *theme.Theme) *panel { return &panel{theme: t, node: -1} }

// SetTheme redraws in other colours.
func (p *panel) SetTheme(t *theme.Theme) {
	p.theme = t
	for _, c := range p.charts {
		if c != nil {
			c.SetTheme(t)
			c.ASCII = t.Glyphs.ASCII
		}
	}
}

// Set shows a node, none for -1. The changes are in order of time; the first one
// says what was the case at the beginning.
func (p *panel) Set(l *session.Layers, node int, changes []session.FreezeChange) {
	p.layers, p.node, p.changes = l, node, changes
	if node < 0 {
		return
	}
	nimg, last := l.Stats.Nimg, int64(-1)
	if n := len(nimg); n > 0 {
		last = nimg[n-1]
	}
	// Drawing again what has not changed needs no new curves.
	key := fmt.Sprint(l.Net.Nodes[node].Key, len(nimg), last, changes)
	for m := range session.Measurements {
		key += fmt.Sprint(" ", l.Stats.Latest(m, node))
	}
	if key == p.key {
		return
	}
	p.key = key
	for m := range p.charts {
		of := []session.Measurement{session.Measurement(m)}
		if of[0] == session.Distance && p.parts() {
			of = append(of, session.Direction, session.Norm)
		}
		c := widget.NewChart(p.theme, make([]string, len(of))...)
		c.ASCII = p.theme.Glyphs.ASCII
		for k, m := range of {
			for i, v := range l.Stats.Series(m, node) {
				c.Add(k, float64(nimg[i])/1000, float64(v))
			}
		}
		for _, ch := range changes[min(1, len(changes)):] {
			if m, ok := host.MarkOf(runlog.Event{Nimg: ch.Nimg, Kind: runlog.Freeze}); ok {
				c.Mark(m)
			}
		}
		c.MaxX, c.LabelW = float64(last)/1000, 6
		p.charts[m] = c
	}
}

// parts reports whether the distance is known in direction and norm.
func (p *panel) parts() bool { return !math.IsNaN(p.layers.Stats.Latest(session.Direction, p.node)) }

// title says what a measurement is; of a distance also its parts, if they are known.
func (p *panel) title(m session.Measurement) string {
	if m != session.Distance || !p.parts() {
		return titles[m]
	}
	part := func(m session.Measurement) string { return widget.ColumnValue(p.layers.Stats.Latest(m, p.node)) }
	return "distance: direction " + part(session.Direction) + ", norm " + part(session.Norm)
}

// Info is the state of the layer, for the frame.
func (p *panel) Info() []string {
	if p.node < 0 {
		return nil
	}
	u := &p.layers.Net.Nodes[p.node]
	state := p.state(u.Frozen, u.Params, fmt.Sprintf("%d %% frozen", percentOf(u.Frozen, u.Params)))
	if p.layers.Net.ByRule(u) {
		state += " by rule"
	}
	return []string{state}
}

// state words how much is frozen; some says it where it is neither all nor none.
func (p *panel) state(frozen, of int64, some string) string {
	t, g := p.theme, &p.theme.Glyphs
	switch frozen {
	case 0:
		return t.Good.Render(g.Training) + " training"
	case of:
		return t.Frozen.Render(g.Frozen) + " frozen"
	}
	return t.Frozen.Render(g.Mixed) + " " + some
}

// titles say what the measurements are.
var titles = [session.Measurements]string{"gradient norm", "update, relative to the weights", "distance from the start, relative"}

const (
	panelChanges  = 8 // rows of history at most
	panelMinChart = 6
)

// View draws the panel in w by h cells. What has no room is left out from the
// end.
func (p *panel) View(w, h int) string {
	t, g := p.theme, &p.theme.Glyphs
	if p.node < 0 {
		return widget.Centered([]string{t.Dim.Render("no layer")}, w, h, g.Ellipsis)
	}
	lines := append([]string{""}, p.facts(w)...)
	history := p.history()
	room := h - len(lines) - len(history)
	if room < int(session.Measurements)*panelMinChart {
		history, room = nil, h-len(lines)
	}
	for m := range session.Measurements {
		// A rest that doesn't divide by three stays below the last chart.
		ch := room/int(session.Measurements) - 2
		if ch < panelMinChart-2 {
			break
		}
		value := ""
		if v := p.layers.Stats.Latest(m, p.node); !math.IsNaN(v) {
			value = widget.ColumnValue(v)
		}
		title := widget.Fit(" "+p.title(m), w-9, g.Ellipsis)
		lines = append(lines, "", t.Dim.Render(title)+widget.FitLeft(value, 8))
		lines = append(lines, strings.Split(p.chart(m, w-2, ch), "\n")...)
	}
	return widget.Block(append(lines, history...), w, h, g.Ellipsis)
}

// chart draws one measurement, a cell from the border on both sides.
func (p *panel) chart(m session.Measurement, w, h int) string {
	var body, text string
	v := p.layers.Stats.Series(m, p.node)
	switch {
	case len(v) == 0:
		text = "not measured yet"
	case m == session.GradientNorm && !slices.ContainsFunc(v, func(v float32) bool { return finite(float64(v)) }):
		text = "no gradient while it is frozen"
	case m != session.GradientNorm && !slices.ContainsFunc(v, func(v float32) bool { return v != 0 && v == v }):
		text = "it has not moved"
	default:
		body = p.charts[m].View(w, h)
	}
	if text != "" {
		body = widget.Centered([]string{p.theme.Dim.Render(text)}, w, h, p.theme.Glyphs.Ellipsis)
	}
	return " " + strings.ReplaceAll(body, "\n", "\n ")
}

// facts say what the layer is.
func (p *panel) facts(w int) []string {
	t, net := p.theme, p.layers.Net
	u := &net.Nodes[p.node]
	label := func(name, text string) string { return " " + t.Dim.Render(widget.Fit(name, 9, "")) + text }
	var lines []string
	if u.Kind != "" {
		text := u.Kind
		if len(u.Shape) > 0 {
			text += "  " + shapeText(u.Shape, t.Glyphs.Times, w)
		}
		var fields []string
		for i := u.Lo; i < u.Hi; i++ {
			fields = append(fields, widget.Plain(net.Tensors[i].Field))
		}
		lines = append(lines, label("kind", text), label("tensors", strings.Join(fields, ", ")))
	} else {
		lines = append(lines,
			label("layers", fmt.Sprintf("%d, %d of them frozen", u.Units, u.FrozenUnits)),
			label("tensors", fmt.Sprint(u.Hi-u.Lo)))
	}
	share := "less than 0.1"
	if v := 100 * float64(u.Params) / float64(max(net.Total.Params, 1)); v >= 0.05 {
		share = fmt.Sprintf("%.1f", v)
	}
	return append(lines, label("values", widget.Count(u.Params)+t.Dim.Render(", "+share+" % of the network")))
}

// history lists the changes, the newest first.
func (p *panel) history() []string {
	if len(p.changes) == 0 {
		return nil
	}
	t := p.theme
	lines := []string{"", t.Dim.Render(" frozen and trained")}
	for i := len(p.changes) - 1; i >= 0 && len(lines) < panelChanges+2; i-- {
		c := p.changes[i]
		what := p.state(int64(c.Frozen), int64(c.Of), fmt.Sprintf("%d of %d tensors frozen", c.Frozen, c.Of))
		lines = append(lines, t.Dim.Render(widget.FitLeft(widget.Kimg(c.Nimg), 9)+" kimg")+"  "+what)
	}
	return lines
}
