package samples_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// openClasses opens the view of samples of a class-conditional run with six
// grids, 7 samples of each class.
func openClasses(t *testing.T, w, h, classes int, images string) (*tuitest.Screen, *tuitest.Fake) {
	t.Helper()
	c := samplesFake()
	c.Classes = classes
	s, f := tuitest.Open(t, w, h, c, tui.Options{Images: images, Teacher: drawTeacher, TeacherSteps: 18})
	for i := range 6 {
		f.WriteSample(t, 4*(i+1), uint64(i))
	}
	s.Load()
	s.View("samples")
	s.Raw = nil
	return s, f
}

func TestClassesGolden(t *testing.T) {
	for _, c := range []struct {
		name, images string
		keys         []string
	}{
		{"grid", "blocks", []string{","}},
		{"pixels", "sixel", nil},
		{"teacher", "blocks", []string{"t"}},
		{"select", "sixel", []string{"enter", "down", "down", "down", "right"}},
		{"page", "blocks", []string{"enter", "down", "down", "down", "down", "down", "down", "right"}},
		{"tile", "blocks", []string{"enter", "down", "enter"}},
		{"dashboard", "blocks", []string{"1", "tab"}},
	} {
		for _, size := range tuitest.ViewSizes {
			file := fmt.Sprintf("view-samples-classes-%s-%dx%d", c.name, size[0], size[1])
			t.Run(file, func(t *testing.T) {
				s, _ := openClasses(t, size[0], size[1], 10, c.images)
				s.Press(c.keys...)
				s.Golden(file, size[0], size[1])
			})
		}
	}
}

// labels returns the numbers left of the picture by their line on the screen, and
// checks that nothing else stands beside the picture.
func labels(s *tuitest.Screen) map[int]int {
	s.TB.Helper()
	x, y, w, h := s.PictureRect()
	found := map[int]int{}
	for row, line := range s.Lines()[y : y+h] {
		width := ansi.StringWidth(line)
		before, after := ansi.Cut(line, 1, x), ansi.Cut(line, x+w, width-1)
		if strings.Trim(after, " ") != "" {
			s.TB.Errorf("line %d: %q right of the picture", y+row, after)
		}
		text := strings.TrimSpace(before)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || !strings.HasSuffix(before, text+" ") {
			s.TB.Errorf("line %d: %q before the picture, want its class", y+row, before)
		}
		found[y+row] = n
	}
	return found
}

// pixels returns where on the screen the last picture's pixels are, in pixels.
func pixels(s *tuitest.Screen, images string, cellW, cellH int) image.Rectangle {
	s.TB.Helper()
	x, y, w, h := s.PictureRect()
	if images == "blocks" {
		var drawn []int
		for row, line := range s.Lines()[y : y+h] {
			if cells := ansi.Cut(line, x, x+w); strings.Contains(cells, "▀") {
				drawn = append(drawn, y+row)
				if cells != strings.Repeat("▀", w) {
					s.TB.Errorf("line %d: %q, want all pixels", y+row, cells)
				}
			}
		}
		return image.Rect(x, 2*drawn[0], x+w, 2*(drawn[len(drawn)-1]+1))
	}
	if len(s.Raw) == 0 {
		s.TB.Fatal("no picture was sent")
	}
	p := s.Raw[len(s.Raw)-1]
	if images == "kitty" {
		var data strings.Builder
		for _, m := range regexp.MustCompile(`\x1b_G[^;\x1b]*m=[01];([^\x1b]*)\x1b`).FindAllStringSubmatch(p, -1) {
			data.WriteString(m[1])
		}
		return opaque(s.TB, data.String()).Add(image.Pt(x*cellW, y*cellH))
	}
	at := regexp.MustCompile(`\x1b\[(\d+);(\d+)H(\x1bP|\x1b\]1337)`).FindStringSubmatch(p)
	if at == nil {
		s.TB.Fatalf("no position: %.80q", p)
	}
	row, _ := strconv.Atoi(at[1])
	col, _ := strconv.Atoi(at[2])
	corner := image.Pt((col-1)*cellW, (row-1)*cellH)
	if _, data, ok := strings.Cut(p, "doNotMoveCursor=1:"); ok {
		data, _, _ = strings.Cut(data, "\a")
		return opaque(s.TB, data).Add(corner)
	}
	var size image.Point
	_, err := fmt.Sscanf(p[strings.Index(p, "\"1;1;"):], "\"1;1;%d;%d", &size.X, &size.Y)
	tuitest.Must(s.TB, err)
	return image.Rectangle{Max: size}.Add(corner)
}

// opaque returns the part of an encoded PNG that isn't transparent.
func opaque(tb testing.TB, encoded string) image.Rectangle {
	tb.Helper()
	raw, err := base64.StdEncoding.DecodeString(encoded)
	tuitest.Must(tb, err)
	img, err := png.Decode(bytes.NewReader(raw))
	tuitest.Must(tb, err)
	r := image.Rectangle{Min: img.Bounds().Max}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if img.(*image.NRGBA).NRGBAAt(x, y).A > 0 {
				r.Min = image.Pt(min(r.Min.X, x), min(r.Min.Y, y))
				r.Max = image.Pt(max(r.Max.X, x+1), max(r.Max.Y, y+1))
			}
		}
	}
	return r
}

// TestClassLabels checks, for every protocol and stage, that each row has its
// class at the line of its middle, and that pixels and labels don't meet.
func TestClassLabels(t *testing.T) {
	for _, images := range []string{"sixel", "kitty", "iterm", "blocks"} {
		screenW, screenH, cellW, cellH := 120, 40, 9, 17
		if images == "blocks" {
			screenW, screenH, cellW, cellH = 200, 60, 1, 2
		}
		s, _ := openClasses(t, screenW, screenH, 10, images)
		s.Send(uv.CellSizeEvent{Width: cellW, Height: cellH})
		for _, key := range []string{",", "t", "enter"} {
			s.Press(key)
			s.Exact(screenW, screenH)
			x, y, w, h := s.PictureRect()
			pixels := pixels(s, images, cellW, cellH)
			if cells := image.Rect(x*cellW, y*cellH, (x+w)*cellW, (y+h)*cellH); !pixels.In(cells) || cells.Dx()-pixels.Dx() >= cellW {
				t.Errorf("%s, key %s: pixels %v in the cells %v, want as many cells as needed", images, key, pixels, cells)
			}
			labels := labels(s)
			if len(labels) != 10 {
				t.Errorf("%s, key %s: labels %v, want 10", images, key, labels)
			}
			for line, class := range labels {
				middle := pixels.Min.Y + (2*class+1)*pixels.Dy()/20
				if off := line*cellH + cellH/2 - middle; max(off, -off) > (cellH+1)/2 {
					t.Errorf("%s, key %s: class %d is %d pixels off the middle of its row", images, key, class, off)
				}
			}
		}
	}
}

// TestClassesOff checks that without pictures there are no labels.
func TestClassesOff(t *testing.T) {
	s, _ := openClasses(t, 80, 24, 10, "off")
	for _, key := range []string{",", "enter", "down"} {
		s.Press(key)
		s.Exact(80, 24)
		s.Wants("images are off")
		if n := viewOf(s).LabelWidth(); n != 0 {
			t.Errorf("labels take %d cells", n)
		}
	}
}

// TestSamplesTorn checks the frame while the only grid cannot be read.
func TestSamplesTorn(t *testing.T) {
	for _, classes := range []int{0, 10} {
		c := samplesFake()
		c.Classes = classes
		s, f := tuitest.Open(t, 80, 24, c, tui.Options{})
		tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, run.SamplesDir, "000004000.png"), []byte("torn"), 0o644))
		s.Load()
		s.View("samples")
		s.Exact(80, 24)
		s.Wants("no samples yet")
	}
}

// TestClassLabelsDense checks labels of rows that are lower than a line of text.
func TestClassLabelsDense(t *testing.T) {
	s, _ := openClasses(t, 80, 24, 30, "sixel")
	s.Send(uv.CellSizeEvent{Width: 9, Height: 17})
	pixels := pixels(s, "sixel", 9, 17)
	want := map[int]int{}
	for class := 29; class >= 0; class-- {
		want[(pixels.Min.Y+(2*class+1)*pixels.Dy()/60)/17] = class
	}
	if labels := labels(s); !maps.Equal(labels, want) || len(want) == 30 {
		t.Errorf("labels %v, want %v: the first of every line", labels, want)
	}
	s.Wants(" 0 \u2800")
	if n := viewOf(s).LabelWidth(); n != 3 {
		t.Errorf("labels take %d cells, want 3 for two digits", n)
	}
}

// TestClassesSelect moves over rows and columns, as they show.
func TestClassesSelect(t *testing.T) {
	s, f := openClasses(t, 80, 24, 10, "blocks")
	s.Press("enter")
	s.Wants("sample  1 of 70, class 0   rows 1 to 3 of 10   enter")
	for _, c := range []struct {
		key  string
		cell int
		want string
	}{
		{"right", 1, "class 0"}, {"down", 8, "sample  9 of 70, class 1"}, {"left", 7, "class 1"}, {"left", 6, "class 0"},
		{"up", 6, "rows 1 to"}, {"down", 13, "class 1"}, {"down", 20, "class 2"}, {"down", 27, "class 3"},
		{"down", 34, "class 4   rows 4 to 6 of 10   enter"}, {"down", 41, "class 5"}, {"down", 48, ""}, {"down", 55, ""},
		{"down", 62, "class 8   rows 7 to 9 of 10   enter"}, {"down", 69, "class 9   row 10 of 10   enter"}, {"down", 69, ""}, {"right", 69, ""},
	} {
		s.Press(c.key)
		if _, cell := viewOf(s).Shown(); cell != c.cell {
			t.Fatalf("key %s: sample %d is selected, want %d", c.key, cell, c.cell)
		}
		s.Wants(c.want)
	}
	if classes := slices.Collect(maps.Values(labels(s))); !slices.Equal(classes, []int{9}) {
		t.Errorf("labels of the last page: %v, want 9", classes)
	}
	s.Press("enter", "up")
	s.Wants("sample 63 of 70, class 8")

	f.WriteGrid(t, 40, 1, 20, 10) // live.sample_count has changed: rows are cut
	s.Load()
	s.Press("esc")
	s.Wants("sample  63 of 200, class 3   rows 4 to 6 of 10   columns 1 to")
	before := s.Frame()
	s.Press("right", "right", "right", "right", "right", "right", "right", "right", "right")
	s.Wants("sample  72 of 200, class 3   rows 4 to 6 of 10   columns 11 to 20 of 20")
	if before == s.Frame() {
		t.Error("the frame stays the same")
	}
}

// TestClassesClick selects what is under the pointer: the row of a label, and the
// column by its distance.
func TestClassesClick(t *testing.T) {
	s, _ := openClasses(t, 200, 60, 10, "blocks")
	s.Press("enter", "right", "m") // a click on the selected one enlarges it
	for range 3 {                  // the order of a map
		for line, class := range labels(s) {
			for _, col := range []int{0, 3, 6} {
				x, _, w, _ := s.PictureRect()
				s.Send(tea.MouseClickMsg{X: x + (2*col+1)*w/14, Y: line, Button: tea.MouseLeft})
				s.Wants(fmt.Sprintf("sample %2d of 70, class %d", 7*class+col+1, class))
			}
		}
	}
	_, before := viewOf(s).Shown()
	x, y, w, h := s.PictureRect()
	for _, beside := range []image.Point{{x - 2, y + h/2}, {x + w + 1, y + h/2}} {
		s.Send(tea.MouseClickMsg{X: beside.X, Y: beside.Y, Button: tea.MouseLeft})
		if _, cell := viewOf(s).Shown(); cell != before {
			t.Errorf("a click beside the picture selects sample %d", cell)
		}
	}
}

// TestClassesPictures counts what goes to the terminal: one picture for every
// change, none for ticks.
func TestClassesPictures(t *testing.T) {
	s, f := openClasses(t, 120, 40, 10, "sixel")
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	for _, c := range []struct {
		key  string
		want int
	}{{",", 1}, {"t", 1}, {"enter", 1}, {"right", 1}, {"up", 0}, {"enter", 1}, {"esc", 1}, {"1", 1}, {"4", 1}, {"esc", 1}} {
		s.Press(c.key)
		if n := len(s.Pictures()); n != c.want {
			t.Errorf("key %s: %d pictures, want %d", c.key, n, c.want)
		}
		tuitest.Must(t, w.Tick(runlog.Tick{Nimg: f.Heartbeat.Nimg, Time: tuitest.Epoch, Scalars: map[string]float64{"loss/gen": 0.5}}))
		f.Heartbeat.Nimg += 500
		tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
		s.Load()
		if len(s.Raw) != 0 {
			t.Errorf("key %s: a tick writes %.40q", c.key, s.Raw)
		}
	}
}

// TestClassesLearned checks that all changes when the trainer says that rows are
// classes, and that a grid with other rows has no labels.
func TestClassesLearned(t *testing.T) {
	s, f := openSamples(t, 200, 60, 3, tui.Options{Images: "sixel"})
	s.Press("enter")
	s.Lacks("class")
	f.Heartbeat.SampleClasses = []int{0, 12, 25, 37, 50, 62, 75, 87}
	tuitest.Must(t, run.WriteStatus(f.Dir, f.Heartbeat))
	s.Pictures()
	s.Load()
	if n := len(s.Pictures()); n != 1 {
		t.Errorf("%d pictures, want 1", n)
	}
	s.Wants("sample  1 of 64, class  0")
	s.Press("down")
	s.Wants("sample  9 of 64, class 12")
	classes := slices.Sorted(maps.Values(labels(s)))
	if !slices.Equal(classes, f.Heartbeat.SampleClasses) {
		t.Errorf("labels %v, want %v", classes, f.Heartbeat.SampleClasses)
	}
	f.WriteGrid(t, 40, 1, 5, 5)
	s.Load()
	s.Wants("sample  9 of 25   enter")
	if labels := labels(s); len(labels) != 0 {
		t.Errorf("labels %v of rows whose classes are unknown", labels)
	}
}

// TestClassesTeacher checks the pixels of both grids beside each other, also when
// one has more samples of a class than the other.
func TestClassesTeacher(t *testing.T) {
	s, f := openClasses(t, 200, 60, 10, "sixel")
	s.Press("t")
	s.Command("save even")
	f.WriteGrid(t, 40, 1, 5, 10)
	s.Load()
	s.Wants("teacher, 18 Heun steps", "student, one step, 40.0 kimg")
	s.Command("save five")
	f.WriteGrid(t, 44, 1, 12, 10)
	s.Load()
	s.Command("save twelve")
	teacher := readPNG(t, filepath.Join(f.Dir, run.SamplesDir, "teacher.png"))
	for _, c := range []struct {
		name   string
		sample string
		cols   int
	}{{"even", "000024000", 7}, {"five", "000040000", 5}, {"twelve", "000044000", 7}} {
		img := readPNG(t, c.name+".png")
		size := img.Bounds().Size()
		side := (size.Y+2)/10 - 2
		if side%28 != 0 {
			t.Fatalf("%s: %v pixels, want ten rows of whole factors", c.name, size)
		}
		second := size.X - c.cols*(side+2) + 2 // left edge of the run's part
		for _, part := range []struct {
			from image.Image
			x    int
		}{{teacher, 0}, {readPNG(t, filepath.Join(f.Dir, run.SamplesDir, c.sample+".png")), second}} {
			for row := range 10 {
				for col := range c.cols {
					for at := range 28 {
						got := img.At(part.x+col*(side+2)+at*side/28, row*(side+2)+at*side/28)
						if want := part.from.At(col*28+at, row*28+at); got != want {
							t.Fatalf("%s: row %d, column %d at %d: %v, want %v", c.name, row, col, at, got, want)
						}
					}
				}
			}
		}
	}
}

// TestClassesFresh shows a grid from other noise by rows.
func TestClassesFresh(t *testing.T) {
	s, f := openClasses(t, 200, 60, 10, "blocks")
	f.Serve(t)
	f.WriteSample(t, 64, 77)
	f.Heartbeat.SampleFile, f.Heartbeat.SampleNimg = filepath.Join(run.SamplesDir, "000064000.png"), 64_000
	s.Command("sample 9")
	s.Wants("from other noise, seed 9, 64.0 kimg")
	if labels := labels(s); len(labels) != 10 {
		t.Errorf("labels %v, want 10", labels)
	}
	s.Exact(200, 60)
}
