package tui

import (
	"time"

	"innate/tui/host"
)

// Every message of the workbench's own. Those about a run carry its directory:
// what arrives for a run that is no longer open is dropped. Periodic ones carry
// who asked, because the same run may have been closed and opened meanwhile.

// resumedMsg and startedMsg end Options.Resume and Options.Start.
type resumedMsg struct {
	dir string
	err error
}

type startedMsg struct {
	from    string // the preset, or the directory of the run that was forked
	dir     string
	warning string // what the user should know besides; may be empty
	err     error
}

// foundMsg brings the directory of a run that was named.
type foundMsg struct {
	dir string
	err error
}

// notedMsg ends a change of what is noted of the open run.
type notedMsg struct {
	done string
	err  error
}

// formMsg brings the form for a new run.
type formMsg struct {
	form host.View
	err  error
}

// editedMsg ends an editor.
type editedMsg struct{ err error }

// stateMsg says why the state could not be remembered.
type stateMsg struct{ err error }

// noticeOverMsg takes a notice away, unless a newer one shows.
type noticeOverMsg struct{ id int }

// probeOverMsg ends the wait for the terminal's answers.
type probeOverMsg struct{}

// endMsg ends the screen, and leaveMsg the wait for answers before leaving it.
type (
	endMsg   struct{}
	leaveMsg struct{}
)

// windowPixelsMsg brings the text area's size from the kernel.
type windowPixelsMsg struct{ w, h int }

// Intervals of the periodic commands, and how long things may take.
const (
	probeWait  = 1500 * time.Millisecond
	noticeTime = 6 * time.Second
	// frameWait is longer than a frame: raw output is flushed before the frame of
	// the same tick, but a picture must come after the frame with its filler.
	frameWait = 150 * time.Millisecond
)
