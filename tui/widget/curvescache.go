package widget

import (
	"math"
	"slices"
	"time"

	"innate/trainer/series"
	"innate/tui/theme"
)

// drawnChart is a framed chart as last drawn, and of what: most frames change
// nothing in most charts.
type drawnChart struct {
	key     chartKey
	curves  []curveKey
	lines   []string
	legendH int
}

// chartKey is all that a framed chart is drawn from but its curves.
type chartKey struct {
	w, h                     int
	theme                    *theme.Theme
	title                    string
	focused, inherits        bool
	logX, logY, xTime, ascii bool
	smoothing                float64
	best                     Best
	ref                      uint64 // bits: NaN is equal to itself
	refTag                   string
	lens                     lens
	bounds                   [2]float64
	firstMark                *Mark
	marks                    int
	start                    time.Time
	firstBand                *Band // bands are replaced as a whole
	bands                    int
}

// curveKey is what a curve is drawn from.
type curveKey struct {
	version series.Version
	spread  *series.Column // made anew when it changes
	last    float64        // tick of its run
	start   time.Time      // of its run
	name    string
	hidden  bool
}

func (c *Curves) keyOf(cell *gridCell) chartKey {
	g, ch := cell.group, cell.group.chart
	key := chartKey{
		w: cell.w, h: cell.h, theme: c.theme, title: g.title, focused: g == c.focus, inherits: g.smoothing == inherit,
		logX: ch.LogX, logY: ch.LogY, xTime: ch.XTime, ascii: ch.ASCII, smoothing: ch.Smoothing, best: ch.Best,
		ref: math.Float64bits(ch.ref), refTag: ch.refTag, lens: c.lens, bounds: c.bounds, marks: len(ch.marks), start: ch.clock.Start(),
	}
	if len(ch.marks) > 0 {
		key.firstMark = &ch.marks[0]
	}
	if key.bands = len(ch.bands); key.bands > 0 {
		key.firstBand = &ch.bands[0]
	}
	return key
}

func keyOfCurve(s *curve) curveKey {
	k := curveKey{version: s.col.Version(), spread: s.spread, name: s.name, hidden: s.hidden}
	if s.clock.Known() {
		k.last, k.start = s.clock.Last(), s.clock.Start()
	}
	return k
}

// is tells whether a chart of that key and these curves would look the same.
func (d *drawnChart) is(key chartKey, curves []*curve) bool {
	return d.lines != nil && d.key == key && slices.EqualFunc(d.curves, curves, func(k curveKey, s *curve) bool { return k == keyOfCurve(s) })
}

// note keeps what is about to be drawn.
func (d *drawnChart) note(key chartKey, curves []*curve) {
	d.key, d.curves = key, d.curves[:0]
	for _, s := range curves {
		d.curves = append(d.curves, keyOfCurve(s))
	}
}
