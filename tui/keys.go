package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// keyTable is what keys do outside the views. With the sections of the views it
// is the only source of keys but those of text prompts: dispatch, footer, help
// and documentation all read it.
type keyTable struct {
	run, everywhere      *host.Section
	menu, question, help *host.Section // while something stands over the view
}

func (a *App) bind() {
	a.keys = keyTable{
		run: host.NewSection("a run",
			host.Bind("P", "P", "pause", "pause the run, or resume it", a.pauseResume),
			host.Bind("S", "S", "stop", "stop the run (asks first)", a.askStop),
			host.Bind("U", "U", "", "go back to before the last live change", a.askBack),
			host.Bind("r", "r", "", "restart a dead or stopped run", a.resume),
			host.Bind("e", "e", "edit", "edit config.toml; it is reloaded when saved", a.editConfig),
			host.Bind("i", "i", "", "images: the next way of showing them", a.cycleImages),
		),
		everywhere: host.NewSection("everywhere",
			host.Bind(":", ":", "", "command line, with completion", a.openCommand),
			host.Bind("c", "c", "", "copy the run's path", a.copyDir),
			host.Bind("T", "T", "", "theme: auto, dark, light, mono", a.cycleTheme),
			host.Bind("N", "N", "", "notifications on or off", a.toggleAlerts),
			host.Bind("m", "m", "", "mouse on or off", a.toggleMouse),
			host.Bind("?", "?", "help", "this help", a.openHelp),
			host.Bind("esc", "esc", "", "back", a.back),
			host.Bind("ctrl+l", "ctrl+l", "", "redraw the screen", a.redraw),
			host.Bind("ctrl+z", "ctrl+z", "", "suspend the workbench", a.suspend),
			host.Bind("q ctrl+c", "q", "detach", "leave; runs continue", a.quit),
		),
		menu: host.NewSection("menus",
			host.Bind("up k", "↑ k", "", "up", func() tea.Cmd { a.overlay.move(-1); return nil }),
			host.Bind("down j p n tab", "↓ j", "next", "down", func() tea.Cmd { a.overlay.move(1); return nil }),
			host.Bind("enter space", "enter", "apply", "take it", a.acceptMenu),
			host.Bind("esc q", "esc", "cancel", "close", a.closeOverlay),
			host.Bind("ctrl+c", "ctrl+c", "", "leave", a.quit),
		),
		question: host.NewSection("questions",
			host.Bind("y Y", "y", "yes", "yes", a.acceptQuestion),
			host.Bind("n N esc q", "n", "no", "no", a.closeOverlay),
			host.Bind("ctrl+c", "ctrl+c", "", "leave", a.quit),
		),
		help: host.NewSection("help",
			host.Bind("? esc q enter space", "esc", "close", "close", a.closeOverlay),
			host.Bind("down j", "↓ j", "scroll", "scroll", func() tea.Cmd { a.overlay.scroll(1); return nil }),
			host.Bind("up k", "↑ k", "", "scroll back", func() tea.Cmd { a.overlay.scroll(-1); return nil }),
			host.Bind("pgdown", "pgdn", "", "page down", func() tea.Cmd { a.overlay.scroll(10); return nil }),
			host.Bind("pgup", "pgup", "", "page up", func() tea.Cmd { a.overlay.scroll(-10); return nil }),
			host.Bind("ctrl+c", "ctrl+c", "", "leave", a.quit),
		),
	}
	for i, v := range a.views {
		k := fmt.Sprint(i + 1)
		a.keys.run.Keys = append(a.keys.run.Keys, host.Bind(k, k, "", v.Name, func() tea.Cmd { return a.Show(v.Name) }))
	}
}

// sections returns where keys are looked up at present, the narrowest first.
func (a *App) sections() []*host.Section {
	switch a.overlay.kind {
	case overlayHelp:
		return []*host.Section{a.keys.help}
	case overlayMenu:
		return []*host.Section{a.keys.menu}
	case overlayQuestion:
		return []*host.Section{a.keys.question}
	}
	return append(slices.Clip(a.current().Active()), a.shared()...)
}

// shared are the sections that work behind those of every view.
func (a *App) shared() []*host.Section {
	if a.run == nil {
		return []*host.Section{a.keys.everywhere}
	}
	return []*host.Section{a.keys.run, a.keys.everywhere}
}

// lookup finds the binding of a key.
func (a *App) lookup(key string) *host.Binding {
	for _, s := range a.sections() {
		for i := range s.Keys {
			if b := &s.Keys[i]; slices.Contains(b.Keys, key) {
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
	if v, ok := a.current().(host.KeyView); ok && v.Key(m.String()) {
		return nil
	}
	if b := a.lookup(m.String()); b != nil {
		return b.Do()
	}
	return nil
}

// everySection gathers all sections once, in the order of the documentation.
func (a *App) everySection() []*host.Section {
	list := []*host.Section{a.keys.everywhere, a.keys.run}
	for _, v := range a.prototypes {
		sections := host.Sections(v)
		if p, ok := v.(host.PaneView); ok {
			sections = append(slices.Clip(sections), p.Pane().Keys())
		}
		for _, s := range sections {
			if !slices.ContainsFunc(list, func(o *host.Section) bool { return o.Title == s.Title }) {
				list = append(list, s)
			}
		}
	}
	return append(list, a.keys.menu, a.keys.question, a.keys.help)
}

// Keys documents every key and every command of the workbench in Markdown.
func Keys() string {
	var b strings.Builder
	a := newApp(Options{})
	for _, s := range a.everySection() {
		fmt.Fprintf(&b, "| %s | |\n|---|---|\n", s.Title)
		for _, k := range s.Keys {
			fmt.Fprintf(&b, "| %s | %s |\n", codeWords(k.Keys), k.Help)
		}
		b.WriteByte('\n')
	}
	b.WriteString("| command | |\n|---|---|\n")
	for _, c := range a.allCommands() {
		fmt.Fprintf(&b, "| `:%s` | %s |\n", c.Usage(), c.Help)
	}
	return b.String()
}

func codeWords(words []string) string { return "`" + strings.Join(words, "` `") + "`" }
