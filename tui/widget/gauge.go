package widget

import (
	"fmt"
	"math"
	"strings"

	"innate/tui/theme"
)

// Gauge is one measured quantity: how much of it is in use, and how that was
// over the last minute.
type Gauge struct {
	Name   string
	Share  float64 // in [0, 1]; NaN draws no bar
	Value  string
	Detail string    // in dim letters, where there is room
	Past   []float64 // oldest first; NaN is a gap
	Max    float64   // that the scale of Past ends at; 0 takes the largest
	Ink    theme.Ink
	Flat   bool // there is nothing but the detail, on one row
}

// Widths of a gauge's columns.
const (
	gaugeName   = 9
	gaugeValue  = 15
	gaugeDetail = 36
	gaugePast   = 60 // a cell a second
	gaugeRows   = 8  // of a graph at most
	gaugeRoom   = 112
)

// Gauges draws gauges below each other in w by h cells. The more room, the
// larger their graphs.
func Gauges(t *theme.Theme, gauges []Gauge, w, h int) []string {
	flat := 0
	for _, g := range gauges {
		if g.Flat {
			flat++
		}
	}
	rows, extra, gap := 1, 0, false
	if graphs := len(gauges) - flat; graphs > 0 {
		room := h - (len(gauges) - 1) - flat
		if rows, extra, gap = room/graphs, room%graphs, true; rows < 2 {
			rows, extra, gap = 1, 0, room >= graphs
		}
	}
	var lines []string
	for i, g := range gauges {
		if i > 0 && gap {
			lines = append(lines, "")
		}
		n := rows
		if extra > 0 && !g.Flat {
			n, extra = n+1, extra-1
		}
		lines = append(lines, g.lines(t, w, min(n, gaugeRows))...)
	}
	return lines
}

// lines draws one gauge over some rows: name, bar and value on the first, the
// detail beside them or below, the graph at the right.
func (g Gauge) lines(t *theme.Theme, w, rows int) []string {
	e := t.Glyphs.Ellipsis
	room := w - (2 + gaugeName + 1 + 2 + gaugeValue + 2 + 2) // less margins and gaps
	beside := w >= gaugeRoom && rows == 1
	if beside {
		room -= gaugeDetail + 2
	}
	pastW := max(room-10, 0)
	if pastW >= gaugePast {
		pastW = gaugePast
	} else if pastW >= gaugePast/2 {
		pastW = gaugePast / 2
	}
	barW := max(min(room-pastW, 24), 0)

	meter := strings.Repeat(" ", barW)
	if finite(g.Share) {
		meter = Meter(t, g.Ink, barW, g.Share)
	}
	if g.Flat {
		return []string{"  " + Fit(g.Name, gaugeName, e) + " " + t.Dim.Render(Plain(g.Detail))}
	}
	left := make([]string, rows)
	left[0] = "  " + Fit(g.Name, gaugeName, e) + " " + meter + "  " + FitLeft(g.Value, gaugeValue)
	detail := t.Dim.Render(Plain(g.Detail))
	if beside {
		left[0] += "  " + Fit(detail, gaugeDetail, e)
	} else if rows > 1 {
		left[1] = "  " + strings.Repeat(" ", gaugeName+1) + detail
	}
	graph := area(t, g.Ink, g.Past, g.Max, pastW, rows)
	for i := range left {
		left[i] = Fit(left[i], w-pastW-4, e) + "  " + graph[i]
	}
	return left
}

// Meter draws a bar of w cells, done up to a share in [0, 1].
func Meter(t *theme.Theme, ink theme.Ink, w int, share float64) string {
	g := t.Glyphs
	halves := int(math.Round(min(max(share, 0), 1) * float64(2*w)))
	done := strings.Repeat(g.BarDone, halves/2)
	rest := w - halves/2
	if halves%2 == 1 {
		done += g.BarEdge
		rest--
	}
	return ink.Render(done) + t.Faint.Render(strings.Repeat(g.BarRest, rest))
}

// area draws values as columns on rows of w cells, a cell each while they fit
// and else the means of neighbours, the newest at the right. Cells without a
// value have a rule at the bottom, so that the graph has a place before it has
// values.
func area(t *theme.Theme, ink theme.Ink, past []float64, top float64, w, rows int) []string {
	spark := t.Glyphs.Spark
	cells := spread(past, w)
	if top <= 0 {
		for _, v := range cells {
			if finite(v) {
				top = max(top, v)
			}
		}
	}
	lines := make([]string, rows)
	for row := range rows {
		floor := 8 * (rows - 1 - row) // eighths below this row
		var b strings.Builder
		run, faint := "", false
		flush := func() {
			if faint {
				b.WriteString(t.Faint.Render(run))
			} else {
				b.WriteString(ink.Render(run))
			}
			run = ""
		}
		for _, v := range cells {
			eighths := 0
			if finite(v) && top > 0 {
				eighths = int(math.Round(min(max(v/top, 0), 1) * float64(8*rows)))
			}
			cell, rule := " ", false
			switch over := eighths - floor; {
			case over >= 8:
				cell = spark[7]
			case over > 0:
				cell = spark[over-1]
			case floor == 0:
				cell, rule = spark[0], true
			}
			if rule != faint {
				flush()
				faint = rule
			}
			run += cell
		}
		flush()
		lines[row] = b.String()
	}
	return lines
}

// spread puts values into w cells, the newest at the right end; cells left over
// are NaN.
func spread(v []float64, w int) []float64 {
	cells := make([]float64, w)
	each := max((len(v)+w-1)/max(w, 1), 1) // values to a cell
	for i := range cells {
		to := len(v) - each*(w-1-i)
		sum, n := 0.0, 0
		for _, x := range v[max(min(to-each, len(v)), 0):max(to, 0)] {
			if finite(x) {
				sum, n = sum+x, n+1
			}
		}
		cells[i] = sum / float64(n) // 0/0 is NaN
	}
	return cells
}

// Bytes writes a size with three digits: 999 B, 12.3 kB, 1.21 GB.
func Bytes(v float64) string {
	switch {
	case !finite(v) || v < 0:
		return "-"
	case v < 999.5:
		return fmt.Sprintf("%.0f B", v)
	}
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		switch v /= 1000; {
		case v < 9.995:
			return fmt.Sprintf("%.2f %s", v, unit)
		case v < 99.95:
			return fmt.Sprintf("%.1f %s", v, unit)
		case v < 999.5:
			return fmt.Sprintf("%.0f %s", v, unit)
		}
	}
	return fmt.Sprintf("%.0f PB", v/1000)
}
