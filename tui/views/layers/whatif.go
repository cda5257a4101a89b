package layers

import (
	"fmt"
	"math"
	"strings"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// whatIfLines words what a change of what is frozen would do, in three lines of w
// cells.
func whatIfLines(t *theme.Theme, s session.WhatIf, w int) []string {
	g, to := &t.Glyphs, t.Glyphs.To
	what := t.Good.Render(g.Training) + fmt.Sprintf(" trains %d", s.Trains)
	if s.Freezes > 0 {
		what = t.Frozen.Render(g.Frozen) + fmt.Sprintf(" freezes %d", s.Freezes)
		if s.Trains > 0 {
			what += fmt.Sprintf(", trains %d", s.Trains)
		}
	}
	noun := " tensors"
	if s.Tensors == 1 {
		noun = " tensor"
	}
	lines := []string{
		what + noun + t.Dim.Render(fmt.Sprintf(", %s parameters", widget.Count(s.Params))),
		t.Dim.Render("frozen  ") + fmt.Sprintf("%5.1f %s %5.1f %%", 100*s.FrozenBefore, to, 100*s.FrozenAfter),
	}
	if room := w - 26; room >= 8 {
		lines[1] += "  " + bar(t, s.FrozenBefore, s.FrozenAfter, min(room, 40))
	}
	gain := "the same"
	if percent := math.Round(100 * (s.SpeedRatio - 1)); percent != 0 {
		gain = fmt.Sprintf("%+.0f %%", percent)
	}
	if s.SpeedNow > 0 {
		gain = fmt.Sprintf("%5.1f %s %5.1f images/s  %s", s.SpeedNow, to, s.SpeedExpected, gain)
	}
	source := "  by counting operations"
	if s.Measured {
		source = "  from this run"
	}
	lines = append(lines, t.Dim.Render("speed   ")+gain+t.Dim.Render(source))
	for i := range lines {
		lines[i] = widget.Fit(lines[i], w, g.Ellipsis)
	}
	return lines
}

// bar draws the frozen share in w cells: what stays frozen, what changes, what
// trains.
func bar(t *theme.Theme, before, after float64, w int) string {
	stays := int(math.Round(min(before, after) * float64(w)))
	changes := int(math.Round(max(before, after)*float64(w))) - stays
	g := &t.Glyphs
	return t.Frozen.Render(strings.Repeat(g.BarDone, stays)) +
		t.Warn.Render(strings.Repeat(g.Change, changes)) +
		t.Faint.Render(strings.Repeat(g.BarRest, w-stays-changes))
}
