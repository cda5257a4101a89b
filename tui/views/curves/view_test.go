package curves_test

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
	"innate/tui/tuitest"
)

// richFake is a run that logs everything.
func richFake() tuitest.Config {
	c := tuitest.Default()
	c.Rich = true
	return c
}

func TestCurvesGolden(t *testing.T) {
	for _, size := range tuitest.ViewSizes {
		name := fmt.Sprintf("curves-%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			s, _ := tuitest.Open(t, size[0], size[1], richFake(), tui.Options{})
			s.View("curves")
			s.Golden(name, size[0], size[1])
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
			s, _ := tuitest.Open(t, 120, 40, richFake(), tui.Options{})
			s.View("curves")
			s.App.View() // the cursor moves by columns of what was drawn
			s.Press(c.keys...)
			s.Wants(c.want)
			s.Golden("curves-"+c.name+"-120x40", 120, 40)
		})
	}
}

// TestCurvesKeys tries the keys that change what is seen, and the way back.
func TestCurvesKeys(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, richFake(), tui.Options{})
	s.Press("tab", "tab", "tab", "tab", "enter") // from the dashboard's FID …
	s.Wants("›2 curves", "› FID(mnist-cnn)")
	s.Press("h")
	s.Wants("› loss")
	s.Press("j")
	s.Wants("› logits")
	s.Press("l", "k", "enter")
	s.Wants("› FID(mnist-cnn)")
	s.Lacks("─ loss", "─ logits")
	s.Press("+", "+")
	s.Wants("following")
	s.Press("<")
	s.Wants("parked")
	s.Press("f")
	s.Wants("following")
	s.Press(",")
	s.Wants("64.00 kimg  09:40:40")
	s.Press("esc") // first the read-out …
	s.Lacks("64.00 kimg  09:40:40")
	s.Wants("following")
	s.Press("esc") // … then the zoom, the single chart, and the view
	s.Lacks("following")
	s.Press("esc")
	s.Wants("─ loss", "› FID(mnist-cnn)")
	s.Press("esc")
	s.Wants("›1 dashboard")
}

// TestCurvesScalars switches a curve off and on by the menu.
func TestCurvesScalars(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, richFake(), tui.Options{})
	s.View("curves")
	s.Wants("━ disc 1.250")
	s.Press("v", "j", "enter")
	s.Wants("✓ gen", "›   disc", "✓ r1")
	s.Press("esc")
	s.Wants("━ gen", "1 hidden")
	s.Lacks("━ disc 1.250")
	s.Press("v", "j", "enter", "esc")
	s.Wants("━ disc 1.250")
	s.Lacks("hidden")
}

// TestCurvesMouse clicks into a chart, drags and zooms.
func TestCurvesMouse(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, richFake(), tui.Options{})
	s.View("curves")
	x, y := s.Find("─ logits")
	s.Send(tuitest.Click(x+30, y+5))
	s.Wants("› logits", " kimg  09:")
	at := statusLine(s)
	s.Send(tea.MouseMotionMsg{X: x + 40, Y: y + 5, Button: tea.MouseLeft})
	if statusLine(s) == at {
		t.Error("dragging doesn't move the cursor")
	}
	s.Press("esc")
	s.Send(tea.MouseWheelMsg{X: x + 30, Y: y + 5, Button: tea.MouseWheelUp})
	s.Wants("following")
	before := statusLine(s)
	s.Send(tuitest.Click(x+30, y+5))
	s.Send(tea.MouseMotionMsg{X: x + 40, Y: y + 5, Button: tea.MouseLeft})
	s.Press("esc")
	s.Wants("parked")
	if statusLine(s) == before {
		t.Error("dragging doesn't move the window")
	}
	s.Send(tea.MouseWheelMsg{X: x + 30, Y: y + 5, Button: tea.MouseWheelDown})
	s.Lacks("parked", "following")
}

// statusLine is the line of the curves below their charts.
func statusLine(s *tuitest.Screen) string {
	lines := s.Lines()
	return lines[len(lines)-3]
}

// TestCurvesRemembered changes the charts and opens another workbench, which
// shows them so; the file says only what is unusual.
func TestCurvesRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	s, f := tuitest.Open(t, 120, 40, richFake(), tui.Options{StateFile: path})
	s.View("curves")
	s.Press("y", "s", "x", "x", "t")
	again := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "off", StateFile: path})
	again.Load()
	again.Wants("›2 curves", "ema 0.9", "min│")
	if n := strings.Count(again.Frame(), "log y"); n != 4 { // loss, FID, rates and the footer
		t.Errorf("log y shows %d times, want 4:\n%s", n, again.Frame())
	}
	again.Press("y")
	b, err := os.ReadFile(path)
	tuitest.Must(t, err)
	if strings.Contains(string(b), "curves/") {
		t.Errorf("a chart set as usual is remembered:\n%s", b)
	}
}

// TestCurvesRewind resumes a run at an earlier checkpoint: the curves lose what
// came later, in the workbench that watched as in one opened afterwards.
func TestCurvesRewind(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, richFake(), tui.Options{})
	s.View("curves")
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	tuitest.Must(t, w.Resume(40_000, time.Now(), "resumed at 40 kimg"))
	tuitest.Must(t, w.Tick(runlog.Tick{Nimg: 41_000, Time: tuitest.Epoch.Add(time.Hour), Scalars: map[string]float64{"loss/gen": 0.5, "loss/disc": 0.25}}))
	s.Load()
	s.Press(",")
	s.Wants("41.00 kimg", "gen 0.800 raw 0.5")
	again := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "blocks"})
	again.Load()
	again.View("curves")
	again.Press(",")
	if got, want := s.Lines()[3:], again.Lines()[3:]; !slices.Equal(got, want) {
		t.Errorf("watched:\n%s\nopened afterwards:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	s.View("dashboard")
	again.View("dashboard")
	if got, want := s.Lines()[3:], again.Lines()[3:]; !slices.Equal(got, want) {
		t.Errorf("watched:\n%s\nopened afterwards:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestDashboardCursor reads a chart by key and by mouse, with the text of the
// event there.
func TestDashboardCursor(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.Wants("best 45.42 at 64.00")
	x, y := s.Find("❄─") // on the axis of the loss chart
	s.Send(tuitest.Click(x, y-4))
	s.Wants("16.", "froze dec.28x28_block1.conv0", "09:32:")
	s.Send(tea.MouseMotionMsg{X: x + 10, Y: y - 4, Button: tea.MouseLeft})
	s.Lacks("froze dec.28x28_block1.conv0 (2 tensors)  ")
	s.Press("esc")
	s.Lacks("09:32:4")
}

// TestReading draws while a long history is being read: first what there is.
func TestReading(t *testing.T) {
	f := tuitest.LongRun(t)
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, Images: "off"})
	start := time.Now()
	s.App.Update(s.App.Look(s.Now))
	s.Wants("reading the history:", "of 1000 kimg", "running", "━ gen ")
	s.Lacks("gen -", "no ticks yet")
	t.Logf("the first frame with curves took %v", time.Since(start))
	s.Load()
	s.Lacks("reading the history")
	s.Wants("● running")
}
