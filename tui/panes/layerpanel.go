package panes

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"innate/tui/theme"
	"innate/tui/widget"
)

// LayerChange is one change of what is frozen in the layer of a panel.
type LayerChange struct {
	Nimg       int64
	Frozen, Of int // tensors
}

// LayerPanel shows one row of the tree at length: what it is, its measurements
// over time, and when it was frozen.
type LayerPanel struct {
	theme   *theme.Theme
	charts  [statCount]*widget.Chart
	detail  LayerDetail
	changes []LayerChange
	key     string // what the charts show
}

// NewLayerPanel returns an empty panel.
func NewLayerPanel(t *theme.Theme) *LayerPanel { return &LayerPanel{theme: t} }

// SetTheme redraws in other colours.
func (p *LayerPanel) SetTheme(t *theme.Theme) {
	p.theme = t
	for _, c := range p.charts {
		if c != nil {
			c.SetTheme(t)
			c.ASCII = t.Glyphs.ASCII
		}
	}
}

// Set shows a layer. The changes are in order of time; the first one says what
// was the case at the beginning.
func (p *LayerPanel) Set(d LayerDetail, changes []LayerChange) {
	p.detail, p.changes = d, changes
	last := int64(-1)
	if n := len(d.Nimg); n > 0 {
		last = d.Nimg[n-1]
	}
	// Drawing again what has not changed needs no new curves.
	key := fmt.Sprint(d.Name, len(d.Nimg), last, d.Latest, changes)
	if key == p.key {
		return
	}
	p.key = key
	for k := range p.charts {
		c := widget.NewChart(p.theme, "")
		c.ASCII = p.theme.Glyphs.ASCII
		for i, v := range d.Values[k] {
			c.Add(0, float64(d.Nimg[i])/1000, float64(v))
		}
		for _, ch := range changes[min(1, len(changes)):] {
			c.AddMark(float64(ch.Nimg)/1000, "freeze")
		}
		c.MaxX, c.LabelW = float64(last)/1000, 6
		p.charts[k] = c
	}
}

// Info is the state of the layer, for the frame.
func (p *LayerPanel) Info() []string {
	d := &p.detail
	if d.Name == "" {
		return nil
	}
	return []string{p.state(d.Frozen, d.Params, fmt.Sprintf("%d %% frozen", percentOf(d.Frozen, d.Params)))}
}

// state words how much is frozen; some says it where it is neither all nor none.
func (p *LayerPanel) state(frozen, of int64, some string) string {
	t, g := p.theme, p.theme.Glyphs
	switch frozen {
	case 0:
		return t.Good.Render(g.Training) + " training"
	case of:
		return t.Frozen.Render(g.Frozen) + " frozen"
	}
	return t.Frozen.Render(g.Mixed) + " " + some
}

// statTitles say what the measurements are.
var statTitles = [statCount]string{"gradient norm", "update, relative to the weights", "distance from the start, relative"}

const (
	panelChanges  = 8 // rows of history at most
	panelMinChart = 6
)

// View draws the panel in w by h cells. What has no room is left out from the
// end.
func (p *LayerPanel) View(w, h int) string {
	t, g := p.theme, p.theme.Glyphs
	if p.detail.Name == "" {
		return widget.Centered([]string{t.Dim.Render("no layer")}, w, h, g.Ellipsis)
	}
	lines := append([]string{""}, p.facts(w)...)
	history := p.history()
	room := h - len(lines) - len(history)
	if room < int(statCount)*panelMinChart {
		history, room = nil, h-len(lines)
	}
	for k := range statCount {
		// A rest that doesn't divide by three stays below the last chart.
		ch := room/int(statCount) - 2
		if ch < panelMinChart-2 {
			break
		}
		value := ""
		if v := p.detail.Latest[k]; !math.IsNaN(v) {
			value = widget.ColumnValue(v)
		}
		title := widget.Fit(" "+statTitles[k], w-9, g.Ellipsis)
		lines = append(lines, "", t.Dim.Render(title)+widget.FitLeft(value, 8))
		lines = append(lines, strings.Split(p.chart(k, w-2, ch), "\n")...)
	}
	return widget.Block(append(lines, history...), w, h, g.Ellipsis)
}

// chart draws one measurement, a cell from the border on both sides.
func (p *LayerPanel) chart(k stat, w, h int) string {
	var body, text string
	v := p.detail.Values[k]
	switch {
	case len(p.detail.Nimg) == 0:
		text = "not measured yet"
	case k == statGrad && !slices.ContainsFunc(v, func(v float32) bool { return finite(float64(v)) }):
		text = "no gradient while it is frozen"
	case k != statGrad && !slices.ContainsFunc(v, func(v float32) bool { return v != 0 && v == v }):
		text = "it has not moved"
	default:
		body = p.charts[k].View(w, h)
	}
	if text != "" {
		body = widget.Centered([]string{p.theme.Dim.Render(text)}, w, h, p.theme.Glyphs.Ellipsis)
	}
	return " " + strings.ReplaceAll(body, "\n", "\n ")
}

// facts say what the layer is.
func (p *LayerPanel) facts(w int) []string {
	t, g, d := p.theme, p.theme.Glyphs, &p.detail
	label := func(name, text string) string { return " " + t.Dim.Render(widget.Fit(name, 9, "")) + text }
	var lines []string
	if d.Kind != "" {
		text := d.Kind
		if len(d.Shape) > 0 {
			text += "  " + shapeText(d.Shape, g.Times, w)
		}
		lines = append(lines, label("kind", text), label("tensors", strings.Join(d.Fields, ", ")))
	} else {
		lines = append(lines,
			label("layers", fmt.Sprintf("%d, %d of them frozen", d.Units, d.FrozenUnits)),
			label("tensors", fmt.Sprint(len(d.Names))))
	}
	share := "less than 0.1"
	if v := 100 * float64(d.Params) / float64(max(d.Network, 1)); v >= 0.05 {
		share = fmt.Sprintf("%.1f", v)
	}
	return append(lines, label("values", widget.Count(d.Params)+t.Dim.Render(", "+share+" % of the network")))
}

// history lists the changes, the newest first.
func (p *LayerPanel) history() []string {
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
