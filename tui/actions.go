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

	"innate/configs"
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

func (a *App) quit() tea.Cmd {
	a.quitting = true
	if a.mode == sixel.Kitty {
		return tea.Sequence(tea.Raw(sixel.DeleteKitty), tea.Quit)
	}
	return tea.Quit
}

// back undoes the last narrowing: read-out, filter, zoom; then it leaves the
// run for the list.
func (a *App) back() tea.Cmd {
	r := a.run
	if r == nil {
		return nil
	}
	if r.loss.HideCursor() || r.fid.HideCursor() {
		r.fid.HideCursor()
		return nil
	}
	switch {
	case a.zoom:
		a.zoom = false
	case a.focus == paneLayers && r.layers.Filter() != "":
		r.layers.SetFilter("")
	case a.opts.RunsDir != "":
		a.run = nil
		return a.follow()
	}
	return nil
}

func (a *App) redraw() tea.Cmd {
	a.damage()
	return tea.ClearScreen
}

func (a *App) setFocus(p pane) {
	a.focus = p
	if p == paneLayers || p == paneSamples {
		a.right = p
	}
}

func (a *App) cycleFocus(by pane) { a.setFocus((a.focus + by + paneCount) % paneCount) }

// eachChart changes the focused chart, or both when the focus is elsewhere.
func (a *App) eachChart(f func(*panes.Chart)) tea.Cmd {
	if a.focus != paneFID {
		f(a.run.loss)
	}
	if a.focus != paneLoss {
		f(a.run.fid)
	}
	return nil
}

func (a *App) toggleBraille() tea.Cmd {
	on := !a.run.loss.ASCII
	a.run.loss.ASCII, a.run.fid.ASCII = on, on
	return nil
}

func (a *App) moveCursor(by int) {
	if a.focus == paneFID {
		a.run.fid.MoveCursor(by)
		return
	}
	a.run.loss.MoveCursor(by)
}

// toggleLayer freezes or trains what the cursor is on.
func (a *App) toggleLayer() tea.Cmd {
	r := a.run
	if err := a.mustRun("freeze"); err != nil {
		return a.fail(err)
	}
	names, freeze := r.layers.Toggle()
	if len(names) == 0 {
		return nil
	}
	done := fmt.Sprintf("%s: training %s", names[0], tensors(len(names)))
	if freeze {
		done = fmt.Sprintf("%s: froze %s", names[0], tensors(len(names)))
	}
	return orderFreeze(r.client, r.dir, done, control.FreezeRequest{Toggle: names})
}

func tensors(n int) string {
	if n == 1 {
		return "1 tensor"
	}
	return fmt.Sprintf("%d tensors", n)
}

// mustRun refuses a command that needs a trainer.
func (a *App) mustRun(what string) error {
	st := a.run.info.Status.State
	if a.run.known && !control.Active(st) {
		return fmt.Errorf("%s: the run is %s, want a running trainer (r resumes it)", what, st)
	}
	return nil
}

// openPresets shows the freezing presets with what each would freeze.
func (a *App) openPresets() tea.Cmd {
	r := a.run
	if err := a.mustRun("preset"); err != nil {
		return a.fail(err)
	}
	names := r.layers.Names()
	if len(names) == 0 {
		return a.fail(errors.New("preset: no layers known yet"))
	}
	presets := configs.FreezePresets()
	o := overlay{kind: overlayMenu, title: "Freezing preset", pane: paneLayers,
		accept: func(a *App, i int) tea.Cmd { return a.orderPreset(presets[i]) }}
	for i, p := range presets {
		item := menuItem{name: p}
		if a.opts.FreezePreset != nil {
			frozen, err := a.opts.FreezePreset(names, p)
			if err != nil {
				return a.fail(err)
			}
			in, all, n := r.layers.Count(setOf(frozen))
			item.about = fmt.Sprintf("%5.1f %%", percent(in, all))
			item.detail = fmt.Sprintf("freezes %s of %s parameters (%s)", thousands(in), thousands(all), tensors(n))
		}
		if p == r.info.Status.FreezePreset {
			o.cursor = i
		}
		o.items = append(o.items, item)
	}
	// Pressing p offers the next one at once: p, enter steps through them.
	o.cursor = (o.cursor + 1) % len(o.items)
	a.overlay = o
	return nil
}

func setOf(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}

func percent(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return 100 * float64(part) / float64(all)
}

// thousands writes 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func (a *App) orderPreset(name string) tea.Cmd {
	return orderFreeze(a.run.client, a.run.dir, "preset "+name, control.FreezeRequest{Preset: &name})
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

// stepSample shows an older or newer sample; at the newest it follows.
func (a *App) stepSample(by int) tea.Cmd {
	r := a.run
	n := len(r.files)
	if n == 0 {
		return nil
	}
	at := slices.Index(r.files, r.file)
	at = max(min(at+by, n-1), 0)
	r.follow = at == n-1
	if r.files[at] == r.file {
		return nil
	}
	r.file = r.files[at]
	return fetchSample(r.dir, r.file)
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
			return order(a.run.dir, "stopping after a checkpoint", a.run.client.Stop)
		},
	}
	return nil
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

// editConfig opens config.toml in the user's editor, or says where it is.
func (a *App) editConfig() tea.Cmd {
	path := filepath.Join(a.run.dir, control.ConfigFile)
	for _, k := range []string{"VISUAL", "EDITOR"} {
		if editor := a.opts.Getenv(k); strings.TrimSpace(editor) != "" {
			return edit(editor, path)
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
