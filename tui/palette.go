package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/tui/host"
	"innate/tui/theme"
	"innate/tui/widget"
)

// allCommands is everything that can be typed after a colon: what the views can
// do, and the workbench. Completion, dispatch, help and documentation all read it.
func (a *App) allCommands() []host.Command {
	views := a.prototypes
	if a.run != nil {
		views = a.run.views
	}
	var list []host.Command
	for _, v := range views {
		if v, ok := v.(host.CommandView); ok {
			list = append(list, v.Commands()...)
		}
	}
	return append(list, a.commands...)
}

// bindCommands makes the table of the workbench's own commands.
func (a *App) bindCommands() {
	a.commands = []host.Command{
		host.NewCommand("pause", "", "pause the run", host.NeedTrainer, nil, func(_ []string) tea.Cmd { return a.run.Order("paused", a.run.Client.Pause) }),
		host.NewCommand("resume", "", "resume after a pause or the trainer's end", host.NeedRun, nil, noArgs(a.resume)),
		host.NewCommand("stop", "", "stop the run (asks first)", host.NeedTrainer, nil, noArgs(a.askStop)),
		host.NewCommand("checkpoint", "", "write a checkpoint now", host.NeedTrainer, nil, func(_ []string) tea.Cmd {
			return tea.Batch(a.Notify("writing a checkpoint", a.theme.Warn), a.run.Order("checkpoint written", a.run.Client.Checkpoint))
		}),
		host.NewCommand("back", "[KIMG]", "to before the last live change, or an earlier one", host.NeedTrainer, a.offerBack, a.commandBack),
		host.NewCommand("evaluate", "", "measure FID now", host.NeedTrainer, nil, func(_ []string) tea.Cmd {
			return a.evaluate()
		}),
		host.NewCommand("final", "N [RANGES]", "queue an evaluation for the end; off takes it back", host.NeedTrainer, offer(func() []string { return []string{"50000", "off"} }), a.commandFinal),
		host.NewCommand("fork", "[KEY=VALUE]", "a new run from this one's checkpoint", host.NeedRun, func(word string) []string {
			if a.run == nil {
				return nil
			}
			return a.run.Config.Offer(word)
		}, a.commandFork),
		host.NewCommand("start", "CONFIG …", "a new run; --seeds N: one for each seed; KEY=VALUE", host.NeedNothing, a.offerConfigs, a.commandStart),
		host.NewCommand("sweep", "SWEEP", "queue a sweep's runs: built in, or a file", host.NeedNothing, offer(configs.Sweeps), a.commandSweep),
		host.NewCommand("open", "RUN", "open another run", host.NeedNothing, a.offerRuns, a.commandOpen),
		host.NewCommand("tag", "[-]TAG...", "tag the run, or with - take a tag off", host.NeedNothing, a.runs.OfferTags, a.commandTag),
		host.NewCommand("note", "[TEXT]", "write a note on the run, or take it away", host.NeedNothing, nil, a.commandNote),
		host.NewCommand("view", "NAME", "another view of the run", host.NeedRun, offer(func() []string { return a.ViewNames() }), func(args []string) tea.Cmd {
			return a.one("view", args, a.viewByName)
		}),
		host.NewCommand("theme", "NAME", "colours", host.NeedNothing, offer(theme.Names), func(args []string) tea.Cmd { return a.one("theme", args, a.chooseTheme) }),
		host.NewCommand("notify", "", "notifications on or off", host.NeedNothing, nil, noArgs(a.toggleAlerts)),
		host.NewCommand("edit", "", "edit config.toml", host.NeedRun, nil, noArgs(a.editConfig)),
		host.NewCommand("quit", "", "leave; runs continue", host.NeedNothing, nil, noArgs(a.quit)),
	}
}

// noArgs is a command that takes no arguments, and minds none.
func noArgs(do func() tea.Cmd) func([]string) tea.Cmd {
	return func([]string) tea.Cmd { return do() }
}

// ready says why a command cannot be given at present.
func (a *App) ready(c *host.Command) error {
	switch {
	case c.Needs == host.NeedNothing:
		return nil
	case a.run == nil:
		return fmt.Errorf("%s: no run is open, want one (enter opens it)", c.Name)
	case c.Needs == host.NeedTrainer:
		return a.run.MustRun(c.Name)
	}
	return nil
}

func offer(list func() []string) func(string) []string {
	return func(string) []string { return list() }
}

func (a *App) offerRuns(_ string) []string {
	var offers []string
	for _, i := range a.list.List {
		offers = append(offers, i.Name)
	}
	return offers
}

// openCommand opens the command line.
func (a *App) openCommand() tea.Cmd {
	a.Prompt(host.Prompt{Sign: ":", Hint: "tab completes", Accept: a.command, Complete: a.completeCommand, Eager: true, History: true})
	if a.run == nil || a.opts.RunsDir == "" || a.list.Known {
		return nil
	}
	return a.list.Read(0) // for open RUN
}

// completeCommand offers names of commands, or arguments once one is typed.
func (a *App) completeCommand(text string) (from int, offers []string) {
	name, _, spaced := strings.Cut(text, " ")
	if !spaced {
		for _, c := range a.allCommands() {
			if c.Args != "" {
				offers = append(offers, c.Name+" ")
			} else {
				offers = append(offers, c.Name)
			}
		}
		return 0, host.Matching(offers, name)
	}
	from = strings.LastIndexByte(text, ' ') + 1
	if c := a.commandNamed(name); c != nil && c.Complete != nil {
		offers = c.Complete(text[from:])
	}
	return from, host.Matching(offers, text[from:])
}

func (a *App) commandNamed(name string) *host.Command {
	if name == "q" {
		name = "quit"
	}
	list := a.allCommands()
	if i := slices.IndexFunc(list, func(c host.Command) bool { return c.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// commandHelp explains the command that is being typed.
func (a *App) commandHelp(text string) string {
	name, _, _ := strings.Cut(text, " ")
	c := a.commandNamed(name)
	if c == nil {
		return "no such command"
	}
	if err := a.ready(c); err != nil {
		return err.Error()
	}
	return c.Usage() + ": " + c.Help
}

// command runs a line typed after a colon.
func (a *App) command(line string) tea.Cmd {
	words := strings.Fields(line)
	if len(words) == 0 {
		return nil
	}
	a.addHistory(strings.Join(words, " "))
	c := a.commandNamed(words[0])
	if c == nil {
		var names []string
		for _, c := range a.allCommands() {
			names = append(names, c.Name)
		}
		return a.Fail(fmt.Errorf("command %q, want %s", words[0], strings.Join(names, ", ")))
	}
	if err := a.ready(c); err != nil {
		return a.Fail(err)
	}
	return c.Do(words[1:])
}

// addHistory remembers a command; one that is repeated moves to the end.
func (a *App) addHistory(line string) {
	h := slices.DeleteFunc(a.state.History, func(s string) bool { return s == line })
	h = append(h, line)
	a.state.History = h[max(len(h)-maxHistory, 0):]
}

// one runs do with the single argument that a command wants.
func (a *App) one(name string, args []string, do func(string) tea.Cmd) tea.Cmd {
	arg, err := host.OneName(name, args)
	if err != nil {
		return a.Fail(err)
	}
	return do(arg)
}

func (a *App) commandFork(args []string) tea.Cmd {
	set, err := host.ParseSet("fork", args)
	switch {
	case err != nil:
		return a.Fail(err)
	case a.opts.Fork == nil:
		return a.Fail(errors.New("fork: " + a.opts.Instead("fork "+a.run.Info.Name)))
	}
	dir := a.run.Dir
	return tea.Batch(a.Notify("forking "+widget.Plain(a.run.Info.Name), a.theme.Warn),
		a.Start(dir, func(ctx context.Context) (string, string, error) {
			newDir, err := a.opts.Fork(ctx, dir, set)
			return newDir, "", err
		}))
}

// commandOpen opens a run by number, name or path. A path may have spaces.
func (a *App) commandOpen(args []string) tea.Cmd {
	switch {
	case len(args) == 0:
		return a.Fail(errors.New("open: want a run: a number, a name or a directory"))
	case a.opts.RunsDir == "":
		return a.Fail(errors.New("open: no directory of runs is known"))
	}
	return findRun(a.opts.RunsDir, a.opts.TypedPath(strings.Join(args, " ")))
}

// handleFound opens a run that was named on the command line.
func (a *App) handleFound(m foundMsg) tea.Cmd {
	if m.err != nil {
		return a.Fail(m.err)
	}
	return a.Open(m.dir)
}

func (a *App) viewByName(name string) tea.Cmd {
	if names := a.ViewNames(); !slices.Contains(names, name) {
		return a.Fail(fmt.Errorf("view: %q, want %s", name, strings.Join(names, ", ")))
	}
	return a.Show(name)
}
