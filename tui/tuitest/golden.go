package tuitest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/golden"
	"innate/trainer/run"
	"innate/tui"
)

// Golden compares the frame with testdata/name.golden, and checks that it fills
// the screen exactly.
func (s *Screen) Golden(name string, w, h int) {
	s.TB.Helper()
	s.Exact(w, h)
	var b strings.Builder
	for _, line := range s.Lines() {
		// Cells of kitty and sixel fillers are told from plain space.
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	golden.Check(s.TB, filepath.Join(goldenDir, name+".golden"), []byte(b.String()))
}

// Exact checks that the frame is h lines of w cells, as the renderer counts.
func (s *Screen) Exact(w, h int) {
	s.TB.Helper()
	content := s.App.View().Content
	lines := strings.Split(content, "\n")
	if len(lines) != h {
		s.TB.Errorf("%d lines, want %d", len(lines), h)
	}
	for y, line := range lines {
		if n := ansi.StringWidth(line); n != w {
			s.TB.Errorf("line %d is %d cells wide, want %d: %q", y, n, w, ansi.Strip(line))
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
			s.TB.Errorf("line %d: renderer shows %q, want %q", y, got, want)
		}
	}
}

// Open makes a run under a temporary working directory, so that no frame
// shows where it is, and opens it with blocks for images.
func Open(t *testing.T, w, h int, c Config, opts tui.Options) (*Screen, *Fake) {
	t.Helper()
	t.Chdir(t.TempDir())
	f := NewFake(t, "runs", "00003-mnist-gdd-i", c)
	if run.Active(c.State) {
		f.Hold(t)
	}
	opts.RunDir, opts.RunsDir = f.Dir, "runs"
	if opts.Images == "" {
		opts.Images = "blocks"
	}
	s := New(t, w, h, opts)
	s.Load()
	return s, f
}

// GoldenView compares a view of a fake run with testdata/view-NAME-WxH.golden in
// every size of ViewSizes; prepare, if any, brings it into an interesting state.
func GoldenView(t *testing.T, name string, c Config, opts tui.Options, prepare func(*Screen, *Fake)) {
	t.Helper()
	GoldenViewAs(t, name, name, c, opts, prepare)
}

// GoldenViewAs is goldenView with another name for the files: of one view in
// several states.
func GoldenViewAs(t *testing.T, name, as string, c Config, opts tui.Options, prepare func(*Screen, *Fake)) {
	t.Helper()
	for _, size := range ViewSizes {
		w, h := size[0], size[1]
		file := fmt.Sprintf("view-%s-%dx%d", as, w, h)
		t.Run(file, func(t *testing.T) {
			s, f := Open(t, w, h, c, opts)
			s.View(name)
			if prepare != nil {
				prepare(s, f)
			}
			s.Golden(file, w, h)
		})
	}
}

// ViewSizes are the columns and rows of golden files.
var ViewSizes = [][2]int{{80, 24}, {120, 40}, {200, 60}}

// goldenDir is where the golden files of the package under test lie.
var goldenDir = func() string {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Join(wd, "testdata")
}()

// SizeOf is the message of a terminal of w by h cells.
func SizeOf(w, h int) tea.WindowSizeMsg { return tea.WindowSizeMsg{Width: w, Height: h} }

// Click is a click of the left button.
func Click(x, y int) tea.Msg { return tea.MouseClickMsg{X: x, Y: y, Button: tea.MouseLeft} }

// Find returns the cell where text starts.
func (s *Screen) Find(text string) (x, y int) {
	s.TB.Helper()
	for y, line := range s.Lines() {
		if before, _, ok := strings.Cut(line, text); ok {
			return len([]rune(before)), y
		}
	}
	s.TB.Fatalf("no %q in\n%s", text, s.Frame())
	return 0, 0
}
