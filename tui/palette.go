package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui/panes"
	"innate/tui/theme"
	"innate/tui/widget"
)

// command is one row of the command table.
type command struct {
	name string
	args string // as in the help; empty if it takes none
	help string
	// ready says why the command cannot be given at present; nil for always.
	ready func(a *App, name string) error
	// complete offers values for an argument of which word has been typed.
	complete func(a *App, word string) []string
	do       func(a *App, args []string) tea.Cmd
}

func (c *command) usage() string { return strings.TrimSpace(c.name + " " + c.args) }

// commandTable returns what can be typed after a colon. It is the only source:
// completion, dispatch, help and documentation all read it.
func commandTable() []command {
	return []command{
		{"set", "KEY=VALUE", "change live settings", needTrainer, offerSettings, (*App).commandSet},
		{"freeze", "GLOB", "freeze what matches", needTrainer, offerGlobs, func(a *App, args []string) tea.Cmd { return a.commandFreeze("freeze", args) }},
		{"train", "GLOB", "train what matches", needTrainer, offerGlobs, func(a *App, args []string) tea.Cmd { return a.commandFreeze("train", args) }},
		{"preset", "NAME", "freezing preset", needTrainer, offer(configs.FreezePresets), func(a *App, args []string) tea.Cmd {
			return a.one("preset", args, a.commandPreset)
		}},
		{"filter", "[WORDS]", "layers: words, globs, kind:conv, frozen", needRun, offer(func() []string { return quickFilters[:len(quickFilters)-1] }), (*App).commandFilter},
		{"sort", "COLUMN", "layers by a column", needRun, offer(panes.LayerColumnNames), func(a *App, args []string) tea.Cmd {
			return a.one("sort", args, a.commandSort)
		}},
		{"pause", "", "pause the run", needTrainer, nil, func(a *App, _ []string) tea.Cmd { return a.run.Order("paused", a.run.Client.Pause) }},
		{"resume", "", "go on after a pause or the trainer's end", needRun, nil, func(a *App, _ []string) tea.Cmd { return a.resume() }},
		{"stop", "", "stop the run (asks first)", needTrainer, nil, func(a *App, _ []string) tea.Cmd { return a.askStop() }},
		{"checkpoint", "", "write a checkpoint now", needTrainer, nil, func(a *App, _ []string) tea.Cmd {
			return tea.Batch(a.notify("writing a checkpoint", a.theme.Warn), a.run.Order("checkpoint written", a.run.Client.Checkpoint))
		}},
		{"evaluate", "", "measure FID now", needTrainer, nil, func(a *App, _ []string) tea.Cmd {
			return a.evaluate()
		}},
		{"sample", "[SEED]", "draw samples now, from other noise", needTrainer, nil, (*App).commandSample},
		{"save", "[FILE]", "write the samples that show as a PNG", needRun, nil, (*App).commandSave},
		{"fork", "[KEY=VALUE]", "a new run from this one's checkpoint", needFork, offerSettings, (*App).commandFork},
		{"open", "RUN", "open another run", nil, offerRuns, (*App).commandOpen},
		{"view", "NAME", "another view of the run", needRun, offer(func() []string { return viewNames[:] }), func(a *App, args []string) tea.Cmd {
			return a.one("view", args, a.viewByName)
		}},
		{"theme", "NAME", "colours", nil, offer(theme.Names), func(a *App, args []string) tea.Cmd { return a.one("theme", args, a.chooseTheme) }},
		{"mouse", "", "mouse on or off", nil, nil, func(a *App, _ []string) tea.Cmd { return a.toggleMouse() }},
		{"notify", "", "notifications on or off", nil, nil, func(a *App, _ []string) tea.Cmd { return a.toggleAlerts() }},
		{"copy", "", "copy the run's path", nil, nil, func(a *App, _ []string) tea.Cmd { return a.copyDir() }},
		{"edit", "", "edit config.toml", needRun, nil, func(a *App, _ []string) tea.Cmd { return a.editConfig() }},
		{"quit", "", "leave; runs go on", nil, nil, func(a *App, _ []string) tea.Cmd { return a.quit() }},
	}
}

func needRun(a *App, name string) error {
	if a.run == nil {
		return fmt.Errorf("%s: no run is open, want one (enter opens it)", name)
	}
	return nil
}

func needTrainer(a *App, name string) error {
	if err := needRun(a, name); err != nil {
		return err
	}
	return a.run.MustRun(name)
}

func needFork(a *App, name string) error {
	if err := needRun(a, name); err != nil {
		return err
	}
	if a.opts.Fork == nil {
		return fmt.Errorf("%s: not available here; use `innate fork %s`", name, widget.Plain(a.run.Info.Name))
	}
	return nil
}

func offer(list func() []string) func(*App, string) []string {
	return func(*App, string) []string { return list() }
}

// offerSettings offers the live settings of the run and, once a key is typed,
// its present value.
func offerSettings(a *App, word string) []string {
	if a.run == nil || a.run.Config == nil || a.run.Config.Parsed == nil {
		return nil
	}
	typed, _, valued := strings.Cut(word, "=")
	var offers []string
	for _, e := range a.run.Config.Parsed.Entries() {
		short := e.Key[strings.LastIndexByte(e.Key, '.')+1:]
		switch {
		case !e.Live:
		case !valued:
			offers = append(offers, e.Key+"=")
		case typed == e.Key || typed == short:
			offers = append(offers, typed+"="+e.Value)
			if e.Value == "true" || e.Value == "false" {
				offers = append(offers, typed+"=true", typed+"=false")
			}
		}
	}
	return offers
}

// offerGlobs offers globs for parts, blocks and layers of the network, and for
// one kind of layer in every block.
func offerGlobs(a *App, _ string) []string {
	var offers []string
	add := func(glob string) {
		if !slices.Contains(offers, glob) {
			offers = append(offers, glob)
		}
	}
	if a.run == nil {
		return nil
	}
	names := a.run.layers.Names()
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

func offerRuns(a *App, _ string) []string {
	var offers []string
	for _, i := range a.runs.list {
		offers = append(offers, i.Name)
	}
	return offers
}

// openCommand opens the command line.
func (a *App) openCommand() tea.Cmd {
	a.prompt = prompt{
		sign: ":", hint: "tab completes", chosen: -1, accept: (*App).command, complete: (*App).completeCommand,
	}
	a.offer()
	if a.run == nil || a.opts.RunsDir == "" || a.runs.known {
		return nil
	}
	return listRuns(a.runs.reader, a.runs.visit, 0) // for open RUN
}

// completeCommand offers names of commands, or arguments once one is typed.
func (a *App) completeCommand(text string) (from int, offers []string) {
	name, _, spaced := strings.Cut(text, " ")
	if !spaced {
		for _, c := range a.commands {
			if c.args != "" {
				offers = append(offers, c.name+" ")
			} else {
				offers = append(offers, c.name)
			}
		}
		return 0, matching(offers, name)
	}
	from = strings.LastIndexByte(text, ' ') + 1
	if c := a.commandNamed(name); c != nil && c.complete != nil {
		offers = c.complete(a, text[from:])
	}
	return from, matching(offers, text[from:])
}

// matching keeps what starts with a word, then what contains it elsewhere.
func matching(offers []string, word string) []string {
	var first, then []string
	for _, o := range offers {
		switch {
		case strings.HasPrefix(o, word):
			first = append(first, o)
		case strings.Contains(o, word):
			then = append(then, o)
		}
	}
	return append(first, then...)
}

func (a *App) commandNamed(name string) *command {
	if name == "q" {
		name = "quit"
	}
	for i := range a.commands {
		if a.commands[i].name == name {
			return &a.commands[i]
		}
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
	if c.ready != nil {
		if err := c.ready(a, c.name); err != nil {
			return err.Error()
		}
	}
	return c.usage() + ": " + c.help
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
		for _, c := range a.commands {
			names = append(names, c.name)
		}
		return a.fail(fmt.Errorf("command %q, want %s", words[0], strings.Join(names, ", ")))
	}
	if c.ready != nil {
		if err := c.ready(a, c.name); err != nil {
			return a.fail(err)
		}
	}
	return c.do(a, words[1:])
}

// addHistory remembers a command; one that is repeated moves to the end.
func (a *App) addHistory(line string) {
	h := slices.DeleteFunc(a.state.History, func(s string) bool { return s == line })
	h = append(h, line)
	a.state.History = h[max(len(h)-maxHistory, 0):]
}

// one runs do with the single argument that a command wants.
func (a *App) one(name string, args []string, do func(string) tea.Cmd) tea.Cmd {
	if len(args) != 1 {
		return a.fail(fmt.Errorf("%s: got %d arguments, want one name", name, len(args)))
	}
	return do(args[0])
}

func (a *App) commandSet(args []string) tea.Cmd {
	set, err := parseSet("set", args)
	if err == nil && len(set) == 0 {
		err = errors.New("set: want key=value")
	}
	if err != nil {
		return a.fail(err)
	}
	return a.run.Set(set)
}

func (a *App) commandSample(args []string) tea.Cmd {
	if len(args) > 0 {
		seed, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil || len(args) > 1 {
			return a.fail(fmt.Errorf("sample: got %q, want one seed, a whole number", strings.Join(args, " ")))
		}
		return a.drawSeed(seed)
	}
	r := a.run
	return r.Order("samples drawn", func(ctx context.Context) (run.Status, error) {
		return r.Client.Sample(ctx, control.SampleRequest{})
	})
}

func (a *App) commandFork(args []string) tea.Cmd {
	set, err := parseSet("fork", args)
	if err != nil {
		return a.fail(err)
	}
	dir := a.run.Dir
	return tea.Batch(a.notify("forking "+widget.Plain(a.run.Info.Name), a.theme.Warn),
		startRun(a.run.Dir, func(ctx context.Context) (string, string, error) {
			newDir, err := a.opts.Fork(ctx, dir, set)
			return newDir, "", err
		}))
}

// commandOpen opens a run by number, name or path. A path may have spaces.
func (a *App) commandOpen(args []string) tea.Cmd {
	switch {
	case len(args) == 0:
		return a.fail(errors.New("open: want a run: a number, a name or a directory"))
	case a.opts.RunsDir == "":
		return a.fail(errors.New("open: no directory of runs is known"))
	}
	return findRun(a.opts.RunsDir, a.typedPath(strings.Join(args, " ")))
}

func (a *App) viewByName(name string) tea.Cmd {
	id, ok := viewNamed(name)
	if !ok {
		return a.fail(fmt.Errorf("view: %q, want %s", name, strings.Join(viewNames[:], ", ")))
	}
	return a.setView(id)
}

// parseSet reads key=value words; one key and one value may stand apart.
func parseSet(name string, args []string) (map[string]string, error) {
	if len(args) == 2 && !strings.Contains(args[0], "=") {
		args = []string{args[0] + "=" + args[1]}
	}
	set := map[string]string{}
	for _, arg := range args {
		key, value, ok := strings.Cut(arg, "=")
		if !ok || key == "" || value == "" {
			return nil, fmt.Errorf("%s: got %q, want key=value", name, arg)
		}
		set[key] = value
	}
	return set, nil
}
