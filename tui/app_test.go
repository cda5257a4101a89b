package tui_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestKeyTable checks that no binding is hidden by a narrower one.
func TestKeyTable(t *testing.T) {
	s, _ := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	table := tui.KeyTable()
	slices.SortStableFunc(table, func(a, b tui.KeyInfo) int { // the list of runs last: it closes the run
		return strings.Compare(fmt.Sprint(tui.AwayFromRun(a.Section)), fmt.Sprint(tui.AwayFromRun(b.Section)))
	})
	for _, b := range table {
		s.App.Enter(b.Section)
		for _, k := range b.Keys {
			if got := s.App.Lookup(k); got != b.Help {
				t.Errorf("section %s: key %q runs %q, want %q", b.Section, k, got, b.Help)
			}
		}
		if b.Help == "" || b.Show == "" {
			t.Errorf("section %s: keys %v lack a help text", b.Section, b.Keys)
		}
	}
}

// TestHelp checks that the help of every view names its bindings and every
// command, at any size.
func TestHelp(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 40}} {
		s, _ := tuitest.Open(t, size[0], size[1], tuitest.Default(), tui.Options{})
		for _, name := range append(tui.ViewNames(), "runs") {
			if name == "runs" {
				s.Press("esc", "esc")
			} else {
				s.View(name)
			}
			scopes := s.App.HelpSections()
			s.Press("?")
			help := s.Frame()
			for range 20 {
				s.Press("pgdown")
				help += s.Frame()
			}
			s.Press("esc")
			for _, b := range tui.KeyTable() {
				if slices.Contains(scopes, b.Section) && !strings.Contains(help, b.Help) {
					t.Errorf("%s: help lacks %q", name, b.Help)
				}
			}
			for c := range tui.CommandTable() {
				if !strings.Contains(help, c) {
					t.Errorf("%s: help lacks :%s", name, c)
				}
			}
		}
	}
}

// TestKeysDocument checks that the documentation names every key and command.
func TestKeysDocument(t *testing.T) {
	doc := tui.Keys()
	for _, b := range tui.KeyTable() {
		for _, k := range b.Keys {
			if !strings.Contains(doc, "`"+k+"`") || !strings.Contains(doc, b.Help) {
				t.Errorf("documentation lacks key %q, %q", k, b.Help)
			}
		}
	}
	for c := range tui.CommandTable() {
		if !strings.Contains(doc, "`:"+c) {
			t.Errorf("documentation lacks :%s", c)
		}
	}
	for line := range strings.Lines(doc) {
		if line != "\n" && strings.Count(line, "|") != 3 {
			t.Errorf("line %q isn't a row of two columns", line)
		}
	}
}

// TestKeyNames checks that the table's names are what Bubble Tea calls the keys.
func TestKeyNames(t *testing.T) {
	for _, b := range tui.KeyTable() {
		for _, k := range b.Keys {
			if got := tuitest.KeyPress(k).String(); got != k {
				t.Errorf("key %q arrives as %q", k, got)
			}
		}
	}
}

// TestTinySizes draws every size up to 90 by 30, with overlays, and some absurd
// ones: nothing panics and every frame fills the screen.
func TestTinySizes(t *testing.T) {
	s, _ := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	keys := []string{"", "?", "p", "S", "/", "z", ":", "2", "5", "6", "7"}
	n := 0
	for h := 1; h <= 30; h++ {
		for w := 1; w <= 90; w += 1 + (w+h)%3 {
			s.Send(tuitest.SizeOf(w, h))
			k := keys[n%len(keys)]
			n++
			if k != "" {
				s.Press(k)
			}
			for y, line := range strings.Split(s.Frame(), "\n") {
				if len([]rune(line)) != w || y >= h {
					t.Fatalf("%dx%d, key %q: line %d is %d cells:\n%s", w, h, k, y, len([]rune(line)), s.Frame())
				}
			}
			if k != "" {
				s.Press("esc")
			}
			s.View("dashboard")
			s.Press("tab")
			if strings.Contains(s.Frame(), "runs/") && strings.Contains(s.Frame(), " open ") {
				t.Fatal("left the run")
			}
		}
	}
	s.Send(tuitest.SizeOf(20, 5))
	s.Wants("too small")
	s.Send(tuitest.SizeOf(600, 200))
	s.Exact(600, 200)
}

func TestFreezeOneLayer(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	s.Press("/")
	for _, r := range "enc.28x28_block0.affine" {
		s.Press(string(r))
	}
	s.Press("enter", "down", "space")
	s.Wants("enc.28x28_block0.affine: froze 2 tensors")
	want := []string{"enc.28x28_block0.affine.weight", "enc.28x28_block0.affine.bias"}
	if len(f.Orders) != 1 || !slices.Equal(f.Orders[0].Freeze.Toggle, want) {
		t.Fatalf("orders %+v, want one toggle of %v", f.Orders, want)
	}
	if !slices.ContainsFunc(s.Lines(), func(l string) bool { return strings.Contains(l, "affine  ") && strings.Contains(l, "❄ frozen") }) {
		t.Errorf("layer not shown frozen:\n%s", s.Frame())
	}
	s.Press("space")
	s.Wants("enc.28x28_block0.affine: training 2 tensors")
}

// TestFreezeBlock checks that a partly frozen block is frozen whole first, and
// then trained whole.
func TestFreezeBlock(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	s.CursorTo("block0") // enc.28x28_block0
	s.Press("space")
	if len(f.Orders) != 1 || len(f.Orders[0].Freeze.Toggle) != 6 {
		t.Fatalf("orders %+v, want one toggle of the six training tensors", f.Orders)
	}
	s.Press("space")
	if len(f.Orders) != 2 || len(f.Orders[1].Freeze.Toggle) != 10 {
		t.Fatalf("orders %+v, want a second toggle of all ten tensors", f.Orders[1:])
	}
}

func TestFreezePending(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.App.Update(tuitest.KeyPress("space")) // the command is not run: under way
	s.Wants("pending")
}

func TestFreezeRefused(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	f.Refuse = errors.New(`freeze: pattern "enc.64x64_*" matches no parameter`)
	s.Press("space")
	s.Wants(`freeze: pattern "enc.64x64_*" matches no parameter`)
	s.Lacks("pending")
}

func TestPresetMenu(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{Frozen: frozenBy(func(names []string, p string) ([]string, error) {
		return names[:len(p)], nil
	})})
	f.Serve(t)
	s.Press("p") // the run has gdd-i: the next is offered
	s.Wants("Freezing preset", "frozen   84.5 →   1.3 %")
	s.Press("enter")
	if len(f.Orders) != 1 || f.Orders[0].Freeze.Preset == nil || *f.Orders[0].Freeze.Preset != "gdd-i+qkv" {
		t.Fatalf("orders %+v, want preset gdd-i+qkv", f.Orders)
	}
	s.Wants("preset gdd-i+qkv")
}

func TestPauseStopAndSet(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	f.Serve(t)
	s.Press("P")
	s.Wants("‖ paused", "P resume")
	s.Press("P")
	s.Wants("● running")
	s.Press(":")
	for _, r := range "set gen_lr=2e-4" {
		s.Press(map[rune]string{' ': "space"}[r] + strings.TrimSpace(string(r)))
	}
	s.Press("enter")
	s.Wants("gen_lr = 2e-4")
	s.Press("S", "n")
	if n := len(f.Orders); n != 3 || f.Orders[2].Set["gen_lr"] != "2e-4" {
		t.Fatalf("orders %+v, want pause, resume, set", f.Orders)
	}
	s.Press("S", "y")
	s.Wants("■ stopped", "stopped after a checkpoint")
	if f.Orders[3].Kind != control.KindStop {
		t.Errorf("order %+v, want stop", f.Orders[3])
	}
}

func TestCommandErrors(t *testing.T) {
	s, _ := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	for line, want := range map[string]string{
		"fly":        `command "fly", want freeze, train`,
		"set x":      `set: got "x", want key=value`,
		"set":        "set: want key=value",
		"freeze":     "freeze: want a glob",
		"preset":     "preset: got 0 arguments, want one name",
		"set a=1 b=": `set: got "b=", want key=value`,
	} {
		s.Press(":")
		s.Send(tea.PasteMsg{Content: line})
		s.Press("enter")
		s.Wants(want)
	}
}

// TestDeadWithinThreeSeconds lets a trainer die and follows only the poll's own
// rhythm.
func TestDeadWithinThreeSeconds(t *testing.T) {
	resumed := make(chan string, 1)
	s, f := tuitest.Open(t, 100, 30, tuitest.Default(), tui.Options{Resume: func(_ context.Context, dir string) error {
		resumed <- dir
		return errors.New("trainer: lock is held")
	}})
	s.Lacks("dead")
	f.Release()
	died := s.Now
	for !strings.Contains(s.Frame(), "✗ dead") {
		if s.Now.Sub(died) > 3*time.Second {
			t.Fatalf("no sign of death after %v:\n%s", s.Now.Sub(died), s.Frame())
		}
		s.Load()
	}
	s.Press("P")
	s.Wants("pause: the run is dead, want a running trainer (r resumes it)")
	s.Press("r")
	if dir := <-resumed; dir != f.Dir {
		t.Errorf("resumed %q, want %q", dir, f.Dir)
	}
	s.Wants("trainer: lock is held")
}

func TestLostSocket(t *testing.T) {
	s, f := tuitest.Open(t, 100, 30, tuitest.Default(), tui.Options{})
	s.Send(s.App.Run().Ping(0)()) // nothing listens, the lock is held
	s.Wants("the trainer doesn't answer", "● running")
	f.Serve(t)
	s.Send(s.App.Run().Ping(0)())
	s.Lacks("doesn't answer")
}

// TestNonsense feeds files that no trainer would write.
func TestNonsense(t *testing.T) {
	s, f := tuitest.Open(t, 100, 30, tuitest.Default(), tui.Options{})
	write := func(name, text string) {
		t.Helper()
		tuitest.Must(t, os.WriteFile(filepath.Join(f.Dir, name), []byte(text), 0o644))
	}
	for i, text := range []string{
		"", "null", "[]", `{"state":"\u001b[2Jdancing\n","nimg":-5,"total_nimg":-7,"images_per_sec":1e308,"eta_sec":-1}`,
		`{"state":"running","nimg":9223372036854775807,"total_nimg":1,"frozen_fraction":1e300,"params":-3,"stage_ms":{"g":-1}}`,
		`{"state":"failed","error":"a\nb\u0007c"}`,
	} {
		write(run.StatusFile, text+strings.Repeat(" ", i))
		write(run.LayersFile, `[{"name":""},{"name":"...","count":-1},{"name":"x\u001b[31m.weight","count":3}]`+strings.Repeat(" ", i))
		write(filepath.Join(run.SamplesDir, fmt.Sprintf("9%08d.png", i)), "not a picture")
		write(runlog.MetricsFile, `{"nimg":1e300,"loss/gen":1e308}`+"\n{\n"+`{"nimg":-4,"loss/gen":-1e308,"fid":0}`+"\n")
		s.Load()
		s.Exact(100, 30)
		if strings.ContainsAny(s.Frame(), "\a\x1b\r") {
			t.Errorf("control characters reach the screen with %q", text)
		}
		s.Press("y", "x", "tab")
		s.Exact(100, 30)
	}
}

// TestReattach checks that a dashboard opened later shows the same as one that
// watched all along, and that a rewind drops what no longer counts.
func TestReattach(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	tuitest.Must(t, w.Tick(runlog.Tick{Nimg: 64_500, Time: tuitest.Epoch, Scalars: map[string]float64{"loss/gen": 0.5, "loss/disc": 1.5, "loss/r1": 0.01}}))
	s.Load()
	tuitest.Must(t, w.Resume(60_000, time.Now(), "resumed from the checkpoint at 60.0 kimg"))
	tuitest.Must(t, w.Tick(runlog.Tick{Nimg: 60_500, Time: tuitest.Epoch, Scalars: map[string]float64{"loss/gen": 0.75, "loss/disc": 1.25}}))
	s.Load()
	again := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, RunsDir: "runs", Images: "blocks"})
	again.Load()
	clock := func(frame string) string { // the resume event has the present time
		lines := strings.Split(frame, "\n")
		return strings.Join(lines[:len(lines)-3], "\n")
	}
	if a, b := clock(s.Frame()), clock(again.Frame()); a != b {
		t.Errorf("watched:\n%s\nreattached:\n%s", a, b)
	}
	s.Wants("resumed from the checkpoint")
}

func TestSampleHistory(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.View("samples")
	s.Wants("60.0 kimg")
	s.Press("left")
	s.Wants("40.0 kimg")
	f.WriteSample(t, 80, 9)
	s.Load()
	s.Wants("40.0 kimg") // looking back is not disturbed
	s.Press("G")
	s.Wants("80.0 kimg")
	f.WriteSample(t, 100, 10)
	s.Load()
	s.Wants("100.0 kimg")
}

func TestRunsOpenAndStart(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00003-mnist-gdd-i", tuitest.Default())
	fail := true
	s := tuitest.New(t, 100, 30, tui.Options{RunsDir: "runs", Images: "off",
		Presets: []tui.Preset{{Name: "mnist-edm", About: "teacher"}, {Name: "mnist-gdd-i", About: "student"}},
		Start: func(_ context.Context, preset string, _ []string) (string, string, error) {
			if fail {
				return "", "", fmt.Errorf("start %s: disk full", preset)
			}
			return f.Dir, "", nil
		}})
	s.Load()
	s.Wants("00003-mnist-gdd-i", "✗ dead", "64.0 /  100")
	s.Press("n")
	s.Wants("Start a run", "teacher")
	s.Press("down", "enter", "S")
	s.Wants("start mnist-gdd-i: disk full", "─ mnist-gdd-i ─")
	fail = false
	s.Press("S")
	s.Load()
	s.Wants("started 00003-mnist-gdd-i", "─ Loss ─")
	s.Press("esc")
	s.Load()
	s.Wants("runs", "open")
	s.Press("enter")
	s.Load()
	s.Wants("─ Loss ─")
}

func TestEditWithoutEditor(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	s.Press("e")
	s.Wants("edit " + filepath.Join(f.Dir, "config.toml"))
}

func TestOptions(t *testing.T) {
	if _, err := tui.New(tui.Options{Images: "hologram"}); err == nil || !strings.Contains(err.Error(), `images: "hologram", want sixel, kitty`) {
		t.Errorf("error %v", err)
	}
	app, err := tui.New(tui.Options{Getenv: func(k string) string { return map[string]string{"INNATE_IMAGES": "iterm2"}[k] }})
	if err != nil || app == nil {
		t.Errorf("iterm2: %v", err)
	}
}

// TestQuit checks that leaving and ctrl+c end the program from everywhere.
func TestQuit(t *testing.T) {
	_, f := tuitest.Open(t, 80, 24, tuitest.Default(), tui.Options{})
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {"?", "ctrl+c"}, {"p", "ctrl+c"}, {"S", "ctrl+c"}, {"/", "ctrl+c"}, {":", "ctrl+c"}} {
		s := tuitest.New(t, 80, 24, tui.Options{RunDir: f.Dir, Images: "off"})
		s.Load()
		var cmd tea.Cmd
		for _, k := range keys {
			_, cmd = s.App.Update(tuitest.KeyPress(k))
		}
		if cmd == nil {
			t.Errorf("%v: no command", keys)
			continue
		}
		msg := cmd()
		if b, ok := msg.(tea.BatchMsg); ok {
			msg = b[0]()
		}
		if _, ok := msg.(tea.QuitMsg); !ok {
			t.Errorf("%v: %T, want QuitMsg", keys, msg)
		}
	}
}

// TestClassifier checks that a run without FID charts its accuracy.
func TestClassifier(t *testing.T) {
	t.Chdir(t.TempDir())
	f := tuitest.NewFake(t, "runs", "00001-cnn", tuitest.Config{NoFiles: true})
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	for i := 1; i <= 20; i++ {
		s := map[string]float64{"loss/ce": 2 / float64(i), "accuracy/train": 1 - 0.5/float64(i)}
		if i%5 == 0 {
			s["accuracy/test"] = 0.97
		}
		tuitest.Must(t, w.Tick(runlog.Tick{Nimg: int64(i) * 1000, Time: tuitest.Epoch, Scalars: s}))
	}
	s := tuitest.New(t, 120, 40, tui.Options{RunDir: f.Dir, Images: "off"})
	s.Load()
	s.Wants("─ Accuracy", "test 0.970", "train 0.975", "─ Loss")
	s.Lacks("log y ─", "─ FID")
}

// TestReopenDropsOldPolls checks that a poll under way when a run was closed
// does not count twice when the run is open again.
func TestReopenDropsOldPolls(t *testing.T) {
	s, f := tuitest.Open(t, 120, 40, tuitest.Default(), tui.Options{})
	w, err := runlog.OpenWriter(f.Dir)
	tuitest.Must(t, err)
	defer w.Close()
	tuitest.Must(t, w.Event(runlog.Event{Nimg: 64_100, Time: tuitest.Epoch, Kind: runlog.Config, Text: "only once"}))
	old := s.App.Look(s.Now)
	s.Press("esc", "enter")
	s.Load()
	s.Send(old)
	if n := strings.Count(s.Frame(), "only once"); n != 1 {
		t.Errorf("event shows %d times, want once:\n%s", n, s.Frame())
	}
}
