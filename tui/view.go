package tui

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/views/analysis"
	"innate/tui/views/config"
	"innate/tui/views/curves"
	"innate/tui/views/dashboard"
	"innate/tui/views/events"
	"innate/tui/views/form"
	"innate/tui/views/layers"
	"innate/tui/views/machine"
	"innate/tui/views/runs"
	"innate/tui/views/samples"
)

// builtin are the views of a run, in the order of their number keys; what
// Options add follows. The name is the view's title.
var builtin = []host.Registration{
	{Name: "dashboard", New: dashboard.New},
	{Name: "curves", New: curves.New},
	{Name: "layers", New: layers.New},
	{Name: "samples", New: samples.New},
	{Name: "config", New: config.New},
	{Name: "machine", New: machine.New},
	{Name: "events", New: events.New},
	{Name: "analysis", New: analysis.New},
}

// newViews returns the views of a run that is being opened.
func (a *App) newViews() []host.View {
	list := make([]host.View, len(a.views))
	for i, v := range a.views {
		list[i] = v.New(a)
	}
	return list
}

// everyView returns one of each view, in the order of the documentation.
func (a *App) everyView() []host.View {
	return append(a.newViews(), a.runs, form.New(a), runs.NewOverlay(a), runs.NewGroup(a))
}

// ViewNames lists the views of a run.
func (a *App) ViewNames() []string {
	var names []string
	for _, v := range a.views {
		names = append(names, v.Name)
	}
	return names
}

// current is the view that shows.
func (a *App) current() host.View {
	switch {
	case a.run != nil:
		return a.run.views[a.view]
	case a.screen != nil:
		return a.screen
	}
	return a.runs
}

// Shows implements host.Host.
func (a *App) Shows(v host.View) bool { return a.current() == v }

// Show implements host.Host.
func (a *App) Show(name string) tea.Cmd {
	a.view = max(slices.Index(a.ViewNames(), name), 0)
	if v, ok := a.current().(host.EnterView); ok {
		return v.Enter()
	}
	return nil
}

// Reveal implements host.Host.
func (a *App) Reveal(part string) tea.Cmd {
	if v, ok := a.current().(host.PartView); ok && v.ShowPart(part) {
		return nil
	}
	return a.Show(part)
}

// ShowPart implements host.Host.
func (a *App) ShowPart(name, part string) tea.Cmd {
	cmd := a.Show(name)
	if v, ok := a.current().(host.PartView); ok {
		v.ShowPart(part)
	}
	return cmd
}

// Pane implements host.Host.
func (a *App) Pane(view string) host.Pane {
	if a.run == nil {
		return nil
	}
	if at := slices.Index(a.ViewNames(), view); at >= 0 {
		if v, ok := a.run.views[at].(host.PaneView); ok {
			return v.Pane()
		}
	}
	return nil
}

// ShowMoment implements host.Host.
func (a *App) ShowMoment(name string, nimg int64) tea.Cmd {
	cmd := a.Show(name)
	if v, ok := a.current().(host.MomentView); ok {
		v.ShowMoment(nimg)
	}
	return cmd
}

// back undoes the view's last narrowing; then it leads from the view to the
// first one and from there to the list of runs.
func (a *App) back() tea.Cmd {
	if v, ok := a.current().(host.BackView); ok && v.Back() {
		return nil
	}
	switch {
	case a.run == nil:
		return nil
	case a.view != 0:
		return a.Show(a.views[0].Name)
	case a.opts.RunsDir != "":
		a.run = nil
		if a.opts.Remote != nil {
			a.opts.Remote.Focus("")
		}
		return a.follow()
	}
	return nil
}

// tab is one name in the header's bar of views.
type tab struct {
	at   int // of the view
	x    int // first cell
	text string
}

// tabGap separates tabs; the marker of the present one stands in it.
const tabGap = 2

// badgeRoom is kept free for the state of the run, the longest one and a space
// on both sides, so that tabs don't move when it changes.
const badgeRoom = 12

// tabs places the bar of views behind left cells of title: numbers with as many names
// as fit, from the first view on and that of the present one in any case; or the
// present view alone, or nothing.
func (a *App) tabs(left int) []tab {
	for names := len(a.views); names >= 0; names-- {
		if bar, ok := a.placeTabs(left, func(int) bool { return true }, names); ok {
			return bar
		}
	}
	bar, _ := a.placeTabs(left, func(at int) bool { return at == a.view }, 0)
	return bar
}

// placeTabs places the tabs of some views, the first of them and the present one with
// names; without room for all of them there is none.
func (a *App) placeTabs(left int, shown func(at int) bool, names int) (bar []tab, ok bool) {
	x := left + tabGap
	for at, v := range a.views {
		if !shown(at) {
			continue
		}
		text := strconv.Itoa(at + 1)
		if at < names || at == a.view {
			text += " " + v.Name
		}
		bar = append(bar, tab{at, x, text})
		x += len(text) + tabGap
	}
	if x-tabGap+badgeRoom > a.width {
		return nil, false
	}
	return bar, true
}

// drawTabs renders the bar. The present view has a marker besides its colour.
func (a *App) drawTabs(bar []tab) string {
	var b strings.Builder
	for _, t := range bar {
		if t.at == a.view {
			b.WriteString(" " + a.theme.Accent.Render(a.theme.Glyphs.Cursor+t.text))
		} else {
			b.WriteString("  " + a.theme.Dim.Render(t.text))
		}
	}
	return b.String()
}
