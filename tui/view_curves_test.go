package tui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui"
)

// richFake is a run that logs everything.
func richFake() fakeConfig {
	c := defaultFake()
	c.rich = true
	return c
}

func TestCurvesGolden(t *testing.T) {
	for _, size := range viewSizes {
		name := fmt.Sprintf("curves-%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			s, _ := openFake(t, size[0], size[1], richFake(), tui.Options{})
			s.view("curves")
			s.golden(name, size[0], size[1])
		})
	}
	for _, c := range []struct {
		name string
		keys []string
		want string
	}{
		{"cursor", []string{",", "H", "H"}, "live.gen_lr: 0.0005"},
		{"one", []string{"j", "enter", "t", "+"}, "following"},
		{"scalars", []string{"v", "j", "space"}, "Curves of loss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := openFake(t, 120, 40, richFake(), tui.Options{})
			s.view("curves")
			s.app.View() // the cursor moves by columns of what was drawn
			s.press(c.keys...)
			s.wants(c.want)
			s.golden("curves-"+c.name+"-120x40", 120, 40)
		})
	}
}

// TestCurvesKeys tries the keys that change what is seen, and the way back.
func TestCurvesKeys(t *testing.T) {
	s, _ := openFake(t, 120, 40, richFake(), tui.Options{})
	s.press("tab", "tab", "tab", "tab", "enter") // from the dashboard's FID …
	s.wants("›2 curves", "› FID(mnist-cnn)")
	s.press("h")
	s.wants("› loss")
	s.press("j")
	s.wants("› logits")
	s.press("l", "k", "enter")
	s.wants("› FID(mnist-cnn)")
	s.lacks("─ loss", "─ logits")
	s.press("+", "+")
	s.wants("following")
	s.press("<")
	s.wants("parked")
	s.press("f")
	s.wants("following")
	s.press(",")
	s.wants("64.00 kimg  09:40:40")
	s.press("esc") // first the read-out …
	s.lacks("64.00 kimg  09:40:40")
	s.wants("following")
	s.press("esc") // … then the zoom, the single chart, and the view
	s.lacks("following")
	s.press("esc")
	s.wants("─ loss", "› FID(mnist-cnn)")
	s.press("esc")
	s.wants("›1 dashboard")
}

// TestCurvesScalars switches a curve off and on by the menu.
func TestCurvesScalars(t *testing.T) {
	s, _ := openFake(t, 120, 40, richFake(), tui.Options{})
	s.view("curves")
	s.wants("━ disc 1.250")
	s.press("v", "j", "enter")
	s.wants("✓ gen", "›   disc", "✓ r1")
	s.press("esc")
	s.wants("━ gen", "1 hidden")
	s.lacks("━ disc 1.250")
	s.press("v", "j", "enter", "esc")
	s.wants("━ disc 1.250")
	s.lacks("hidden")
}

// TestCurvesMouse clicks into a chart, drags and zooms.
func TestCurvesMouse(t *testing.T) {
	s, _ := openFake(t, 120, 40, richFake(), tui.Options{})
	s.view("curves")
	x, y := s.find("─ logits")
	s.send(click(x+30, y+5))
	s.wants("› logits", " kimg  09:")
	at := s.statusLine()
	s.send(tea.MouseMotionMsg{X: x + 40, Y: y + 5, Button: tea.MouseLeft})
	if s.statusLine() == at {
		t.Error("dragging doesn't move the cursor")
	}
	s.press("esc")
	s.send(tea.MouseWheelMsg{X: x + 30, Y: y + 5, Button: tea.MouseWheelUp})
	s.wants("following")
	before := s.statusLine()
	s.send(click(x+30, y+5))
	s.send(tea.MouseMotionMsg{X: x + 40, Y: y + 5, Button: tea.MouseLeft})
	s.press("esc")
	s.wants("parked")
	if s.statusLine() == before {
		t.Error("dragging doesn't move the window")
	}
	s.send(tea.MouseWheelMsg{X: x + 30, Y: y + 5, Button: tea.MouseWheelDown})
	s.lacks("parked", "following")
}

// statusLine is the line of the curves below their charts.
func (s *screen) statusLine() string {
	lines := s.lines()
	return lines[len(lines)-3]
}

// TestCurvesRemembered changes the charts and opens another workbench, which
// shows them so; the file says only what is unusual.
func TestCurvesRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s, f := openFake(t, 120, 40, richFake(), tui.Options{StateFile: path})
	s.view("curves")
	s.press("y", "s", "x", "x", "t")
	again := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "off", StateFile: path})
	again.load()
	again.wants("›2 curves", "ema 0.9", "min│")
	if n := strings.Count(again.frame(), "log y"); n != 4 { // loss, FID, rates and the footer
		t.Errorf("log y shows %d times, want 4:\n%s", n, again.frame())
	}
	again.press("y")
	b, err := os.ReadFile(path)
	must(t, err)
	if strings.Contains(string(b), "curves/") {
		t.Errorf("a chart set as usual is remembered:\n%s", b)
	}
}

// TestCurvesRewind resumes a run at an earlier checkpoint: the curves lose what
// came later, in the workbench that watched as in one opened afterwards.
func TestCurvesRewind(t *testing.T) {
	s, f := openFake(t, 120, 40, richFake(), tui.Options{})
	s.view("curves")
	w, err := runlog.OpenWriter(f.dir)
	must(t, err)
	defer w.Close()
	must(t, w.Resume(40_000, time.Now(), "resumed at 40 kimg"))
	must(t, w.Tick(runlog.Tick{Nimg: 41_000, Time: epoch.Add(time.Hour), Scalars: map[string]float64{"loss/gen": 0.5, "loss/disc": 0.25}}))
	s.load()
	s.press(",")
	s.wants("41.00 kimg", "gen 0.800 raw 0.5")
	again := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, RunsDir: "runs", Images: "blocks"})
	again.load()
	again.view("curves")
	again.press(",")
	if got, want := s.lines()[3:], again.lines()[3:]; !slices.Equal(got, want) {
		t.Errorf("watched:\n%s\nopened afterwards:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.view("dashboard")
	again.view("dashboard")
	if got, want := s.lines()[3:], again.lines()[3:]; !slices.Equal(got, want) {
		t.Errorf("watched:\n%s\nopened afterwards:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDashboardCursor reads a chart by key and by mouse, with the text of the
// event there.
func TestDashboardCursor(t *testing.T) {
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{})
	s.wants("best 45.42 at 64.00")
	x, y := s.find("❄─") // on the axis of the loss chart
	s.send(click(x, y-4))
	s.wants("16.", "froze dec.28x28_block1.conv0", "09:32:")
	s.send(tea.MouseMotionMsg{X: x + 10, Y: y - 4, Button: tea.MouseLeft})
	s.lacks("froze dec.28x28_block1.conv0 (2 tensors)  ")
	s.press("esc")
	s.lacks("09:32:4")
}

// TestReading draws while a long history is being read: first what there is.
func TestReading(t *testing.T) {
	f := longRun(t)
	s := newScreen(t, 120, 40, tui.Options{RunDir: f.dir, Images: "off"})
	start := time.Now()
	s.app.Update(tui.PollAt(s.app, s.now))
	s.wants("reading the history:", "of 1000 kimg", "running", "━ gen ")
	s.lacks("gen -", "no ticks yet")
	t.Logf("the first frame with curves took %v", time.Since(start))
	s.load()
	s.lacks("reading the history")
	s.wants("● running")
}
