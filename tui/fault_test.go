package tui_test

import (
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/tui"
	"innate/tui/theme"
	"innate/tui/tuitest"
)

// TestFaultPictureUnderText checks that a terminal which keeps pictures under
// text is asked to remove them: when a view or an overlay comes in their place,
// before the next, and on leaving. Others are asked nothing.
func TestFaultPictureUnderText(t *testing.T) {
	const wipe = "\x1b_Ga=d,q=2\x1b\\"
	for version, want := range map[string]bool{"Konsole 22.12.3": true, "XTerm(379)": false} {
		s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "sixel"})
		s.Send(tea.TerminalVersionMsg{Name: version})
		s.Raw = nil
		for _, c := range []struct {
			name string
			do   func()
		}{
			{"the help", func() { s.Press("?") }},
			{"and its end", func() { s.Press("esc") }},
			{"a view without pictures", func() { s.Press("2") }},
			{"and back", func() { s.Press("1") }},
			{"a new sample", func() { f.WriteSample(t, 90, 4); s.Load() }},
			{"the list of runs", func() { s.Press("esc") }},
			{"and back in", func() { s.Press("enter"); s.Load() }},
			{"leaving", func() { s.Press("q") }},
		} {
			c.do()
			if got := strings.Count(strings.Join(s.Raw, ""), wipe) == 1; got != want {
				t.Errorf("%s, %s: asked %v, want %v: %.60q", version, c.name, got, want, s.Raw)
			}
			s.Raw = nil
		}
	}
}

// TestFaultPictureBesideFrame places pictures at many widths and checks that they end
// inside their frame: also with the column more that konsole blanks right of them.
func TestFaultPictureBesideFrame(t *testing.T) {
	sizes := regexp.MustCompile(`\x1b\[\d+;(\d+)H\x1bP[^"]*"1;1;(\d+);\d+`)
	for version, blank := range map[string]int{"Konsole 22.12.3": 1, "XTerm(379)": 0} {
		s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "sixel"})
		s.Send(tea.TerminalVersionMsg{Name: version})
		touching := false
		for w := 107; w < 112; w++ {
			s.Raw = nil
			s.Send(tuitest.SizeOf(w, 40))
			s.Load()
			sent := s.Pictures()
			if len(sent) == 0 {
				t.Fatalf("%s: no picture at %d columns", version, w)
			}
			m := sizes.FindStringSubmatch(sent[len(sent)-1])
			if m == nil {
				t.Fatalf("%s: no place and size in %.80q", version, sent[len(sent)-1])
			}
			column, _ := strconv.Atoi(m[1])
			pixels, _ := strconv.Atoi(m[2])
			x, _, cells, _ := s.PictureRect()
			end := column - 1 + (pixels+7)/8 + blank
			if end > x+cells {
				t.Errorf("%s: at %d columns a picture blanks up to column %d, want %d", version, w, end, x+cells)
			}
			touching = touching || end == x+cells
		}
		if !touching {
			t.Errorf("%s: no picture takes all of its columns: the test says nothing", version)
		}
	}
}

// TestFaultNoWipeTwice checks that what was removed is not removed again.
func TestFaultNoWipeTwice(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "sixel"})
	s.Send(tea.TerminalVersionMsg{Name: "Konsole 22.12.3"})
	s.Press("2")
	s.Raw = nil
	s.Press("3", "5", "2", "q")
	if got := strings.Join(s.Raw, ""); strings.Contains(got, "\x1b_G") {
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
		s := tuitest.New(t, 80, 24, tui.Options{Getenv: func(k string) string {
			return map[string]string{"LANG": "C.UTF-8", "TERM": c.name, "COLORFGBG": c.colorfgbg}[k]
		}})
		if c.answer != nil {
			s.Send(tea.BackgroundColorMsg{Color: c.answer})
		}
		if got := s.App.Theme().Look.Background; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// TestFaultBasicColours checks that a terminal with 16 colours gets those of its
// palette, where borders and the selection were rounded to the background.
func TestFaultBasicColours(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.Send(tea.ColorProfileMsg{Profile: colorprofile.ANSI})
	s.Press("tab")
	frame := uv.NewScreenBuffer(120, 40)
	uv.NewStyledString(s.App.View().Content).Draw(frame, frame.Bounds())
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
	f := tuitest.NewFake(t, "runs", "00001-größe-日本", tuitest.Default())
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Getenv: getenv})
	s.Load()
	s.Send(uv.PrimaryDeviceAttributesEvent{63, 4})
	check := func(what string) {
		t.Helper()
		s.Exact(120, 40)
		view := s.App.View()
		if i := strings.IndexFunc(view.Content+view.WindowTitle, func(r rune) bool { return r > 0x7e }); i >= 0 {
			t.Errorf("%s: the frame has %.8q, want only ASCII", what, (view.Content + view.WindowTitle)[i:])
		}
	}
	for _, keys := range []string{"1", "1 tab tab", "1 tab z", "1 ?", "1 :", "1 p", "1 /", "1 S", "2", "2 enter", "2 left", "3", "3 a", "3 enter", "4", "4 enter", "4 t", "4 i", "5", "5 enter", "6", "7", "7 /", "esc", "esc d", "esc space enter", "esc n", "esc f"} {
		s.Press(strings.Fields(keys)...)
		check(keys)
		s.Press("esc", "esc", "esc", "enter")
		s.Load()
	}
	if s.Press("4"); len(s.Pictures()) > 0 {
		t.Error("a picture is placed by characters that there are none of")
	}
	s.Send(tea.WindowSizeMsg{Width: 20, Height: 5})
	if frame := s.Frame(); strings.IndexFunc(frame, func(r rune) bool { return r > 0x7e }) >= 0 {
		t.Errorf("too small: %q", frame)
	}
}
