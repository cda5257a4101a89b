package tui

import (
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/session"
	"innate/tui/theme"
)

// Filter is what Run installs with tea.WithFilter.
func Filter(m tea.Model, msg tea.Msg) tea.Msg { return dropStalePictures(m, msg) }

// Tests don't wait: what is due later never comes, and what is due now comes at
// once.
func init() {
	session.Tick = func(d time.Duration, f func(time.Time) tea.Msg) tea.Cmd {
		if d > 0 {
			return nil
		}
		return func() tea.Msg { return f(time.Now()) }
	}
}

// PollAt returns the message of one look at what the screen shows.
func PollAt(a *App, now time.Time) tea.Msg {
	if a.run == nil {
		if v, ok := a.screen.(*overlayView); ok {
			return v.poller.poll()
		}
		return listRuns(a.runs.reader, a.runs.visit, 0)()
	}
	return a.run.Look(now)
}

// HistoryMsg is the message of a poll that found an update.
func HistoryMsg(a *App, u runlog.Update) tea.Msg {
	return session.PollMsg{Run: a.run.Run, Updates: []runlog.Update{u}}
}

// InfoMsg is the message of a poll that found a heartbeat.
func InfoMsg(a *App, info run.Info) tea.Msg {
	return session.PollMsg{Run: a.run.Run, Info: &info}
}

// PingNow returns the message of one ping at once.
func PingNow(a *App) tea.Msg { return a.run.Ping(0)() }

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

// AwayFromRun tells whether entering a scope closes the run.
func AwayFromRun(s int) bool {
	return slices.Contains([]scope{scopeRuns, scopeForm, scopeOverlay}, scope(s))
}

// Enter brings the app into a state where the scope's keys work.
func (a *App) Enter(s int) {
	kinds := map[scope]overlayKind{scopeMenu: overlayMenu, scopeConfirm: overlayConfirm, scopeHelp: overlayHelp}
	a.overlay, a.stale = overlay{kind: kinds[scope(s)]}, true
	views := map[scope]viewID{scopeCurves: viewCurves, scopeTree: viewLayers, scopeGrid: viewSamples, scopeTile: viewSamples, scopeConfig: viewConfig, scopeLog: viewEvents}
	a.view = views[scope(s)] // others work on the dashboard
	a.setFocus(paneEvents)   // the pane with the fewest keys of its own
	if p := slices.Index(paneScopes[:], scope(s)); p >= 0 {
		a.setFocus(pane(p))
	}
	if a.run != nil {
		a.run.grids().stage = map[scope]stage{scopeTile: stageSelect}[scope(s)]
	}
	if AwayFromRun(s) {
		a.run = nil
		a.screen = map[scope]view{scopeForm: &formView{}, scopeOverlay: &overlayView{}}[scope(s)]
	}
}

// HelpScopes are the sections that the help lists at present.
func (a *App) HelpScopes() []int {
	list := a.current().scopes(a)
	if h, ok := a.current().(helpView); ok {
		list = h.helpScopes()
	}
	out := []int{int(scopeAll)}
	if a.run != nil {
		out = append(out, int(scopeRun))
	}
	for _, s := range list {
		out = append(out, int(s))
	}
	return out
}

// ViewNames lists the views of a run.
func ViewNames() []string { return viewNames[:] }

// Flush writes the state as Run does at the end.
func Flush(a *App) { a.flush() }

// PanicMsg is a message whose handling panics.
func PanicMsg(a *App) tea.Msg {
	a.keys = []binding{{scopeAll, []string{"!"}, "!", "", "panic", func(*App) tea.Cmd { panic("on purpose") }}}
	return tea.KeyPressMsg{Code: '!', Text: "!"}
}

// CommandTable returns the names of the commands, and which take arguments.
func CommandTable() map[string]bool {
	m := map[string]bool{}
	for _, c := range commandTable() {
		m[c.name] = c.args != ""
	}
	return m
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
	p, _ := a.current().(pictureView).picture(a, a.layout.body)
	r := p.at
	return r.X, r.Y, r.W, r.H
}

// ProbeOver is the message that ends the wait for the terminal's answers.
func ProbeOver() tea.Msg { return probeOverMsg{} }

// Profile returns how many colours the renderer may use.
func (a *App) Profile() colorprofile.Profile { return a.profile }

// Look returns what the theme suits.
func (a *App) Look() theme.Look { return a.theme.Look }
