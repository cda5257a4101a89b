package host

import (
	"strings"
	"time"

	"innate/trainer/runlog"
	"innate/tui/theme"
	"innate/tui/widget"
)

// EventInk is the colour of a kind of events.
func EventInk(t *theme.Theme, kind string) theme.Ink {
	switch kind {
	case runlog.Freeze:
		return t.Frozen
	case runlog.Error, runlog.Stop, runlog.Diverge:
		return t.Bad
	case runlog.Config, runlog.Pause, runlog.NonFinite:
		return t.Warn
	case runlog.Done, runlog.Start, runlog.Resume:
		return t.Good
	}
	return t.Dim
}

// EventLine tells an event on one line, which may be longer than the screen.
func EventLine(t *theme.Theme, e runlog.Event, loc *time.Location) string {
	text := e.Text
	if len(text) > maxEventLine {
		text = strings.ToValidUTF8(text[:maxEventLine], "")
	}
	return " " + t.Dim.Render(e.Time.In(loc).Format("15:04:05")) + t.Dim.Render(widget.FitLeft(widget.Kimg(e.Nimg)+"k", 9)) +
		"  " + EventInk(t, e.Kind).Render(t.Glyphs.Event(e.Kind)) + " " + widget.Plain(text)
}

// maxEventLine bounds, in bytes, the text of an event on one line.
const maxEventLine = 1000

// NewestEvents draws the last events that fit in w by h cells, the newest at the
// bottom.
func NewestEvents(t *theme.Theme, events []runlog.Event, loc *time.Location, w, h int) string {
	lines := []string{t.Dim.Render(" no events yet")}
	if len(events) > 0 {
		lines = nil
	}
	for _, e := range events[max(len(events)-h, 0):] {
		lines = append(lines, widget.Fit(EventLine(t, e, loc), w-1, t.Glyphs.Ellipsis))
	}
	return widget.Block(lines, w, h, t.Glyphs.Ellipsis)
}
