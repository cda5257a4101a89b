package tui

import (
	"image"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

// view is what fills the screen between header and status line. A view belongs
// to one open run (the list of runs to the workbench), may keep state of its
// own, and finds everything else in the App. All its methods are called from
// Bubble Tea's loop: they move data and never wait.
//
// The interfaces below this one are optional.
type view interface {
	title() string
	// scopes says which bindings of the key table work, the narrowest first;
	// those of the run and of everywhere follow by themselves.
	scopes(a *App) []scope
	// draw returns exactly r.H lines of r.W cells. It is called once a frame, and
	// only when something changed.
	draw(a *App, r rect) []string
}

// mouseView takes mouse messages inside its rectangle r.
type mouseView interface {
	mouse(a *App, m tea.MouseMsg, r rect) tea.Cmd
}

// pictureView has an image in it; see picture.go for what it must keep to.
type pictureView interface {
	picture(a *App, r rect) (shown, bool)
}

// shown is an image in the cells at, which draw fills with what
// widget.Samples.View reserves.
type shown struct {
	at      rect
	img     image.Image
	tiling  sixel.Tiling // samples stay whole
	id      string       // tells images apart: one id always means the same pixels
	focused bool         // the border right of the image is drawn in the colour of focus
}

// enterView hears that it is about to be shown.
type enterView interface{ enter(a *App) tea.Cmd }

// backView undoes its last narrowing (read-out, filter, zoom) and reports
// whether there was any.
type backView interface{ back(a *App) bool }

// messageView takes messages of its own, also while another view shows. It
// reports whether the message was one of them.
type messageView interface {
	receive(a *App, msg tea.Msg) (tea.Cmd, bool)
}

// historyView gathers ticks and events. With reset it starts from nothing: what
// follows is the whole history.
type historyView interface {
	addHistory(ticks []runlog.Tick, events []runlog.Event, reset bool)
}

// rewindView is a historyView that drops ticks beyond nimg by itself, instead of
// being told the whole history again; events are those told before.
type rewindView interface {
	rewind(nimg int64, events []runlog.Event)
}

// themeView keeps widgets that hold a theme.
type themeView interface{ setTheme(t *theme.Theme) }

// statusView has its own words for the line above the footer.
type statusView interface{ status(a *App, r rect) string }

// menuView says where menus stand, for instance beside its picture.
type menuView interface{ menuRoom(a *App, r rect) rect }

// helpView lists more scopes in the help than work at present.
type helpView interface{ helpScopes() []scope }

// viewID names the views of a run; its number key is viewID+1.
type viewID int

const (
	viewDashboard viewID = iota
	viewCurves
	viewLayers
	viewSamples
	viewConfig
	viewMachine
	viewEvents
	viewCount
)

// viewNames are the titles, and what the command view and the remembered state
// call them.
var viewNames = [viewCount]string{"dashboard", "curves", "layers", "samples", "config", "machine", "events"}

// newViews returns the views of a run that is being opened; those that need to
// know more than that are made with it.
func newViews() [viewCount]view {
	return [viewCount]view{
		viewDashboard: &dashboardView{}, viewLayers: &layersView{},
		viewSamples: &samplesView{}, viewConfig: &configView{}, viewMachine: &machineView{},
		viewEvents: &eventsView{},
	}
}

// current is the view that shows.
func (a *App) current() view {
	switch {
	case a.run != nil:
		return a.run.views[a.view]
	case a.screen != nil:
		return a.screen
	}
	return &a.runs
}

// setView shows a view of the open run.
func (a *App) setView(id viewID) tea.Cmd {
	a.view = id
	if v, ok := a.current().(enterView); ok {
		return v.enter(a)
	}
	return nil
}

// back undoes the view's last narrowing; then it leads from the view to the
// dashboard and from there to the list of runs.
func (a *App) back() tea.Cmd {
	if v, ok := a.current().(backView); ok && v.back(a) {
		return nil
	}
	switch {
	case a.run == nil:
		return nil
	case a.view != viewDashboard:
		return a.setView(viewDashboard)
	case a.opts.RunsDir != "":
		a.run = nil
		return a.follow()
	}
	return nil
}

// framed puts a border and a title around what body draws in w by h cells.
func (a *App) framed(r rect, name string, focused bool, body func(w, h int) string, info ...string) []string {
	in := inner(r)
	ink := a.theme.Strong
	if focused {
		ink = a.theme.Accent
	}
	s := widget.Frame(a.theme, ink.Render(name), info, body(in.W, in.H), r.W, r.H, focused)
	return strings.Split(s, "\n")
}

// tab is one name in the header's bar of views.
type tab struct {
	id   viewID
	x    int // first cell
	text string
}

// tabGap separates tabs; the marker of the present one stands in it.
const tabGap = 2

// badgeRoom is kept free for the state of the run, the longest one and a space
// on both sides, so that tabs don't move when it changes.
const badgeRoom = 12

// tabs places the bar of views behind left cells of title: all names, or the
// name of the present view among the numbers, or it alone, or nothing.
func (a *App) tabs(left int) []tab {
	for _, named := range []func(viewID) bool{
		func(viewID) bool { return true },
		func(id viewID) bool { return id == a.view },
		nil,
	} {
		var bar []tab
		x := left + tabGap
		for id := range viewCount {
			text := strconv.Itoa(int(id) + 1)
			switch {
			case named == nil && id != a.view:
				continue
			case named == nil || named(id):
				text += " " + viewNames[id]
			}
			bar = append(bar, tab{id, x, text})
			x += len(text) + tabGap
		}
		if x-tabGap+badgeRoom <= a.width {
			return bar
		}
	}
	return nil
}

// drawTabs renders the bar. The present view has a marker besides its colour.
func (a *App) drawTabs(bar []tab) string {
	var b strings.Builder
	for _, t := range bar {
		if t.id == a.view {
			b.WriteString(" " + a.theme.Accent.Render(a.theme.Glyphs.Cursor+t.text))
		} else {
			b.WriteString("  " + a.theme.Dim.Render(t.text))
		}
	}
	return b.String()
}

// viewKeys are the keys that lead to the views.
func viewKeys() []binding {
	var keys []binding
	for id := range viewCount {
		k := strconv.Itoa(int(id) + 1)
		keys = append(keys, binding{scopeRun, []string{k}, k, "", viewNames[id], func(a *App) tea.Cmd { return a.setView(id) }})
	}
	return keys
}

// viewNamed finds a view by its name.
func viewNamed(name string) (viewID, bool) {
	i := slices.Index(viewNames[:], name)
	return viewID(i), i >= 0
}
