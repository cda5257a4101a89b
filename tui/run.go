package tui

import (
	"fmt"
	"log/slog"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// runView is the open run with its views.
type runView struct {
	*session.Run
	header keptHeader
	views  []host.View
}

// progress tells how much of the history has been read.
func (r *runView) progress() string {
	text := "reading the history: " + widget.Kimg(r.LastNimg)
	if all := r.Info.Status.Nimg; all >= r.LastNimg {
		read, whole := widget.KimgOf(r.LastNimg, all)
		text = "reading the history: " + fmt.Sprintf("%*s of %s", len(whole), read, whole)
	}
	return text + " kimg"
}

// addHistory takes what the log has new into session and views.
func (r *runView) addHistory(u *runlog.Update) {
	r.Add(u)
	for _, v := range r.views {
		if v, ok := v.(host.EventsView); ok {
			v.AddEvents(u.Events, u.Reset)
		}
	}
}

// handlePoll takes in what changed on disk and polls again.
func (a *App) handlePoll(m session.PollMsg) tea.Cmd {
	r := a.run
	slog.Debug("poll", "dir", r.Dir, "updates", len(m.Updates), "info", m.Info != nil, "layers", len(m.Layers), "error", m.Err)
	for i := range m.Updates {
		r.addHistory(&m.Updates[i])
	}
	a.stale = a.stale || r.Reading != m.More || r.Gone != m.Gone
	more := r.TakePoll(&m, a.opts.Now())
	var cmds []tea.Cmd
	if m.Info != nil {
		cmds = append(cmds, a.Watch(r.Info), r.AskLastWords(), r.FetchLayers())
	}
	for _, v := range r.views {
		if v, ok := v.(host.PollView); ok {
			cmds = append(cmds, v.Polled(&m))
		}
	}
	if m.Err != nil {
		cmds = append(cmds, a.Fail(m.Err))
	}
	after := session.PollEvery
	if more {
		after = 0
	}
	return tea.Batch(append(cmds, r.Poll(after))...)
}

// handlePing notes whether the trainer answers.
func (a *App) handlePing(m session.PingMsg) tea.Cmd {
	a.run.Pong(m, a.opts.Now())
	return a.run.Ping(session.PingEvery)
}

// handleOrder reports an order's outcome.
func (a *App) handleOrder(m session.OrderMsg) tea.Cmd {
	r := a.run
	if m.Freeze {
		r.Layers.Answered(m.Names...)
		if m.Layers != nil {
			r.TakeLayers(m.Layers)
		}
	}
	if m.Err != nil {
		return a.Fail(m.Err)
	}
	switch ended := r.Info; {
	case m.Status.State == "":
	case !run.Active(m.Status.State): // and its trainer has gone: see session.Stopping
		ended.Status, ended.Alive = m.Status, false
		r.Take(ended, a.opts.Now())
	default:
		if r.TakeAnswer(m.Status, a.opts.Now()) {
			r.LayersKnown()
		}
		if why := m.Status.PauseReason; why != "" {
			return a.Notify(m.Done+": "+why, a.theme.Warn)
		}
	}
	return a.Notify(m.Done, a.theme.Good)
}
