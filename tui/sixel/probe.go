package sixel

import (
	"slices"
	"strconv"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
)

// Probe collects a terminal's answers to Queries. Its zero value knows nothing.
type Probe struct {
	answered   bool // DA1 came: every earlier query was answered or never will be
	sixel      bool // DA1 attribute 4
	kitty      bool // the kitty graphics query succeeded
	version    string
	cell       size // from CSI 16 t
	window     size // pixels of the text area, from CSI 14 t or the kernel
	cols, rows int
	registers  int  // sixel colour registers
	graphic    size // largest sixel picture
	env        map[string]string
	assumed    Mode // the user says so
}

type size struct{ w, h int }

// Queries asks for everything that Observe understands. Terminals answer in
// order and all know DA1, so it comes last; the answer may take a second over
// SSH.
const Queries = queryKitty + ansi.RequestNameVersion + QuerySize +
	"\x1b[?1;1;0S" + // XTSMGRAPHICS: colour registers
	"\x1b[?2;1;0S" + // XTSMGRAPHICS: largest sixel picture
	ansi.RequestPrimaryDeviceAttributes

// QuerySize asks for the sizes of a cell and of the text area, which change
// with the font.
const QuerySize = "\x1b[16t\x1b[14t"

// queryKitty asks whether a picture of one pixel would be accepted.
const queryKitty = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"

// SetEnv tells what the environment says of the terminal. SSH strips most of
// it, so it only ever adds to what the terminal answers.
func (p *Probe) SetEnv(get func(string) string) {
	p.env = map[string]string{}
	for _, k := range []string{"TERM", "TERM_PROGRAM", "LC_TERMINAL", "TMUX"} {
		p.env[k] = get(k)
	}
}

// SetGrid tells the size of the terminal in cells.
func (p *Probe) SetGrid(cols, rows int) {
	if cols != p.cols || rows != p.rows {
		p.window = size{} // belongs to the old grid
	}
	p.cols, p.rows = cols, rows
}

// SetWindowPixels tells the size of the text area from the kernel (TIOCGWINSZ),
// used when the terminal doesn't tell.
func (p *Probe) SetWindowPixels(w, h int) {
	if p.window == (size{}) {
		p.window = size{w, h}
	}
}

// Observe takes an answer and reports whether msg was one.
func (p *Probe) Observe(msg any) bool {
	switch m := msg.(type) {
	case uv.PrimaryDeviceAttributesEvent:
		p.answered = true
		p.sixel = slices.Contains(m[min(1, len(m)):], 4)
	case uv.CellSizeEvent:
		p.cell = size{m.Width, m.Height}
	case uv.PixelSizeEvent:
		p.window = size{m.Width, m.Height}
	case uv.TerminalVersionEvent:
		p.version = m.Name
	case uv.KittyGraphicsEvent:
		p.kitty = p.kitty || m.Options.ID == 31 && string(m.Payload) == "OK"
	case uv.UnknownCsiEvent:
		return p.observeGraphics(string(m))
	default:
		return false
	}
	return true
}

// Assume makes a mode count as supported: the user asked for it.
func (p *Probe) Assume(m Mode) { p.assumed = m }

// SetVersion tells the terminal's answer to XTVERSION, which Bubble Tea turns
// into a message of its own.
func (p *Probe) SetVersion(name string) { p.version = name }

// Version returns the terminal's name and version, empty if it didn't tell.
func (p *Probe) Version() string { return p.version }

// observeGraphics reads CSI ? item ; status ; values S.
func (p *Probe) observeGraphics(s string) bool {
	s = strings.TrimPrefix(strings.TrimPrefix(s, "\x1b["), "\x9b")
	if !strings.HasPrefix(s, "?") || !strings.HasSuffix(s, "S") {
		return false
	}
	var v []int
	for f := range strings.SplitSeq(s[1:len(s)-1], ";") {
		n, err := strconv.Atoi(f)
		if err != nil {
			return false
		}
		v = append(v, n)
	}
	if len(v) < 3 || v[1] != 0 {
		return true // an answer, but no success
	}
	switch v[0] {
	case 1:
		p.registers = v[2]
	case 2:
		if len(v) > 3 {
			p.graphic = size{v[2], v[3]}
		}
	}
	return true
}

// Answered reports whether the terminal has answered all it will.
func (p *Probe) Answered() bool { return p.answered }

// Supports reports whether the terminal is known to show pictures this way.
func (p *Probe) Supports(m Mode) bool {
	if m == p.assumed {
		return true
	}
	v := strings.ToLower(p.version)
	switch m {
	case Kitty:
		// Others answer the query too, but print placeholders literally.
		return p.kitty && (strings.HasPrefix(v, "kitty") || strings.Contains(v, "ghostty"))
	case Sixel:
		return p.sixel
	case ITerm:
		if p.env["TMUX"] != "" || strings.HasPrefix(v, "tmux") {
			return false
		}
		return strings.HasPrefix(v, "iterm2") || strings.HasPrefix(v, "wezterm") ||
			p.env["LC_TERMINAL"] == "iTerm2" || p.env["TERM_PROGRAM"] == "iTerm.app"
	}
	return true
}

// Best returns the best mode the terminal supports.
func (p *Probe) Best() Mode {
	for _, m := range []Mode{Kitty, Sixel, ITerm} {
		if p.Supports(m) {
			return m
		}
	}
	return Blocks
}

// Next returns the next supported mode after m.
func (p *Probe) Next(m Mode) Mode {
	for {
		if m = (m + 1) % modeCount; p.Supports(m) {
			return m
		}
	}
}

// Cell returns the size of a character cell in pixels: as reported, or the
// window's size over its grid, or 8 by 16.
func (p *Probe) Cell() (w, h int) {
	if plausible(p.cell) {
		return p.cell.w, p.cell.h
	}
	if p.cols > 0 && p.rows > 0 {
		if c := (size{p.window.w / p.cols, p.window.h / p.rows}); plausible(c) {
			return c.w, c.h
		}
	}
	return 8, 16
}

func plausible(c size) bool { return c.w >= 3 && c.w <= 200 && c.h >= 5 && c.h <= 400 }

// MaxPixels returns the largest picture that sixel may draw; xterm cuts what is
// beyond. Terminals that don't tell get a megapixel.
func (p *Probe) MaxPixels() (w, h int) {
	if p.graphic.w > 0 && p.graphic.h > 0 {
		return p.graphic.w, p.graphic.h
	}
	return 1000, 1000
}

// Registers returns the number of sixel colour registers, 256 if not told.
func (p *Probe) Registers() int {
	if p.registers >= 2 {
		return p.registers
	}
	return 256
}

// kittyID is the picture's identifier, an index that fits the 256-colour
// foreground which carries it in placeholder cells.
const kittyID = 77

// placeholder cells name their row and column by combining characters.
const placeholder = string(kitty.Placeholder)
