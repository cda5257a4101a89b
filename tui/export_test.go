package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"
)

// Filter is what Run installs with tea.WithFilter.
func Filter(m tea.Model, msg tea.Msg) tea.Msg { return dropStalePictures(m, msg) }

// Tests don't wait: what is due later never comes, and what is due now comes at
// once.
func init() {
	tick = func(d time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
		if d > 0 {
			return nil
		}
		return func() tea.Msg { return f(time.Now()) }
	}
}

// PollAt returns the message of one look at what the screen shows.
func PollAt(a *App, now time.Time) tea.Msg {
	if a.run == nil {
		return listRuns(a.opts.RunsDir, a.runs.visit, 0)()
	}
	return a.run.poller.poll(now)
}

// PingNow returns the message of one ping at once.
func PingNow(a *App) tea.Msg { return ping(a.run.client, 0)() }

// KeyInfo is one row of the key table and the scopes to look it up in.
type KeyInfo struct {
	Scope int
	Keys  []string
	Help  string
	Show  string
	Short string
}

// KeyTable returns the key table.
func KeyTable() []KeyInfo {
	var out []KeyInfo
	for _, b := range keyTable() {
		out = append(out, KeyInfo{int(b.scope), b.keys, b.help, b.show, b.short})
	}
	return out
}

// Enter brings the app into a state where the scope's keys work.
func (a *App) Enter(s int) {
	focus := map[scope]pane{scopeChart: paneLoss, scopeLayers: paneLayers, scopeSamples: paneSamples, scopeEvents: paneEvents}
	kinds := map[scope]overlayKind{scopeMenu: overlayMenu, scopeConfirm: overlayConfirm, scopeHelp: overlayHelp}
	a.overlay, a.stale = overlay{kind: kinds[scope(s)]}, true
	if p, ok := focus[scope(s)]; ok {
		a.setFocus(p)
	}
	if scope(s) == scopeRuns {
		a.run = nil
	}
}

// Lookup returns the help of the binding that a key runs, or "".
func (a *App) Lookup(key string) string {
	if b := a.lookup(key); b != nil {
		return b.help
	}
	return ""
}

// SamplesRect returns the cells that a picture may cover.
func (a *App) SamplesRect() (x, y, w, h int) {
	r := inner(a.layout.panes[paneSamples])
	return r.X, r.Y, r.W, r.H
}

// ProbeOver is the message that ends the wait for the terminal's answers.
func ProbeOver() tea.Msg { return probeOverMsg{} }
