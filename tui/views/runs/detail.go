package runs

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// detail shows what is known of one run: facts and settings, its quality over
// time, and its newest events.
type detail struct {
	dir    string
	points int // that the chart was made of, …
	last   float64
	theme  *theme.Theme // … in these colours
	chart  *widget.Chart
}

// draw fills r for a run, which may be nil.
func (d *detail) draw(on host.Host, row *session.Listed, r host.Rect) []string {
	t, g := on.Theme(), on.Theme().Glyphs
	if row == nil {
		return host.Framed(on.Theme(), r, "", false, func(w, h int) string { return widget.Block(nil, w, h, "") })
	}
	left, right := splitDetail(r)
	top, low := host.SplitY(right, max(r.H*3/5, r.H-20))
	facts := host.Framed(on.Theme(), left, widget.Plain(row.Name), false, func(w, h int) string {
		return widget.Block(facts(row, on, w-2, h), w, h, g.Ellipsis)
	}, badge(row, t))
	d.update(on, row)
	chart := host.Framed(on.Theme(), top, d.title(row), false, d.chart.View, d.chart.Info()...)
	events := host.Framed(on.Theme(), low, "Events", false, func(w, h int) string {
		return host.NewestEvents(t, row.Events, on.Options().Location, w, h)
	})
	return host.Beside(facts, slices.Concat(chart, events))
}

// splitDetail cuts what is below the list into what is known of its line, and a chart.
func splitDetail(r host.Rect) (left, right host.Rect) {
	return host.SplitX(r, min(max(r.W*2/5, 54), 84))
}

// title names the chart.
func (d *detail) title(row *session.Listed) string {
	switch {
	case row.Quality == "accuracy/test":
		return "Accuracy"
	case row.Status.FIDName != "":
		return widget.Plain(row.Status.FIDName)
	}
	return "Quality"
}

// update makes the chart anew when it is for another run or points.
func (d *detail) update(on host.Host, row *session.Listed) {
	last := math.NaN()
	if n := len(row.Points); n > 0 {
		last = row.Points[n-1].Kimg
	}
	if d.chart == nil || d.dir != row.Dir || d.theme != on.Theme() || d.points != len(row.Points) || d.last != last && len(row.Points) > 0 {
		d.dir, d.theme, d.points, d.last = row.Dir, on.Theme(), len(row.Points), last
		d.chart = widget.NewChart(on.Theme(), "value")
		d.chart.ASCII, d.chart.Best = on.Options().ASCII, widget.BestMin
		d.chart.LogY = row.Falls()
		if !row.Falls() {
			d.chart.Best = widget.BestMax
		}
		for _, p := range row.Points {
			d.chart.Add(0, p.Kimg, p.Value)
		}
	}
	d.chart.Empty = "no evaluation yet"
	d.chart.SetReference(math.NaN(), "")
	if v := row.Status.TeacherFID; v != nil && len(row.Points) > 0 {
		d.chart.SetReference(*v, "teacher "+widget.Value(*v))
	}
}

// facts words a run in lines of w cells, what matters most first.
func facts(r *session.Listed, on host.Host, w, h int) []string {
	t, st := on.Theme(), &r.Status
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
	for _, err := range []error{r.Err, r.ConfErr} {
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
	add("tags", strings.Join(r.About.Tags, " "))
	if r.About.Note != "" {
		para(t.Text, "“"+run.OneLine(r.About.Note)+"”")
	}
	add("job", widget.Plain(session.JobText(st)))
	add("method", methodOf(r))
	if c := r.Config; c != nil {
		add("data", widget.Plain(c.Data.Title()))
		add("from", widget.Plain(c.Model.Init))
	}
	if st.TotalNimg > 0 {
		seen, total := kimgOf(st)
		add("images", seen+t.Dim.Render(" / ")+total+" kimg"+etaText(r, t))
	}
	if age, ok := r.Age(on.Options().Now()); ok {
		word, at := "ended", st.Time
		if run.Active(st.State) {
			word, at = "started", st.Started
		}
		add(word, widget.Duration(age)+" ago"+t.Dim.Render(at.In(on.Options().Location).Format("  2006-01-02 15:04")))
	}
	if st.Params > 0 {
		add("frozen", t.Frozen.Render(t.Glyphs.Frozen)+" "+frozenShare(st.FrozenFraction)+t.Dim.Render(" of "+widget.Count(st.Params)))
	}
	if st.Final != nil {
		add("final", st.Final.String())
	}
	for _, m := range st.Also {
		if m.Last != nil && m.Best != nil {
			add("also", widget.Plain(m.Name)+" "+widget.Value(*m.Last)+t.Dim.Render(" best ")+widget.Value(*m.Best))
		}
	}
	if st.CheckpointNimg > 0 {
		add("checkpoint", widget.Kimg(st.CheckpointNimg)+" kimg")
	}
	if st.Kernels != "" {
		add("machine", widget.Plain(st.Kernels)+" "+t.Glyphs.Times+widget.Count(int64(st.Threads)))
	}
	return append(lines, changeLines(r, t, w, h-len(lines))...)
}

func etaText(r *session.Listed, t *theme.Theme) string {
	st := &r.Status
	if st.State != run.StateRunning || st.EtaSec <= 0 || st.EtaSec >= 1e9 {
		return ""
	}
	return "  " + widget.Rate(st.ImagesPerSec) + t.Dim.Render(" img/s  ETA ") + widget.Seconds(st.EtaSec)
}

// changeLines lists the settings that aren't those of the preset, in at most n
// lines of w cells. What a setting was is left out where it doesn't fit.
func changeLines(r *session.Listed, t *theme.Theme, w, n int) []string {
	if r.Config == nil || n < 3 {
		return nil
	}
	base := "the defaults of " + r.Config.Method
	if r.Preset != "" {
		base = r.Preset
	}
	if len(r.Changes) == 0 {
		return []string{"", " " + t.Dim.Render("settings of "+widget.Plain(base))}
	}
	lines := []string{"", " " + t.Strong.Render("changed") + t.Dim.Render(" from "+widget.Plain(base))}
	const column = 12 // of the new values; longer ones stand out of it
	keyW, newW := 0, 0
	for _, c := range r.Changes {
		keyW = max(keyW, len(c.Key))
		if n := ansi.StringWidth(session.ShortValue(widget.Plain(c.New))); n <= column {
			newW = max(newW, n)
		}
	}
	for i, c := range r.Changes {
		if len(lines) == n-1 && i < len(r.Changes)-1 {
			return append(lines, " "+t.Dim.Render(fmt.Sprintf("%d more", len(r.Changes)-i)))
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
