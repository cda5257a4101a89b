package tensorboard_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/trainer/golden"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/tensorboard"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// clock is a wall clock that stands still unless it is set.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// noReport fails the test on any trouble.
func noReport(t *testing.T) func(error) { return func(err error) { t.Error(err) } }

// files returns the event files of a run, in the order of their names.
func files(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, run.TensorBoardDir, "*"))
	check(t, err)
	return names
}

// readAll parses the event files of a run, of which there are n.
func readAll(t *testing.T, dir string, n int) []record {
	t.Helper()
	names := files(t, dir)
	if len(names) != n {
		t.Fatalf("got files %v, want %d", names, n)
	}
	var all []record
	for _, name := range names {
		b, err := os.ReadFile(name)
		check(t, err)
		records, rest, err := parse(b)
		if err != nil || rest != 0 {
			t.Fatalf("%s: %d bytes left, %v", name, rest, err)
		}
		all = append(all, records...)
	}
	return all
}

// story writes one of everything: a process that starts at 0 images, and goes
// back to 1000 later.
func story(t *testing.T, dir string, w *tensorboard.Writer, at time.Time) {
	t.Helper()
	grid, err := os.ReadFile("testdata/grid.png")
	check(t, err)
	check(t, os.MkdirAll(filepath.Join(dir, "samples"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "samples", "000000000.png"), grid, 0o644))

	event := func(nimg int64, kind, text string) {
		w.Event(runlog.Event{Time: at, Nimg: nimg, Kind: kind, Text: text})
	}
	event(0, runlog.Sample, "samples/000000000.png")
	for nimg := int64(1000); nimg <= 3000; nimg += 1000 {
		w.Tick(runlog.Tick{Nimg: nimg, Time: at, Scalars: map[string]float64{
			"loss/gen": 1 / float64(nimg), "fid": math.NaN(), "grad/max": math.Inf(1)}})
	}
	event(3000, runlog.Config, "gen_lr 0.0005 → 0.0002")
	event(3000, runlog.Checkpoint, "checkpoint at 3.0 kimg")
	w.Event(runlog.Event{Time: at, Nimg: 1000, Kind: runlog.Resume, Text: "resumed from the checkpoint at 1.0 kimg", Data: map[string]any{"nimg": 1000}})
	w.Tick(runlog.Tick{Nimg: 2000, Time: at, Scalars: map[string]float64{"loss/gen": 7}})
	event(2000, runlog.Freeze, "18.0 % of 9 parameters frozen: dec.*_block0.*")
}

func TestStory(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.UnixMilli(1763854000250)}
	w := tensorboard.New(dir, 0, noReport(t))
	w.SetNow(c.now, 0)
	story(t, dir, w, c.at)
	check(t, w.Close())

	var got []string
	for _, r := range readAll(t, dir, 2) {
		line := fmt.Sprint(r.step)
		switch {
		case r.version != "":
			line += " version " + r.version
		case r.session:
			line += " session"
		}
		for tag, v := range r.scalars {
			line += fmt.Sprintf(" %s=%g", tag, v)
		}
		for tag, v := range r.texts {
			line += fmt.Sprintf(" %s=%q", tag, v)
		}
		for tag, p := range r.images {
			size, err := png.DecodeConfig(bytes.NewReader(p.png))
			check(t, err)
			line += fmt.Sprintf(" %s=%dx%dx%d of %dx%d", tag, p.width, p.height, p.colours, size.Width, size.Height)
		}
		if r.wall != 1763854000.25 {
			t.Errorf("%s: wall time %f, want 1763854000.25", line, r.wall)
		}
		got = append(got, line)
	}
	want := []string{
		"0 version brain.Event:2", "0 session",
		"0 samples=3x2x1 of 3x2",
		"1000 loss/gen=0.001",
		"0 version brain.Event:2", "1001 session", "2000 loss/gen=7",
		`2000 events/freeze="    18.0 % of 9 parameters frozen: dec.*_block0.*"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestGolden compares the story's bytes with files that TensorBoard's own
// readers have read: testdata/README.md says how.
func TestGolden(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.UnixMilli(1763854000250)}
	w := tensorboard.New(dir, 0, noReport(t))
	w.SetNow(c.now, 0)
	story(t, dir, w, c.at)
	check(t, w.Close())
	names := files(t, dir)
	if len(names) != 2 {
		t.Fatalf("got files %v, want one before going back and one after", names)
	}
	for i, name := range names {
		got, err := os.ReadFile(name)
		check(t, err)
		golden.Check(t, fmt.Sprintf("testdata/events.out.tfevents.%d.host.1.innate", 1763854000+i), got)
	}
}

// TestNames checks that files of later processes sort behind those of earlier
// ones, whatever the clock says.
func TestNames(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.Unix(1763854000, 0)}
	shape := regexp.MustCompile(`^events\.out\.tfevents\.\d{10}\..+\.\d+\.innate$`)
	var made []string
	for _, at := range []int64{1763854000, 1763854000, 5, 1763900000} {
		c.at = time.Unix(at, 0)
		w := tensorboard.New(dir, 1, noReport(t))
		w.SetNow(c.now, 1)
		w.Event(runlog.Event{Time: c.at, Kind: runlog.Start, Text: "started"})
		check(t, w.Close())
		for _, name := range files(t, dir) {
			if !shape.MatchString(filepath.Base(name)) {
				t.Errorf("file %s, want %v", name, shape)
			}
			if !slices.Contains(made, name) {
				made = append(made, name)
			}
		}
	}
	if len(made) != 4 || !slices.IsSorted(made) {
		t.Errorf("in the order of their making: %v, want four, sorted", made)
	}
}

// disk takes so many bytes and then none.
type disk struct {
	bytes.Buffer
	room   int
	closed bool
}

var errFull = errors.New("no space left on device")

func (d *disk) Write(b []byte) (int, error) {
	n := min(len(b), d.room)
	d.room -= n
	d.Buffer.Write(b[:n])
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func (d *disk) Close() error { d.closed = true; return nil }

// TestFullDisk fills the disk in the middle of a record and frees it again: one
// report, and a file without a gap.
func TestFullDisk(t *testing.T) {
	c, d := &clock{time.Unix(1763854000, 0)}, &disk{room: 100}
	var reports []error
	var w *tensorboard.Writer
	w = tensorboard.New(t.TempDir(), 0, func(err error) {
		reports = append(reports, err)
		w.Event(runlog.Event{Time: c.at, Nimg: 1, Kind: runlog.Error, Text: err.Error()}) // as the loop does
	})
	w.SetNow(c.now, 0)
	w.SetFile(d)
	tick := func(nimg int64) {
		w.Tick(runlog.Tick{Nimg: nimg, Time: c.at, Scalars: map[string]float64{"loss/gen": float64(nimg)}})
	}
	for nimg := range int64(10) {
		tick(nimg + 1)
		c.at = c.at.Add(tensorboard.RetryAfter / 3)
	}
	if len(reports) != 1 || !errors.Is(reports[0], errFull) {
		t.Errorf("reports %v, want one that the disk is full", reports)
	}
	if d.Len() != 100 {
		t.Errorf("%d bytes on disk, want all 100 that it takes", d.Len())
	}
	d.room = 1 << 20
	c.at = c.at.Add(tensorboard.RetryAfter)
	tick(11)
	if w.Pending() != 0 {
		t.Errorf("%d bytes wait although the disk has room", w.Pending())
	}
	seen := map[float32]bool{}
	records, rest, err := parse(d.Bytes())
	if err != nil || rest != 0 {
		t.Fatalf("%d bytes left, %v", rest, err)
	}
	for _, r := range records {
		for _, v := range r.scalars {
			seen[v] = true
		}
	}
	if len(seen) != 11 {
		t.Errorf("got %d of 11 ticks", len(seen))
	}

	d.room = 0 // full again: reported again
	tick(12)
	if len(reports) != 2 {
		t.Errorf("%d reports, want another for new trouble", len(reports))
	}
	if err := w.Close(); err != nil || !d.closed {
		t.Errorf("close: %v, closed %v", err, d.closed)
	}
	if len(reports) != 2 {
		t.Errorf("closing reported %v", reports[2:])
	}
}

// TestNoRoomForLong checks that what waits for the disk is bounded, and that
// what was dropped leaves whole records.
func TestNoRoomForLong(t *testing.T) {
	c, d := &clock{time.Unix(1763854000, 0)}, &disk{}
	w := tensorboard.New(t.TempDir(), 0, func(error) {})
	w.SetNow(c.now, 0)
	w.SetFile(d)
	text := strings.Repeat("x", 1<<20)
	for nimg := range int64(40) {
		w.Event(runlog.Event{Time: c.at, Nimg: nimg, Kind: runlog.Config, Text: text})
	}
	if got := w.Pending(); got > tensorboard.MaxPending+1000 {
		t.Errorf("%d bytes wait, want at most %d", got, tensorboard.MaxPending)
	}
	d.room = 1 << 30
	check(t, w.Close())
	if records, rest, err := parse(d.Bytes()); err != nil || rest != 0 || len(records) < 15 {
		t.Errorf("%d records, %d bytes left, %v", len(records), rest, err)
	}
}

// TestNoDirectory writes to a run directory that cannot hold the folder, until
// it can.
func TestNoDirectory(t *testing.T) {
	dir, c := t.TempDir(), &clock{time.Unix(1763854000, 0)}
	blocked := filepath.Join(dir, run.TensorBoardDir)
	check(t, os.WriteFile(blocked, nil, 0o644))
	reports := 0
	w := tensorboard.New(dir, 64, func(err error) {
		if reports++; !strings.HasPrefix(err.Error(), "tensorboard: ") {
			t.Error(err)
		}
	})
	w.SetNow(c.now, 64)
	start := runlog.Event{Time: c.at, Nimg: 64, Kind: runlog.Start, Text: "started"}
	w.Event(start)
	w.Event(start)
	check(t, os.Remove(blocked))
	c.at = c.at.Add(tensorboard.RetryAfter)
	w.Event(start)
	check(t, w.Close())
	if records := readAll(t, dir, 1); reports != 1 || len(records) != 5 || !records[1].session || records[1].step != 65 {
		t.Errorf("%d reports, want 1; records %+v, want a session at 65 among five", reports, records)
	}
}

// TestOddSamples names grids that are not there, not pictures, or too large.
func TestOddSamples(t *testing.T) {
	dir := t.TempDir()
	w := tensorboard.New(dir, 0, noReport(t))
	check(t, os.WriteFile(filepath.Join(dir, "text.png"), []byte("not a picture"), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "large.png"), make([]byte, 9<<20), 0o644))
	for _, name := range []string{"none.png", "text.png", "large.png", "."} {
		w.Event(runlog.Event{Time: time.Unix(1, 0), Kind: runlog.Sample, Text: name})
	}
	check(t, w.Close())
	if records := readAll(t, dir, 1); len(records) != 2 {
		t.Errorf("got %+v, want the version and the session only", records)
	}
}

// TestLateValues checks that a value for an earlier step, such as the FID of an
// evaluation that took a while, drops none of the later ones.
func TestLateValues(t *testing.T) {
	dir := t.TempDir()
	w := tensorboard.New(dir, 0, noReport(t))
	for _, nimg := range []int64{10, 20, 15} {
		w.Tick(runlog.Tick{Nimg: nimg, Time: time.Unix(1, 0), Scalars: map[string]float64{"x": 1}})
	}
	check(t, w.Close())
	sessions := 0
	for _, r := range readAll(t, dir, 1) {
		if r.session {
			sessions++
		}
	}
	if sessions != 1 {
		t.Errorf("%d sessions, want only that of the start", sessions)
	}
}
