package host

import (
	"image"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
)

// View is what fills the screen between header and status line. A view belongs
// to one open run (the list of runs to the workbench), may keep state of its own,
// and finds everything else in its Host.
//
// The interfaces below this one are optional.
type View interface {
	Title() string
	// Active is which of its keys work at present, the narrowest section first;
	// those of the run and of everywhere follow by themselves.
	Active() []*Section
	// Draw returns exactly r.H lines of r.W cells. It is called once a frame, and
	// only when something changed.
	Draw(r Rect) []string
}

// Registration makes a view of an open run known to the workbench: by one line,
// among its own or in Options.Views.
type Registration struct {
	Name string // its title, and what the remembered state and commands call it
	New  func(h Host) View
}

// HelpView lists more sections in help and documentation than work at present.
type HelpView interface{ Sections() []*Section }

// Sections are all keys of a view.
func Sections(v View) []*Section {
	if h, ok := v.(HelpView); ok {
		return h.Sections()
	}
	return v.Active()
}

// PaneView has a part that the dashboard shows among others.
type PaneView interface{ Pane() Pane }

// Pane is a part of a view in a frame on the dashboard. It may be a BackView and
// a PictureView, too.
type Pane interface {
	Title() string
	Info() []string // for the frame
	View(w, h int) string
	Keys() *Section // that work while it has the focus
	// Mouse takes mouse messages inside its frame r, which has the focus since the
	// first click.
	Mouse(m tea.MouseMsg, r Rect) tea.Cmd
}

// CommandView has commands of its own.
type CommandView interface{ Commands() []Command }

// MouseView takes mouse messages inside its rectangle r.
type MouseView interface {
	Mouse(m tea.MouseMsg, r Rect) tea.Cmd
}

// KeyView hears of every key first, and reports whether it takes it.
type KeyView interface{ Key(key string) (taken bool) }

// PictureView has an image in it; see the workbench's picture.go for what it must
// keep to.
type PictureView interface {
	Picture(r Rect) (Shown, bool)
}

// Shown is an image in the cells At, which Draw fills with what
// the samples' widget reserves.
type Shown struct {
	At      Rect
	Image   image.Image
	Tiling  sixel.Tiling // samples stay whole
	ID      string       // tells images apart: one id always means the same pixels
	Focused bool         // the border right of the image is drawn in the colour of focus
}

// EnterView hears that it is about to be shown.
type EnterView interface{ Enter() tea.Cmd }

// BackView undoes its last narrowing (read-out, filter, zoom) and reports
// whether there was any.
type BackView interface{ Back() bool }

// MessageView takes messages of its own, also while another view shows. It
// reports whether the message was one of them.
type MessageView interface {
	Receive(msg tea.Msg) (tea.Cmd, bool)
}

// PollView hears what a look at the run's files has found, once the session has
// taken it in.
type PollView interface {
	Polled(m *session.PollMsg) tea.Cmd
}

// IdleView may ask for what the picture in r lacks, after every message while it
// shows.
type IdleView interface{ Idle(r Rect) tea.Cmd }

// LineView says at which line, from 1, an editor should open the run's
// configuration; 0 if it knows none.
type LineView interface{ EditLine() int }

// EventsView gathers what happens in the run. With reset it starts from nothing:
// what follows is everything. Scalars need no gathering: the session has them.
type EventsView interface {
	AddEvents(events []runlog.Event, reset bool)
}

// ThemeView keeps widgets that hold a theme.
type ThemeView interface{ SetTheme(t *theme.Theme) }

// StatusView has its own words for the line above the footer; with none the last
// event stands there.
type StatusView interface{ Status(r Rect) string }

// MenuView says where menus stand, for instance beside its picture.
type MenuView interface{ MenuRoom(r Rect) Rect }

// PartView has parts that can be brought forward, and says whether it has this
// one.
type PartView interface{ ShowPart(part string) bool }

// MomentView can show the moment at which the run had seen nimg images.
type MomentView interface{ ShowMoment(nimg int64) }
