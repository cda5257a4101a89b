package session

import (
	"slices"

	"innate/trainer/run"
)

// freezeSteps is how many changes of what is frozen can be undone.
const freezeSteps = 100

// FreezeHistory remembers what was frozen, wherever it was changed, and says what to
// toggle to go back. It holds no intentions, only states that were seen: a
// refused undo leaves it as it was, and one that was granted, or done by hand,
// is recognised when its outcome is seen. The zero value is ready.
type FreezeHistory struct {
	names  []string
	states [][]bool // by tensor: is it frozen
	at     int      // the present one
}

// See records the present state. One that was seen just before or just after is
// a step through the history; any other begins a new future from here.
func (h *FreezeHistory) See(layers []run.Layer) {
	if !slices.EqualFunc(h.names, layers, func(n string, l run.Layer) bool { return n == l.Name }) {
		*h = FreezeHistory{}
		for i := range layers {
			h.names = append(h.names, layers[i].Name)
		}
	}
	now := make([]bool, len(layers))
	for i := range layers {
		now[i] = layers[i].Frozen
	}
	switch {
	case h.is(h.at, now):
	case h.is(h.at-1, now):
		h.at--
	case h.is(h.at+1, now):
		h.at++
	case len(h.states) == 0:
		h.states = [][]bool{now}
	default:
		h.states = append(h.states[:h.at+1], now)
		if len(h.states) > freezeSteps+1 {
			h.states = slices.Delete(h.states, 0, 1)
		}
		h.at = len(h.states) - 1
	}
}

func (h *FreezeHistory) is(i int, state []bool) bool {
	return i >= 0 && i < len(h.states) && slices.Equal(h.states[i], state)
}

// Undo returns the tensors to toggle to get from the present state to the one
// before; none if there is none.
func (h *FreezeHistory) Undo() []string { return h.toState(h.at - 1) }

// Redo returns the tensors to toggle to get back what was undone.
func (h *FreezeHistory) Redo() []string { return h.toState(h.at + 1) }

func (h *FreezeHistory) toState(to int) (names []string) {
	if to < 0 || to >= len(h.states) {
		return nil
	}
	for i, frozen := range h.states[to] {
		if frozen != h.states[h.at][i] {
			names = append(names, h.names[i])
		}
	}
	return names
}

// Steps returns how many changes can be undone and redone.
func (h *FreezeHistory) Steps() (undo, redo int) {
	return h.at, max(len(h.states)-1-h.at, 0)
}
