package layers

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// off takes an entry out of the schedule.
const off = "off"

// schedule adds an entry to the freezing schedule or takes one out; without words it
// lists them.
func (v *View) schedule(args []string) tea.Cmd {
	if len(args) == 0 {
		return v.openSchedule()
	}
	at, err := strconv.ParseFloat(args[0], 64)
	if err != nil || len(args) < 2 {
		return v.h.Fail(errors.New("schedule: want kimg and what is then frozen: 20 none, 20 norms dec.*, or 20 off"))
	}
	if args[1] == off {
		return v.unschedule(at)
	}
	e := configs.FreezeFrom{AtKimg: at, Preset: "none", Freeze: args[1:]}
	if slices.Contains(configs.FreezePresets(), args[1]) {
		e.Preset, e.Freeze = args[1], args[2:]
	}
	req := control.FreezeRequest{AtKimg: &at, Preset: &e.Preset, Freeze: &e.Freeze}
	return v.h.Run().Freeze(fmt.Sprintf("from %v kimg: %s", at, e.What()), nil, req)
}

func (v *View) unschedule(at float64) tea.Cmd {
	return v.h.Run().Freeze(fmt.Sprintf("schedule: nothing new at %v kimg", at), nil, control.FreezeRequest{RemoveKimg: &at})
}

// offerSchedule offers presets behind the time.
func (v *View) offerSchedule(string) []string {
	return append([]string{off}, configs.FreezePresets()...)
}

// openSchedule lists the entries; enter takes one out, after a question.
func (v *View) openSchedule() tea.Cmd {
	st := &v.h.Run().Info.Status
	if len(st.FreezeSchedule) == 0 {
		return v.h.Notify("no schedule; :schedule 20 none adds an entry", v.h.Theme().Text)
	}
	m := host.Menu{Title: "Freezing schedule; enter removes"}
	for _, e := range st.FreezeSchedule {
		about := fmt.Sprintf("%5.1f %% frozen, %s", 100*e.Fraction, what(e))
		switch {
		case e.InForce:
			about += ", in force"
		case e.Nimg > st.TotalNimg:
			about += ", beyond the end"
		}
		m.Items = append(m.Items, host.Item{Name: "from " + widget.Kimg(e.Nimg) + " kimg", About: about})
	}
	entries := slices.Clone(st.FreezeSchedule)
	m.Accept = func(i int) tea.Cmd {
		at := float64(entries[i].Nimg) / 1000
		return v.h.Ask(host.Question{
			Title: "Freezing schedule", Text: fmt.Sprintf("Remove what begins at %v kimg?", at),
			Yes: func() tea.Cmd { return v.unschedule(at) },
		})
	}
	return v.h.Menu(m)
}

// what words an entry as a configuration does.
func what(e run.FreezeFrom) string {
	return configs.FreezeFrom{Preset: e.Preset, Freeze: e.Freeze, Train: e.Train}.What()
}

// askRate asks for the factor of the learning rate of what is marked or under the
// cursor.
func (v *View) askRate() tea.Cmd {
	if err := v.h.Run().MustRun("rate"); err != nil {
		return v.h.Fail(err)
	}
	globs := v.h.Run().List.Globs()
	if len(globs) == 0 {
		return nil
	}
	name := globs[0]
	if len(globs) > 1 {
		name = tensors(len(globs))
	}
	text := ""
	if lo, hi := v.h.Run().List.Rates(); lo == hi {
		text = strconv.FormatFloat(lo, 'g', -1, 64)
	}
	return v.h.Prompt(host.Prompt{
		Sign: "rate of " + widget.Plain(name) + ": ", Text: text, Hint: "factor of the learning rate, in (0, 1]",
		Accept: func(text string) tea.Cmd { return v.rate(text, globs) },
	})
}

// rateBy is the command: a factor for globs, or for what is marked or under the cursor.
func (v *View) rateBy(args []string) tea.Cmd {
	if len(args) == 0 {
		return v.h.Fail(errors.New("rate: want a factor in (0, 1], and globs unless it is for what is under the cursor"))
	}
	globs := args[1:]
	if len(globs) == 0 {
		globs = v.h.Run().List.Globs()
	}
	return v.rate(args[0], globs)
}

func (v *View) rate(text string, globs []string) tea.Cmd {
	factor, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return v.h.Fail(fmt.Errorf("rate: %q, want a factor in (0, 1]", text))
	}
	req := control.FreezeRequest{Rate: &control.RateRequest{Globs: globs, Factor: factor}}
	if err := req.Validate(); err != nil {
		return v.h.Fail(err)
	}
	return v.h.Run().Freeze(fmt.Sprintf("rate of %s: %v", strings.Join(globs[:1], " "), factor), nil, req)
}

// discInfo words how much of the discriminators is frozen; "" for nothing.
func discInfo(r *session.Run) string {
	var words []string
	for k, share := range r.Info.Status.DiscFrozen {
		if share > 0 {
			words = append(words, fmt.Sprintf("%s %.1f %% frozen", configs.DiscName(k), 100*share))
		}
	}
	return strings.Join(words, ", ")
}

// nextInfo words what the schedule brings next, or else when the rule decides next; ""
// for nothing.
func nextInfo(r *session.Run) string {
	st := &r.Info.Status
	next, ok := st.NextFreezing()
	if rule := st.FreezeRule; rule != nil && rule.NextNimg > 0 && (!ok || rule.NextNimg < next.Nimg) {
		return fmt.Sprintf("rule decides at %s kimg", widget.Kimg(rule.NextNimg))
	}
	if !ok {
		return ""
	}
	verb := "changes"
	switch {
	case next.Fraction < st.FrozenFraction:
		verb = "thaws"
	case next.Fraction > st.FrozenFraction:
		verb = "freezes"
	}
	return fmt.Sprintf("%s to %.1f %% at %s kimg", verb, 100*next.Fraction, widget.Kimg(next.Nimg))
}
