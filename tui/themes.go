package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"innate/tui/host"
	"innate/tui/theme"
)

// pickTheme puts the chosen theme into force: auto follows the terminal's
// background, and a terminal without colour (or NO_COLOR) gets mono.
func (a *App) pickTheme() {
	name := a.state.Theme
	if a.display.NoColor {
		name = theme.MonoName
	}
	a.setTheme(theme.Pick(name, theme.Look{Background: a.background, ASCII: a.opts.ASCII, Basic: a.profile == colorprofile.ANSI}))
}

// backgroundOf reads COLORFGBG, which rxvt, konsole and others set: numbers of the
// palette, that of the background last. A terminal's own answer counts more. The
// Linux console is dark.
func backgroundOf(getenv func(string) string) theme.Background {
	if getenv("TERM") == "linux" {
		return theme.Dark
	}
	v := getenv("COLORFGBG")
	n, err := strconv.Atoi(v[strings.LastIndex(v, ";")+1:])
	switch {
	case err != nil || n < 0 || n > 15:
		return theme.Unknown
	case n < 7 || n == 8:
		return theme.Dark
	}
	return theme.Light
}

// setTheme replaces the theme everywhere. An equal one is not replaced, since
// another theme draws the picture anew.
func (a *App) setTheme(t *theme.Theme) {
	if a.theme != nil && *a.theme == *t {
		return
	}
	a.theme = t
	if v, ok := a.screen.(host.ThemeView); ok {
		v.SetTheme(t)
	}
	if r := a.run; r != nil {
		for _, v := range r.views {
			if v, ok := v.(host.ThemeView); ok {
				v.SetTheme(t)
			}
		}
	}
}

func (a *App) cycleTheme() tea.Cmd {
	names := theme.Names()
	at := max(slices.Index(names, a.state.Theme), 0) // unset is auto, the first
	return a.chooseTheme(names[(at+1)%len(names)])
}

func (a *App) chooseTheme(name string) tea.Cmd {
	if !slices.Contains(theme.Names(), name) {
		return a.Fail(fmt.Errorf("theme: %q, want %s", name, strings.Join(theme.Names(), ", ")))
	}
	a.state.Theme = name
	a.pickTheme()
	if a.display.NoColor && name != theme.MonoName {
		return a.Notify("theme: "+name+" (the terminal has no colour: mono shows)", a.theme.Text)
	}
	return a.Notify("theme: "+name, a.theme.Text)
}
