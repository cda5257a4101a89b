package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/configs"
	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/views/form"
	"innate/tui/widget"
)

// NewRun implements host.Host.
func (a *App) NewRun(from host.Source) tea.Cmd {
	return func() tea.Msg {
		v, err := form.Open(a, from)
		return formMsg{v, err}
	}
}

// handleForm shows a form, unless the user is elsewhere by now.
func (a *App) handleForm(m formMsg) tea.Cmd {
	switch {
	case m.err != nil:
		return a.Fail(m.err)
	case a.run == nil && a.screen == nil:
		a.Push(m.form)
	}
	return nil
}

// Starting implements host.Host.
func (a *App) Starting() string { return a.starting }

// Start implements host.Host.
func (a *App) Start(from string, do func(context.Context) (dir, warning string, err error)) tea.Cmd {
	a.starting = from
	return startRun(from, do)
}

// handleStarted opens the new run.
func (a *App) handleStarted(m startedMsg) tea.Cmd {
	a.starting = ""
	if m.err != nil {
		return a.Fail(m.err)
	}
	if name, ok := strings.CutSuffix(session.NameOf(m.dir), sweep.Ext); ok {
		return a.handleQueued(name)
	}
	text, ink := "started "+session.NameOf(m.dir), a.theme.Good
	if m.warning != "" {
		text, ink = text+"; "+m.warning, a.theme.Warn
	}
	cmd := a.Notify(text, ink)
	if a.run != nil && m.from != a.run.Dir {
		return cmd // the user went elsewhere meanwhile
	}
	return tea.Batch(cmd, a.Open(m.dir))
}

// handleQueued shows the row of a sweep that has begun, unless a run is open.
func (a *App) handleQueued(name string) tea.Cmd {
	cmd := a.Notify("queued "+widget.Plain(name), a.theme.Good)
	if a.run != nil {
		return cmd
	}
	if _, ok := a.screen.(*form.View); ok {
		a.Pop()
	}
	return tea.Batch(cmd, a.runs.Reveal(name))
}

// commandStart starts a run of a preset or a file, or queues one for each of several
// seeds.
func (a *App) commandStart(args []string) tea.Cmd {
	config, seeds, set, err := startWords(args)
	want := strings.Join(append([]string{"start"}, args...), " ")
	switch {
	case err != nil:
		return a.Fail(err)
	case a.opts.Start == nil || seeds != "" && a.opts.Ensemble == nil:
		return a.Fail(errors.New("start: " + a.opts.Instead(want)))
	}
	config = a.opts.TypedPath(config)
	return a.begin("start", config, func(ctx context.Context) (string, string, error) {
		if seeds == "" {
			return a.opts.Start(ctx, config, set)
		}
		dir, err := a.opts.Ensemble(ctx, config, set, seeds)
		return dir, "", err
	})
}

// startWords reads CONFIG, --seeds N and KEY=VALUE, in any order.
func startWords(args []string) (config, seeds string, set []string, err error) {
	for i := 0; i < len(args); i++ {
		word := args[i]
		value, joined := strings.CutPrefix(word, "--seeds=")
		switch {
		case joined:
			seeds = value
		case word == "--seeds" && i+1 < len(args):
			i++
			seeds = args[i]
		case strings.HasPrefix(word, "-"):
			return "", "", nil, fmt.Errorf("start: got %q, want CONFIG, --seeds N and KEY=VALUE", word)
		case config == "":
			config = word
		case strings.Contains(word, "="):
			set = append(set, word)
		default:
			return "", "", nil, fmt.Errorf("start: got %q, want one CONFIG, then KEY=VALUE", word)
		}
	}
	if config == "" {
		return "", "", nil, errors.New("start: want CONFIG: a preset or a file")
	}
	return config, seeds, set, nil
}

// commandSweep queues the runs of a sweep. The path of a file may have spaces.
func (a *App) commandSweep(args []string) tea.Cmd {
	ref := strings.Join(args, " ")
	switch {
	case ref == "":
		return a.Fail(fmt.Errorf("sweep: want %s or a .toml file", strings.Join(configs.Sweeps(), ", ")))
	case a.opts.Sweep == nil:
		return a.Fail(errors.New("sweep: " + a.opts.Instead("sweep "+ref)))
	}
	ref = a.opts.TypedPath(ref)
	return a.begin("sweep", ref, func(ctx context.Context) (string, string, error) {
		dir, err := a.opts.Sweep(ctx, ref)
		return dir, "", err
	})
}

// begin is Start for a command, one at a time.
func (a *App) begin(command, from string, do func(context.Context) (dir, warning string, err error)) tea.Cmd {
	if a.starting != "" {
		return a.Fail(fmt.Errorf("%s: %s is being started", command, widget.Plain(session.NameOf(a.starting))))
	}
	return tea.Batch(a.Notify("starting "+widget.Plain(session.NameOf(from)), a.theme.Warn), a.Start(from, do))
}

// offerConfigs completes a word of commandStart.
func (a *App) offerConfigs(word string) (offers []string) {
	if strings.HasPrefix(word, "-") {
		return []string{"--seeds "}
	}
	for _, p := range a.opts.Presets {
		offers = append(offers, p.Name)
	}
	return offers
}
