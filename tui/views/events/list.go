package events

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// list is the run's log of events with a cursor, by kinds and words. At
// the newest event it follows: the cursor moves on with what comes.
type list struct {
	Location *time.Location // of the times shown

	events  []runlog.Event
	kinds   []string // in order of their first event
	counts  map[string]int
	kind    string // that shows; empty for all
	filter  string
	visible []int // places of the events that show
	cursor  int   // among visible
	parked  bool  // the cursor stays where it is
	top     int
	height  int
}

// SetEvents replaces the log, whose beginning is that of before; the slice is
// not modified.
func (e *list) SetEvents(events []runlog.Event) {
	e.events = events
	e.kinds, e.counts = nil, map[string]int{}
	for _, ev := range events {
		if e.counts[ev.Kind]++; e.counts[ev.Kind] == 1 {
			e.kinds = append(e.kinds, ev.Kind)
		}
	}
	e.choose()
}

// choose finds the events that show, and the cursor's again.
func (e *list) choose() {
	at := -1
	if e.parked && e.cursor < len(e.visible) {
		at = e.visible[e.cursor]
	}
	e.visible = e.visible[:0]
	words := strings.Fields(strings.ToLower(e.filter))
	for i, ev := range e.events {
		text := strings.ToLower(ev.Kind + " " + ev.Text)
		lacks := func(word string) bool { return !strings.Contains(text, word) }
		if (e.kind == "" || ev.Kind == e.kind) && !slices.ContainsFunc(words, lacks) {
			e.visible = append(e.visible, i)
		}
	}
	e.cursor = len(e.visible) - 1
	if at >= 0 {
		e.cursor, _ = slices.BinarySearch(e.visible, at)
	}
	e.cursor = max(min(e.cursor, len(e.visible)-1), 0)
}

// SetFilter shows the events that hold every word of text.
func (e *list) SetFilter(text string) { e.filter = text; e.choose() }

// Filter returns the words and the kind that are asked for.
func (e *list) Filter() (text, kind string) { return e.filter, e.kind }

// StepKind shows the next kind of events, or that before, or all.
func (e *list) StepKind(by int) {
	n := len(e.kinds) + 1
	at := slices.Index(e.kinds, e.kind) + 1 // 0 for all
	e.SetKind(append([]string{""}, e.kinds...)[((at+by)%n+n)%n])
}

// SetKind shows one kind of events, or all for "".
func (e *list) SetKind(kind string) { e.kind = kind; e.choose() }

// Move moves the cursor by events, down for positive.
func (e *list) Move(by int) {
	e.cursor = max(min(e.cursor+by, len(e.visible)-1), 0)
	e.parked = e.cursor < len(e.visible)-1
}

// Page moves the cursor by screens.
func (e *list) Page(by int) { e.Move(by * max(e.height-1, 1)) }

// Cursor returns the event under the cursor.
func (e *list) Cursor() (runlog.Event, bool) {
	if len(e.visible) == 0 {
		return runlog.Event{}, false
	}
	return e.events[e.visible[e.cursor]], true
}

// Click moves the cursor to a row of the last View, or chooses the kind that is
// named there; it reports whether an event was hit.
func (e *list) Click(t *theme.Theme, x, row int) bool {
	if row == 0 {
		for _, c := range e.chips(t) {
			if x >= c.x && x < c.x+utf8.RuneCountInString(c.text) {
				e.SetKind(c.kind)
			}
		}
		return false
	}
	i := e.top + row - headRows
	if row < headRows || row >= headRows+e.height || i >= len(e.visible) {
		return false
	}
	e.Move(i - e.cursor)
	return true
}

// headRows are the kinds and a rule.
const headRows = 2

// chip is one kind in the head of the list.
type chip struct {
	kind, text string
	x          int
	ink        theme.Ink
}

func (e *list) chips(t *theme.Theme) []chip {
	list := []chip{{"", fmt.Sprintf("all %d", len(e.events)), 1, t.Text}}
	x := 1 + len(list[0].text) + 3
	for _, kind := range e.kinds {
		text := fmt.Sprintf("%s %s %d", t.Glyphs.Event(kind), widget.Plain(kind), e.counts[kind])
		list = append(list, chip{kind, text, x, host.EventInk(t, kind)})
		x += utf8.RuneCountInString(text) + 3
	}
	return list
}

// Info tells where the cursor is.
func (e *list) Info(t *theme.Theme) []string {
	var info []string
	if e.filter != "" {
		info = append(info, t.Accent.Render("/"+widget.Plain(e.filter)))
	}
	if n := len(e.visible); e.parked && n > 0 {
		return append(info, t.Dim.Render(fmt.Sprintf("%d of %d", e.cursor+1, n)))
	}
	return append(info, t.Good.Render("following"))
}

// View draws the kinds and the events around the cursor, the newest at the
// bottom.
func (e *list) View(t *theme.Theme, w, h int) string {
	ellipsis := t.Glyphs.Ellipsis
	e.height = max(h-headRows, 0)
	var head strings.Builder
	x := 0
	for _, c := range e.chips(t) {
		head.WriteString(strings.Repeat(" ", c.x-x))
		x = c.x + utf8.RuneCountInString(c.text)
		switch {
		case c.kind == e.kind:
			head.WriteString(t.Select.Render(c.text))
		case e.kind == "":
			head.WriteString(c.ink.Render(c.text))
		default:
			head.WriteString(t.Dim.Render(c.text))
		}
	}
	lines := []string{head.String(), t.Border.Render(strings.Repeat(t.Glyphs.Horizontal, w))}
	if len(e.visible) == 0 {
		why := " no events yet"
		if len(e.events) > 0 {
			why = " no event matches (esc shows all)"
		}
		return widget.Block(append(lines, t.Dim.Render(why)), w, h, ellipsis)
	}
	e.top = min(e.top, e.cursor)
	e.top = max(e.top, e.cursor-e.height+1, 0)
	e.top = max(min(e.top, len(e.visible)-e.height), 0)
	for i := e.top; i < min(e.top+e.height, len(e.visible)); i++ {
		lines = append(lines, e.row(t, i, w))
	}
	return widget.Block(lines, w, h, ellipsis)
}

func (e *list) row(t *theme.Theme, i, w int) string {
	ev := e.events[e.visible[i]]
	line := host.EventLine(t, ev, e.Location)
	if i == e.cursor {
		return t.Select.Render(widget.Fit(t.Glyphs.Cursor+ansi.Strip(line)[1:], w, t.Glyphs.Ellipsis))
	}
	return widget.Fit(line, w-1, t.Glyphs.Ellipsis)
}

// detail writes all that an event tells, wrapped to w cells.
func detail(t *theme.Theme, ev runlog.Event, loc *time.Location, w int) []string {
	const nameW = 9
	var lines []string
	fact := func(name, text string, ink theme.Ink) {
		for i, part := range wrapPlain(text, max(w-4-nameW, 8)) {
			if i > 0 {
				name = ""
			}
			lines = append(lines, "  "+t.Dim.Render(widget.Fit(name, nameW, ""))+ink.Render(part))
		}
	}
	lines = append(lines, "")
	fact("what", t.Glyphs.Event(ev.Kind)+" "+ev.Kind, host.EventInk(t, ev.Kind))
	fact("when", ev.Time.In(loc).Format("2006-01-02 15:04:05"), t.Text)
	fact("images", widget.Kimg(ev.Nimg)+" kimg", t.Text)
	lines = append(lines, "")
	for _, part := range wrapPlain(ev.Text, max(w-4, 8)) {
		lines = append(lines, "  "+part)
	}
	if len(ev.Data) > 0 {
		lines = append(lines, "")
		for _, d := range dataLines(ev.Data, t.Glyphs.To) {
			lines = append(lines, "  "+t.Dim.Render(widget.Plain(d.name)))
			for _, part := range wrapPlain(d.text, max(w-6, 8)) {
				lines = append(lines, "    "+part)
			}
		}
	}
	return lines
}
