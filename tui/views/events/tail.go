package events

import (
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/theme"
)

// tail is the end of the log, newest at the bottom, for the dashboard.
type tail struct {
	Location *time.Location // of the times shown

	events []runlog.Event
	back   int // lines scrolled back from the newest
	height int
}

// SetEvents replaces the log; the slice is not modified.
func (e *tail) SetEvents(events []runlog.Event) { e.events = events; e.Move(0) }

// Move scrolls by lines, down for positive.
func (e *tail) Move(by int) {
	e.back = max(min(e.back-by, len(e.events)-e.height), 0)
}

// Page scrolls by screens.
func (e *tail) Page(by int) { e.Move(by * max(e.height-1, 1)) }

// Info tells how far back it is scrolled.
func (e *tail) Info(t *theme.Theme) []string {
	if e.back == 0 {
		return nil
	}
	return []string{t.Dim.Render(fmt.Sprintf("%d more below", e.back))}
}

// View draws the last h events.
func (e *tail) View(t *theme.Theme, w, h int) string {
	e.height = h
	e.Move(0)
	return host.NewestEvents(t, e.events[:len(e.events)-e.back], e.Location, w, h)
}

// pane is the tail on the dashboard.
type pane struct{ v *View }

// Pane implements host.PaneView.
func (v *View) Pane() host.Pane { return pane{v} }

func (pane) Title() string          { return "Events" }
func (p pane) Info() []string       { return p.v.tail.Info(p.v.h.Theme()) }
func (p pane) View(w, h int) string { return p.v.tail.View(p.v.h.Theme(), w, h) }
func (p pane) Keys() *host.Section  { return p.v.paneKeys }

func (p pane) Mouse(m tea.MouseMsg, _ host.Rect) tea.Cmd {
	if m, ok := m.(tea.MouseWheelMsg); ok {
		p.v.tail.Move(3 * host.Wheel(m.Mouse()))
	}
	return nil
}
