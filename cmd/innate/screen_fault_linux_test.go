package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFaultAnswersWaitedFor leaves at once, while the answers of a slow terminal
// are still on their way: none must be left for the shell.
func TestFaultAnswersWaitedFor(t *testing.T) {
	for name, answers := range map[string]map[string]string{"xterm": xterm, "urxvt": urxvt, "mosh": mosh} {
		t.Run(name, func(t *testing.T) {
			e := emulate(t, answers, 300*time.Millisecond, newProgram(t).command())
			e.types("q")
			e.ends(20 * time.Second)
			e.restored()
		})
	}
}

// TestFaultMouseReports leaves while the mouse moves: a slow terminal reports that
// until it is asked to stop.
func TestFaultMouseReports(t *testing.T) {
	e := emulate(t, xterm, 200*time.Millisecond, newProgram(t).command())
	e.shows("no runs yet")
	e.types("m")
	e.shows("\x1b[?1002h")
	e.mu.Lock()
	e.reports = "\x1b[<35;10;10M"
	e.mu.Unlock()
	e.types("q")
	for strings.LastIndex(e.wrote(), "\x1b[?1002l") < 0 {
		e.types(e.reports)
		time.Sleep(10 * time.Millisecond)
	}
	e.ends(20 * time.Second)
	e.restored()
}

// TestFaultQuestionsInside checks that nothing is asked outside the alternate
// screen, where what a terminal prints of a question would stay, and that what
// comes last is DA1.
func TestFaultQuestionsInside(t *testing.T) {
	e := emulate(t, xterm, 0, newProgram(t).command())
	e.shows("no runs yet")
	e.types("q")
	e.ends(20 * time.Second)
	e.restored()
	out := e.wrote()
	if asked := outside(out); len(asked) > 0 {
		t.Errorf("asked outside the alternate screen: %v", asked)
	}
	fence := strings.LastIndex(out, "\x1b[c")
	for q, name := range questions {
		if i := strings.LastIndex(out, q); i > fence {
			t.Errorf("%s is asked after the last DA1", name)
		}
	}
	if strings.Contains(out, "\x1b_G") {
		t.Error("xterm is asked for kitty's pictures, which it doesn't know")
	}
}

// TestFaultMuteTerminal leaves a terminal that answers nothing, at once and
// later: it must not take longer than a slow answer.
func TestFaultMuteTerminal(t *testing.T) {
	e := emulate(t, mute, 0, newProgram(t).command())
	e.shows("no runs yet")
	e.types("q")
	if took := e.ends(20 * time.Second); took > 10*time.Second {
		t.Errorf("left after %v", took)
	}
	e.restored()
}

// TestFaultScreenGoes checks that the last frame is cleared before the alternate
// screen is left, for terminals that have none, and that title and modes are given
// back.
func TestFaultScreenGoes(t *testing.T) {
	grapheme := map[string]string{"DA1": "\x1b[?1;2c", "2027": "\x1b[?2027;1$y"}
	e := emulate(t, grapheme, 0, newProgram(t).command())
	e.shows("no runs yet")
	e.types("q")
	e.ends(20 * time.Second)
	e.restored()
	out := e.wrote()
	if !strings.Contains(out, "\x1b[H\x1b[2J\x1b[?1049l") {
		t.Errorf("the last frame stays where there is no alternate screen: %q", tail(out, 200))
	}
	title, back := strings.Index(out, "\x1b]2;innate"), strings.LastIndex(out, "\x1b[23;2t")
	if push := strings.Index(out, "\x1b[22;2t"); push < 0 || push > title || back < strings.LastIndex(out, "\x1b]2;") {
		t.Errorf("the title is kept at %d, set at %d and given back at %d", push, title, back)
	}
	if set := strings.LastIndex(out, "\x1b[?2027h"); set < strings.LastIndex(out, "\x1b[?2027l") {
		t.Error("mode 2027 was set before, and is not any longer")
	}
}

// TestFaultScreenSignals ends the screen by signals; a terminal that reads is given
// back.
func TestFaultScreenSignals(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(s.String(), func(t *testing.T) {
			e := emulate(t, xterm, 0, newProgram(t).command())
			e.shows("no runs yet")
			check(t, e.cmd.Process.Signal(s))
			e.ends(20 * time.Second)
			e.restored()
		})
	}
}

// TestFaultStalledTerminal ends the screen while the terminal reads nothing.
func TestFaultStalledTerminal(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(s.String(), func(t *testing.T) {
			e := emulate(t, xterm, 0, newProgram(t).command())
			e.shows("no runs yet")
			e.stalls()
			e.types("?") // a frame to write
			time.Sleep(2 * frame)
			check(t, e.cmd.Process.Signal(s))
			if took := e.ends(20 * time.Second); took > 8*time.Second {
				t.Errorf("it took %v to end", took)
			}
			close(e.resumed)
			e.restored()
		})
	}
}

// TestFaultOrphan closes the terminal under a screen that ignores SIGHUP.
func TestFaultOrphan(t *testing.T) {
	p := newProgram(t)
	plain := p.command()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `trap "" HUP; exec "$0"`, plain.Path)
	cmd.Env, cmd.Dir = plain.Env, plain.Dir
	e := emulate(t, xterm, 0, cmd)
	e.shows("no runs yet")
	e.closes()
	e.ends(20 * time.Second)
}

// TestFaultNoTerminal checks that the workbench does not write its screen, and
// questions, into a pipe or on a terminal that would print them.
func TestFaultNoTerminal(t *testing.T) {
	p := newProgram(t)
	p.refused("standard output is no terminal")
	e := emulate(t, mute, 0, p.command(), "TERM=dumb")
	e.shows("TERM: got dumb")
	e.ends(20 * time.Second)
	if out := e.wrote(); strings.Contains(out, "\x1b") {
		t.Errorf("a dumb terminal gets %q", out)
	}
}
