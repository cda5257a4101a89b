package tui

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/widget"
)

// formView is the form for a new run: the settings of a preset, or of a run that
// is forked, to be changed before it starts.
type formView struct {
	a        *App
	formKeys *host.Section

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

func newFormView(h host.Host) host.View {
	f := &formView{a: h.(*App)}
	f.bind()
	return f
}

func (f *formView) Active() []*host.Section { return []*host.Section{f.formKeys} }

// formMsg brings a form.
type formMsg struct {
	form *formView
	err  error
}

// loadPreset makes the form of a preset, or of a file that Options offers as one.
func loadPreset(name, about string) tea.Cmd {
	return func() tea.Msg {
		text, c, err := configs.Open(name)
		if err != nil {
			return formMsg{err: err}
		}
		f := newForm(name, text, c)
		f.about = about
		f.fixed["method"] = true // another method has other settings
		f.check()
		return formMsg{form: f}
	}
}

// loadParent makes the form of a fork. What a fork cannot change is fixed.
func loadParent(dir string, forkable []string) tea.Cmd {
	return func() tea.Msg {
		text, err := configs.ReadFile(filepath.Join(dir, run.ConfigFile))
		if err != nil {
			return formMsg{err: err}
		}
		c, err := configs.Parse(run.ConfigFile, text)
		if err != nil {
			return formMsg{err: err}
		}
		f := newForm(dir, text, c)
		f.fork = true
		f.about = "goes on from the last checkpoint of " + baseName(dir)
		for _, e := range f.from {
			f.fixed[e.Key] = !e.Live && !slices.Contains(forkable, e.Key)
		}
		f.check()
		return formMsg{form: f}
	}
}

func newForm(source, text string, c *configs.Config) *formView {
	return &formView{
		source: source, base: text, from: c.Entries(), entries: c.Entries(),
		edits: map[string]string{}, fixed: map[string]bool{},
	}
}

// set types a value; check follows.
func (f *formView) set(key, value string) {
	f.edits[key] = value
	f.check()
}

// check applies what was typed, finds what is wrong with it, and puts all into
// the form.
func (f *formView) check() {
	f.errs = map[string]string{}
	text := f.base
	for _, e := range f.from {
		value, typed := f.edits[e.Key]
		if !typed {
			continue
		}
		next, err := configs.Set(text, e.Key, value)
		if err != nil {
			f.blame(err)
			continue
		}
		text = next
	}
	c, err := configs.Parse(run.ConfigFile, text)
	if err != nil {
		f.blame(err)
		f.entries = slices.Clone(f.from)
		for i, e := range f.entries {
			if value, typed := f.edits[e.Key]; typed {
				f.entries[i].Value = value
			}
		}
	} else {
		f.entries = c.Entries()
	}
	fields := make([]widget.Field, len(f.entries))
	for i, e := range f.entries {
		fields[i] = f.field(i, e)
	}
	f.form.SetFields(fields)
}

func (f *formView) field(i int, e configs.Entry) widget.Field {
	group, name, dotted := strings.Cut(e.Key, ".")
	if !dotted {
		group, name = "run", e.Key // name and method stand above [run]
	}
	value := plainValue(e.Value)
	if typed, ok := f.edits[e.Key]; ok && (f.editing == e.Key || f.errs[e.Key] != "") {
		value = typed
	}
	return widget.Field{
		Group: group, Name: name, Value: widget.Plain(value), Doc: widget.Plain(e.Doc), Error: widget.Plain(f.errs[e.Key]),
		Changed: f.changed(i), Fixed: f.fixed[e.Key], Editing: f.editing == e.Key,
	}
}

// changed tells whether a setting isn't as it came.
func (f *formView) changed(i int) bool {
	_, typed := f.edits[f.entries[i].Key]
	return typed && (f.entries[i].Value != f.from[i].Value || f.errs[f.entries[i].Key] != "")
}

// blame notes an error at the setting that it names, without the place in a text
// that nobody sees.
func (f *formView) blame(err error) {
	text := err.Error()
	for _, e := range f.from {
		if _, rest, ok := strings.Cut(text, ": "+e.Key+": "); ok {
			f.errs[e.Key] = rest
			return
		}
	}
	f.errs[""] = text
}

// changes lists what was changed, as configs.Set takes it.
func (f *formView) changes() []configs.Change {
	var list []configs.Change
	for i, e := range f.entries {
		if f.changed(i) {
			list = append(list, configs.Change{Key: e.Key, Old: f.from[i].Value, New: e.Value, Live: e.Live})
		}
	}
	return list
}

// plainValue writes a value in TOML notation as one would type it.
func plainValue(s string) string {
	if s = shortValue(s); s == "empty" {
		return ""
	}
	return s
}

// at is the setting under the cursor.
func (f *formView) at() *configs.Entry { return &f.entries[f.form.Cursor()] }

// openStart offers the presets that can be started.
func (a *App) openStart() tea.Cmd {
	switch {
	case a.opts.Start == nil || len(a.opts.Presets) == 0:
		return a.Fail(errors.New("start: not available here; use `innate start CONFIG`"))
	case a.runs.starting != "":
		return a.Fail(fmt.Errorf("start: %s is being started", widget.Plain(baseName(a.runs.starting))))
	}
	m := host.Menu{Title: "Start a run", Accept: func(i int) tea.Cmd {
		p := a.opts.Presets[i]
		return loadPreset(p.Name, p.About)
	}}
	for _, p := range a.opts.Presets {
		m.Items = append(m.Items, host.Item{Name: widget.Plain(p.Name), About: widget.Plain(p.About)})
	}
	return a.Menu(m)
}

// openFork opens the form for a fork of the run under the cursor.
func (a *App) openFork() tea.Cmd {
	r := a.runs.selected()
	switch {
	case r == nil:
		return nil
	case a.opts.Fork == nil:
		return a.Fail(errors.New("fork: not available here; use `innate fork " + widget.Plain(r.Name) + "`"))
	case r.Status.CheckpointNimg == 0:
		return a.Fail(fmt.Errorf("fork: %s has no checkpoint yet", widget.Plain(r.Name)))
	case a.runs.starting != "":
		return a.Fail(fmt.Errorf("fork: %s is being started", widget.Plain(baseName(a.runs.starting))))
	}
	return loadParent(r.Dir, a.opts.Forkable)
}

// handleForm shows a form, unless the user is elsewhere by now.
func (a *App) handleForm(m formMsg) tea.Cmd {
	switch {
	case m.err != nil:
		return a.Fail(m.err)
	case a.run == nil && a.screen == nil:
		m.form.a = a
		m.form.bind()
		a.screen = m.form
	}
	return nil
}

// startForm starts what the form describes.
func (a *App) startForm() tea.Cmd {
	f := a.screen.(*formView)
	for i, e := range f.entries {
		if text := f.errs[e.Key]; text != "" {
			f.form.SetCursor(i)
			return a.Fail(fmt.Errorf("%s: %s", e.Key, text))
		}
	}
	if text := f.errs[""]; text != "" {
		return a.Fail(errors.New(text))
	}
	if a.runs.starting != "" {
		return nil
	}
	a.runs.starting = f.source
	if f.fork {
		// The settings at the checkpoint may have been others than those shown, so
		// all that show are asked for.
		set := map[string]string{}
		for _, e := range f.entries {
			if !f.fixed[e.Key] {
				set[e.Key] = e.Value
			}
		}
		fork := a.opts.Fork
		return tea.Batch(a.Notify("forking "+widget.Plain(baseName(f.source)), a.theme.Warn), startRun(f.source,
			func(ctx context.Context) (string, string, error) {
				dir, err := fork(ctx, f.source, set)
				return dir, "", err
			}))
	}
	var set []string
	for _, c := range f.changes() {
		set = append(set, c.Key+"="+c.New)
	}
	start := a.opts.Start
	return tea.Batch(a.Notify("starting "+widget.Plain(f.source), a.theme.Warn), startRun(f.source,
		func(ctx context.Context) (string, string, error) { return start(ctx, f.source, set) }))
}

// handleStarted opens the new run.
func (a *App) handleStarted(m startedMsg) tea.Cmd {
	a.runs.starting = ""
	if m.err != nil {
		return a.Fail(m.err)
	}
	text, ink := "started "+baseName(m.dir), a.theme.Good
	if m.warning != "" {
		text, ink = text+"; "+m.warning, a.theme.Warn
	}
	cmd := a.Notify(text, ink)
	if a.run != nil && m.from != a.run.Dir {
		return cmd // the user went elsewhere meanwhile
	}
	return tea.Batch(cmd, a.Open(m.dir))
}
