package tui

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/term"
)

// terminal stands between Bubble Tea and the terminal. It keeps every question
// inside the alternate screen, gives the terminal back as it was found, and lets
// none that doesn't read, or has gone, hold up the end.
type terminal struct {
	in, out *os.File
	before  *term.State // of in

	mu     sync.Mutex
	inside bool   // the alternate screen shows
	held   []byte // what was written while it didn't, or precedes its end

	graphemes atomic.Bool // mode 2027 was found set
	lent      sync.Mutex  // held while another program has the terminal

	early struct {
		sync.Mutex
		writing bool // a chunk of before the end is being written
		dropped bool // … and was dropped in part
	}
	work    chan chunk
	over    chan struct{} // closed: nothing waits for the terminal any longer
	gone    chan struct{} // closed: there is no terminal any longer
	setOver func()
	setGone func()
}

// chunk is what one write brings.
type chunk struct {
	bytes []byte
	late  bool // it came when nothing waited any longer
	done  chan error
}

// openTerminal takes standard output, and standard input or, where that is
// something else, the terminal that controls the process.
func openTerminal(getenv func(string) string) (*terminal, error) {
	if !term.IsTerminal(int(os.Stdout.Fd())) {
		return nil, errors.New("tui: standard output is no terminal")
	}
	if getenv("TERM") == "dumb" {
		return nil, errors.New("tui: TERM: got dumb, want a terminal that moves its cursor")
	}
	in := os.Stdin
	if !term.IsTerminal(int(in.Fd())) {
		var err error
		if in, _, err = tea.OpenTTY(); err != nil {
			return nil, fmt.Errorf("tui: standard input is no terminal: %w", err)
		}
	}
	before, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("tui: terminal: %w", err)
	}
	t := &terminal{in: in, out: os.Stdout, before: before, work: make(chan chunk, 64), over: make(chan struct{}), gone: make(chan struct{})}
	t.setOver = sync.OnceFunc(func() { close(t.over) })
	t.setGone = sync.OnceFunc(func() { close(t.gone) })
	go t.pump()
	return t, nil
}

// pump writes, so that nobody else waits for a terminal that doesn't read.
func (t *terminal) pump() {
	for c := range t.work {
		t.early.Lock()
		if t.early.writing = !c.late; c.late && t.early.dropped {
			discardOutput(t.out) // once, to make room for the last few bytes
			t.early.dropped = false
		}
		t.early.Unlock()
		_, err := t.out.Write(c.bytes)
		if errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENXIO) {
			t.setGone()
		}
		t.early.Lock()
		t.early.writing = false
		t.early.Unlock()
		c.done <- err
	}
}

// drop frees a write of before the end that the terminal keeps waiting. It
// never drops anything later, which gives the terminal back.
func (t *terminal) drop() {
	t.early.Lock()
	defer t.early.Unlock()
	if t.early.writing {
		discardOutput(t.out)
		t.early.dropped = true
	}
}

// Write writes p, unless it belongs inside an alternate screen that doesn't show:
// then it waits for that. It returns when the terminal has taken everything, or
// when nothing waits for it any longer.
func (t *terminal) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.arrange(p)
	if len(out) == 0 {
		return len(p), nil
	}
	c := chunk{out, t.ended(), make(chan error, 1)}
	select {
	case t.work <- c:
	default: // 64 writes behind: nobody has waited for a long time
		return len(p), nil
	}
	select {
	case err := <-c.done:
		return len(p), err
	case <-t.over:
		return len(p), nil
	}
}

// Fd, Read and Close are what Bubble Tea asks of a terminal besides.
func (t *terminal) Fd() uintptr                { return t.out.Fd() }
func (t *terminal) Read(p []byte) (int, error) { return t.out.Read(p) }
func (t *terminal) Close() error               { return t.out.Close() }

const (
	pushTitle = "\x1b[22;2t"
	popTitle  = "\x1b[23;2t"
	// blank is for terminals that have no alternate screen, such as mosh, or keep
	// part of it, as tmux does when a pane grew.
	blank = "\x1b[m\x1b[H\x1b[2J"
)

// arrange puts what is written into the order in which a terminal should get it.
// Bubble Tea writes the change to the alternate screen, and back, in one piece
// with what it sets and resets besides.
func (t *terminal) arrange(p []byte) []byte {
	if before, after, ok := bytes.Cut(p, []byte(ansi.SetModeAltScreenSaveCursor)); ok {
		// Questions come first: what a terminal prints of one it doesn't know is
		// cleared by the frame. Nobody needs the answer to Bubble Tea's own, which
		// would come after the last one that is waited for.
		after = bytes.Replace(after, []byte(ansi.RequestKittyKeyboard), nil, 1)
		out := slices.Concat(before, []byte(pushTitle+ansi.SetModeAltScreenSaveCursor), t.held, after)
		t.inside, t.held = true, nil
		return out
	}
	if before, after, ok := bytes.Cut(p, []byte(ansi.ResetModeAltScreenSaveCursor)); ok {
		end := popTitle
		if t.graphemes.Load() {
			end += ansi.SetModeUnicodeCore
		}
		t.inside = false
		cut := t.held
		t.held = nil
		return slices.Concat(cut, before, []byte(blank+ansi.ResetModeAltScreenSaveCursor), after, []byte(end))
	}
	if t.inside {
		return slices.Clone(p) // Bubble Tea uses p again when nothing waits any longer
	}
	t.held = append(t.held, p...)
	return nil
}

// end lets nothing wait for the terminal any longer. What it still gets begins
// with the end of a string sequence that may have been cut off: until ST, tmux
// takes everything for part of it.
func (t *terminal) end() {
	t.setOver()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = []byte("\x1b\\")
}

func (t *terminal) ended() bool {
	select {
	case <-t.over:
		return true
	default:
		return false
	}
}

// close waits until the terminal has taken what it was sent, but not for long,
// and sets it as it was. With unanswered questions, it drops what came in.
func (t *terminal) close(unanswered bool) {
	last := chunk{nil, true, make(chan error, 1)}
	t.work <- last
	for try, done := 0, false; try < stallTries && !done; try++ {
		select {
		case <-last.done: //nolint:errcheck // nobody is left whom a failed write concerns
			done = true
		case <-time.After(stallWait):
			t.drop()
		}
	}
	if unanswered {
		discardInput(t.in)
	}
	_ = term.Restore(int(t.in.Fd()), t.before)
}

// keyboard is what Bubble Tea reads from. The end of input is that of the
// terminal.
type keyboard struct {
	*os.File
	t *terminal
}

func (k keyboard) Read(p []byte) (int, error) {
	n, err := k.File.Read(p)
	if err != nil {
		k.t.setGone()
	}
	return n, err
}

// editor is a program that has the terminal to itself until it ends.
type editor struct {
	*exec.Cmd
	t *terminal
}

// Run gives the program the terminal itself rather than what stands before it,
// which would be a pipe to it.
func (e editor) Run() error {
	if t := e.t; t != nil {
		t.lent.Lock()
		defer t.lent.Unlock()
		e.Stdin, e.Stdout, e.Stderr = t.in, t.out, os.Stderr
	}
	return e.Cmd.Run()
}

// SetStdin, SetStdout and SetStderr are for Bubble Tea, which would have its own.
func (e editor) SetStdin(r io.Reader)  { e.Stdin = r }
func (e editor) SetStdout(w io.Writer) { e.Stdout = w }
func (e editor) SetStderr(w io.Writer) { e.Stderr = w }
