package tui

import (
	"image"
	"time"

	"innate/trainer/control"
	"innate/trainer/runlog"
)

// Every message of the workbench's own. Those about a run carry its directory:
// what arrives for a run that is no longer open is dropped. Periodic ones carry
// who asked, because the same run may have been closed and opened meanwhile.

// pollMsg is what changed in a run directory since the last poll.
type pollMsg struct {
	from    *poller
	info    *control.Info // nil: unchanged
	updates []runlog.Update
	more    bool            // of the history, to be read at once
	layers  []control.Layer // nil: unchanged
	stats   layerStats
	config  *configFile // nil: unchanged
	samples []string    // file names in order, nil: unchanged
	newest  *sampleMsg  // the newest sample, if it is new
	err     error
}

// sampleMsg brings a decoded sample grid.
type sampleMsg struct {
	dir, file string
	img       image.Image
	err       error
}

// pingMsg says whether the trainer answers on its socket.
type pingMsg struct {
	from   *control.Client
	status control.Status
	err    error
}

// layersMsg brings the layers from the trainer.
type layersMsg struct {
	dir    string
	layers []control.Layer
	err    error
}

// commandMsg is the trainer's answer to a command; done words its success.
type commandMsg struct {
	dir    string
	done   string
	freeze bool
	names  []string // of a freeze: tensors that were pending
	status control.Status
	layers []control.Layer // after a freeze
	err    error
}

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

// runsMsg brings the list of runs.
type runsMsg struct {
	visit int // of the list: an older one no longer polls
	list  []runRow
	err   error
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
	pollEvery   = 250 * time.Millisecond
	infoEvery   = time.Second // heartbeat and lock, when the files look unchanged
	pingEvery   = 2 * time.Second
	runsEvery   = time.Second
	pingTimeout = 1500 * time.Millisecond
	probeWait   = 1500 * time.Millisecond
	noticeTime  = 6 * time.Second
	sampleGrace = 5 * time.Second  // a sample that doesn't decode yet may still be being written
	staleAfter  = 10 * time.Second // a heartbeat older than this is worth a word
	// frameWait is longer than a frame: raw output is flushed before the frame of
	// the same tick, but a picture must come after the frame with its filler.
	frameWait = 150 * time.Millisecond
)

// orderTimeout is long because a command waits for a step, and a checkpoint for
// the disk; tests have less patience.
var orderTimeout = 5 * time.Minute

// evaluateTimeout is how long a measurement may take.
const evaluateTimeout = time.Hour
