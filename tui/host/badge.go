package host

import (
	"strings"
	"time"

	"innate/trainer/run"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// StateInk is the colour of a state.
func StateInk(t *theme.Theme, state string) theme.Ink {
	switch state {
	case run.StateRunning, run.StateDone:
		return t.Good
	case run.StatePaused, run.StateStarting, run.StateStopping, run.StateQueued:
		return t.Warn
	case run.StateDead, run.StateFailed:
		return t.Bad
	}
	return t.Dim
}

// Badge words the state of a run, and what its trainer is at if that is no step.
func Badge(t *theme.Theme, state, stage string) string {
	glyph, ink := t.Glyphs.Dot, StateInk(t, state)
	switch state {
	case run.StatePaused:
		glyph = t.Glyphs.Pause
	case run.StateStopped:
		glyph = t.Glyphs.Stop
	case run.StateDone:
		glyph = t.Glyphs.Done
	case run.StateDead, run.StateFailed:
		glyph = t.Glyphs.Error
	}
	if state == "" {
		state = "reading"
	}
	s := ink.Render(glyph + " " + widget.Plain(state))
	if state == run.StateRunning && session.BetweenSteps(stage) {
		s += " " + t.Dim.Render(widget.Plain(stage))
	}
	return s
}

// RunLine tells where the run lies, where it could resume from, and what is noted of it.
func RunLine(t *theme.Theme, r *session.Run, loc *time.Location) string {
	parts := []string{widget.Plain(r.Dir)}
	if n := r.Info.Status.CheckpointNimg; n > 0 {
		parts = append(parts, "checkpoint "+widget.Kimg(n)+" kimg")
	}
	if !r.Info.Status.Started.IsZero() {
		parts = append(parts, "started "+r.Info.Status.Started.In(loc).Format("2006-01-02 15:04"))
	}
	if tags := r.Info.About.Tags; len(tags) > 0 {
		parts = append(parts, "tags "+strings.Join(tags, " "))
	}
	if note := r.Info.About.Note; note != "" {
		parts = append(parts, run.OneLine(note))
	}
	return " " + t.Dim.Render(strings.Join(parts, "   "))
}
