package runs

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
	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// orderMsg ends an order to runs of the list.
type orderMsg struct {
	done string   // words the success
	dirs []string // of all runs
	errs []error  // of those that refused
}

// order gives an order to several runs at once, each in its own time.
func (v *View) order(begin, done string, runs []*session.Listed, do func(ctx context.Context, dir string) error) tea.Cmd {
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
	return tea.Batch(v.h.Notify(begin+" "+namesOf(dirs), v.h.Theme().Warn), func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		errs := make([]error, len(dirs))
		var wg sync.WaitGroup
		for i, dir := range dirs {
			wg.Go(func() { errs[i] = do(ctx, dir) })
		}
		wg.Wait()
		return orderMsg{done, dirs, errs}
	})
}

// ordered reports what became of an order and looks at the runs again.
func (v *View) ordered(m orderMsg) tea.Cmd {
	var done []string
	var first error
	failed := 0
	for i, dir := range m.dirs {
		delete(v.busy, dir)
		if m.errs[i] == nil {
			done = append(done, dir)
			continue
		}
		failed++
		if first == nil {
			first = m.errs[i]
		}
	}
	again := v.reread()
	switch {
	case failed > 1:
		return tea.Batch(again, v.h.Fail(fmt.Errorf("%w (and %d more)", first, failed-1)))
	case failed == 1:
		return tea.Batch(again, v.h.Fail(first))
	}
	return tea.Batch(again, v.h.Notify(m.done+" "+namesOf(done), v.h.Theme().Good))
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

func namesOfRuns(runs []*session.Listed) string {
	var dirs []string
	for _, r := range runs {
		dirs = append(dirs, r.Dir)
	}
	return namesOf(dirs)
}

// pick returns the targets in a condition, or an error that says what the first
// of them is and what was wanted.
func (v *View) pick(what, want string, fits func(*session.Listed) bool) ([]*session.Listed, error) {
	targets := v.targets()
	if len(targets) == 0 {
		return nil, fmt.Errorf("%s: no run here", what)
	}
	fit := slices.DeleteFunc(slices.Clone(targets), func(r *session.Listed) bool { return !fits(r) })
	if len(fit) == 0 {
		r := targets[0]
		return nil, fmt.Errorf("%s: %s is %s, want %s", what, widget.Plain(r.Name), widget.Plain(r.Status.State), want)
	}
	return fit, nil
}

func (v *View) stop() tea.Cmd {
	if g := v.selectedGroup(); g != nil && len(v.targets()) == 0 {
		return v.askStopGroup(g)
	}
	runs, err := v.pick("stop", "a running trainer", (*session.Listed).Active)
	if err != nil {
		return v.h.Fail(err)
	}
	return v.h.Ask(host.Question{Text: "Stop " + namesOfRuns(runs) + "? A checkpoint is written first.", Yes: func() tea.Cmd {
		return v.order("stopping", "stopped after a checkpoint:", runs, func(ctx context.Context, dir string) error {
			_, err := session.Stopping(dir)(ctx)
			return err
		})
	}})
}

// pause pauses the running targets, or if all of those are paused resumes
// them.
func (v *View) pause() tea.Cmd {
	if g := v.selectedGroup(); g != nil && len(v.targets()) == 0 {
		if g.State == sweep.StatePaused || g.State == sweep.StateDead {
			return v.resume()
		}
		return v.orderGroup(g, "pause", "pausing", "paused")
	}
	running := func(r *session.Listed) bool { return r.Active() && r.Status.State != run.StatePaused }
	runs, err := v.pick("pause", "a running trainer", running)
	if err == nil {
		return v.order("pausing", "paused", runs, func(ctx context.Context, dir string) error {
			_, err := control.NewClient(dir).Pause(ctx)
			return err
		})
	}
	if _, none := v.pick("pause", "a running trainer", (*session.Listed).Active); none != nil {
		return v.h.Fail(err)
	}
	return v.resume()
}

// resume resumes paused targets and restarts those without a trainer.
func (v *View) resume() tea.Cmd {
	if g := v.selectedGroup(); g != nil && len(v.targets()) == 0 {
		return v.orderGroup(g, "resume", "resuming", "resumed")
	}
	waits := func(r *session.Listed) bool { return !r.Alive || r.Status.State == run.StatePaused }
	runs, err := v.pick("resume", "a paused run or one without a trainer", waits)
	if err != nil {
		return v.h.Fail(err)
	}
	alive := map[string]bool{}
	spawns := 0
	for _, r := range runs {
		if alive[r.Dir] = r.Alive; !r.Alive {
			spawns++
		}
	}
	restart := v.h.Options().Resume
	if spawns > 0 && restart == nil {
		return v.h.Fail(errors.New("resume: " + v.h.Options().Instead("resume "+runs[0].Name)))
	}
	begin := func() tea.Cmd {
		return v.order("resuming", "resumed", runs, func(ctx context.Context, dir string) error {
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
		return v.h.Ask(host.Question{Text: fmt.Sprintf("Start %d trainers at once? They share the machine.", spawns), Yes: begin})
	}
	return begin()
}

func (v *View) delete() tea.Cmd {
	targets := v.targets()
	if g := v.selectedGroup(); g != nil && len(targets) == 0 {
		return v.h.Fail(errGroup("delete", g))
	}
	if len(targets) == 0 {
		return nil
	}
	if v.h.Options().Delete == nil {
		return v.h.Fail(errors.New("delete: " + v.h.Options().Instead("delete "+targets[0].Name)))
	}
	for _, r := range targets {
		if r.Alive {
			return v.h.Fail(fmt.Errorf("delete: %s is %s, want it stopped first (s)", widget.Plain(r.Name), widget.Plain(r.Status.State)))
		}
	}
	question := "Delete " + widget.Plain(targets[0].Name) + ", " + worth(targets[0]) + "?"
	if len(targets) > 1 {
		question = fmt.Sprintf("Delete %d marked runs? Nothing brings them back.", len(targets))
	}
	return v.h.Ask(host.Question{Text: question, Yes: func() tea.Cmd {
		return v.order("deleting", "deleted", targets, v.h.Options().Delete)
	}})
}

// worth says in a few words what would be lost with a run.
func worth(r *session.Listed) string {
	if r.Err != nil {
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
