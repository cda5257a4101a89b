package cpu

import "slices"

// workspace is the memory of what means nothing between two runs: scratch, and
// what operations make for each other. All programs of a device lie over each
// other in it, since no two run at once, so it is as large as the one that needs
// most.
//
// It is taken when a program runs that does not fit, not when one is planned:
// plans alone cost nothing, and what replaces a program never has to lie beside
// it. It may move then, and programs are bound to it anew.
type workspace struct {
	programs []*Program
	need     int // values for every program to fit
	values   []float32
	pages    *pages
	moved    int // how often values has changed its place
}

func (w *workspace) add(p *Program) {
	w.programs = append(w.programs, p)
	w.need = max(w.need, p.scratch+p.arena)
}

// remove takes a program out and gives back what the others do not need.
func (w *workspace) remove(p *Program) {
	w.programs = slices.DeleteFunc(w.programs, func(q *Program) bool { return p == q })
	w.need = 0
	for _, q := range w.programs {
		w.need = max(w.need, q.scratch+q.arena)
	}
	if w.need < len(w.values) {
		trim(w.values[w.need:])
	}
}

// hold makes room for every program.
func (w *workspace) hold() error {
	if w.need <= len(w.values) {
		return nil
	}
	w.give()
	var err error
	w.values, err = w.pages.take(w.need)
	return err
}

// give gives all memory back.
func (w *workspace) give() {
	w.values = nil
	w.pages.give()
	w.moved++
}
