package tui

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/views/config"
)

// EditorArgs is the command that opens a file in an editor.
func EditorArgs(editor, path string, line int) []string { return editorArgs(editor, path, line) }

// ConfigLine is where the editor would open config.toml.
func ConfigLine(a *App) int { return a.editLine() }

// FreshOver is the message that ends the show of what the last reload changed.
func FreshOver(a *App) tea.Msg { return viewOf[*config.View](a.run).FreshOver() }
