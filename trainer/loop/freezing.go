package loop

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"innate/configs"
	"innate/models"
	"innate/models/nn"
	"innate/trainer/control"
	"innate/trainer/method"
	"innate/trainer/optim"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// frozen is what a configuration freezes at some number of images: a table of its own, or
// an entry of the schedule, whose number stands beside it.
type frozen struct {
	*optim.Freezing
	entry  int
	others []float64 // frozen share of all parameters under each entry

	discs []*optim.Freezing // of each discriminator; none before they are resolved

	ruled      // by [freeze.rule], over the table or entry
	stale bool // ruled are those of a checkpoint that what trains does not follow yet
}

// prepareMethod plans the steps by the configuration's freezing.
func (l *Loop) prepareMethod() error {
	f, err := l.resolveFreezing(l.cfg)
	if err != nil {
		return err
	}
	rates, err := l.resolveRates(l.cfg)
	if err != nil {
		return err
	}
	if err := l.method.Freeze(f.Frozen); err != nil {
		return err
	}
	if err := l.freezeDiscs(f.discs); err != nil {
		return err
	}
	l.freezing = f
	l.useRates(rates)
	return nil
}

// resolveDiscs applies the settings of discriminators to them.
func (l *Loop) resolveDiscs(cfg *configs.Config) ([]*optim.Freezing, error) {
	if m, ok := l.method.(method.Adversarial); ok {
		return m.ResolveDiscs(cfg)
	}
	return nil, nil
}

// freezeDiscs plans the steps to come by what is frozen of discriminators, where that is
// not what it was, and says so in the run's log.
func (l *Loop) freezeDiscs(list []*optim.Freezing) error {
	changed := false
	for k, f := range list {
		changed = changed || !slices.Equal(frozenOf(l.freezing.discs, k), f.FrozenNames())
	}
	if !changed {
		return nil
	}
	if err := l.method.(method.Adversarial).FreezeDiscs(list); err != nil {
		return err
	}
	l.rate.reset()
	return nil
}

// frozenOf are the frozen parameters of discriminator k; none before they are resolved,
// as it is built.
func frozenOf(list []*optim.Freezing, k int) []string {
	if k >= len(list) {
		return nil
	}
	return list[k].FrozenNames()
}

// discShares are the shares of discriminators that are frozen; nil where none is.
func (l *Loop) discShares() (shares []float64) {
	some := false
	for _, f := range l.freezing.discs {
		shares, some = append(shares, f.Fraction()), some || f.FrozenParams > 0
	}
	if !some {
		return nil
	}
	return shares
}

// announceDiscs makes an event of what is frozen of discriminators from here on, where
// that was something else.
func (l *Loop) announceDiscs(before []*optim.Freezing) {
	for k, f := range l.freezing.discs {
		if slices.Equal(frozenOf(before, k), f.FrozenNames()) {
			continue
		}
		name := configs.DiscName(k)
		l.event(runlog.Freeze, name+": "+f.Summary(), map[string]any{"of": name, "frozen_params": f.FrozenParams, "fraction": f.Fraction()})
	}
}

// freeze edits the [freeze] table of config.toml: what is in force now, or an entry of
// the schedule.
func (l *Loop) freeze(r control.FreezeRequest) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := l.refresh(); err != nil {
		return err
	}
	var next configs.Freeze
	var err error
	switch {
	case r.Rate != nil:
		return l.setRate(*r.Rate)
	case r.AtKimg != nil:
		next, err = l.scheduled(r)
	case r.RemoveKimg != nil:
		next, err = l.unscheduled(*r.RemoveKimg)
	default:
		next, err = l.changed(r)
	}
	if err != nil {
		return err
	}
	text, err := configs.SetFreeze(l.text, next)
	if err != nil {
		return err
	}
	return l.edit(text)
}

// changed is the [freeze] table with what is in force now as a request wants it.
func (l *Loop) changed(r control.FreezeRequest) (configs.Freeze, error) {
	table, _ := l.cfg.Freeze.InForce(l.nimg)
	if len(r.Toggle) > 0 {
		var err error
		if table, err = l.toggled(table, r.Toggle); err != nil {
			return table, err
		}
	}
	if r.Preset != nil {
		table.Preset = *r.Preset
	}
	if r.Freeze != nil {
		table.Freeze = *r.Freeze
	}
	if r.Train != nil {
		table.Train = *r.Train
	}
	return l.cfg.Freeze.With(l.nimg, table), nil
}

// scheduled is the [freeze] table with an entry of the schedule more, in the place of
// one at the same time. The past is refused: the run has been there with something else.
func (l *Loop) scheduled(r control.FreezeRequest) (configs.Freeze, error) {
	next, e := l.cfg.Clone().Freeze, configs.FreezeFrom{AtKimg: *r.AtKimg, Preset: "none"}
	if e.At() <= l.nimg {
		return next, fmt.Errorf("freeze: at_kimg: got %v, want more than the %v that the run has seen", e.AtKimg, kimg(l.nimg))
	}
	if r.Preset != nil {
		e.Preset = *r.Preset
	}
	if r.Freeze != nil {
		e.Freeze = *r.Freeze
	}
	if r.Train != nil {
		e.Train = *r.Train
	}
	k, found := slices.BinarySearchFunc(next.Schedule, e.At(), func(o configs.FreezeFrom, at int64) int { return cmp.Compare(o.At(), at) })
	if found {
		next.Schedule[k] = e
	} else {
		next.Schedule = slices.Insert(next.Schedule, k, e)
	}
	return next, nil
}

// unscheduled is the [freeze] table without an entry of the schedule.
func (l *Loop) unscheduled(atKimg float64) (configs.Freeze, error) {
	next, e := l.cfg.Clone().Freeze, configs.FreezeFrom{AtKimg: atKimg}
	k := slices.IndexFunc(next.Schedule, func(o configs.FreezeFrom) bool { return o.At() == e.At() })
	if k < 0 {
		var times []string
		for _, o := range next.Schedule {
			times = append(times, fmt.Sprint(o.AtKimg))
		}
		return next, fmt.Errorf("freeze: remove: no entry at %v kimg, want one of %v", atKimg, times)
	}
	next.Schedule = slices.Delete(next.Schedule, k, k+1)
	return next, nil
}

// resolveFreezing applies the [freeze] table and every entry of its schedule to the
// network, each of which a rollback or the time may come to, and returns what is in force
// now, with what the rule has decided; its errors name the line of the file.
func (l *Loop) resolveFreezing(cfg *configs.Config) (frozen, error) {
	return l.resolveOver(cfg, l.freezing.ruled)
}

// resolveOver is resolveFreezing with given decisions of the rule.
func (l *Loop) resolveOver(cfg *configs.Config, r ruled) (frozen, error) {
	base := cfg.Freeze
	base.Schedule = nil
	f, err := l.resolveBase(cfg, base)
	if err != nil {
		return frozen{}, err
	}
	table, entry := cfg.Freeze.InForce(l.nimg)
	r = r.over(tableOf(table, cfg.Freeze.Schedule, entry), table, l.method.Params().Names())
	now := frozen{Freezing: f, entry: entry, ruled: r}
	if now.discs, err = l.resolveDiscs(cfg); err != nil {
		return frozen{}, err
	}
	for k, e := range cfg.Freeze.Schedule {
		if f, err = l.resolveTable(e.Table()); err != nil {
			return frozen{}, cfg.AtEntry(k, err)
		}
		if now.others = append(now.others, f.Fraction()); k == entry {
			now.Freezing = f
		}
	}
	if len(r.frozen)+len(r.thawed) == 0 {
		return now, nil
	}
	if now.Freezing, err = l.resolveTable(r.applied(table)); err != nil {
		return frozen{}, cfg.At("freeze", fmt.Errorf("%w, beside what freeze.rule has frozen", err))
	}
	return now, nil
}

func (l *Loop) resolveTable(table configs.Freeze) (*optim.Freezing, error) {
	return freezeRule(table).Resolve(l.method.Params(), l.method.Preset)
}

// resolveBase resolves the [freeze] table itself.
func (l *Loop) resolveBase(cfg *configs.Config, table configs.Freeze) (*optim.Freezing, error) {
	freezing, err := l.resolveTable(table)
	if err == nil {
		return freezing, nil
	}
	names := l.method.Params().Names()
	for _, list := range []struct {
		key   string
		globs []string
	}{{"freeze.freeze", table.Freeze}, {"freeze.train", table.Train}} {
		for _, glob := range list.globs {
			if _, err := models.Match(names, glob); err != nil {
				return nil, cfg.At(list.key, err)
			}
		}
	}
	return nil, cfg.At("freeze", err)
}

// keepTo plans the steps to come by f, and reports whether something else is frozen
// than before. On an error nothing has changed.
func (l *Loop) keepTo(f frozen) (froze bool, err error) {
	froze = !slices.Equal(l.freezing.FrozenNames(), f.FrozenNames())
	if froze {
		if err := l.method.Freeze(f.Frozen); err != nil {
			return false, err
		}
	}
	if err := l.freezeDiscs(f.discs); err != nil {
		if froze {
			err = errors.Join(err, l.method.Freeze(l.freezing.Frozen))
		}
		return false, err
	}
	l.freezing = f
	if froze {
		l.window.drop(f.FrozenNames())
	}
	return froze, nil
}

// keepSchedule has the entry of the schedule in force that the images seen say. It is
// called between two steps: by the leader where the images seen have changed, and by
// every process before a step, so that all change at the same one.
func (l *Loop) keepSchedule() error {
	_, entry := l.cfg.Freeze.InForce(l.nimg)
	if entry == l.freezing.entry && !l.freezing.stale {
		return nil
	}
	before, was := freezeTable(l.freezing.Rule), l.freezing.entry
	f, err := l.resolveFreezing(l.cfg)
	if err != nil {
		return err
	}
	froze, err := l.keepTo(f)
	if err != nil || l.log == nil {
		return err
	}
	at := "from the start"
	if entry >= 0 {
		at = fmt.Sprintf("from %v kimg", l.cfg.Freeze.Schedule[entry].AtKimg)
	}
	if !froze && entry == was {
		return nil
	}
	if froze {
		l.rate.reset()
		l.publishLayers()
	}
	why := "rule, as at the checkpoint"
	if entry != was {
		why = "schedule, " + at
	}
	l.recordFreezing(before, fmt.Sprintf("%s: %s", why, l.freezing.Summary()), map[string]any{})
	l.publish()
	return nil
}

// recordFreezing makes an event of what is frozen from here on.
func (l *Loop) recordFreezing(before configs.Freeze, text string, data map[string]any) {
	table := freezeTable(l.freezing.Rule) // with what the rule has decided
	maps.Copy(data, map[string]any{
		"frozen_params": l.freezing.FrozenParams, "fraction": l.freezing.Fraction(),
		"preset": table.Preset, "freeze": table.Freeze, "train": table.Train,
		"before": map[string]any{"preset": before.Preset, "freeze": before.Freeze, "train": before.Train},
	})
	l.event(runlog.Freeze, text, data)
}

// statusSchedule is the schedule as status says it.
func (l *Loop) statusSchedule() (list []run.FreezeFrom) {
	for k, e := range l.cfg.Freeze.Schedule {
		list = append(list, run.FreezeFrom{
			Nimg: e.At(), Preset: e.Preset, Freeze: e.Freeze, Train: e.Train, Fraction: l.freezing.others[k], InForce: k == l.freezing.entry,
		})
	}
	return list
}

// setRate gives parameters a factor of the learning rate by lines at the end of
// [rates]; lines that can matter no more go.
func (l *Loop) setRate(r control.RateRequest) error {
	rates := l.cfg.Rates
	for _, glob := range r.Globs {
		var err error
		if rates, err = withRate(rates, l.method.Params().Names(), configs.Rate{Glob: glob, Factor: r.Factor}); err != nil {
			return err
		}
	}
	text, err := configs.SetRates(l.text, rates)
	if err != nil {
		return err
	}
	return l.edit(text)
}

// withRate adds a line to rates, unless it would say what is so already, and leaves
// out those of which it takes all parameters.
func withRate(rates configs.Rates, names []string, r configs.Rate) (configs.Rates, error) {
	hits, err := models.Match(names, r.Glob)
	if err != nil {
		return nil, err
	}
	var next configs.Rates
	for _, old := range rates {
		of, err := models.Match(names, old.Glob)
		if err != nil || slices.ContainsFunc(of, func(name string) bool { return !slices.Contains(hits, name) }) {
			next = append(next, old)
		}
	}
	factors, err := optimRates(next).Resolve(names)
	if err != nil {
		return nil, err
	}
	other := func(name string) bool { f, ok := factors[name]; return ok && f != r.Factor || !ok && r.Factor != 1 }
	if slices.ContainsFunc(hits, other) {
		next = append(next, r)
	}
	return next, nil
}

// resolveRates applies the table [rates] to the network; its errors name the line of
// the file.
func (l *Loop) resolveRates(cfg *configs.Config) (map[string]float64, error) {
	names := l.method.Params().Names()
	for _, r := range cfg.Rates {
		if _, err := models.Match(names, r.Glob); err != nil {
			return nil, cfg.At("rates."+r.Glob, err)
		}
	}
	return optimRates(cfg.Rates).Resolve(names)
}

// useRates has the steps to come follow factors of the learning rate.
func (l *Loop) useRates(factors map[string]float64) {
	l.rates = factors
	l.method.Trained().SetRates(factors)
}

func optimRates(rates configs.Rates) optim.Rates {
	list := make(optim.Rates, len(rates))
	for i, r := range rates {
		list[i] = optim.Rate{Pattern: r.Glob, Factor: r.Factor}
	}
	return list
}

// Frozen returns which of a network's parameters a [freeze] table freezes.
func Frozen(names []string, table configs.Freeze) (map[string]bool, error) {
	return freezeRule(table).Frozen(names, nn.FreezePreset)
}

// freezeRule translates a [freeze] table; a method without presets has none.
func freezeRule(f configs.Freeze) optim.FreezeRule {
	return optim.FreezeRule{Preset: cmp.Or(f.Preset, "none"), Freeze: f.Freeze, Train: f.Train}
}

// freezeTable is the [freeze] table of a rule.
func freezeTable(r optim.FreezeRule) configs.Freeze {
	return configs.Freeze{Preset: r.Preset, Freeze: r.Freeze, Train: r.Train}
}
