package dashboard

import (
	"math"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// charts are the two charts: of the losses, and of how good the network is.
type charts struct {
	loss, quality *widget.Chart
	scalars       int      // in the log, when it was last looked
	lossKeys      []string // those of the chart of losses, in order of its curves …
	qualityKeys   []string // … and of the chart of quality
}

// Names of charts in the remembered state. The second one is called after what the
// run is judged by, which mostly is FID.
const (
	lossChart = "loss"
	fidChart  = "fid"
)

// chartDefaults set the charts nobody has changed yet: FID goes from thousands
// down to tens.
var chartDefaults = map[string]host.ChartState{lossChart: {Smoothing: 0.6}, fidChart: {LogY: true}}

func (v *View) chart(p part) *widget.Chart {
	if p == lossPart {
		return v.loss
	}
	return v.quality
}

// chartName is what the remembered state calls a chart, and the view of curves
// its group.
func (v *View) chartName(p part) string {
	if p == lossPart {
		return lossChart
	}
	group, _, _ := strings.Cut(v.qualityKeys[0], "/")
	return group
}

// chosen are the charts that keys change: the one with the focus, else both.
func (v *View) chosen() []part {
	if p := v.focus(); p.isChart() {
		return []part{p}
	}
	return []part{lossPart, qualityPart}
}

// newCharts makes empty charts for the scalars known so far, set as remembered.
func (v *View) newCharts() {
	run := v.h.Run()
	v.qualityKeys = run.QualityKeys()
	v.loss = widget.ChartOf(v.h.Theme(), run.Series.OwnClock(), shortNames(v.lossKeys))
	v.quality = widget.ChartOf(v.h.Theme(), run.Series.OwnClock(), plain(run.QualityNames()))
	v.bindColumns()
	for _, p := range []part{lossPart, qualityPart} {
		set, ok := v.h.State().Charts[v.chartName(p)]
		if !ok {
			set = chartDefaults[v.chartName(p)]
		}
		c := v.chart(p)
		c.LogX, c.LogY, c.Smoothing = set.LogX, set.LogY, set.Smoothing
		c.Location = v.h.Options().Location
	}
	v.quality.Best = widget.BestMin
	if run.QualityRises() {
		v.quality.Best = widget.BestMax
	}
}

// shortNames drops the group from scalar names: loss/gen is gen.
func shortNames(keys []string) []string {
	var short []string
	for _, k := range keys {
		short = append(short, k[strings.LastIndexByte(k, '/')+1:])
	}
	return short
}

// plain makes names from the log safe to draw.
func plain(names []string) []string {
	for i, name := range names {
		names[i] = widget.Plain(name)
	}
	return names
}

// lossKeysOf picks the curves of the chart of losses: the two sides of the game and what
// else judges a student,
// or else every loss there is.
func lossKeysOf(known map[string]bool) []string {
	var keys []string
	for _, k := range []string{"loss/gen", "loss/disc", "loss/fd", "loss/distill"} {
		if known[k] {
			keys = append(keys, k)
		}
	}
	if len(keys) > 0 {
		return keys
	}
	for k := range known {
		if strings.HasPrefix(k, "loss/") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys[:min(len(keys), theme.SeriesCount)]
}

// bindColumns gives the charts the columns of their scalars, as far as the log
// has them.
func (v *View) bindColumns() {
	series := v.h.Run().Series
	for i, k := range v.lossKeys {
		v.loss.SetColumn(i, series.Find(k))
	}
	for i, k := range v.qualityKeys {
		v.quality.SetColumn(i, series.Find(k))
	}
}

// findKeys looks for scalars that the log did not have before, and reports
// whether the two charts show others from now on.
func (v *View) findKeys() bool {
	run := v.h.Run()
	columns := run.Series.Columns()
	judged := slices.Equal(run.QualityKeys(), v.qualityKeys) // the status may name judges after the log does
	if len(columns) == v.scalars && judged {
		return false
	}
	v.scalars = len(columns)
	found := map[string]bool{}
	for _, c := range columns {
		found[c.Name] = true
	}
	keys := lossKeysOf(found)
	if slices.Equal(keys, v.lossKeys) && judged {
		v.bindColumns()
		return false
	}
	v.lossKeys = keys
	return true
}

// AddEvents implements host.EventsView: what the log has new may need other
// curves, and has marks.
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	if v.findKeys() || reset {
		v.newCharts()
		events = v.h.Run().Events
	}
	for _, e := range events {
		if m, ok := host.MarkOf(e); ok && m.Kind != runlog.FID && m.Kind != runlog.Checkpoint {
			v.loss.Mark(m)
			v.quality.Mark(m)
		}
	}
}

// Polled implements host.PollView. Both charts end where the run is, also while
// its history is being read: the axes then don't move under the curves.
func (v *View) Polled(*session.PollMsg) tea.Cmd {
	run := v.h.Run()
	nimg := run.LastNimg
	if run.Reading {
		nimg = max(nimg, run.Status().Nimg)
	}
	v.loss.MaxX, v.quality.MaxX = float64(nimg)/1000, float64(nimg)/1000
	return nil
}

// dressCharts gives the charts what they draw besides curves: the teacher's
// quality, once known, across the second one, and in words what they wait for.
func (v *View) dressCharts() {
	run := v.h.Run()
	v.loss.ASCII, v.quality.ASCII = v.h.Display().ASCII, v.h.Display().ASCII
	v.quality.SetReference(math.NaN(), "")
	if fid := run.Status().TeacherFID; fid != nil {
		v.quality.SetReference(*fid, "teacher "+widget.Value(*fid))
	}
	v.quality.SetBands(host.Bands(run, run.Status().FIDName))
	v.loss.Empty, v.quality.Empty = run.Waits(), run.Waits()
	if v.loss.Len() > 0 {
		v.quality.Empty = "no evaluation yet"
	}
}

func (v *View) bindCharts() {
	cursors := func(by int) func() tea.Cmd {
		return func() tea.Cmd {
			for _, p := range v.chosen() {
				v.chart(p).MoveCursor(by)
			}
			return nil
		}
	}
	change := func(f func(*widget.Chart)) func() tea.Cmd {
		return func() tea.Cmd { v.change(f); return nil }
	}
	v.chartKeys = host.NewSection("charts",
		host.Bind("left h", "← h", "", "cursor left: read values", cursors(-1)),
		host.Bind("right l", "→ l", "", "cursor right", cursors(1)),
		host.Bind("shift+left H", "H", "", "cursor left by ten", cursors(-10)),
		host.Bind("shift+right L", "L", "", "cursor right by ten", cursors(10)),
	)
	v.axesKeys = host.NewSection("axes",
		host.Bind("y", "y", "log y", "logarithmic y axis (focused chart, or both)", change(func(c *widget.Chart) { c.LogY = !c.LogY })),
		host.Bind("x", "x", "log x", "logarithmic x axis", change(func(c *widget.Chart) { c.LogX = !c.LogX })),
		host.Bind("s", "s", "smooth", "smoothing: off, 0.6, 0.9, 0.97", change((*widget.Chart).CycleSmoothing)),
		host.Bind("b", "b", "", "braille or ASCII curves", func() tea.Cmd {
			d := v.h.Display()
			d.ASCII = !d.ASCII
			return nil
		}),
	)
}

// change changes charts and remembers how they are set.
func (v *View) change(f func(*widget.Chart)) {
	for _, p := range v.chosen() {
		c := v.chart(p)
		f(c)
		v.h.State().Charts[v.chartName(p)] = host.ChartState{LogX: c.LogX, LogY: c.LogY, Smoothing: c.Smoothing}
	}
}

// hideCursors takes the charts' read-outs away and reports whether any showed.
func (v *View) hideCursors() bool {
	loss, quality := v.loss.HideCursor(), v.quality.HideCursor()
	return loss || quality
}

// readOut is what the cursor of a chart that keys change reads.
func (v *View) readOut() string {
	for _, p := range v.chosen() {
		if read := v.chart(p).ReadOut(); read != "" {
			return read
		}
	}
	return ""
}
