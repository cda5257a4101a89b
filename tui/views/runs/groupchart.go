package runs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/series"
	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// maxCurves is how many lines of a group's table have a curve: as many as there are
// colours.
const maxCurves = theme.SeriesCount

// groupCurves is the chart below a group's table: what evaluations said of some of its
// lines over the images seen, each as the mean over its runs with a band of one
// deviation.
type groupCurves struct {
	chart *widget.Chart
	keys  [maxCurves]string // of the lines; "" for none. One keeps its colour while it shows
	drawn string            // what the chart was made of …
	theme *theme.Theme      // … in these colours
}

// place gives the lines that are to show a curve each.
func (c *groupCurves) place(show []string) {
	for i, key := range c.keys {
		if !slices.Contains(show, key) {
			c.keys[i] = ""
		}
	}
	for _, key := range show {
		if !slices.Contains(c.keys[:], key) {
			c.keys[slices.Index(c.keys[:], "")] = key
		}
	}
}

// update makes the chart anew when it is of other lines or points.
func (c *groupCurves) update(h host.Host, rows map[string]groupRow) {
	var lists [maxCurves][][]session.Point
	var s session.Standing
	var teacher *float64
	said := ""
	for i, key := range c.keys {
		row := rows[key]
		said += fmt.Sprintf("%q:", row.name)
		for _, seed := range row.runs() {
			points := pointsOf(h, seed)
			if len(points) == 0 {
				continue
			}
			teacher = cmp.Or(teacher, seed.Info.Status.TeacherFID)
			lists[i] = append(lists[i], points)
			last := points[len(points)-1]
			said += fmt.Sprint(len(points), last.Kimg, last.Value, " ")
		}
		if len(lists[i]) > 0 {
			s = session.StandingOf(row.runs()...)
		}
	}
	if c.chart != nil && c.theme == h.Theme() && c.drawn == said {
		return
	}
	c.drawn, c.theme = said, h.Theme()
	names := make([]string, maxCurves)
	for i, key := range c.keys {
		names[i] = rows[key].name
	}
	c.chart = widget.NewChart(h.Theme(), names...)
	c.chart.ASCII, c.chart.LogY, c.chart.Empty = h.Options().ASCII, !s.Rises, "no evaluation yet"
	if teacher != nil {
		c.chart.SetReference(*teacher, "teacher "+widget.Value(*teacher))
	}
	from := alike(slices.Concat(lists[:]...))
	for i, list := range lists {
		mean, sd := meanOf(list, from)
		c.chart.SetColumn(i, mean)
		c.chart.SetSpread(i, sd)
	}
}

// pointsOf are a run's evaluations, or those of its record.
func pointsOf(h host.Host, s sweep.Seed) (points []session.Point) {
	switch {
	case s.Record == nil:
		if r := h.Runs().Named(s.Info.Dir); r != nil {
			return r.Points
		}
	case len(s.Record.Judges) > 0:
		for _, e := range s.Record.Evaluations {
			if v, said := e.Values[s.Record.Judges[0].Key]; said {
				points = append(points, session.Point{Kimg: e.Kimg, Value: v})
			}
		}
	}
	return points
}

// alike is how many points all runs begin with, the last of each aside. What an untrained
// student is worth is far from everything else, and says nothing of how they differ.
func alike(lists [][]session.Point) (n int) {
	for len(lists) > 1 {
		for _, points := range lists {
			if len(points) <= n+1 || points[n] != lists[0][n] {
				return n
			}
		}
		n++
	}
	return n
}

// meanOf is the mean over runs from their n-th point on, and its deviation; nil of no run.
func meanOf(lists [][]session.Point, n int) (mean, sd *series.Column) {
	scalar := []string{"value"}
	e := session.NewEnsemble(len(lists), series.Only(scalar...), scalar)
	for i, points := range lists {
		for _, p := range points[n:] {
			e.Runs[i].Append(p.Kimg, time.Time{}, scalar, []float64{p.Value})
		}
	}
	e.Update()
	return e.Mean.Find(scalar[0]), e.Spread[scalar[0]]
}

// sign is what the curve of a line looks like, or as much space; "" where no line has one.
func (c *groupCurves) sign(key string) string {
	w := 0
	for i, of := range c.keys {
		if of == key && key != "" {
			return c.chart.Sign(i) + " "
		}
		if of != "" {
			w = ansi.StringWidth(c.chart.Sign(i)) + 1
		}
	}
	return strings.Repeat(" ", w)
}

// bestRows are the keys of the lines that have been evaluated, the best first.
func bestRows(rows map[string]groupRow) (keys []string) {
	all := map[string]session.Standing{}
	for key, row := range rows {
		if s := session.StandingOf(row.runs()...); s.Best.N > 0 {
			all[key], keys = s, append(keys, key)
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		by := cmp.Compare(all[a].Best.Mean, all[b].Best.Mean)
		if all[a].Rises {
			by = -by
		}
		return cmp.Or(by, cmp.Compare(a, b))
	})
	return keys
}

// charted are the lines that the chart shows: those that are marked, or else the best
// ones with that under the cursor.
func (v *Group) charted() []string {
	marked := v.table.AllMarked()
	keys := slices.DeleteFunc(bestRows(v.rows), func(key string) bool {
		return !v.fits(v.rows[key]) || len(marked) > 0 && !slices.Contains(marked, key)
	})
	if len(keys) <= maxCurves {
		return keys
	}
	if at := slices.Index(keys, v.table.Cursor()); at >= maxCurves {
		keys[maxCurves-1] = keys[at]
	}
	return keys[:maxCurves]
}

// fillCurves makes the chart of the lines, if the screen has room for it.
func (v *Group) fillCurves() {
	if v.charts {
		v.curves.place(v.charted())
		v.curves.update(v.h, v.rows)
	}
}

// draw draws the chart, of what evaluations measure.
func (c *groupCurves) draw(h host.Host, r host.Rect, measure string) []string {
	return host.Framed(h.Theme(), r, cmp.Or(widget.Plain(measure), "Quality"), false, c.chart.View, c.chart.Info()...)
}

// chartMin is the least size of the chart with its frame.
const (
	chartMinW = 60
	chartMinH = 12
)

// split cuts the screen into the table, the chart if there is room for one, and what the
// comparison says.
func (v *Group) split(r host.Rect) (table, chart, below host.Rect) {
	const lines = 6
	if r.H < 2*lines {
		return r, host.Rect{}, host.Rect{}
	}
	table, below = host.SplitY(r, r.H-lines)
	want := max(min(len(v.rows)+3, table.H*2/5), tableMin)
	if r.W < chartMinW || table.H-want < chartMinH {
		return table, host.Rect{}, below
	}
	table, chart = host.SplitY(table, want)
	return table, chart, below
}
