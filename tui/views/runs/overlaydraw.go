package runs

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// split cuts the screen into the list of runs and the charts.
func (v *Overlay) split(r host.Rect) (legend, charts host.Rect) {
	return host.SplitY(r, min(len(v.dirs)+2, max(r.H/3, 3)))
}

// Draw implements host.View.
func (v *Overlay) Draw(r host.Rect) []string {
	legend, charts := v.split(r)
	lines := host.Framed(v.h.Theme(), legend, "Runs", false, func(w, h int) string { return widget.Block(v.legend(h), w, h, v.h.Theme().Glyphs.Ellipsis) })
	return append(lines, strings.Split(v.curves.View(charts.W, charts.H), "\n")...)
}

// legend tells the runs in h lines: how their curves look, and how they are.
func (v *Overlay) legend(h int) []string {
	t := v.h.Theme()
	nameW := 0
	for _, dir := range v.dirs {
		nameW = max(nameW, len([]rune(session.NameOf(dir))))
	}
	var lines []string
	for i, dir := range v.dirs {
		if i == h-1 && len(v.dirs) > h {
			return append(lines, t.Dim.Render(fmt.Sprintf("   %d more", len(v.dirs)-i)))
		}
		line := " " + v.curves.RunSign(i, len(v.dirs)) + "  " + widget.Fit(widget.Plain(session.NameOf(dir)), min(nameW, nameMax), t.Glyphs.Ellipsis)
		row := v.h.Runs().Named(dir)
		switch {
		case v.logs.Errs[i] != nil:
			line += "  " + t.Bad.Render(widget.Plain(v.logs.Errs[i].Error()))
		case row == nil:
			line += "  " + t.Dim.Render("gone")
		default:
			line += "  " + widget.Fit(badge(row, t), 10, "") + "  " + widget.Fit(methodOf(row), 10, "") + "  " +
				widget.FitLeft(kimgCell(row, t, 0).Text, 13)
			if v := row.Status.BestFID; v != nil {
				line += "  " + t.Dim.Render("best ") + widget.FitLeft(widget.Value(*v), 6)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// Mouse moves the read-out to where is clicked, and zooms by the wheel.
func (v *Overlay) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	_, charts := v.split(r)
	switch m.(type) {
	case tea.MouseWheelMsg:
		v.curves.Scroll(host.Wheel(e))
	case tea.MouseClickMsg:
		if e.Button == tea.MouseLeft {
			v.curves.CursorAt(e.X-charts.X, e.Y-charts.Y)
		}
	}
	return nil
}

// qualityName names what runs are compared by, if it is one thing.
func qualityName(runs []*session.Listed) string {
	name := ""
	for _, r := range runs {
		n := widget.Plain(r.Status.FIDName)
		switch {
		case n == "" || r.Status.BestFID == nil:
		case name == "":
			name = n
		case name != n:
			return "FID, not all comparable"
		}
	}
	return name
}
