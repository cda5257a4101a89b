package layers

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/control"
	"innate/tui/host"
	"innate/tui/session"
)

// Commands implements host.CommandView.
func (v *View) Commands() []host.Command {
	offer := func(list []string) func(string) []string { return func(string) []string { return list } }
	return []host.Command{
		host.NewCommand("freeze", "GLOB", "freeze what matches", host.NeedTrainer, v.offerGlobs, func(args []string) tea.Cmd {
			return v.freeze("freeze", args)
		}),
		host.NewCommand("train", "GLOB", "train what matches", host.NeedTrainer, v.offerGlobs, func(args []string) tea.Cmd {
			return v.freeze("train", args)
		}),
		host.NewCommand("preset", "NAME", "freezing preset", host.NeedTrainer, offer(configs.FreezePresets()), v.preset),
		host.NewCommand("schedule", "[KIMG WHAT]", "freeze later: 20 none dec.*; 20 off; list", host.NeedTrainer, v.offerSchedule, v.schedule),
		host.NewCommand("rate", "FACTOR [GLOB]", "factor of the learning rate", host.NeedTrainer, nil, v.rateBy),
		host.NewCommand("filter", "[WORDS]", "layers: words, globs, kind:conv, frozen", host.NeedRun,
			offer(quickFilters[:len(quickFilters)-1]), v.filterBy),
		host.NewCommand("sort", "COLUMN", "layers by a column", host.NeedRun, offer(session.LayerColumnNames()), v.sortBy),
		host.NewCommand("probe", "[BY]", "what the teacher's weights cost, put back", host.NeedRun, offer(groupings), v.probe),
	}
}

// freeze adds globs to what is frozen, or trained, as the name says.
func (v *View) freeze(name string, args []string) tea.Cmd {
	if len(args) == 0 {
		return v.h.Fail(fmt.Errorf("%s: want a glob, for example dec.28x28_*", name))
	}
	r, req := v.h.Run().Rule(), control.FreezeRequest{}
	if name == "freeze" {
		r.Freeze = slices.Concat(r.Freeze, args)
		req.Freeze = &r.Freeze
	} else {
		r.Train = slices.Concat(r.Train, args)
		req.Train = &r.Train
	}
	line := name + " " + strings.Join(args, " ")
	return v.giveOrAsk(v.orderOf(strings.ToUpper(name[:1])+line[1:], line, r, req))
}

// preset gives a freezing preset by name.
func (v *View) preset(args []string) tea.Cmd {
	name, err := host.OneName("preset", args)
	if err == nil && !slices.Contains(configs.FreezePresets(), name) {
		err = fmt.Errorf("preset: %q, want %s", name, strings.Join(configs.FreezePresets(), ", "))
	}
	if err != nil {
		return v.h.Fail(err)
	}
	return v.giveOrAsk(v.presetOrder(name))
}

func (v *View) filterBy(words []string) tea.Cmd {
	v.h.Run().List.SetFilter(strings.Join(words, " "))
	return v.h.Reveal("layers")
}

// sortBy sorts by a column the way it usually runs, or after a dash from the
// largest down, or z to a.
func (v *View) sortBy(args []string) tea.Cmd {
	name, err := host.OneName("sort", args)
	if err != nil {
		return v.h.Fail(err)
	}
	order := session.LayerOrder{OverTime: v.h.Run().List.Order.OverTime}
	if c, ok := session.LayerColumnNamed(name); ok {
		order.Sort(c)
	} else if !order.Set(name) {
		return v.h.Fail(fmt.Errorf("sort: %q, want %s", name, strings.Join(session.LayerColumnNames(), ", ")))
	}
	v.sort(func(o *session.LayerOrder) { *o = order })
	return v.h.Reveal("layers")
}

// offerGlobs offers globs for parts, blocks and layers of the network, and for
// one kind of layer in every block.
func (v *View) offerGlobs(_ string) []string {
	r := v.h.Run()
	if r == nil {
		return nil
	}
	var offers []string
	add := func(glob string) {
		if !slices.Contains(offers, glob) {
			offers = append(offers, glob)
		}
	}
	names := r.Layers.Net.Names()
	// The coarse globs first: a few parts, then kinds, then blocks.
	for depth := range 3 {
		for _, n := range names {
			parts := strings.Split(n, ".")
			switch {
			case depth == 0 && len(parts) > 2:
				add(parts[0] + ".*")
			case depth == 1 && len(parts) > 3:
				add("*." + parts[2] + ".*")
			case depth == 2 && len(parts) > 1:
				add(strings.Join(parts[:min(len(parts)-1, 2)], ".") + ".*")
			}
		}
	}
	return offers
}
