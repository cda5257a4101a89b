package runs

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// Draw implements host.View.
func (v *Group) Draw(r host.Rect) []string {
	t, g := v.h.Theme(), v.group()
	at, chart, below := v.split(r)
	v.charts = chart.H > 0
	v.fill(at.W - 2)
	v.table.Empty = []string{"no point matches /" + widget.Plain(v.filter), "", "esc shows all"}
	title := widget.Plain(v.name)
	var info []string
	judge := ""
	if g == nil {
		v.table.Empty = []string{"its runs are gone"}
	} else {
		s, want := session.Whole(g)
		info = append(v.table.Info(t), host.Badge(t, string(g.State), ""), t.Dim.Render(fmt.Sprintf("%d / %d runs", s.Done, want)))
		if judge = s.Name; judge != "" {
			info = append(info, t.Dim.Render("best and last: "+widget.Plain(judge)))
		}
	}
	if v.by != "" {
		title += " by " + widget.Plain(v.by)
	}
	if v.filter != "" {
		title += " /" + widget.Plain(v.filter)
	}
	lines := host.Framed(t, at, title, true, func(w, h int) string { return v.table.View(t, w, h) }, info...)
	if chart.H > 0 {
		lines = append(lines, v.curves.draw(v.h, chart, judge)...)
	}
	if below.H == 0 {
		return lines
	}
	return append(lines, host.Framed(t, below, "Compared", false, func(w, h int) string {
		return widget.Block(v.compared(w), w, h, t.Glyphs.Ellipsis)
	})...)
}

// compared says how the point under the cursor does against the best one.
func (v *Group) compared(w int) []string {
	t, g := v.h.Theme(), v.group()
	row, ok := v.rows[v.table.Cursor()]
	if g == nil || !ok {
		return nil
	}
	if g.Err != nil {
		return []string{" " + t.Bad.Render(widget.Plain(g.Err.Error()))}
	}
	at, best := session.BestPoint(g)
	if at < 0 {
		return []string{" " + t.Dim.Render("no evaluation yet")}
	}
	say := func(name, text string) string {
		return " " + t.Dim.Render(widget.Fit(name, 8, "")) + widget.Fit(text, w-10, t.Glyphs.Ellipsis)
	}
	s := session.StandingOf(row.runs()...)
	lines := []string{
		say("best", widget.Plain(session.PointName(g, &g.Points[at]))+"  "+sampleText(v.h, best.Best)),
		say("this", widget.Plain(row.name)+"  "+sampleText(v.h, s.Best)),
	}
	difference := "it is the best so far"
	if len(row.points) != 1 || row.points[0] != &g.Points[at] {
		difference = sweep.Compare(s.Best, best.Best).String()
	}
	lines = append(lines, say("differ", difference))
	for _, m := range row.points {
		if m.Dropped != "" {
			lines = append(lines, say("dropped", widget.Plain(m.Dropped)))
			break
		}
	}
	return lines
}

// sampleText words a mean over seeds.
func sampleText(h host.Host, s sweep.Sample) string {
	return sampleCell(h.Theme(), s).Text + h.Theme().Dim.Render("  "+seeds(s.N))
}

// drawGroup shows the points of a group below the list, the best first, and beside them
// the curves of the best.
func (v *View) drawGroup(g *sweep.Group, r host.Rect) []string {
	t := v.h.Theme()
	rows := map[string]groupRow{}
	var order []string
	for i := range g.Points {
		name := session.PointName(g, &g.Points[i])
		rows[name] = groupRow{name, []*sweep.Member{&g.Points[i]}}
		order = append(order, name)
	}
	best := bestRows(rows)
	order = append(best, slices.DeleteFunc(order, func(key string) bool { return slices.Contains(best, key) })...)
	v.curves.place(best[:min(len(best), maxCurves)])
	v.curves.update(v.h, rows)
	left, right := splitDetail(r)
	points := host.Framed(t, left, widget.Plain(g.Name), false, func(w, h int) string {
		var lines []string
		for i, key := range order {
			if i == h-1 && len(order) > h {
				lines = append(lines, t.Dim.Render(fmt.Sprintf(" %d more: enter shows them", len(order)-i)))
				break
			}
			m := rows[key].points[0]
			s := session.StandingOf(m.Runs...)
			line := " " + v.curves.sign(key) + widget.Fit(widget.Plain(key), max(min(24, w-29), 12), t.Glyphs.Ellipsis) + " " +
				widget.FitLeft(sampleCell(t, s.Best).Text, 13) + t.Dim.Render(fmt.Sprintf("  %d / %d done", s.Done, max(m.Want, s.Made)))
			for _, set := range m.Set { // as many as there is room for
				key, value := "  "+set.Key[strings.LastIndexByte(set.Key, '.')+1:]+" ", session.ShortValue(widget.Plain(set.Value))
				if ansi.StringWidth(line)+ansi.StringWidth(key+value) > w {
					break
				}
				line += t.Dim.Render(key) + value
			}
			lines = append(lines, line)
		}
		return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
	}, host.Badge(t, string(g.State), ""))
	whole, _ := session.Whole(g)
	return host.Beside(points, v.curves.draw(v.h, right, whole.Name))
}

// Mouse selects the point that is clicked, and opens it on a second click.
func (v *Group) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	switch m.(type) {
	case tea.MouseWheelMsg:
		v.table.Move(host.Wheel(e))
	case tea.MouseClickMsg:
		at, _, _ := v.split(r)
		key := v.table.At(e.Y - at.Y - 1)
		switch {
		case e.Button != tea.MouseLeft || key == "" || e.Y >= at.Y+at.H-1:
		case key == v.table.Cursor():
			return v.open()
		default:
			v.table.SetCursor(key)
		}
	}
	return nil
}
