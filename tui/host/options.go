package host

import (
	"context"
	"time"

	"innate/configs"
)

// Preset is a run that can be started from the list of runs.
type Preset struct {
	Name  string // what Options.Start takes
	About string // one line
}

// Options tell the workbench where runs are and how to do what it must not link.
// Functions may block; they are called outside Update. A nil function turns its
// key into a message that says so.
type Options struct {
	RunDir  string // open this run; empty shows the list of runs
	RunsDir string // where the list looks; empty disables the list
	Remote  Remote // whose runs these are copies of; nil: they are here

	Views []Registration // of a run, besides those of the workbench

	Presets []Preset
	// Start begins a detached run of a preset with changed settings, each
	// key=value, and returns its directory, and perhaps a word of warning.
	Start func(ctx context.Context, preset string, set []string) (dir, warning string, err error)
	// Ensemble queues such runs that differ in their seeds, a number of them or a list,
	// and returns the directory of their sweep.
	Ensemble func(ctx context.Context, preset string, set []string, seeds string) (dir string, err error)
	// Sweep queues the runs of a sweep that is built in, or of a file, and returns its
	// directory.
	Sweep func(ctx context.Context, ref string) (dir string, err error)
	// Fork makes and starts a run from the last checkpoint of the one in dir, with
	// changed settings, and returns its directory.
	Fork func(ctx context.Context, dir string, set map[string]string) (newDir string, err error)
	// Forkable are the settings that a fork may change besides the live ones.
	Forkable []string
	// Delete removes a run that has no trainer, with everything it wrote.
	Delete func(ctx context.Context, dir string) error
	// Resume restarts the trainer of a run from its last checkpoint, or resumes one
	// that is paused.
	Resume func(ctx context.Context, dir string) error
	// Queue has the queue of the sweep in dir do something: pause or resume.
	Queue func(ctx context.Context, dir, order string) error
	// Teacher draws the grid of samples that the teacher of the run in dir makes
	// in TeacherSteps from the run's own noise, unless that was done before, and
	// returns its file.
	Teacher      func(ctx context.Context, dir string) (png string, err error)
	TeacherSteps int
	// Analyze runs an analysis of the run in dir, args being the words of a command, as
	// a process that outlives the workbench, and waits for its end.
	Analyze func(ctx context.Context, dir string, args []string) error
	// Dismiss ends an analysis of the run in dir that is under way, or forgets the error
	// of one; nil does so by its file.
	Dismiss func(ctx context.Context, dir, kind string) error
	// Frozen returns which parameters a [freeze] table freezes. Without it the
	// screen waits for the trainer to say what comes of a change.
	Frozen func(names []string, table configs.Freeze) (map[string]bool, error)

	Images string              // sixel | kitty | iterm | blocks | off; empty reads INNATE_IMAGES, then asks the terminal
	ASCII  bool                // no braille, no box drawing
	Getenv func(string) string // os.Getenv if nil
	Now    func() time.Time    // time.Now if nil
	// StateFile is where view, theme and the like are remembered; empty derives it
	// from XDG_STATE_HOME and HOME, a dash remembers nothing.
	StateFile string
	Location  *time.Location // of the times shown, time.Local if nil
}
