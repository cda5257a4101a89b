package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"innate/trainer/run"
	"innate/tui"
)

// TestE2EWorkbenchKeys presses every key of the workbench, and gives every
// command, in a real terminal. A key that the tour leaves out fails it.
func TestE2EWorkbenchKeys(t *testing.T) {
	covers(t, keysTable(tui.Keys()))
	d := newDesk(t)
	dir := d.tinyRun()
	d.must("fork", "0", "--name", "other")
	d.write("innate")
	d.press("enter")
	d.wants("00001-other")
	for i, s := range tour {
		if !d.take(s) {
			t.Fatalf("step %d, %s %q: want %q, got\n%s", i, s.scope, s.keys, s.want, d.screen())
		}
	}
	if s := d.status(dir); s.State != run.StatePaused {
		t.Errorf("the run is %s when the workbench has gone, want paused", s.State)
	}
	for _, name := range []string{"grid.png", "other.png"} {
		f, err := os.Open(filepath.Join(filepath.Dir(d.runs), name))
		check(t, err)
		if _, err := png.Decode(f); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		f.Close()
	}
}

// take goes one step and reports whether the screen is as it wants.
func (d *desk) take(s step) bool {
	d.t.Helper()
	switch s.scope {
	case typed:
		d.write(s.keys)
	case given:
		d.press(":")
		d.write(s.keys)
		d.press("enter")
	case shell:
		d.write(s.keys)
		d.press("enter")
	default:
		if s.want == anew {
			d.redraws()
			return true
		}
		d.press(strings.Fields(s.keys)...)
	}
	if s.want == "" {
		return strings.HasPrefix(d.screen(), " innate  ") // no more after a panic
	}
	return d.sees(s.want)
}

// covers fails for keys and commands that no step of the tour gives, and for
// steps whose keys there are no longer.
func covers(t *testing.T, table map[string][]string) {
	t.Helper()
	pressed := map[string]bool{}
	for _, s := range tour {
		keys := strings.Fields(s.keys)
		if s.scope == given {
			keys = keys[:1] // the others are its arguments
		}
		for _, key := range keys {
			pressed[s.scope+" "+key] = true
			if known := table[s.scope]; known != nil && !slices.Contains(known, key) {
				t.Errorf("the tour has %q of %q, which the key table has not", key, s.scope)
			}
		}
	}
	for scope, keys := range table {
		for _, key := range keys {
			if !pressed[scope+" "+key] {
				t.Errorf("no step of the tour has %q of %q", key, scope)
			}
		}
	}
}

// keysTable reads the keys of each scope, and the commands, from their
// documentation.
func keysTable(markdown string) map[string][]string {
	table, scope := map[string][]string{}, ""
	code := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(markdown) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		words := code.FindAllStringSubmatch(first, -1)
		if len(words) == 0 && strings.HasPrefix(line, "| ") {
			scope = first
		}
		for _, w := range words {
			key := w[1]
			if scope == given {
				key, _, _ = strings.Cut(key[1:], " ")
			}
			table[scope] = append(table[scope], key)
		}
	}
	return table
}

// TestE2EWorkbenchResize makes the terminal smaller, step by step, and larger
// again, in one view after the other. What shows must be what a fresh drawing
// shows.
func TestE2EWorkbenchResize(t *testing.T) {
	d := newDesk(t)
	d.tinyRun()
	d.resize(200, 60)
	d.write("innate open 0")
	d.press("enter")
	d.wants("00000-tiny .*paused")
	sizes := [][2]int{{200, 60}, {160, 45}, {120, 40}, {99, 31}, {80, 24}, {60, 18}, {40, 10}, {39, 9}}
	for _, size := range slices.Backward(sizes[:len(sizes)-1]) {
		sizes = append(sizes, size)
	}
	views := []string{"1", "2", "3", "4", "5", "7"} // the machine never rests
	for i, size := range sizes {
		d.press(views[i%len(views)])
		d.resize(size[0], size[1])
		d.wants(map[bool]string{true: "too small", false: `^ innate  00000-tiny`}[size[0] < 40])
		d.redraws()
		if t.Failed() {
			t.Fatalf("that was view %s in %d by %d", views[i%len(views)], size[0], size[1])
		}
	}
	d.press("?") // and something that covers the view
	for _, size := range [][2]int{{60, 18}, {120, 40}} {
		d.resize(size[0], size[1])
		d.wants("─ Help ")
		d.redraws()
	}
}

// TestE2EWorkbenchTrouble edits rubbish into a run's config and kills its
// trainer: the screen says where the rubbish is, and how to continue.
func TestE2EWorkbenchTrouble(t *testing.T) {
	d := newDesk(t)
	dir := d.tinyRun()
	d.write("innate open 0")
	d.press("enter")
	d.wants("00000-tiny .*paused")

	path := filepath.Join(dir, run.ConfigFile)
	text, err := os.ReadFile(path)
	check(t, err)
	check(t, os.WriteFile(path, append(text, "rubbish\n"...), 0o644))
	line := strings.Count(string(text), "\n") + 1
	d.wants(fmt.Sprintf(`config.toml:%d: .*\(the old settings keep running\)`, line))
	check(t, os.WriteFile(path, text, 0o644))
	d.press("P")
	d.wants("● running")
	waitFor(t, "the refusal to go", func() bool { return !strings.Contains(d.screen(), "old settings") })

	killed := time.Now()
	check(t, syscall.Kill(d.status(dir).PID, syscall.SIGKILL))
	d.wants(`✗ dead`)
	if took := time.Since(killed); took > 3*time.Second {
		t.Errorf("the workbench took %v to see that the trainer was killed, want 3s at most", took)
	}
	d.wants(`the trainer died at .* r resumes from [0-9.]+ kimg`)
	d.press("7")
	d.wants(`Last words of the trainer`)
	d.redraws()
	d.press("r")
	d.wants("00000-tiny .*● running")
}

// TestE2EWorkbenchAlone runs the workbench as all there is in a terminal, where
// no shell could wake it after ctrl+z.
func TestE2EWorkbenchAlone(t *testing.T) {
	d := newDesk(t)
	d.tell("new-window", "innate")
	d.wants("no runs yet")
	d.press("ctrl+z")
	d.wants("there is no shell to go back to")
	d.press("n")
	d.wants("Start a run")
	d.press("esc", "q")
	d.wants(`^\$`) // of the window before
}
