package tui_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/trainer/sweep"
	"innate/tui/tuitest"
)

// TestStartCommands starts a run, an ensemble and a sweep by commands.
func TestStartCommands(t *testing.T) {
	var got []string
	queued := func(name string) (string, error) {
		p := &sweep.Plan{Name: name, Base: tuitest.TOML, Points: []sweep.Point{{Name: "p"}}, Seeds: []uint64{1, 2}}
		dir := sweep.Dir("runs", p.Name)
		return dir, errors.Join(os.MkdirAll(dir, 0o755), p.Write(dir))
	}
	opts := tuitest.ListOptions()
	opts.Start = func(_ context.Context, config string, set []string) (string, string, error) {
		got = append(got, "start "+config+" "+strings.Join(set, ","))
		return tuitest.NewFake(t, "runs", "00004-mnist-edm", tuitest.Config{NoFiles: true}).Dir, "", nil
	}
	opts.Ensemble = func(_ context.Context, config string, set []string, seeds string) (string, error) {
		got = append(got, "ensemble "+config+" "+strings.Join(set, ",")+" "+seeds)
		return queued("three")
	}
	opts.Sweep = func(_ context.Context, ref string) (string, error) {
		got = append(got, "sweep "+ref)
		if ref == "gone.toml" {
			return "", errors.New("sweep: open gone.toml: no such file or directory")
		}
		return queued("grid")
	}
	s := tuitest.OpenList(t, 120, 40, opts, func(tb testing.TB) { tuitest.ThreeRuns(tb) })
	for line, want := range map[string]string{
		"start":                    "start: want CONFIG: a preset or a file",
		"start mnist-edm mine":     `start: got "mine", want one CONFIG, then KEY=VALUE`,
		"start mnist-edm --jobs 3": `start: got "--jobs", want CONFIG, --seeds N and KEY=VALUE`,
		"start mnist-edm --seeds":  `start: got "--seeds", want`,
		"sweep":                    "sweep: want freeze-mnist",
		"sweep gone.toml":          "open gone.toml: no such file",
	} {
		s.Command(line)
		s.Wants(want)
	}
	s.Command("start mnist-edm live.lr=1e-4 --seeds 2-4")
	s.Load()
	s.Wants("queued three", "three  2 seeds")
	if !slices.ContainsFunc(s.Lines(), func(l string) bool { return strings.Contains(l, "›") && strings.Contains(l, "three") }) {
		t.Errorf("the cursor is elsewhere:\n%s", s.Frame())
	}
	s.Press("enter", "P")
	s.Wants("sweep three")
	s.Command("sweep my grid.toml") // from its table
	s.Load()
	s.Wants("queued grid")
	s.Press("esc")
	s.Load()
	s.Wants("grid  2 seeds")
	s.Command("start mnist-edm --seeds=5")
	s.Command("start mnist-edm")
	s.Load()
	s.Wants("started 00004-mnist-edm", "00004-mnist-edm", "not started yet")
	s.Command("sweep freeze-mnist") // while a run is open
	s.Wants("queued grid", "not started yet")
	want := []string{"ensemble mnist-edm live.lr=1e-4 2-4", "sweep my grid.toml", "ensemble mnist-edm  5", "start mnist-edm ", "sweep freeze-mnist"}
	got = slices.DeleteFunc(got, func(s string) bool { return s == "sweep gone.toml" })
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	opts.Start, opts.Ensemble, opts.Sweep = nil, nil, nil
	s = tuitest.New(t, 120, 40, opts)
	s.Load()
	s.Command("start mnist-edm --seeds 3")
	s.Wants("use `innate start mnist-edm --seeds 3`")
	s.Command("sweep x.toml")
	s.Wants("use `innate sweep x.toml`")
}
