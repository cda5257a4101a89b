package samples_test

import (
	"innate/tui/views/samples"

	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

func viewOf(s *tuitest.Screen) *samples.View { return tuitest.ViewOf[*samples.View](s) }

// samplesFake is a run with twelve grids.
func samplesFake() tuitest.Config {
	c := tuitest.Default()
	c.Samples = 0
	return c
}

// openSamples opens the view of samples of a run with n grids, 4 kimg apart.
func openSamples(t *testing.T, w, h, n int, opts tui.Options) (*tuitest.Screen, *tuitest.Fake) {
	t.Helper()
	s, f := tuitest.Open(t, w, h, samplesFake(), opts)
	for i := range n {
		f.WriteSample(t, 4*(i+1), uint64(i))
	}
	s.Load()
	s.View("samples")
	s.Raw = nil
	return s, f
}

// drawTeacher is an Options.Teacher that copies one of the run's grids.
func drawTeacher(_ context.Context, dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, run.SamplesDir, "000004000.png"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, run.SamplesDir, "teacher.png")
	return path, os.WriteFile(path, b, 0o644)
}

func TestSamplesGolden(t *testing.T) {
	for _, c := range []struct {
		name   string
		grids  int
		images string
		keys   []string
	}{
		{"grid", 16, "blocks", []string{",", ",", ","}},
		{"teacher", 12, "blocks", []string{"t"}},
		{"select", 12, "blocks", []string{"enter", "down", "right", "right"}},
		{"tile", 16, "blocks", []string{"enter", "down", "right", "right", "enter", ",", ",", ","}},
		{"empty", 0, "blocks", nil},
		{"off", 12, "off", nil},
	} {
		for _, size := range tuitest.ViewSizes {
			file := fmt.Sprintf("view-samples-%s-%dx%d", c.name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				s, _ := openSamples(t, size[0], size[1], c.grids, tui.Options{Images: c.images, Teacher: drawTeacher, TeacherSteps: 18})
				s.Press(c.keys...)
				s.Golden(file, size[0], size[1])
			})
		}
	}
}

// TestSamplesStep walks along the grids, by keys, wheel and click.
func TestSamplesStep(t *testing.T) {
	s, f := openSamples(t, 120, 40, 15, tui.Options{})
	for _, c := range []struct {
		key  string
		kimg int
	}{
		{"left", 56}, {"[", 16}, {"[", 4}, {"left", 4}, {".", 8}, {"]", 48}, {"]", 60}, {"g", 4}, {"G", 60}, {",", 56},
	} {
		s.Press(c.key)
		if got, _ := viewOf(s).Shown(); got != fmt.Sprintf("%09d.png", 1000*c.kimg) {
			t.Errorf("key %s: %s shows, want %d kimg", c.key, got, c.kimg)
		}
	}
	s.Wants("14 of 15", "56.0 kimg", "FID(mnist-cnn) 48.25 at 56.0")
	f.WriteSample(t, 64, 9) // doesn't lead away from an older one
	s.Load()
	s.Wants("14 of 16", "56.0 kimg")
	s.Press("m")
	s.Send(tea.MouseClickMsg{X: 2, Y: 35, Button: tea.MouseLeft})
	s.Wants(" 1 of 16")
	s.Send(tea.MouseWheelMsg{X: 20, Y: 20, Button: tea.MouseWheelDown})
	s.Wants(" 2 of 16")
}

// TestSamplesOthers checks that other pictures beside the grids are no grids.
func TestSamplesOthers(t *testing.T) {
	s, f := openSamples(t, 120, 40, 2, tui.Options{})
	for _, name := range []string{"teacher.png", "000999000-seed7.png", ".sample-1.png", "-1.png", "zebra.png"} {
		tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, run.SamplesDir, name), []byte("no picture"), 0o644))
	}
	s.Load()
	s.Wants("2 of 2", "8.0 kimg")
	s.Lacks("sample: ")
}

// TestSamplesPlay animates to the end, and stops at a key.
func TestSamplesPlay(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 4, tui.Options{Images: "sixel"})
	s.Press("a")
	for i := range 4 {
		if i > 0 {
			s.Send(viewOf(s).NextFrame()())
		}
		s.Wants(fmt.Sprintf("%d of 4", i+1))
		if n := len(s.Pictures()); n != 1 {
			t.Errorf("frame %d: %d pictures, want 1", i, n)
		}
		if got := viewOf(s).Playing(); got != (i < 3) {
			t.Errorf("frame %d: playing is %v", i, got)
		}
	}
	s.Press("a")
	old := viewOf(s).NextFrame()()
	s.Press("left") // stops, and steps as ever: there is none before
	s.Send(old)
	s.Wants("1 of 4")
	s.Press("a", "esc")
	if viewOf(s).Playing() {
		t.Error("escape doesn't stop the animation")
	}
	s.Wants("›4 samples")
	s.Press("a", "1")
	s.Send(viewOf(s).NextFrame()())
	if viewOf(s).Playing() {
		t.Error("the animation continues in another view")
	}
}

// TestSamplesPlaySlowly checks that a frame waits for the one before it to reach
// the terminal, and that torn files are skipped.
func TestSamplesPlaySlowly(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	s.Press("a")
	_, cmd := s.App.Update(tea.FocusMsg{}) // the picture is on its way again …
	s.Send(viewOf(s).NextFrame()())
	s.Wants("1 of 3")
	s.Run(cmd) // … and arrives
	tuitest.Must(t, os.Truncate(filepath.Join(f.Dir, run.SamplesDir, "000008000.png"), 90))
	torn := viewOf(s).NextFrame()()
	s.Send(torn)
	s.Wants("1 of 3")
	if !viewOf(s).Playing() {
		t.Error("a torn file ends the animation")
	}
}

// TestSamplesPictures counts what goes to the terminal: one picture for every
// change, none for ticks.
func TestSamplesPictures(t *testing.T) {
	s, f := openSamples(t, 120, 40, 6, tui.Options{Images: "sixel", Teacher: drawTeacher, TeacherSteps: 18})
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	quiet := func(what string) {
		t.Helper()
		for i := range 3 {
			tuitest.Must(t, w.Tick(runlog.Tick{Nimg: 64_500 + int64(i), Time: tuitest.Epoch, Scalars: map[string]float64{"loss/gen": 0.5, "fid": 40}}))
			f.Heartbeat.Nimg += 500
			tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
			s.Load()
		}
		if len(s.Raw) != 0 {
			t.Errorf("%s: ticks write %.40q", what, s.Raw)
		}
	}
	for _, c := range []struct {
		name string
		keys string
		want int
	}{
		{"older", ",", 1}, {"teacher", "t", 1}, {"older beside the teacher", ",", 1}, {"select", "enter", 1}, {"move", "right", 1},
		{"edge", "up", 0}, {"enlarge", "enter", 1}, // with the film: the picture without it is stale by then
		{"dashboard", "1", 1}, {"back", "4", 1}, {"curves", "2", 0}, {"back", "4", 1}, {"help", "?", 0}, {"closed", "esc", 1},
		{"prompt", "w", 0}, {"cancelled", "esc", 0}, {"grid", "esc", 1}, {"plain grid", "esc", 1},
	} {
		s.Press(c.keys)
		if n := len(s.Pictures()); n != c.want {
			t.Errorf("%s: %d pictures, want %d", c.name, n, c.want)
		}
		quiet(c.name)
	}
	s.Send(tuitest.SizeOf(110, 36))
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("resize: %d pictures, want 1", n)
	}
}

// TestSamplesFiller checks that the cells of a picture hold nothing but filler,
// and its captions and the timeline none, in every stage.
func TestSamplesFiller(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 6, tui.Options{Images: "sixel", Teacher: drawTeacher, TeacherSteps: 18})
	for _, keys := range []string{"left", "t", "enter", "enter"} {
		s.Press(keys)
		_, y, _, h := s.PictureRect()
		for row, line := range s.Lines() {
			text := strings.Trim(line, "│\u2800\u00a0")
			if inside := row >= y && row < y+h; inside != (text == "") {
				t.Errorf("after %s: row %d, picture %v: %q", keys, row, inside, line)
			}
		}
	}
}

func TestSamplesSelect(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	s.Press("enter", "right", "down", "down")
	if _, cell := viewOf(s).Shown(); cell != 21 {
		t.Errorf("sample %d is selected, want 21: ten show in a row", cell)
	}
	s.Wants("sample 22 of 64", "1 to 50 show")
	s.Press("enter", "left")
	s.Wants("sample 21 of 64", "in 3 of 3 grids, 4.0 to 12.0 kimg")
	s.Press("esc")
	s.Wants("enter enlarges it")
	s.Press("esc")
	s.Lacks("sample 21")
	s.Wants("›4 samples")
	s.Press("esc")
	s.Wants("›1 dashboard")
}

// TestSamplesFilm checks that the sample that shows is the marked one of its
// film, wherever in the run one stands.
func TestSamplesFilm(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 16, tui.Options{})
	s.Press("enter", "enter")
	for i := range 16 {
		film := viewOf(s).Film(s.App.Body())
		files, mark, ready := film.Files, film.Mark, film.Ready
		shown, _ := viewOf(s).Shown()
		if len(files) < 8 || len(files) == 16 || !ready || !slices.IsSorted(files) {
			t.Fatalf("step %d: film %v, want a part of the grids in order", i, files)
		}
		if files[mark] != shown || files[0] != "000004000.png" || files[len(files)-1] != "000064000.png" {
			t.Errorf("step %d: %s shows, film %v with %d marked", i, shown, files, mark)
		}
		s.Press(",")
	}
}

// TestSamplesClick selects by the mouse what is under it.
func TestSamplesClick(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Images: "blocks"})
	s.Press("m")
	x, y, w, h := s.PictureRect()
	middle := tea.MouseClickMsg{X: x + w/2 + 3, Y: y + h/2 + 1, Button: tea.MouseLeft}
	s.Send(middle)
	s.Wants("enter enlarges it")
	_, cell := viewOf(s).Shown()
	if cell == 0 {
		t.Error("a click in the middle selects the first sample")
	}
	s.Send(middle)
	s.Wants("in 3 of 3 grids")
}

func TestSamplesTeacher(t *testing.T) {
	calls := 0
	s, f := openSamples(t, 120, 40, 3, tui.Options{TeacherSteps: 18, Teacher: func(ctx context.Context, dir string) (string, error) {
		if calls++; calls == 1 {
			return "", errors.New("loop: teacher: builtin:none: no such network")
		}
		return drawTeacher(ctx, dir)
	}})
	s.Press("t")
	s.Wants("builtin:none: no such network")
	s.Press("t")
	s.Wants("teacher, 18 Heun steps", "student, one step, 12.0 kimg")
	s.Load() // teacher.png lies among the samples now
	s.Wants("3 of 3")
	s.Press("left")
	s.Wants("teacher, 18 Heun steps", "student, one step, 8.0 kimg")
	s.Press("t")
	s.Lacks("Heun")
	s.Press("t")
	s.Wants("Heun")
	if calls != 2 {
		t.Errorf("the teacher was asked %d times, want 2", calls)
	}
	toml := strings.Replace(tuitest.TOML, `"builtin:mnist-teacher"`, `""`, 1)
	toml = strings.Replace(toml, `method = "gdd"`, `method = "edm"`, 1)
	toml = toml[:strings.Index(toml, "[disc]")]
	tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, run.ConfigFile), []byte(toml), 0o644))
	s.Load()
	s.Press("t", "t")
	s.Wants("teacher: model.init is empty")
}

// TestSamplesTeacherStopped cancels a drawing.
func TestSamplesTeacherStopped(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 2, tui.Options{Teacher: func(ctx context.Context, _ string) (string, error) {
		return "", fmt.Errorf("loop: teacher: %w", ctx.Err())
	}})
	_, drawing := s.App.Update(tuitest.KeyPress("t"))
	s.Wants("the teacher is drawing")
	s.Press("t")
	s.Run(drawing)
	s.Wants("the teacher has stopped drawing")
	s.Lacks("the teacher is drawing")
	bare, _ := openSamples(t, 120, 40, 2, tui.Options{})
	bare.Press("t")
	bare.Wants("teacher: not available here")
}

// TestSamplesFresh draws from other noise and returns.
func TestSamplesFresh(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	f.Serve(t)
	f.WriteSample(t, 64, 77)
	file := filepath.Join(run.SamplesDir, "000064000-seed9.png")
	tuitest.Must(t, os.Rename(filepath.Join(f.Dir, run.SamplesDir, "000064000.png"), filepath.Join(f.Dir, file)))
	f.Heartbeat.SampleFile, f.Heartbeat.SampleNimg = file, 64_000
	s.Press("n")
	if len(f.Orders) != 1 || f.Orders[0].Kind != control.KindSample || f.Orders[0].Sample.Seed == nil {
		t.Fatalf("orders %+v, want samples from a seed", f.Orders)
	}
	seed := *f.Orders[0].Sample.Seed
	s.Wants(fmt.Sprintf("from other noise, seed %d, 64.0 kimg", seed))
	s.Load()
	s.Wants("3 of 3")
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d pictures, want 1", n)
	}
	s.Press("g")
	s.Lacks("other noise")
	s.Wants("3 of 3")
	s.Command("sample 9")
	s.Wants("from other noise, seed 9, 64.0 kimg")
	s.Press("enter", "enter")
	s.Lacks("in 3 of 3 grids") // which have other noise
	f.Release()
	f.Refuse = errors.New("loop: sample: method classifier makes no images")
	s.Press("n")
	s.Wants("method classifier makes no images")
}

func TestSamplesFreshDead(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{})
	f.Heartbeat.State = run.StateStopped
	f.Release()
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Load()
	s.Press("n")
	s.Wants("new noise: the run is stopped, want a running trainer (r resumes it)")
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	tuitest.Must(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	tuitest.Must(t, err)
	return img
}

// TestSamplesWrite writes pictures and never replaces one unasked.
func TestSamplesWrite(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Teacher: drawTeacher})
	s.Press("w")
	s.Wants("write 00003-mnist-gdd-i-12.0kimg.png")
	s.Press("enter")
	s.Wants("wrote ")
	const name = "00003-mnist-gdd-i-12.0kimg.png"
	if got := readPNG(t, name).Bounds().Size(); got != image.Pt(224, 224) {
		t.Errorf("the grid has %v pixels, want its own 224", got)
	}
	tuitest.Must(t, os.WriteFile(name, []byte("mine"), 0o644))
	s.Press("w", "enter")
	s.Wants(name + " exists. Overwrite it?")
	s.Press("n")
	if b, _ := os.ReadFile(name); string(b) != "mine" {
		t.Error("the file was replaced unasked")
	}
	s.Press("w", "enter", "y")
	readPNG(t, name)
	s.Command("save nowhere/x")
	s.Wants("nowhere/x.png: ", "no such file or directory")
	if left, _ := filepath.Glob("*"); len(left) != 2 { // runs and the picture
		t.Errorf("left behind: %v", left)
	}
	s.Press("t")
	s.Command("save both")
	if got := readPNG(t, "both.png").Bounds().Size(); got.X < 2*got.Y {
		t.Errorf("teacher and student have %v pixels, want both side by side", got)
	}
	s.Press("t", "enter", "enter", "w")
	s.Wants("-sample1-12.0kimg.png")
	s.Press("enter")
	readPNG(t, "00003-mnist-gdd-i-sample1-12.0kimg.png")
}
