package tui

import (
	"innate/tui/views/samples"

	"slices"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/views/form"
	"innate/tui/views/runs"
)

// viewOf returns the open run's view of a type.
func viewOf[T host.View](r *runView) T {
	for _, v := range r.views {
		if v, ok := v.(T); ok {
			return v
		}
	}
	panic("tui: no such view")
}

// HistoryMsg is the message of a poll that found an update.
func HistoryMsg(a *App, u runlog.Update) tea.Msg {
	return session.PollMsg{Run: a.run.Run, Updates: []runlog.Update{u}}
}

// InfoMsg is the message of a poll that found a heartbeat.
func InfoMsg(a *App, info run.Info) tea.Msg {
	return session.PollMsg{Run: a.run.Run, Info: &info}
}

// KeyInfo is one row of the key table and the section that it is in.
type KeyInfo struct {
	Section string
	host.Binding
}

// KeyTable returns the key table.
func KeyTable() []KeyInfo {
	var out []KeyInfo
	for _, s := range newApp(Options{}).everySection() {
		for _, b := range s.Keys {
			out = append(out, KeyInfo{s.Title, b})
		}
	}
	return out
}

// AwayFromRun tells whether entering a section closes the run.
func AwayFromRun(section string) bool {
	return slices.Contains([]string{"list of runs", "new run", "overlay of runs", "sweep"}, section)
}

// Enter brings the app into a state where the keys of a section work.
func (a *App) Enter(section string) {
	kinds := map[string]overlayKind{"menus": overlayMenu, "questions": overlayQuestion, "help": overlayHelp}
	a.overlay, a.stale = overlay{kind: kinds[section]}, true
	names := map[string]string{"curves": "curves", "tree of layers": "layers", "view of samples": "samples", "one sample": "samples", "config": "config", "events": "events", "analysis": "analysis"}
	a.view = max(slices.Index(a.ViewNames(), names[section]), 0) // others work on the dashboard
	a.state.Focus = "events"                                     // the pane with the fewest keys of its own
	if p, ok := map[string]string{"charts": "loss", "layers": "layers", "samples": "samples"}[section]; ok {
		a.state.Focus = p
	}
	if a.run != nil {
		v := viewOf[*samples.View](a.run)
		for v.Back() {
		}
		if section == "one sample" {
			_ = v.Select() // which a run without samples refuses
		}
	}
	if AwayFromRun(section) {
		a.run = nil
		a.screen = map[string]host.View{"new run": form.New(a), "overlay of runs": runs.NewOverlay(a), "sweep": runs.NewGroup(a)}[section]
	}
}

// HelpSections are the sections that the help lists at present.
func (a *App) HelpSections() []string {
	var titles []string
	for _, s := range append(a.shared(), host.Sections(a.current())...) {
		titles = append(titles, s.Title)
	}
	return titles
}

// ViewNames lists the views of a run.
func ViewNames() []string { return newApp(Options{}).ViewNames() }

// PanicMsg is a message whose handling panics.
func PanicMsg(a *App) tea.Msg {
	a.keys.run = host.NewSection("a run", host.Bind("!", "!", "", "panic", func() tea.Cmd { panic("on purpose") }))
	a.keys.everywhere = a.keys.run
	return tea.KeyPressMsg{Code: '!', Text: "!"}
}

// CommandTable returns the names of the commands, and which take arguments.
func CommandTable() map[string]bool {
	m := map[string]bool{}
	for _, c := range newApp(Options{}).allCommands() {
		m[c.Name] = c.Args != ""
	}
	return m
}

// Lookup returns the help of the binding that a key runs, or "".
func (a *App) Lookup(key string) string {
	if b := a.lookup(key); b != nil {
		return b.Help
	}
	return ""
}

// ProbeOver is the message that ends the wait for the terminal's answers.
func ProbeOver() tea.Msg { return probeOverMsg{} }

// Profile returns how many colours the renderer may use.
func (a *App) Profile() colorprofile.Profile { return a.profile }
