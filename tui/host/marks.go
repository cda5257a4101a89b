package host

import (
	"innate/trainer/runlog"
	"innate/tui/widget"
)

// marked are the events that charts mark, and how.
var marked = map[string]widget.Mark{
	runlog.Freeze:     {Ink: widget.MarkFrozen},
	runlog.Config:     {Ink: widget.MarkWarn},
	runlog.Checkpoint: {Minor: true},
	runlog.FID:        {Minor: true},
	runlog.Pause:      {Ink: widget.MarkWarn},
	runlog.Resume:     {},
	runlog.Error:      {Ink: widget.MarkBad},
	runlog.Diverge:    {Ink: widget.MarkBad},
}

// MarkOf returns the mark of an event, if charts have one for its kind.
func MarkOf(e runlog.Event) (m widget.Mark, ok bool) {
	m, ok = marked[e.Kind]
	m.X, m.Kind, m.Text = float64(e.Nimg)/1000, e.Kind, e.Text
	return m, ok
}

// Scalars is what is known of the names that a run's log may have.
func Scalars() widget.Known {
	return widget.Known{
		Groups: []widget.Group{
			{Name: "loss"},
			{Name: "fid", LogY: true, Best: widget.BestMin, Seldom: true},
			{Name: "kid", LogY: true, Best: widget.BestMin, Seldom: true},
			{Name: "accuracy", Best: widget.BestMax, Seldom: true},
			{Name: "precision", Best: widget.BestMax, Seldom: true},
			{Name: "recall", Best: widget.BestMax, Seldom: true},
			{Name: "logits"},
			{Name: "probs"},
			{Name: "grad"},
			{Name: "lr", LogY: true, Seldom: true},
			{Name: "freeze", Seldom: true},
			{Name: "speed"},
			{Name: "time"},
		},
		// The two sides of the game and the held-out value.
		First: []string{"gen", "disc", "test", "real", "fake"},
	}
}
