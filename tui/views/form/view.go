// Package form is the form for a new run: from a preset, or forked from another
// run. What is typed is checked at once, and stands at the setting that it is
// about.
package form

import (
	"fmt"
	"path/filepath"
	"slices"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// View is the form for a new run: the settings of a preset, or of a run that
// is forked, to be changed before it starts.
type View struct {
	h    host.Host
	keys *host.Section

	source string // the preset, or the directory of the run that is forked
	fork   bool
	about  string

	base  string // the text that the settings come from …
	from  []configs.Entry
	edits map[string]string // … and what was typed, by key

	entries []configs.Entry   // with the edits
	errs    map[string]string // what is wrong, by key; "" for what has no field
	editing string            // the key whose value is being typed
	fixed   map[string]bool   // keys that cannot be changed

	form widget.Form
}

// New returns a form of nothing, which tells its keys.
func New(h host.Host) host.View { return newView(h) }

func newView(h host.Host) *View {
	f := &View{h: h, edits: map[string]string{}, fixed: map[string]bool{}}
	f.bind()
	return f
}

// Open reads what a new run starts from, and returns its form. It may block.
func Open(h host.Host, from host.Source) (host.View, error) {
	f := newView(h)
	f.source, f.fork, f.about = from.Name, from.Fork, from.About
	open := f.openPreset
	if f.fork {
		open = f.openParent
	}
	if err := open(); err != nil {
		return nil, err
	}
	f.check()
	return f, nil
}

// openPreset reads a preset, or a file that Options offers as one.
func (f *View) openPreset() error {
	text, c, err := configs.Open(f.source)
	if err != nil {
		return err
	}
	f.take(text, c)
	f.fixed["method"] = true // another method has other settings
	return nil
}

// openParent reads the settings of the run that is forked. What a fork cannot
// change is fixed.
func (f *View) openParent() error {
	text, err := configs.ReadFile(filepath.Join(f.source, run.ConfigFile))
	if err != nil {
		return err
	}
	c, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		return err
	}
	f.take(text, c)
	f.about = "continues from the last checkpoint of " + session.NameOf(f.source)
	for _, e := range f.from {
		f.fixed[e.Key] = !e.Live && !slices.Contains(f.h.Options().Forkable, e.Key)
	}
	return nil
}

func (f *View) take(text string, c *configs.Config) {
	f.base, f.from = text, f.withSeeds(c.Entries(), "")
	f.entries = slices.Clone(f.from)
}

// Active implements host.View.
func (f *View) Active() []*host.Section { return []*host.Section{f.keys} }

// Title implements host.View.
func (f *View) Title() string {
	if f.fork {
		return "fork of " + session.NameOf(f.source)
	}
	return "new run"
}

func (f *View) bind() {
	move := func(do func(f *widget.Form)) func() tea.Cmd {
		return func() tea.Cmd { do(&f.form); return nil }
	}
	f.keys = host.NewSection("new run",
		host.Bind("enter", "enter", "edit", "type another value", f.edit),
		host.Bind("space", "space", "next", "the next of a few values", f.next),
		host.Bind("u", "u", "undo", "the value it came with", f.undo),
		host.Bind("tab ]", "tab", "group", "next group", move(func(f *widget.Form) { f.Group(1) })),
		host.Bind("shift+tab [", "[", "", "group before", move(func(f *widget.Form) { f.Group(-1) })),
		host.Bind("S ctrl+s", "S", "start", "start the run", f.start),
		host.Bind("up k", "↑ k", "", "up", move(func(f *widget.Form) { f.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", move(func(f *widget.Form) { f.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", move(func(f *widget.Form) { f.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", move(func(f *widget.Form) { f.Page(1) })),
		host.Bind("home g", "g", "", "first", move(func(f *widget.Form) { f.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last", move(func(f *widget.Form) { f.Move(1 << 30) })),
	)
}

// Back leaves the form; what was changed is not lost by one key.
func (f *View) Back() bool {
	if n := len(f.changes()); n > 0 && f.h.Starting() == "" {
		f.h.Ask(host.Question{Text: "Leave without starting? " + settings(n) + " changed.", Yes: func() tea.Cmd {
			f.h.Pop()
			return nil
		}})
		return true
	}
	f.h.Pop()
	return true
}

func settings(n int) string {
	if n == 1 {
		return "1 setting"
	}
	return fmt.Sprintf("%d settings", n)
}

// Mouse selects the setting that is clicked, and edits it on a second click.
func (f *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
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
			return f.edit()
		default:
			f.form.SetCursor(i)
		}
	}
	return nil
}
