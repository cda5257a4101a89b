package config

import (
	"errors"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
)

// Commands implements host.CommandView.
func (v *View) Commands() []host.Command {
	return []host.Command{
		host.NewCommand("set", "KEY=VALUE", "change live settings", host.NeedTrainer, func(word string) []string { return v.file.Offer(word) }, v.command),
	}
}

func (v *View) command(args []string) tea.Cmd {
	set, err := host.ParseSet("set", args)
	if err == nil && len(set) == 0 {
		err = errors.New("set: want key=value")
	}
	if err != nil {
		return v.h.Fail(err)
	}
	return v.set(set)
}
