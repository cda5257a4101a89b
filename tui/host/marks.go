package host

import (
	"innate/trainer/runlog"
	"innate/tui/widget"
)

// marked are the events that charts mark.
var marked = map[string]bool{
	runlog.Freeze: true, runlog.Config: true, runlog.Checkpoint: true, runlog.FID: true, runlog.Pause: true,
	runlog.Resume: true, runlog.Error: true, runlog.Diverge: true,
}

// MarkOf returns the mark of an event, if charts have one for its kind.
func MarkOf(e runlog.Event) (m widget.Mark, ok bool) {
	return widget.Mark{X: float64(e.Nimg) / 1000, Kind: e.Kind, Text: e.Text}, marked[e.Kind]
}
