package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"innate/trainer/ptytest"
)

// emulator is a terminal made of a list of answers: it shows nothing.
type emulator struct {
	t       *testing.T
	person  *os.File // the side of the terminal …
	program *os.File // … and that of the program
	cmd     *exec.Cmd
	left    chan error // the program's end

	mu                       sync.Mutex
	out                      []byte        // all that the program wrote
	reports                  string        // comes before every answer
	open                     int           // questions without an answer yet, of those it knows
	stopped, parked, resumed chan struct{} // closed: shall read nothing, does so, reads again
}

// questions are what terminals can be asked.
var questions = map[string]string{
	"\x1b[c": "DA1", "\x1b[>0q": "XTVERSION", "\x1b[>q": "XTVERSION", "\x1b[?2026$p": "2026", "\x1b[?2027$p": "2027", "\x1b]11;?\a": "OSC 11", "\x1b[?u": "keyboard",
	"\x1b[16t": "16t", "\x1b[14t": "14t", "\x1b[?1;1;0S": "registers", "\x1b[?2;1;0S": "window", "\x1b[?2;4;0S": "limit", "\x1b_Gi=31": "kitty",
}

// emulators answer as these terminals did when they were asked.
var (
	xterm = map[string]string{
		"DA1": "\x1b[?63;1;2;4;6;9;15;16;22;28c", "XTVERSION": "\x1bP>|XTerm(379)\x1b\\", "2026": "\x1b[?2026;0$y", "2027": "\x1b[?2027;0$y",
		"OSC 11": "\x1b]11;rgb:ffff/ffff/ffff\a", "registers": "\x1b[?1;0;1024S", "window": "\x1b[?2;0;840;560S", "limit": "\x1b[?2;0;1000;1000S",
	}
	urxvt = map[string]string{"DA1": "\x1b[?1;2c", "14t": "\x1b[4;560;840t", "2026": "\x1b[?2026;0$y", "2027": "\x1b[?2027;0$y"}
	mosh  = map[string]string{"DA1": "\x1b[?62c"}
	mute  = map[string]string{}
)

// emulate runs innate on a terminal of 120 by 40 cells that answers what it
// knows, each time after a while.
func emulate(t *testing.T, answers map[string]string, after time.Duration, cmd *exec.Cmd, env ...string) *emulator {
	t.Helper()
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "XDG_STATE_HOME="+t.TempDir())
	for _, k := range []string{"INNATE_IMAGES", "INNATE_THEME", "NO_COLOR", "TMUX", "COLORFGBG", "COLORTERM", "SSH_TTY", "TERM_PROGRAM"} {
		cmd.Env = slices.DeleteFunc(cmd.Env, func(v string) bool { return strings.HasPrefix(v, k+"=") })
	}
	cmd.Env = append(cmd.Env, env...)
	e := &emulator{t: t, cmd: cmd, left: make(chan error, 1), stopped: make(chan struct{}), parked: make(chan struct{}), resumed: make(chan struct{})}
	e.person = ptytest.Start(t, cmd)
	fd := int(e.person.Fd())
	check(t, unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Col: 120, Row: 40, Xpixel: 844, Ypixel: 564}))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	check(t, err)
	e.program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	check(t, err)
	go func() { e.left <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		e.program.Close()
	})
	go e.read(answers, after)
	return e
}

// read takes what the program writes, and answers.
func (e *emulator) read(answers map[string]string, after time.Duration) {
	buf := make([]byte, 1<<16)
	seen, stopped := 0, e.stopped
	for {
		n, err := e.person.Read(buf)
		if err != nil {
			return
		}
		select {
		case <-stopped:
			close(e.parked)
			<-e.resumed
			stopped = nil
		default:
		}
		e.mu.Lock()
		e.out = append(e.out, buf[:n]...)
		var answer strings.Builder
	scan:
		for ; seen < len(e.out); seen++ {
			for q, name := range questions {
				if rest := e.out[seen:]; bytes.HasPrefix(rest, []byte(q)) {
					answer.WriteString(answers[name])
				} else if len(rest) < len(q) && strings.HasPrefix(q, string(rest)) {
					break scan // the other half is still to come
				}
			}
		}
		if answer.Len() > 0 {
			e.open++
			time.AfterFunc(after, func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				_, _ = io.WriteString(e.person, e.reports+answer.String())
				e.open--
			})
		}
		e.mu.Unlock()
	}
}

// wrote is what the program has written so far.
func (e *emulator) wrote() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return string(e.out)
}

// shows waits until the program has written text.
func (e *emulator) shows(text string) {
	e.t.Helper()
	waitFor(e.t, fmt.Sprintf("%q on the screen", text), func() bool { return strings.Contains(e.wrote(), text) })
}

func (e *emulator) types(keys string) {
	e.t.Helper()
	_, err := io.WriteString(e.person, keys)
	check(e.t, err)
}

// stalls lets the terminal read nothing any longer, and fills it.
func (e *emulator) stalls() {
	e.t.Helper()
	close(e.stopped)
	check(e.t, e.program.SetWriteDeadline(time.Now().Add(100*time.Millisecond)))
	for err := error(nil); !errors.Is(err, os.ErrDeadlineExceeded); {
		if _, err = e.program.Write(make([]byte, 1024)); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			e.t.Fatal(err)
		}
	}
}

// closes closes the terminal, which takes effect while nobody reads.
func (e *emulator) closes() {
	e.t.Helper()
	close(e.stopped)
	e.types("?")
	<-e.parked
	e.program.Close()
	e.person.Close()
}

// ends waits for the end of the program, and returns how long that took.
func (e *emulator) ends(within time.Duration) time.Duration {
	e.t.Helper()
	start := time.Now()
	select {
	case <-e.left:
	case <-time.After(within):
		e.t.Fatalf("still there after %v; it wrote %q", within, tail(e.wrote(), 200))
	}
	return time.Since(start)
}

// restored fails unless the terminal is as it was found: out of the alternate
// screen, and of raw mode, with nothing to read.
func (e *emulator) restored() {
	e.t.Helper()
	inside := func() bool {
		out := e.wrote()
		return strings.LastIndex(out, "\x1b[?1049h") > strings.LastIndex(out, "\x1b[?1049l")
	}
	for end := time.Now().Add(2 * time.Second); inside() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond) // the reader is behind
	}
	if inside() {
		e.t.Errorf("the alternate screen still shows: %q", tail(e.wrote(), 100))
	}
	fd := int(e.program.Fd()) // blocks from now on
	state, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	check(e.t, err)
	if state.Lflag&(unix.ICANON|unix.ECHO) != unix.ICANON|unix.ECHO {
		e.t.Errorf("local modes %#x, want lines and echo", state.Lflag)
	}
	// Lines count only when they end; what was typed so far shows in raw mode.
	state.Lflag &^= unix.ICANON
	check(e.t, unix.IoctlSetTermios(fd, unix.TCSETS, state))
	n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
	check(e.t, err)
	if n > 0 {
		buf := make([]byte, n)
		n, _ = e.program.Read(buf)
		e.t.Errorf("%q is left to read for the shell", buf[:n])
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.open > 0 {
		e.t.Errorf("the terminal has %d answers to give that nobody waits for", e.open)
	}
}

func tail(s string, n int) string { return s[max(len(s)-n, 0):] }

// outside returns what was asked before the alternate screen showed, or after.
func outside(out string) (asked []string) {
	head, rest, _ := strings.Cut(out, "\x1b[?1049h")
	if i := strings.LastIndex(rest, "\x1b[?1049l"); i >= 0 {
		head += rest[i:]
	}
	for q, name := range questions {
		if strings.Contains(head, q) {
			asked = append(asked, name)
		}
	}
	return asked
}
