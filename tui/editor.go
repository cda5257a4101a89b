package tui

import (
	"path/filepath"
	"strconv"
	"strings"

	"innate/tui/host"
)

// editLine is where the editor should open config.toml, from 1; 0 for anywhere.
func (a *App) editLine() int {
	for _, v := range a.run.views {
		if v, ok := v.(host.LineView); ok {
			if line := v.EditLine(); line > 0 {
				return line
			}
		}
	}
	return 0
}

// editorArgs is the command that opens a file in an editor, at a line if one is
// given and the editor's way of saying so is known. Most take +LINE.
func editorArgs(editor, path string, line int) []string {
	args := strings.Fields(editor)
	if line <= 0 {
		return append(args, path)
	}
	n := strconv.Itoa(line)
	switch filepath.Base(args[0]) {
	case "code", "codium", "code-insiders", "cursor", "windsurf":
		return append(args, "--goto", path+":"+n)
	case "hx", "helix", "subl", "zed", "lapce":
		return append(args, path+":"+n)
	case "kate", "kwrite":
		return append(args, "--line", n, path)
	case "vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient", "micro", "kak", "joe", "jmacs", "mg", "ne", "jed", "gedit", "mcedit", "less":
		return append(args, "+"+n, path)
	}
	return append(args, path)
}
