package runs

import (
	"context"
	"errors"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
)

// noteLine is the longest note, in bytes, that can be typed on one line.
const noteLine = 450

// Tag changes tags of the marked runs, or of the one under the cursor: a or +a adds
// one, -a takes one away.
func (v *View) Tag(words []string) tea.Cmd {
	runs := v.tagged()
	switch {
	case len(runs) == 0:
		return v.h.Fail(errors.New("tag: no run here"))
	case len(words) == 0:
		return v.askTags()
	}
	return v.order("tagging", "tagged", runs, func(_ context.Context, dir string) error { return run.Note(dir, words, nil) })
}

// tagged are the runs that tags are for: of a group under the cursor all.
func (v *View) tagged() (runs []*session.Listed) {
	g := v.selectedGroup()
	if runs = v.targets(); g == nil || len(runs) > 0 {
		return runs
	}
	for _, m := range g.Points {
		for _, s := range m.Runs {
			if r := v.h.Runs().Named(s.Info.Dir); r != nil {
				runs = append(runs, r)
			}
		}
	}
	return runs
}

// Note writes a note on the run under the cursor; an empty one takes it away.
func (v *View) Note(text string) tea.Cmd {
	r := v.selected()
	if r == nil {
		return v.h.Fail(errors.New("note: no run here"))
	}
	done := "noted:"
	if text == "" {
		done = "no note:"
	}
	return v.order("noting", done, []*session.Listed{r}, func(_ context.Context, dir string) error { return run.Note(dir, nil, &text) })
}

// askTags asks for changes of tags, and offers those that there are.
func (v *View) askTags() tea.Cmd {
	runs := v.tagged()
	if len(runs) == 0 {
		return nil
	}
	return v.h.Prompt(host.Prompt{
		Sign: "tag ", Hint: "a adds, -a takes off, of " + namesOfRuns(runs),
		Accept: func(s string) tea.Cmd {
			if words := strings.Fields(s); len(words) > 0 {
				return v.Tag(words)
			}
			return nil
		},
		Complete: func(text string) (int, []string) {
			from := strings.LastIndexByte(text, ' ') + 1
			return from, host.Matching(v.OfferTags(text[from:]), text[from:])
		},
		Eager: true,
	})
}

// OfferTags completes a word of Tag: tags of all runs, and behind a minus those of
// the runs at hand.
func (v *View) OfferTags(word string) (offers []string) {
	var from []run.Info
	sign, all := "", v.h.Runs().List
	open := v.h.Run()
	switch {
	case !strings.HasPrefix(word, "-"):
		for i := range all {
			from = append(from, all[i].Info)
		}
	case open != nil:
		sign, from = "-", append(from, open.Info)
	default:
		sign = "-"
		for _, r := range v.tagged() {
			from = append(from, r.Info)
		}
	}
	for _, tag := range run.TagsOf(from) {
		offers = append(offers, sign+tag)
	}
	return offers
}

// askNote asks for the note of the run under the cursor.
func (v *View) askNote() tea.Cmd {
	r := v.selected()
	if r == nil {
		return nil
	}
	if note := r.About.Note; len(note) > noteLine || strings.Contains(note, "\n") {
		return v.h.Fail(errors.New("note: it has several lines; `innate note " + r.Name + " - < FILE` writes such ones"))
	}
	return v.h.Prompt(host.Prompt{Sign: "note ", Text: r.About.Note, Hint: "what to remember of " + r.Name, Accept: v.Note})
}
