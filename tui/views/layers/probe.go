package layers

import (
	"context"
	"errors"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/widget"
)

// groupings are what layers may be put together by for a probe, as innate probe --by
// takes it.
var groupings = []string{"role", "block", "kind", "resolution", "part", "unit", "tensor"}

// probedMsg says that a probe that was started here has ended.
type probedMsg struct {
	view *View
	err  error
}

// probe starts a probe beside the trainer.
func (v *View) probe(args []string) tea.Cmd {
	by, start := groupings[0], v.h.Options().Analyze
	if len(args) > 0 {
		name, err := host.OneName("probe", args)
		if err != nil {
			return v.h.Fail(err)
		}
		by = name
	}
	if start == nil {
		return v.h.Fail(errors.New("probe: " + v.h.Options().Instead("probe --by "+by+" "+v.h.Run().Info.Name)))
	}
	dir := v.h.Run().Dir
	return tea.Batch(v.h.Notify("probe by "+widget.Plain(by)+" started, beside the trainer", v.h.Theme().Text), func() tea.Msg {
		return probedMsg{v, start(context.Background(), dir, []string{"probe", "--by", by})}
	})
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	m, ok := msg.(probedMsg)
	switch {
	case !ok || m.view != v:
		return nil, false
	case m.err != nil:
		return v.h.Fail(m.err), true
	}
	return v.h.Notify("probe done", v.h.Theme().Good), true
}

// probeInfo says what the columns of the probe are of: a network that has seen as many
// images as the run, an older one, or one of a branch that was left.
func (v *View) probeInfo() string {
	r, t := v.h.Run(), v.h.Theme()
	p := r.Layers.Probe
	if p == nil {
		return ""
	}
	text := "probe by " + widget.Plain(p.By)
	if p.Mode != "whole" {
		text += ", " + widget.Plain(p.Mode)
	}
	if p.Nimg == 0 {
		return t.Dim.Render(text)
	}
	text += " at " + widget.Kimg(p.Nimg) + "k"
	switch now := r.Status().Nimg; {
	case p.Nimg < now:
		return t.Warn.Render(text + ", old")
	case p.Nimg > now:
		return t.Warn.Render(text + ", of a branch that was left")
	}
	return t.Dim.Render(text)
}
