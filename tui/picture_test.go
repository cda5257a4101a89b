package tui_test

import (
	"fmt"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/tui"
	"innate/tui/tuitest"
)

// openSixel opens a fake run on a terminal with sixel and waits for the picture.
func openSixel(t *testing.T) (*tuitest.Screen, *tuitest.Fake) {
	t.Helper()
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "sixel"})
	if n := len(s.Pictures()); n != 1 {
		t.Fatalf("%d pictures after opening, want 1", n)
	}
	return s, f
}

// TestPlacementSequence checks the whole sequence of one picture: inside
// synchronized output, blanked rows, the picture within the pane, and never on
// the last row.
func TestPlacementSequence(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "sixel"})
	s.Pictures()
	s.Send(uv.CellSizeEvent{Width: 9, Height: 17})
	s.Send(tea.ModeReportMsg{Mode: ansi.ModeSynchronizedOutput, Value: ansi.ModeReset})
	s.Pictures()
	s.Send(tea.FocusMsg{})
	got := s.Pictures()
	if len(got) != 1 {
		t.Fatalf("%d pictures, want 1", len(got))
	}
	x, y, w, h := s.PictureRect()
	p := got[0]
	if !strings.HasPrefix(p, "\x1b[?2026h\x1b7\x1b[m") || !strings.HasSuffix(p, "\x1b\\\x1b8\x1b[?2026l") {
		t.Errorf("sequence %.40q … %q", p, p[len(p)-20:])
	}
	for row := range h {
		if want := fmt.Sprintf("\x1b[%d;%dH\x1b[%dX", y+row+1, x+1, w); !strings.Contains(p, want) {
			t.Errorf("row %d is not blanked", row)
		}
	}
	var top, left, pw, ph int
	i := strings.Index(p, "\x1bP")
	if _, err := fmt.Sscanf(p[strings.LastIndex(p[:i], "\x1b["):i], "\x1b[%d;%dH", &top, &left); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(p[strings.Index(p, "\"1;1;"):], "\"1;1;%d;%d", &pw, &ph); err != nil {
		t.Fatal(err)
	}
	bottom, right := top-1+(ph+16)/17, left-1+(pw+8)/9
	if top-1 < y || left-1 < x || bottom > y+h || right > x+w || bottom >= 40 {
		t.Errorf("picture of %dx%d pixels at row %d, column %d leaves the pane %d,%d %dx%d", pw, ph, top, left, x, y, w, h)
	}
}

// TestPictureStays checks that typing, ticks and messages do not send the
// picture again, and that its cells never change meanwhile.
func TestPictureStays(t *testing.T) {
	s, f := openSixel(t)
	x, y, w, h := s.PictureRect()
	cells := func() string {
		var b strings.Builder
		lines := s.Lines()
		for row := y; row < y+h; row++ {
			b.WriteString(ansi.Cut(lines[row], x, x+w) + "\n")
		}
		return b.String()
	}
	before := cells()
	if strings.Trim(before, "\u2800\u00a0\n") != "" {
		t.Fatalf("the pane isn't all filler: %q", before)
	}
	s.Press("j", "j", "left", "y", "x", "s", "/", "q", "esc", "shift+tab", "h", "h", "shift+tab", "b", "tab", "tab")
	s.Load()
	f.Heartbeat.Nimg += 500
	s.Load()
	s.Press("p") // the menu stands over the layers, not over the picture
	s.Press("esc", "S", "n", "?")
	if n := len(s.Pictures()); n != 0 {
		t.Errorf("%d pictures sent, want none", n)
	}
	s.Press("esc")
	if cells() != before {
		t.Errorf("filler changed:\n%q\n%q", before, cells())
	}
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d pictures after the help closed, want 1", n)
	}
}

// TestPictureDamage lists what must send the picture again, once each.
func TestPictureDamage(t *testing.T) {
	s, f := openSixel(t)
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"resize", func() { s.Send(tea.WindowSizeMsg{Width: 130, Height: 44}) }},
		{"focus in", func() { s.Send(tea.FocusMsg{}) }},
		{"redraw", func() { s.Press("ctrl+l") }},
		{"another font", func() { s.Send(uv.CellSizeEvent{Width: 12, Height: 24}) }},
		{"new sample", func() { f.WriteSample(t, 80, 5); s.Load() }},
		{"the pane's border", func() { s.Press("tab") }},
		{"zoom", func() { s.Press("z") }},
		{"background", func() { s.Send(tea.BackgroundColorMsg{Color: ansi.BrightWhite}) }},
		{"resumed", func() { s.Send(tea.ResumeMsg{}) }},
	} {
		c.do()
		if n := len(s.Pictures()); n != 1 {
			t.Errorf("%s: %d pictures, want 1", c.name, n)
		}
	}
}

// TestHiddenPicture checks that what replaces the filler differs from it in
// every cell, so that the terminal drops the pixels, and that it comes back.
func TestHiddenPicture(t *testing.T) {
	for _, hide := range [][2]string{{"2", "1"}, {"i", "i i"}, {"z", "esc"}, {"5", "4"}, {"6", "1"}, {"7", "1"}, {"esc", "enter"}} {
		s, _ := openSixel(t)
		x, y, w, h := s.PictureRect()
		s.Press(strings.Fields(hide[0])...)
		lines := s.Lines()
		for row := y; row < y+h; row++ {
			if cut := ansi.Cut(lines[row], x, x+w); strings.ContainsAny(cut, "\u2800\u00a0") {
				t.Errorf("keys %s: filler left in row %d: %q", hide[0], row, cut)
			}
		}
		s.Pictures()
		s.Press(strings.Fields(hide[1])...)
		s.Load()
		if n := len(s.Pictures()); n != 1 {
			t.Errorf("keys %s, then %s: %d pictures, want 1", hide[0], hide[1], n)
		}
	}
}

// TestStalePicture checks that a picture on its way is dropped when the screen
// changed meanwhile, and sent anew.
func TestStalePicture(t *testing.T) {
	s, _ := openSixel(t)
	_, cmd := s.App.Update(tea.FocusMsg{}) // on its way …
	s.Press("?")                           // … when the help opens over it
	s.Run(cmd)
	if n := len(s.Pictures()); n != 0 {
		t.Errorf("%d pictures over the help", n)
	}
	s.Press("esc")
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d pictures after the help, want 1", n)
	}
}

// TestKittyPicture checks that kitty gets the picture once and the placeholders
// in the frame.
func TestKittyPicture(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Images: "kitty"})
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d transmissions, want 1", n)
	}
	s.Exact(120, 40)
	if !strings.Contains(s.Frame(), "\U0010EEEE\u0305\u0305") {
		t.Error("no placeholders in the frame")
	}
	s.Press("q")
	if len(s.Raw) == 0 || !strings.Contains(s.Raw[len(s.Raw)-1], "a=d,d=I,i=77") {
		t.Errorf("the picture isn't freed on leaving: %q", s.Raw)
	}
}

// TestProbing checks the wait, the choice, and a late answer.
func TestProbing(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00001-x", tuitest.Default())
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir})
	s.Load()
	s.Wants("asking the terminal")
	s.Send(tui.ProbeOver())
	s.Wants("blocks", "▀▀▀▀")
	s.Send(uv.PrimaryDeviceAttributesEvent{63, 1, 4}) // two seconds late, over SSH
	s.Wants("sixel")
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d pictures, want 1", n)
	}
}
