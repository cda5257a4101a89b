package tui_test

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
)

// screen drives an App without a terminal: it sends messages and runs the
// commands that come back.
type screen struct {
	tb  testing.TB
	app *tui.App
	now time.Time // of the next poll
	raw []string  // what went past the renderer
}

func newScreen(tb testing.TB, w, h int, opts tui.Options) *screen {
	tb.Helper()
	if opts.Now == nil {
		opts.Now = func() time.Time { return epoch.Add(10*time.Minute + time.Second) }
	}
	opts.Location = time.UTC
	if opts.Getenv == nil {
		opts.Getenv = func(k string) string { return map[string]string{"LANG": "C.UTF-8", "TERM": "xterm"}[k] }
	}
	if opts.StateFile == "" {
		opts.StateFile = "-"
	}
	app, err := tui.New(opts)
	must(tb, err)
	s := &screen{tb: tb, app: app, now: time.Now()}
	s.send(tea.WindowSizeMsg{Width: w, Height: h})
	return s
}

// send delivers a message and whatever follows from it at once.
func (s *screen) send(msg tea.Msg) {
	s.tb.Helper()
	msg = tui.Filter(s.app, msg)
	if msg == nil {
		return
	}
	if raw, ok := msg.(tea.RawMsg); ok {
		s.raw = append(s.raw, rawText(raw))
	}
	_, cmd := s.app.Update(msg)
	s.run(cmd)
}

// run executes a command and delivers its message.
func (s *screen) run(cmd tea.Cmd) {
	s.tb.Helper()
	if cmd == nil {
		return
	}
	msg := cmd()
	switch m := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range m {
			s.run(c)
		}
	default:
		// tea.Sequence's message is a private slice of commands.
		if v := reflect.ValueOf(msg); v.Kind() == reflect.Slice && v.Type().Elem() == reflect.TypeFor[tea.Cmd]() {
			for i := range v.Len() {
				s.run(v.Index(i).Interface().(tea.Cmd))
			}
			return
		}
		s.send(msg)
	}
}

// press types keys by the names of the key table.
func (s *screen) press(keys ...string) {
	s.tb.Helper()
	for _, k := range keys {
		s.send(keyPress(k))
	}
}

// view shows a view of the open run by its name.
func (s *screen) view(name string) {
	s.tb.Helper()
	i := slices.Index(tui.ViewNames(), name)
	if i < 0 {
		s.tb.Fatalf("view %q, want one of %v", name, tui.ViewNames())
	}
	s.press(strconv.Itoa(i + 1))
}

// typed types text as single keys.
func (s *screen) typed(text string) {
	s.tb.Helper()
	for _, r := range text {
		if r == ' ' {
			s.press("space")
		} else {
			s.press(string(r))
		}
	}
}

// cursorTo moves the focused list down to the next row that holds text.
func (s *screen) cursorTo(text string) {
	s.tb.Helper()
	for range 200 {
		s.press("down")
		for _, line := range s.lines()[3:] { // below the tabs, which have the same marker
			if _, row, ok := strings.Cut(line, "›"); ok && strings.Contains(row, text) {
				return
			}
		}
	}
	s.tb.Fatalf("no row with %q:\n%s", text, s.frame())
}

// command gives a command line.
func (s *screen) command(line string) {
	s.tb.Helper()
	s.press(":")
	s.typed(line)
	s.press("enter")
}

// load polls once, a quarter of a second after the last time.
func (s *screen) load() {
	s.tb.Helper()
	s.now = s.now.Add(250 * time.Millisecond)
	s.send(tui.PollAt(s.app, s.now))
}

// frame returns the screen's text without styles.
func (s *screen) frame() string { return ansi.Strip(s.app.View().Content) }

func (s *screen) lines() []string { return strings.Split(s.frame(), "\n") }

// wants fails unless the frame holds every text.
func (s *screen) wants(texts ...string) {
	s.tb.Helper()
	f := s.frame()
	for _, t := range texts {
		if !strings.Contains(f, t) {
			s.tb.Errorf("frame lacks %q:\n%s", t, f)
		}
	}
}

// lacks fails if the frame holds any text.
func (s *screen) lacks(texts ...string) {
	s.tb.Helper()
	f := s.frame()
	for _, t := range texts {
		if strings.Contains(f, t) {
			s.tb.Errorf("frame has %q:\n%s", t, f)
		}
	}
}

// keyPress builds the message of a key from its name.
func keyPress(name string) tea.KeyPressMsg {
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
