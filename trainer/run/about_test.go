package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"innate/trainer/run"
)

func TestAbout(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	about := func() run.About {
		t.Helper()
		a, err := run.ReadAbout(dir)
		check(t, err)
		return a
	}
	if a := about(); !reflect.DeepEqual(a, run.About{}) {
		t.Errorf("nothing noted: got %+v", a)
	}
	check(t, run.EditAbout(dir, func(a *run.About) { a.Tags = append(a.Tags, "thaw", "best", "thaw") }))
	check(t, run.EditAbout(dir, func(a *run.About) { a.Group, a.Point, a.Note = "freeze", "gdd-i, 20 kimg", "first\nsecond" }))
	want := run.About{Group: "freeze", Point: "gdd-i, 20 kimg", Tags: []string{"best", "thaw"}, Note: "first\nsecond"}
	if a := about(); !reflect.DeepEqual(a, want) {
		t.Errorf("got %+v, want %+v", a, want)
	}
	info, err := run.ReadInfo(dir)
	check(t, err)
	if !reflect.DeepEqual(info.About, want) {
		t.Errorf("of the run: got %+v, want %+v", info.About, want)
	}

	for text, edit := range map[string]func(*run.About){
		"tag": func(a *run.About) { a.Tags = append(a.Tags, "two words") },
		"tags": func(a *run.About) {
			for i := range run.MaxTags + 1 {
				a.Tags = append(a.Tags, fmt.Sprint("t", i))
			}
		},
		"note:":  func(a *run.About) { a.Note = strings.Repeat("x", run.MaxNote+1) },
		"group:": func(a *run.About) { a.Group = "a\x1b[2J" },
	} {
		if err := run.EditAbout(dir, edit); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got error %v", text, err)
		}
	}
	if a := about(); !reflect.DeepEqual(a, want) {
		t.Errorf("after what was refused: got %+v, want %+v", a, want)
	}
}

// TestAboutBroken: a note that cannot be read does not hide the run.
func TestAboutBroken(t *testing.T) {
	dir := makeRun(t, t.TempDir(), "00001-a")
	check(t, os.WriteFile(filepath.Join(dir, run.AboutFile), []byte(`{"tags":["\u001b"]}`), 0o644))
	if _, err := run.ReadAbout(dir); err == nil || !strings.Contains(err.Error(), run.AboutFile) {
		t.Errorf("got error %v, want the file's name", err)
	}
	info, err := run.ReadInfo(dir)
	if err != nil || len(info.About.Tags) != 0 {
		t.Errorf("got %+v, %v, want the run without tags", info.About, err)
	}
}
