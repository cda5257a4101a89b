package configs

import (
	"fmt"
	"slices"
	"strings"
)

// Change is one setting that differs between two configurations, with its
// values in TOML notation.
type Change struct {
	Key      string
	Old, New string
	Live     bool
}

// String is the change in one line: live.gen_lr: 0.0005 → 0.0002.
func (c Change) String() string { return fmt.Sprintf("%s: %s → %s", c.Key, c.Old, c.New) }

// Diff lists what changed, in the order of the schema.
func Diff(old, new *Config) []Change {
	var changes []Change
	for _, f := range schema {
		if a, b := format(f.of(old).Interface()), format(f.of(new).Interface()); a != b {
			changes = append(changes, Change{f.key, a, b, f.live()})
		}
	}
	return changes
}

// betweenProcesses are the fixed settings that each trainer of a run may have of
// its own: they change neither what is computed, but for rounding, nor what is
// measured. Images may have moved, which a checkpoint recognises by their fingerprint,
// and who was stopped by a broken one has seen none in its place.
var betweenProcesses = []string{"name", "run.device", "run.recompute", "run.activations", "run.precision", "run.tf32", "run.channels_last", "run.cuda_graphs", "run.threads", "run.procs", "run.nice", "run.tensorboard", "data.path", "data.broken", "data.cache_mb"}

// CheckReload refuses to replace the settings of a started run by ones that
// differ in a fixed field. The error names all of those fields.
func CheckReload(old, new *Config) error { return checkFixed(old, new, nil) }

// CheckResume is CheckReload for a run that another trainer takes up: old are
// the settings at its checkpoint. What a trainer has of its own may differ.
func CheckResume(old, new *Config) error { return checkFixed(old, new, betweenProcesses) }

// begins reports whether a change gives a run a loss that it has begun without, or takes
// one away: what belongs to it is in the run's checkpoints or is not.
func begins(c Change) bool {
	return c.Key == "fd.weight" && (c.Old == "0.0") != (c.New == "0.0")
}

// checkFixed refuses fixed settings that differ, but for those in except, and losses that come or
// go.
func checkFixed(old, new *Config, except []string) error {
	var first *Change
	var more []string
	for _, c := range Diff(old, new) {
		switch {
		case c.Live && !begins(c) || slices.Contains(except, c.Key):
		case first == nil:
			first = &c
		default:
			more = append(more, c.Key)
		}
	}
	if first == nil {
		return nil
	}
	want := first.Old + ": fixed once a run has started"
	if len(more) > 0 {
		want += " (also changed: " + strings.Join(more, ", ") + ")"
	}
	return new.src.errorAt(first.Key, first.New, want)
}
