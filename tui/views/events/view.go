// Package events is the view of what happened in the open run.
package events

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// View lists what happened in the run, with all that is known of the
// event under the cursor, and how the trainer ended if it did not end well.
type View struct {
	h        host.Host
	keys     *host.Section
	paneKeys *host.Section

	list list
	tail tail
	open bool // the event under the cursor has the view to itself
	from int  // first line of it that shows

	clicked  time.Time
	clickedY int
}

// New returns the view of a run without an event.
func New(h host.Host) host.View {
	v := &View{h: h}
	v.list.Location, v.tail.Location = h.Options().Location, h.Options().Location
	v.bind()
	return v
}

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.keys} }

// Title implements host.View.
func (*View) Title() string { return "events" }

// Status implements host.StatusView.
func (v *View) Status(_ host.Rect) string {
	return host.RunLine(v.h.Theme(), v.h.Run(), v.h.Options().Location)
}

func (v *View) bind() {
	do := func(f func()) func() tea.Cmd {
		return func() tea.Cmd { f(); return nil }
	}
	v.keys = host.NewSection("events",
		host.Bind("enter", "enter", "whole", "all of the event, and back", do(func() { v.open, v.from = !v.open, 0 })),
		host.Bind("g", "g", "curves", "this moment in the curves", v.showMoment),
		host.Bind("tab", "tab", "kind", "only the next kind", do(func() { v.list.StepKind(1); v.from = 0 })),
		host.Bind("shift+tab", "shift+tab", "", "only the kind before", do(func() { v.list.StepKind(-1); v.from = 0 })),
		host.Bind("/", "/", "filter", "only events with these words", v.filter),
		host.Bind("y", "y", "copy", "copy the event's text", v.copyEvent),
		host.Bind("up k", "↑ k", "", "the event before", do(func() { v.move(-1) })),
		host.Bind("down j", "↓ j", "", "the next event", do(func() { v.move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page back, also in one event", do(func() { v.page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page forward", do(func() { v.page(1) })),
		host.Bind("home", "home", "", "the first event", do(func() { v.move(-1 << 30) })),
		host.Bind("end G", "G", "newest", "follow the newest event", do(func() { v.move(1 << 30) })),
	)
	v.paneKeys = host.NewSection("pane of events",
		host.Bind("up k", "↑ k", "", "scroll back", do(func() { v.tail.Move(-1) })),
		host.Bind("down j", "↓ j", "", "scroll forward", do(func() { v.tail.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page back", do(func() { v.tail.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page forward", do(func() { v.tail.Page(1) })),
	)
}

func (v *View) move(by int) { v.list.Move(by); v.from = 0 }

func (v *View) page(by int) {
	if v.open {
		v.from = max(v.from+10*by, 0)
		return
	}
	v.list.Page(by)
}

func (v *View) filter() tea.Cmd {
	before, _ := v.list.Filter()
	return v.h.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words, kinds too",
		Changed: v.list.SetFilter,
		Cancel:  func() { v.list.SetFilter(before) },
	})
}

// showMoment shows the curves with their cursor where the event was.
func (v *View) showMoment() tea.Cmd {
	ev, ok := v.list.Cursor()
	if !ok {
		return nil
	}
	return v.h.ShowMoment("curves", ev.Nimg)
}

func (v *View) copyEvent() tea.Cmd {
	ev, ok := v.list.Cursor()
	if !ok {
		return nil
	}
	return v.h.Copy("event", widget.Plain(ev.Text))
}

// Back closes what stands open, then takes words and kind off.
func (v *View) Back() bool {
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

// AddEvents implements host.EventsView.
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	if len(events) > 0 || reset {
		v.list.SetEvents(v.h.Run().Events)
		v.tail.SetEvents(v.h.Run().Events)
	}
}

// Mouse moves the cursor to a click, a second one opens the event.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
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
		if v.open || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) || !v.list.Click(v.h.Theme(), e.X-in.X, e.Y-in.Y) {
			return nil
		}
		again := e.Y == v.clickedY && v.h.Options().Now().Sub(v.clicked) <= host.DoubleClick
		v.clickedY, v.clicked, v.open, v.from = e.Y, v.h.Options().Now(), again, 0
	}
	return nil
}

// split places the list, the event beside it where there is width, and the
// trainer's last words below.
func (v *View) split(r host.Rect) (list, detail, words host.Rect) {
	list = r
	if session.Ended(v.h.Run().Info.Status.State) && r.H >= 10 {
		rows := min(len(v.h.Run().Words.Lines)+4, max(r.H/2, 5))
		list, words = host.SplitY(list, r.H-rows)
	}
	if r.W >= 120 && !v.open {
		list, detail = host.SplitX(list, list.W-max(46, list.W*36/100))
	}
	return list, detail, words
}

// Draw implements host.View.
func (v *View) Draw(r host.Rect) []string {
	t := v.h.Theme()
	at, detail, words := v.split(r)
	var lines []string
	if ev, ok := v.list.Cursor(); ok && v.open {
		lines = v.drawEvent(at, ev, true)
	} else {
		lines = host.Framed(v.h.Theme(), at, "Events", true, func(w, h int) string { return v.list.View(t, w, h) }, v.list.Info(t)...)
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
func (v *View) drawEvent(r host.Rect, ev runlog.Event, focused bool) []string {
	t := v.h.Theme()
	all := []string{"", "  " + t.Dim.Render("none")}
	if ev.Kind != "" {
		all = detail(t, ev, v.h.Options().Location, r.W-2)
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
	return host.Framed(v.h.Theme(), r, "Event", focused, func(w, h int) string {
		return widget.Block(all[from:], w, h, t.Glyphs.Ellipsis)
	}, info...)
}

// drawWords shows how the trainer ended and how to resume.
func (v *View) drawWords(r host.Rect) []string {
	t := v.h.Theme()
	return host.Framed(v.h.Theme(), r, "Last words of the trainer", false, func(w, h int) string {
		lines := []string{}
		for _, word := range v.h.Run().Words.Lines[:min(len(v.h.Run().Words.Lines), max(h-2, 0))] {
			lines = append(lines, "  "+widget.Plain(word))
		}
		if len(v.h.Run().Words.Lines) == 0 {
			lines = append(lines, "  "+t.Dim.Render(run.LogFile+" says nothing"))
		}
		return widget.Block(append(lines, "", "  "+t.Key.Render("r")+" "+v.resumeHint()), w, h, t.Glyphs.Ellipsis)
	}, t.Dim.Render(run.LogFile))
}

// resumeHint says what resuming would do.
func (v *View) resumeHint() string {
	if n := v.h.Run().Info.Status.CheckpointNimg; n > 0 {
		return "resumes from the checkpoint at " + widget.Kimg(n) + " kimg"
	}
	return "resumes from the beginning: there is no checkpoint"
}
