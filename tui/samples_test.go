package tui_test

import (
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
)

// samplesFake is a run with twelve grids.
func samplesFake() fakeConfig {
	c := defaultFake()
	c.samples = 0
	return c
}

// openSamples opens the view of samples of a run with n grids, 4 kimg apart.
func openSamples(t *testing.T, w, h, n int, opts tui.Options) (*screen, *fakeRun) {
	t.Helper()
	s, f := openFake(t, w, h, samplesFake(), opts)
	for i := range n {
		f.writeSample(t, 4*(i+1), uint64(i))
	}
	s.load()
	s.view("samples")
	s.raw = nil
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
		for _, size := range viewSizes {
			file := fmt.Sprintf("view-samples-%s-%dx%d", c.name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				s, _ := openSamples(t, size[0], size[1], c.grids, tui.Options{Images: c.images, Teacher: drawTeacher, TeacherSteps: 18})
				s.press(c.keys...)
				s.golden(file, size[0], size[1])
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
		s.press(c.key)
		if got, _ := tui.GridShown(s.app); got != fmt.Sprintf("%09d.png", 1000*c.kimg) {
			t.Errorf("key %s: %s shows, want %d kimg", c.key, got, c.kimg)
		}
	}
	s.wants("14 of 15", "56.0 kimg", "FID(mnist-cnn) 48.25 at 56.0")
	f.writeSample(t, 64, 9) // doesn't lead away from an older one
	s.load()
	s.wants("14 of 16", "56.0 kimg")
	s.press("m")
	s.send(tea.MouseClickMsg{X: 2, Y: 35, Button: tea.MouseLeft})
	s.wants(" 1 of 16")
	s.send(tea.MouseWheelMsg{X: 20, Y: 20, Button: tea.MouseWheelDown})
	s.wants(" 2 of 16")
}

// TestSamplesOthers checks that other pictures beside the grids are no grids.
func TestSamplesOthers(t *testing.T) {
	s, f := openSamples(t, 120, 40, 2, tui.Options{})
	for _, name := range []string{"teacher.png", "000999000-seed7.png", ".sample-1.png", "-1.png", "zebra.png"} {
		must(t, os.WriteFile(filepath.Join(f.dir, run.SamplesDir, name), []byte("no picture"), 0o644))
	}
	s.load()
	s.wants("2 of 2", "8.0 kimg")
	s.lacks("sample: ")
}

// TestSamplesPlay animates to the end, and stops at a key.
func TestSamplesPlay(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 4, tui.Options{Images: "sixel"})
	s.press("a")
	for i := range 4 {
		if i > 0 {
			s.send(tui.PlayNext(s.app))
		}
		s.wants(fmt.Sprintf("%d of 4", i+1))
		if n := len(s.pictures()); n != 1 {
			t.Errorf("frame %d: %d pictures, want 1", i, n)
		}
		if got := tui.Playing(s.app); got != (i < 3) {
			t.Errorf("frame %d: playing is %v", i, got)
		}
	}
	s.press("a")
	old := tui.PlayNext(s.app)
	s.press("left") // stops, and steps as ever: there is none before
	s.send(old)
	s.wants("1 of 4")
	s.press("a", "esc")
	if tui.Playing(s.app) {
		t.Error("escape doesn't stop the animation")
	}
	s.wants("›4 samples")
	s.press("a", "1")
	s.send(tui.PlayNext(s.app))
	if tui.Playing(s.app) {
		t.Error("the animation goes on in another view")
	}
}

// TestSamplesPlaySlowly checks that a frame waits for the one before it to reach
// the terminal, and that torn files are skipped.
func TestSamplesPlaySlowly(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	s.press("a")
	_, cmd := s.app.Update(tea.FocusMsg{}) // the picture is on its way again …
	s.send(tui.PlayNext(s.app))
	s.wants("1 of 3")
	s.run(cmd) // … and arrives
	must(t, os.Truncate(filepath.Join(f.dir, run.SamplesDir, "000008000.png"), 90))
	torn := tui.PlayNext(s.app)
	s.send(torn)
	s.wants("1 of 3")
	if !tui.Playing(s.app) {
		t.Error("a torn file ends the animation")
	}
}

// TestSamplesPictures counts what goes to the terminal: one picture for every
// change, none for ticks.
func TestSamplesPictures(t *testing.T) {
	s, f := openSamples(t, 120, 40, 6, tui.Options{Images: "sixel", Teacher: drawTeacher, TeacherSteps: 18})
	w, err := runlog.OpenWriter(f.dir)
	must(t, err)
	defer w.Close()
	quiet := func(what string) {
		t.Helper()
		for i := range 3 {
			must(t, w.Tick(runlog.Tick{Nimg: 64_500 + int64(i), Time: epoch, Scalars: map[string]float64{"loss/gen": 0.5, "fid": 40}}))
			f.status.Nimg += 500
			must(t, run.WriteStatus(f.dir, f.status))
			s.load()
		}
		if len(s.raw) != 0 {
			t.Errorf("%s: ticks write %.40q", what, s.raw)
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
		s.press(c.keys)
		if n := len(s.pictures()); n != c.want {
			t.Errorf("%s: %d pictures, want %d", c.name, n, c.want)
		}
		quiet(c.name)
	}
	s.send(sizeOf(110, 36))
	if n := len(s.pictures()); n != 1 {
		t.Errorf("resize: %d pictures, want 1", n)
	}
}

// TestSamplesFiller checks that the cells of a picture hold nothing but filler,
// and its captions and the timeline none, in every stage.
func TestSamplesFiller(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 6, tui.Options{Images: "sixel", Teacher: drawTeacher, TeacherSteps: 18})
	for _, keys := range []string{"left", "t", "enter", "enter"} {
		s.press(keys)
		_, y, _, h := s.app.SamplesRect()
		for row, line := range s.lines() {
			text := strings.Trim(line, "│\u2800\u00a0")
			if inside := row >= y && row < y+h; inside != (text == "") {
				t.Errorf("after %s: row %d, picture %v: %q", keys, row, inside, line)
			}
		}
	}
}

func TestSamplesSelect(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	s.press("enter", "right", "down", "down")
	if _, cell := tui.GridShown(s.app); cell != 21 {
		t.Errorf("sample %d is selected, want 21: ten show in a row", cell)
	}
	s.wants("sample 22 of 64", "1 to 50 show")
	s.press("enter", "left")
	s.wants("sample 21 of 64", "in 3 of 3 grids, 4.0 to 12.0 kimg")
	s.press("esc")
	s.wants("enter enlarges it")
	s.press("esc")
	s.lacks("sample 21")
	s.wants("›4 samples")
	s.press("esc")
	s.wants("›1 dashboard")
}

// TestSamplesFilm checks that the sample that shows is the marked one of its
// film, wherever in the run one stands.
func TestSamplesFilm(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 16, tui.Options{})
	s.press("enter", "enter")
	for i := range 16 {
		files, mark, ready := tui.Film(s.app)
		shown, _ := tui.GridShown(s.app)
		if len(files) < 8 || len(files) == 16 || !ready || !slices.IsSorted(files) {
			t.Fatalf("step %d: film %v, want a part of the grids in order", i, files)
		}
		if files[mark] != shown || files[0] != "000004000.png" || files[len(files)-1] != "000064000.png" {
			t.Errorf("step %d: %s shows, film %v with %d marked", i, shown, files, mark)
		}
		s.press(",")
	}
}

// TestSamplesClick selects by the mouse what is under it.
func TestSamplesClick(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Images: "blocks"})
	s.press("m")
	x, y, w, h := s.app.SamplesRect()
	middle := tea.MouseClickMsg{X: x + w/2 + 3, Y: y + h/2 + 1, Button: tea.MouseLeft}
	s.send(middle)
	s.wants("enter enlarges it")
	_, cell := tui.GridShown(s.app)
	if cell == 0 {
		t.Error("a click in the middle selects the first sample")
	}
	s.send(middle)
	s.wants("in 3 of 3 grids")
}

func TestSamplesTeacher(t *testing.T) {
	calls := 0
	s, f := openSamples(t, 120, 40, 3, tui.Options{TeacherSteps: 18, Teacher: func(ctx context.Context, dir string) (string, error) {
		if calls++; calls == 1 {
			return "", errors.New("loop: teacher: builtin:none: no such network")
		}
		return drawTeacher(ctx, dir)
	}})
	s.press("t")
	s.wants("builtin:none: no such network")
	s.press("t")
	s.wants("teacher, 18 Heun steps", "student, one step, 12.0 kimg")
	s.load() // teacher.png lies among the samples now
	s.wants("3 of 3")
	s.press("left")
	s.wants("teacher, 18 Heun steps", "student, one step, 8.0 kimg")
	s.press("t")
	s.lacks("Heun")
	s.press("t")
	s.wants("Heun")
	if calls != 2 {
		t.Errorf("the teacher was asked %d times, want 2", calls)
	}
	toml := strings.Replace(fakeTOML, `"builtin:mnist-teacher"`, `""`, 1)
	toml = strings.Replace(toml, `method = "gdd"`, `method = "edm"`, 1)
	toml = toml[:strings.Index(toml, "[disc]")]
	must(t, os.WriteFile(filepath.Join(f.dir, run.ConfigFile), []byte(toml), 0o644))
	s.load()
	s.press("t", "t")
	s.wants("teacher: model.init is empty")
}

// TestSamplesTeacherStopped cancels a drawing.
func TestSamplesTeacherStopped(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 2, tui.Options{Teacher: func(ctx context.Context, _ string) (string, error) {
		return "", fmt.Errorf("loop: teacher: %w", ctx.Err())
	}})
	_, drawing := s.app.Update(keyPress("t"))
	s.wants("the teacher is drawing")
	s.press("t")
	s.run(drawing)
	s.wants("the teacher has stopped drawing")
	s.lacks("the teacher is drawing")
	bare, _ := openSamples(t, 120, 40, 2, tui.Options{})
	bare.press("t")
	bare.wants("teacher: not available here")
}

// TestSamplesFresh draws from other noise and returns.
func TestSamplesFresh(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{Images: "sixel"})
	f.serve(t)
	f.writeSample(t, 64, 77)
	file := filepath.Join(run.SamplesDir, "000064000-seed9.png")
	must(t, os.Rename(filepath.Join(f.dir, run.SamplesDir, "000064000.png"), filepath.Join(f.dir, file)))
	f.status.SampleFile, f.status.SampleNimg = file, 64_000
	s.press("n")
	if len(f.orders) != 1 || f.orders[0].Kind != control.KindSample || f.orders[0].Sample.Seed == nil {
		t.Fatalf("orders %+v, want samples from a seed", f.orders)
	}
	seed := *f.orders[0].Sample.Seed
	s.wants(fmt.Sprintf("from other noise, seed %d, 64.0 kimg", seed))
	s.load()
	s.wants("3 of 3")
	if n := len(s.pictures()); n != 1 {
		t.Errorf("%d pictures, want 1", n)
	}
	s.press("g")
	s.lacks("other noise")
	s.wants("3 of 3")
	s.command("sample 9")
	s.wants("from other noise, seed 9, 64.0 kimg")
	s.press("enter", "enter")
	s.lacks("in 3 of 3 grids") // which have other noise
	f.release()
	f.refuse = errors.New("loop: sample: method classifier makes no images")
	s.press("n")
	s.wants("method classifier makes no images")
}

func TestSamplesFreshDead(t *testing.T) {
	s, f := openSamples(t, 120, 40, 3, tui.Options{})
	f.status.State = run.StateStopped
	f.release()
	must(t, run.WriteStatus(f.dir, f.status))
	s.load()
	s.press("n")
	s.wants("new noise: the run is stopped, want a running trainer (r resumes it)")
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	must(t, err)
	return img
}

// TestSamplesWrite writes pictures and never replaces one unasked.
func TestSamplesWrite(t *testing.T) {
	s, _ := openSamples(t, 120, 40, 3, tui.Options{Teacher: drawTeacher})
	s.press("w")
	s.wants("write 00003-mnist-gdd-i-12.0kimg.png")
	s.press("enter")
	s.wants("wrote ")
	const name = "00003-mnist-gdd-i-12.0kimg.png"
	if got := readPNG(t, name).Bounds().Size(); got != image.Pt(224, 224) {
		t.Errorf("the grid has %v pixels, want its own 224", got)
	}
	must(t, os.WriteFile(name, []byte("mine"), 0o644))
	s.press("w", "enter")
	s.wants(name + " exists. Overwrite it?")
	s.press("n")
	if b, _ := os.ReadFile(name); string(b) != "mine" {
		t.Error("the file was replaced unasked")
	}
	s.press("w", "enter", "y")
	readPNG(t, name)
	s.command("save nowhere/x")
	s.wants("nowhere/x.png: ", "no such file or directory")
	if left, _ := filepath.Glob("*"); len(left) != 2 { // runs and the picture
		t.Errorf("left behind: %v", left)
	}
	s.press("t")
	s.command("save both")
	if got := readPNG(t, "both.png").Bounds().Size(); got.X < 2*got.Y {
		t.Errorf("teacher and student have %v pixels, want both side by side", got)
	}
	s.press("t", "enter", "enter", "w")
	s.wants("-sample1-12.0kimg.png")
	s.press("enter")
	readPNG(t, "00003-mnist-gdd-i-sample1-12.0kimg.png")
}
