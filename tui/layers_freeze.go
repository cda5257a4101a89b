package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/control"
	"innate/tui/host"
	"innate/tui/views/layers"
	"innate/tui/widget"
)

// errNoFrozen says that nobody told the workbench how to foretell the outcome of
// a [freeze] table.
var errNoFrozen = errors.New("freeze: what it freezes is not known here")

// frozenUnder returns which of the names a [freeze] table freezes.
func (a *App) frozenUnder(names []string, table configs.Freeze) (map[string]bool, error) {
	if a.opts.Frozen == nil {
		return nil, errNoFrozen
	}
	return a.opts.Frozen(names, table)
}

// freezeOrder is a change of what is frozen that can be given to the trainer.
type freezeOrder struct {
	what  string   // as a question
	done  string   // words its success
	names []string // tensors that change sides, as far as that is known
	req   control.FreezeRequest
}

// give shows the tensors as pending and sends the order.
func (a *App) give(o freezeOrder) tea.Cmd {
	a.run.Layers.Pend(o.names)
	return a.run.Freeze(o.done, o.names, o.req)
}

// giveOrAsk gives an order for one block at once, and asks about a larger one.
func (a *App) giveOrAsk(o freezeOrder) tea.Cmd {
	if len(a.run.Layers.Net.Blocks(o.names)) > 1 {
		return a.askFreeze(o)
	}
	return a.give(o)
}

// summaryWidth is that of the summary in overlays.
const summaryWidth = 62

// askFreeze shows what an order would change, and gives it if that is wanted.
func (a *App) askFreeze(o freezeOrder) tea.Cmd {
	before := a.run.Layers.WhatIf(o.names)
	return a.Ask(host.Question{
		Title: o.what, Text: o.what + "?", Body: a.summaryLines(o.names),
		Yes: func() tea.Cmd {
			// A toggle means something else once others have been at it.
			if now := a.run.Layers.WhatIf(o.names); now.Freezes != before.Freezes || now.Trains != before.Trains {
				return a.Fail(errors.New("freeze: the layers changed meanwhile; look again"))
			}
			if err := a.run.MustRun("freeze"); err != nil {
				return a.Fail(err)
			}
			return a.give(o)
		},
	})
}

// summaryLines tells what changing sides of some tensors means, and where.
func (a *App) summaryLines(names []string) []string {
	t, l := a.theme, a.run.Layers
	lines := layers.WhatIf(t, l.WhatIf(names), summaryWidth)
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
func (a *App) selected() (o freezeOrder, ok bool) {
	names, freeze := a.run.List.Selected()
	if len(names) == 0 {
		return o, false
	}
	verb := "Train "
	if freeze {
		verb = "Freeze "
	}
	return freezeOrder{
		what: verb + tensors(len(names)), done: a.toggled(names), names: names, req: control.FreezeRequest{Toggle: names},
	}, true
}

// toggled words the outcome of toggling.
func (a *App) toggled(names []string) string {
	s := a.run.Layers.WhatIf(names)
	switch {
	case s.Trains == 0:
		return fmt.Sprintf("%s: froze %s", names[0], tensors(s.Freezes))
	case s.Freezes == 0:
		return fmt.Sprintf("%s: training %s", names[0], tensors(s.Trains))
	}
	return fmt.Sprintf("%s: froze %d, training %s", names[0], s.Freezes, tensors(s.Trains))
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return fmt.Sprintf("%d tensors", n)
}

// toggleLayer freezes or trains what is marked or under the cursor; more than
// one block only after a question.
func (a *App) toggleLayer() tea.Cmd { return a.toggleBy((*App).giveOrAsk) }

// previewLayer asks in any case.
func (a *App) previewLayer() tea.Cmd { return a.toggleBy((*App).askFreeze) }

func (a *App) toggleBy(act func(*App, freezeOrder) tea.Cmd) tea.Cmd {
	if err := a.run.MustRun("freeze"); err != nil {
		return a.Fail(err)
	}
	if o, ok := a.selected(); ok {
		return act(a, o)
	}
	return nil
}

// undoFreeze goes back to what was frozen before the last change, whoever made
// it; redoFreeze takes that back.
func (a *App) undoFreeze() tea.Cmd { return a.stepFreeze("undo", a.run.Layers.History.Undo()) }
func (a *App) redoFreeze() tea.Cmd { return a.stepFreeze("redo", a.run.Layers.History.Redo()) }

func (a *App) stepFreeze(verb string, names []string) tea.Cmd {
	if err := a.run.MustRun(verb); err != nil {
		return a.Fail(err)
	}
	switch {
	case len(names) == 0:
		return a.Notify("nothing to "+verb, a.theme.Text)
	case a.run.Layers.Pending.Len() > 0: // what to flip depends on how that ends
		return a.Notify(verb+": the trainer has not answered yet", a.theme.Warn)
	}
	return a.give(freezeOrder{done: verb + ": " + a.toggled(names), names: names, req: control.FreezeRequest{Toggle: names}})
}

// orderOf makes an order of a new rule. Where its outcome cannot be foretold, the
// trainer says what comes of it.
func (a *App) orderOf(what, done string, r configs.Freeze, req control.FreezeRequest) freezeOrder {
	o := freezeOrder{what: what, done: done, req: req}
	net := a.run.Layers.Net
	if frozen, err := a.frozenUnder(net.Names(), r); err == nil {
		o.names = net.Differing(frozen)
	}
	return o
}

func (a *App) presetOrder(name string) freezeOrder {
	r := a.run.Rule()
	r.Preset = name
	return a.orderOf("Preset "+name, "preset "+name, r, control.FreezeRequest{Preset: &name})
}

// commandPreset gives a preset by name.
func (a *App) commandPreset(name string) tea.Cmd {
	if !slices.Contains(configs.FreezePresets(), name) {
		return a.Fail(fmt.Errorf("preset: %q, want %s", name, strings.Join(configs.FreezePresets(), ", ")))
	}
	return a.giveOrAsk(a.presetOrder(name))
}

// commandFreeze adds globs to what is frozen or trained.
func (a *App) commandFreeze(name string, args []string) tea.Cmd {
	if len(args) == 0 {
		return a.Fail(fmt.Errorf("%s: want a glob, for example dec.28x28_*", name))
	}
	r, req := a.run.Rule(), control.FreezeRequest{}
	if name == "freeze" {
		r.Freeze = slices.Concat(r.Freeze, args)
		req.Freeze = &r.Freeze
	} else {
		r.Train = slices.Concat(r.Train, args)
		req.Train = &r.Train
	}
	line := name + " " + strings.Join(args, " ")
	return a.giveOrAsk(a.orderOf(strings.ToUpper(name[:1])+line[1:], line, r, req))
}

// openPresets shows the freezing presets with what each would change.
func (a *App) openPresets() tea.Cmd {
	r := a.run
	if err := a.run.MustRun("preset"); err != nil {
		return a.Fail(err)
	}
	net := r.Layers.Net
	names := net.Names()
	if len(names) == 0 {
		return a.Fail(errors.New("preset: no layers known yet"))
	}
	presets := configs.FreezePresets()
	m := host.Menu{Title: "Freezing preset", Accept: func(i int) tea.Cmd { return a.give(a.presetOrder(presets[i])) }}
	for i, p := range presets {
		item := host.Item{Name: p}
		rule := a.run.Rule()
		rule.Preset = p
		frozen, err := a.frozenUnder(names, rule)
		switch {
		case err == nil:
			item.About = fmt.Sprintf("%5.1f %% frozen", percent(net.ParamsOf(frozen), net.Total.Params))
			item.Detail = a.summaryLines(net.Differing(frozen))
		case !errors.Is(err, errNoFrozen):
			return a.Fail(err)
		}
		if p == r.Info.Status.FreezePreset {
			m.Cursor = i
		}
		m.Items = append(m.Items, item)
	}
	// Pressing p offers the next one at once: p, enter steps through them.
	m.Cursor = (m.Cursor + 1) % len(m.Items)
	return a.Menu(m)
}

func percent(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}
