package samples

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui/host"
)

// Commands implements host.CommandView.
func (v *View) Commands() []host.Command {
	return []host.Command{
		host.NewCommand("sample", "[SEED]", "draw samples now, from other noise", host.NeedTrainer, nil, v.sample),
		host.NewCommand("save", "[FILE]", "write the samples that show as a PNG", host.NeedRun, nil, func(words []string) tea.Cmd {
			if len(words) == 0 {
				return v.save(v.saveName())
			}
			return v.save(strings.Join(words, " "))
		}),
	}
}

// sample draws the run's own grid now, or one from the noise of a seed.
func (v *View) sample(args []string) tea.Cmd {
	if len(args) > 0 {
		seed, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil || len(args) > 1 {
			return v.h.Fail(fmt.Errorf("sample: got %q, want one seed, a whole number", strings.Join(args, " ")))
		}
		return v.drawSeed(seed)
	}
	r := v.h.Run()
	return r.Order("samples drawn", func(ctx context.Context) (run.Status, error) {
		return r.Client.Sample(ctx, control.SampleRequest{})
	})
}
