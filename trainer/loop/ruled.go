package loop

import (
	"fmt"
	"slices"

	"innate/configs"
	"innate/models"
	"innate/models/checkpoint"
	"innate/trainer/run"
)

// ruled are the decisions of [freeze.rule]: parameters that are frozen or trained other
// than the table in force has it. They are state of the run, not settings: a checkpoint
// carries them. They hold while that table does.
type ruled struct {
	table          string   // preset and entry of the table in force, by which it is known
	frozen, thawed []string // names, sorted
}

// tableOf is by what decisions know the table over which they were made.
func tableOf(table configs.Freeze, schedule configs.Schedule, entry int) string {
	if entry < 0 {
		return table.Preset
	}
	return fmt.Sprintf("%d %s", schedule[entry].At(), table.Preset)
}

// over returns the decisions that are left over a table: none where it is another one, and
// of those over the same none of parameters that its globs name, which are a person's.
func (r ruled) over(key string, table configs.Freeze, names []string) ruled {
	if key != r.table {
		return ruled{table: key}
	}
	gone := func(name string) bool { return table.ByHand(name) || !slices.Contains(names, name) }
	return ruled{key, without(r.frozen, gone), without(r.thawed, gone)}
}

func without(names []string, gone func(name string) bool) []string {
	return slices.DeleteFunc(slices.Clone(names), gone)
}

// applied is a [freeze] table with the decisions over it.
func (r ruled) applied(table configs.Freeze) configs.Freeze {
	table.Freeze, table.Train = append(slices.Clone(table.Freeze), r.frozen...), append(slices.Clone(table.Train), r.thawed...)
	return table
}

func (r ruled) equal(o ruled) bool {
	return r.table == o.table && slices.Equal(r.frozen, o.frozen) && slices.Equal(r.thawed, o.thawed)
}

// move returns the decisions after some more: what is taken back is none any longer.
func (r ruled) move(freeze, thaw []string) ruled {
	r.frozen, r.thawed = moved(r.frozen, freeze, thaw), moved(r.thawed, thaw, freeze)
	// Frozen again what was thawed, or the other way round, is as the table has it.
	both := func(other []string) func(string) bool {
		return func(name string) bool { return slices.Contains(other, name) }
	}
	frozen := without(r.frozen, both(r.thawed))
	r.thawed = without(r.thawed, both(r.frozen))
	r.frozen = frozen
	return r
}

func moved(list, add, remove []string) []string {
	list = without(list, func(name string) bool { return slices.Contains(remove, name) })
	list = append(list, add...)
	slices.Sort(list)
	return slices.Compact(list)
}

// window is the time over which a rule measures, between two decisions.
type window struct {
	begun bool
	since int64  // images seen then
	table string // in force, as ruled has it

	// weights are those of then, of what has trained since; nil where changes are not
	// measured.
	weights map[string][]float32

	// due says that the window is over and its decision not made; grads are then the
	// squared norms of the gradients of what was frozen, in its last step.
	due   bool
	grads map[string]float64
}

// drop leaves out of the window what trains no more.
func (w *window) drop(names []string) {
	for _, name := range names {
		delete(w.weights, name)
	}
}

// windowPrefix is that of the weights at the beginning of a window in a checkpoint.
const windowPrefix = "window/"

// describeRule is what a checkpoint says of decisions and their window, beside the
// weights; nil where there is nothing to say.
func (l *Loop) describeRule() *run.Ruled {
	r, w := l.freezing.ruled, l.window
	if !w.begun && len(r.frozen)+len(r.thawed) == 0 {
		return nil
	}
	p := &run.Ruled{Table: r.table, Frozen: r.frozen, Thawed: r.thawed}
	if w.begun {
		p.Window = &run.Window{Since: w.since, Table: w.table, Moves: w.weights != nil, Due: w.due}
		for name, v := range w.grads {
			if p.Window.Grads == nil {
				p.Window.Grads = map[string]run.Exact{}
			}
			p.Window.Grads[name] = run.Exact(v)
		}
	}
	return p
}

// addWindow puts the weights of the window into a checkpoint, in the order of the network.
func (l *Loop) addWindow(f *checkpoint.File) error {
	set := models.NewParamSet()
	for _, p := range l.method.Params().All() {
		if values, ok := l.window.weights[p.Name]; ok {
			set.Add(&models.Param{Name: p.Name, Shape: p.Shape, Data: values})
		}
	}
	return f.AddParams(windowPrefix, set) // which are replaced, and not changed
}

// restoreRule takes up decisions and window of a checkpoint. What trains follows them at
// the next look at what is in force.
func (l *Loop) restoreRule(f *checkpoint.File, p *run.Ruled) error {
	r, w := ruled{table: l.freezing.table}, window{} // a checkpoint without decisions is of no other table
	if p != nil {
		r = ruled{p.Table, p.Frozen, p.Thawed}
	}
	if p != nil && p.Window != nil {
		w = window{begun: true, since: p.Window.Since, table: p.Window.Table, due: p.Window.Due}
		for name, v := range p.Window.Grads {
			if w.grads == nil {
				w.grads = map[string]float64{}
			}
			w.grads[name] = float64(v)
		}
		set, err := f.Params(windowPrefix)
		if err != nil {
			return err
		}
		if p.Window.Moves {
			w.weights = map[string][]float32{}
		}
		for _, q := range set.All() {
			if now := l.method.Params().Get(q.Name); !p.Window.Moves || now == nil || !slices.Equal(now.Shape, q.Shape) {
				return fmt.Errorf("checkpoint: %s: tensor %q is of no parameter of the network", f.Path, windowPrefix+q.Name)
			}
			w.weights[q.Name] = q.Data
		}
	}
	l.freezing.stale = l.freezing.stale || !r.equal(l.freezing.ruled)
	l.freezing.ruled, l.window = r, w
	return nil
}

// statusRule is the rule as status says it; nil where there is none and was none.
func (l *Loop) statusRule() *run.RuleStatus {
	r, w, of := l.freezing.ruled, l.window, l.cfg.Freeze.Rule
	if of.EveryKimg == 0 && len(r.frozen)+len(r.thawed) == 0 {
		return nil
	}
	s := &run.RuleStatus{Frozen: r.frozen, Thawed: r.thawed}
	if of.EveryKimg > 0 && w.begun {
		s.NextNimg = w.since + images(of.EveryKimg)
	}
	return s
}
