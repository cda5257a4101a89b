package tui

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// handleMouse routes a mouse message: an open overlay takes the wheel, the bar
// of views takes clicks, and the rest goes to the view.
func (a *App) handleMouse(m tea.MouseMsg) tea.Cmd {
	e := m.Mouse()
	_, rolled := m.(tea.MouseWheelMsg)
	switch {
	case a.prompt.open() || a.layout.tooSmall:
		return nil
	case a.overlay.kind == overlayMenu && rolled:
		a.overlay.move(host.Wheel(e))
		return nil
	case a.overlay.kind == overlayHelp && rolled:
		a.overlay.scroll(3 * host.Wheel(e))
		return nil
	case a.overlay.kind != overlayNone:
		return nil
	case e.Y == 0 && a.run != nil:
		return a.clickTab(m)
	}
	if v, ok := a.current().(host.MouseView); ok && a.layout.body.Contains(e.X, e.Y) {
		return v.Mouse(m, a.layout.body)
	}
	return nil
}

func (a *App) clickTab(m tea.MouseMsg) tea.Cmd {
	if _, ok := m.(tea.MouseClickMsg); !ok {
		return nil
	}
	_, left := a.titleLeft()
	x := m.Mouse().X
	for _, t := range a.tabs(left) {
		if x >= t.x-1 && x <= t.x+len(t.text) {
			return a.Show(a.views[t.at].Name)
		}
	}
	return nil
}

// toggleMouse switches mouse reporting, which takes selecting text away from
// the terminal and therefore is off at first.
func (a *App) toggleMouse() tea.Cmd {
	a.state.Mouse = !a.state.Mouse
	if a.state.Mouse {
		return a.Notify("mouse on: clicks and wheel; shift selects text in most terminals", a.theme.Text)
	}
	return a.Notify("mouse off: the terminal selects text", a.theme.Text)
}
