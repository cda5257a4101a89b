package session

import (
	"encoding/json"

	"innate/configs"
	"innate/trainer/runlog"
)

// Freezings follow what was frozen when, from the events of a run.
type Freezings struct {
	events []runlog.Event // of freezing; the newest freezingsKept
	names  []string       // of the network that states are about
	done   int            // events that are in states
	states []frozenSince
}

type frozenSince struct {
	nimg   int64
	frozen map[string]bool
}

// freezingsKept bounds the events that are remembered.
const freezingsKept = 64

// Add takes in events, with reset those of a run that is read anew.
func (f *Freezings) Add(events []runlog.Event, reset bool) {
	if reset {
		*f = Freezings{}
	}
	for _, e := range events {
		if e.Kind == runlog.Freeze {
			f.events = append(f.events, e)
		}
	}
	if over := len(f.events) - freezingsKept; over > 0 {
		*f = Freezings{events: f.events[over:]}
	}
}

// FreezeChange is one change of what is frozen of some tensors.
type FreezeChange struct {
	Nimg       int64
	Frozen, Of int // tensors
}

// Foretell says which of the named parameters a [freeze] table freezes.
type Foretell func(names []string, table configs.Freeze) (map[string]bool, error)

// Changes returns when some tensors of the network, whose parameters are all,
// were frozen and trained. It begins with what was the case at first.
func (f *Freezings) Changes(all, some []string, foretell Foretell) []FreezeChange {
	if len(f.names) != len(all) {
		f.names, f.done, f.states = all, 0, nil
	}
	for ; f.done < len(f.events); f.done++ {
		e := &f.events[f.done]
		before, after, ok := ruleOf(e)
		if !ok {
			continue
		}
		if len(f.states) == 0 {
			if frozen, err := foretell(f.names, before); err == nil {
				f.states = append(f.states, frozenSince{0, frozen})
			}
		}
		if frozen, err := foretell(f.names, after); err == nil {
			f.states = append(f.states, frozenSince{e.Nimg, frozen})
		}
	}
	var changes []FreezeChange
	for _, s := range f.states {
		n := 0
		for _, name := range some {
			if s.frozen[name] {
				n++
			}
		}
		if k := len(changes); k == 0 || changes[k-1].Frozen != n {
			changes = append(changes, FreezeChange{Nimg: s.nimg, Frozen: n, Of: len(some)})
		}
	}
	return changes
}

// ruleOf reads the [freeze] table that was in force after a freeze event, and the
// one before it. Events of another program may lack either.
func ruleOf(e *runlog.Event) (before, after configs.Freeze, ok bool) {
	preset, ok := e.Data["preset"].(string)
	if !ok {
		return before, after, false
	}
	after = configs.Freeze{Preset: preset, Freeze: wordsOf(e.Data["freeze"]), Train: wordsOf(e.Data["train"])}
	if was, ok := e.Data["before"].(map[string]any); ok {
		before.Preset, _ = was["preset"].(string)
		before.Freeze, before.Train = wordsOf(was["freeze"]), wordsOf(was["train"])
		return before, after, true
	}
	before = after
	// In events of older trainers a setting that changed has its old value beside it,
	// in TOML notation, which JSON reads: quoted strings, and lists of them.
	for key, to := range map[string]any{"freeze.preset": &before.Preset, "freeze.freeze": &before.Freeze, "freeze.train": &before.Train} {
		change, _ := e.Data[key].(map[string]any)
		if old, _ := change["old"].(string); old != "" && json.Unmarshal([]byte(old), to) != nil {
			return before, after, false
		}
	}
	return before, after, true
}

// wordsOf returns a list of strings out of JSON.
func wordsOf(v any) []string {
	list, _ := v.([]any)
	var out []string
	for _, w := range list {
		if s, ok := w.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
