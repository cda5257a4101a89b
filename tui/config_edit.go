package tui

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/panes"
	"innate/tui/session"
)

// configSetMsg is the trainer's answer to a change of settings.
type configSetMsg struct {
	view   *configView
	keys   []string
	done   string
	status run.Status
	err    error
}

// freshOverMsg ends the show of what a reload has changed, unless there was
// another since.
type freshOverMsg struct {
	view *configView
	id   int
}

// freshTime is how long a reload's changes stay marked.
const freshTime = 8 * time.Second

// setConfig takes in config.toml as it is now and marks what is new in it.
func (a *App) setConfig(f *session.ConfigFile) tea.Cmd {
	r := a.run
	v, old := r.config(), r.Config
	r.Config = f
	v.text = splitConfig(f)
	v.pane.SetLines(v.text.lines)
	if old == nil {
		v.pane.MoveTo(v.text.firstLive())
	}
	v.pane.Fresh, v.refused = nil, refusal{}
	if old == nil || old.Parsed == nil || f.Parsed == nil {
		return nil
	}
	fresh := map[int]string{}
	for _, c := range configs.Diff(old.Parsed, f.Parsed) {
		if line, ok := f.Lines[c.Key]; ok {
			fresh[line] = emptyOr(c.Old) + " " + a.arrow() + " " + emptyOr(c.New)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	v.pane.Fresh = fresh
	v.freshID++
	id := v.freshID
	return session.Tick(freshTime, func(time.Time) tea.Msg { return freshOverMsg{v, id} })
}

func (a *App) arrow() string {
	if a.theme.Glyphs.ASCII {
		return "->"
	}
	return "→"
}

// editSetting types a new value for the setting under the cursor.
func (a *App) editSetting() tea.Cmd {
	v := a.run.config()
	key, entry, err := v.setting()
	if err != nil {
		return a.Fail(err)
	}
	if err := a.run.MustRun("set"); err != nil {
		return a.Fail(err)
	}
	v.refused = refusal{}
	v.editing = key
	p := host.Prompt{
		Sign: key + " = ", Text: v.written(key, entry.Value), Hint: entry.Want,
		Changed: func(text string) { v.typed = text },
		Cancel:  func() { v.editing = "" },
	}
	if entry.Choices != nil {
		p.Text = strings.Trim(entry.Value, `"`)
		// All of them, whatever is typed: they are few, and tab goes through them.
		p.Complete, p.Eager = func(string) (int, []string) { return 0, entry.Choices }, true
	}
	before := p.Text
	v.typed = before
	p.Accept = func(text string) tea.Cmd {
		v.editing = ""
		if text = strings.TrimSpace(text); text == before {
			return nil
		}
		return v.set(map[string]string{key: text})
	}
	return a.Prompt(p)
}

// setting returns the live setting under the cursor.
func (v *configView) setting() (string, configs.Entry, error) {
	f := v.a.run.Config
	key := v.text.key(v.pane.Cursor())
	switch {
	case key == "":
		return "", configs.Entry{}, errors.New("set: there is no setting on this line")
	case !isLive(key):
		return "", configs.Entry{}, fmt.Errorf("set: %s: fixed once a run has started; :fork begins another run", key)
	}
	entry, ok := f.Entries[key]
	if !ok {
		return "", entry, fmt.Errorf("set: %s: %s doesn't parse as it is; e mends it", key, run.ConfigFile)
	}
	return key, entry, nil
}

// written is a value as the file has it, or as given if it spans lines.
func (v *configView) written(key, value string) string {
	f := v.a.run.Config
	code, _ := panes.SplitComment(v.text.lines[f.Lines[key]].Text)
	_, text, _ := strings.Cut(code, "=")
	if text = strings.TrimSpace(text); text == "" || strings.Count(text, "[") != strings.Count(text, "]") {
		return value
	}
	return text
}

// set sends settings to the trainer.
func (v *configView) set(set map[string]string) tea.Cmd {
	keys := slices.Sorted(maps.Keys(set))
	var words []string
	for _, k := range keys {
		words = append(words, strings.TrimPrefix(k, "live.")+" = "+set[k])
	}
	client, done := v.a.run.Client, strings.Join(words, ", ")
	v.order = configOrder{waiting: true, seen: v.history.seen}
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		st, err := client.Set(ctx, set)
		return configSetMsg{v, keys, done, st, err}
	}
}

// undoWait is how long after its answer the event of a change may take to
// arrive: until then the history doesn't know of it, and a second undo would
// repeat the first.
const undoWait = 2 * time.Second

// undoConfig takes the last change of settings back, or does it again.
func (a *App) undoConfig(again bool) tea.Cmd {
	v := a.run.config()
	what, set := "undo", v.history.undo()
	if again {
		what, set = "redo", v.history.again()
	}
	if err := a.run.MustRun(what); err != nil {
		return a.Fail(err)
	}
	switch {
	case set == nil && again:
		return a.Fail(errors.New("redo: nothing was undone"))
	case set == nil:
		return a.Fail(errors.New("undo: no change of settings is known"))
	case v.order.waiting || v.order.seen == v.history.seen && a.opts.Now().Sub(v.order.at) < undoWait:
		return a.Fail(fmt.Errorf("%s: the last change is still on its way", what))
	}
	if f := a.run.Config; f != nil {
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if line, ok := f.Lines[key]; ok {
				v.pane.MoveTo(line)
			}
		}
	}
	return v.set(set)
}

func (v *configView) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case configSetMsg:
		if m.view != v {
			return nil, false
		}
		v.order.waiting, v.order.at = false, v.a.opts.Now()
		if m.err != nil {
			v.order.at = time.Time{} // there will be no event
			v.refused = refusal{m.keys[0], refusalWords(m.err.Error(), m.keys[0])}
		}
		return v.a.handleOrder(session.OrderMsg{Dir: v.a.run.Dir, Done: m.done, Status: m.status, Err: m.err}), true
	case freshOverMsg:
		if m.view == v && m.id == v.freshID {
			v.pane.Fresh = nil
		}
		return nil, m.view == v
	}
	return nil, false
}

// refusalWords is what a refusal says of a setting, less the place where it
// will stand.
func refusalWords(text, key string) string {
	if _, words, ok := strings.Cut(text, key+": "); ok {
		return words
	}
	return text
}

// configLine is where the editor should open config.toml, from 1: where it was
// refused, or where the cursor of its view is; 0 for anywhere.
func (a *App) configLine() int {
	if line, _ := errorLine(a.run.Info.Status.ConfigError); line > 0 {
		return line
	}
	if a.Shows(a.run.config()) {
		return a.run.config().pane.Cursor() + 1
	}
	return 0
}

// editorArgs is the command that opens a file in an editor, at a line if one is
// given and the editor's way of saying so is known. Most take +LINE.
func editorArgs(editor, path string, line int) []string {
	args := strings.Fields(editor)
	if line <= 0 {
		return append(args, path)
	}
	n := strconv.Itoa(line)
	switch filepath.Base(args[0]) {
	case "code", "codium", "code-insiders", "cursor", "windsurf":
		return append(args, "--goto", path+":"+n)
	case "hx", "helix", "subl", "zed", "lapce":
		return append(args, path+":"+n)
	case "kate", "kwrite":
		return append(args, "--line", n, path)
	case "vi", "vim", "nvim", "view", "gvim", "nano", "pico", "emacs", "emacsclient", "micro", "kak", "joe", "jmacs", "mg", "ne", "jed", "gedit", "mcedit", "less":
		return append(args, "+"+n, path)
	}
	return append(args, path)
}
