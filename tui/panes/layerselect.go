package panes

// Mark marks what the cursor is on, or takes the marks off if all of it is
// marked. Under a filter only what matches counts.
func (l *Layers) Mark() {
	if l.cursor < len(l.rows) {
		u := &l.net.nodes[l.rows[l.cursor]]
		l.mark(u.lo, u.hi)
	}
}

// MarkMatched marks all that the filter accepts, or takes those marks off.
func (l *Layers) MarkMatched() { l.mark(0, len(l.net.tensors)) }

func (l *Layers) mark(lo, hi int) {
	set := false
	for i := lo; i < hi; i++ {
		set = set || l.hit(i, i+1) > 0 && !l.net.tensors[i].marked
	}
	for i := lo; i < hi; i++ {
		if l.hit(i, i+1) > 0 {
			l.net.tensors[i].marked = set
		}
	}
	l.recount()
}

// ClearMarks takes all marks off.
func (l *Layers) ClearMarks() {
	for i := range l.net.tensors {
		l.net.tensors[i].marked = false
	}
	l.recount()
}

// Marked returns the names of the marked tensors in order of the tree.
func (l *Layers) Marked() []string {
	var names []string
	for i := range l.net.tensors {
		if t := &l.net.tensors[i]; t.marked {
			names = append(names, t.Name)
		}
	}
	return names
}

// Selected returns what Toggle would: of the marked tensors or, without marks,
// of the row under the cursor, those to flip. It freezes what still trains, or
// trains everything if all is frozen. While a command is under way for any of
// them there is nothing to flip.
func (l *Layers) Selected() (names []string, freeze bool) {
	lo, hi := 0, len(l.net.tensors)
	takes := func(i int) bool { return l.net.tensors[i].marked }
	if l.marked == 0 {
		if l.cursor >= len(l.rows) {
			return nil, false
		}
		u := &l.net.nodes[l.rows[l.cursor]]
		lo, hi = u.lo, u.hi
		takes = func(i int) bool { return l.hit(i, i+1) > 0 }
	}
	for i := lo; i < hi; i++ {
		if t := &l.net.tensors[i]; takes(i) {
			if t.pending {
				return nil, false
			}
			freeze = freeze || !t.Frozen
		}
	}
	for i := lo; i < hi; i++ {
		if t := &l.net.tensors[i]; takes(i) && t.Frozen != freeze {
			names = append(names, t.Name)
		}
	}
	return names, freeze
}

// Toggle returns the tensors to flip, as Selected does, and shows them as
// pending until Settle.
func (l *Layers) Toggle() (names []string, freeze bool) {
	names, freeze = l.Selected()
	l.Pend(names)
	return names, freeze
}

// Undo returns the tensors to flip to get back what was frozen before the last
// change, whoever made it, and shows them as pending. It returns nothing while
// any command is under way: what to flip depends on how that ends.
func (l *Layers) Undo() []string { return l.step(l.history.Undo) }

// Redo is Undo for what was undone.
func (l *Layers) Redo() []string { return l.step(l.history.Redo) }

func (l *Layers) step(which func() []string) []string {
	if l.pending > 0 {
		return nil
	}
	names := which()
	l.Pend(names)
	return names
}

// Steps returns how many changes can be undone and redone.
func (l *Layers) Steps() (undo, redo int) { return l.history.Steps() }

// Pend shows tensors as having a command under way. What they are stays as it
// is until SetLayers says otherwise, so a refusal needs nothing but Settle.
func (l *Layers) Pend(names []string) {
	if len(names) == 0 {
		return
	}
	set := setOf(names)
	for i := range l.net.tensors {
		if t := &l.net.tensors[i]; set[t.Name] {
			t.pending = true
		}
	}
	l.recount()
}

// Settle ends the pending state of tensors, without names of all: the answer
// came, be it a refusal.
func (l *Layers) Settle(names ...string) {
	set := setOf(names)
	for i := range l.net.tensors {
		if t := &l.net.tensors[i]; len(names) == 0 || set[t.Name] {
			t.pending = false
		}
	}
	l.recount()
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// recount follows a change of marks or pending commands; a filter may ask for
// either.
func (l *Layers) recount() {
	l.marked, l.pending = 0, 0
	for i := range l.net.tensors {
		t := &l.net.tensors[i]
		l.marked += b2i(t.marked)
		l.pending += b2i(t.pending)
	}
	if len(l.terms) > 0 {
		l.rebuild()
	}
}
