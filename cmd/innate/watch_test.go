package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"innate/trainer/run"
	"innate/trainer/runlog"
)

// watched runs watch on a run that play brings to its end, in a bubble of its
// own time that begins at midnight, and returns what it printed.
func watched(t *testing.T, play func(dir string, log *runlog.Writer)) (out string, err error) {
	t.Helper()
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	dir := newRun(t)
	synctest.Test(t, func(t *testing.T) {
		lock := ok(run.Acquire(dir))(t)
		log := ok(runlog.OpenWriter(dir))(t)
		go func() {
			play(dir, log)
			log.Close()
			lock.Release()
		}()
		synctest.Wait()
		var b bytes.Buffer
		err = watch(t.Context(), &b, dir, 5*time.Second)
		out = b.String()
	})
	return out, err
}

// ok fails the test on an error of the call before it.
func ok[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newRun(t *testing.T) string {
	t.Helper()
	return ok(create(t.TempDir(), "", "mnist-gdd-i", edits{}))(t)
}

// writeHeartbeat writes a heartbeat as a trainer does.
func writeHeartbeat(dir, state string, nimg int64, change ...func(*run.Status)) {
	s := run.Status{State: state, PID: os.Getpid(), Nimg: nimg, TotalNimg: 400_000, ImagesPerSec: 123.44,
		CheckpointNimg: nimg / 10_000 * 10_000}
	for _, f := range change {
		f(&s)
	}
	run.WriteStatus(dir, s)
}

// TestWatch is a run with two events, of whose many changes one in five seconds
// is shown.
func TestWatch(t *testing.T) {
	out, err := watched(t, func(dir string, log *runlog.Writer) {
		log.Event(runlog.Event{Kind: runlog.Start, Text: "of the past, and no news"})
		log.Tick(runlog.Tick{Nimg: 1000, Scalars: map[string]float64{"loss/gen": 0.69314, "loss/disc": 1.5, "speed/images_per_sec": 3}})
		writeHeartbeat(dir, run.StateRunning, 1000)
		time.Sleep(4200 * time.Millisecond)
		log.Event(runlog.Event{Nimg: 1400, Kind: runlog.Freeze, Text: "81.9 % \x1b[31mfrozen"})
		for i := range 8 { // every second
			writeHeartbeat(dir, run.StateRunning, 1500+int64(i)*100)
			time.Sleep(time.Second)
		}
		time.Sleep(20 * time.Second) // nothing changes: silence
		fid := 83.72
		log.Tick(runlog.Tick{Type: runlog.TypeFID, Nimg: 2000, Scalars: map[string]float64{"fid": fid}})
		writeHeartbeat(dir, run.StateDone, 400_000, func(s *run.Status) { s.LastFID, s.FIDName, s.FIDNimg = &fid, "FID(mnist-cnn)", 2000 })
		log.Event(runlog.Event{Nimg: 400_000, Kind: runlog.Done, Text: "done at 400.0 kimg"})
	})
	want := `
00:00:00  running, 1.0 of 400 kimg, 123.4 images/s, loss/disc 1.5, loss/gen 0.6931
00:00:04  1.4 kimg  freeze: 81.9 % ?[31mfrozen
00:00:05  running, 1.5 of 400 kimg, 123.4 images/s, loss/disc 1.5, loss/gen 0.6931
00:00:10  running, 2.0 of 400 kimg, 123.4 images/s, loss/disc 1.5, loss/gen 0.6931
00:00:15  running, 2.2 of 400 kimg, 123.4 images/s, loss/disc 1.5, loss/gen 0.6931
00:00:32  400.0 kimg  done: done at 400.0 kimg
00:00:32  done, 400.0 of 400 kimg, loss/disc 1.5, loss/gen 0.6931, FID(mnist-cnn) 83.7 at 2.0 kimg
`
	if err != nil || out != want[1:] {
		t.Errorf("error %v and\n%s\nwant\n%s", err, out, want[1:])
	}
}

// TestWatchSeesDeath lets the trainer vanish without a word.
func TestWatchSeesDeath(t *testing.T) {
	for name, tt := range map[string]struct{ log, want string }{
		"killed":   {"", "is dead: its log says nothing; innate resume /"},
		"panicked": {"panic: no such node\n\ngoroutine 1 [running]:\n", "is dead: panic: no such node; innate resume"},
	} {
		var died time.Time
		out, err := watched(t, func(dir string, _ *runlog.Writer) {
			writeHeartbeat(dir, run.StateRunning, 23_000)
			time.Sleep(10 * time.Second)
			os.WriteFile(filepath.Join(dir, run.LogFile), []byte(tt.log), 0o644)
			died = time.Now()
		})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
		lines := strings.Split(strings.TrimSpace(out), "\n")
		at, parseErr := time.Parse(time.TimeOnly, lines[len(lines)-1][:8])
		if late := at.Sub(time.Date(0, 1, 1, died.Hour(), died.Minute(), died.Second(), 0, time.UTC)); parseErr != nil || late > 3*time.Second {
			t.Errorf("%s: seen after %v (%v), want 3 s at most:\n%s", name, late, parseErr, out)
		}
	}
}

// TestWatchEnds checks the runs that have no trainer to begin with.
func TestWatchEnds(t *testing.T) {
	dir := newRun(t)
	runs, name := filepath.Split(dir)
	t.Setenv("INNATE_RUNS", runs) // where the name leads to the run
	for _, tt := range []struct {
		state  string
		status int
		want   string
	}{
		{run.StateNew, 1, "has not been started; innate resume 00000-mnist-gdd-i begins again"},
		{run.StateStopped, 0, ""},
		{run.StateDone, 0, ""},
		{run.StateFailed, 1, "is failed: the disk burns; innate resume"},
		{run.StateRunning, 1, "is dead: its log says nothing"},
	} {
		writeHeartbeat(dir, tt.state, 5000, func(s *run.Status) {
			if tt.state == run.StateFailed {
				s.Error = "the disk burns"
			}
		})
		status, out, stderr := line(t, "status", name, "--runs", runs, "--watch")
		if status != tt.status || !strings.Contains(stderr, tt.want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: status %d, %q and %q, want %d, one line and %q", tt.state, status, out, stderr, tt.status, tt.want)
		}
		// The same goes into the list and the status.
		_, list, _ := line(t, "ls", "--runs", runs)
		if ended := tt.state == run.StateFailed || tt.state == run.StateRunning; ended != strings.Contains(list, "; innate resume") {
			t.Errorf("%s: ls prints %q", tt.state, list)
		}
		_, block, _ := line(t, "status", name, "--runs", runs)
		if strings.Contains(block, "innate resume") != (tt.state != run.StateDone) {
			t.Errorf("%s: status prints %q", tt.state, block)
		}
	}
}

// TestEvents prints a log for people and for programs.
func TestEvents(t *testing.T) {
	local := time.Local
	time.Local = time.UTC
	t.Cleanup(func() { time.Local = local })
	dir := newRun(t)
	log := ok(runlog.OpenWriter(dir))(t)
	at := time.UnixMilli(1_700_000_000_500)
	log.Event(runlog.Event{Time: at, Kind: runlog.Start, Text: "started"})
	log.Event(runlog.Event{Time: at.Add(time.Hour), Nimg: 40_064, Kind: runlog.Config, Text: "gen_lr 1 → 2", Data: map[string]any{"x": 1}})
	log.Close()
	want := "2023-11-14 22:13:20      0.0 kimg  start      started\n2023-11-14 23:13:20     40.1 kimg  config     gen_lr 1 → 2\n"
	for _, args := range [][]string{{"events", dir}, {"events", dir, "--follow"}} {
		if status, out, stderr := line(t, args...); status != 0 || out != want {
			t.Errorf("%v: status %d, %s%s, want\n%s", args, status, out, stderr, want)
		}
	}
	status, out, _ := line(t, "events", "--json", dir)
	if file := ok(os.ReadFile(filepath.Join(dir, runlog.EventsFile)))(t); status != 0 || out != string(file) {
		t.Errorf("status %d, %s, want what the file has:\n%s", status, out, file)
	}
}

// TestTotalBelowOneKimg: a short run has a total in each of the places that name it.
func TestTotalBelowOneKimg(t *testing.T) {
	dir := newRun(t)
	s := run.Status{Run: filepath.Base(dir), State: run.StateDone, Nimg: 64, TotalNimg: 64}
	if err := run.WriteStatus(dir, s); err != nil {
		t.Fatal(err)
	}
	_, listed, _ := line(t, "ls", "--runs", filepath.Dir(dir))
	_, shown, _ := line(t, "status", dir)
	for place, text := range map[string]string{"ls": listed, "status": shown, "status --watch": new(watcher).line(s)} {
		if !strings.Contains(text, "0.064/0.064") && !strings.Contains(text, "0.064 of 0.064 kimg") {
			t.Errorf("%s says\n%s\nwant all 0.064 kimg of 0.064", place, text)
		}
	}
}
