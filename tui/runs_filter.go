package tui

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/widget"
)

// runTerm is one word of a filter.
type runTerm func(r *runRow, marked bool) bool

// parseRunFilter reads a filter: words that must all fit. A word is part of a
// run's name, state:run, method:gdd, data:mnist, fid<50, kimg>10 or marked; an
// exclamation mark before it turns it round. What is still being typed fits
// everything.
func parseRunFilter(s string) []runTerm {
	var terms []runTerm
	for word := range strings.FieldsSeq(strings.ToLower(s)) {
		word, not := strings.CutPrefix(word, "!")
		if word == "" {
			continue
		}
		t := parseRunTerm(word)
		if not {
			terms = append(terms, func(r *runRow, marked bool) bool { return !t(r, marked) })
			continue
		}
		terms = append(terms, t)
	}
	return terms
}

func parseRunTerm(word string) runTerm {
	if word == "marked" {
		return func(_ *runRow, marked bool) bool { return marked }
	}
	if key, want, ok := strings.Cut(word, ":"); ok {
		if field := runFields[key]; field != nil {
			return func(r *runRow, _ bool) bool { return strings.HasPrefix(strings.ToLower(field(r)), want) }
		}
	}
	for _, sign := range []string{"<", ">"} {
		key, text, ok := strings.Cut(word, sign)
		number := runNumbers[key]
		if !ok || number == nil {
			continue
		}
		limit, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return func(*runRow, bool) bool { return true }
		}
		return func(r *runRow, _ bool) bool {
			v, ok := number(r)
			return ok && (sign == "<" && v < limit || sign == ">" && v > limit)
		}
	}
	return func(r *runRow, _ bool) bool { return strings.Contains(strings.ToLower(r.Name), word) }
}

// runFields are the words that a filter can ask for by their beginning, and
// runNumbers what it can compare.
var (
	runFields = map[string]func(*runRow) string{
		"state":  func(r *runRow) string { return r.Status.State },
		"method": func(r *runRow) string { return r.method() },
		"data": func(r *runRow) string {
			if r.config == nil {
				return ""
			}
			return r.config.Data.Dataset
		},
	}
	runNumbers = map[string]func(*runRow) (float64, bool){
		"kimg":   func(r *runRow) (float64, bool) { return float64(r.Status.Nimg) / 1000, true },
		"fid":    func(r *runRow) (float64, bool) { return known(r.Status.BestFID) },
		"frozen": func(r *runRow) (float64, bool) { return 100 * r.Status.FrozenFraction, r.Status.Params > 0 },
	}
)

func known(v *float64) (float64, bool) {
	if v == nil {
		return 0, false
	}
	return *v, true
}

// a.runs.complete offers what the word being typed may become.
func (v *runsView) complete(text string) (from int, offers []string) {
	from = strings.LastIndexByte(text, ' ') + 1
	add := func(s string) {
		for _, o := range offers {
			if o == s {
				return
			}
		}
		offers = append(offers, s)
	}
	for _, r := range v.list {
		add("state:" + strings.ToLower(r.Status.State))
		if m := r.method(); m != "" {
			add("method:" + strings.ToLower(m))
		}
		add(widget.Plain(r.Name))
	}
	offers = host.Matching(offers, text[from:])
	if text[from:] == "" {
		offers = []string{"state:", "method:", "data:", "fid<", "kimg>", "marked"}
	}
	return from, offers
}

// filterRuns filters the list as the text is typed.
func (a *App) filterRuns() tea.Cmd {
	before := a.runs.filter
	return a.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "part of a name, state:run, method:gdd, fid<50, !word",
		Changed:  a.runs.setFilter,
		Accept:   func(s string) tea.Cmd { a.runs.setFilter(s); return nil },
		Cancel:   func() { a.runs.setFilter(before) },
		Complete: a.runs.complete,
	})
}
