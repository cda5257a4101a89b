package tui_test

import (
	"image/color"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/tui"
	"innate/tui/theme"
)

// TestFaultPictureUnderText checks that a terminal which keeps pictures under
// text is told to remove them: when a view or an overlay comes in their place,
// before the next, and on leaving. Others are told nothing.
func TestFaultPictureUnderText(t *testing.T) {
	const wipe = "\x1b_Ga=d,q=2\x1b\\"
	for version, want := range map[string]bool{"Konsole 22.12.3": true, "XTerm(379)": false} {
		s, f := openFake(t, 120, 40, defaultFake(), tui.Options{Images: "sixel"})
		s.send(tea.TerminalVersionMsg{Name: version})
		s.raw = nil
		for _, c := range []struct {
			name string
			do   func()
		}{
			{"the help", func() { s.press("?") }},
			{"and its end", func() { s.press("esc") }},
			{"a view without pictures", func() { s.press("2") }},
			{"and back", func() { s.press("1") }},
			{"a new sample", func() { f.writeSample(t, 90, 4); s.load() }},
			{"the list of runs", func() { s.press("esc") }},
			{"and back in", func() { s.press("enter"); s.load() }},
			{"leaving", func() { s.press("q") }},
		} {
			c.do()
			if got := strings.Count(strings.Join(s.raw, ""), wipe) == 1; got != want {
				t.Errorf("%s, %s: told %v, want %v: %.60q", version, c.name, got, want, s.raw)
			}
			s.raw = nil
		}
	}
}

// TestFaultNoWipeTwice checks that what was removed is not removed again.
func TestFaultNoWipeTwice(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{Images: "sixel"})
	s.send(tea.TerminalVersionMsg{Name: "Konsole 22.12.3"})
	s.press("2")
	s.raw = nil
	s.press("3", "5", "2", "q")
	if got := strings.Join(s.raw, ""); strings.Contains(got, "\x1b_G") {
		t.Errorf("removed again: %q", got)
	}
}

// TestFaultBackground checks what is taken for the terminal's background: what it
// says itself, else COLORFGBG, else nothing.
func TestFaultBackground(t *testing.T) {
	for _, c := range []struct {
		name, colorfgbg string
		answer          color.Color
		want            theme.Background
	}{
		{"nobody tells", "", nil, theme.Unknown},
		{"linux", "", nil, theme.Dark}, // by its TERM
		{"urxvt on white", "0;default;15", nil, theme.Light},
		{"konsole", "15;0", nil, theme.Dark},
		{"grey", "0;7", nil, theme.Light},
		{"mlterm", "default;default", nil, theme.Unknown},
		{"rubbish", "1;99", nil, theme.Unknown},
		{"a terminal inside another", "15;0", color.White, theme.Light},
		{"a dark answer", "", color.Black, theme.Dark},
	} {
		s := newScreen(t, 80, 24, tui.Options{Getenv: func(k string) string {
			return map[string]string{"LANG": "C.UTF-8", "TERM": c.name, "COLORFGBG": c.colorfgbg}[k]
		}})
		if c.answer != nil {
			s.send(tea.BackgroundColorMsg{Color: c.answer})
		}
		if got := s.app.Look().Background; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFaultBasicColours checks that a terminal with 16 colours gets those of its
// palette, where borders and the selection were rounded to the background.
func TestFaultBasicColours(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{})
	s.send(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	s.press("tab")
	frame := uv.NewScreenBuffer(120, 40)
	uv.NewStyledString(s.app.View().Content).Draw(frame, frame.Bounds())
	borders, selected := 0, 0
	for y := range 40 {
		for x := range 120 {
			c := frame.CellAt(x, y)
			if c == nil || c.Content == "▀" { // pixels have any colour
				continue
			}
			for _, k := range []color.Color{c.Style.Fg, c.Style.Bg} {
				if _, ok := k.(ansi.BasicColor); k != nil && !ok {
					t.Fatalf("%q at %d, %d has the colour %v, want one of 16", c.Content, x, y, k)
				}
			}
			if strings.Contains("╭╮╰╯", c.Content) && c.Style.Fg == ansi.BrightBlack {
				borders++
			}
			if c.Style.Attrs&uv.AttrReverse != 0 {
				selected++
			}
		}
	}
	if borders < 8 || selected < 20 {
		t.Errorf("%d corners in grey and %d cells in reverse, want 8 and 20", borders, selected)
	}
}

// TestFaultASCII shows everything in a locale without other characters.
func TestFaultASCII(t *testing.T) {
	t.Chdir(t.TempDir())
	getenv := func(k string) string {
		return map[string]string{"LC_ALL": "C", "LANG": "de_DE.UTF-8", "TERM": "xterm", "INNATE_IMAGES": "sixel"}[k]
	}
	f := newFakeRun(t, "runs", "00001-größe-日本", defaultFake())
	s := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Getenv: getenv})
	s.load()
	s.send(uv.PrimaryDeviceAttributesEvent{63, 4})
	check := func(what string) {
		t.Helper()
		s.exact(120, 40)
		view := s.app.View()
		if i := strings.IndexFunc(view.Content+view.WindowTitle, func(r rune) bool { return r > 0x7e }); i >= 0 {
			t.Errorf("%s: the frame has %.8q, want only ASCII", what, (view.Content + view.WindowTitle)[i:])
		}
	}
	for _, keys := range []string{"1", "1 tab tab", "1 tab z", "1 ?", "1 :", "1 p", "1 /", "1 S", "2", "2 enter", "2 left", "3", "3 a", "3 enter", "4", "4 enter", "4 t", "4 i", "5", "5 enter", "6", "7", "7 /", "esc", "esc d", "esc space enter", "esc n", "esc f"} {
		s.press(strings.Fields(keys)...)
		check(keys)
		s.press("esc", "esc", "esc", "enter")
		s.load()
	}
	if s.press("4"); len(s.pictures()) > 0 {
		t.Error("a picture is placed by characters that there are none of")
	}
	s.send(tea.WindowSizeMsg{Width: 20, Height: 5})
	if frame := s.frame(); strings.IndexFunc(frame, func(r rune) bool { return r > 0x7e }) >= 0 {
		t.Errorf("too small: %q", frame)
	}
}
