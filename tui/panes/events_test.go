package panes_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/runlog"
	"innate/tui/panes"
	"innate/tui/theme"
)

func TestEvents(t *testing.T) {
	e := panes.NewEvents(theme.New(true, false))
	e.Location = time.UTC
	if v := e.View(40, 3); !strings.Contains(v, "no events yet") {
		t.Errorf("empty: %q", v)
	}
	var evs []runlog.Event
	for i := range 10 {
		evs = append(evs, runlog.Event{Time: time.Unix(int64(i), 0), Nimg: int64(i) * 1000, Kind: runlog.Freeze, Text: "event\x1b[2J number " + string(rune('0'+i))})
	}
	e.SetEvents(evs)
	lines := plain(e.View(60, 3))
	if !strings.Contains(lines[2], "00:00:09     9.0k  ❄ event number 9") {
		t.Errorf("last line %q", lines[2])
	}
	e.Move(-100)
	if lines = plain(e.View(60, 3)); !strings.Contains(lines[0], "number 0") || len(e.Info()) != 1 {
		t.Errorf("scrolled back: %q, info %v", lines, e.Info())
	}
	e.Move(100)
	if lines = plain(e.View(60, 3)); !strings.Contains(lines[2], "number 9") {
		t.Errorf("scrolled forward: %q", lines)
	}
	if last := e.Last(30); ansi.StringWidth(last) != 30 || strings.Contains(last, "\n") {
		t.Errorf("last: %q, want a line of 30 cells", last)
	}
}

func plain(s string) []string { return strings.Split(ansi.Strip(s), "\n") }
