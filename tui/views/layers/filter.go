package layers

import (
	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
)

// filter filters the layers as the text is typed.
func (v *View) filter() tea.Cmd {
	list := v.h.Run().List
	before := list.Filter()
	return v.h.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words, globs, kind:conv, frozen, training, marked, !not",
		Changed: list.SetFilter,
		Cancel:  func() { list.SetFilter(before) },
	})
}

// quickFilters are what f goes through, and what the command offers.
var quickFilters = []string{
	"kind:conv", "kind:qkv", "kind:proj", "kind:skip", "kind:affine", "kind:norm", "kind:linear", "frozen", "training", "",
}

// cycleKind filters by the next kind that this network has.
func (v *View) cycleKind() tea.Cmd {
	l := v.h.Run().List
	at := len(quickFilters) - 1
	for i, f := range quickFilters {
		if f == l.Filter() {
			at = i
		}
	}
	for range quickFilters {
		at = (at + 1) % len(quickFilters)
		if l.SetFilter(quickFilters[at]); len(l.Matched()) > 0 {
			break
		}
	}
	return nil
}

// Names under which the order of the layers is remembered.
const (
	sortOrder   = "layers"
	sortMeasure = "layers over time"
)

// sort changes the order, or the measurement, and remembers both.
func (v *View) sort(f func(*session.LayerOrder)) tea.Cmd {
	o := &v.h.Run().List.Order
	f(o)
	remembered := v.h.State().Sort
	remembered[sortOrder], remembered[sortMeasure] = o.String(), session.ColumnOf(o.OverTime).String()
	if _, measured := o.By.Measurement(); measured && len(v.h.Run().Layers.Stats.Nimg) == 0 {
		return v.h.Notify(o.By.String()+": no layer has been measured yet; live.layers_kimg says how often", v.h.Theme().Text)
	}
	return nil
}

// recallOrder sorts the layers of a run that is being opened as remembered.
func (v *View) recallOrder() {
	o, remembered := &v.h.Run().List.Order, v.h.State().Sort
	if name, ok := remembered[sortOrder]; ok {
		o.Set(name)
	}
	if c, ok := session.LayerColumnNamed(remembered[sortMeasure]); ok {
		if m, ok := c.Measurement(); ok {
			o.OverTime = m
		}
	}
}
