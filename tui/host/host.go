package host

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
)

// Host is what a view may ask of the workbench.
type Host interface {
	Options() *Options
	State() *State // remembered: what is changed here is written by itself
	Theme() *theme.Theme
	Display() *Display
	Run() *session.Run   // the open run, nil while none is
	Runs() *session.Runs // all there are, as the list shows them

	// Notify shows a passing message, and Fail an error.
	Notify(text string, ink theme.Ink) tea.Cmd
	Fail(err error) tea.Cmd
	// Watch alerts the user of what has happened to a run since it was last seen.
	Watch(info run.Info) tea.Cmd
	// Copy puts text on the terminal's clipboard; what names it in the notice.
	Copy(what, text string) tea.Cmd

	Ask(q Question) tea.Cmd
	Menu(m Menu) tea.Cmd
	Prompt(p Prompt) tea.Cmd

	// Shows reports whether a view is in front.
	Shows(v View) bool
	// Show brings a view of the open run to the front, by its title.
	Show(view string) tea.Cmd
	// Reveal shows a part of the open run: within the present view if that has it,
	// or else in the view of that name.
	Reveal(part string) tea.Cmd
	// ShowPart shows a view with one of its parts in front.
	ShowPart(view, part string) tea.Cmd
	// Pane is the part of a view that it offers to others; nil if there is none, as
	// while no run is open.
	Pane(view string) Pane
	// ShowMoment shows the moment in a view that can.
	ShowMoment(view string, nimg int64) tea.Cmd
	// Open opens a run.
	Open(dir string) tea.Cmd
	// NewRun opens the form for a new run.
	NewRun(from Source) tea.Cmd
	// Start starts a run as do says, which returns its directory and perhaps a word
	// of warning, and opens it; of a sweep it shows the row in the list of runs. From is what it starts from, and what Starting
	// returns meanwhile; else that is empty.
	Start(from string, do func(context.Context) (dir, warning string, err error)) tea.Cmd
	Starting() string
	// Push puts a view in front of the list of runs, Pop takes it away.
	Push(v View)
	Pop()

	// Canvas is the room for a picture in the cells at, and PictureLate whether one
	// that is wanted is still on its way to the terminal.
	Canvas(at Rect) Canvas
	PictureLate() bool
}

// Source is what a new run starts from.
type Source struct {
	Name  string // the preset, or the directory of the run that is forked
	Fork  bool
	About string // the preset in one line
}

// Display is how things are drawn on the terminal at hand.
type Display struct {
	ASCII   bool       // curves without braille
	Mode    sixel.Mode // of images
	Probing bool       // the terminal has not yet said which it has
	NoColor bool
}

// Canvas is the room for a picture. Equal ones have equal rooms.
type Canvas struct {
	Mode       sixel.Mode
	At         Rect // cells
	CellW      int  // pixels
	CellH      int
	Registers  int // colours
	MaxW, MaxH int // pixels
	Blank      int // columns right of a picture that the terminal blanks, too
}

// Room is how many pixels the picture may have.
func (c *Canvas) Room() (w, h int) {
	w, h = max(c.At.W-c.Blank, 0)*c.CellW, c.At.H*c.CellH
	if c.Mode == sixel.Sixel {
		w, h = min(w, c.MaxW), min(h, c.MaxH)
	}
	return w, h
}

// Corner is where, in cells of its rectangle, a picture of w by h pixels starts,
// so that it stands in the middle.
func (c *Canvas) Corner(w, h int) (dx, dy int) {
	return (c.At.W - (w+c.CellW-1)/c.CellW) / 2, (c.At.H - (h+c.CellH-1)/c.CellH) / 2
}
