package layers

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/control"
	"innate/tui/host"
	"innate/tui/widget"
)

// errNoFrozen says that the outcome of a [freeze] table cannot be foretold.
var errNoFrozen = errors.New("freeze: what it freezes is not known here")

// frozenUnder returns which of the names a [freeze] table freezes.
func (v *View) frozenUnder(names []string, table configs.Freeze) (map[string]bool, error) {
	if v.h.Options().Frozen == nil {
		return nil, errNoFrozen
	}
	return v.h.Options().Frozen(names, table)
}

// freezeOrder is a change of what is frozen that can be given to the trainer.
type freezeOrder struct {
	what  string   // as a question
	done  string   // words its success
	names []string // tensors that change sides, as far as that is known
	req   control.FreezeRequest
}

// give shows the tensors as pending and sends the order.
func (v *View) give(o freezeOrder) tea.Cmd {
	v.h.Run().Layers.Pend(o.names)
	return v.h.Run().Freeze(o.done, o.names, o.req)
}

// giveOrAsk gives an order for one block at once, and asks about a larger one.
func (v *View) giveOrAsk(o freezeOrder) tea.Cmd {
	if len(v.h.Run().Layers.Net.Blocks(o.names)) > 1 {
		return v.askFreeze(o)
	}
	return v.give(o)
}

// summaryWidth is that of the summary in overlays.
const summaryWidth = 62

// askFreeze shows what an order would change, and gives it if that is wanted.
func (v *View) askFreeze(o freezeOrder) tea.Cmd {
	before := v.h.Run().Layers.WhatIf(o.names)
	return v.h.Ask(host.Question{
		Title: o.what, Text: o.what + "?", Body: v.summaryLines(o.names),
		Yes: func() tea.Cmd {
			// A toggle means something else once others have been at it.
			if now := v.h.Run().Layers.WhatIf(o.names); now.Freezes != before.Freezes || now.Trains != before.Trains {
				return v.h.Fail(errors.New("freeze: the layers changed meanwhile; look again"))
			}
			if err := v.h.Run().MustRun("freeze"); err != nil {
				return v.h.Fail(err)
			}
			return v.give(o)
		},
	})
}

// summaryLines tells what changing sides of some tensors means, and where.
func (v *View) summaryLines(names []string) []string {
	t, l := v.h.Theme(), v.h.Run().Layers
	lines := whatIfLines(t, l.WhatIf(names), summaryWidth)
	blocks := l.Net.Blocks(names)
	if len(blocks) == 0 {
		lines[0] = widget.Fit(t.Dim.Render("nothing changes"), summaryWidth, "")
		return append(lines, widget.Fit("", summaryWidth, ""))
	}
	where := strings.Join(blocks[:min(len(blocks), 2)], ", ")
	if more := len(blocks) - 2; more > 0 {
		where += fmt.Sprintf(" and %d more", more)
	}
	return append(lines, widget.Fit(t.Dim.Render("in      ")+widget.Plain(where), summaryWidth, t.Glyphs.Ellipsis))
}

// selected is the order to toggle what is marked or under the cursor; ok is
// false while an earlier one is under way.
func (v *View) selected() (o freezeOrder, ok bool) {
	names, freeze := v.h.Run().List.Selected()
	if len(names) == 0 {
		return o, false
	}
	verb := "Train "
	if freeze {
		verb = "Freeze "
	}
	return freezeOrder{
		what: verb + tensors(len(names)), done: v.toggled(names), names: names, req: control.FreezeRequest{Toggle: names},
	}, true
}

// toggled words the outcome of toggling.
func (v *View) toggled(names []string) string {
	s := v.h.Run().Layers.WhatIf(names)
	switch {
	case s.Trains == 0:
		return fmt.Sprintf("%s: froze %s", layersOf(names), tensors(s.Freezes))
	case s.Freezes == 0:
		return fmt.Sprintf("%s: training %s", layersOf(names), tensors(s.Trains))
	}
	return fmt.Sprintf("%s: froze %d, training %s", layersOf(names), s.Freezes, tensors(s.Trains))
}

// layersOf names the layer of the first of some tensors, or that tensor where it is alone,
// and counts the other layers.
func layersOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	var layers []string
	for _, name := range names {
		layer := name
		if at := strings.LastIndexByte(name, '.'); at > 0 {
			layer = name[:at]
		}
		if !slices.Contains(layers, layer) {
			layers = append(layers, layer)
		}
	}
	if more := len(layers) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", layers[0], more)
	}
	return layers[0]
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return fmt.Sprintf("%d tensors", n)
}

// toggle freezes or trains what is marked or under the cursor; more than one
// block only after a question.
func (v *View) toggle() tea.Cmd { return v.toggleBy(v.giveOrAsk) }

// preview asks in any case.
func (v *View) preview() tea.Cmd { return v.toggleBy(v.askFreeze) }

func (v *View) toggleBy(act func(freezeOrder) tea.Cmd) tea.Cmd {
	if err := v.h.Run().MustRun("freeze"); err != nil {
		return v.h.Fail(err)
	}
	if o, ok := v.selected(); ok {
		return act(o)
	}
	return nil
}

// undo goes back to what was frozen before the last change, wherever it was made; redo
// takes that back.
func (v *View) undo() tea.Cmd { return v.stepHistory("undo", v.h.Run().Layers.History.Undo()) }
func (v *View) redo() tea.Cmd { return v.stepHistory("redo", v.h.Run().Layers.History.Redo()) }

func (v *View) stepHistory(verb string, names []string) tea.Cmd {
	if err := v.h.Run().MustRun(verb); err != nil {
		return v.h.Fail(err)
	}
	switch {
	case len(names) == 0:
		return v.h.Notify("nothing to "+verb, v.h.Theme().Text)
	case v.h.Run().Layers.Pending.Len() > 0: // what to flip depends on how that ends
		return v.h.Notify(verb+": the trainer has not answered yet", v.h.Theme().Warn)
	}
	return v.give(freezeOrder{done: verb + ": " + v.toggled(names), names: names, req: control.FreezeRequest{Toggle: names}})
}

// orderOf makes an order of a new rule. Where its outcome cannot be foretold, the
// trainer says what comes of it.
func (v *View) orderOf(what, done string, r configs.Freeze, req control.FreezeRequest) freezeOrder {
	o := freezeOrder{what: what, done: done, req: req}
	net := v.h.Run().Layers.Net
	if frozen, err := v.frozenUnder(net.Names(), v.h.Run().Foreseen(r)); err == nil {
		o.names = net.Differing(frozen)
	}
	return o
}

func (v *View) presetOrder(name string) freezeOrder {
	r := v.h.Run().Rule()
	r.Preset = name
	return v.orderOf("Preset "+name, "preset "+name, r, control.FreezeRequest{Preset: &name})
}

// openPresets shows the freezing presets with what each would change.
func (v *View) openPresets() tea.Cmd {
	r := v.h.Run()
	if err := v.h.Run().MustRun("preset"); err != nil {
		return v.h.Fail(err)
	}
	net := r.Layers.Net
	names := net.Names()
	if len(names) == 0 {
		return v.h.Fail(errors.New("preset: no layers known yet"))
	}
	presets := configs.FreezePresets()
	m := host.Menu{Title: "Freezing preset", Accept: func(i int) tea.Cmd { return v.give(v.presetOrder(presets[i])) }}
	for i, p := range presets {
		item := host.Item{Name: p}
		rule := v.h.Run().Rule()
		rule.Preset = p
		frozen, err := v.frozenUnder(names, rule)
		switch {
		case err == nil:
			item.About = fmt.Sprintf("%5.1f %% frozen", percent(net.ParamsOf(frozen), net.Total.Params))
			item.Detail = v.summaryLines(net.Differing(frozen))
		case !errors.Is(err, errNoFrozen):
			return v.h.Fail(err)
		}
		if p == r.Info.Status.FreezePreset {
			m.Cursor = i
		}
		m.Items = append(m.Items, item)
	}
	// Pressing p offers the next one at once: p, enter steps through them.
	m.Cursor = (m.Cursor + 1) % len(m.Items)
	return v.h.Menu(m)
}

func percent(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}
