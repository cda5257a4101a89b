package session

import (
	"path"
	"slices"
	"strings"
)

// layerFilter says which tensors show.
type layerFilter struct {
	text  string
	terms []term // all of which a tensor must meet
}

// term is one word of a filter: it accepts tensor t, the i-th of the layers, or
// not.
type term func(l *Layers, i int, t *Tensor) bool

// parseFilter reads words between spaces, all of which a tensor must meet:
//
//	qkv                 the name contains it, whatever its case
//	dec.*conv?          a glob for the whole name of the tensor or its unit
//	kind:norm           the kind of layer, its role in the block (conv, qkv,
//	                    skip, affine, …), or weight and bias; may be begun only
//	frozen training     what it does; also pending and marked
//	!frozen !kind:bias  the opposite
func parseFilter(s string) layerFilter {
	f := layerFilter{text: strings.TrimSpace(s)}
	for word := range strings.FieldsSeq(strings.ToLower(s)) {
		word, not := strings.CutPrefix(word, "!")
		if word == "" {
			continue // still being typed
		}
		accepts := parseTerm(word)
		if not {
			f.terms = append(f.terms, func(l *Layers, i int, t *Tensor) bool { return !accepts(l, i, t) })
			continue
		}
		f.terms = append(f.terms, accepts)
	}
	return f
}

func parseTerm(word string) term {
	switch word {
	case "frozen":
		return func(_ *Layers, _ int, t *Tensor) bool { return t.Frozen }
	case "training":
		return func(_ *Layers, _ int, t *Tensor) bool { return !t.Frozen }
	case "pending":
		return func(l *Layers, i int, _ *Tensor) bool { return l.Pending.Has(i) }
	case "marked":
		return func(l *Layers, i int, _ *Tensor) bool { return l.Marked.Has(i) }
	}
	if kind, ok := strings.CutPrefix(word, "kind:"); ok {
		return func(_ *Layers, _ int, t *Tensor) bool {
			return strings.HasPrefix(strings.ToLower(t.Kind), kind) ||
				strings.HasPrefix(strings.ToLower(t.Role), kind) ||
				strings.HasPrefix(strings.ToLower(t.Field), kind)
		}
	}
	_, err := path.Match(word, "")
	if strings.ContainsAny(word, "*?[") && err == nil {
		return func(_ *Layers, _ int, t *Tensor) bool {
			whole, _ := path.Match(word, strings.ToLower(t.Name))
			unit, _ := path.Match(word, strings.ToLower(t.Unit))
			return whole || unit
		}
	}
	return func(_ *Layers, _ int, t *Tensor) bool { return strings.Contains(strings.ToLower(t.Name), word) }
}

// match counts, for each i, how many of the first i tensors the filter accepts.
func (f *layerFilter) match(hits []int, l *Layers) []int {
	hits = append(hits[:0], 0)
	for i := range l.Net.Tensors {
		n := hits[i]
		if !slices.ContainsFunc(f.terms, func(accepts term) bool { return !accepts(l, i, &l.Net.Tensors[i]) }) {
			n++
		}
		hits = append(hits, n)
	}
	return hits
}
