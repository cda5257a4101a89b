package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/panes"
	"innate/tui/session"
	"innate/tui/widget"
)

// eventsView lists what happened in the run, with all that is known of the
// event under the cursor, and how the trainer ended if it did not end well.
type eventsView struct {
	a          *App
	eventsKeys *host.Section
	logKeys    *host.Section

	list panes.EventList
	log  []runlog.Event
	open bool // the event under the cursor has the view to itself
	from int  // first line of it that shows

	clicked  time.Time
	clickedY int
}

func newEvents(h host.Host) host.View {
	v := &eventsView{a: h.(*App)}
	v.bind()
	return v
}

func (v *eventsView) Active() []*host.Section { return []*host.Section{v.logKeys} }

func (*eventsView) Title() string               { return "events" }
func (v *eventsView) Status(_ host.Rect) string { return v.a.runLine() }

func (r *runView) log() *eventsView { return viewOf[*eventsView](r) }

// eventsKeys are those of the dashboard's pane and of the view.
func (v *eventsView) bind() {
	a := v.a
	do := func(f func(*eventsView)) func() tea.Cmd {
		return func() tea.Cmd { f(a.run.log()); return nil }
	}
	v.eventsKeys = host.NewSection("pane of events",
		host.Bind("up k", "↑ k", "", "scroll back", func() tea.Cmd { a.run.events.Move(-1); return nil }),
		host.Bind("down j", "↓ j", "", "scroll forward", func() tea.Cmd { a.run.events.Move(1); return nil }),
		host.Bind("pgup ctrl+b", "pgup", "", "page back", func() tea.Cmd { a.run.events.Page(-1); return nil }),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page forward", func() tea.Cmd { a.run.events.Page(1); return nil }),
	)
	v.logKeys = host.NewSection("events",
		host.Bind("enter", "enter", "whole", "all of the event, and back", do(func(v *eventsView) { v.open, v.from = !v.open, 0 })),
		host.Bind("g", "g", "curves", "this moment in the curves", a.readEvent),
		host.Bind("tab", "tab", "kind", "only the next kind", do(func(v *eventsView) { v.list.StepKind(1); v.from = 0 })),
		host.Bind("shift+tab", "shift+tab", "", "only the kind before", do(func(v *eventsView) { v.list.StepKind(-1); v.from = 0 })),
		host.Bind("/", "/", "filter", "only events with these words", a.filterEvents),
		host.Bind("y", "y", "copy", "copy the event's text", a.copyEvent),
		host.Bind("up k", "↑ k", "", "the event before", do(func(v *eventsView) { v.move(-1) })),
		host.Bind("down j", "↓ j", "", "the next event", do(func(v *eventsView) { v.move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page back, also in one event", do(func(v *eventsView) { v.page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page forward", do(func(v *eventsView) { v.page(1) })),
		host.Bind("home", "home", "", "the first event", do(func(v *eventsView) { v.move(-1 << 30) })),
		host.Bind("end G", "G", "newest", "follow the newest event", do(func(v *eventsView) { v.move(1 << 30) })),
	)
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
	return a.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words, kinds too",
		Changed: v.list.SetFilter,
		Cancel:  func() { v.list.SetFilter(before) },
	})
}

// readEvent shows the curves with their cursor where the event was.
func (a *App) readEvent() tea.Cmd {
	ev, ok := a.run.log().list.Cursor()
	if !ok {
		return nil
	}
	return a.ShowMoment("curves", ev.Nimg)
}

func (a *App) copyEvent() tea.Cmd {
	ev, ok := a.run.log().list.Cursor()
	if !ok {
		return nil
	}
	return a.Copy("event", widget.Plain(ev.Text))
}

// back closes what stands open, then takes words and kind off.
func (v *eventsView) Back() bool {
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

func (v *eventsView) AddEvents(events []runlog.Event, reset bool) {
	if reset {
		v.log = nil
	}
	if len(events) > 0 || reset {
		v.log = append(v.log, events...)
		v.list.SetEvents(v.log)
	}
}

// mouse moves the cursor to a click, a second one opens the event.
func (v *eventsView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	at, _, _ := v.split(r)
	e, in := m.Mouse(), host.Inner(at)
	switch m.(type) {
	case tea.MouseWheelMsg:
		if v.open {
			v.from = max(v.from+3*host.Wheel(e), 0)
		} else {
			v.list.Move(3 * host.Wheel(e))
		}
	case tea.MouseClickMsg:
		if v.open || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) || !v.list.Click(v.a.theme, e.X-in.X, e.Y-in.Y) {
			return nil
		}
		again := e.Y == v.clickedY && v.a.opts.Now().Sub(v.clicked) <= host.DoubleClick
		v.clickedY, v.clicked, v.open, v.from = e.Y, v.a.opts.Now(), again, 0
	}
	return nil
}

// split places the list, the event beside it where there is width, and the
// trainer's last words below.
func (v *eventsView) split(r host.Rect) (list, detail, words host.Rect) {
	list = r
	if session.Ended(v.a.run.Info.Status.State) && r.H >= 10 {
		rows := min(len(v.a.run.Words.Lines)+4, max(r.H/2, 5))
		list, words = host.SplitY(list, r.H-rows)
	}
	if r.W >= 120 && !v.open {
		list, detail = host.SplitX(list, list.W-max(46, list.W*36/100))
	}
	return list, detail, words
}

func (v *eventsView) Draw(r host.Rect) []string {
	t := v.a.theme
	at, detail, words := v.split(r)
	v.list.Location = v.a.opts.Location
	var lines []string
	if ev, ok := v.list.Cursor(); ok && v.open {
		lines = v.drawEvent(at, ev, true)
	} else {
		lines = host.Framed(v.a.theme, at, "Events", true, func(w, h int) string { return v.list.View(t, w, h) }, v.list.Info(t)...)
		if !detail.Empty() {
			lines = host.Beside(lines, v.drawEvent(detail, ev, false))
		}
	}
	if !words.Empty() {
		lines = append(lines, v.drawWords(words)...)
	}
	return lines
}

// drawEvent shows one event whole; what doesn't fit is paged through.
func (v *eventsView) drawEvent(r host.Rect, ev runlog.Event, focused bool) []string {
	t := v.a.theme
	all := []string{"", "  " + t.Dim.Render("none")}
	if ev.Kind != "" {
		all = panes.EventDetail(t, ev, v.a.opts.Location, r.W-2)
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
	return host.Framed(v.a.theme, r, "Event", focused, func(w, h int) string {
		return widget.Block(all[from:], w, h, t.Glyphs.Ellipsis)
	}, info...)
}

// drawWords shows how the trainer ended and how to go on.
func (v *eventsView) drawWords(r host.Rect) []string {
	t := v.a.theme
	return host.Framed(v.a.theme, r, "Last words of the trainer", false, func(w, h int) string {
		lines := []string{}
		for _, word := range v.a.run.Words.Lines[:min(len(v.a.run.Words.Lines), max(h-2, 0))] {
			lines = append(lines, "  "+widget.Plain(word))
		}
		if len(v.a.run.Words.Lines) == 0 {
			lines = append(lines, "  "+t.Dim.Render(run.LogFile+" says nothing"))
		}
		return widget.Block(append(lines, "", "  "+t.Key.Render("r")+" "+v.a.resumeHint()), w, h, t.Glyphs.Ellipsis)
	}, t.Dim.Render(run.LogFile))
}

// resumeHint says what resuming would do.
func (a *App) resumeHint() string {
	if n := a.run.Info.Status.CheckpointNimg; n > 0 {
		return "resumes from the checkpoint at " + widget.Kimg(n) + " kimg"
	}
	return "resumes from the beginning: there is no checkpoint"
}
