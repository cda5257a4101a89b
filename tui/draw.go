package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// draw renders the whole frame: exactly height lines of width cells.
func (a *App) draw() string {
	if a.width <= 0 || a.height <= 0 {
		return ""
	}
	if a.layout.tooSmall {
		text := fmt.Sprintf("too small: %d%s%d, want %d%s%d", a.width, a.theme.Glyphs.Times, a.height, minWidth, a.theme.Glyphs.Times, minHeight)
		lines := []string{"too small"}
		if ansi.StringWidth(text) <= a.width {
			lines = []string{text}
		}
		return widget.Centered(lines, a.width, a.height, "")
	}
	lines := a.header()
	if a.layout.banner.H > 0 {
		ink := a.theme.Banner
		if st := a.run.Info.Status.State; st == run.StateDead || st == run.StateFailed {
			ink = a.theme.BannerBad
		}
		lines = append(lines, ink.Render(widget.Fit(" "+a.banner(), a.width, a.theme.Glyphs.Ellipsis)))
	}
	lines = append(lines, a.current().Draw(a.layout.body)...)
	lines = append(lines, a.statusLine(), a.footer())
	a.drawOverlay(lines)
	frame := strings.Join(lines, "\n")
	if a.opts.ASCII {
		return asciiOnly(frame)
	}
	return frame
}

// statusLine is the line above the footer: completions of what is typed, a
// notice, the view's own words, or the newest event.
func (a *App) statusLine() string {
	t, e := a.theme, a.theme.Glyphs.Ellipsis
	if s := a.completions(); s != "" {
		return widget.Fit(" "+s, a.width, e)
	}
	if a.notice.text != "" {
		return widget.Fit(" "+a.notice.ink.Render(a.notice.text), a.width, e)
	}
	if a.run != nil && a.run.Reading {
		return widget.Fit(" "+t.Dim.Render(a.run.progress()), a.width, e)
	}
	if v, ok := a.current().(host.StatusView); ok {
		if words := v.Status(a.layout.body); words != "" {
			return widget.Fit(words, a.width, e)
		}
	}
	if a.run == nil {
		if err := a.remoteTrouble(); err != nil {
			return widget.Fit(" "+t.Bad.Render(widget.Plain(err.Error())), a.width, e)
		}
		return widget.Fit(" "+t.Dim.Render(widget.Plain(a.opts.RunsDir)), a.width, e)
	}
	newest := ""
	if n := len(a.run.Events); n > 0 {
		newest = host.EventLine(t, a.run.Events[n-1], a.opts.Location)
	}
	return widget.Fit(newest, a.width, e)
}

// banner words what the user must know, or is empty.
func (a *App) banner() string {
	r := a.run
	st := &r.Info.Status
	join := func(s ...string) string { return widget.Plain(strings.Join(s, " ")) }
	trouble := a.remoteTrouble()
	switch {
	case trouble != nil: // what shows may be old
		return join(trouble.Error())
	case r.Gone:
		return join("the run's directory is gone; what shows is what was read of it:", r.Dir)
	case !r.Known:
		return ""
	case r.Resuming:
		return join("starting a trainer")
	case st.State == run.StateQueued:
		return join("queued:", session.JobText(st))
	case st.State == run.StateDead:
		from := "the beginning"
		if st.CheckpointNimg > 0 {
			from = widget.Kimg(st.CheckpointNimg) + " kimg"
		}
		died := "the trainer died at"
		if st.Job != "" {
			died = "the trainer died in " + session.JobText(st) + " at"
		}
		if word := r.Words.Last(); word != "" {
			return join(died, widget.Kimg(st.Nimg), "kimg, r resumes from", from+"; its last word:", word)
		}
		return join(died, widget.Kimg(st.Nimg), "kimg: r resumes from", from+", see", run.LogFile)
	case st.State == run.StateFailed:
		if st.Error == "" {
			return join("the run failed; see", run.LogFile)
		}
		return join("failed:", st.Error)
	case st.PauseReason != "" && r.Info.Alive:
		return join("paused:", st.PauseReason)
	case st.ConfigError != "":
		return join(st.ConfigError, "(the old settings keep running)")
	case r.Lost != nil:
		if where := a.remoteName(); where != "" && errors.Is(r.Lost, context.DeadlineExceeded) {
			return join("no answer in time from "+where+":", "the trainer may be busy, or the connection slow")
		}
		return join("the trainer doesn't answer:", r.Lost.Error())
	case st.CheckpointError != "" && r.Info.Alive:
		return join("no checkpoint is written:", st.CheckpointError)
	case r.Info.Alive && st.State != run.StateStarting && a.run.Silent(a.opts.Now()) > session.StaleAfter:
		return join("no heartbeat for", widget.Duration(a.run.Silent(a.opts.Now()).Truncate(5*time.Second)))
	}
	return ""
}
