package widget

import (
	"strings"

	"innate/trainer/series"
	"innate/tui/theme"
)

// NewOverlay returns a widget that compares runs: a chart for each of the
// scalars, in which every run has the same colour. The runs come back in order,
// to take their ticks; they have no other scalars.
func NewOverlay(t *theme.Theme, runs, scalars []string, known Known) (*Curves, []*series.Run) {
	data := make([]*series.Run, len(runs))
	list := make([]*Run, len(runs))
	var c *Curves
	for i, name := range runs {
		data[i] = series.Only(scalars...)
		if i == 0 {
			c = NewCurves(t, data[i], known)
			list[i] = c.main
		} else {
			list[i] = c.AddRun(name, data[i])
		}
	}
	for _, key := range scalars {
		g := c.group(key)
		name, short, _ := strings.Cut(key, "/")
		g.title = Plain(strings.TrimSpace(short + " " + name)) // loss/gen: gen loss
		if g.kind = known.group(name); g.kind.Seldom {
			g.smoothing = 0
		}
		g.chart.LogY, g.chart.Best = g.kind.LogY, BestNone
		for i, r := range list {
			col := r.data.Column(key)
			r.known[col] = true
			g.chart.curves = append(g.chart.curves, &curve{name: runs[i], col: col, clock: r.data.Clock(), guest: r != c.main})
		}
	}
	return c, data
}

// RunSign is what the curves of the i-th of n runs look like.
func (c *Curves) RunSign(i, n int) string {
	ch := Chart{theme: c.theme, ASCII: c.ASCII}
	for range n {
		s := newCurve("", nil)
		s.col.Add(0, 0)
		ch.curves = append(ch.curves, s)
	}
	return ch.Sign(i)
}
