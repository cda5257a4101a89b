package sixel_test

import (
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi/kitty"

	"innate/tui/sixel"
)

func kittyOK() uv.KittyGraphicsEvent {
	return uv.KittyGraphicsEvent{Options: kitty.Options{ID: 31}, Payload: []byte("OK")}
}

func TestBest(t *testing.T) {
	da := func(attrs ...int) uv.PrimaryDeviceAttributesEvent { return attrs }
	version := func(s string) uv.TerminalVersionEvent { return uv.TerminalVersionEvent{Name: s} }
	none := map[string]string{}
	for _, c := range []struct {
		name   string
		env    map[string]string
		events []any
		want   sixel.Mode
	}{
		{"silent", none, nil, sixel.Blocks},
		{"xterm without graphics", none, []any{da(64, 1, 2, 6, 9, 15), version("XTerm(379)")}, sixel.Blocks},
		{"xterm as vt340", none, []any{da(63, 1, 2, 4, 6, 9, 15), version("XTerm(379)")}, sixel.Sixel},
		{"a class of 4 is no sixel", none, []any{da(4, 6)}, sixel.Blocks},
		{"kitty", none, []any{kittyOK(), version("kitty(0.38.1)"), da(62, 52)}, sixel.Kitty},
		{"ghostty", none, []any{kittyOK(), version("ghostty 1.1.0"), da(62, 22)}, sixel.Kitty},
		{"wezterm prints placeholders literally", none, []any{kittyOK(), version("WezTerm 20240203"), da(65, 4, 6, 18)}, sixel.Sixel},
		{"konsole", none, []any{kittyOK(), version("Konsole 24.02"), da(62, 1, 4)}, sixel.Sixel},
		{"iterm2 over ssh", none, []any{version("iTerm2 3.5.0"), da(1, 2)}, sixel.ITerm},
		{"iterm2 by environment", map[string]string{"LC_TERMINAL": "iTerm2"}, []any{da(1, 2)}, sixel.ITerm},
		{"iterm2 in tmux", map[string]string{"LC_TERMINAL": "iTerm2", "TMUX": "/tmp/tmux-0/default,1,0"}, []any{da(1, 2), version("tmux 3.3a")}, sixel.Blocks},
		{"tmux with sixel", map[string]string{"TMUX": "x"}, []any{da(1, 2, 4), version("tmux 3.4")}, sixel.Sixel},
		{"kitty that refuses", none, []any{uv.KittyGraphicsEvent{Options: kitty.Options{ID: 31}, Payload: []byte("ENOSYS")}, version("kitty(0.1)"), da(62)}, sixel.Blocks},
	} {
		var p sixel.Probe
		p.SetEnv(func(k string) string { return c.env[k] })
		for _, e := range c.events {
			if !p.Observe(e) {
				t.Errorf("%s: %T is not taken for an answer", c.name, e)
			}
		}
		if got := p.Best(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAnswered(t *testing.T) {
	var p sixel.Probe
	p.Observe(uv.CellSizeEvent{Width: 9, Height: 18})
	if p.Answered() {
		t.Error("answered before DA1")
	}
	p.Observe(uv.PrimaryDeviceAttributesEvent{1, 2})
	if !p.Answered() {
		t.Error("not answered after DA1")
	}
	if p.Observe("something else") || p.Observe(uv.UnknownCsiEvent("\x1b[5Z")) {
		t.Error("took a foreign message for an answer")
	}
}

func TestCell(t *testing.T) {
	cell := func(p *sixel.Probe) [2]int { w, h := p.Cell(); return [2]int{w, h} }
	var p sixel.Probe
	if got := cell(&p); got != [2]int{8, 16} {
		t.Errorf("unknown: %v", got)
	}
	p.SetGrid(100, 40)
	p.SetWindowPixels(1000, 800)
	if got := cell(&p); got != [2]int{10, 20} {
		t.Errorf("from the kernel: %v", got)
	}
	p.Observe(uv.PixelSizeEvent{Width: 700, Height: 560})
	p.SetWindowPixels(1, 1) // the terminal's own word counts more
	if got := cell(&p); got != [2]int{7, 14} {
		t.Errorf("from 14t: %v", got)
	}
	p.Observe(uv.CellSizeEvent{Width: 9, Height: 18})
	if got := cell(&p); got != [2]int{9, 18} {
		t.Errorf("from 16t: %v", got)
	}
	p.Observe(uv.CellSizeEvent{Width: 0, Height: 18})
	if got := cell(&p); got != [2]int{7, 14} {
		t.Errorf("nonsense from 16t: %v", got)
	}
	p.SetGrid(50, 20) // the pixels belonged to the old grid
	if got := cell(&p); got != [2]int{8, 16} {
		t.Errorf("after a resize: %v", got)
	}
}

func TestGraphicsAttributes(t *testing.T) {
	var p sixel.Probe
	if p.Registers() != 256 {
		t.Errorf("unknown registers: %d", p.Registers())
	}
	for _, s := range []string{"\x1b[?1;0;1024S", "\x1b[?2;0;1600;900S"} {
		if !p.Observe(uv.UnknownCsiEvent(s)) {
			t.Errorf("%q is not taken for an answer", s)
		}
	}
	w, h := p.MaxPixels()
	if p.Registers() != 1024 || w != 1600 || h != 900 {
		t.Errorf("registers %d, picture %dx%d", p.Registers(), w, h)
	}
	p.Observe(uv.UnknownCsiEvent("\x1b[?1;3;0S")) // an error
	p.Observe(uv.UnknownCsiEvent("\x1b[?1;0;0S"))
	if p.Registers() < 2 {
		t.Errorf("%d registers after nonsense", p.Registers())
	}
}

func TestNext(t *testing.T) {
	var p sixel.Probe
	p.Observe(uv.PrimaryDeviceAttributesEvent{63, 4})
	m, seen := sixel.Sixel, []sixel.Mode{}
	for range 3 {
		m = p.Next(m)
		seen = append(seen, m)
	}
	if seen[0] != sixel.Off || seen[1] != sixel.Blocks || seen[2] != sixel.Sixel {
		t.Errorf("cycle %v", seen)
	}
}
