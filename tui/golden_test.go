package tui_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/golden"
	"innate/trainer/run"
	"innate/tui"
)

// golden compares the frame with testdata/name.golden, and checks that it fills
// the screen exactly.
func (s *screen) golden(name string, w, h int) {
	s.tb.Helper()
	s.exact(w, h)
	var b strings.Builder
	for _, line := range s.lines() {
		// Cells of kitty and sixel fillers are told from plain space.
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	golden.Check(s.tb, filepath.Join(goldenDir, name+".golden"), []byte(b.String()))
}

// exact checks that the frame is h lines of w cells, as the renderer counts.
func (s *screen) exact(w, h int) {
	s.tb.Helper()
	content := s.app.View().Content
	lines := strings.Split(content, "\n")
	if len(lines) != h {
		s.tb.Errorf("%d lines, want %d", len(lines), h)
	}
	for y, line := range lines {
		if n := ansi.StringWidth(line); n != w {
			s.tb.Errorf("line %d is %d cells wide, want %d: %q", y, n, w, ansi.Strip(line))
		}
	}
	buf := uv.NewScreenBuffer(w, h)
	uv.NewStyledString(content).Draw(buf, buf.Bounds())
	for y, line := range lines {
		var b strings.Builder
		for x := range w {
			if c := buf.CellAt(x, y); c != nil {
				b.WriteString(c.Content)
			}
		}
		if got, want := strings.TrimRight(b.String(), " "), strings.TrimRight(ansi.Strip(line), " "); got != want {
			s.tb.Errorf("line %d: renderer shows %q, want %q", y, got, want)
		}
	}
}

var goldenDir string

func TestMain(m *testing.M) {
	flag.Parse()
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	goldenDir = filepath.Join(wd, "testdata")
	os.Exit(m.Run())
}

// openFake makes a run under a temporary working directory, so that no frame
// shows where it is, and opens it with blocks for images.
func openFake(t *testing.T, w, h int, c fakeConfig, opts tui.Options) (*screen, *fakeRun) {
	t.Helper()
	t.Chdir(t.TempDir())
	f := newFakeRun(t, "runs", "00003-mnist-gdd-i", c)
	if run.Active(c.state) {
		f.hold(t)
	}
	opts.RunDir, opts.RunsDir = f.dir, "runs"
	if opts.Images == "" {
		opts.Images = "blocks"
	}
	s := newScreen(t, w, h, opts)
	s.load()
	return s, f
}

// goldenView compares a view of a fake run with testdata/view-NAME-WxH.golden in
// every size of viewSizes; prepare, if any, brings it into an interesting state.
func goldenView(t *testing.T, name string, c fakeConfig, opts tui.Options, prepare func(*screen, *fakeRun)) {
	t.Helper()
	goldenViewAs(t, name, name, c, opts, prepare)
}

// goldenViewAs is goldenView with another name for the files: of one view in
// several states.
func goldenViewAs(t *testing.T, name, as string, c fakeConfig, opts tui.Options, prepare func(*screen, *fakeRun)) {
	t.Helper()
	for _, size := range viewSizes {
		w, h := size[0], size[1]
		file := fmt.Sprintf("view-%s-%dx%d", as, w, h)
		t.Run(file, func(t *testing.T) {
			s, f := openFake(t, w, h, c, opts)
			s.view(name)
			if prepare != nil {
				prepare(s, f)
			}
			s.golden(file, w, h)
		})
	}
}

var viewSizes = [][2]int{{80, 24}, {120, 40}, {200, 60}}

// TestGoldenViews draws every view of a run but the dashboard.
func TestGoldenViews(t *testing.T) {
	for _, name := range tui.ViewNames()[1:] {
		goldenView(t, name, defaultFake(), tui.Options{}, nil)
	}
}

func TestGoldenDashboard(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}, {200, 60}, {180, 36}, {60, 18}} {
		name := fmt.Sprintf("run-%dx%d", size[0], size[1])
		t.Run(name, func(t *testing.T) {
			s, _ := openFake(t, size[0], size[1], defaultFake(), tui.Options{})
			s.golden(name, size[0], size[1])
		})
	}
}

func TestGoldenASCII(t *testing.T) {
	s, _ := openFake(t, 80, 24, defaultFake(), tui.Options{ASCII: true})
	s.golden("run-ascii-80x24", 80, 24)
	for _, r := range s.frame() {
		if r > 0x7e {
			t.Fatalf("frame has %q (%U), want only ASCII", r, r)
		}
	}
}

func TestGoldenStates(t *testing.T) {
	starting := fakeConfig{ticks: 0, tickK: 1, fidEach: 1, state: run.StateStarting}
	dead := defaultFake()
	dead.state = run.StateRunning
	cases := []struct {
		name string
		c    fakeConfig
		then func(*screen, *fakeRun)
		want []string
	}{
		{"starting", starting, nil, []string{"starting", "the graph is being compiled", "no samples yet"}},
		{"dead", dead, func(s *screen, f *fakeRun) { f.release(); s.now = s.now.Add(time.Second); s.load() },
			[]string{"✗ dead", "the trainer died at 64.0 kimg: r resumes from 60.0 kimg"}},
		{"refused", defaultFake(), func(s *screen, f *fakeRun) {
			f.status.ConfigError = "config.toml:14: live.gen_lr: -0.0001, want > 0"
			must(s.tb, run.WriteStatus(f.dir, f.status))
			s.load()
		}, []string{"config.toml:14: live.gen_lr: -0.0001, want > 0 (the old settings keep running)", "● running"}},
		{"paused", fakeConfig{ticks: 16, tickK: 1, fidEach: 8, samples: 1, state: run.StatePaused}, nil, []string{"‖ paused"}},
		{"done", fakeConfig{ticks: 100, tickK: 1, fidEach: 8, samples: 1, state: run.StateDone}, nil, []string{"✓ done", "100 %"}},
		{"new", fakeConfig{noFiles: true}, nil, []string{"not started yet"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, f := openFake(t, 100, 32, c.c, tui.Options{})
			if c.then != nil {
				c.then(s, f)
			}
			s.wants(c.want...)
			s.golden("state-"+c.name, 100, 32)
		})
	}
}

func TestGoldenOverlays(t *testing.T) {
	preset := func(names []string, p string) ([]string, error) {
		if p == "none" {
			return nil, nil
		}
		var out []string
		for _, n := range names {
			if strings.Contains(n, "conv") || strings.Contains(n, "qkv") && strings.Contains(p, "qkv") {
				out = append(out, n)
			}
		}
		return out, nil
	}
	s, _ := openFake(t, 120, 40, defaultFake(), tui.Options{Frozen: frozenBy(preset)})
	s.press("p")
	s.golden("menu-120x40", 120, 40)
	s.press("esc", "?")
	s.golden("help-120x40", 120, 40)
	s.press("esc", "S")
	s.golden("confirm-120x40", 120, 40)
	s.press("n", "tab", "tab", "tab", "left", "left", "left", "left", "left", "left", "left", "left")
	s.golden("cursor-120x40", 120, 40)
	s.press("tab", "tab", "/", "q", "k", "v")
	s.golden("filter-120x40", 120, 40)
}
