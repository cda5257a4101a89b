package sixel

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
)

// Probe decides what a terminal is asked, and collects its answers. Its zero
// value knows nothing.
type Probe struct {
	asked, fences int  // questions fenced by DA1, and the answers to DA1
	sixel         bool // DA1 attribute 4
	kitty         bool // the kitty graphics query succeeded …
	askedKitty    bool // … which is put only to those that understand it
	version       string
	cell          size // from CSI 16 t
	window        size // pixels of the text area, from CSI 14 t or the kernel
	cols, rows    int
	registers     int  // sixel colour registers
	graphic       size // largest sixel picture …
	geometry      size // … and that of the window, which xterm reads as this
	env           map[string]string
	assumed       Mode // the user says so
	ascii         bool // cells hold ASCII alone
}

type size struct{ w, h int }

// Ask returns questions for the terminal with a last one behind them, DA1, that
// every terminal answers. Terminals answer in order, and many leave out what
// they don't know, so nothing else tells that there is no more to come.
func (p *Probe) Ask(questions string) string {
	p.asked++
	return questions + ansi.RequestPrimaryDeviceAttributes
}

// Queries are the questions of the start. They belong inside the alternate
// screen, where what a terminal prints of those that it doesn't know goes away.
const Queries = ansi.RequestModeSynchronizedOutput + ansi.RequestBackgroundColor + ansi.RequestNameVersion +
	"\x1b[?1;1;0S" + // XTSMGRAPHICS: colour registers
	"\x1b[?2;4;0S" + // XTSMGRAPHICS: largest sixel picture
	QuerySize

// QuerySize asks for what changes with the font and the window: the sizes of a
// cell and of the text area, and the size of a sixel picture that fills it. xterm
// refuses the first two unless it is asked not to.
const QuerySize = "\x1b[16t\x1b[14t\x1b[?2;1;0S"

// queryKitty asks whether a picture of one pixel would be accepted. Terminals
// that don't know the protocol print it.
const queryKitty = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"

// FollowUp returns the question that the answers so far allow, once, or nothing.
func (p *Probe) FollowUp() string {
	if p.askedKitty || !p.placeholders() {
		return ""
	}
	p.askedKitty = true
	return queryKitty
}

// placeholders reports whether the terminal says to be one that shows pictures
// by Unicode placeholders: ghostty, or kitty since 0.28. Others that know kitty's
// protocol, kitty before that among them, print placeholders literally.
func (p *Probe) placeholders() bool {
	v := strings.ToLower(p.version)
	if strings.Contains(v, "ghostty") {
		return true
	}
	var major, minor int
	if _, err := fmt.Sscanf(v, "kitty(%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 0 || minor >= 28
}

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
		p.window, p.geometry = size{}, size{} // belong to the old grid
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
		p.fences++
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

// SetASCII says that cells cannot hold what a picture is placed by, filler and
// placeholders: letters show pictures then.
func (p *Probe) SetASCII(ascii bool) { p.ascii = ascii }

// SetVersion tells the terminal's answer to XTVERSION, which Bubble Tea turns
// into a message of its own.
func (p *Probe) SetVersion(name string) { p.version = name }

// Version returns the terminal's name and version, empty if it didn't tell.
func (p *Probe) Version() string { return p.version }

// observeGraphics reads CSI ? item ; status ; values S. Two values are a size,
// whatever the item: mlterm answers for the first when it is asked for the second.
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
	switch {
	case len(v) < 3 || v[1] != 0: // an answer, but no success
	case len(v) == 3 && v[0] == 1:
		p.registers = v[2]
	case len(v) == 4:
		// The limit never changes and is asked for first. What is read is the
		// window, as far as it is within the limit.
		if p.graphic == (size{}) {
			p.graphic = size{v[2], v[3]}
		} else {
			p.geometry = size{v[2], v[3]}
		}
	}
	return true
}

// Answered reports whether the terminal has answered all that it will: as many
// times to DA1 as that was asked.
func (p *Probe) Answered() bool { return p.fences > 0 && p.fences >= p.asked }

// Waiting reports whether answers are still to come.
func (p *Probe) Waiting() bool { return p.fences < p.asked }

// Supports reports whether the terminal shows pictures this way, as far as is
// known; the word of the user counts more, unless it cannot be.
func (p *Probe) Supports(m Mode) bool {
	v := strings.ToLower(p.version)
	// Without DA1's 4, tmux swallows every picture, and after five seconds prints
	// the rest of one that is slow to come.
	tmux := p.env["TMUX"] != "" || strings.HasPrefix(v, "tmux")
	oldKitty := strings.HasPrefix(v, "kitty") && !p.placeholders()
	switch m {
	case Kitty:
		return !p.ascii && !tmux && !oldKitty && (p.kitty && p.placeholders() || m == p.assumed)
	case Sixel:
		return !p.ascii && (p.sixel || m == p.assumed && !tmux)
	case ITerm:
		return !p.ascii && !tmux && (strings.HasPrefix(v, "iterm2") || strings.HasPrefix(v, "wezterm") ||
			p.env["LC_TERMINAL"] == "iTerm2" || p.env["TERM_PROGRAM"] == "iTerm.app" || m == p.assumed)
	}
	return true
}

// Wipe returns the sequence that removes every picture from a terminal that
// keeps them under what is written and erased there, as konsole does, or nothing.
func (p *Probe) Wipe() string {
	if p.konsole() {
		return "\x1b_Ga=d,q=2\x1b\\"
	}
	return ""
}

// Blank is how many columns right of a sixel picture the terminal blanks with those that
// the picture covers: konsole (22.12) takes one more than the picture has.
func (p *Probe) Blank() int {
	if p.konsole() {
		return 1
	}
	return 0
}

func (p *Probe) konsole() bool { return strings.HasPrefix(strings.ToLower(p.version), "konsole") }

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
		c := size{p.window.w / p.cols, p.window.h / p.rows}
		// The kernel's window has xterm's inner border, what sixel may fill has
		// not; but that ends at the limit.
		if g := p.geometry; g.w > 0 && g.w < p.graphic.w && g.w%p.cols == 0 {
			c.w = g.w / p.cols
		}
		if g := p.geometry; g.h > 0 && g.h < p.graphic.h && g.h%p.rows == 0 {
			c.h = g.h / p.rows
		}
		if plausible(c) {
			return c.w, c.h
		}
	}
	return 8, 16
}

func plausible(c size) bool { return c.w >= 3 && c.w <= 200 && c.h >= 5 && c.h <= 400 }

// MaxPixels returns the largest picture that sixel may draw; xterm cuts what is
// beyond. A terminal that doesn't tell the limit, only the window, is believed
// as far as that has grown. Those that tell nothing get a megapixel.
func (p *Probe) MaxPixels() (w, h int) {
	if p.graphic.w > 0 && p.graphic.h > 0 {
		return max(p.graphic.w, p.geometry.w), max(p.graphic.h, p.geometry.h)
	}
	return 1000, 1000
}

// Registers returns the number of sixel colour registers, 256 if not known.
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
