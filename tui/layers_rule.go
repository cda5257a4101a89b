package tui

import (
	"encoding/json"
	"errors"

	"innate/configs"
	"innate/trainer/runlog"
	"innate/tui/panes"
)

// errNoFrozen says that nobody told the workbench how to foretell the outcome of
// a [freeze] table.
var errNoFrozen = errors.New("freeze: what it freezes is not known here")

// frozenUnder returns which of the names a [freeze] table freezes.
func (a *App) frozenUnder(table configs.Freeze, names []string) (map[string]bool, error) {
	if a.opts.Frozen == nil {
		return nil, errNoFrozen
	}
	return a.opts.Frozen(names, table)
}

// ruleOf reads the [freeze] table that was in force after a freeze event, and the
// one before it. Events of another program may lack either.
func ruleOf(e *runlog.Event) (before, after configs.Freeze, ok bool) {
	preset, ok := e.Data["preset"].(string)
	if !ok {
		return before, after, false
	}
	after = configs.Freeze{Preset: preset, Freeze: words(e.Data["freeze"]), Train: words(e.Data["train"])}
	before = after
	// A setting that changed has its old value beside it, in TOML notation, which
	// JSON reads: quoted strings, and lists of them.
	for key, to := range map[string]any{"freeze.preset": &before.Preset, "freeze.freeze": &before.Freeze, "freeze.train": &before.Train} {
		change, _ := e.Data[key].(map[string]any)
		if old, _ := change["old"].(string); old != "" && json.Unmarshal([]byte(old), to) != nil {
			return before, after, false
		}
	}
	return before, after, true
}

// words returns a list of strings out of JSON.
func words(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, w := range list {
		if s, ok := w.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// freezings follows what was frozen when, from the events of a run.
type freezings struct {
	events []runlog.Event // of freezing; the newest freezingsKept
	names  []string       // of the network that states are about
	done   int            // events that are in states
	states []freezing
}

type freezing struct {
	nimg   int64
	frozen map[string]bool
}

const freezingsKept = 64

func (f *freezings) add(events []runlog.Event, reset bool) {
	if reset {
		*f = freezings{}
	}
	for _, e := range events {
		if e.Kind == runlog.Freeze {
			f.events = append(f.events, e)
		}
	}
	if over := len(f.events) - freezingsKept; over > 0 {
		*f = freezings{events: f.events[over:]}
	}
}

// changes returns when some tensors of the network were frozen and trained. It
// begins with what was the case at first.
func (f *freezings) changes(a *App, d *panes.LayerDetail) []panes.LayerChange {
	if names := a.run.layers.Names(); len(f.names) != len(names) {
		f.names, f.done, f.states = names, 0, nil
	}
	for ; f.done < len(f.events); f.done++ {
		e := &f.events[f.done]
		before, after, ok := ruleOf(e)
		if !ok {
			continue
		}
		if len(f.states) == 0 {
			if frozen, err := a.frozenUnder(before, f.names); err == nil {
				f.states = append(f.states, freezing{0, frozen})
			}
		}
		if frozen, err := a.frozenUnder(after, f.names); err == nil {
			f.states = append(f.states, freezing{e.Nimg, frozen})
		}
	}
	var changes []panes.LayerChange
	for _, s := range f.states {
		n := 0
		for _, name := range d.Names {
			if s.frozen[name] {
				n++
			}
		}
		if k := len(changes); k == 0 || changes[k-1].Frozen != n {
			changes = append(changes, panes.LayerChange{Nimg: s.nimg, Frozen: n, Of: len(d.Names)})
		}
	}
	return changes
}
