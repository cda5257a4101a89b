package sweep_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/sweep"
)

// base is a configuration that needs no files.
func base(t *testing.T) string {
	t.Helper()
	text, err := configs.PresetText("mnist-gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// layers of a small made-up network.
func layers(*configs.Config) ([]run.Layer, error) {
	return []run.Layer{
		{Name: "map.linear.weight", Kind: "linear", Part: "map"},
		{Name: "enc.28x28_block0.conv0.weight", Kind: "conv", Part: "enc", Block: "28x28_block0", Resolution: 28},
		{Name: "enc.28x28_block0.norm0.weight", Kind: "norm", Part: "enc", Block: "28x28_block0", Resolution: 28},
		{Name: "enc.14x14_block0.conv0.weight", Kind: "conv", Part: "enc", Block: "14x14_block0", Resolution: 14},
		{Name: "dec.28x28_block0.conv0.weight", Kind: "conv", Part: "dec", Block: "28x28_block0", Resolution: 28},
		{Name: "dec.28x28_block0.norm0.weight", Kind: "norm", Part: "dec", Block: "28x28_block0", Resolution: 28},
	}, nil
}

func plan(t *testing.T, text string) *sweep.Plan {
	t.Helper()
	f, err := sweep.Parse("x.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := f.Plan(base(t), sweep.Checks{Layers: layers})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func names(p *sweep.Plan) (list []string) {
	for _, point := range p.Points {
		list = append(list, point.Name)
	}
	return list
}

// TestPlan makes the points of a grid with named points beside it.
func TestPlan(t *testing.T) {
	p := plan(t, `
base = "mnist-gdd-i"
seeds = "3,5-6"
[set]
live.total_kimg = 4
[[axis]]
key = "live.gen_lr"
values = [1e-4, 2e-4]
[[axis]]
freeze = ["none", "one part thawed"]
[[point]]
name = "no R1, hinge"
set = { live.r1_gamma = 0, disc.loss = "hinge" }
`)
	want := []string{
		"gen_lr=0.0001, none", "gen_lr=0.0001, map thawed", "gen_lr=0.0001, enc thawed", "gen_lr=0.0001, dec thawed",
		"gen_lr=0.0002, none", "gen_lr=0.0002, map thawed", "gen_lr=0.0002, enc thawed", "gen_lr=0.0002, dec thawed", "no R1, hinge",
	}
	if !slices.Equal(names(p), want) {
		t.Errorf("points: %q, want %q", names(p), want)
	}
	if got := p.RunName(p.Points[8], 5); got != "x-no-r1-hinge-seed5" {
		t.Errorf("run: %s", got)
	}
	cfg, err := p.Config(p.Points[2], 6)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Run.Seed != 6 || cfg.Run.Threads != 1 || cfg.Live.TotalKimg != 4 || cfg.Live.GenLR != 1e-4 || cfg.Freeze.Preset != "none" ||
		!slices.Equal(cfg.Freeze.Freeze, []string{"*"}) || !slices.Equal(cfg.Freeze.Train, []string{"enc.*"}) || cfg.Name != "x" {
		t.Errorf("config: %+v %+v %+v", cfg.Run, cfg.Live, cfg.Freeze)
	}
	if want := []string{"live.gen_lr", "freeze.preset", "freeze.freeze", "freeze.train", "disc.loss", "live.r1_gamma"}; !slices.Equal(p.Keys, want) {
		t.Errorf("keys: %q, want %q", p.Keys, want)
	}
}

// TestFreezeSets divides the network in every way; the patterns freeze these and no
// others.
func TestFreezeSets(t *testing.T) {
	for set, want := range map[string][]string{
		"one resolution frozen": {"28x28 frozen [\"*.28x28_*\"]", "14x14 frozen [\"enc.14x14_block0.conv0.weight\"]"},
		"one kind thawed":       {"linear thawed [\"map.linear.weight\"]", "conv thawed [\"*.conv0.weight\"]", "norm thawed [\"*.norm0.weight\"]"},
		"one block frozen": {
			"enc.28x28_block0 frozen [\"enc.28x28_*\"]", "enc.14x14_block0 frozen [\"enc.14x14_block0.conv0.weight\"]", "dec.28x28_block0 frozen [\"dec.*\"]",
		},
	} {
		p := plan(t, "base = 'mnist-gdd-i'\n[[axis]]\nfreeze = ['"+set+"']")
		var got []string
		for _, point := range p.Points {
			key := "freeze.freeze"
			if strings.HasSuffix(set, "thawed") {
				key = "freeze.train"
			}
			globs, _ := point.Set.Value(key)
			got = append(got, point.Name+" "+globs)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", set, got, want)
		}
	}
}

// TestBad reads files that are refused, each with its message.
func TestBad(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.bad.toml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%v, %v; want some", paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want, _, _ := strings.Cut(strings.TrimPrefix(string(text), "# "), "\n")
		f, err := sweep.Parse(filepath.Base(path), string(text))
		if err == nil {
			_, err = f.Plan(base(t), sweep.Checks{Layers: layers})
		}
		if err == nil || err.Error() != want {
			t.Errorf("%s:\ngot  %v\nwant %s", path, err, want)
		}
	}
}

// TestShipped plans the sweeps that are built in.
func TestShipped(t *testing.T) {
	for _, name := range configs.Sweeps() {
		f, err := sweep.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		text, _, err := configs.Open(f.Base)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Plan(text, sweep.Checks{Layers: layers}); err != nil {
			t.Error(err)
		}
		if f.About == "" || f.Name != name {
			t.Errorf("%s: called %q, about %q", name, f.Name, f.About)
		}
	}
}

// TestCompare compares with an interval whose quantile was found by integrating the
// density of Student's t.
func TestCompare(t *testing.T) {
	a := sweep.Describe([]float64{19.7, 21.2, 20.4, math.NaN()})
	b := sweep.Describe([]float64{25.1, 23.9, 24.6, 26.0})
	d := sweep.Compare(a, b)
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %.8f, want %.8f", what, got, want)
		}
	}
	near("mean", a.Mean, 20.433333333)
	near("sd", a.SD, 0.750555350)
	near("difference", d.Delta, -4.466666667)
	near("low", d.Low, -6.073548959)
	near("high", d.High, -2.859784364)
	if !d.StandsOut() || !strings.HasSuffix(d.String(), "stands out from the seeds") {
		t.Errorf("%v, want that it stands out", d)
	}
	if d := sweep.Compare(a, sweep.Describe([]float64{30, 31})); d.Claim || d.StandsOut() || !strings.Contains(d.String(), "no claim") {
		t.Errorf("%v of two seeds, want no claim", d)
	}
	if d := sweep.Compare(a, sweep.Describe([]float64{20, 22, 21})); d.StandsOut() || !strings.Contains(d.String(), "does not stand out") {
		t.Errorf("%v, want that it does not stand out", d)
	}
	for delta, want := range map[float64]string{-1084.4: "-1084: ", 0.03125: "+0.0312: ", -12.34: "-12.3: ", 2.5e8: "+2.5e+08: "} {
		if d := (sweep.Difference{Delta: delta}); !strings.HasPrefix(d.String(), want) {
			t.Errorf("%v is written %q, want %q", delta, d.String(), want)
		}
	}
	if s := sweep.Describe(nil); s.N != 0 || !math.IsNaN(s.Mean) {
		t.Errorf("nothing: %+v", s)
	}
}

// TestDifferenceJSON has the interval, and null where nothing can be claimed.
func TestDifferenceJSON(t *testing.T) {
	a := sweep.Describe([]float64{1, 2, 3})
	for _, c := range []struct {
		d    sweep.Difference
		want string
	}{
		{sweep.Compare(sweep.Describe([]float64{2, 2, 2}), sweep.Describe([]float64{1, 1, 1})), `{"difference":1,"low":1,"high":1}`},
		{sweep.Compare(a, sweep.Describe([]float64{4, 4})), `{"difference":-2,"low":null,"high":null}`},
		{sweep.Compare(a, sweep.Describe(nil)), `{"difference":null,"low":null,"high":null}`},
	} {
		row := sweep.Row{Against: []sweep.Difference{c.d}}
		text, err := json.Marshal(row)
		if err != nil || !strings.Contains(string(text), `"against":[`+c.want+`]`) {
			t.Errorf("got %s, %v; want %s", text, err, c.want)
		}
	}
	if text, err := json.Marshal(sweep.Row{}); err != nil || strings.Contains(string(text), "against") {
		t.Errorf("of a table against none: %s, %v", text, err)
	}
}

// TestLogTorn: an entry after one that a killed queue left torn is not lost with it.
func TestLogTorn(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, sweep.LogFile), []byte(`{"kind":"beg`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := sweep.Append(dir, sweep.Entry{Kind: "start", Text: "a run"}); err != nil {
		t.Fatal(err)
	}
	list, err := sweep.Log(dir)
	if err != nil || len(list) != 1 || list[0].Kind != "start" {
		t.Errorf("got %+v, %v, want the entry that was appended", list, err)
	}
}
