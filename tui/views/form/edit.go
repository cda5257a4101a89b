package form

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// editable refuses a setting that cannot be changed.
func (f *View) editable() error {
	switch key := f.at().Key; {
	case f.h.Starting() != "":
		return fmt.Errorf("%s: the run is being started", key)
	case f.fixed[key] && f.fork:
		return fmt.Errorf("%s: fixed: a fork continues with the same network, data and metric", key)
	case f.fixed[key]:
		return fmt.Errorf("%s: fixed by the preset: start from another one", key)
	}
	return nil
}

// edit lets the value under the cursor be typed; it is checked meanwhile.
func (f *View) edit() tea.Cmd {
	if err := f.editable(); err != nil {
		return f.h.Fail(err)
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
			if offers := host.Matching(e.Choices, text); len(offers) > 0 {
				return 0, offers
			}
			return 0, e.Choices
		}
	}
	f.check()
	return f.h.Prompt(p)
}

// next takes the next of a setting's few values.
func (f *View) next() tea.Cmd {
	if err := f.editable(); err != nil {
		return f.h.Fail(err)
	}
	e := f.at()
	if len(e.Choices) == 0 {
		return f.edit()
	}
	at := slices.Index(e.Choices, plainValue(e.Value))
	f.set(e.Key, e.Choices[(at+1)%len(e.Choices)])
	return nil
}

func (f *View) undo() tea.Cmd {
	delete(f.edits, f.at().Key)
	f.check()
	return nil
}

// start starts what the form describes.
func (f *View) start() tea.Cmd {
	for i, e := range f.entries {
		if text := f.errs[e.Key]; text != "" {
			f.form.SetCursor(i)
			return f.h.Fail(fmt.Errorf("%s: %s", e.Key, text))
		}
	}
	if text := f.errs[""]; text != "" {
		return f.h.Fail(errors.New(text))
	}
	if f.h.Starting() != "" {
		return nil
	}
	if f.fork {
		// The settings at the checkpoint may have been others than those shown, so
		// all that show are asked for.
		set := map[string]string{}
		for _, e := range f.entries {
			if !f.fixed[e.Key] {
				set[e.Key] = e.Value
			}
		}
		fork := f.h.Options().Fork
		return tea.Batch(f.h.Notify("forking "+widget.Plain(session.NameOf(f.source)), f.h.Theme().Warn), f.h.Start(f.source,
			func(ctx context.Context) (string, string, error) {
				dir, err := fork(ctx, f.source, set)
				return dir, "", err
			}))
	}
	var set []string
	for _, c := range f.changes() {
		if c.Key != seedsKey {
			set = append(set, c.Key+"="+c.New)
		}
	}
	opts, seeds := f.h.Options(), f.seeds()
	return tea.Batch(f.h.Notify("starting "+widget.Plain(f.source), f.h.Theme().Warn), f.h.Start(f.source,
		func(ctx context.Context) (string, string, error) {
			if seeds == "" {
				return opts.Start(ctx, f.source, set)
			}
			dir, err := opts.Ensemble(ctx, f.source, set, seeds)
			return dir, "", err
		}))
}
