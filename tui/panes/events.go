package panes

import (
	"fmt"
	"strings"
	"time"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// Events is the run's log of events, newest at the bottom.
type Events struct {
	Location *time.Location // of the times shown

	theme  *theme.Theme
	events []runlog.Event
	back   int // lines scrolled back from the newest
	height int
}

// NewEvents returns an empty log in local time.
func NewEvents(t *theme.Theme) *Events { return &Events{theme: t, Location: time.Local} }

// SetTheme redraws in other colours.
func (e *Events) SetTheme(t *theme.Theme) { e.theme = t }

// SetEvents replaces the log; the slice is not modified.
func (e *Events) SetEvents(events []runlog.Event) { e.events = events; e.Move(0) }

// Move scrolls by lines, down for positive.
func (e *Events) Move(by int) {
	e.back = max(min(e.back-by, len(e.events)-e.height), 0)
}

// Page scrolls by screens.
func (e *Events) Page(by int) { e.Move(by * max(e.height-1, 1)) }

// Info tells how far back the view is.
func (e *Events) Info() []string {
	if e.back == 0 {
		return nil
	}
	return []string{e.theme.Dim.Render(fmt.Sprintf("%d more below", e.back))}
}

// View draws the last h events.
func (e *Events) View(w, h int) string {
	e.height = h
	e.Move(0)
	end := len(e.events) - e.back
	var lines []string
	for _, ev := range e.events[max(end-h, 0):end] {
		lines = append(lines, widget.Fit(e.line(ev), w-1, e.theme.Glyphs.Ellipsis))
	}
	if len(lines) == 0 {
		lines = []string{e.theme.Dim.Render(" no events yet")}
	}
	return widget.Block(lines, w, h, e.theme.Glyphs.Ellipsis)
}

// Last draws the newest event on one line.
func (e *Events) Last(w int) string {
	if len(e.events) == 0 {
		return widget.Fit("", w, "")
	}
	return widget.Fit(e.line(e.events[len(e.events)-1]), w, e.theme.Glyphs.Ellipsis)
}

func (e *Events) line(ev runlog.Event) string {
	t := e.theme
	ink := host.EventInk(t, ev.Kind)
	var b strings.Builder
	b.WriteString(" " + t.Dim.Render(ev.Time.In(e.Location).Format("15:04:05")))
	b.WriteString(t.Dim.Render(widget.FitLeft(widget.Kimg(ev.Nimg)+"k", 9)))
	b.WriteString("  " + ink.Render(t.Glyphs.Event(ev.Kind)) + " " + widget.Plain(ev.Text))
	return b.String()
}
