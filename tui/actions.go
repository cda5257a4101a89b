package tui

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"golang.org/x/sys/unix"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

// notify shows a passing message.
func (a *App) Notify(text string, k theme.Ink) tea.Cmd {
	a.notice = notice{id: a.notice.id + 1, text: widget.Plain(text), ink: k}
	a.stale = true
	id := a.notice.id
	return session.Tick(noticeTime, func(time.Time) tea.Msg { return noticeOverMsg{id} })
}

func (a *App) Fail(err error) tea.Cmd { return a.Notify(err.Error(), a.theme.Bad) }

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
	return tea.Batch(ask, session.Tick(wait, func(time.Time) tea.Msg { return leaveMsg{} }))
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
	if a.display.Mode == sixel.Kitty {
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
		return a.Fail(errors.New("suspend: there is no shell to go back to (q leaves; runs continue)"))
	}
	return a.leave(tea.Suspend, answerWait)
}

func (a *App) pauseResume() tea.Cmd {
	r := a.run
	if err := a.run.MustRun("pause"); err != nil {
		return a.Fail(err)
	}
	return r.PauseResume()
}

func (a *App) askStop() tea.Cmd {
	if err := a.run.MustRun("stop"); err != nil {
		return a.Fail(err)
	}
	return a.Ask(host.Question{
		Text: "Stop " + widget.Plain(a.run.Info.Name) + "? It writes a checkpoint first.",
		Yes: func() tea.Cmd {
			return tea.Batch(a.Notify("stopping: it first ends what it is at", a.theme.Warn), a.run.Stop())
		},
	})
}

// evaluate measures FID.
func (a *App) evaluate() tea.Cmd {
	name := a.run.Quality()
	return tea.Batch(a.Notify("measuring "+name, a.theme.Warn), a.run.Evaluate(name))
}

// commandFinal queues an evaluation for the run's end, or takes it back, by the live
// settings that say so.
func (a *App) commandFinal(args []string) tea.Cmd {
	if len(args) < 1 || len(args) > 2 || args[0] == "off" && len(args) > 1 {
		return a.Fail(errors.New("final: want a number of images such as 50000, and how many ranges of seeds, or off"))
	}
	set, done := map[string]string{"live.final_samples": args[0]}, "final evaluation queued: it shows in the header"
	if args[0] == "off" {
		set["live.final_samples"], done = "0", "no final evaluation"
	}
	if len(args) > 1 {
		set["live.final_ranges"] = args[1]
	}
	return a.run.Order(done, func(ctx context.Context) (run.Status, error) { return a.run.Client.Set(ctx, set) })
}

// resume resumes a paused run, or restarts one without a trainer.
func (a *App) resume() tea.Cmd {
	r := a.run
	if r.Paused() {
		return a.pauseResume()
	}
	if err := r.MayResume(); err != nil {
		return a.Fail(err)
	}
	switch {
	case a.opts.Resume == nil:
		return a.Fail(errors.New("resume: " + a.opts.Instead("resume "+r.Info.Name)))
	case r.Resuming:
		return nil
	}
	r.Resuming = true
	cmd := a.Notify("resuming from the last checkpoint", a.theme.Warn)
	return tea.Batch(cmd, resumeRun(a.opts.Resume, r.Dir))
}

func (a *App) handleResumed(m resumedMsg) tea.Cmd {
	if a.run != nil && a.run.Dir == m.dir {
		a.run.Resuming = false
	}
	if m.err != nil {
		return a.Fail(m.err)
	}
	return a.Notify("resumed "+session.NameOf(m.dir), a.theme.Good)
}

// copy puts text on the clipboard of the terminal, also over SSH (OSC 52); what
// names it in the notice.
func (a *App) Copy(what, text string) tea.Cmd {
	return tea.Batch(tea.SetClipboard(text), a.Notify("copied "+what+" "+text, a.theme.Good))
}

// copyDir copies the path of the open or selected run.
func (a *App) copyDir() tea.Cmd {
	var dir string
	if a.run != nil {
		dir = a.run.Dir
	} else {
		dir = a.runs.Selected()
	}
	if dir == "" {
		return nil
	}
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return a.Copy("path", dir)
}

// editConfig opens config.toml in the user's editor, or says where it is.
func (a *App) editConfig() tea.Cmd {
	path := filepath.Join(a.run.Dir, run.ConfigFile)
	for _, k := range []string{"VISUAL", "EDITOR"} {
		if editor := a.opts.Getenv(k); strings.TrimSpace(editor) != "" {
			return a.leave(edit(a.terminal, editor, path, a.editLine()), answerWait)
		}
	}
	return a.Notify("edit "+path+" (no $EDITOR is set); it is reloaded when saved", a.theme.Text)
}

// cycleImages switches to the next way of showing images.
func (a *App) cycleImages() tea.Cmd {
	before := a.display.Mode
	a.display.Mode, a.modeFixed, a.display.Probing = a.probe.Next(a.display.Mode), true, false
	cmd := a.Notify("images: "+a.display.Mode.String(), a.theme.Text)
	if before == sixel.Kitty {
		return tea.Batch(cmd, tea.Raw(sixel.DeleteKitty))
	}
	return cmd
}
