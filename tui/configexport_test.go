package tui

// EditorArgs is the command that opens a file in an editor.
func EditorArgs(editor, path string, line int) []string { return editorArgs(editor, path, line) }
