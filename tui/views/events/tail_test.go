package events_test

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/runlog"
	"innate/tui/theme"
	"innate/tui/views/events"
)

func TestTail(t *testing.T) {
	th := theme.New(true, false)
	e := events.Tail{Location: time.UTC}
	if v := e.View(th, 40, 3); !strings.Contains(v, "no events yet") {
		t.Errorf("empty: %q", v)
	}
	var evs []runlog.Event
	for i := range 10 {
		evs = append(evs, runlog.Event{Time: time.Unix(int64(i), 0), Nimg: int64(i) * 1000, Kind: runlog.Freeze, Text: "event\x1b[2J number " + string(rune('0'+i))})
	}
	e.SetEvents(evs)
	lines := plain(e.View(th, 60, 3))
	if !strings.Contains(lines[2], "00:00:09     9.0k  ❄ event number 9") {
		t.Errorf("last line %q", lines[2])
	}
	e.Move(-100)
	if lines = plain(e.View(th, 60, 3)); !strings.Contains(lines[0], "number 0") || len(e.Info(th)) != 1 {
		t.Errorf("scrolled back: %q, info %v", lines, e.Info(th))
	}
	e.Move(100)
	if lines = plain(e.View(th, 60, 3)); !strings.Contains(lines[2], "number 9") {
		t.Errorf("scrolled forward: %q", lines)
	}
	if v := e.View(th, 30, 3); strings.Contains(v, "\x1b[2J") || ansi.StringWidth(plain(v)[2]) != 30 {
		t.Errorf("narrow: %q, want lines of 30 cells without what the event would send", v)
	}
}

func plain(s string) []string { return strings.Split(ansi.Strip(s), "\n") }
