package tui_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"innate/tui"
	"innate/tui/session"
	"innate/tui/tuitest"
)

// elsewhere stands for another machine, which has the samples that are empty here.
type elsewhere struct {
	err     error
	focus   string
	grids   map[string][]byte
	brought []string
}

func (e *elsewhere) State() (string, error) { return "gpu-host", e.err }
func (e *elsewhere) Focus(dir string)       { e.focus = filepath.Base(dir) }

func (e *elsewhere) Bring(_ context.Context, dir, file string) error {
	e.brought = append(e.brought, file)
	grid, ok := e.grids[file]
	if !ok {
		return errors.New("connection to gpu-host lost")
	}
	return os.WriteFile(filepath.Join(dir, file), grid, 0o644)
}

// TestRemote shows a copy of a run of another machine: where it is, what is wrong with
// the copy, and the samples that are fetched when they show.
func TestRemote(t *testing.T) {
	there := &elsewhere{grids: map[string][]byte{}}
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	f.Hold(t)
	files, err := filepath.Glob(filepath.Join(f.Dir, "samples", "*.png"))
	tuitest.Must(t, err)
	for i, path := range files {
		if i > 0 { // the oldest is lost
			grid, err := os.ReadFile(path)
			tuitest.Must(t, err)
			there.grids["samples/"+filepath.Base(path)] = grid
		}
		tuitest.Must(t, os.WriteFile(path, nil, 0o644))
	}
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Remote: there, Images: "blocks"})
	s.Load()
	s.Wants("on gpu-host")
	if there.focus != "00003-mnist-gdd-i" {
		t.Errorf("looks at %q", there.focus)
	}
	if newest := "samples/" + filepath.Base(files[len(files)-1]); len(there.brought) != 1 || there.brought[0] != newest {
		t.Errorf("brought %q, want %s alone", there.brought, newest)
	}
	s.View("samples")
	s.Wants("3 of 3")
	s.Press("h")
	s.Wants("2 of 3")
	s.Press("h")
	s.Wants("connection to gpu-host lost")
	s.View("machine")
	s.Wants("This machine; the run is on gpu-host")
	s.Wants("none is followed")

	there.err = errors.New("connection lost, next try in 4s: the connection ended")
	s.Now = s.Now.Add(time.Minute) // so that the poll has something to say
	s.Load()
	s.Wants("gpu-host: connection lost, next try in 4s")
	there.err = nil
	s.Now = s.Now.Add(time.Minute)
	s.Load()
	s.Lacks("connection lost, next try")
	run := s.App.Run()
	s.Send(session.PingMsg{Run: run, Err: fmt.Errorf("status: %w", context.DeadlineExceeded)})
	s.Wants("no answer in time from gpu-host: the trainer may be busy, or the connection slow")
	s.Send(session.PingMsg{Run: run, Err: errors.New("connection refused")})
	s.Wants("the trainer doesn't answer: connection refused")
	s.View("dashboard")
	s.Press("esc")
	s.Wants("on gpu-host")
	if there.focus != "." {
		t.Errorf("looks at %q beside the list", there.focus)
	}
	s.Press("n")
	s.Wants("start: not available here; use `innate start CONFIG` on gpu-host")

	there.err = errors.New("connection lost, connecting: the connection ended")
	list := tuitest.New(t, 120, 40, tui.Options{RunsDir: "runs", Remote: there, Images: "off"})
	list.Wants("gpu-host: connection lost, connecting")
}
