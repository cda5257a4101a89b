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
)

func click(x, y int) tea.Msg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }

// find returns the cell where text starts.
func (s *screen) find(text string) (x, y int) {
	s.tb.Helper()
	for y, line := range s.lines() {
		if before, _, ok := strings.Cut(line, text); ok {
			return len([]rune(before)), y
		}
	}
	s.tb.Fatalf("no %q in\n%s", text, s.frame())
	return 0, 0
}

func TestMouse(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{})
	if s.app.View().MouseMode != tea.MouseModeNone {
		t.Error("the mouse is on at first")
	}
	s.press("m")
	if s.app.View().MouseMode == tea.MouseModeNone {
		t.Error("m doesn't switch the mouse on")
	}
	for _, name := range tui.ViewNames() {
		s.send(click(s.find(name)))
		s.wants("›", name)
		if _, y := s.find("›"); y != 0 {
			t.Errorf("%s isn't marked", name)
		}
	}
	s.view("dashboard")
	s.send(click(s.find("Samples ─")))
	s.wants("← h older")
	s.send(click(s.find("Layers ─")))
	s.wants("space freeze")
	x, y := s.find("layer0")
	s.send(tea.MouseWheelMsg{X: x, Y: y, Button: tea.MouseWheelDown})
	if row := s.lines()[y+2]; !strings.Contains(row, "›") {
		t.Errorf("the wheel didn't move the cursor by three: %q", row)
	}
	s.press("?")
	s.send(click(20, 10)) // goes nowhere
	s.wants("Help")
}

func TestMouseRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"00001-a", "00002-b"} {
		newFakeRun(t, "runs", name, fakeConfig{noFiles: true})
	}
	s := newScreen(t, 100, 30, tui.Options{RunsDir: "runs", Images: "off"})
	s.load()
	s.wants("›  ● new       00002-b")
	s.send(click(s.find("00001-a")))
	s.wants("›  ● new       00001-a")
	s.send(click(s.find("00001-a")))
	s.load()
	s.wants("00001-a", "not started yet")
}

func TestCopy(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	s.press("c")
	abs, err := filepath.Abs(f.dir)
	must(t, err)
	s.wants("copied path " + abs[:min(len(abs), 60)])
}

// TestGarbageTrainer answers with what no trainer would, or not at all: the
// screen says so and keeps working.
func TestGarbageTrainer(t *testing.T) {
	s, f := openFake(t, 120, 40, defaultFake(), tui.Options{})
	l, err := net.Listen("unix", filepath.Join(f.dir, run.SocketFile))
	must(t, err)
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
	s.send(tui.PingNow(s.app))
	s.wants("the trainer doesn't answer")
	s.exact(120, 40)
	start := time.Now()
	s.app.Update(keyPress("P")) // its command would wait for the trainer
	s.app.Update(keyPress("2"))
	s.wants("›2 curves")
	if d := time.Since(start); d > time.Second {
		t.Errorf("two keys took %v", d)
	}
}

// TestPanic checks that the terminal is restored when drawing panics.
func TestPanic(t *testing.T) {
	s, _ := openFake(t, 80, 24, defaultFake(), tui.Options{})
	devnull, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	must(t, err)
	defer devnull.Close()
	stderr := os.Stderr
	os.Stderr = devnull // Bubble Tea prints the stack there
	defer func() { os.Stderr = stderr }()
	var out bytes.Buffer
	p := tea.NewProgram(s.app, tea.WithInput(new(bytes.Buffer)), tea.WithOutput(&out), tea.WithWindowSize(80, 24), tea.WithoutSignals())
	time.AfterFunc(500*time.Millisecond, func() { p.Send(tui.PanicMsg(s.app)) })
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
