package optim

import (
	"errors"
	"fmt"
	"slices"

	"innate/models"
)

// FreezeRule says which parameters of a network do not train: those of the
// preset and of the Freeze patterns, less those of the Train patterns.
type FreezeRule struct {
	Preset string   // name that a PresetFunc understands
	Freeze []string // patterns of models.Match, added to the preset
	Train  []string // patterns of models.Match, taken out again; they win
}

// PresetFunc returns the names that a preset freezes. The network's package
// provides it.
type PresetFunc func(names []string, preset string) (frozen []string, err error)

// Freezing is a rule applied to the parameters of one network.
type Freezing struct {
	Rule FreezeRule

	Params, FrozenParams   int64 // values
	Tensors, FrozenTensors int

	params *models.ParamSet
	frozen map[string]bool
}

// Resolve applies the rule to params. A pattern that matches nothing is an
// error, and so is a rule that leaves nothing to train.
func (r FreezeRule) Resolve(params *models.ParamSet, preset PresetFunc) (*Freezing, error) {
	frozen, err := r.Frozen(params.Names(), preset)
	if err != nil {
		return nil, err
	}
	f := &Freezing{Rule: r.clone(), params: params, frozen: frozen}
	for _, p := range params.All() {
		n := int64(len(p.Data))
		f.Params += n
		f.Tensors++
		if frozen[p.Name] {
			f.FrozenParams += n
			f.FrozenTensors++
		}
	}
	if f.FrozenTensors == f.Tensors {
		return nil, fmt.Errorf("freeze: all %d tensors are frozen, want at least one to train", f.Tensors)
	}
	return f, nil
}

// Frozen returns which of a network's parameters the rule freezes. A pattern that
// matches nothing is an error.
func (r FreezeRule) Frozen(names []string, preset PresetFunc) (map[string]bool, error) {
	list, err := preset(names, r.Preset)
	if err != nil {
		return nil, err
	}
	frozen := make(map[string]bool, len(list))
	for _, name := range list {
		frozen[name] = true
	}
	for _, pattern := range r.Freeze {
		hits, err := models.Match(names, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range hits {
			frozen[name] = true
		}
	}
	for _, pattern := range r.Train {
		hits, err := models.Match(names, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range hits {
			delete(frozen, name)
		}
	}
	return frozen, nil
}

func (r FreezeRule) clone() FreezeRule {
	return FreezeRule{Preset: r.Preset, Freeze: slices.Clone(r.Freeze), Train: slices.Clone(r.Train)}
}

// Equal reports whether both rules are written alike.
func (r FreezeRule) Equal(other FreezeRule) bool {
	return r.Preset == other.Preset && slices.Equal(r.Freeze, other.Freeze) && slices.Equal(r.Train, other.Train)
}

// Toggle returns a rule under which exactly the named parameters have changed
// sides. It adds or removes their names, never patterns; a parameter that a
// Train pattern holds cannot be frozen by name, which is an error. The result is
// not yet resolved: it may freeze everything.
func (r FreezeRule) Toggle(params *models.ParamSet, preset PresetFunc, names ...string) (FreezeRule, error) {
	if len(names) == 0 {
		return r, errors.New("freeze: no parameter to toggle")
	}
	all := params.Names()
	before, err := r.Frozen(all, preset)
	if err != nil {
		return r, err
	}
	next := r.clone()
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if params.Get(name) == nil {
			return r, fmt.Errorf("freeze: no parameter %q", name)
		}
		if before[name] {
			err = next.move(&next.Freeze, &next.Train, name, false, all, preset)
		} else {
			err = next.move(&next.Train, &next.Freeze, name, true, all, preset)
		}
		if err != nil {
			return r, err
		}
	}
	return next, nil
}

// move takes the name out of one list and, where that is not enough to make it
// frozen or not as wanted, puts it into the other.
func (r *FreezeRule) move(from, to *[]string, name string, frozen bool, all []string, preset PresetFunc) error {
	*from = slices.DeleteFunc(*from, func(pattern string) bool { return pattern == name })
	now, err := r.Frozen(all, preset)
	if err != nil || now[name] == frozen {
		return err
	}
	*to = append(*to, name)
	if now, err = r.Frozen(all, preset); err != nil || now[name] == frozen {
		return err
	}
	for _, pattern := range r.Train {
		if hits, err := models.Match([]string{name}, pattern); err == nil && len(hits) > 0 {
			return fmt.Errorf("freeze: parameter %q is kept training by pattern %q", name, pattern)
		}
	}
	return fmt.Errorf("freeze: parameter %q cannot be toggled", name)
}

// Frozen reports whether the named parameter is frozen.
func (f *Freezing) Frozen(name string) bool { return f.frozen[name] }

// FrozenNames returns the frozen names in the order of the network.
func (f *Freezing) FrozenNames() []string {
	names := make([]string, 0, f.FrozenTensors)
	for _, p := range f.params.All() {
		if f.frozen[p.Name] {
			names = append(names, p.Name)
		}
	}
	return names
}

// Trainable returns the parameters that train, in the order of the network.
func (f *Freezing) Trainable() []*models.Param {
	list := make([]*models.Param, 0, f.Tensors-f.FrozenTensors)
	for _, p := range f.params.All() {
		if !f.frozen[p.Name] {
			list = append(list, p)
		}
	}
	return list
}

// Fraction is the frozen share of all parameter values, in [0, 1).
func (f *Freezing) Fraction() float64 { return float64(f.FrozenParams) / float64(f.Params) }

// Summary says it in one line, as the paper counts.
func (f *Freezing) Summary() string {
	return fmt.Sprintf("%.1f %% of %d parameters frozen (%d of %d tensors)",
		100*f.Fraction(), f.Params, f.FrozenTensors, f.Tensors)
}
