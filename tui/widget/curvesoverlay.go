package widget

import (
	"strings"

	"innate/tui/theme"
)

// NewOverlay returns a widget that compares runs: a chart for each of the
// scalars, in which every run has the same colour. The runs come back in order,
// to take their ticks; scalars that have no chart are not to be among them.
func NewOverlay(t *theme.Theme, runs, scalars []string) (*Curves, []*Run) {
	c := NewCurves(t)
	list := make([]*Run, len(runs))
	for i, name := range runs {
		list[i] = c.main
		if i > 0 {
			list[i] = c.AddRun(name)
		}
	}
	for _, key := range scalars {
		g := c.group(key)
		name, short, _ := strings.Cut(key, "/")
		g.title = Plain(strings.TrimSpace(short + " " + name)) // loss/gen: gen loss
		for _, k := range groupKinds {
			if k.name == name {
				g.kind = k
			}
		}
		if g.kind.seldom {
			g.smoothing = 0
		}
		g.chart.LogY, g.chart.Best = g.kind.logY, BestNone
		for i, r := range list {
			s := newCurve(runs[i], r.clock)
			s.guest = r != c.main
			one := &scalar{key: key, curve: s, seldom: g.kind.seldom}
			g.chart.curves = append(g.chart.curves, s)
			r.scalars = append(r.scalars, one)
			r.byKey[key] = one
		}
	}
	return c, list
}

// RunSign is what the curves of the i-th of n runs look like.
func (c *Curves) RunSign(i, n int) string {
	ch := Chart{theme: c.theme, ASCII: c.ASCII}
	for range n {
		ch.curves = append(ch.curves, &curve{x: []float64{0}})
	}
	return ch.sign(i)
}
