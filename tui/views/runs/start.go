package runs

import (
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// newRun offers the presets that can be started.
func (v *View) newRun() tea.Cmd {
	switch {
	case v.h.Options().Start == nil || len(v.h.Options().Presets) == 0:
		return v.h.Fail(errors.New("start: " + v.h.Options().Instead("start CONFIG")))
	case v.h.Starting() != "":
		return v.h.Fail(fmt.Errorf("start: %s is being started", widget.Plain(session.NameOf(v.h.Starting()))))
	}
	m := host.Menu{Title: "Start a run", Accept: func(i int) tea.Cmd {
		p := v.h.Options().Presets[i]
		return v.h.NewRun(host.Source{Name: p.Name, About: p.About})
	}}
	for _, p := range v.h.Options().Presets {
		m.Items = append(m.Items, host.Item{Name: widget.Plain(p.Name), About: widget.Plain(p.About)})
	}
	return v.h.Menu(m)
}

// fork opens the form for a fork of the run under the cursor.
func (v *View) fork() tea.Cmd {
	r := v.selected()
	switch g := v.selectedGroup(); {
	case g != nil:
		return v.h.Fail(errGroup("fork", g))
	case r == nil:
		return nil
	case v.h.Options().Fork == nil:
		return v.h.Fail(errors.New("fork: " + v.h.Options().Instead("fork "+r.Name)))
	case r.Status.CheckpointNimg == 0:
		return v.h.Fail(fmt.Errorf("fork: %s has no checkpoint yet", widget.Plain(r.Name)))
	case v.h.Starting() != "":
		return v.h.Fail(fmt.Errorf("fork: %s is being started", widget.Plain(session.NameOf(v.h.Starting()))))
	}
	return v.h.NewRun(host.Source{Name: r.Dir, Fork: true})
}
