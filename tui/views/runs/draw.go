package runs

import (
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// Sizes from which on the run under the cursor is shown in detail.
const (
	detailWidth, detailHeight = 118, 16
	tableMin                  = 9 // lines of the list above it, with its frame
)

// split cuts the screen into the list and the detail below. The list has room
// for all runs, up to a good half; it doesn't change with the filter.
func (v *View) split(r host.Rect) (table, detail host.Rect) {
	if r.W < detailWidth || r.H < tableMin+detailHeight {
		return r, host.Rect{}
	}
	most := max(r.H-detailHeight, tableMin)
	return host.SplitY(r, max(min(len(v.h.Runs().List)+3, most, r.H*11/20), tableMin))
}

// Draw renders the list and the detail.
func (v *View) Draw(r host.Rect) []string {
	at, below := v.split(r)
	v.width = at.W - 2
	v.fill()
	list := v.h.Runs().List
	switch {
	case !v.h.Runs().Known:
		v.table.Empty = []string{"reading " + widget.Plain(v.h.Options().RunsDir)}
	case len(list) == 0:
		v.table.Empty = []string{"no runs yet", "", "n starts one"}
	default:
		v.table.Empty = []string{"no run matches /" + widget.Plain(v.filter), "", "esc shows all"}
	}
	var body string
	in := host.Inner(at)
	body = v.table.View(v.h.Theme(), in.W, in.H) // before its Info, which tells what shows
	title := "Runs"
	if v.filter != "" {
		title += " /" + widget.Plain(v.filter)
	}
	info := v.table.Info(v.h.Theme())
	all := make([]*session.Listed, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	if name := qualityName(all); name != "" {
		info = append(info, v.h.Theme().Dim.Render("best and last: "+name))
	}
	lines := host.Framed(v.h.Theme(), at, title, true, func(int, int) string { return body }, info...)
	if below.H > 0 {
		if g := v.selectedGroup(); g != nil {
			lines = append(lines, v.drawGroup(g, below)...)
		} else {
			lines = append(lines, v.detail.draw(v.h, v.selected(), below)...)
		}
	}
	return lines
}
