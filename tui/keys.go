package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"innate/tui/panes"
)

// scope is where a binding works.
type scope int

const (
	scopeAll     scope = iota // lists and dashboards
	scopeRun                  // the dashboard
	scopeChart                // … with a chart focused
	scopeLayers               // … with the layers focused
	scopeSamples              // … with the samples focused
	scopeEvents               // … with the events focused
	scopeRuns                 // the list of runs
	scopeMenu                 // a menu is open
	scopeConfirm              // a question is asked
	scopeHelp                 // the help is open
	scopeCount
)

// scopeTitles head the sections of the help; scopes without one aren't listed.
var scopeTitles = [scopeCount]string{
	scopeAll: "everywhere", scopeRun: "run", scopeChart: "charts", scopeLayers: "layers",
	scopeSamples: "samples", scopeEvents: "events", scopeRuns: "runs",
}

// binding is one row of the key table.
type binding struct {
	scope scope
	keys  []string // as tea.KeyPressMsg.String writes them
	show  string   // the keys as people write them
	short string   // the word in the footer; empty: only in the help
	help  string
	do    func(*App) tea.Cmd
}

// keyTable returns every key of the workbench but those of text prompts. It is
// the only place that knows them: dispatch, footer and help all read it. Within
// a scope, the footer shows bindings in this order until its line is full.
func keyTable() []binding {
	return []binding{
		{scopeChart, []string{"left", "h"}, "← h", "", "cursor left: read values", func(a *App) tea.Cmd { a.moveCursor(-1); return nil }},
		{scopeChart, []string{"right", "l"}, "→ l", "", "cursor right", func(a *App) tea.Cmd { a.moveCursor(1); return nil }},
		{scopeChart, []string{"shift+left", "H"}, "H", "", "cursor left by ten", func(a *App) tea.Cmd { a.moveCursor(-10); return nil }},
		{scopeChart, []string{"shift+right", "L"}, "L", "", "cursor right by ten", func(a *App) tea.Cmd { a.moveCursor(10); return nil }},

		{scopeLayers, []string{"space"}, "space", "freeze", "freeze or train the layer or block", (*App).toggleLayer},
		{scopeLayers, []string{"p"}, "p", "preset", "freezing presets", (*App).openPresets},
		{scopeLayers, []string{"/"}, "/", "filter", "filter by name", (*App).openFilter},
		{scopeLayers, []string{"enter"}, "enter", "fold", "fold or unfold the block", func(a *App) tea.Cmd { a.run.layers.ToggleFold(); return nil }},
		{scopeLayers, []string{"up", "k"}, "↑ k", "", "up", func(a *App) tea.Cmd { a.run.layers.Move(-1); return nil }},
		{scopeLayers, []string{"down", "j"}, "↓ j", "", "down", func(a *App) tea.Cmd { a.run.layers.Move(1); return nil }},
		{scopeLayers, []string{"pgup", "ctrl+b"}, "pgup", "", "page up", func(a *App) tea.Cmd { a.run.layers.Page(-1); return nil }},
		{scopeLayers, []string{"pgdown", "ctrl+f"}, "pgdn", "", "page down", func(a *App) tea.Cmd { a.run.layers.Page(1); return nil }},
		{scopeLayers, []string{"home", "g"}, "g", "", "first row", func(a *App) tea.Cmd { a.run.layers.Move(-1 << 30); return nil }},
		{scopeLayers, []string{"end", "G"}, "G", "", "last row", func(a *App) tea.Cmd { a.run.layers.Move(1 << 30); return nil }},
		{scopeLayers, []string{"left", "h"}, "← h", "", "fold the block", func(a *App) tea.Cmd { a.run.layers.Fold(true); return nil }},
		{scopeLayers, []string{"right", "l"}, "→ l", "", "unfold the block", func(a *App) tea.Cmd { a.run.layers.Fold(false); return nil }},
		{scopeLayers, []string{"-"}, "-", "", "fold all blocks", func(a *App) tea.Cmd { a.run.layers.FoldAll(true); return nil }},
		{scopeLayers, []string{"+", "="}, "+", "", "unfold all blocks", func(a *App) tea.Cmd { a.run.layers.FoldAll(false); return nil }},

		{scopeSamples, []string{"left", "h", "up", "k"}, "← h", "older", "the sample before", func(a *App) tea.Cmd { return a.stepSample(-1) }},
		{scopeSamples, []string{"right", "l", "down", "j"}, "→ l", "newer", "the next sample", func(a *App) tea.Cmd { return a.stepSample(1) }},
		{scopeSamples, []string{"end", "G"}, "G", "newest", "follow the newest sample", func(a *App) tea.Cmd { return a.stepSample(1 << 30) }},
		{scopeSamples, []string{"home", "g"}, "g", "", "the first sample", func(a *App) tea.Cmd { return a.stepSample(-1 << 30) }},

		{scopeEvents, []string{"up", "k"}, "↑ k", "", "scroll back", func(a *App) tea.Cmd { a.run.events.Move(-1); return nil }},
		{scopeEvents, []string{"down", "j"}, "↓ j", "", "scroll forward", func(a *App) tea.Cmd { a.run.events.Move(1); return nil }},
		{scopeEvents, []string{"pgup", "ctrl+b"}, "pgup", "", "page back", func(a *App) tea.Cmd { a.run.events.Page(-1); return nil }},
		{scopeEvents, []string{"pgdown", "ctrl+f"}, "pgdn", "", "page forward", func(a *App) tea.Cmd { a.run.events.Page(1); return nil }},

		{scopeRun, []string{"y"}, "y", "log y", "logarithmic y axis (focused chart, or both)", func(a *App) tea.Cmd {
			return a.eachChart(func(c *panes.Chart) { c.LogY = !c.LogY })
		}},
		{scopeRun, []string{"x"}, "x", "log x", "logarithmic x axis", func(a *App) tea.Cmd {
			return a.eachChart(func(c *panes.Chart) { c.LogX = !c.LogX })
		}},
		{scopeRun, []string{"s"}, "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", func(a *App) tea.Cmd {
			return a.eachChart((*panes.Chart).CycleSmoothing)
		}},
		{scopeRun, []string{"b"}, "b", "", "braille or ASCII curves", (*App).toggleBraille},
		{scopeRun, []string{"tab"}, "tab", "next", "next pane", func(a *App) tea.Cmd { a.cycleFocus(1); return nil }},
		{scopeRun, []string{"shift+tab"}, "shift+tab", "", "previous pane", func(a *App) tea.Cmd { a.cycleFocus(-1); return nil }},
		{scopeRun, []string{"1"}, "1", "", "loss", func(a *App) tea.Cmd { a.setFocus(paneLoss); return nil }},
		{scopeRun, []string{"2"}, "2", "", "FID", func(a *App) tea.Cmd { a.setFocus(paneFID); return nil }},
		{scopeRun, []string{"3"}, "3", "", "layers", func(a *App) tea.Cmd { a.setFocus(paneLayers); return nil }},
		{scopeRun, []string{"4"}, "4", "", "samples", func(a *App) tea.Cmd { a.setFocus(paneSamples); return nil }},
		{scopeRun, []string{"5"}, "5", "", "events", func(a *App) tea.Cmd { a.setFocus(paneEvents); return nil }},
		{scopeRun, []string{"z"}, "z", "zoom", "focused pane alone, and back", func(a *App) tea.Cmd { a.zoom = !a.zoom; return nil }},
		{scopeRun, []string{"P"}, "P", "pause", "pause the run, and let it go on", (*App).pauseResume},
		{scopeRun, []string{"S"}, "S", "stop", "stop the run (asks first)", (*App).askStop},
		{scopeRun, []string{"r"}, "r", "", "restart a dead or stopped run", (*App).resumeDead},
		{scopeRun, []string{"e"}, "e", "edit", "edit config.toml; it is reloaded when saved", (*App).editConfig},
		{scopeRun, []string{"i"}, "i", "", "images: the next way of showing them", (*App).cycleImages},
		{scopeRun, []string{":"}, ":", "", "command line: set, freeze, train, preset, …", (*App).openCommand},

		{scopeRuns, []string{"enter"}, "enter", "open", "open the run", (*App).openSelected},
		{scopeRuns, []string{"n"}, "n", "new", "start a run from a preset", (*App).openStart},
		{scopeRuns, []string{"up", "k"}, "↑ k", "", "up", func(a *App) tea.Cmd { a.runs.move(-1); return nil }},
		{scopeRuns, []string{"down", "j"}, "↓ j", "", "down", func(a *App) tea.Cmd { a.runs.move(1); return nil }},
		{scopeRuns, []string{"home", "g"}, "g", "", "first", func(a *App) tea.Cmd { a.runs.move(-1 << 30); return nil }},
		{scopeRuns, []string{"end", "G"}, "G", "", "last", func(a *App) tea.Cmd { a.runs.move(1 << 30); return nil }},

		{scopeAll, []string{"?"}, "?", "help", "this help", (*App).openHelp},
		{scopeAll, []string{"esc"}, "esc", "", "back", (*App).back},
		{scopeAll, []string{"ctrl+l"}, "ctrl+l", "", "redraw the screen", (*App).redraw},
		{scopeAll, []string{"ctrl+z"}, "ctrl+z", "", "suspend the workbench", func(*App) tea.Cmd { return tea.Suspend }},
		{scopeAll, []string{"q", "ctrl+c"}, "q", "detach", "leave; runs go on", (*App).quit},

		{scopeMenu, []string{"up", "k"}, "↑ k", "", "up", func(a *App) tea.Cmd { a.overlay.move(-1); return nil }},
		{scopeMenu, []string{"down", "j", "p", "n", "tab"}, "↓ j", "next", "down", func(a *App) tea.Cmd { a.overlay.move(1); return nil }},
		{scopeMenu, []string{"enter"}, "enter", "apply", "take it", (*App).acceptMenu},
		{scopeMenu, []string{"esc", "q"}, "esc", "cancel", "close", (*App).closeOverlay},
		{scopeMenu, []string{"ctrl+c"}, "ctrl+c", "", "leave", (*App).quit},

		{scopeConfirm, []string{"y", "Y"}, "y", "yes", "yes", (*App).acceptConfirm},
		{scopeConfirm, []string{"n", "N", "esc", "q"}, "n", "no", "no", (*App).closeOverlay},
		{scopeConfirm, []string{"ctrl+c"}, "ctrl+c", "", "leave", (*App).quit},

		{scopeHelp, []string{"?", "esc", "q", "enter", "space"}, "esc", "close", "close", (*App).closeOverlay},
		{scopeHelp, []string{"down", "j", "pgdown"}, "↓ j", "scroll", "scroll", func(a *App) tea.Cmd { a.overlay.scroll(1); return nil }},
		{scopeHelp, []string{"up", "k", "pgup"}, "↑ k", "", "scroll back", func(a *App) tea.Cmd { a.overlay.scroll(-1); return nil }},
		{scopeHelp, []string{"ctrl+c"}, "ctrl+c", "", "leave", (*App).quit},
	}
}

// scopes returns where keys are looked up at present, the narrowest first.
func (a *App) scopes() []scope {
	switch a.overlay.kind {
	case overlayHelp:
		return []scope{scopeHelp}
	case overlayMenu:
		return []scope{scopeMenu}
	case overlayConfirm:
		return []scope{scopeConfirm}
	}
	if a.run == nil {
		return []scope{scopeRuns, scopeAll}
	}
	narrow := map[pane]scope{paneLoss: scopeChart, paneFID: scopeChart, paneLayers: scopeLayers, paneSamples: scopeSamples, paneEvents: scopeEvents}
	return []scope{narrow[a.focus], scopeRun, scopeAll}
}

// lookup finds the binding of a key.
func (a *App) lookup(key string) *binding {
	for _, s := range a.scopes() {
		for i := range a.keys {
			if b := &a.keys[i]; b.scope == s && slices.Contains(b.keys, key) {
				return b
			}
		}
	}
	return nil
}

// handleKey runs the action of a key, if it has one.
func (a *App) handleKey(m tea.KeyPressMsg) tea.Cmd {
	if a.prompt.open() {
		return a.promptKey(m)
	}
	if b := a.lookup(m.String()); b != nil {
		return b.do(a)
	}
	return nil
}
