package tui_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestCompletion types the beginning of lines and takes what is offered.
func TestCompletion(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	for _, c := range []struct {
		typed string
		keys  []string
		want  string // the prompt then
	}{
		{"pa", []string{"right"}, ":pause"},
		{"p", []string{"tab"}, ":preset"},
		{"p", []string{"tab", "tab"}, ":probe"},
		{"p", []string{"shift+tab"}, ":open"}, // contains p
		{"set gen_l", []string{"tab"}, ":set live.gen_lr="},
		{"set live.gen_lr=", []string{"tab"}, ":set live.gen_lr=0.0002"},
		{"set gen_lr=", []string{"right"}, ":set gen_lr=0.0002"},
		{"freeze e", []string{"tab"}, ":freeze enc.*"},
		{"train *.q", []string{"tab"}, ":train *.qkv.*"},
		{"ch", []string{"tab"}, ":checkpoint"},
		{"preset gdd-i+q", []string{"tab"}, ":preset gdd-i+qkv"},
		{"view la", []string{"tab"}, ":view layers"},
		{"theme m", []string{"tab"}, ":theme mono"},
		{"open 00003", []string{"tab"}, ":open 00003-mnist-gdd-i"},
		{"nonsense x", []string{"tab"}, ":nonsense x"},
	} {
		s.Press(":")
		s.Type(c.typed)
		s.Press(c.keys...)
		lines := s.Lines()
		if got := strings.TrimSpace(lines[len(lines)-1]); !strings.HasPrefix(got+" ", c.want+" ") && !strings.HasPrefix(got, c.want+"\u00a0") {
			t.Errorf("%q, %v: %q, want %q", c.typed, c.keys, got, c.want)
		}
		s.Exact(120, 40)
		s.Press("esc")
	}
	s.Press(":")
	s.Type("fr")
	s.Wants(":freeze", "freeze  ") // ghost and offers
	s.Press("esc")
}

// TestCommands gives commands that change what shows.
func TestCommands(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	s.Command("view machine")
	s.Wants("›6 machine", "discriminator")
	s.Command("view moon")
	s.Wants(`view: "moon", want dashboard, curves`)
	s.Command("freeze enc.*")
	if n := len(f.Orders); n != 1 || (*f.Orders[0].Freeze.Freeze)[0] != "enc.*" {
		t.Errorf("orders %+v, want freeze enc.*", f.Orders)
	}
	s.Command("checkpoint")
	s.Wants("checkpoint written")
	s.Command("evaluate")
	s.Command("sample x")
	s.Wants(`sample: got "x", want one seed`)
	s.Command("sample 12")
	var kinds []string
	for _, o := range f.Orders[1:] {
		kinds = append(kinds, o.Kind)
	}
	if !slices.Equal(kinds, []string{"checkpoint", "evaluate", "sample"}) || *f.Orders[3].Sample.Seed != 12 {
		t.Errorf("orders %+v, want checkpoint, evaluate, sample 12", f.Orders[1:])
	}
	s.Command("open 7")
	s.Wants(`run "7": none in runs`)
	s.Command("open 3")
	s.Load()
	s.Wants("›6 machine")
	s.Command("stop")
	s.Wants("Stop 00003-mnist-gdd-i?")
	s.Press("n")
}

// TestUnavailable checks that a command says why it cannot be given.
func TestUnavailable(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.Command("fork")
	s.Wants("fork: not available here; use `innate fork 00003-mnist-gdd-i`")
	f.Release()
	s.Load()
	s.Load()
	s.Load()
	s.Load()
	for _, line := range []string{"pause", "set gen_lr=1", "freeze enc.*", "preset none", "stop"} {
		s.Command(line)
		s.Wants(strings.Fields(line)[0] + ": the run is dead, want a running trainer")
	}
	s.Press("esc", "esc")
	s.Load()
	for _, line := range []string{"pause", "view curves", "edit", "fork"} {
		s.Command(line)
		s.Wants(line[:4], "no run is open")
	}
}

func TestForkCommand(t *testing.T) {
	var got map[string]string
	var from string
	fail := true
	opts := tui.Options{Fork: func(_ context.Context, dir string, set map[string]string) (string, error) {
		from, got = dir, set
		if fail {
			return "", errors.New("fork: no checkpoint yet")
		}
		return dir, nil
	}}
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), opts)
	s.Command("fork gen_lr=1e-4 seed=3")
	s.Wants("fork: no checkpoint yet")
	if from != f.Dir || !maps.Equal(got, map[string]string{"gen_lr": "1e-4", "seed": "3"}) {
		t.Errorf("forked %q with %v", from, got)
	}
	fail = false
	s.Command("fork")
	s.Load()
	s.Wants("started 00003-mnist-gdd-i")
	if len(got) != 0 {
		t.Errorf("settings %v, want none", got)
	}
}

// TestAlerts checks what rings, and that it does once.
func TestAlerts(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	rings := func() (n int, text string) {
		for _, r := range s.Raw {
			if strings.HasPrefix(r, "\a") {
				n, text = n+1, r
			}
		}
		s.Raw = nil
		return n, text
	}
	status := func(change func(*run.Status)) {
		t.Helper()
		change(&f.Heartbeat)
		tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
		s.Load()
	}
	fid := func(v float64) func(*run.Status) { return func(st *run.Status) { st.BestFID = &v } }
	if n, _ := rings(); n != 0 {
		t.Errorf("%d alerts on opening", n)
	}
	status(fid(60.5))
	if n, text := rings(); n != 1 || text != "\a\x1b]9;00003-mnist-gdd-i: FID(mnist-cnn) 60.50, a new best\x1b\\" {
		t.Errorf("%d alerts, %q", n, text)
	}
	status(fid(70)) // after a rewind
	status(fid(60.5))
	if n, text := rings(); n != 0 {
		t.Errorf("%d alerts for an old best: %q", n, text)
	}
	s.Press("N")
	status(fid(50))
	s.Wants("a new best")
	if n, _ := rings(); n != 0 {
		t.Error("rings although notifications are off")
	}
	s.Press("N")
	f.Release()
	status(func(st *run.Status) { st.State = run.StateDone })
	s.Load()
	if n, text := rings(); n != 1 || !strings.Contains(text, "done") {
		t.Errorf("%d alerts, %q, want one of the end", n, text)
	}
}

// TestHelpWhole checks that help shows every command with its arguments and its words as
// a whole, as far as the terminal is wide.
func TestHelpWhole(t *testing.T) {
	for _, w := range []int{80, 100, 160, 200} {
		s, _ := tuitest.Open(t, w, 400, tuitest.Default(), tui.Options{})
		s.Press("?")
		frame := s.Frame()
		if strings.Contains(frame, "…│") {
			t.Errorf("%d columns: cut\n%s", w, frame)
		}
		for _, want := range []string{"schedule [KIMG WHAT]  freeze", "20 off; list ", "final N [RANGES]  ", "off takes it back "} {
			if !strings.Contains(frame, want) {
				t.Errorf("%d columns: no %q\n%s", w, want, frame)
			}
		}
	}
}
