package tui

import (
	"fmt"
	"math"
	"slices"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// runDetail shows what is known of one run: facts and settings, its quality over
// time, and its newest events.
type runDetail struct {
	dir    string
	points int // that the chart was made of, …
	last   float64
	theme  *theme.Theme // … in these colours
	chart  *widget.Chart
}

// draw fills r for a run, which may be nil.
func (d *runDetail) draw(a *App, row *runRow, r host.Rect) []string {
	t, g := a.theme, a.theme.Glyphs
	if row == nil {
		return host.Framed(a.theme, r, "", false, func(w, h int) string { return widget.Block(nil, w, h, "") })
	}
	left, right := host.SplitX(r, min(max(r.W*2/5, 54), 84))
	top, low := host.SplitY(right, max(r.H*3/5, r.H-20))
	facts := host.Framed(a.theme, left, widget.Plain(row.Name), false, func(w, h int) string {
		return widget.Block(row.facts(a, w-2, h), w, h, g.Ellipsis)
	}, row.badge(t))
	d.update(a, row)
	chart := host.Framed(a.theme, top, d.title(row), false, d.chart.View, d.chart.Info()...)
	events := host.Framed(a.theme, low, "Events", false, func(w, h int) string {
		return host.NewestEvents(t, row.events, a.opts.Location, w, h)
	})
	lines := slices.Concat(chart, events)
	for i := range lines {
		lines[i] = facts[i] + lines[i]
	}
	return lines
}

// title names the chart.
func (d *runDetail) title(row *runRow) string {
	switch {
	case row.quality == "accuracy/test":
		return "Accuracy"
	case row.Status.FIDName != "":
		return widget.Plain(row.Status.FIDName)
	}
	return "Quality"
}

// update makes the chart anew when it is for another run or points.
func (d *runDetail) update(a *App, row *runRow) {
	last := math.NaN()
	if n := len(row.points); n > 0 {
		last = row.points[n-1].kimg
	}
	if d.chart == nil || d.dir != row.Dir || d.theme != a.theme || d.points != len(row.points) || d.last != last && len(row.points) > 0 {
		d.dir, d.theme, d.points, d.last = row.Dir, a.theme, len(row.points), last
		d.chart = widget.NewChart(a.theme, "value")
		d.chart.ASCII, d.chart.Best = a.opts.ASCII, widget.BestMin
		d.chart.LogY = row.falls()
		if !row.falls() {
			d.chart.Best = widget.BestMax
		}
		for _, p := range row.points {
			d.chart.Add(0, p.kimg, p.value)
		}
	}
	d.chart.Empty = "no evaluation yet"
	d.chart.SetReference(math.NaN(), "")
	if v := row.Status.TeacherFID; v != nil && len(row.points) > 0 {
		d.chart.SetReference(*v, "teacher "+widget.Value(*v))
	}
}

// facts words a run in lines of w cells, what matters most first.
func (r *runRow) facts(a *App, w, h int) []string {
	t, st := a.theme, &r.Status
	var lines []string
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, " "+t.Dim.Render(widget.Fit(name, 11, ""))+text)
		}
	}
	para := func(ink theme.Ink, text string) {
		for _, l := range widget.Wrap(widget.Plain(text), w) {
			lines = append(lines, " "+ink.Render(l))
		}
	}
	for _, err := range []error{r.err, r.confErr} {
		if err != nil {
			para(t.Bad, err.Error())
			lines = append(lines, "")
		}
	}
	if st.State == run.StateFailed && st.Error != "" {
		para(t.Bad, st.Error)
		lines = append(lines, "")
	}
	if st.PauseReason != "" && run.Active(st.State) {
		para(t.Warn, "paused: "+st.PauseReason)
		lines = append(lines, "")
	}
	if st.CheckpointError != "" && run.Active(st.State) {
		para(t.Warn, "no checkpoint is written: "+st.CheckpointError)
		lines = append(lines, "")
	}
	add("job", widget.Plain(st.Job))
	add("method", r.method())
	if c := r.config; c != nil {
		add("data", widget.Plain(c.Data.Dataset))
		add("from", widget.Plain(c.Model.Init))
	}
	if st.TotalNimg > 0 {
		add("images", widget.Kimg(st.Nimg)+t.Dim.Render(" / ")+wholeKimg(st.TotalNimg)+" kimg"+r.etaText(t))
	}
	if age, ok := r.age(a.opts.Now()); ok {
		word, at := "ended", st.Time
		if run.Active(st.State) {
			word, at = "started", st.Started
		}
		add(word, widget.Duration(age)+" ago"+t.Dim.Render(at.In(a.opts.Location).Format("  2006-01-02 15:04")))
	}
	if st.Params > 0 {
		add("frozen", t.Frozen.Render(t.Glyphs.Frozen)+" "+frozenShare(st.FrozenFraction)+t.Dim.Render(" of "+widget.Count(st.Params)))
	}
	if st.CheckpointNimg > 0 {
		add("checkpoint", widget.Kimg(st.CheckpointNimg)+" kimg")
	}
	if st.Kernels != "" {
		add("machine", widget.Plain(st.Kernels)+" "+t.Glyphs.Times+widget.Count(int64(st.Threads)))
	}
	return append(lines, r.changeLines(t, w, h-len(lines))...)
}

func (r *runRow) etaText(t *theme.Theme) string {
	st := &r.Status
	if st.State != run.StateRunning || st.EtaSec <= 0 || st.EtaSec >= 1e9 {
		return ""
	}
	return "  " + widget.Rate(st.ImagesPerSec) + t.Dim.Render(" img/s  ETA ") + widget.Seconds(st.EtaSec)
}

// changeLines lists the settings that aren't those of the preset, in at most n
// lines of w cells. What a setting was is left out where it doesn't fit.
func (r *runRow) changeLines(t *theme.Theme, w, n int) []string {
	if r.config == nil || n < 3 {
		return nil
	}
	base := "the defaults of " + r.config.Method
	if r.preset != "" {
		base = r.preset
	}
	if len(r.changes) == 0 {
		return []string{"", " " + t.Dim.Render("settings of "+widget.Plain(base))}
	}
	lines := []string{"", " " + t.Strong.Render("changed") + t.Dim.Render(" from "+widget.Plain(base))}
	const column = 12 // of the new values; longer ones stand out of it
	keyW, newW := 0, 0
	for _, c := range r.changes {
		keyW = max(keyW, len(c.Key))
		if n := ansi.StringWidth(session.ShortValue(widget.Plain(c.New))); n <= column {
			newW = max(newW, n)
		}
	}
	for i, c := range r.changes {
		if len(lines) == n-1 && i < len(r.changes)-1 {
			return append(lines, " "+t.Dim.Render(fmt.Sprintf("%d more", len(r.changes)-i)))
		}
		value := session.ShortValue(widget.Plain(c.New))
		value = widget.Fit(value, min(max(newW, ansi.StringWidth(value)), max(w-keyW-5, 1)), t.Glyphs.Ellipsis)
		line := " " + t.Warn.Render(t.Glyphs.Config) + " " + widget.Fit(c.Key, keyW, "") + "  " + t.Warn.Render(value)
		if was := "  was " + session.ShortValue(widget.Plain(c.Old)); ansi.StringWidth(line)+ansi.StringWidth(was) <= w {
			line += t.Dim.Render(was)
		}
		lines = append(lines, line)
	}
	return lines
}
