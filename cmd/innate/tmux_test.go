package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"innate/trainer/run"
)

// desk is a person's shell in a tmux server of its own: it types and looks.
type desk struct {
	*program
	tmux, socket string
}

// newDesk opens a terminal of 120 by 40 cells, whatever is set outside of it,
// whose shell finds innate.
func newDesk(t *testing.T) *desk {
	t.Helper()
	if os.Getenv("INNATE_E2E") == "" {
		t.Skip("set INNATE_E2E=1 to run")
	}
	tmux, err := exec.LookPath("tmux")
	if err != nil {
		t.Skip("no tmux here")
	}
	p := newProgram(t)
	base := filepath.Dir(p.runs)
	self, err := os.Executable()
	check(t, err)
	check(t, os.Mkdir(filepath.Join(base, "bin"), 0o755))
	check(t, os.Symlink(self, filepath.Join(base, "bin", "innate")))
	check(t, os.WriteFile(filepath.Join(base, "bin", "other-rate"), []byte(editorScript), 0o755))
	for _, k := range []string{"NO_COLOR", "COLORTERM", "TMUX", "VISUAL", "INNATE_THEME", "ENV"} {
		p.env = append(p.env, k+"=")
	}
	p.env = append(p.env, "TERM=xterm-256color", "LC_ALL=C.UTF-8", "PS1=$ ", "EDITOR=other-rate", "INNATE_IMAGES=blocks",
		"XDG_STATE_HOME="+filepath.Join(base, "state"), "PATH="+filepath.Join(base, "bin")+":"+os.Getenv("PATH"))
	d := &desk{p, tmux, filepath.Join(base, "tmux")}
	d.tell("new-session", "-d", "-x", "120", "-y", "40", "sh", "-i")
	t.Cleanup(func() {
		_ = exec.Command(tmux, "-S", d.socket, "kill-server").Run()
		dirs, _ := filepath.Glob(filepath.Join(p.runs, "*"))
		for _, dir := range dirs {
			p.kill(dir)
		}
	})
	return d
}

// editorScript sets a learning rate of the file that it is given to edit, if it has
// the terminal to itself, as an editor must.
const editorScript = `#!/bin/sh
test -t 0 && test -t 1 && sed 's/^gen_lr.*/gen_lr = 3e-4/' "$1" >"$1.new" && mv "$1.new" "$1"
`

// tell gives tmux a command and returns what that prints.
func (d *desk) tell(args ...string) string {
	d.t.Helper()
	cmd := exec.Command(d.tmux, append([]string{"-f", "/dev/null", "-S", d.socket}, args...)...)
	cmd.Env, cmd.Dir = d.env, filepath.Dir(d.runs)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("tmux %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// tmuxKeys are keys that tmux calls otherwise than the key table.
var tmuxKeys = map[string]string{
	"up": "Up", "down": "Down", "left": "Left", "right": "Right", "home": "Home", "end": "End", "pgup": "PPage", "pgdown": "NPage",
	"enter": "Enter", "esc": "Escape", "tab": "Tab", "shift+tab": "BTab", "space": "Space", "backspace": "BSpace",
}

// press presses keys by the names of the key table.
func (d *desk) press(keys ...string) {
	d.t.Helper()
	for _, key := range keys {
		name, named := tmuxKeys[key]
		if after, ok := strings.CutPrefix(key, "ctrl+"); ok {
			name, named = "C-"+after, true
		} else if after, ok := strings.CutPrefix(key, "shift+"); ok && !named {
			name, named = "S-"+tmuxKeys[after], true
		}
		if named {
			d.tell("send-keys", name)
		} else {
			d.write(key)
		}
		if key == "esc" {
			time.Sleep(frame) // what follows too soon makes it an alt-key
		}
	}
}

// write types text.
func (d *desk) write(text string) {
	d.t.Helper()
	d.tell("send-keys", "-l", "--", text)
}

// screen is what the terminal shows.
func (d *desk) screen() string {
	d.t.Helper()
	return d.tell("capture-pane", "-p")
}

// sees waits until the screen fits a pattern.
func (d *desk) sees(pattern string) bool {
	d.t.Helper()
	re := regexp.MustCompile(pattern)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if re.MatchString(d.screen()) {
			return true
		}
	}
	return false
}

// wants fails unless the screen comes to fit a pattern.
func (d *desk) wants(pattern string) {
	d.t.Helper()
	if !d.sees(pattern) {
		d.t.Fatalf("the screen never fits %q:\n%s", pattern, d.screen())
	}
}

// frame is longer than the workbench takes to draw what a key has changed.
const frame = 160 * time.Millisecond

// steady waits until the screen stays as it is, and returns it without what
// changes by itself.
func (d *desk) steady() string {
	d.t.Helper()
	last := ""
	for range 40 {
		time.Sleep(frame)
		s := timeless(d.screen())
		if s == last {
			return s
		}
		last = s
	}
	d.t.Fatalf("the screen does not come to rest:\n%s", last)
	return ""
}

// redraws fails if a screen drawn anew differs from the one before: then there
// was something left on it that nobody had drawn.
func (d *desk) redraws() {
	d.t.Helper()
	before := d.steady()
	d.press("ctrl+l")
	after := ""
	for range 40 {
		time.Sleep(frame)
		if after = timeless(d.screen()); after == before {
			return
		}
	}
	d.t.Errorf("redrawn, the screen differs. Before:\n%s\nAfter:\n%s", before, after)
}

var ages = regexp.MustCompile(` *\b(\d+[dhms])+\b`)

// timeless takes ages off a screen, and the line above the footer, whose notices
// go after a while.
func timeless(screen string) string {
	lines := strings.Split(strings.TrimRight(screen, "\n"), "\n")
	if n := len(lines); n > 2 {
		lines[n-2] = ""
	}
	return ages.ReplaceAllString(strings.Join(lines, "\n"), " @")
}

// resize gives the terminal another size.
func (d *desk) resize(w, h int) {
	d.t.Helper()
	d.tell("resize-window", "-x", strconv.Itoa(w), "-y", strconv.Itoa(h))
}

// deskRun is a distillation in steps of milliseconds: evaluated only on demand.
const deskRun = `
name = "tiny"
method = "gdd"
[run]
batch = 4
threads = 1
tensorboard = false
NETWORKS
samples = 100
[live]
gen_lr = 1e-4
total_kimg = 1000
tick_kimg = 0.008
checkpoint_kimg = 0.1
fid_kimg = 0
sample_kimg = 0.02
sample_count = 4
layers_kimg = 0.04
`

// tinyRun trains a little, with some grids of samples, and waits then.
func (d *desk) tinyRun() (dir string) {
	d.t.Helper()
	base := filepath.Dir(d.runs)
	check(d.t, os.WriteFile(filepath.Join(base, "tiny.toml"), []byte(withTinyNetworks(d.t, base, deskRun)), 0o644))
	dir = strings.TrimSpace(d.must("start", "tiny.toml"))
	d.trains(dir, 128)
	d.must("pause", dir)
	waitFor(d.t, "the run to pause", func() bool { return d.status(dir).State == run.StatePaused })
	return dir
}
