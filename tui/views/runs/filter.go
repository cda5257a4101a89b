package runs

import (
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// filterTerm is one word of a filter.
type filterTerm func(r *session.Listed, marked bool) bool

// parseFilter reads a filter: words that must all fit. A word is part of a
// run's name or note, or begins one of its tags; state:run, tag:mine, method:gdd,
// data:mnist, fid<50, kimg>10 or marked; an exclamation mark before it turns it
// round. What is still being typed fits everything.
func parseFilter(s string) []filterTerm {
	var terms []filterTerm
	for word := range strings.FieldsSeq(strings.ToLower(s)) {
		word, not := strings.CutPrefix(word, "!")
		if word == "" {
			continue
		}
		t := parseTerm(word)
		if not {
			terms = append(terms, func(r *session.Listed, marked bool) bool { return !t(r, marked) })
			continue
		}
		terms = append(terms, t)
	}
	return terms
}

func parseTerm(word string) filterTerm {
	if word == "marked" {
		return func(_ *session.Listed, marked bool) bool { return marked }
	}
	if key, want, ok := strings.Cut(word, ":"); ok {
		if key == "tag" {
			return func(r *session.Listed, _ bool) bool { return hasTag(r, want) }
		}
		if field := fields[key]; field != nil {
			return func(r *session.Listed, _ bool) bool { return strings.HasPrefix(strings.ToLower(field(r)), want) }
		}
	}
	for _, sign := range []string{"<", ">"} {
		key, text, ok := strings.Cut(word, sign)
		number := numbers[key]
		if !ok || number == nil {
			continue
		}
		limit, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return func(*session.Listed, bool) bool { return true }
		}
		return func(r *session.Listed, _ bool) bool {
			v, ok := number(r)
			return ok && (sign == "<" && v < limit || sign == ">" && v > limit)
		}
	}
	return func(r *session.Listed, _ bool) bool {
		return strings.Contains(strings.ToLower(r.Name), word) || strings.Contains(strings.ToLower(r.About.Note), word) || hasTag(r, word)
	}
}

// hasTag reports whether one of a run's tags begins with a word.
func hasTag(r *session.Listed, word string) bool {
	return slices.ContainsFunc(r.About.Tags, func(tag string) bool { return strings.HasPrefix(strings.ToLower(tag), word) })
}

// fields are the words that a filter can ask for by their beginning, and
// numbers what it can compare.
var (
	fields = map[string]func(*session.Listed) string{
		"state":  func(r *session.Listed) string { return r.Status.State },
		"method": func(r *session.Listed) string { return methodOf(r) },
		"data": func(r *session.Listed) string {
			if r.Config == nil {
				return ""
			}
			return r.Config.Data.Title()
		},
	}
	numbers = map[string]func(*session.Listed) (float64, bool){
		"kimg":   func(r *session.Listed) (float64, bool) { return float64(r.Status.Nimg) / 1000, true },
		"fid":    func(r *session.Listed) (float64, bool) { return known(r.Status.BestFID) },
		"frozen": func(r *session.Listed) (float64, bool) { return 100 * r.Status.FrozenFraction, r.Status.Params > 0 },
	}
)

func known(v *float64) (float64, bool) {
	if v == nil {
		return 0, false
	}
	return *v, true
}

// complete offers what the word being typed may become.
func (v *View) complete(text string) (from int, offers []string) {
	from = strings.LastIndexByte(text, ' ') + 1
	add := func(s string) {
		for _, o := range offers {
			if o == s {
				return
			}
		}
		offers = append(offers, s)
	}
	list := v.h.Runs().List
	for i := range list {
		r := &list[i]
		add("state:" + strings.ToLower(r.Status.State))
		if m := methodOf(r); m != "" {
			add("method:" + strings.ToLower(m))
		}
		for _, tag := range r.About.Tags {
			add("tag:" + strings.ToLower(tag))
		}
		add(widget.Plain(r.Name))
	}
	offers = host.Matching(offers, text[from:])
	if text[from:] == "" {
		offers = []string{"state:", "tag:", "method:", "data:", "fid<", "kimg>", "marked"}
	}
	return from, offers
}

// askFilter filters the list as the text is typed.
func (v *View) askFilter() tea.Cmd {
	before := v.filter
	return v.h.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "part of a name, tag:mine, state:run, method:gdd, fid<50, !word",
		Changed:  v.setFilter,
		Accept:   func(s string) tea.Cmd { v.setFilter(s); return nil },
		Cancel:   func() { v.setFilter(before) },
		Complete: v.complete,
	})
}
