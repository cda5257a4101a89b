package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/views/runs"
)

// The rest of what the workbench does for its views; see host.Host.

var _ host.Host = (*App)(nil)

// Options implements host.Host.
func (a *App) Options() *Options { return &a.opts }

// State implements host.Host.
func (a *App) State() *host.State { return &a.state }

// Theme implements host.Host.
func (a *App) Theme() *theme.Theme { return a.theme }

// Display implements host.Host.
func (a *App) Display() *host.Display { return &a.display }

// Run implements host.Host.
func (a *App) Run() *session.Run {
	if a.run == nil {
		return nil
	}
	return a.run.Run
}

// Runs implements host.Host.
func (a *App) Runs() *session.Runs { return a.list }

// Look looks at the files of what shows, once, and waits for what it finds: a
// message for Update.
func (a *App) Look(now time.Time) tea.Msg {
	if a.run != nil {
		return a.run.Look(now)
	}
	if v, ok := a.screen.(*runs.Overlay); ok {
		return v.Look()
	}
	return a.list.Look()
}

// Front is the view that shows, in the cells Body.
func (a *App) Front() host.View { return a.current() }

// Body is the room of the view that shows.
func (a *App) Body() host.Rect { return a.layout.body }

// Views are those of the open run, in their order.
func (a *App) Views() []host.View { return a.run.views }

// Push implements host.Host.
func (a *App) Push(v host.View) { a.screen = v }

// Pop implements host.Host.
func (a *App) Pop() { a.screen = nil }

// Canvas implements host.Host.
func (a *App) Canvas(at host.Rect) host.Canvas {
	c := host.Canvas{Mode: a.display.Mode, At: at, Registers: a.probe.Registers()}
	c.CellW, c.CellH = a.probe.Cell()
	c.MaxW, c.MaxH = a.probe.MaxPixels()
	if c.Mode == sixel.Sixel {
		c.Blank = a.probe.Blank()
	}
	if !c.Mode.OutOfBand() && c.Mode != sixel.Kitty {
		c.CellW, c.CellH = 1, 2 // half-blocks
	}
	return c
}
