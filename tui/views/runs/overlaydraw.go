package runs

import (
	"cmp"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// split cuts the screen into the list of runs and the charts.
func (v *Overlay) split(r host.Rect) (legend, charts host.Rect) {
	return host.SplitY(r, min(len(v.entries)+2, max(r.H/3, 3)))
}

// Draw implements host.View.
func (v *Overlay) Draw(r host.Rect) []string {
	legend, charts := v.split(r)
	lines := host.Framed(v.h.Theme(), legend, "Runs", false, func(w, h int) string { return widget.Block(v.legend(h), w, h, v.h.Theme().Glyphs.Ellipsis) })
	return append(lines, strings.Split(v.curves.View(charts.W, charts.H), "\n")...)
}

// legend tells the curves in h lines: how they look, and how what they are of does.
func (v *Overlay) legend(h int) []string {
	t := v.h.Theme()
	nameW := 0
	for _, e := range v.entries {
		nameW = max(nameW, len([]rune(v.nameOf(e))))
	}
	var lines []string
	first := 0 // of the entry's logs
	for i, e := range v.entries {
		if i == h-1 && len(v.entries) > h {
			return append(lines, t.Dim.Render(fmt.Sprintf("   %d more", len(v.entries)-i)))
		}
		line := " " + v.curves.RunSign(i, len(v.entries)) + "  " + widget.Fit(widget.Plain(v.nameOf(e)), min(nameW, nameMax), t.Glyphs.Ellipsis) + "  "
		errs := v.logs.Errs[first : first+len(e.seeds)]
		first += len(e.seeds)
		row := v.h.Runs().Named(e.seeds[0].Info.Dir)
		switch err := cmp.Or(errs...); {
		case err != nil:
			line += t.Bad.Render(widget.Plain(err.Error()))
		case len(e.seeds) > 1:
			line += v.ensembleText(i)
		case e.seeds[0].Record != nil:
			line += t.Dim.Render("trained elsewhere, best ") + sampleText(v.h, v.standing(i).Best)
		case row == nil:
			line += t.Dim.Render("gone")
		default:
			line += widget.Fit(badge(row, t), 10, "") + "  " + widget.Fit(methodOf(row), 10, "") + "  " +
				widget.FitLeft(kimgCell(row, t, 0).Text, 13)
			if v := row.Status.BestFID; v != nil {
				line += "  " + t.Dim.Render("best ") + widget.FitLeft(widget.Value(*v), 6)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// nameOf is what an entry is called in the legend.
func (v *Overlay) nameOf(e overlaidRuns) string {
	if len(e.seeds) == 1 {
		return e.seeds[0].Info.Name
	}
	return e.name
}

// ensembleText says how an ensemble does, and what may be said of it against the first
// one.
func (v *Overlay) ensembleText(i int) string {
	t, s := v.h.Theme(), v.standing(i)
	text := t.Dim.Render("best ") + sampleText(v.h, s.Best)
	if i > 0 && len(v.entries[0].seeds) > 1 {
		text += t.Dim.Render("  against the first: ") + sweep.Compare(s.Best, v.standing(0).Best).String()
	}
	return text
}

// standing is how the runs of an entry do, as last read.
func (v *Overlay) standing(i int) session.Standing {
	var now []sweep.Seed
	for _, s := range v.entries[i].seeds {
		if r := v.h.Runs().Named(s.Info.Dir); r != nil {
			s.Info = r.Info
		}
		now = append(now, s)
	}
	return session.StandingOf(now...)
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
