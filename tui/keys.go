package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// scope is where a binding works.
type scope int

const (
	scopeAll       scope = iota // everywhere
	scopeRun                    // every view of a run
	scopeDashboard              // the dashboard
	scopeAxes                   // where charts show
	scopeChart                  // … and one has the focus
	scopeCurves                 // the view of curves
	scopeLayers                 // the layers, as pane or view
	scopeTree                   // the view of layers
	scopeSamples                // the samples, as pane or view
	scopeGrid                   // the view of samples
	scopeTile                   // … and one of them is selected
	scopeConfig                 // the view of config.toml
	scopeEvents                 // the pane of events
	scopeLog                    // the view of events
	scopeRuns                   // the list of runs
	scopeForm                   // the form for a new run
	scopeOverlay                // the curves of several runs
	scopeMenu                   // a menu is open
	scopeConfirm                // a question is asked
	scopeHelp                   // the help is open
	scopeCount
)

// scopeTitles head the sections of help and documentation.
var scopeTitles = [scopeCount]string{
	scopeAll: "everywhere", scopeRun: "a run", scopeDashboard: "dashboard", scopeAxes: "axes", scopeChart: "charts", scopeCurves: "curves",
	scopeLayers: "layers", scopeTree: "tree of layers", scopeSamples: "samples", scopeGrid: "view of samples", scopeTile: "one sample", scopeConfig: "config",
	scopeEvents: "pane of events", scopeLog: "events", scopeRuns: "list of runs", scopeForm: "new run", scopeOverlay: "overlay of runs", scopeMenu: "menus", scopeConfirm: "questions", scopeHelp: "help",
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
// the only source of them: dispatch, footer, help and documentation all read it.
// Within a scope, the footer shows bindings in this order until its line is
// full. Views keep their part beside them.
func keyTable() []binding {
	return slices.Concat(
		dashboardKeys(), chartKeys(), curvesKeys(), layersKeys(), samplesKeys(), configKeys(), eventsKeys(), runsKeys(), formKeys(), overlayViewKeys(),
		runKeys(), viewKeys(), allKeys(), overlayKeys(),
	)
}

// runKeys work in every view of a run.
func runKeys() []binding {
	return []binding{
		{scopeRun, []string{"P"}, "P", "pause", "pause the run, and let it go on", (*App).pauseResume},
		{scopeRun, []string{"S"}, "S", "stop", "stop the run (asks first)", (*App).askStop},
		{scopeRun, []string{"r"}, "r", "", "restart a dead or stopped run", (*App).resumeDead},
		{scopeRun, []string{"e"}, "e", "edit", "edit config.toml; it is reloaded when saved", (*App).editConfig},
		{scopeRun, []string{"i"}, "i", "", "images: the next way of showing them", (*App).cycleImages},
	}
}

// allKeys work everywhere.
func allKeys() []binding {
	return []binding{
		{scopeAll, []string{":"}, ":", "", "command line, with completion", (*App).openCommand},
		{scopeAll, []string{"c"}, "c", "", "copy the run's path", (*App).copyDir},
		{scopeAll, []string{"T"}, "T", "", "theme: auto, dark, light, mono", (*App).cycleTheme},
		{scopeAll, []string{"N"}, "N", "", "notifications on or off", (*App).toggleAlerts},
		{scopeAll, []string{"m"}, "m", "", "mouse on or off", (*App).toggleMouse},
		{scopeAll, []string{"?"}, "?", "help", "this help", (*App).openHelp},
		{scopeAll, []string{"esc"}, "esc", "", "back", (*App).back},
		{scopeAll, []string{"ctrl+l"}, "ctrl+l", "", "redraw the screen", (*App).redraw},
		{scopeAll, []string{"ctrl+z"}, "ctrl+z", "", "suspend the workbench", (*App).suspend},
		{scopeAll, []string{"q", "ctrl+c"}, "q", "detach", "leave; runs go on", (*App).quit},
	}
}

// overlayKeys work while something stands over the view.
func overlayKeys() []binding {
	return []binding{
		{scopeMenu, []string{"up", "k"}, "↑ k", "", "up", func(a *App) tea.Cmd { a.overlay.move(-1); return nil }},
		{scopeMenu, []string{"down", "j", "p", "n", "tab"}, "↓ j", "next", "down", func(a *App) tea.Cmd { a.overlay.move(1); return nil }},
		{scopeMenu, []string{"enter", "space"}, "enter", "apply", "take it", (*App).acceptMenu},
		{scopeMenu, []string{"esc", "q"}, "esc", "cancel", "close", (*App).closeOverlay},
		{scopeMenu, []string{"ctrl+c"}, "ctrl+c", "", "leave", (*App).quit},

		{scopeConfirm, []string{"y", "Y"}, "y", "yes", "yes", (*App).acceptConfirm},
		{scopeConfirm, []string{"n", "N", "esc", "q"}, "n", "no", "no", (*App).closeOverlay},
		{scopeConfirm, []string{"ctrl+c"}, "ctrl+c", "", "leave", (*App).quit},

		{scopeHelp, []string{"?", "esc", "q", "enter", "space"}, "esc", "close", "close", (*App).closeOverlay},
		{scopeHelp, []string{"down", "j"}, "↓ j", "scroll", "scroll", func(a *App) tea.Cmd { a.overlay.scroll(1); return nil }},
		{scopeHelp, []string{"up", "k"}, "↑ k", "", "scroll back", func(a *App) tea.Cmd { a.overlay.scroll(-1); return nil }},
		{scopeHelp, []string{"pgdown"}, "pgdn", "", "page down", func(a *App) tea.Cmd { a.overlay.scroll(10); return nil }},
		{scopeHelp, []string{"pgup"}, "pgup", "", "page up", func(a *App) tea.Cmd { a.overlay.scroll(-10); return nil }},
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
	s := a.current().scopes(a)
	if a.run != nil {
		s = append(s, scopeRun)
	}
	return append(s, scopeAll)
}

// Keys documents every key and every command of the workbench in Markdown.
func Keys() string {
	var b strings.Builder
	keys := keyTable()
	for _, s := range slices.Concat([]scope{scopeAll, scopeRun}, scopesBetween(scopeDashboard, scopeCount)) {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n", scopeTitles[s])
		for _, k := range keys {
			if k.scope == s {
				fmt.Fprintf(&b, "| %s | %s |\n", codeWords(k.keys), k.help)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range commandTable() {
		fmt.Fprintf(&b, "| `:%s` | %s |\n", c.usage(), c.help)
	}
	return b.String()
}

func scopesBetween(from, to scope) []scope {
	var list []scope
	for s := from; s < to; s++ {
		list = append(list, s)
	}
	return list
}

func codeWords(words []string) string { return "`" + strings.Join(words, "` `") + "`" }

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
	if a.stopPlaying(m.String()) {
		return nil
	}
	if b := a.lookup(m.String()); b != nil {
		return b.do(a)
	}
	return nil
}
