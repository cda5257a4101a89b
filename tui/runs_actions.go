package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// runsOrderMsg ends an order to runs of the list.
type runsOrderMsg struct {
	done string   // words the success
	dirs []string // of all runs
	errs []error  // of those that refused
}

// orderRuns gives an order to several runs at once, each in its own time.
func (a *App) orderRuns(begin, done string, runs []*runRow, do func(ctx context.Context, dir string) error) tea.Cmd {
	v := a.runs
	if v.busy == nil {
		v.busy = map[string]bool{}
	}
	var dirs []string
	for _, r := range runs {
		if !v.busy[r.Dir] {
			v.busy[r.Dir] = true
			dirs = append(dirs, r.Dir)
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	return tea.Batch(a.Notify(begin+" "+namesOf(dirs), a.theme.Warn), func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		errs := make([]error, len(dirs))
		var wg sync.WaitGroup
		for i, dir := range dirs {
			wg.Go(func() { errs[i] = do(ctx, dir) })
		}
		wg.Wait()
		return runsOrderMsg{done, dirs, errs}
	})
}

// handleRunsOrder reports what became of an order and looks at the runs again.
func (a *App) handleRunsOrder(m runsOrderMsg) tea.Cmd {
	var done []string
	var first error
	failed := 0
	for i, dir := range m.dirs {
		delete(a.runs.busy, dir)
		if m.errs[i] == nil {
			done = append(done, dir)
			continue
		}
		failed++
		if first == nil {
			first = m.errs[i]
		}
	}
	again := a.rereadRuns()
	switch {
	case failed > 1:
		return tea.Batch(again, a.Fail(fmt.Errorf("%w (and %d more)", first, failed-1)))
	case failed == 1:
		return tea.Batch(again, a.Fail(first))
	}
	return tea.Batch(again, a.Notify(m.done+" "+namesOf(done), a.theme.Good))
}

// rereadRuns reads the list at once, if it shows.
func (a *App) rereadRuns() tea.Cmd {
	if a.run != nil {
		return nil
	}
	a.runs.visit++
	return listRuns(a.runs.reader, a.runs.visit, 0)
}

// namesOf words some directories: names, or how many there are.
func namesOf(dirs []string) string {
	if len(dirs) > 2 {
		return fmt.Sprintf("%d runs", len(dirs))
	}
	var names []string
	for _, d := range dirs {
		names = append(names, widget.Plain(session.NameOf(d)))
	}
	return strings.Join(names, ", ")
}

func namesOfRuns(runs []*runRow) string {
	var dirs []string
	for _, r := range runs {
		dirs = append(dirs, r.Dir)
	}
	return namesOf(dirs)
}

// pick returns the targets in a condition, or an error that says what the first
// of them is and what was wanted.
func (v *runsView) pick(what, want string, fits func(*runRow) bool) ([]*runRow, error) {
	targets := v.targets()
	if len(targets) == 0 {
		return nil, fmt.Errorf("%s: no run here", what)
	}
	fit := slices.DeleteFunc(slices.Clone(targets), func(r *runRow) bool { return !fits(r) })
	if len(fit) == 0 {
		r := targets[0]
		return nil, fmt.Errorf("%s: %s is %s, want %s", what, widget.Plain(r.Name), widget.Plain(r.Status.State), want)
	}
	return fit, nil
}

func (r *runRow) active() bool { return run.Active(r.Status.State) }

func (a *App) stopRuns() tea.Cmd {
	runs, err := a.runs.pick("stop", "a running trainer", (*runRow).active)
	if err != nil {
		return a.Fail(err)
	}
	return a.Ask(host.Question{Text: "Stop " + namesOfRuns(runs) + "? A checkpoint is written first.", Yes: func() tea.Cmd {
		return a.orderRuns("stopping", "stopped after a checkpoint:", runs, func(ctx context.Context, dir string) error {
			_, err := session.Stopping(dir)(ctx)
			return err
		})
	}})
}

// pauseRuns pauses the running targets, or if all of those are paused lets them
// go on.
func (a *App) pauseRuns() tea.Cmd {
	running := func(r *runRow) bool { return r.active() && r.Status.State != run.StatePaused }
	runs, err := a.runs.pick("pause", "a running trainer", running)
	if err == nil {
		return a.orderRuns("pausing", "paused", runs, func(ctx context.Context, dir string) error {
			_, err := control.NewClient(dir).Pause(ctx)
			return err
		})
	}
	if _, none := a.runs.pick("pause", "a running trainer", (*runRow).active); none != nil {
		return a.Fail(err)
	}
	return a.resumeRuns()
}

// resumeRuns lets paused targets go on and restarts those without a trainer.
func (a *App) resumeRuns() tea.Cmd {
	waits := func(r *runRow) bool { return !r.Alive || r.Status.State == run.StatePaused }
	runs, err := a.runs.pick("resume", "a paused run or one without a trainer", waits)
	if err != nil {
		return a.Fail(err)
	}
	alive := map[string]bool{}
	spawns := 0
	for _, r := range runs {
		if alive[r.Dir] = r.Alive; !r.Alive {
			spawns++
		}
	}
	restart := a.opts.Resume
	if spawns > 0 && restart == nil {
		return a.Fail(errors.New("resume: not available here; use `innate resume " + widget.Plain(runs[0].Name) + "`"))
	}
	begin := func() tea.Cmd {
		return a.orderRuns("resuming", "resumed", runs, func(ctx context.Context, dir string) error {
			if !alive[dir] {
				return restart(ctx, dir)
			}
			_, err := control.NewClient(dir).Resume(ctx)
			if err != nil && restart != nil {
				return restart(ctx, dir) // its trainer has ended meanwhile, or else refuses again
			}
			return err
		})
	}
	if spawns > 1 {
		return a.Ask(host.Question{Text: fmt.Sprintf("Start %d trainers at once? They share the machine.", spawns), Yes: begin})
	}
	return begin()
}

func (a *App) deleteRuns() tea.Cmd {
	targets := a.runs.targets()
	if len(targets) == 0 {
		return nil
	}
	if a.opts.Delete == nil {
		return a.Fail(errors.New("delete: not available here; use `innate delete " + widget.Plain(targets[0].Name) + "`"))
	}
	for _, r := range targets {
		if r.Alive {
			return a.Fail(fmt.Errorf("delete: %s is %s, want it stopped first (s)", widget.Plain(r.Name), widget.Plain(r.Status.State)))
		}
	}
	question := "Delete " + widget.Plain(targets[0].Name) + ", " + targets[0].worth() + "?"
	if len(targets) > 1 {
		question = fmt.Sprintf("Delete %d marked runs? Nothing brings them back.", len(targets))
	}
	return a.Ask(host.Question{Text: question, Yes: func() tea.Cmd {
		return a.orderRuns("deleting", "deleted", targets, a.opts.Delete)
	}})
}

// worth says in a few words what would be lost with a run.
func (r *runRow) worth() string {
	if r.err != nil {
		return "which cannot be read"
	}
	text := widget.Plain(r.Status.State)
	if r.Status.Nimg > 0 {
		text += " at " + widget.Kimg(r.Status.Nimg) + " kimg"
	}
	if r.Status.BestFID != nil {
		text += ", best " + widget.Value(*r.Status.BestFID)
	}
	return text
}

// openStart offers the presets that can be started.
func (a *App) openStart() tea.Cmd {
	switch {
	case a.opts.Start == nil || len(a.opts.Presets) == 0:
		return a.Fail(errors.New("start: not available here; use `innate start CONFIG`"))
	case a.starting != "":
		return a.Fail(fmt.Errorf("start: %s is being started", widget.Plain(session.NameOf(a.starting))))
	}
	m := host.Menu{Title: "Start a run", Accept: func(i int) tea.Cmd {
		p := a.opts.Presets[i]
		return a.NewRun(host.Source{Name: p.Name, About: p.About})
	}}
	for _, p := range a.opts.Presets {
		m.Items = append(m.Items, host.Item{Name: widget.Plain(p.Name), About: widget.Plain(p.About)})
	}
	return a.Menu(m)
}

// openFork opens the form for a fork of the run under the cursor.
func (a *App) openFork() tea.Cmd {
	r := a.runs.selected()
	switch {
	case r == nil:
		return nil
	case a.opts.Fork == nil:
		return a.Fail(errors.New("fork: not available here; use `innate fork " + widget.Plain(r.Name) + "`"))
	case r.Status.CheckpointNimg == 0:
		return a.Fail(fmt.Errorf("fork: %s has no checkpoint yet", widget.Plain(r.Name)))
	case a.starting != "":
		return a.Fail(fmt.Errorf("fork: %s is being started", widget.Plain(session.NameOf(a.starting))))
	}
	return a.NewRun(host.Source{Name: r.Dir, Fork: true})
}
