package loop

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"innate/configs"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// The rule of [freeze.rule] decides between two steps, at the end of every window of
// every_kimg. What moved since the window began is compared with the weights of then. What
// the gradient asks for is measured by the window's last step, which computes the gradients
// of frozen parameters, too, for the batch and the weights that it has anyway: nothing is
// run twice, nothing random is drawn, and what trains follows the same gradients.

// ruling is a decision: groups with what was measured of them.
type ruling struct {
	froze, thawed []group
	least, most   *group // the one that moved least, and the largest gradient; nil without any
}

// group is what is frozen or thawed together.
type group struct {
	name  string
	names []string // of the parameters that change sides
	value float64  // relative change, or relative gradient
}

// leads reports whether this process decides: the one that writes the run's log.
func (l *Loop) leads() bool { return l.log != nil }

// tendWindow begins a window where the settings want one and there is none, or none that
// measures what they want, and ends one that they want no more.
func (l *Loop) tendWindow() error {
	r, w := &l.cfg.Freeze.Rule, &l.window
	if r.EveryKimg == 0 {
		*w = window{}
		return nil
	}
	if w.begun && w.table == l.freezing.table && (r.FreezeBelow > 0) == (w.weights != nil) {
		return nil
	}
	return l.beginWindow()
}

// beginWindow begins a window now.
func (l *Loop) beginWindow() error {
	w := window{begun: true, since: l.nimg, table: l.freezing.table}
	if l.cfg.Freeze.Rule.FreezeBelow > 0 {
		trained := l.freezing.Trainable()
		if err := l.dev.Download(trained...); err != nil {
			return err
		}
		w.weights = make(map[string][]float32, len(trained))
		for _, p := range trained {
			w.weights[p.Name] = slices.Clone(p.Data)
		}
	}
	l.window = w
	return nil
}

// endsWindow reports whether the window is over once so many images have been seen.
func (l *Loop) endsWindow(nimg int64) bool {
	every := l.cfg.Freeze.Rule.EveryKimg
	return every > 0 && l.window.begun && nimg-l.window.since >= images(every)
}

// askGradients plans the step to come with the gradients of what is frozen, if a window
// ends with it whose decision wants them.
func (l *Loop) askGradients() (asked bool, err error) {
	if !l.leads() || l.cfg.Freeze.Rule.Thaw == 0 || !l.endsWindow(l.nimg+int64(l.cfg.Run.Batch)) {
		return false, nil
	}
	table, _ := l.cfg.Freeze.InForce(l.nimg)
	return true, l.method.Ask(l.freezing.Frozen, func(name string) bool { return !table.ByHand(name) })
}

// noteWindow notes that a window has ended, and the gradients that its last step was asked
// for; the next step is planned without them.
func (l *Loop) noteWindow(asked bool) error {
	if !l.leads() || !l.endsWindow(l.nimg) {
		return nil
	}
	l.window.due = true
	if !asked {
		return nil
	}
	l.window.grads = l.method.Asked()
	l.rate.reset()
	return l.method.Freeze(l.freezing.Frozen)
}

// keepRule makes the decision of a window that is over. It is called between two steps,
// once what is due then is done, and by the leader alone, who has the others follow.
func (l *Loop) keepRule() error {
	if !l.leads() {
		return nil
	}
	if err := l.tendWindow(); err != nil || !l.window.due {
		return err
	}
	r, err := l.decide()
	if err != nil {
		return err
	}
	if err := l.beginWindow(); err != nil {
		return err
	}
	if len(r.froze)+len(r.thawed) == 0 {
		l.event(runlog.Config, "freeze.rule: "+r.nothing(l.cfg.Freeze.Rule), nil)
		return nil
	}
	return l.follows(r)
}

// follows has the steps to come follow a decision. A device that takes no plan of it
// trains on as before, which is an event.
func (l *Loop) follows(r ruling) error {
	before := freezeTable(l.freezing.Rule)
	if err := l.keepWay("freeze.rule: " + r.String()); err != nil {
		return err
	}
	f, err := l.resolveOver(l.cfg, l.freezing.ruled.move(parametersOf(r.froze), parametersOf(r.thawed)))
	if err == nil {
		_, err = l.keepTo(f)
	}
	if err != nil {
		l.event(runlog.Error, fmt.Sprintf("freeze.rule: %s: %v; what trains stays", r, err), nil)
		return nil
	}
	if err := l.order(orderRule, l.describeRule()); err != nil {
		return err
	}
	if err := l.beginWindow(); err != nil { // with what was thawed
		return err
	}
	l.rate.reset()
	l.publishLayers()
	l.recordFreezing(before, fmt.Sprintf("rule: %s%s: %s", r, r.near(l.cfg.Freeze.Rule), l.freezing.Summary()), map[string]any{"froze": valuesOf(r.froze), "thawed": valuesOf(r.thawed)})
	l.publish()
	return nil
}

// followRule has a process follow a decision of the leader.
func (l *Loop) followRule(p *run.Ruled) error {
	f, err := l.resolveOver(l.cfg, ruled{p.Table, p.Frozen, p.Thawed})
	if err != nil {
		return err
	}
	_, err = l.keepTo(f)
	return err
}

// decide says what the window that is over has come to. A group of which a part is thawed
// is not frozen for the rest of it. Something always trains: where all would be frozen, what
// moved most is not.
func (l *Loop) decide() (r ruling, err error) {
	rule := l.cfg.Freeze.Rule
	moved, err := l.changes()
	if err != nil {
		return r, err
	}
	if len(moved) > 0 {
		r.least = &moved[0]
	}
	wanted, err := l.gradients()
	if err != nil {
		return r, err
	}
	if len(wanted) > 0 {
		r.most = &wanted[0]
	}
	for _, g := range wanted[:min(rule.Thaw, len(wanted))] {
		if g.value > 0 {
			r.thawed = append(r.thawed, g)
		}
	}
	for _, g := range moved {
		thaws := slices.ContainsFunc(r.thawed, func(t group) bool { return t.name == g.name })
		if g.value < rule.FreezeBelow && !thaws {
			r.froze = append(r.froze, g)
		}
	}
	if len(r.thawed) == 0 && len(parametersOf(r.froze)) == len(l.freezing.Trainable()) {
		r.froze = r.froze[:len(r.froze)-1]
	}
	return r, nil
}

// changes are the groups of what has trained since the window began and is nobody's by
// hand, with how far they have gone from there: ‖w−w₀‖/‖w₀‖. The one that moved least
// comes first.
func (l *Loop) changes() ([]group, error) {
	table, _ := l.cfg.Freeze.InForce(l.nimg)
	now := l.method.Params()
	var names []string
	for _, p := range l.freezing.Trainable() {
		if l.window.weights[p.Name] != nil && !table.ByHand(p.Name) {
			names = append(names, p.Name)
		}
	}
	list, err := l.grouped(names, func(name string) (change, size float64) {
		then := l.window.weights[name]
		for i, v := range now.Get(name).Data {
			d, w := float64(v)-float64(then[i]), float64(then[i])
			change += d * d
			size += w * w
		}
		return change, size
	})
	slices.SortStableFunc(list, func(a, b group) int { return cmp.Compare(a.value, b.value) })
	return list, err
}

// gradients are the groups of what was frozen in the window's last step and is nobody's by
// hand, with their relative gradients ‖g‖/‖w‖. The largest comes first.
func (l *Loop) gradients() ([]group, error) {
	table, _ := l.cfg.Freeze.InForce(l.nimg)
	now := l.method.Params()
	var names []string
	for _, p := range now.All() {
		if _, asked := l.window.grads[p.Name]; asked && l.freezing.Frozen(p.Name) && !table.ByHand(p.Name) {
			names = append(names, p.Name)
		}
	}
	list, err := l.grouped(names, func(name string) (change, size float64) {
		for _, v := range now.Get(name).Data {
			size += float64(v) * float64(v)
		}
		return l.window.grads[name], size
	})
	slices.SortStableFunc(list, func(a, b group) int { return cmp.Compare(b.value, a.value) })
	return list, err
}

// grouped sums up squares over the groups of parameters, in the order of the network, and
// gives each group the root of their ratio. A group with a value that is not finite is left
// out; one of zeros has moved infinitely far if it has at all.
func (l *Loop) grouped(names []string, squares func(name string) (change, size float64)) ([]group, error) {
	if len(names) == 0 {
		return nil, nil
	}
	if err := l.dev.Download(l.method.Params().All()...); err != nil {
		return nil, err
	}
	of := l.groupNames()
	var list []group
	var sizes []float64
	at := map[string]int{}
	for _, name := range names {
		i, known := at[of[name]]
		if !known {
			i = len(list)
			at[of[name]] = i
			list, sizes = append(list, group{name: of[name]}), append(sizes, 0)
		}
		change, size := squares(name)
		list[i].names = append(list[i].names, name)
		list[i].value += change
		sizes[i] += size
	}
	for i := range list {
		if list[i].value != 0 || sizes[i] != 0 {
			list[i].value = math.Sqrt(list[i].value / sizes[i])
		}
	}
	bad := func(g group) bool { return math.IsNaN(g.value) }
	return slices.DeleteFunc(list, bad), nil
}

// groupNames is the group of every parameter. What belongs to no block is a group by its
// layer.
func (l *Loop) groupNames() map[string]string {
	of := map[string]string{}
	for _, layer := range l.method.Layers() {
		unit := layer.Name[:max(0, strings.LastIndexByte(layer.Name, '.'))]
		switch name := cmp.Or(unit, layer.Name); {
		case l.cfg.Freeze.Rule.Group == configs.GroupKind:
			of[layer.Name] = layer.Kind
		case l.cfg.Freeze.Rule.Group == configs.GroupBlock && layer.Block != "" && layer.Part != "":
			of[layer.Name] = layer.Part + "." + layer.Block
		default:
			of[layer.Name] = name
		}
	}
	return of
}

func parametersOf(groups []group) (names []string) {
	for _, g := range groups {
		names = append(names, g.names...)
	}
	return names
}

// valuesOf are what was measured of groups, for a log; an infinite one is a text.
func valuesOf(groups []group) map[string]any {
	values := map[string]any{}
	for _, g := range groups {
		if values[g.name] = g.value; math.IsInf(g.value, 0) {
			values[g.name] = run.Exact(g.value)
		}
	}
	return values
}

// String words the decision: froze enc.7x7_block0 (moved 0.0021); thawed out_conv (gradient
// 0.31).
func (r ruling) String() string {
	var parts []string
	for _, side := range []struct {
		did, by string
		groups  []group
	}{{"froze", "moved", r.froze}, {"thawed", "gradient", r.thawed}} {
		if len(side.groups) == 0 {
			continue
		}
		var words []string
		for i, g := range side.groups {
			if i == shownGroups {
				words = append(words, fmt.Sprintf("%d more", len(side.groups)-i))
				break
			}
			words = append(words, fmt.Sprintf("%s (%s %.2g)", g.name, side.by, g.value))
		}
		parts = append(parts, side.did+" "+strings.Join(words, ", "))
	}
	return strings.Join(parts, "; ")
}

// shownGroups is how many groups an event names of each side.
const shownGroups = 4

// near words what came nearest to being frozen, where nothing is.
func (r ruling) near(rule configs.FreezeRule) string {
	if rule.FreezeBelow == 0 || r.least == nil || len(r.froze) > 0 {
		return ""
	}
	return fmt.Sprintf("; least moved %s, by %.2g", r.least.name, r.least.value)
}

// nothing words that a decision changes nothing, with what came nearest to it.
func (r ruling) nothing(rule configs.FreezeRule) string {
	text := "nothing to freeze or to thaw" + r.near(rule)
	if rule.Thaw > 0 && r.most != nil {
		text += fmt.Sprintf("; largest gradient %.2g, of %s", r.most.value, r.most.name)
	}
	return text
}

// toggled is a [freeze] table under which the named parameters have changed sides. Those
// that the rule has decided about are named in its lists, and are a person's from then on.
func (l *Loop) toggled(table configs.Freeze, names []string) (configs.Freeze, error) {
	if len(names) == 0 {
		return table, errors.New("freeze: no parameter to toggle")
	}
	var plain []string
	own := table
	own.Freeze, own.Train = slices.Clone(table.Freeze), slices.Clone(table.Train)
	for _, name := range names {
		switch r := l.freezing.ruled; {
		case slices.Contains(r.frozen, name):
			own.Train = append(own.Train, name)
		case slices.Contains(r.thawed, name):
			own.Freeze = append(own.Freeze, name)
		default:
			plain = append(plain, name)
		}
	}
	if len(plain) == 0 {
		return own, nil
	}
	rule, err := freezeRule(own).Toggle(l.method.Params(), l.method.Preset, plain...)
	own.Freeze, own.Train = rule.Freeze, rule.Train
	return own, err
}
