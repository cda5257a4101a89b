package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
)

// setMsg is the trainer's answer to a change of settings.
type setMsg struct {
	view   *View
	keys   []string
	done   string
	status run.Status
	err    error
}

// freshOverMsg ends the show of what a reload has changed, unless there was
// another since.
type freshOverMsg struct {
	view *View
	id   int
}

// freshTime is how long a reload's changes stay marked.
const freshTime = 8 * time.Second

// Polled takes in the file as it is now and marks what is new in it.
func (v *View) Polled(m *session.PollMsg) tea.Cmd {
	if m.Config == nil {
		return nil
	}
	old, f := v.file, m.Config
	v.file = f
	v.text = splitFile(f)
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
			fresh[line] = emptyOr(c.Old) + " " + v.arrow() + " " + emptyOr(c.New)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	v.pane.Fresh = fresh
	v.freshID++
	over := v.FreshOver()
	return session.Tick(freshTime, func(time.Time) tea.Msg { return over })
}

// FreshOver is the message that ends the show of what the last reload changed.
func (v *View) FreshOver() tea.Msg { return freshOverMsg{v, v.freshID} }

func (v *View) arrow() string {
	if v.h.Theme().Glyphs.ASCII {
		return "->"
	}
	return "→"
}

// edit types a new value for the setting under the cursor.
func (v *View) edit() tea.Cmd {
	key, entry, err := v.setting()
	if err != nil {
		return v.h.Fail(err)
	}
	if err := v.h.Run().MustRun("set"); err != nil {
		return v.h.Fail(err)
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
	return v.h.Prompt(p)
}

// setting returns the live setting under the cursor.
func (v *View) setting() (string, configs.Entry, error) {
	f := v.file
	key := v.text.key(v.pane.Cursor())
	switch {
	case key == "":
		return "", configs.Entry{}, errors.New("set: there is no setting on this line")
	case !isLive(key):
		return "", configs.Entry{}, fmt.Errorf("set: %s: fixed once a run has started; :fork begins another run", key)
	}
	entry, ok := f.Entries[key]
	if !ok {
		return "", entry, fmt.Errorf("set: %s: %s doesn't parse as it is; e edits it", key, run.ConfigFile)
	}
	return key, entry, nil
}

// written is a value as the file has it, or as given if it spans lines.
func (v *View) written(key, value string) string {
	f := v.file
	code, _ := splitComment(v.text.lines[f.Lines[key]].Text)
	_, text, _ := strings.Cut(code, "=")
	if text = strings.TrimSpace(text); text == "" || strings.Count(text, "[") != strings.Count(text, "]") {
		return value
	}
	return text
}

// set sends settings to the trainer.
func (v *View) set(set map[string]string) tea.Cmd {
	keys := slices.Sorted(maps.Keys(set))
	var words []string
	for _, k := range keys {
		words = append(words, strings.TrimPrefix(k, "live.")+" = "+set[k])
	}
	client, done := v.h.Run().Client, strings.Join(words, ", ")
	v.order = order{waiting: true, seen: v.history.seen}
	return session.Asked(v.h.Run().Dir, func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		st, err := client.Set(ctx, set)
		return setMsg{v, keys, done, st, err}
	})
}

// undoWait is how long after its answer the event of a change may take to
// arrive: until then the history doesn't know of it, and a second undo would
// repeat the first.
const undoWait = 2 * time.Second

// undo takes the last change of settings back, or does it again.
func (v *View) undo(again bool) tea.Cmd {
	what, set := "undo", v.history.undo()
	if again {
		what, set = "redo", v.history.again()
	}
	if err := v.h.Run().MustRun(what); err != nil {
		return v.h.Fail(err)
	}
	switch {
	case set == nil && again:
		return v.h.Fail(errors.New("redo: nothing was undone"))
	case set == nil:
		return v.h.Fail(errors.New("undo: no change of settings is known"))
	case v.order.waiting || v.order.seen == v.history.seen && v.h.Options().Now().Sub(v.order.at) < undoWait:
		return v.h.Fail(fmt.Errorf("%s: the last change is still on its way", what))
	}
	if f := v.file; f != nil {
		for _, key := range slices.Sorted(maps.Keys(set)) {
			if line, ok := f.Lines[key]; ok {
				v.pane.MoveTo(line)
			}
		}
	}
	return v.set(set)
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case setMsg:
		if m.view != v {
			return nil, false
		}
		v.order.waiting, v.order.at = false, v.h.Options().Now()
		if m.err != nil {
			v.order.at = time.Time{} // there will be no event
			v.refused = refusal{m.keys[0], refusalWords(m.err.Error(), m.keys[0])}
		}
		answer := session.OrderMsg{Dir: v.h.Run().Dir, Done: m.done, Status: m.status, Err: m.err}
		return func() tea.Msg { return answer }, true
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

// EditLine implements host.LineView: where the trainer refuses the file or, while
// the view shows, where the cursor is.
func (v *View) EditLine() int {
	if line, _ := errorLine(v.h.Run().Info.Status.ConfigError); line > 0 {
		return line
	}
	if v.h.Shows(v) {
		return v.pane.Cursor() + 1
	}
	return 0
}
