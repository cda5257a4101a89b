package panes

import (
	"path"
	"slices"
	"strings"
)

// term is one word of a filter: it accepts a tensor or not.
type term func(*tensor) bool

// parseFilter reads words between spaces, all of which a tensor must meet:
//
//	qkv                 the name contains it, whatever its case
//	dec.*conv?          a glob for the whole name of the tensor or its unit
//	kind:norm           the kind of layer, its role in the block (conv, qkv,
//	                    skip, affine, …), or weight and bias; may be begun only
//	frozen training     what it does; also pending and marked
//	!frozen !kind:bias  the opposite
func parseFilter(s string) []term {
	var terms []term
	for word := range strings.FieldsSeq(strings.ToLower(s)) {
		word, not := strings.CutPrefix(word, "!")
		if word == "" {
			continue // still being typed
		}
		t := parseTerm(word)
		if not {
			terms = append(terms, func(x *tensor) bool { return !t(x) })
			continue
		}
		terms = append(terms, t)
	}
	return terms
}

func parseTerm(word string) term {
	switch word {
	case "frozen":
		return func(t *tensor) bool { return t.Frozen }
	case "training":
		return func(t *tensor) bool { return !t.Frozen }
	case "pending":
		return func(t *tensor) bool { return t.pending }
	case "marked":
		return func(t *tensor) bool { return t.marked }
	}
	if kind, ok := strings.CutPrefix(word, "kind:"); ok {
		return func(t *tensor) bool {
			return strings.HasPrefix(strings.ToLower(t.Kind), kind) ||
				strings.HasPrefix(strings.ToLower(t.role), kind) ||
				strings.HasPrefix(strings.ToLower(t.field), kind)
		}
	}
	_, err := path.Match(word, "")
	if strings.ContainsAny(word, "*?[") && err == nil {
		return func(t *tensor) bool {
			whole, _ := path.Match(word, strings.ToLower(t.Name))
			unit, _ := path.Match(word, strings.ToLower(t.unitName))
			return whole || unit
		}
	}
	return func(t *tensor) bool { return strings.Contains(strings.ToLower(t.Name), word) }
}

// SetFilter shows only what s describes; see parseFilter for how to write it.
func (l *Layers) SetFilter(s string) {
	l.filter = strings.TrimSpace(s)
	l.terms = parseFilter(s)
	l.rebuild()
}

// Filter returns the filter in force.
func (l *Layers) Filter() string { return l.filter }

// Matched returns the names of the tensors that the filter accepts, in order of
// the tree; without a filter all of them.
func (l *Layers) Matched() []string {
	var names []string
	for i := range l.net.tensors {
		if l.hit(i, i+1) > 0 {
			names = append(names, l.net.tensors[i].Name)
		}
	}
	return names
}

// match counts the tensors that the filter accepts, for hit.
func (l *Layers) match() {
	l.hits = append(l.hits[:0], 0)
	for i := range l.net.tensors {
		t := &l.net.tensors[i]
		n := l.hits[i]
		if !slices.ContainsFunc(l.terms, func(f term) bool { return !f(t) }) {
			n++
		}
		l.hits = append(l.hits, n)
	}
}

// hit returns how many of tensors[lo:hi] the filter accepts.
func (l *Layers) hit(lo, hi int) int { return l.hits[hi] - l.hits[lo] }
