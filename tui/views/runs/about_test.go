package runs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui/tuitest"
)

// TestRunsTags tags and notes runs, of which a list shows both and filters by both.
func TestRunsTags(t *testing.T) {
	s := tuitest.OpenList(t, 80, 24, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Press("g", "t")
	s.Type("good mine")
	s.Press("enter")
	s.Load()
	s.Wants("tags", "good mine")
	s.Press("e")
	s.Type("the rate was too high")
	s.Press("enter")
	s.Load()
	s.GoldenSizes("runs-tagged")

	// Marked runs get a tag together, and one that some have goes from those.
	s.Press("v")
	s.Command("tag paper -mine")
	s.Load()
	for _, name := range []string{"00001-mnist-gdd", "00002-mnist-gdd", "00003-mnist-gdd-i"} {
		about, err := run.ReadAbout(filepath.Join("runs", name))
		tuitest.Must(t, err)
		if !about.Tagged([]string{"paper", "!mine"}) {
			t.Errorf("%s has %v, want paper and not mine", name, about.Tags)
		}
	}
	s.Press("esc")
	for _, c := range []struct{ filter, shows string }{
		{"tag:good", "1 of 3"}, {"!tag:good", "2 of 3"}, {"pap", "3"}, {"too", "1 of 3"}, {"tag:nothing", "no run matches"},
	} {
		s.Press("/")
		s.Type(c.filter)
		s.Press("enter")
		s.Wants(c.shows)
		s.Press("esc")
	}
	s.Press("t", "tab")
	s.Wants("tag good", "paper")
	s.Press("esc")

	// Nothing of what is refused is applied.
	s.Command("tag fine b@d")
	s.Wants(`tag: got "b@d"`)
	s.Load()
	s.Lacks("fine ")

	// A note of several lines cannot be typed on one.
	dir := filepath.Join("runs", "00003-mnist-gdd-i")
	tuitest.Must(t, run.EditAbout(dir, func(a *run.About) { a.Note = "one\ntwo" }))
	s.Load()
	s.Press("g", "e")
	s.Wants("note: it has several lines")
	s.Command("note")
	if about, err := run.ReadAbout(dir); err != nil || about.Note != "" {
		t.Errorf("note %q, %v, want none", about.Note, err)
	}

	// What cannot be read stands in the way of no run, but of changes to it.
	tuitest.Must(t, os.WriteFile(filepath.Join(dir, run.AboutFile), []byte("{"), 0o644))
	s.Load()
	s.Wants("00003-mnist-gdd-i")
	s.Command("tag more")
	s.Wants("unexpected end of JSON")
}

// TestOpenRunTags tags and notes the open run, whose line tells both.
func TestOpenRunTags(t *testing.T) {
	s := tuitest.OpenList(t, 120, 40, tuitest.ListOptions(), func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	s.Press("G", "enter")
	s.Load()
	s.Command("tag good")
	s.Wants("tagged 00001-mnist-gdd: good")
	s.Command("note a run   to keep")
	if about, err := run.ReadAbout(filepath.Join("runs", "00001-mnist-gdd")); err != nil || about.Note != "a run to keep" || strings.Join(about.Tags, " ") != "good" {
		t.Errorf("got %+v, %v", about, err)
	}
	s.Command("tag")
	s.Wants("tag: want tags")

	again := tuitest.New(t, 160, 40, tuitest.ListOptions())
	again.Load()
	again.Press("G", "enter")
	again.Load()
	again.Press("7")
	again.Wants("tags good", "a run to keep")
}
