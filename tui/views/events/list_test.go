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

func TestList(t *testing.T) {
	th := theme.New(true, false)
	log := []runlog.Event{
		{Kind: "start", Text: "started"}, {Kind: "fid", Text: "FID 9"}, {Kind: "fid", Text: "FID 8"}, {Kind: "config", Text: "gen_lr 1 → 2"},
	}
	l := events.List{Location: time.UTC}
	cursor := func(want string) {
		t.Helper()
		ev, _ := l.Cursor()
		if ev.Text != want {
			t.Errorf("the cursor is on %q, want %q", ev.Text, want)
		}
		if rows := ansi.Strip(l.View(th, 60, 4)); want != "" && !strings.Contains(rows, "›") {
			t.Errorf("no cursor in\n%s", rows)
		}
	}
	cursor("")
	l.SetEvents(log[:2])
	cursor("FID 9")
	l.SetEvents(log)
	cursor("gen_lr 1 → 2") // it follows
	l.Move(-1)
	cursor("FID 8")
	l.SetEvents(append(log, runlog.Event{Kind: "fid", Text: "FID 7"}))
	cursor("FID 8") // it stays
	l.StepKind(1)
	cursor("started")
	l.SetKind("fid")
	cursor("FID 9")
	l.Move(1 << 30)
	cursor("FID 7")
	l.SetFilter("fid 9")
	cursor("FID 9")
	l.SetFilter("nowhere")
	cursor("")
	l.SetKind("")
	l.SetFilter("")
	l.Move(1 << 30)
	cursor("FID 7")
	l.StepKind(-1)
	if _, kind := l.Filter(); kind != "config" {
		t.Errorf("the kind before all is %q, want the last, config", kind)
	}
}

// TestTexts draws what somebody else may have written into the log.
func TestTexts(t *testing.T) {
	th := theme.New(true, false)
	ev := runlog.Event{
		Kind: "od\x1bd\x07", Text: "a\x1b[2Jb\nc\x00" + strings.Repeat("w", 5000) + "\xff",
		Data: map[string]any{"k\r\n": "v\x1b]0;title\x07" + strings.Repeat("é", 30_000), "deep": map[string]any{"a": []any{1.0, nil}}, "x": map[string]any{"old": "1", "new": "2"}},
	}
	l := events.List{Location: time.UTC}
	l.SetEvents([]runlog.Event{ev, ev})
	lines := append(strings.Split(l.View(th, 60, 6), "\n"), events.Detail(th, ev, time.UTC, 60)...)
	for _, line := range lines {
		plain := ansi.Strip(line)
		if strings.ContainsFunc(plain, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			t.Errorf("a control character in %q", plain)
		}
		if strings.Contains(line, "\x1b[2J") || strings.Contains(line, "\x1b]") {
			t.Errorf("a foreign sequence in %q", line)
		}
		if n := ansi.StringWidth(line); n > 60 {
			t.Errorf("%d cells, want at most 60: %q", n, plain)
		}
	}
	if text := ansi.Strip(strings.Join(lines, "\n")); !strings.Contains(text, "1 → 2") || !strings.Contains(text, `{"a":[1,null]}`) {
		t.Errorf("the data lacks something:\n%s", text[len(text)-400:])
	}
}
