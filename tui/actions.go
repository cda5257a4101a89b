package tui

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"innate/trainer/control"
	"innate/tui/panes"
	"innate/tui/sixel"
	"innate/tui/theme"
)

// notify shows a passing message.
func (a *App) notify(text string, k theme.Ink) tea.Cmd {
	a.notice = notice{id: a.notice.id + 1, text: panes.Plain(text), ink: k}
	a.stale = true
	id := a.notice.id
	return tick(noticeTime, func(time.Time) tea.Msg { return noticeOverMsg{id} })
}

func (a *App) fail(err error) tea.Cmd { return a.notify(err.Error(), a.theme.Bad) }

func (a *App) quit() tea.Cmd { return a.leave(tea.Quit, answerWait) }

// leave gives the terminal away, for good or for a while, once it has answered
// all questions: later its answers would be typed into what comes next. Of those
// that never answer it waits for none longer than it takes one that is slow.
func (a *App) leave(to tea.Cmd, wait time.Duration) tea.Cmd {
	if hide := a.hidePictures(); hide != "" {
		to = tea.Sequence(tea.Raw(hide), to)
	}
	var ask tea.Cmd
	if a.state.Mouse && a.terminal != nil { // its reports are like answers
		ask = tea.Raw(a.probe.Ask(ansi.ResetModeMouseButtonEvent + ansi.ResetModeMouseAnyEvent))
	}
	if !a.probe.Waiting() {
		a.leaving = nil
		return to
	}
	a.leaving = to
	return tea.Batch(ask, tick(wait, func(time.Time) tea.Msg { return leaveMsg{} }))
}

// left returns what leave waits with, if it does.
func (a *App) left() tea.Cmd {
	to := a.leaving
	a.leaving = nil
	return to
}

// hidePictures returns the sequence that takes away the pictures which would
// stay on the terminal.
func (a *App) hidePictures() string {
	if a.mode == sixel.Kitty {
		return sixel.DeleteKitty
	}
	if !a.pic.shown {
		return ""
	}
	return a.probe.Wipe()
}

func (a *App) redraw() tea.Cmd {
	a.damage()
	return tea.ClearScreen
}

// suspend gives the terminal back to its shell. Where that could not wake the
// workbench again, because both are of one process group, nobody would.
func (a *App) suspend() tea.Cmd {
	if session, err := unix.Getsid(0); err == nil && session == unix.Getpgrp() {
		return a.fail(errors.New("suspend: there is no shell to go back to (q leaves; runs go on)"))
	}
	return a.leave(tea.Suspend, answerWait)
}

// mustRun refuses a command that needs a trainer.
func (a *App) mustRun(what string) error {
	st := a.run.info.Status.State
	if a.run.known && !control.Active(st) {
		return fmt.Errorf("%s: the run is %s, want a running trainer (r resumes it)", what, st)
	}
	return nil
}

func (a *App) orderSet(set map[string]string) tea.Cmd {
	r := a.run
	var words []string
	for k, v := range set {
		words = append(words, k+" = "+v)
	}
	slices.Sort(words)
	return order(r.dir, strings.Join(words, ", "), func(ctx context.Context) (control.Status, error) {
		return r.client.Set(ctx, set)
	})
}

func (a *App) pauseResume() tea.Cmd {
	r := a.run
	if err := a.mustRun("pause"); err != nil {
		return a.fail(err)
	}
	if r.info.Status.State == control.StatePaused {
		return order(r.dir, "running again", r.client.Resume)
	}
	return order(r.dir, "paused; P lets it go on", r.client.Pause)
}

func (a *App) askStop() tea.Cmd {
	if err := a.mustRun("stop"); err != nil {
		return a.fail(err)
	}
	a.overlay = overlay{
		kind:     overlayConfirm,
		question: "Stop " + panes.Plain(a.run.info.Name) + "? It writes a checkpoint first.",
		accept: func(a *App, _ int) tea.Cmd {
			return tea.Batch(a.notify("stopping: it first ends what it is at", a.theme.Warn),
				order(a.run.dir, "stopped after a checkpoint", stopping(a.run.dir)))
		},
	}
	return nil
}

// stopping stops the run in a directory and waits until its trainer has gone, so
// that another one may follow.
func stopping(dir string) func(context.Context) (control.Status, error) {
	return func(ctx context.Context) (control.Status, error) {
		st, err := control.NewClient(dir).Stop(ctx)
		if err != nil {
			return st, err
		}
		return st, control.AwaitExit(ctx, dir)
	}
}

// evaluate measures FID, which a paused run does when it goes on.
func (a *App) evaluate() tea.Cmd {
	r := a.run
	done := r.fidName() + " measured"
	if r.info.Status.State == control.StatePaused {
		done = "measuring " + r.fidName() + " when the run goes on"
	}
	return tea.Batch(a.notify("measuring "+r.fidName(), a.theme.Warn), orderFor(evaluateTimeout, r.dir, done, r.client.Evaluate))
}

// resume lets a paused run go on, or restarts one without a trainer.
func (a *App) resume() tea.Cmd {
	if a.run.info.Status.State == control.StatePaused {
		return a.pauseResume()
	}
	return a.resumeDead()
}

func (a *App) resumeDead() tea.Cmd {
	r := a.run
	switch {
	case r.info.Status.State == control.StatePaused:
		return a.pauseResume()
	case r.info.Alive || !r.known:
		return a.fail(errors.New("resume: a trainer is at work already"))
	case a.opts.Resume == nil:
		return a.fail(errors.New("resume: not available here; use `innate resume " + r.info.Name + "`"))
	case r.resuming:
		return nil
	}
	r.resuming = true
	cmd := a.notify("resuming from the last checkpoint", a.theme.Warn)
	return tea.Batch(cmd, resumeRun(a.opts.Resume, r.dir))
}

func (a *App) handleResumed(m resumedMsg) tea.Cmd {
	if a.run != nil && a.run.dir == m.dir {
		a.run.resuming = false
	}
	if m.err != nil {
		return a.fail(m.err)
	}
	return a.notify("resumed "+baseName(m.dir), a.theme.Good)
}

// copy puts text on the clipboard of the terminal, also over SSH (OSC 52); what
// names it in the notice.
func (a *App) copy(what, text string) tea.Cmd {
	return tea.Batch(tea.SetClipboard(text), a.notify("copied "+what+" "+text, a.theme.Good))
}

// copyDir copies the path of the open or selected run.
func (a *App) copyDir() tea.Cmd {
	dir := ""
	if a.run != nil {
		dir = a.run.dir
	} else if i := a.runs.selected(); i != nil {
		dir = i.Dir
	}
	if dir == "" {
		return nil
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return a.copy("path", dir)
}

// editConfig opens config.toml in the user's editor, or says where it is.
func (a *App) editConfig() tea.Cmd {
	path := filepath.Join(a.run.dir, control.ConfigFile)
	for _, k := range []string{"VISUAL", "EDITOR"} {
		if editor := a.opts.Getenv(k); strings.TrimSpace(editor) != "" {
			return a.leave(edit(a.terminal, editor, path, a.configLine()), answerWait)
		}
	}
	return a.notify("edit "+path+" (no $EDITOR is set); it is reloaded when saved", a.theme.Text)
}

// cycleImages switches to the next way of showing images.
func (a *App) cycleImages() tea.Cmd {
	before := a.mode
	a.mode, a.modeFixed, a.probing = a.probe.Next(a.mode), true, false
	a.applyMode()
	cmd := a.notify("images: "+a.mode.String(), a.theme.Text)
	if before == sixel.Kitty {
		return tea.Batch(cmd, tea.Raw(sixel.DeleteKitty))
	}
	return cmd
}
