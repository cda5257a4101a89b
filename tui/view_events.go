package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/panes"
	"innate/tui/session"
	"innate/tui/widget"
)

// eventsView lists what happened in the run, with all that is known of the
// event under the cursor, and how the trainer ended if it did not end well.
type eventsView struct {
	list panes.EventList
	log  []runlog.Event
	open bool // the event under the cursor has the view to itself
	from int  // first line of it that shows

	clicked  time.Time
	clickedY int
}

func (*eventsView) title() string                { return viewNames[viewEvents] }
func (*eventsView) scopes(*App) []scope          { return []scope{scopeLog} }
func (*eventsView) status(a *App, _ rect) string { return a.runLine() }

func (r *runView) log() *eventsView { return r.views[viewEvents].(*eventsView) }

// eventsKeys are those of the dashboard's pane and of the view.
func eventsKeys() []binding {
	do := func(f func(*eventsView)) func(*App) tea.Cmd {
		return func(a *App) tea.Cmd { f(a.run.log()); return nil }
	}
	return []binding{
		{scopeEvents, []string{"up", "k"}, "↑ k", "", "scroll back", func(a *App) tea.Cmd { a.run.events.Move(-1); return nil }},
		{scopeEvents, []string{"down", "j"}, "↓ j", "", "scroll forward", func(a *App) tea.Cmd { a.run.events.Move(1); return nil }},
		{scopeEvents, []string{"pgup", "ctrl+b"}, "pgup", "", "page back", func(a *App) tea.Cmd { a.run.events.Page(-1); return nil }},
		{scopeEvents, []string{"pgdown", "ctrl+f"}, "pgdn", "", "page forward", func(a *App) tea.Cmd { a.run.events.Page(1); return nil }},

		{scopeLog, []string{"enter"}, "enter", "whole", "all of the event, and back", do(func(v *eventsView) { v.open, v.from = !v.open, 0 })},
		{scopeLog, []string{"g"}, "g", "curves", "this moment in the curves", (*App).readEvent},
		{scopeLog, []string{"tab"}, "tab", "kind", "only the next kind", do(func(v *eventsView) { v.list.StepKind(1); v.from = 0 })},
		{scopeLog, []string{"shift+tab"}, "shift+tab", "", "only the kind before", do(func(v *eventsView) { v.list.StepKind(-1); v.from = 0 })},
		{scopeLog, []string{"/"}, "/", "filter", "only events with these words", (*App).filterEvents},
		{scopeLog, []string{"y"}, "y", "copy", "copy the event's text", (*App).copyEvent},
		{scopeLog, []string{"up", "k"}, "↑ k", "", "the event before", do(func(v *eventsView) { v.move(-1) })},
		{scopeLog, []string{"down", "j"}, "↓ j", "", "the next event", do(func(v *eventsView) { v.move(1) })},
		{scopeLog, []string{"pgup", "ctrl+b"}, "pgup", "", "page back, also in one event", do(func(v *eventsView) { v.page(-1) })},
		{scopeLog, []string{"pgdown", "ctrl+f"}, "pgdn", "", "page forward", do(func(v *eventsView) { v.page(1) })},
		{scopeLog, []string{"home"}, "home", "", "the first event", do(func(v *eventsView) { v.move(-1 << 30) })},
		{scopeLog, []string{"end", "G"}, "G", "newest", "follow the newest event", do(func(v *eventsView) { v.move(1 << 30) })},
	}
}

func (v *eventsView) move(by int) { v.list.Move(by); v.from = 0 }

func (v *eventsView) page(by int) {
	if v.open {
		v.from = max(v.from+10*by, 0)
		return
	}
	v.list.Page(by)
}

func (a *App) filterEvents() tea.Cmd {
	v := a.run.log()
	before, _ := v.list.Filter()
	a.prompt = prompt{
		sign: "/", text: before, hint: "words, kinds too",
		changed: func(_ *App, text string) { v.list.SetFilter(text) },
		cancel:  func(*App) { v.list.SetFilter(before) },
	}
	return nil
}

// readEvent shows the curves with their cursor where the event was.
func (a *App) readEvent() tea.Cmd {
	ev, ok := a.run.log().list.Cursor()
	if !ok {
		return nil
	}
	a.curves().readAt(a, ev.Nimg)
	return a.setView(viewCurves)
}

func (a *App) copyEvent() tea.Cmd {
	ev, ok := a.run.log().list.Cursor()
	if !ok {
		return nil
	}
	return a.copy("event", widget.Plain(ev.Text))
}

// back closes what stands open, then takes words and kind off.
func (v *eventsView) back(*App) bool {
	text, kind := v.list.Filter()
	switch {
	case v.open:
		v.open = false
	case text != "":
		v.list.SetFilter("")
	case kind != "":
		v.list.SetKind("")
	default:
		return false
	}
	return true
}

func (v *eventsView) addHistory(_ []runlog.Tick, events []runlog.Event, reset bool) {
	if reset {
		v.log = nil
	}
	if len(events) > 0 || reset {
		v.log = append(v.log, events...)
		v.list.SetEvents(v.log)
	}
}

// mouse moves the cursor to a click, a second one opens the event.
func (v *eventsView) mouse(a *App, m tea.MouseMsg, r rect) tea.Cmd {
	at, _, _ := v.split(a, r)
	e, in := m.Mouse(), inner(at)
	switch m.(type) {
	case tea.MouseWheelMsg:
		if v.open {
			v.from = max(v.from+3*wheel(e), 0)
		} else {
			v.list.Move(3 * wheel(e))
		}
	case tea.MouseClickMsg:
		if v.open || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) || !v.list.Click(a.theme, e.X-in.X, e.Y-in.Y) {
			return nil
		}
		again := e.Y == v.clickedY && a.opts.Now().Sub(v.clicked) <= doubleClick
		v.clickedY, v.clicked, v.open, v.from = e.Y, a.opts.Now(), again, 0
	}
	return nil
}

// split places the list, the event beside it where there is width, and the
// trainer's last words below.
func (v *eventsView) split(a *App, r rect) (list, detail, words rect) {
	list = r
	if session.Ended(a.run.Info.Status.State) && r.H >= 10 {
		rows := min(len(a.run.Words.Lines)+4, max(r.H/2, 5))
		list, words = splitY(list, r.H-rows)
	}
	if r.W >= 120 && !v.open {
		list, detail = splitX(list, list.W-max(46, list.W*36/100))
	}
	return list, detail, words
}

func (v *eventsView) draw(a *App, r rect) []string {
	t := a.theme
	at, detail, words := v.split(a, r)
	v.list.Location = a.opts.Location
	var lines []string
	if ev, ok := v.list.Cursor(); ok && v.open {
		lines = v.drawEvent(a, at, ev, true)
	} else {
		lines = a.framed(at, "Events", true, func(w, h int) string { return v.list.View(t, w, h) }, v.list.Info(t)...)
		if !detail.Empty() {
			lines = beside(lines, v.drawEvent(a, detail, ev, false))
		}
	}
	if !words.Empty() {
		lines = append(lines, v.drawWords(a, words)...)
	}
	return lines
}

// drawEvent shows one event whole; what doesn't fit is paged through.
func (v *eventsView) drawEvent(a *App, r rect, ev runlog.Event, focused bool) []string {
	t := a.theme
	all := []string{"", "  " + t.Dim.Render("none")}
	if ev.Kind != "" {
		all = panes.EventDetail(t, ev, a.opts.Location, r.W-2)
	}
	from, room := 0, max(r.H-2, 1)
	if focused {
		v.from = max(min(v.from, len(all)-room), 0)
		from = v.from
	}
	var info []string
	if below := len(all) - from - room; below > 0 {
		hint := "enter shows all"
		if focused {
			hint = "pgdn shows more"
		}
		info = []string{t.Dim.Render(hint)}
	}
	return a.framed(r, "Event", focused, func(w, h int) string {
		return widget.Block(all[from:], w, h, t.Glyphs.Ellipsis)
	}, info...)
}

// drawWords shows how the trainer ended and how to go on.
func (v *eventsView) drawWords(a *App, r rect) []string {
	t := a.theme
	return a.framed(r, "Last words of the trainer", false, func(w, h int) string {
		lines := []string{}
		for _, word := range a.run.Words.Lines[:min(len(a.run.Words.Lines), max(h-2, 0))] {
			lines = append(lines, "  "+widget.Plain(word))
		}
		if len(a.run.Words.Lines) == 0 {
			lines = append(lines, "  "+t.Dim.Render(run.LogFile+" says nothing"))
		}
		return widget.Block(append(lines, "", "  "+t.Key.Render("r")+" "+a.resumeHint()), w, h, t.Glyphs.Ellipsis)
	}, t.Dim.Render(run.LogFile))
}

// resumeHint says what resuming would do.
func (a *App) resumeHint() string {
	if n := a.run.Info.Status.CheckpointNimg; n > 0 {
		return "resumes from the checkpoint at " + widget.Kimg(n) + " kimg"
	}
	return "resumes from the beginning: there is no checkpoint"
}
