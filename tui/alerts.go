package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// seen is what the workbench last knew of a run, to notice what happened to it.
type seen struct {
	active bool
	best   *float64 // best value of the time watched
}

// watch alerts the user when a run ends or dies, or it gets a new best.
// What is true when a run is first seen is no news.
func (a *App) Watch(info run.Info) tea.Cmd {
	st := &info.Status
	before, known := a.seen[info.Dir]
	now := seen{run.Active(st.State), before.best}
	better := st.BestFID != nil && (now.best == nil || st.Better(*st.BestFID, *now.best))
	if better {
		now.best = new(*st.BestFID)
	}
	a.seen[info.Dir] = now
	name := widget.Plain(info.Name)
	switch {
	case !known:
	case before.active && !now.active:
		return a.alert(name+": "+st.State, host.StateInk(a.theme, st.State))
	case better && before.best != nil:
		quality := strings.ToUpper(st.Quality())
		if st.FIDName != "" {
			quality = widget.Plain(st.FIDName)
		}
		return a.alert(name+": "+quality+" "+widget.Value(*st.BestFID)+", a new best", a.theme.Good)
	}
	return nil
}

// alert rings the bell and asks the terminal for a notification (OSC 9), unless
// the user wants quiet.
func (a *App) alert(text string, ink theme.Ink) tea.Cmd {
	show := a.Notify(text, ink)
	if a.state.Quiet {
		return show
	}
	if a.opts.ASCII {
		text = asciiOnly(text) // bytes of UTF-8 may be controls there
	}
	return tea.Batch(show, tea.Raw("\a\x1b]9;"+text+"\x1b\\"))
}

func (a *App) toggleAlerts() tea.Cmd {
	a.state.Quiet = !a.state.Quiet
	if a.state.Quiet {
		return a.Notify("notifications off", a.theme.Text)
	}
	return a.Notify("notifications on: a run's end, and a new best FID", a.theme.Text)
}
