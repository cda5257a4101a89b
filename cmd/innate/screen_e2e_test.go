package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// leftOver returns what a terminal shows after the workbench was left, besides
// prompts and what was typed at them.
func (d *desk) leftOver() []string {
	d.t.Helper()
	// What is typed while the workbench still leaves is lost.
	for end := time.Now().Add(3 * time.Second); strings.Contains(d.screen(), "q quit") && time.Now().Before(end); {
		time.Sleep(frame)
	}
	time.Sleep(4 * frame)
	d.write("echo le''ft")
	d.press("enter")
	d.wants(`(?m)^left$`)
	time.Sleep(frame) // for answers that come late
	var rest []string
	for line := range strings.Lines(d.screen()) {
		line = strings.TrimSpace(line)
		line = strings.TrimPrefix(line, "q") // typed before the workbench could read it
		if line != "" && line != "left" && line != "$" && !strings.HasPrefix(line, "$ innate") && !strings.HasPrefix(line, "$ echo") {
			rest = append(rest, line)
		}
	}
	return rest
}

// TestFaultE2ELeaveAtOnce leaves before the terminal has answered: the answers
// must not be typed at the prompt.
func TestFaultE2ELeaveAtOnce(t *testing.T) {
	d := newDesk(t)
	for _, after := range []time.Duration{0, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond} {
		d.tell("send-keys", "-l", "--", "innate\r")
		time.Sleep(after)
		d.tell("send-keys", "-l", "--", "q")
		time.Sleep(4 * frame) // it may not even have begun
		if rest := d.leftOver(); len(rest) > 0 {
			t.Errorf("q after %v leaves %q", after, rest)
		}
	}
}

// TestFaultE2EScreenGoes leaves terminals that have no alternate screen, or keep
// part of it: tmux whose pane grew, GNU screen, and mosh.
func TestFaultE2EScreenGoes(t *testing.T) {
	for _, c := range []struct{ name, needs, shell string }{
		{"tmux", "tmux", ""},
		{"screen", "screen", "echo autodetach off >rc; exec screen -c rc sh -i"},
		{"mosh", "mosh-server", "MOSH_KEY=$(MOSH_SERVER_NETWORK_TMOUT=60 mosh-server new -i 127.0.0.1 -- sh -i 2>/dev/null | sed -n 's/^MOSH CONNECT \\([0-9]*\\) \\(.*\\)$/\\1 \\2/p'); " +
			"set -- $MOSH_KEY; MOSH_KEY=$2 exec mosh-client 127.0.0.1 $1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); err != nil {
				t.Skip(err)
			}
			d := newDesk(t)
			if c.shell != "" {
				d.write(c.shell)
				d.press("enter")
				time.Sleep(time.Second)
				d.write("clear")
				d.press("enter")
				time.Sleep(frame)
			}
			d.write("innate")
			d.press("enter")
			d.wants("no runs yet")
			d.resize(140, 60)
			time.Sleep(3 * frame)
			d.press("q")
			if rest := d.leftOver(); len(rest) > 0 {
				t.Errorf("the screen still has %q", rest)
			}
		})
	}
}
