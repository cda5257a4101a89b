// Package tuitest drives the workbench without a terminal, and fakes the runs that
// it shows: a Screen sends messages to an App and compares its frames, a Fake is a
// run directory with a trainer that answers. Tests about one view stand beside it.
package tuitest

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui"
	"innate/tui/host"
)

// Screen drives an App without a terminal: it sends messages and runs the
// commands that come back.
type Screen struct {
	TB  testing.TB
	App *tui.App
	Now time.Time // of the next poll
	Raw []string  // what went past the renderer
}

// New returns the screen of a workbench with w by h cells, at a time and in a
// locale that are always the same.
func New(tb testing.TB, w, h int, opts tui.Options) *Screen {
	tb.Helper()
	if opts.Now == nil {
		opts.Now = func() time.Time { return Epoch.Add(10*time.Minute + time.Second) }
	}
	opts.Location = time.UTC
	if opts.Getenv == nil {
		opts.Getenv = func(k string) string { return map[string]string{"LANG": "C.UTF-8", "TERM": "xterm"}[k] }
	}
	if opts.StateFile == "" {
		opts.StateFile = "-"
	}
	app, err := tui.New(opts)
	Must(tb, err)
	s := &Screen{TB: tb, App: app, Now: time.Now()}
	s.Send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// Send delivers a message and whatever follows from it at once.
func (s *Screen) Send(msg tea.Msg) {
	s.TB.Helper()
	msg = tui.Filter(s.App, msg)
	if msg == nil {
		return
	}
	if raw, ok := msg.(tea.RawMsg); ok {
		s.Raw = append(s.Raw, rawText(raw))
	}
	_, cmd := s.App.Update(msg)
	s.Run(cmd)
}

// Run executes a command and delivers its message.
func (s *Screen) Run(cmd tea.Cmd) {
	s.TB.Helper()
	if cmd == nil {
		return
	}
	msg := cmd()
	switch m := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range m {
			s.Run(c)
		}
	default:
		// tea.Sequence's message is a private slice of commands.
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
			for i := range v.Len() {
				s.Run(v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		s.Send(msg)
	}
}

// Press types keys by the names of the key table.
func (s *Screen) Press(keys ...string) {
	s.TB.Helper()
	for _, k := range keys {
		s.Send(KeyPress(k))
	}
}

// View shows a view of the open run by its name.
func (s *Screen) View(name string) {
	s.TB.Helper()
	i := slices.Index(s.App.ViewNames(), name)
	if i < 0 {
		s.TB.Fatalf("view %q, want one of %v", name, s.App.ViewNames())
	}
	s.Press(strconv.Itoa(i + 1))
}

// ViewOf is the open run's view of a type.
func ViewOf[T host.View](s *Screen) T {
	for _, v := range s.App.Views() {
		if v, ok := v.(T); ok {
			return v
		}
	}
	panic("tuitest: no such view")
}

// PictureRect returns the cells of the picture that shows.
func (s *Screen) PictureRect() (x, y, w, h int) {
	p, _ := s.App.Front().(host.PictureView).Picture(s.App.Body())
	return p.At.X, p.At.Y, p.At.W, p.At.H
}

// Type types text as single keys.
func (s *Screen) Type(text string) {
	s.TB.Helper()
	for _, r := range text {
		if r == ' ' {
			s.Press("space")
		} else {
			s.Press(string(r))
		}
	}
}

// CursorTo moves the focused list down to the next row that holds text.
func (s *Screen) CursorTo(text string) {
	s.TB.Helper()
	for range 200 {
		s.Press("down")
		for _, line := range s.Lines()[3:] { // below the tabs, which have the same marker
			if _, row, ok := strings.Cut(line, "›"); ok && strings.Contains(row, text) {
				return
			}
		}
	}
	s.TB.Fatalf("no row with %q:\n%s", text, s.Frame())
}

// Command gives a command line.
func (s *Screen) Command(line string) {
	s.TB.Helper()
	s.Press(":")
	s.Type(line)
	s.Press("enter")
}

// Load polls once, a quarter of a second after the last time.
func (s *Screen) Load() {
	s.TB.Helper()
	s.Now = s.Now.Add(250 * time.Millisecond)
	s.Send(s.App.Look(s.Now))
}

// Frame returns the screen's text without styles.
func (s *Screen) Frame() string { return ansi.Strip(s.App.View().Content) }

// Lines are the lines of Frame.
func (s *Screen) Lines() []string { return strings.Split(s.Frame(), "\n") }

// Wants fails unless the frame holds every text.
func (s *Screen) Wants(texts ...string) {
	s.TB.Helper()
	f := s.Frame()
	for _, t := range texts {
		if !strings.Contains(f, t) {
			s.TB.Errorf("frame lacks %q:\n%s", t, f)
		}
	}
}

// Lacks fails if the frame holds any text.
func (s *Screen) Lacks(texts ...string) {
	s.TB.Helper()
	f := s.Frame()
	for _, t := range texts {
		if strings.Contains(f, t) {
			s.TB.Errorf("frame has %q:\n%s", t, f)
		}
	}
}

// KeyPress builds the message of a key from its name.
func KeyPress(name string) tea.KeyPressMsg {
	special := map[string]rune{
		"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
		"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
		"enter": tea.KeyEnter, "esc": tea.KeyEscape, "tab": tea.KeyTab, "backspace": tea.KeyBackspace,
	}
	if name == "space" {
		return tea.KeyPressMsg{Code: ' ', Text: " "}
	}
	var mod tea.KeyMod
	for {
		if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
			mod, name = mod|tea.ModCtrl, rest
		} else if rest, ok := strings.CutPrefix(name, "shift+"); ok {
			mod, name = mod|tea.ModShift, rest
		} else {
			break
		}
	}
	if code, ok := special[name]; ok {
		return tea.KeyPressMsg{Code: code, Mod: mod}
	}
	k := tea.KeyPressMsg{Code: []rune(name)[0], Mod: mod}
	if mod == 0 {
		k.Text = name
	}
	return k
}

func rawText(m tea.RawMsg) string {
	if s, ok := m.Msg.(string); ok {
		return s
	}
	return m.Msg.(interface{ String() string }).String()
}

// Pictures returns the placements sent since the last call.
func (s *Screen) Pictures() []string {
	var out []string
	for _, r := range s.Raw {
		if strings.Contains(r, "\x1bP") || strings.Contains(r, "\x1b_Ga=T") {
			out = append(out, r)
		}
	}
	s.Raw = nil
	return out
}
