package tui

import (
	"fmt"
	"math"
	"strings"
	"time"

	"innate/trainer/run"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// The columns of the list of runs, in order.
const (
	colState = iota
	colRun
	colMethod
	colData
	colKimg
	colBest
	colLast
	colSpeed
	colFrozen
	colAge
	colTrend
	colCount
)

// Cells of the columns whose content takes what there is.
const (
	runNameMin, runNameMax = 17, 34
	barW                   = 10 // of the progress beside the kimg
	trendMin, trendMax     = 12, 48
)

// runColumns lays out the list in w cells. Which columns show depends on the
// width alone, so that nothing moves while runs go on.
func runColumns(w int) []widget.TableColumn {
	cols := []widget.TableColumn{
		colState:  {Name: "state", W: 10},
		colRun:    {Name: "run", W: runNameMin, Down: true},
		colMethod: {Name: "method"},
		colData:   {Name: "data"},
		colKimg:   {Name: "kimg", W: 13, Right: true, Down: true},
		colBest:   {Name: "best", W: 7, Right: true},
		colLast:   {Name: "last", Right: true},
		colSpeed:  {Name: "img/s", Right: true, Down: true},
		colFrozen: {Name: "frozen", Right: true, Down: true},
		colAge:    {Name: "age", W: 7, Right: true},
		colTrend:  {Name: "trend"},
	}
	used := widget.TableMargin - widget.TableGap + 1 // and a space at the right end
	for _, c := range cols {
		if c.W > 0 {
			used += c.W + widget.TableGap
		}
	}
	// What comes first is dropped last.
	for _, c := range []struct{ col, w int }{
		{colMethod, 10}, {colSpeed, 6}, {colLast, 7}, {colFrozen, 7}, {colData, 6}, {colTrend, trendMin},
	} {
		if used+c.w+widget.TableGap <= w {
			cols[c.col].W = c.w
			used += c.w + widget.TableGap
		}
	}
	give := func(col, most int) {
		extra := min(max(w-used, 0), most-cols[col].W)
		cols[col].W += extra
		used += extra
	}
	give(colRun, 26)
	if used+barW+1 <= w {
		cols[colKimg].W += barW + 1
		used += barW + 1
	}
	give(colRun, runNameMax)
	if cols[colTrend].W > 0 {
		give(colTrend, trendMax)
	}
	return cols
}

// cells words a run for the list.
func (r *runRow) cells(t *theme.Theme, cols []widget.TableColumn, now time.Time) []widget.TableCell {
	st, none := &r.Status, widget.TableCell{Text: t.Dim.Render("-"), Order: math.NaN()}
	c := make([]widget.TableCell, colCount)
	for i := range c {
		c[i] = none
	}
	number, _ := run.Number(r.Name)
	c[colState] = widget.TableCell{Text: r.badge(t), Order: stateOrder(st.State)}
	c[colRun] = widget.TableCell{Text: widget.Plain(r.Name), Order: float64(number)}
	if m := r.method(); m != "" {
		c[colMethod] = widget.TableCell{Text: m}
	}
	if r.config != nil {
		c[colData] = widget.TableCell{Text: widget.Plain(r.config.Data.Dataset)}
	}
	c[colKimg] = r.kimgCell(t, cols[colKimg].W)
	fid := func(v *float64) widget.TableCell {
		if v == nil {
			return none
		}
		return widget.TableCell{Text: widget.Value(*v), Order: *v}
	}
	c[colBest], c[colLast] = fid(st.BestFID), fid(st.LastFID)
	if st.State == run.StateRunning && st.ImagesPerSec > 0 {
		c[colSpeed] = widget.TableCell{Text: widget.Rate(st.ImagesPerSec), Order: st.ImagesPerSec}
	}
	if st.Params > 0 {
		c[colFrozen] = widget.TableCell{Text: frozenShare(st.FrozenFraction), Order: st.FrozenFraction}
	}
	if age, ok := r.age(now); ok {
		c[colAge] = widget.TableCell{Text: widget.Duration(age), Order: age.Seconds()}
	}
	values := make([]float64, len(r.points))
	for i, p := range r.points {
		values[i] = p.value
	}
	c[colTrend] = widget.TableCell{Text: t.Series[0].Render(widget.Sparkline(t, values, min(cols[colTrend].W, len(values)), r.falls())), Order: r.improvement()}
	return c
}

// kimgCell shows how far a run is, with a bar if w has room for it.
func (r *runRow) kimgCell(t *theme.Theme, w int) widget.TableCell {
	st := &r.Status
	if st.TotalNimg <= 0 {
		return widget.TableCell{Text: t.Dim.Render("-"), Order: math.NaN()}
	}
	text := widget.Kimg(st.Nimg) + t.Dim.Render(" / "+widget.FitLeft(wholeKimg(st.TotalNimg), 4))
	if w > barW+1+8 {
		text += " " + widget.Meter(t, host.StateInk(t, st.State), barW, float64(st.Nimg)/float64(st.TotalNimg))
	}
	return widget.TableCell{Text: text, Order: float64(st.Nimg)}
}

// wholeKimg writes a total, which seldom has decimals.
func wholeKimg(nimg int64) string { return strings.TrimSuffix(widget.Kimg(nimg), ".0") }

func frozenShare(fraction float64) string { return fmt.Sprintf("%.1f %%", 100*fraction) }

// badge words the state of a run.
func (r *runRow) badge(t *theme.Theme) string {
	if r.err != nil {
		return t.Bad.Render(t.Glyphs.Error + " error")
	}
	return host.Badge(t, r.Status.State, "")
}

// method is what the trainer said, or before it has said anything, the config.
func (r *runRow) method() string {
	st := r.Status
	if st.Method == "" && r.config != nil {
		st.Method, st.FreezePreset = r.config.Method, r.config.Freeze.Preset
	}
	return widget.Plain(session.MethodName(&st))
}

// stateOrder puts what needs attention or is at work first.
func stateOrder(state string) float64 {
	for i, s := range []string{
		run.StateRunning, run.StateStarting, run.StateStopping, run.StatePaused,
		run.StateDead, run.StateFailed, run.StateNew, run.StateStopped, run.StateDone,
	} {
		if s == state {
			return float64(i)
		}
	}
	return 9
}

// age is the time since a run started, or since it ended.
func (r *runRow) age(now time.Time) (time.Duration, bool) {
	st := &r.Status
	since := st.Time
	if run.Active(st.State) {
		since = st.Started
	}
	if since.IsZero() || st.State == run.StateNew {
		return 0, false
	}
	return max(now.Sub(since), 0), true
}

// falls reports whether less of the quality is better.
func (r *runRow) falls() bool { return r.quality == r.Status.Quality() && !r.Status.Rises }

// improvement is what share of its first value the quality has reached.
func (r *runRow) improvement() float64 {
	if len(r.points) < 2 || r.points[0].value == 0 {
		return math.NaN()
	}
	return r.points[len(r.points)-1].value / r.points[0].value
}
