package tui

import (
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/tui/session"
)

// commandTag changes the tags of the open run, or of those that the list is at.
func (a *App) commandTag(words []string) tea.Cmd {
	switch {
	case a.run == nil:
		return a.runs.Tag(words)
	case len(words) == 0:
		return a.Fail(errors.New("tag: want tags such as good, or -good to take one off"))
	}
	dir := a.run.Dir
	return func() tea.Msg {
		return notedMsg{"tagged " + session.NameOf(dir) + ": " + strings.Join(words, " "), run.Note(dir, words, nil)}
	}
}

// commandNote writes a note on the open run, or on the one under the list's cursor.
func (a *App) commandNote(words []string) tea.Cmd {
	text := strings.Join(words, " ")
	if a.run == nil {
		return a.runs.Note(text)
	}
	dir := a.run.Dir
	return func() tea.Msg { return notedMsg{"noted: " + text, run.Note(dir, nil, &text)} }
}
