package tui

import (
	"fmt"
	"math"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// ends puts left and right at the ends of a line; left is cut first.
func (a *App) ends(left, right string) string {
	e := a.theme.Glyphs.Ellipsis
	rw := ansi.StringWidth(right)
	if rw > a.width-10 {
		return widget.Fit(left, a.width, e)
	}
	return widget.Fit(left, a.width-rw, e) + right
}

// header is three lines for a run: what runs and which view shows, how far it
// is, what it costs and yields; and one for the list of runs. The lines are kept
// until something that they show changes, mostly once a second.
func (a *App) header() []string {
	if a.run == nil {
		return []string{a.runsTitle()}
	}
	r := a.run
	key := headerKey{a.theme, a.width, a.view, r.InfoGen, r.Quality()}
	if key != r.header.key {
		r.header.lines, r.header.key = []string{a.titleLine(), a.progressLine(), a.factsLine()}, key
	}
	return r.header.lines
}

// keptHeader is the header as last drawn.
type keptHeader struct {
	key   headerKey
	lines []string
}

// headerKey is everything that the header shows.
type headerKey struct {
	theme   *theme.Theme
	width   int
	view    int
	infoGen int
	quality string
}

func (a *App) headerHeight() int {
	if a.run == nil {
		return 1
	}
	return 3
}

func (a *App) titleLine() string {
	t, st := a.theme, &a.run.Info.Status
	left, plain := a.titleLeft()
	left += a.drawTabs(a.tabs(plain))
	right := host.Badge(t, st.State, st.Stage) + " "
	if room := a.width - ansi.StringWidth(left) - 1; ansi.StringWidth(right) > room {
		// The stage alone says that the run is running.
		if right = host.Badge(t, st.State, ""); st.State == run.StateRunning && session.BetweenSteps(st.Stage) && len(st.Stage)+3 <= room {
			right = t.Good.Render(t.Glyphs.Dot + " " + widget.Plain(st.Stage))
		}
		right += " "
	}
	return a.ends(left, right)
}

// titleLeft names the run and its method; the width in cells comes with it.
func (a *App) titleLeft() (string, int) {
	t, r := a.theme, a.run
	left := " " + t.Accent.Render("innate") + "  " + t.Strong.Render(widget.Plain(r.Info.Name))
	if m := widget.Plain(session.MethodName(&r.Info.Status)); m != "" {
		left += "  " + t.Dim.Render(m)
	}
	return left, ansi.StringWidth(left)
}

func (a *App) progressLine() string {
	t, g := a.theme, a.theme.Glyphs
	st := &a.run.Info.Status
	seen, total := widget.Kimg(st.Nimg), "?"
	fraction := 0.0
	if st.TotalNimg > 0 {
		seen, total = widget.KimgOf(st.Nimg, st.TotalNimg)
		fraction = math.Min(math.Max(float64(st.Nimg)/float64(st.TotalNimg), 0), 1)
	}
	right := fmt.Sprintf("  %*s / %s kimg  %3.0f %%", len(total), seen, total, math.Floor(fraction*100))
	speed, eta := "-", "-"
	if st.State == run.StateRunning {
		if st.ImagesPerSec > 0 {
			speed = widget.Rate(st.ImagesPerSec)
		}
		if st.EtaSec > 0 && st.EtaSec < 1e9 {
			eta = widget.Seconds(st.EtaSec)
		}
	}
	if a.width >= 64 {
		right += "  " + widget.FitLeft(speed, 5) + " " + t.Dim.Render("img/s") + "  " + t.Dim.Render("ETA") + " " + widget.Fit(eta, 7, "")
	}
	right += " "
	w := a.width - 1 - ansi.StringWidth(right)
	ink := t.Good
	switch st.State {
	case run.StateDead, run.StateFailed:
		ink = t.Bad
	case run.StatePaused, run.StateStopping, run.StateStarting, run.StateQueued:
		ink = t.Warn
	case run.StateStopped, run.StateNew:
		ink = t.Dim
	}
	meter := strings.Repeat(" ", max(w, 0))
	if w >= 4 {
		meter = widget.Meter(t, ink, w, fraction)
	}
	return widget.Fit(" "+meter+right, a.width, g.Ellipsis)
}

// factsLine tells freezing, quality and machine; what doesn't fit is left out
// from the end, but what the run has come to only after the kernels.
func (a *App) factsLine() string {
	t, g := a.theme, a.theme.Glyphs
	st := &a.run.Info.Status
	right, kernels := "", ""
	if st.Kernels != "" {
		kernels = t.Dim.Render(fmt.Sprintf("%s %s%d", widget.Plain(st.Kernels), g.Times, st.Threads)) + " "
	}
	if where := a.remoteName(); where != "" {
		right = t.Accent.Render("on "+where) + " "
		if kernels != "" {
			kernels = " " + kernels
		}
	}
	line := ""
	for i, fact := range a.facts() {
		next := line + "   " + fact
		if line == "" {
			next = " " + fact
		}
		fits := func(right string) bool {
			w := ansi.StringWidth(right)
			return ansi.StringWidth(next)+min(w, 2)+w <= a.width
		}
		if i == 1 && !fits(right+kernels) && fits(right) {
			kernels = ""
		}
		if !fits(right+kernels) && line != "" {
			break
		}
		line = next
	}
	return a.ends(line, right+kernels)
}

// facts lists what the header's third line says, the most important first.
func (a *App) facts() []string {
	t, g, r := a.theme, a.theme.Glyphs, a.run
	st := &r.Info.Status
	var facts []string
	if st.Params > 0 {
		fact := t.Frozen.Render(g.Frozen) + fmt.Sprintf(" %.1f %%", 100*st.FrozenFraction) + t.Dim.Render(" of "+widget.Count(st.Params)+" frozen")
		if next, ok := st.NextFreezing(); ok {
			fact += t.Dim.Render(fmt.Sprintf(", %.1f %% at %s kimg", 100*next.Fraction, widget.Kimg(next.Nimg)))
		}
		facts = append(facts, fact)
	}
	if st.LastFID != nil {
		s := t.Dim.Render(widget.Plain(r.Quality())) + " " + widget.Value(*st.LastFID)
		if st.BestFID != nil {
			s += t.Dim.Render(" best ") + widget.Value(*st.BestFID)
		}
		facts = append(facts, s)
	}
	if st.Final != nil {
		fact := t.Dim.Render("final ") + st.Final.String()
		if st.Final.Begun() { // there is nothing else to wait for
			facts = append([]string{fact}, facts...)
		} else {
			facts = append(facts, fact)
		}
	}
	for _, m := range st.Also {
		if m.Last != nil {
			facts = append(facts, t.Dim.Render(widget.Plain(m.Name))+" "+widget.Value(*m.Last))
		}
	}
	if st.TeacherFID != nil {
		facts = append(facts, t.Dim.Render("teacher ")+widget.Value(*st.TeacherFID))
	}
	var steps []string
	for _, k := range []string{"g", "d", "r1", "step", "data", "ema"} {
		if ms, ok := st.StageMs[k]; ok && ms >= 0.05 {
			steps = append(steps, t.Dim.Render(k)+fmt.Sprintf(" %.1f", ms))
		}
	}
	if len(steps) > 0 {
		facts = append(facts, t.Dim.Render("ms a step ")+strings.Join(steps, "  "))
	}
	return facts
}

// runsTitle is the header of what shows while no run is open.
func (a *App) runsTitle() string {
	t, count := a.theme, ""
	switch n := len(a.list.List); n {
	case 0:
	case 1:
		count = "1 run"
	default:
		count = fmt.Sprintf("%d runs", n)
	}
	count = t.Dim.Render(count)
	if n := a.list.Active(); n > 0 {
		count = t.Good.Render(fmt.Sprintf("%s %d active", t.Glyphs.Dot, n)) + "  " + count
	}
	title := " " + t.Accent.Render("innate") + "  " + t.Strong.Render(widget.Plain(a.current().Title()))
	if where := a.remoteName(); where != "" {
		title += "  " + t.Accent.Render("on "+where)
	}
	return a.ends(title, count+" ")
}

// remoteName is the machine whose runs these are; "" where they are here.
func (a *App) remoteName() string {
	if a.opts.Remote == nil {
		return ""
	}
	where, _ := a.opts.Remote.State()
	return widget.Plain(where)
}

// remoteTrouble is why what shows may not be how the runs of another machine are.
func (a *App) remoteTrouble() error {
	if a.opts.Remote == nil {
		return nil
	}
	where, err := a.opts.Remote.State()
	if err != nil {
		err = fmt.Errorf("%s: %w", where, err)
	}
	return err
}
