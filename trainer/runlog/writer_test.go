package runlog_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"innate/trainer/runlog"
)

// TestFullDiskTearsNoLine lets writes fail at every place within a line: what
// was there stays, a reader sees no part of the line, and the line can be
// written when there is room again.
func TestFullDiskTearsNoLine(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	free := func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(free)
	dir := t.TempDir()
	w, err := runlog.OpenWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	tick := runlog.Tick{Nimg: 8, Scalars: map[string]float64{"loss/gen": 0.5}}
	if err := w.Tick(tick); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, runlog.MetricsFile)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tick.Nimg = 16
	for room := range len(before) {
		full := syscall.Rlimit{Cur: uint64(len(before) + room), Max: limit.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &full); err != nil {
			t.Fatal(err)
		}
		err := w.Tick(tick)
		free()
		if !errors.Is(err, syscall.EFBIG) {
			t.Fatalf("with room for %d bytes: error %v, want %v", room, err, syscall.EFBIG)
		}
		after, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(after, before) {
			t.Fatalf("with room for %d bytes: the file is %q, want %q", room, after, before)
		}
	}
	if err := w.Tick(tick); err != nil {
		t.Fatal(err)
	}
	history, err := runlog.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(history.Rows) != 2 || history.Rows[1].Nimg != 16 {
		t.Errorf("ticks %v, want those at 8 and 16 images", history.Rows)
	}
}

// TestBeginAgain resumes at the first image: nothing from before counts.
func TestBeginAgain(t *testing.T) {
	dir := t.TempDir()
	w, err := runlog.OpenWriter(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if used, err := w.Used(); used || err != nil {
		t.Errorf("a new log is used: %v (%v)", used, err)
	}
	for _, nimg := range []int64{0, 8} {
		if err := w.Tick(runlog.Tick{Nimg: nimg, Scalars: map[string]float64{"fid": 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if used, err := w.Used(); !used || err != nil {
		t.Errorf("a log with ticks is used: %v (%v)", used, err)
	}
	if err := w.Resume(0, time.Now(), "begins again"); err != nil {
		t.Fatal(err)
	}
	history, err := runlog.ReadAll(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(history.Rows) != 0 || len(history.Events) != 1 || history.Events[0].Nimg != 0 {
		t.Errorf("history %+v, want one event and no ticks", history)
	}
}
