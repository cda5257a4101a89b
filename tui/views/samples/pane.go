package samples

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// title heads the samples here and on the dashboard.
const title = "Samples"

// pane is the run's grid on the dashboard.
type pane struct{ v *View }

// Pane implements host.PaneView.
func (v *View) Pane() host.Pane { return pane{v} }

func (pane) Title() string          { return title }
func (p pane) Info() []string       { return p.v.grid().Info() }
func (p pane) View(w, h int) string { return p.v.grid().View(w, h) }
func (p pane) Keys() *host.Section  { return p.v.paneKeys }

func (p pane) Mouse(m tea.MouseMsg, _ host.Rect) tea.Cmd {
	if m, ok := m.(tea.MouseWheelMsg); ok {
		return p.v.step(host.Wheel(m.Mouse()))
	}
	return nil
}

// Picture implements host.PictureView.
func (p pane) Picture(r host.Rect) (host.Shown, bool) { return p.v.gridPicture(host.Inner(r), false) }
