package session_test

import (
	"slices"
	"testing"

	"innate/trainer/run"
	"innate/tui/session"
	"innate/tui/session/sessiontest"
)

// server is what a trainer does with toggles.
type server []run.Layer

func (s server) toggle(names ...string) {
	for i := range s {
		if slices.Contains(names, s[i].Name) {
			s[i].Frozen = !s[i].Frozen
		}
	}
}

func (s server) frozen() (names string) {
	for _, l := range s {
		if l.Frozen {
			names += l.Name
		}
	}
	return names
}

func TestFreezeHistory(t *testing.T) {
	s := server{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	var h session.FreezeHistory
	if h.Undo() != nil || h.Redo() != nil {
		t.Error("an empty history has steps")
	}
	see := func(want string, undo, redo int) {
		t.Helper()
		h.See(slices.Clone(s))
		if u, r := h.Steps(); s.frozen() != want || u != undo || r != redo {
			t.Errorf("frozen %q with %d steps back and %d on, want %q, %d, %d", s.frozen(), u, r, want, undo, redo)
		}
	}
	see("", 0, 0)
	s.toggle("a")
	see("a", 1, 0)
	see("a", 1, 0) // nothing new
	s.toggle("a", "b", "c")
	see("bc", 2, 0)

	// A refused undo changes nothing; the next one is the same.
	refused := h.Undo()
	see("bc", 2, 0)
	if again := h.Undo(); !slices.Equal(refused, again) || len(again) != 3 {
		t.Errorf("undo %v, and %v after a refusal", refused, again)
	}
	s.toggle(h.Undo()...)
	see("a", 1, 1)
	s.toggle(h.Undo()...)
	see("", 0, 2)
	s.toggle(h.Redo()...)
	see("a", 1, 1)
	// By hand is as good as by redo.
	s.toggle("a", "b", "c")
	see("bc", 2, 0)
	s.toggle(h.Undo()...)
	see("a", 1, 1)

	// Someone else froze c while the undo was under way: from there the way
	// back leads to what was seen before, and redo is gone.
	names := h.Undo()
	s.toggle("c")
	s.toggle(names...)
	see("c", 2, 0)
	s.toggle(h.Undo()...)
	see("a", 1, 1)

	// Another network starts anew.
	s = server{{Name: "x", Frozen: true}}
	see("x", 0, 0)
}

func TestFreezeHistoryIsBounded(t *testing.T) {
	s := make(server, 9)
	for i := range s {
		s[i].Name = string(rune('a' + i))
	}
	var h session.FreezeHistory
	for i := range 500 {
		for b := range s {
			s[b].Frozen = i>>b&1 == 1
		}
		h.See(s)
	}
	if undo, _ := h.Steps(); undo != 100 {
		t.Errorf("%d steps, want the last 100", undo)
	}
	for len(h.Undo()) > 0 {
		s.toggle(h.Undo()...)
		h.See(s)
	}
	if _, redo := h.Steps(); redo != 100 {
		t.Errorf("%d steps to redo, want 100", redo)
	}
}

// TestLayersUndo undoes what was toggled through the list.
func TestLayersUndo(t *testing.T) {
	s := server(sessiontest.Teacher())
	l := session.NewLayerList(session.NewLayers())
	history := &l.Layers.History
	answer := func(names []string) {
		s.toggle(names...)
		l.Layers.Answered(names...)
		l.Layers.Set(s)
	}
	l.Layers.Set(s)
	l.SetFilter("frozen kind:conv0")
	l.SetFilter("enc.28x28_block0.conv0")
	names, freeze := toggle(l)
	if freeze || len(names) != 2 {
		t.Fatalf("toggled %v, freeze %v", names, freeze)
	}
	answer(names)
	if u, r := history.Steps(); u != 1 || r != 0 {
		t.Errorf("%d, %d steps", u, r)
	}
	back := history.Undo()
	if !slices.Equal(back, names) || history.Redo() != nil {
		t.Errorf("undo %v, want %v, and nothing to redo", back, names)
	}
	answer(back)
	if again := history.Redo(); !slices.Equal(again, names) {
		t.Errorf("redo %v, want %v", again, names)
	}
}
