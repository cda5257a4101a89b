package host

import (
	"context"

	"innate/tui/widget"
)

// Remote is another machine, whose runs the workbench shows by copies of their
// directories that others keep up to date.
type Remote interface {
	// State names the machine, and says what is wrong with the copies: the connection
	// may be lost, or an edit was not taken.
	State() (where string, err error)
	// Focus says which run is looked at, by the directory of its copy; "" for none.
	Focus(dir string)
	// Bring fetches a file of samples, a path in the run's directory, that is still
	// empty in its copy.
	Bring(ctx context.Context, dir, file string) error
}

// Instead says what to type where a key of the workbench has no function, and where
// that is not here, on which machine.
func (o *Options) Instead(command string) string {
	text := "not available here; use `innate " + widget.Plain(command) + "`"
	if o.Remote != nil {
		where, _ := o.Remote.State()
		text += " on " + widget.Plain(where)
	}
	return text
}
