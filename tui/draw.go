package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/control"
	"innate/tui/panes"
	"innate/tui/theme"
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
		return panes.Centered(lines, a.width, a.height, "")
	}
	var lines []string
	if a.run == nil {
		lines = a.drawRuns()
	} else {
		lines = a.drawRun()
	}
	a.drawOverlay(lines)
	return strings.Join(lines, "\n")
}

// drawRun renders the dashboard.
func (a *App) drawRun() []string {
	lines := a.header()
	if a.layout.banner.H > 0 {
		ink := a.theme.Banner
		if st := a.run.info.Status.State; st == control.StateDead || st == control.StateFailed {
			ink = a.theme.BannerBad
		}
		lines = append(lines, ink.Render(panes.Fit(" "+a.banner(), a.width, a.theme.Glyphs.Ellipsis)))
	}
	lines = append(lines, a.body()...)
	return append(lines, a.statusLine(), a.footer())
}

// body renders the panes row by row: rectangles side by side cover each row
// without overlap.
func (a *App) body() []string {
	top := a.layout.header.H + a.layout.banner.H
	h := a.height - top - 2
	rows := make([]strings.Builder, h)
	// Columns of panes from left to right, so that appending keeps the order.
	for x := 0; x < a.width; {
		next := a.width
		for p := range paneCount {
			r := a.layout.panes[p]
			if r.Empty() {
				continue
			}
			if r.X > x {
				next = min(next, r.X)
			}
			if r.X != x {
				continue
			}
			for i, line := range strings.Split(a.drawPane(p, r), "\n") {
				rows[r.Y-top+i].WriteString(line)
			}
		}
		x = next
	}
	out := make([]string, h)
	for i := range rows {
		out[i] = rows[i].String()
	}
	return out
}

func (a *App) drawPane(p pane, r rect) string {
	run, t := a.run, a.theme
	in := inner(r)
	var name, body string
	var info []string
	switch p {
	case paneLoss:
		name, body, info = "Loss", run.loss.View(in.W, in.H), run.loss.Info()
	case paneFID:
		name, body, info = run.fidName(), run.fid.View(in.W, in.H), run.fid.Info()
	case paneLayers:
		name, body, info = "Layers", run.layers.View(in.W, in.H), run.layers.Info()
	case paneSamples:
		name, body, info = "Samples", run.samples.View(in.W, in.H), run.samples.Info()
	case paneEvents:
		name, body, info = "Events", run.events.View(in.W, in.H), run.events.Info()
	}
	focused := p == a.focus
	title := t.Dim.Render(fmt.Sprint(int(p)+1)) + " "
	if focused {
		title += t.Accent.Render(name)
	} else {
		title += t.Strong.Render(name)
	}
	if other, shared := a.sharing(p); shared {
		title += t.Dim.Render(fmt.Sprintf("  %d %s", int(other)+1, paneNames[other]))
	}
	return panes.Frame(t, title, info, body, r.W, r.H, focused)
}

var paneNames = [paneCount]string{"Loss", "FID", "Layers", "Samples", "Events"}

// sharing returns the pane that p hides in its place, if any.
func (a *App) sharing(p pane) (pane, bool) {
	shown := 0
	for _, r := range a.layout.panes {
		if !r.Empty() {
			shown++
		}
	}
	if shown != 3 || p != a.right {
		return 0, false
	}
	if p == paneLayers {
		return paneSamples, true
	}
	return paneLayers, true
}

// statusLine is the line above the footer: a notice, or where the run stands.
func (a *App) statusLine() string {
	t, e := a.theme, a.theme.Glyphs.Ellipsis
	if a.notice.text != "" {
		return panes.Fit(" "+a.notice.ink.Render(a.notice.text), a.width, e)
	}
	r := a.run
	if r == nil {
		return panes.Fit(" "+t.Dim.Render(panes.Plain(a.opts.RunsDir)), a.width, e)
	}
	if a.layout.panes[paneEvents].Empty() {
		return r.events.Last(a.width)
	}
	parts := []string{panes.Plain(r.dir)}
	if n := r.info.Status.CheckpointNimg; n > 0 {
		parts = append(parts, "checkpoint "+panes.Kimg(n)+" kimg")
	}
	if !r.info.Status.Started.IsZero() {
		parts = append(parts, "started "+r.info.Status.Started.In(a.opts.Location).Format("2006-01-02 15:04"))
	}
	return panes.Fit(" "+t.Dim.Render(strings.Join(parts, "   ")), a.width, e)
}

// banner words what the user must know, or is empty.
func (a *App) banner() string {
	r := a.run
	st := &r.info.Status
	join := func(s ...string) string { return panes.Plain(strings.Join(s, " ")) }
	switch {
	case !r.known:
		return ""
	case r.resuming:
		return join("starting a trainer")
	case st.State == control.StateDead:
		from := "the beginning"
		if st.CheckpointNimg > 0 {
			from = panes.Kimg(st.CheckpointNimg) + " kimg"
		}
		return join("the trainer died at", panes.Kimg(st.Nimg), "kimg: r resumes from", from+", see", control.LogFile)
	case st.State == control.StateFailed:
		if st.Error == "" {
			return join("the run failed; see", control.LogFile)
		}
		return join("failed:", st.Error)
	case st.ConfigError != "":
		return join(st.ConfigError, "(the old settings keep running)")
	case r.lost != nil:
		return join("the trainer doesn't answer:", r.lost.Error())
	case r.info.Alive && st.State != control.StateStarting && r.info.HeartbeatAge(a.opts.Now()) > staleAfter:
		return join("no heartbeat for", panes.Duration(r.info.HeartbeatAge(a.opts.Now()).Truncate(5*time.Second)))
	}
	return ""
}

// badge words the state of a run, with its ink.
func badge(t *theme.Theme, state, stage string) string {
	g := t.Glyphs
	glyph, ink := g.Dot, t.Dim
	switch state {
	case control.StateRunning:
		ink = t.Good
	case control.StatePaused:
		glyph, ink = g.Pause, t.Warn
	case control.StateStarting, control.StateStopping:
		ink = t.Warn
	case control.StateStopped:
		glyph = g.Stop
	case control.StateDone:
		glyph, ink = g.Done, t.Good
	case control.StateDead, control.StateFailed:
		glyph, ink = g.Error, t.Bad
	}
	if state == "" {
		state = "reading"
	}
	s := ink.Render(glyph + " " + panes.Plain(state))
	if state == control.StateRunning && stage != "" && stage != "train" {
		s += " " + t.Dim.Render(panes.Plain(stage))
	}
	return s
}

// ends puts left and right at the ends of a line; left is cut first.
func (a *App) ends(left, right string) string {
	e := a.theme.Glyphs.Ellipsis
	rw := ansi.StringWidth(right)
	if rw > a.width-10 {
		return panes.Fit(left, a.width, e)
	}
	return panes.Fit(left, a.width-rw, e) + right
}

// header is three lines: what runs, how far it is, what it costs and yields.
func (a *App) header() []string {
	return []string{a.titleLine(), a.progressLine(), a.factsLine()}
}

func (a *App) titleLine() string {
	t, r := a.theme, a.run
	st := &r.info.Status
	left := " " + t.Accent.Render("innate") + "  " + t.Strong.Render(panes.Plain(r.info.Name))
	if m := methodName(st); m != "" {
		left += "  " + t.Dim.Render(m)
	}
	return a.ends(left, badge(t, st.State, st.Stage)+" ")
}

// methodName writes the method as the paper does.
func methodName(st *control.Status) string {
	switch {
	case st.Method == "gdd" && strings.HasPrefix(st.FreezePreset, "gdd-i"):
		return "GDD-I"
	case st.Method == "gdd":
		return "GDD"
	case st.Method == "edm":
		return "EDM"
	}
	return panes.Plain(st.Method)
}

func (a *App) progressLine() string {
	t, g := a.theme, a.theme.Glyphs
	st := &a.run.info.Status
	total := "?"
	fraction := 0.0
	if st.TotalNimg > 0 {
		total = panes.Kimg(st.TotalNimg)
		fraction = math.Min(math.Max(float64(st.Nimg)/float64(st.TotalNimg), 0), 1)
	}
	right := fmt.Sprintf("  %s / %s kimg  %3.0f %%", panes.FitLeft(panes.Kimg(st.Nimg), len(total)), total, math.Floor(fraction*100))
	speed, eta := "-", "-"
	if st.State == control.StateRunning {
		if st.ImagesPerSec > 0 {
			speed = rate(st.ImagesPerSec)
		}
		if st.EtaSec > 0 && st.EtaSec < 1e9 {
			eta = panes.Duration(secondsOf(st.EtaSec))
		}
	}
	if a.width >= 64 {
		right += "  " + panes.FitLeft(speed, 5) + " " + t.Dim.Render("img/s") + "  " + t.Dim.Render("ETA") + " " + panes.Fit(eta, 7, "")
	}
	right += " "
	w := a.width - 1 - ansi.StringWidth(right)
	ink := t.Good
	switch st.State {
	case control.StateDead, control.StateFailed:
		ink = t.Bad
	case control.StatePaused, control.StateStopping, control.StateStarting:
		ink = t.Warn
	case control.StateStopped, control.StateNew:
		ink = t.Dim
	}
	return panes.Fit(" "+bar(t, ink, w, fraction)+right, a.width, g.Ellipsis)
}

// rate writes a speed in at most five characters.
func rate(v float64) string {
	switch {
	case v < 9.995:
		return fmt.Sprintf("%.2f", v)
	case v < 999.95:
		return fmt.Sprintf("%.1f", v)
	}
	return panes.Count(int64(v))
}

func bar(t *theme.Theme, ink theme.Ink, w int, fraction float64) string {
	if w < 4 {
		return strings.Repeat(" ", max(w, 0))
	}
	g := t.Glyphs
	halves := int(math.Round(fraction * float64(2*w)))
	done := strings.Repeat(g.BarDone, halves/2)
	rest := w - halves/2
	if halves%2 == 1 {
		done += g.BarEdge
		rest--
	}
	return ink.Render(done) + t.Faint.Render(strings.Repeat(g.BarRest, rest))
}

// factsLine tells freezing, quality and machine; what doesn't fit is left out
// from the end.
func (a *App) factsLine() string {
	t, g, r := a.theme, a.theme.Glyphs, a.run
	st := &r.info.Status
	var machine string
	if st.Kernels != "" {
		machine = t.Dim.Render(fmt.Sprintf("%s %s%d", panes.Plain(st.Kernels), g.Times, st.Threads)) + " "
	}
	line := ""
	for _, fact := range a.facts() {
		next := line + "   " + fact
		if line == "" {
			next = " " + fact
		}
		if ansi.StringWidth(next)+2+ansi.StringWidth(machine) > a.width && line != "" {
			break
		}
		line = next
	}
	return a.ends(line, machine)
}

// facts lists what the header's third line says, the most important first.
func (a *App) facts() []string {
	t, g, r := a.theme, a.theme.Glyphs, a.run
	st := &r.info.Status
	var facts []string
	if st.Params > 0 {
		facts = append(facts, t.Frozen.Render(g.Frozen)+fmt.Sprintf(" %.1f %%", 100*st.FrozenFraction)+
			t.Dim.Render(" of "+panes.Count(st.Params)+" frozen"))
	}
	if st.LastFID != nil {
		s := t.Dim.Render(r.fidName()) + " " + panes.Value(*st.LastFID)
		if st.BestFID != nil {
			s += t.Dim.Render(" best ") + panes.Value(*st.BestFID)
		}
		facts = append(facts, s)
	}
	if st.TeacherFID != nil {
		facts = append(facts, t.Dim.Render("teacher ")+panes.Value(*st.TeacherFID))
	}
	var steps []string
	for _, k := range []string{"g", "d", "r1", "step", "data", "ema"} {
		if ms, ok := st.StageMs[k]; ok && ms >= 0.05 {
			steps = append(steps, fmt.Sprintf("%s %.1f", k, ms))
		}
	}
	if len(steps) > 0 {
		facts = append(facts, t.Dim.Render("ms a step ")+strings.Join(steps, "  "))
	}
	return facts
}

func secondsOf(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// plainBadge is the badge without colour, for the cursor row.
func plainBadge(t *theme.Theme, state string) string { return ansi.Strip(badge(t, state, "")) }
