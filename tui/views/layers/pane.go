package layers

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// pane is the tree on the dashboard.
type pane struct{ v *View }

// Pane implements host.PaneView.
func (v *View) Pane() host.Pane { return pane{v} }

func (pane) Title() string                               { return "Layers" }
func (p pane) Info() []string                            { return p.v.tree.Info() }
func (p pane) View(w, h int) string                      { return p.v.tree.View(w, h) }
func (p pane) Keys() *host.Section                       { return p.v.paneKeys }
func (p pane) Back() bool                                { return p.v.Back() }
func (p pane) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd { return p.v.mouseIn(m, r) }
