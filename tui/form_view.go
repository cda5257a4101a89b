package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

func (f *formView) Title() string {
	if f.fork {
		return "fork of " + baseName(f.source)
	}
	return "new run"
}

func (f *formView) bind() {
	a := f.a
	move := func(do func(f *widget.Form)) func() tea.Cmd {
		return func() tea.Cmd { do(&a.screen.(*formView).form); return nil }
	}
	f.formKeys = host.NewSection("new run",
		host.Bind("enter", "enter", "edit", "type another value", a.editField),
		host.Bind("space", "space", "next", "the next of a few values", a.nextChoice),
		host.Bind("u", "u", "undo", "the value it came with", a.undoField),
		host.Bind("tab ]", "tab", "group", "next group", move(func(f *widget.Form) { f.Group(1) })),
		host.Bind("shift+tab [", "[", "", "group before", move(func(f *widget.Form) { f.Group(-1) })),
		host.Bind("S ctrl+s", "S", "start", "start the run", a.startForm),
		host.Bind("up k", "↑ k", "", "up", move(func(f *widget.Form) { f.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", move(func(f *widget.Form) { f.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", move(func(f *widget.Form) { f.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", move(func(f *widget.Form) { f.Page(1) })),
		host.Bind("home g", "g", "", "first", move(func(f *widget.Form) { f.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last", move(func(f *widget.Form) { f.Move(1 << 30) })),
	)
}

// back leaves the form; what was changed is not lost by one key.
func (f *formView) Back() bool {
	if n := len(f.changes()); n > 0 && f.a.runs.starting == "" {
		f.a.Ask(host.Question{Text: "Leave without starting? " + settings(n) + " changed.", Yes: func() tea.Cmd {
			f.a.screen = nil
			return nil
		}})
		return true
	}
	f.a.screen = nil
	return true
}

func settings(n int) string {
	if n == 1 {
		return "1 setting"
	}
	return fmt.Sprintf("%d settings", n)
}

// editable refuses a setting that cannot be changed.
func (a *App) editable() (*formView, error) {
	f := a.screen.(*formView)
	switch key := f.at().Key; {
	case a.runs.starting != "":
		return f, fmt.Errorf("%s: the run is being started", key)
	case f.fixed[key] && f.fork:
		return f, fmt.Errorf("%s: fixed: a fork goes on with the same network, data and metric", key)
	case f.fixed[key]:
		return f, fmt.Errorf("%s: fixed by the preset: start from another one", key)
	}
	return f, nil
}

// editField lets the value under the cursor be typed; it is checked meanwhile.
func (a *App) editField() tea.Cmd {
	f, err := a.editable()
	if err != nil {
		return a.Fail(err)
	}
	e := *f.at()
	before, had := f.edits[e.Key]
	text := plainValue(e.Value)
	if had && f.errs[e.Key] != "" {
		text = before
	}
	end := func(change func()) {
		f.editing = ""
		change()
		f.check()
	}
	f.editing = e.Key
	p := host.Prompt{
		Sign: e.Key[strings.LastIndexByte(e.Key, '.')+1:] + " = ", Text: text, Hint: e.Want,
		Changed: func(s string) { f.set(e.Key, s) },
		Accept:  func(s string) tea.Cmd { end(func() { f.edits[e.Key] = s }); return nil },
		Cancel: func() {
			end(func() {
				if delete(f.edits, e.Key); had {
					f.edits[e.Key] = before
				}
			})
		},
	}
	if len(e.Choices) > 0 {
		p.Eager = true
		p.Complete = func(text string) (int, []string) {
			if offers := matching(e.Choices, text); len(offers) > 0 {
				return 0, offers
			}
			return 0, e.Choices
		}
	}
	f.check()
	return a.Prompt(p)
}

// nextChoice takes the next of a setting's few values.
func (a *App) nextChoice() tea.Cmd {
	f, err := a.editable()
	if err != nil {
		return a.Fail(err)
	}
	e := f.at()
	if len(e.Choices) == 0 {
		return a.editField()
	}
	at := slices.Index(e.Choices, plainValue(e.Value))
	f.set(e.Key, e.Choices[(at+1)%len(e.Choices)])
	return nil
}

func (a *App) undoField() tea.Cmd {
	f := a.screen.(*formView)
	delete(f.edits, f.at().Key)
	f.check()
	return nil
}

func (f *formView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	switch m.(type) {
	case tea.MouseWheelMsg:
		f.form.Move(host.Wheel(e))
	case tea.MouseClickMsg:
		list, _ := f.split(r)
		i := f.form.At(e.Y - list.Y - 1)
		switch {
		case e.Button != tea.MouseLeft || i < 0 || !list.Contains(e.X, e.Y):
		case i == f.form.Cursor():
			return f.a.editField()
		default:
			f.form.SetCursor(i)
		}
	}
	return nil
}

// The explanation stands right of the settings where there is width for both,
// else below.
const (
	formSide   = 150
	sideW      = 54
	formHelpH  = 6
	formLeastH = 16
)

func (f *formView) split(r host.Rect) (list, help host.Rect) {
	switch {
	case r.W >= formSide:
		return host.SplitX(r, r.W-sideW)
	case r.H >= formLeastH:
		return host.SplitY(r, r.H-formHelpH)
	}
	return r, host.Rect{}
}

func (f *formView) Draw(r host.Rect) []string {
	t, e := f.a.theme, f.at()
	list, help := f.split(r)
	in := host.Inner(list)
	body := f.form.View(t, in.W, in.H) // before its Info
	lines := host.Framed(f.a.theme, list, widget.Plain(baseName(f.source)), true, func(int, int) string { return body }, f.form.Info(t)...)
	if help.H == 0 {
		return lines
	}
	side := host.Framed(f.a.theme, help, e.Key, false, func(w, h int) string {
		text := f.help(t, w-2)
		if help.X > 0 {
			text = append(text, f.summary(t, w-2, h-len(text))...)
		}
		for i := range text {
			text[i] = " " + text[i]
		}
		return widget.Block(text, w, h, t.Glyphs.Ellipsis)
	})
	if help.X == 0 {
		return append(lines, side...)
	}
	for i := range lines {
		lines[i] += side[i]
	}
	return lines
}

// help explains the setting under the cursor in lines of w cells.
func (f *formView) help(t *theme.Theme, w int) []string {
	e, was := f.at(), f.from[f.form.Cursor()].Value
	lines := widget.Wrap(widget.Plain(e.Doc), w)
	pair := func(name, text string) string { return t.Dim.Render(widget.Fit(name, 8, "")) + text }
	lines = append(lines, pair("values", widget.Plain(e.Want)))
	if f.changed(f.form.Cursor()) {
		lines = append(lines, pair("was", widget.Plain(shortValue(was))))
	}
	when := "fixed once the run has started"
	if e.Live {
		when = "may change while the run goes on"
	}
	if f.fixed[e.Key] {
		when = "cannot be changed here"
	}
	return append(lines, pair("", t.Dim.Render(when)))
}

// summary says what would be started, in at most h lines.
func (f *formView) summary(t *theme.Theme, w, h int) []string {
	source := widget.Plain(baseName(f.source))
	lines := []string{"", t.Strong.Render(source)}
	for _, l := range widget.Wrap(widget.Plain(f.about), w) {
		lines = append(lines, t.Dim.Render(l))
	}
	lines = append(lines, "")
	changes := f.changes()
	if len(changes) == 0 {
		return append(lines, t.Dim.Render("nothing changed; S starts it"))
	}
	lines = append(lines, t.Strong.Render("changed"))
	for i, c := range changes {
		if len(lines) >= h-1 && i < len(changes)-1 {
			return append(lines, t.Dim.Render(fmt.Sprintf("%d more", len(changes)-i)))
		}
		to := shortValue(c.New)
		lines = append(lines, t.Warn.Render(t.Glyphs.Config)+" "+c.Key+" "+t.Warn.Render(widget.Plain(to))+
			t.Dim.Render("  was "+widget.Plain(shortValue(c.Old))))
	}
	return lines
}

// status is the line above the footer: what has no field of its own, or what
// the form is for.
func (f *formView) Status(_ host.Rect) string {
	if text := f.errs[""]; text != "" {
		return " " + f.a.theme.Bad.Render(widget.Plain(text))
	}
	return " " + f.a.theme.Dim.Render(widget.Plain(f.about))
}
