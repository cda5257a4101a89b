package loop_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// later is a schedule that thaws at 12 images, and freezes more at 20 and 40.
const later = `
[[freeze.schedule]]
at_kimg = 0.012
[[freeze.schedule]]
at_kimg = 0.02
preset = "norms"
[[freeze.schedule]]
at_kimg = 0.04
preset = "gdd-i+qkv"
freeze = ["map_layer0.*"]
`

// TestScheduleIsExact breaks off around the steps at which something else is frozen,
// and goes on: not a bit may differ.
func TestScheduleIsExact(t *testing.T) {
	t.Parallel()
	whole := resumed(t, quiet(t, "gdd")+later, 2, 1, 1, 1, 5)
	var texts []string
	for _, e := range events(t, whole, runlog.Freeze) {
		texts = append(texts, e.Text)
		if e.Data["before"] == nil || e.Data["preset"] == nil {
			t.Errorf("event %v, want the tables before and after", e)
		}
	}
	if len(texts) != 3 || !strings.HasPrefix(texts[0], "schedule, from 0.012 kimg: 0.0 %") || events(t, whole, runlog.Freeze)[1].Nimg != 20 {
		t.Errorf("events %q, want one for each entry", texts)
	}
}

// TestScheduleIsAToggle: what an entry does at its step is what a client's toggle
// between the same steps does.
func TestScheduleIsAToggle(t *testing.T) {
	t.Parallel()
	planned, asked := newRun(t, quiet(t, "gdd")+"\n[[freeze.schedule]]\nat_kimg = 0.012\npreset = \"norms\"\n"), newRun(t, quiet(t, "gdd"))
	a, b := open(t, planned), open(t, asked)
	steps(t, a, 6)
	steps(t, b, 3)
	norms := "norms"
	check(t, b.Apply(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Preset: &norms}}))
	steps(t, b, 3)
	if x, y := a.Status(), b.Status(); x.FrozenParams != y.FrozenParams || x.FreezePreset != "norms" {
		t.Errorf("frozen %d by preset %s, want %d", x.FrozenParams, x.FreezePreset, y.FrozenParams)
	}
	save(t, a)
	save(t, b)
	a.Close()
	b.Close()
	if !same(t, read(t, checkpointPath(planned, 24)), read(t, checkpointPath(asked, 24))) {
		t.Error("the weights differ")
	}
}

// TestScheduleIsLive edits the schedule of a run: entries come and go, a toggle edits
// the table in force, and what cannot be is refused.
func TestScheduleIsLive(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	defer l.Close()
	at, none := func(x float64) *float64 { return &x }, "none"
	do := func(r control.FreezeRequest) error {
		return l.Apply(control.Command{Kind: control.KindFreeze, Freeze: r})
	}
	text := func() string { return string(read(t, filepath.Join(dir, run.ConfigFile))) }
	check(t, do(control.FreezeRequest{AtKimg: at(0.02), Preset: &none}))
	check(t, do(control.FreezeRequest{AtKimg: at(0.008), Preset: &none, Freeze: &[]string{"dec.*"}}))
	steps(t, l, 2)
	st := l.Status()
	if next, ok := st.NextFreezing(); !ok || next.Nimg != 20 || next.Fraction != 0 || len(st.FreezeSchedule) != 2 || !st.FreezeSchedule[0].InForce {
		t.Errorf("schedule %+v, want the first of two in force", st.FreezeSchedule)
	}
	name := l.Layers()[0].Name
	check(t, do(control.FreezeRequest{Toggle: []string{name}}))
	if got := text(); !strings.Contains(got, "[[freeze.schedule]]\nat_kimg = 0.008\npreset = \"none\"\nfreeze = [\"dec.*\", \""+name+"\"]\n") || !strings.Contains(got, "[freeze]\npreset = \"gdd-i\"\n") {
		t.Errorf("config.toml after a toggle:\n%s", got)
	}
	all := []string{"*"}
	for _, tt := range []struct {
		r    control.FreezeRequest
		want string
	}{
		{control.FreezeRequest{AtKimg: at(0.008)}, "freeze: at_kimg: got 0.008, want more than the 0.008 that the run has seen"},
		{control.FreezeRequest{RemoveKimg: at(1)}, "freeze: remove: no entry at 1 kimg, want one of [0.008 0.02]"},
		{control.FreezeRequest{AtKimg: at(0.03), Freeze: &all}, "are frozen, want at least one to train"},
		{control.FreezeRequest{AtKimg: at(0.03), Freeze: &[]string{"up.*"}}, `"up.*"`},
		{control.FreezeRequest{AtKimg: at(0.03), Toggle: all}, "freeze: got toggle beside"},
		{control.FreezeRequest{RemoveKimg: at(0.02), Toggle: all}, "more than one"},
	} {
		before := text()
		if err := do(tt.r); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
		if text() != before {
			t.Errorf("a request that was refused changed config.toml: %s", tt.want)
		}
	}
	check(t, do(control.FreezeRequest{AtKimg: at(500), Preset: &none})) // beyond the end: until that moves
	for _, kimg := range []float64{500, 0.008, 0.02} {
		check(t, do(control.FreezeRequest{RemoveKimg: at(kimg)}))
	}
	if st := l.Status(); st.FreezePreset != "gdd-i" || st.FreezeSchedule != nil || strings.Contains(text(), "schedule") {
		t.Errorf("preset %s, schedule %v, want those from before\n%s", st.FreezePreset, st.FreezeSchedule, text())
	}
}

// TestFaultScheduleErrors: entries that this network cannot follow are refused at the
// start, with their line.
func TestFaultScheduleErrors(t *testing.T) {
	t.Parallel()
	for entry, want := range map[string]string{
		"freeze = [\"nothing.*\"]": `"nothing.*"`,
		"freeze = [\"*\"]":         "want at least one to train",
	} {
		text := quiet(t, "gdd") + "\n[[freeze.schedule]]\nat_kimg = 0.012\n" + entry + "\n"
		dir := newRun(t, text)
		_, err := loop.Open(dir)
		if err == nil || !strings.Contains(err.Error(), "config.toml:") || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want the line and %s", err, want)
		}
	}
}

// TestScheduleBack goes back over the time of an entry, and forks on both sides of it.
func TestScheduleBack(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd")+"\n[[freeze.schedule]]\nat_kimg = 0.012\n")
	l := open(t, dir)
	steps(t, l, 2)
	save(t, l)
	steps(t, l, 2)
	if got := l.Status().FrozenParams; got != 0 {
		t.Fatalf("%d parameters frozen after the entry, want 0", got)
	}
	_, err := l.Rollback()
	check(t, err)
	steps(t, l, 1)
	if st := l.Status(); st.FrozenParams != 0 || st.Nimg != 12 {
		t.Errorf("at %d images %d parameters are frozen, want the entry in force again", st.Nimg, st.FrozenParams)
	}
	save(t, l)
	l.Close()
	var kept []bool
	for _, e := range events(t, dir, runlog.Freeze) {
		kept = append(kept, e.Data["frozen_params"] != float64(0))
	}
	if !slices.Equal(kept, []bool{false, true, false}) {
		t.Errorf("events of freezing %v, want thawed, frozen by going back, thawed", kept)
	}
	for nimg, preset := range map[int64]string{8: "gdd-i", 12: "none"} {
		f, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: checkpointPath(dir, int(nimg)), Name: "fork"})
		check(t, err)
		info, err := run.ReadInfo(f.Dir)
		check(t, err)
		if info.Status.FreezePreset != preset {
			t.Errorf("fork at %d images: preset %s, want %s", nimg, info.Status.FreezePreset, preset)
		}
	}
}

// TestRates: factors of the learning rate are those of the learning rate, exactly; a
// factor of 1 is none, and they survive a resume.
func TestRates(t *testing.T) {
	t.Parallel()
	weights := func(rates string, lr string) []byte {
		dir := newRun(t, strings.Replace(quiet(t, "gdd"), "r1_interval = 4", "r1_interval = 4\ngen_lr = "+lr, 1)+rates)
		l := open(t, dir)
		steps(t, l, 4)
		save(t, l)
		l.Close()
		return read(t, checkpointPath(dir, 16))
	}
	plain := weights("", "4e-4")
	if !same(t, plain, weights("[rates]\n\"*\" = 0.5\n", "8e-4")) {
		t.Error("a factor of 0.5 of all is not half the learning rate")
	}
	if !same(t, plain, weights("[rates]\n\"*.weight\" = 1\n", "4e-4")) {
		t.Error("a factor of 1 changes the weights")
	}
	if same(t, plain, weights("[rates]\n\"*.weight\" = 0.5\n", "4e-4")) {
		t.Error("a factor of 0.5 of some changes nothing")
	}
	resumed(t, quiet(t, "gdd")+"[rates]\n\"*.weight\" = 0.5\n\"dec.*\" = 0.1\n", 3)
}

// TestRatesAreLive sets factors of groups, and reads them in the layers.
func TestRatesAreLive(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	defer l.Close()
	rate := func(glob string, factor float64) error {
		return l.Apply(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Rate: &control.RateRequest{Globs: []string{glob}, Factor: factor}}})
	}
	of := func(part string) (list []float64) {
		for _, layer := range l.Layers() {
			if layer.Part == part && !slices.Contains(list, layer.Rate) {
				list = append(list, layer.Rate)
			}
		}
		return list
	}
	check(t, rate("dec.*", 0.1))
	check(t, rate("enc.*", 0.5))
	check(t, rate("dec.*", 0.2)) // in the place of its line
	text := string(read(t, filepath.Join(dir, run.ConfigFile)))
	if !strings.HasSuffix(text, "[rates]\n\"enc.*\" = 0.5\n\"dec.*\" = 0.2\n") || !slices.Equal(of("dec"), []float64{0.2}) || !slices.Equal(of("enc"), []float64{0.5}) {
		t.Errorf("factors %v and %v, config.toml:\n%s", of("enc"), of("dec"), text)
	}
	check(t, rate("*", 1)) // no line is left to matter
	if text := string(read(t, filepath.Join(dir, run.ConfigFile))); !strings.HasSuffix(text, "[rates]\n") || !slices.Equal(of("dec"), []float64{0}) {
		t.Errorf("factors %v, config.toml:\n%s", of("dec"), text)
	}
	for glob, want := range map[string]string{"up.*": `"up.*"`, "dec.[": "dec.["} {
		if err := rate(glob, 0.5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", glob, err)
		}
	}
	if err := rate("dec.*", 0); err == nil || err.Error() != "freeze: rate: got 0, want in (0, 1]: what is not to train at all is frozen" {
		t.Errorf("got %v", err)
	}
}
