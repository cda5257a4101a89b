package widget

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"innate/trainer/series"
	"innate/tui/theme"
)

// Curves is every scalar of a run, found in its log: one chart for each group of
// names (what stands before the slash), in a grid. All charts share the x axis,
// its window and the cursor. Curves of other runs may be laid over them.
//
// It keeps no numbers: those are in the columns of the runs, and what drawing
// needs besides is computed for the charts on the screen alone.
type Curves struct {
	LogX, XTime bool           // as in Chart, for all
	ASCII       bool           // draw without braille
	Smoothing   float64        // of all groups that don't have their own
	Location    *time.Location // of the times shown
	Empty       string         // shown while there is no point

	theme  *theme.Theme
	known  Known
	main   *Run
	others []*Run
	groups []*curveGroup // in order of the screen, empty ones included
	marks  []Mark        // of the main run, in order of x
	lens   lens
	bounds [2]float64

	focus *curveGroup
	top   int // first visible row of the grid
	max   bool
	grid  grid // of the last View
	size  int  // bytes that the next View may need
}

// curveGroup is a chart and what is known about its scalars.
type curveGroup struct {
	name, title string
	kind        Group
	chart       *Chart
	smoothing   float64 // inherit = that of all
	drawn       drawnChart
}

const inherit = -1

// Group is how the scalars of a name, before the slash, are shown until the user
// decides.
type Group struct {
	Name   string
	LogY   bool
	Best   Best
	Seldom bool // exact values, one now and then: not smoothed, and null is no gap
}

// Known is what a caller knows of the scalars that a log may have.
type Known struct {
	Groups []Group  // those with manners of their own, in the order of the screen; others follow by name
	First  []string // scalars, after the slash, that come first in their group
}

// group returns how a group is shown.
func (k *Known) group(name string) Group {
	if i := k.rank(name); i < len(k.Groups) {
		return k.Groups[i]
	}
	return Group{Name: name}
}

// rank returns the place of a group on the screen.
func (k *Known) rank(name string) int {
	i := slices.IndexFunc(k.Groups, func(g Group) bool { return g.Name == name })
	if i < 0 {
		return len(k.Groups)
	}
	return i
}

// compareGroups orders groups on the screen.
func (k *Known) compareGroups(a, b *curveGroup) int {
	return cmp.Or(cmp.Compare(k.rank(a.name), k.rank(b.name)), cmp.Compare(a.name, b.name))
}

// compareScalars orders the scalars of a tick.
func (k *Known) compareScalars(a, b string) int {
	rank := func(key string) int {
		_, short, _ := strings.Cut(key, "/")
		if i := slices.Index(k.First, short); i >= 0 {
			return i
		}
		return len(k.First)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
}

// NewCurves returns a widget of the curves of a run, as its columns grow.
func NewCurves(t *theme.Theme, run *series.Run, known Known) *Curves {
	c := &Curves{theme: t, known: known, Smoothing: 0.6, Location: time.Local, Empty: "no ticks yet"}
	c.main = c.newRun("", run)
	return c
}

// SetTheme redraws in other colours.
func (c *Curves) SetTheme(t *theme.Theme) {
	c.theme = t
	for _, g := range c.groups {
		g.chart.SetTheme(t)
	}
}

// SetStart sets when the main run was started, from which minutes count. Without
// it they count from the first tick.
func (c *Curves) SetStart(t time.Time) { c.main.data.Clock().SetStart(t) }

// ClearMarks drops all events. Settings stay.
func (c *Curves) ClearMarks() { c.marks = nil }

// Mark appends an event of the main run.
func (c *Curves) Mark(m Mark) { c.marks = insertMark(c.marks, m) }

// SetReference draws a labelled line through a group's chart; NaN removes it.
func (c *Curves) SetReference(name string, y float64, label string) {
	c.group(name).chart.SetReference(y, label)
}

// SetTitle names a group's chart.
func (c *Curves) SetTitle(name, title string) { c.group(name).title = title }

// SetMeasured makes a group's values exact ones, measured now and then, of which
// the highest or the lowest is best.
func (c *Curves) SetMeasured(name string, rises bool) {
	g := c.group(name)
	if !g.kind.Seldom {
		g.kind.Seldom, g.smoothing = true, 0
	}
	g.chart.Best = BestMin
	if rises {
		g.chart.Best = BestMax
	}
}

// AddRun lays another run over the charts. Names tell runs apart in the legend.
func (c *Curves) AddRun(name string, data *series.Run) *Run {
	r := c.newRun(name, data)
	c.others = append(c.others, r)
	return r
}

// RemoveRun takes a run away again.
func (c *Curves) RemoveRun(r *Run) {
	c.others = slices.DeleteFunc(c.others, func(o *Run) bool { return o == r })
	for _, g := range c.groups {
		g.chart.curves = slices.DeleteFunc(g.chart.curves, func(s *curve) bool { return s.clock == r.data.Clock() })
	}
}

// group returns the group of that name, made if it is new.
func (c *Curves) group(name string) *curveGroup {
	for _, g := range c.groups {
		if g.name == name {
			return g
		}
	}
	g := &curveGroup{name: name, title: Plain(name), kind: c.known.group(name), smoothing: inherit}
	if g.kind.Seldom {
		g.smoothing = 0
	}
	g.chart = &Chart{
		theme: c.theme, ref: math.NaN(), clock: c.main.data.Clock(), lens: &c.lens, bounds: &c.bounds,
		LogY: g.kind.LogY, Best: g.kind.Best, LabelW: gridLabelW,
		Empty: "no curve to draw",
	}
	at, _ := slices.BinarySearchFunc(c.groups, g, c.known.compareGroups)
	c.groups = slices.Insert(c.groups, at, g)
	return g
}

// shown are the groups that have points.
func (c *Curves) shown() []*curveGroup {
	c.main.sync()
	for _, r := range c.others {
		r.sync()
	}
	out := make([]*curveGroup, 0, len(c.groups))
	for _, g := range c.groups {
		if g.chart.Len() > 0 {
			out = append(out, g)
		}
	}
	return out
}

// prepare hands every chart what they share, and spans the x axis over all
// curves so that the charts line up.
func (c *Curves) prepare(shown []*curveGroup) {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, g := range shown {
		ch := g.chart
		ch.LogX, ch.XTime, ch.ASCII, ch.Location, ch.marks = c.LogX, c.XTime, c.ASCII, c.Location, c.marks
		if ch.Smoothing = g.smoothing; g.smoothing == inherit {
			ch.Smoothing = c.Smoothing
		}
		ch.bounds = nil
		if a, b, ok := ch.rangeX(); ok {
			lo, hi = min(lo, a), max(hi, b)
		}
		ch.bounds = &c.bounds
	}
	c.bounds = [2]float64{lo, hi}
}
