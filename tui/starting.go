package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/views/form"
)

// NewRun implements host.Host.
func (a *App) NewRun(from host.Source) tea.Cmd {
	return func() tea.Msg {
		v, err := form.Open(a, from)
		return formMsg{v, err}
	}
}

// handleForm shows a form, unless the user is elsewhere by now.
func (a *App) handleForm(m formMsg) tea.Cmd {
	switch {
	case m.err != nil:
		return a.Fail(m.err)
	case a.run == nil && a.screen == nil:
		a.Push(m.form)
	}
	return nil
}

// Starting implements host.Host.
func (a *App) Starting() string { return a.starting }

// Start implements host.Host.
func (a *App) Start(from string, do func(context.Context) (dir, warning string, err error)) tea.Cmd {
	a.starting = from
	return startRun(from, do)
}

// handleStarted opens the new run.
func (a *App) handleStarted(m startedMsg) tea.Cmd {
	a.starting = ""
	if m.err != nil {
		return a.Fail(m.err)
	}
	text, ink := "started "+session.NameOf(m.dir), a.theme.Good
	if m.warning != "" {
		text, ink = text+"; "+m.warning, a.theme.Warn
	}
	cmd := a.Notify(text, ink)
	if a.run != nil && m.from != a.run.Dir {
		return cmd // the user went elsewhere meanwhile
	}
	return tea.Batch(cmd, a.Open(m.dir))
}
