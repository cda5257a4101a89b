package tui_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

func TestMouse(t *testing.T) {
	s, _ := tuitest.Open(t, 140, 40, tuitest.Default(), tui.Options{})
	if s.App.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is on at first")
	}
	s.Press("m")
	if s.App.View().MouseMode == tea.MouseModeNone {
		t.Error("m doesn't switch the mouse on")
	}
	for _, name := range tui.ViewNames() {
		s.Send(tuitest.Click(s.Find(name)))
		s.Wants("›", name)
		if _, y := s.Find("›"); y != 0 {
			t.Errorf("%s isn't marked", name)
		}
	}
	s.View("dashboard")
	s.Send(tuitest.Click(s.Find("Samples ─")))
	s.Wants("← h older")
	s.Send(tuitest.Click(s.Find("Layers ─")))
	s.Wants("space freeze")
	x, y := s.Find("layer0")
	s.Send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	if row := s.Lines()[y+2]; !strings.Contains(row, "›") {
		t.Errorf("the wheel didn't move the cursor by three: %q", row)
	}
	s.Press("?")
	s.Send(tuitest.Click(20, 10)) // goes nowhere
	s.Wants("Help")
}

func TestMouseRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"00001-a", "00002-b"} {
		tuitest.NewFake(t, "runs", name, tuitest.Config{NoFiles: true})
	}
	s := tuitest.New(t, 100, 30, tui.Options{RunsDir: "runs", Images: "off"})
	s.Load()
	s.Wants("›  ● new       00002-b")
	s.Send(tuitest.Click(s.Find("00001-a")))
	s.Wants("›  ● new       00001-a")
	s.Send(tuitest.Click(s.Find("00001-a")))
	s.Load()
	s.Wants("00001-a", "not started yet")
}

func TestCopy(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.Press("c")
	abs, err := filepath.Abs(f.Dir)
	tuitest.Must(t, err)
	s.Wants("copied path " + abs[:min(len(abs), 60)])
}

// TestGarbageTrainer answers with what no trainer would, or not at all: the
// screen says so and keeps working.
func TestGarbageTrainer(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	l, err := net.Listen("unix", filepath.Join(f.Dir, run.SocketFile))
	tuitest.Must(t, err)
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\x1b[2J{]\xff\n\n"))
			c.Close()
		}
	}()
	s.Send(s.App.Run().Ping(0)())
	s.Wants("the trainer doesn't answer")
	s.Exact(120, 40)
	start := time.Now()
	s.App.Update(tuitest.KeyPress("P")) // its command would wait for the trainer
	s.App.Update(tuitest.KeyPress("2"))
	s.Wants("›2 curves")
	if d := time.Since(start); d > time.Second {
		t.Errorf("two keys took %v", d)
	}
}

// TestPanic checks that the terminal is restored when drawing panics.
func TestPanic(t *testing.T) {
	s, _ := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	devnull, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	tuitest.Must(t, err)
	defer devnull.Close()
	stderr := os.Stderr
	os.Stderr = devnull // Bubble Tea prints the stack there
	defer func() { os.Stderr = stderr }()
	var out bytes.Buffer
	p := tea.NewProgram(s.App, tea.WithInput(new(bytes.Buffer)), tea.WithOutput(&out), tea.WithWindowSize(80, 24), tea.WithoutSignals())
	time.AfterFunc(500*time.Millisecond, func() { p.Send(tui.PanicMsg(s.App)) })
	_, err = p.Run()
	if err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("error %v, want a panic", err)
	}
	entered, left := strings.LastIndex(out.String(), "\x1b[?1049h"), strings.LastIndex(out.String(), "\x1b[?1049l")
	if entered < 0 || left < entered {
		t.Errorf("alternate screen entered at %d, left at %d", entered, left)
	}
	if !strings.HasSuffix(strings.TrimRight(out.String()[left:], "\r\n"), "\x1b[?25h") && !strings.Contains(out.String()[left:], "\x1b[?25h") {
		t.Errorf("the cursor stays hidden: %q", out.String()[left:])
	}
}
