package loop_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/configs"
	"innate/trainer"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// rule is a table [freeze.rule]. Steps are of 4 images.
func rule(everyKimg, below float64, thaw int, group string) string {
	return fmt.Sprintf("\n[freeze.rule]\nevery_kimg = %v\nfreeze_below = %v\nthaw = %d\ngroup = %q\n", everyKimg, below, thaw, group)
}

// ruled is a run's rule as its status says it, with its parameters in order.
func ruled(l *loop.Loop) run.RuleStatus {
	if s := l.Status().FreezeRule; s != nil {
		return *s
	}
	return run.RuleStatus{}
}

// TestRuleIsExact breaks off before, at and after decisions, and goes on, in
// micro-batches too: not a bit may differ.
func TestRuleIsExact(t *testing.T) {
	t.Parallel()
	text := quiet(t, "gdd") + rule(0.012, 0.02, 1, "block")
	whole := resumed(t, text, 2, 1, 1, 1, 5)
	var froze, thawed bool
	for _, e := range events(t, whole, runlog.Freeze) {
		froze = froze || strings.Contains(e.Text, "rule: froze ")
		thawed = thawed || strings.Contains(e.Text, "thawed ")
		if e.Nimg%12 != 0 || e.Data["before"] == nil {
			t.Errorf("event %q at %d images, want one at the end of a window with the table before it", e.Text, e.Nimg)
		}
		for _, side := range []string{"froze", "thawed"} {
			values, _ := e.Data[side].(map[string]any)
			for name, v := range values {
				if _, number := v.(float64); !number {
					t.Errorf("event %q: %s by %v of type %T, want a number", e.Text, name, v, v)
				}
			}
		}
	}
	if !froze || !thawed {
		t.Error("want groups frozen and groups thawed")
	}
	resumed(t, inParts(quiet(t, "edm"))+rule(0.012, 0.005, 1, "layer"), 3, 2)
}

// TestRuleAfterAKill takes up the checkpoint that a step writes before its decision: the
// next process makes the same.
func TestRuleAfterAKill(t *testing.T) {
	t.Parallel()
	text := strings.Replace(quiet(t, "gdd"), "checkpoint_kimg = 0", "checkpoint_kimg = 0.012", 1) + rule(0.012, 0.02, 1, "kind")
	whole, killed := newRun(t, text), newRun(t, text)
	train(t, whole)
	check(t, os.WriteFile(checkpointPath(killed, 12), read(t, checkpointPath(whole, 12)), 0o644))
	train(t, killed)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, killed)) {
		t.Error("another checkpoint than that of a run that was not killed")
	}
	if a, b := events(t, whole, runlog.Freeze), events(t, killed, runlog.Freeze); len(a) == 0 || len(a) != len(b) || a[0].Text != b[0].Text {
		t.Errorf("%d events of freezing, want the %d of the run that was not killed", len(b), len(a))
	}
}

// TestRuleChangesNothingElse: the step that measures gradients of frozen layers leaves
// the weights, moments and averages that it leaves without.
func TestRuleChangesNothingElse(t *testing.T) {
	t.Parallel()
	half := func(text string) string {
		return strings.Replace(inParts(text), "threads = 2\n", "threads = 2\nactivations = \"bfloat16\"\n", 1)
	}
	for name, text := range map[string]string{
		"gdd": quiet(t, "gdd"), "in parts, in half the memory": half(quiet(t, "gdd")),
		"edm": quiet(t, "edm") + "[freeze]\npreset = \"gdd-i\"\n", "classifier": config("classifier", "") + "[freeze]\nfreeze = [\"stages.0.*\"]\n",
	} {
		t.Run(name, func(t *testing.T) {
			at := func(text string) string {
				dir := newRun(t, text)
				l := open(t, dir)
				defer l.Close()
				steps(t, l, 3)
				save(t, l)
				return checkpointPath(dir, 12)
			}
			with, without := at(text+rule(0.012, 0, 1, "block")), at(text)
			for _, prefix := range []string{"gen", "net", "ema", "disc", "adam"} {
				a, b := tensorsOf(t, with, prefix), tensorsOf(t, without, prefix)
				for key, values := range a {
					if !slices.Equal(values, b[key]) {
						t.Errorf("%s%s differs", prefix, key)
					}
				}
				if len(a) != len(b) {
					t.Errorf("%s: %d tensors, want %d", prefix, len(a), len(b))
				}
			}
		})
	}
}

// TestRuleMeasures holds a decision against what checkpoints and the statistics of a run
// in which all trains say: groups that moved less than the limit are frozen, and of the
// frozen ones that of the largest relative gradient is thawed.
func TestRuleMeasures(t *testing.T) {
	t.Parallel()
	const limit = 0.004
	text := quiet(t, "gdd")
	dir, all := newRun(t, text+rule(0.004, limit, 1, "block")), newRun(t, strings.Replace(text, "preset = \"gdd-i\"", "preset = \"none\"", 1))
	l, a := open(t, dir), open(t, all)
	defer l.Close()
	defer a.Close()
	before, first := l.Layers(), map[string][]float32{}
	change(t, a, "live.layers_kimg", "0.004")
	for name, values := range tensorsOf(t, filepath.Join(filepath.Dir(teacherOf(text)), "teacher.safetensors"), "") {
		first[name] = values
	}
	steps(t, l, 1)
	save(t, l)
	steps(t, a, 1)
	grads, after := map[string]float64{}, tensorsOf(t, checkpointPath(dir, 4), "gen/")
	for _, layer := range a.Layers() {
		grads[layer.Name] = *layer.GradNorm
	}
	type sums struct{ change, size, grad, weight float64 }
	groups := map[string]*sums{}
	of := func(layer run.Layer) string {
		if layer.Block == "" {
			return layer.Name[:strings.LastIndex(layer.Name, ".")]
		}
		return layer.Part + "." + layer.Block
	}
	for _, layer := range before {
		g := groups[of(layer)]
		if g == nil {
			g = &sums{}
			groups[of(layer)] = g
		}
		for i, w := range first[layer.Name] {
			d := float64(after[layer.Name][i]) - float64(w)
			if layer.Frozen {
				g.weight += float64(w) * float64(w)
			} else {
				g.change, g.size = g.change+d*d, g.size+float64(w)*float64(w)
			}
		}
		if layer.Frozen {
			g.grad += grads[layer.Name] * grads[layer.Name]
		}
	}
	most, largest := "", 0.0
	for name, g := range groups {
		if r := math.Sqrt(g.grad / g.weight); g.weight > 0 && r > largest {
			most, largest = name, r
		}
	}
	frozen, kept := 0, 0
	for i, layer := range l.Layers() {
		g, was := groups[of(layer)], before[i].Frozen
		want := was
		switch {
		case was && of(layer) == most:
			want = false
		case !was && of(layer) != most && g.size > 0 && math.Sqrt(g.change/g.size) < limit:
			want, frozen = true, frozen+1
		case !was:
			kept++
		}
		if layer.Frozen != want || layer.ByRule != (want != was) {
			t.Errorf("%s: frozen %v, by rule %v, want %v; it was %v", layer.Name, layer.Frozen, layer.ByRule, want, was)
		}
	}
	if frozen == 0 || kept == 0 || most == "" {
		t.Errorf("%d tensors below the limit and %d above it, want both", frozen, kept)
	}
	if e := events(t, dir, runlog.Freeze); len(e) != 1 || !strings.Contains(e[0].Text, fmt.Sprintf("thawed %s (gradient %.2g)", most, largest)) {
		t.Errorf("events %v, want that %s was thawed for %.2g", e, most, largest)
	}
}

// teacherOf is the path that a configuration begins with.
func teacherOf(text string) string {
	_, rest, _ := strings.Cut(text, "init = \"")
	path, _, _ := strings.Cut(rest, "\"")
	return path
}

// TestRuleAndSchedule: an entry takes the place of all that the rule has decided, and its
// window begins there; so does another preset. The rule goes on from either.
func TestRuleAndSchedule(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd")+"\n[[freeze.schedule]]\nat_kimg = 0.016\npreset = \"gdd-i+qkv\"\n"+rule(0.008, 0, 1, "block"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 2)
	if r := ruled(l); len(r.Thawed) == 0 || r.NextNimg != 16 {
		t.Fatalf("rule %+v, want something thawed at 8 images", r)
	}
	steps(t, l, 2) // the entry and the end of a window
	if r := ruled(l); len(r.Thawed)+len(r.Frozen) > 0 || r.NextNimg != 24 {
		t.Errorf("rule %+v, want nothing left under the entry", r)
	}
	steps(t, l, 2)
	if r := ruled(l); len(r.Thawed) == 0 {
		t.Errorf("rule %+v, want it to go on", r)
	}
	none := "gdd-i"
	check(t, l.Apply(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Preset: &none}}))
	if r := ruled(l); len(r.Thawed)+len(r.Frozen) > 0 {
		t.Errorf("rule %+v, want nothing left under another preset", r)
	}
}

// TestRuleLeavesHands: what the table names is not touched, and a toggle takes what the
// rule decided out of its hands, for good.
func TestRuleLeavesHands(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd")+"freeze = [\"map_layer0.*\"]\ntrain = [\"dec.*\"]\n"+rule(0.004, 1000, 100, "layer"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 1)
	for _, layer := range l.Layers() {
		hand := strings.HasPrefix(layer.Name, "dec.") || strings.HasPrefix(layer.Name, "map_layer0.")
		if hand == layer.ByRule || strings.HasPrefix(layer.Name, "dec.") && layer.Frozen || strings.HasPrefix(layer.Name, "map_layer0.") && !layer.Frozen {
			t.Errorf("%s: frozen %v, by rule %v", layer.Name, layer.Frozen, layer.ByRule)
		}
	}
	froze, thawed := ruled(l).Frozen[0], ruled(l).Thawed[0]
	check(t, l.Apply(control.Command{Kind: control.KindFreeze, Freeze: control.FreezeRequest{Toggle: []string{froze, thawed}}}))
	steps(t, l, 2)
	for _, layer := range l.Layers() {
		if layer.Name == froze && (layer.Frozen || layer.ByRule) || layer.Name == thawed && (!layer.Frozen || layer.ByRule) {
			t.Errorf("%s: frozen %v, by rule %v after a toggle", layer.Name, layer.Frozen, layer.ByRule)
		}
	}
	if text := string(read(t, filepath.Join(dir, run.ConfigFile))); !strings.Contains(text, fmt.Sprintf("train = [\"dec.*\", %q]", froze)) || !strings.Contains(text, fmt.Sprintf("freeze = [\"map_layer0.*\", %q]", thawed)) {
		t.Errorf("config.toml:\n%s", text)
	}
}

// TestRuleLeavesSomething: where all would be frozen, what moved most trains on.
func TestRuleLeavesSomething(t *testing.T) {
	t.Parallel()
	l := open(t, newRun(t, quiet(t, "gdd")+rule(0.004, 1000, 0, "block")))
	defer l.Close()
	steps(t, l, 3)
	left := map[string]bool{}
	for _, layer := range l.Layers() {
		if !layer.Frozen {
			left[layer.Part+"."+layer.Block] = true
		}
	}
	if len(left) != 1 {
		t.Errorf("%v train, want one block", left)
	}
}

// TestRuleIsLive switches a rule on and off in a run, and goes back to before a decision:
// the run goes on without it, and the rule decides again a window later.
func TestRuleIsLive(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 1)
	check(t, l.Set(map[string]string{"freeze.rule.every_kimg": "0.008", "freeze.rule.thaw": "1"}))
	if e := events(t, dir, runlog.Freeze); len(e) != 1 || e[0].Text != "rule.every_kimg 0.0 → 0.008, rule.thaw 0 → 1" {
		t.Errorf("events %v, want the settings of the rule", e)
	}
	steps(t, l, 1)
	l.Clock(func() time.Time { return time.Now().Add(time.Minute) }) // changes within a second share a way back
	steps(t, l, 2)
	check(t, l.Flush())
	thawed := ruled(l).Thawed
	if len(thawed) == 0 || !slices.Contains(ways(t, dir), 12) || !strings.Contains(l.Status().WaysBack[0].Before, "freeze.rule: thawed ") {
		t.Fatalf("thawed %v, ways back %+v, want one from before the decision at 12 images", thawed, l.Status().WaysBack)
	}
	check(t, back(l, 12))
	if r := ruled(l); len(r.Thawed) > 0 || r.NextNimg != 20 || l.Status().Nimg != 12 {
		t.Errorf("rule %+v at %d images, want it as before the decision", r, l.Status().Nimg)
	}
	steps(t, l, 1)
	if r := ruled(l); len(r.Thawed) > 0 {
		t.Errorf("rule %+v, want no decision before a window is over", r)
	}
	steps(t, l, 1)
	thawed = ruled(l).Thawed
	check(t, l.Set(map[string]string{"freeze.rule.every_kimg": "0"}))
	steps(t, l, 3)
	if r := ruled(l); len(thawed) == 0 || !slices.Equal(r.Thawed, thawed) || r.NextNimg != 0 {
		t.Errorf("rule %+v, want what it had decided to stay and no more", r)
	}
	change(t, l, "freeze.rule.every_kimg", "0.004")
	change(t, l, "freeze.rule.thaw", "0")
	steps(t, l, 1)
	if e := events(t, dir, runlog.Config); len(e) != 1 || e[0].Text != "freeze.rule: nothing to freeze or to thaw" {
		t.Errorf("events %v, want that nothing was decided", e)
	}
}

// TestRuleRollsBack: a checkpoint from before a decision has what it had.
func TestRuleRollsBack(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd")+rule(0.012, 0, 1, "block"))
	l := open(t, dir)
	defer l.Close()
	steps(t, l, 2)
	save(t, l)
	before := l.Status().FrozenParams
	steps(t, l, 1)
	if l.Status().FrozenParams == before {
		t.Fatal("nothing was thawed")
	}
	_, err := l.Rollback()
	check(t, err)
	if r := ruled(l); len(r.Thawed) > 0 || l.Status().FrozenParams != before || r.NextNimg != 12 {
		t.Errorf("rule %+v with %d parameters frozen, want %d", r, l.Status().FrozenParams, before)
	}
	steps(t, l, 1)
	if len(ruled(l).Thawed) == 0 {
		t.Error("nothing was thawed again")
	}
}

// TestRuleOfProcesses: all processes follow the leader's decisions, and go on exactly.
func TestRuleOfProcesses(t *testing.T) {
	t.Parallel()
	text := strings.Replace(synced(config("gdd", networks(t))), "fid_kimg = 0.032", "fid_kimg = 0", 1) + rule(0.012, 0.02, 1, "block")
	whole, parts := newRun(t, text), newRun(t, text)
	trainTogether(t, whole, 2)
	if told := told(t, whole, runlog.Freeze); !strings.Contains(told, "thawed ") || !strings.Contains(told, "froze ") {
		t.Errorf("events %q, want decisions", told)
	}
	check(t, os.WriteFile(checkpointPath(parts, 16), read(t, checkpointPath(whole, 16)), 0o644))
	trainTogether(t, parts, 2)
	if !bytes.Equal(lastCheckpoint(t, whole), lastCheckpoint(t, parts)) {
		t.Error("continued from a checkpoint, the last one differs")
	}
}

// TestRuleForks: a fork has what the rule had decided, unless it has another preset.
func TestRuleForks(t *testing.T) {
	t.Parallel()
	dir := newRun(t, quiet(t, "gdd")+rule(0.012, 0, 1, "block"))
	l := open(t, dir)
	steps(t, l, 3)
	save(t, l)
	thawed := ruled(l).Thawed
	l.Close()
	for preset, want := range map[string][]string{"gdd-i": thawed, "gdd-i+qkv": nil} {
		f, err := trainer.Fork(trainer.ForkOptions{RunsDir: t.TempDir(), Source: checkpointPath(dir, 12), Name: "fork", Edit: func(text string) (string, error) {
			return configs.Set(text, "freeze.preset", preset)
		}})
		check(t, err)
		l := open(t, f.Dir)
		if r := ruled(l); len(thawed) == 0 || !slices.Equal(r.Thawed, want) {
			t.Errorf("%s: thawed %v, want %v", preset, r.Thawed, want)
		}
		steps(t, l, 1)
		l.Close()
	}
}
