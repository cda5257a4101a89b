package sixel_test

import (
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/sixel"
)

// TestFaultOldKitty checks that a kitty without Unicode placeholders, which shows
// boxes for them, gets half-blocks, though it says yes to kitty's pictures.
func TestFaultOldKitty(t *testing.T) {
	for version, want := range map[string]sixel.Mode{
		"kitty(0.26.5)": sixel.Blocks, "kitty(0.27.1)": sixel.Blocks, "kitty(0.28.0)": sixel.Kitty, "kitty(0.38.1)": sixel.Kitty, "kitty(1.0.0)": sixel.Kitty,
		"kitty": sixel.Blocks, "ghostty 1.1.0": sixel.Kitty,
	} {
		var p sixel.Probe
		p.SetVersion(version)
		p.Observe(kittyOK())
		p.Observe(uv.PrimaryDeviceAttributesEvent{62})
		if got := p.Best(); got != want {
			t.Errorf("%s: %v, want %v", version, got, want)
		}
	}
}

// TestFaultPictureSize follows what xterm 379 and mlterm 3.9 answered. The limit
// of a picture is not the window of the start, and where the size of a cell is
// refused, the window over the grid is one, but for what the limit cuts off.
func TestFaultPictureSize(t *testing.T) {
	type sizes struct{ cellW, cellH, maxW, maxH, registers int }
	for _, c := range []struct {
		name       string
		cols, rows int
		kernel     [2]int
		answers    []string
		want       sizes
	}{
		{"xterm", 80, 24, [2]int{564, 340}, []string{"?1;0;1024", "?2;0;1000;1000", "?2;0;560;336"}, sizes{7, 14, 1000, 1000, 1024}},
		{"a large xterm", 150, 60, [2]int{1054, 844}, []string{"?1;0;1024", "?2;0;1000;1000", "?2;0;1000;840"}, sizes{7, 14, 1000, 1000, 1024}},
		{"an xterm with wide borders", 80, 24, [2]int{720, 496}, []string{"?2;0;1000;1000", "?2;0;560;336"}, sizes{7, 14, 1000, 1000, 256}},
		{"konsole", 110, 28, [2]int{882, 476}, []string{"?1;0;256", "?2;0;16384;16384", "?2;0;16384;16384"}, sizes{8, 17, 16384, 16384, 256}},
		{"mlterm", 80, 24, [2]int{800, 456}, []string{"?1;0;1024", "?1;3;0", "?1;3;0"}, sizes{10, 19, 1000, 1000, 1024}},
		{"sizes under the wrong item", 80, 24, [2]int{}, []string{"?1;0;1024", "?1;0;1000;1000", "?1;0;800;480"}, sizes{10, 20, 1000, 1000, 1024}},
		{"the window alone", 80, 24, [2]int{800, 480}, []string{"?2;3;0", "?2;0;800;480"}, sizes{10, 20, 800, 480, 256}},
	} {
		var p sixel.Probe
		p.SetGrid(c.cols, c.rows)
		p.SetWindowPixels(c.kernel[0], c.kernel[1])
		for _, a := range c.answers {
			p.Observe(uv.UnknownCsiEvent("\x1b[" + a + "S"))
		}
		var got sizes
		got.cellW, got.cellH = p.Cell()
		got.maxW, got.maxH = p.MaxPixels()
		if got.registers = p.Registers(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestFaultEnlarged enlarges a window whose terminal tells no limit.
func TestFaultEnlarged(t *testing.T) {
	var p sixel.Probe
	p.SetGrid(80, 24)
	p.Observe(uv.UnknownCsiEvent("\x1b[?2;0;560;336S"))
	p.SetGrid(160, 48)
	p.Observe(uv.UnknownCsiEvent("\x1b[?2;0;1120;672S"))
	if w, h := p.MaxPixels(); w != 1120 || h != 672 {
		t.Errorf("%d by %d, want 1120 by 672", w, h)
	}
}

// TestFaultQuestions checks what is asked of whom: kitty's question, which others
// print, of kitty and ghostty alone, and DA1 always last.
func TestFaultQuestions(t *testing.T) {
	for version, want := range map[string]bool{"": false, "XTerm(379)": false, "Konsole 22.12.3": false, "kitty(0.26.5)": false, "kitty(0.38.1)": true, "ghostty 1.1.0": true} {
		var p sixel.Probe
		first := p.Ask(sixel.Queries)
		if strings.Contains(first, "\x1b_G") || !strings.HasSuffix(first, ansi.RequestPrimaryDeviceAttributes) {
			t.Errorf("the first questions are %q", first)
		}
		p.SetVersion(version)
		q := p.FollowUp()
		if (q != "") != want || p.FollowUp() != "" {
			t.Errorf("%q is asked %q", version, q)
		}
		if want {
			p.Ask(q)
		}
		p.Observe(uv.PrimaryDeviceAttributesEvent{62})
		if p.Answered() == want {
			t.Errorf("%q: answered %v before the last answer", version, p.Answered())
		}
	}
}

// TestFaultForced checks that not even the user's word makes a terminal show what
// it is known to swallow or to print.
func TestFaultForced(t *testing.T) {
	for _, c := range []struct {
		name, version, tmux string
		force, want         sixel.Mode
		sixel, ascii        bool
	}{
		{"tmux 3.3a", "tmux 3.3a", "", sixel.Sixel, sixel.Blocks, false, false},
		{"tmux with sixel", "tmux 3.4", "x", sixel.Sixel, sixel.Sixel, true, false},
		{"kitty in tmux", "tmux 3.4", "x", sixel.Kitty, sixel.Sixel, true, false},
		{"old kitty", "kitty(0.26.5)", "", sixel.Kitty, sixel.Blocks, false, false},
		{"a terminal that tells nothing", "", "", sixel.Kitty, sixel.Kitty, false, false},
		{"an ASCII locale", "XTerm(379)", "", sixel.Sixel, sixel.Blocks, true, true},
		{"iterm2 with an ASCII locale", "iTerm2 3.5.0", "", sixel.ITerm, sixel.Blocks, false, true},
	} {
		var p sixel.Probe
		p.SetEnv(func(k string) string { return map[string]string{"TMUX": c.tmux}[k] })
		p.Assume(c.force)
		p.SetASCII(c.ascii)
		p.SetVersion(c.version)
		da := uv.PrimaryDeviceAttributesEvent{62}
		if c.sixel {
			da = append(da, 4)
		}
		p.Observe(da)
		got := c.force
		if !p.Supports(got) {
			got = p.Best()
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestFaultWipe checks that only konsole is asked to remove its pictures.
func TestFaultWipe(t *testing.T) {
	for version, want := range map[string]string{"Konsole 22.12.3": "\x1b_Ga=d,q=2\x1b\\", "XTerm(379)": "", "": ""} {
		var p sixel.Probe
		p.SetVersion(version)
		if got := p.Wipe(); got != want {
			t.Errorf("%q: %q, want %q", version, got, want)
		}
	}
}
