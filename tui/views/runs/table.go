package runs

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
	colTags
	colCount
)

// Cells of the columns whose content takes what there is.
const (
	nameLeast          = 12 // on a terminal that has no room for more
	nameMin, nameMax   = 17, 34
	nameCut            = 3  // which a name may lose before it takes a column's place
	nameWhole          = 70 // a number and the longest name: what is left over goes to them
	barW               = 10 // of the progress beside the kimg
	trendMin, trendMax = 12, 48
	tagsMin, tagsMax   = 10, 24
)

// columns lays out the list in w cells. Which columns show depends on the
// width, on whether any run has tags and there are groups, and on the longest of
// the names, so that nothing moves while runs train.
func columns(w int, tagged, grouped bool, longest int) []widget.TableColumn {
	cols := []widget.TableColumn{
		colState:  {Name: "state"},
		colRun:    {Name: "run", W: nameLeast, Down: true, Middle: true},
		colMethod: {Name: "method"},
		colData:   {Name: "data"},
		colKimg:   {Name: "kimg", Right: true, Down: true},
		colBest:   {Name: "best", Right: true},
		colLast:   {Name: "last", Right: true},
		colSpeed:  {Name: "img/s", Right: true, Down: true},
		colFrozen: {Name: "frozen", Right: true, Down: true},
		colAge:    {Name: "age", Right: true},
		colTrend:  {Name: "trend"},
		colTags:   {Name: "tags"},
	}
	used := widget.TableMargin + nameLeast + 1 // and a space at the right end
	show := func(col, cells int) {
		if used+cells+widget.TableGap <= w {
			cols[col].W = cells
			used += cells + widget.TableGap
		}
	}
	give := func(col, most int) {
		extra := max(min(w-used, most-cols[col].W), 0)
		cols[col].W += extra
		used += extra
	}
	// What comes first is dropped last, and names come before what they mostly say.
	best := 7
	if grouped {
		best = 12 // a mean and its deviation
	}
	show(colBest, best)
	show(colState, 10)
	give(colRun, nameMin)
	if show(colKimg, 13); cols[colKimg].W > 0 {
		show(colAge, 7)
	}
	if longest > nameMin+nameCut {
		give(colRun, min(longest, nameMax))
	}
	if tagged {
		show(colTags, tagsMin)
	}
	show(colMethod, 10)
	show(colSpeed, 6)
	show(colLast, 7)
	show(colFrozen, 7)
	show(colData, 6)
	show(colTrend, trendMin)
	give(colRun, 26)
	if cols[colKimg].W > 0 && used+barW+1 <= w {
		cols[colKimg].W += barW + 1
		used += barW + 1
	}
	give(colRun, max(nameMax, min(longest, nameWhole)))
	if cols[colTags].W > 0 {
		give(colTags, tagsMax)
	}
	if cols[colTrend].W > 0 {
		give(colTrend, trendMax)
	}
	return cols
}

// cells words a run for the list.
func cells(r *session.Listed, t *theme.Theme, cols []widget.TableColumn, now time.Time) []widget.TableCell {
	st, none := &r.Status, widget.TableCell{Text: t.Dim.Render("-"), Order: math.NaN()}
	c := make([]widget.TableCell, colCount)
	for i := range c {
		c[i] = none
	}
	order := math.Inf(1) // a name of one's own: with the sweeps', before the others
	if n, ok := run.Number(r.Name); ok {
		order = float64(n)
	}
	c[colState] = widget.TableCell{Text: badge(r, t), Order: stateOrder(st.State)}
	c[colRun] = widget.TableCell{Text: widget.Plain(r.Name), Order: order}
	if m := methodOf(r); m != "" {
		c[colMethod] = widget.TableCell{Text: m}
	}
	if r.Config != nil {
		c[colData] = widget.TableCell{Text: widget.Plain(r.Config.Data.Title())}
	}
	c[colKimg] = kimgCell(r, t, cols[colKimg].W)
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
	if age, ok := r.Age(now); ok {
		c[colAge] = widget.TableCell{Text: widget.Duration(age), Order: age.Seconds()}
	}
	if tags := r.About.Tags; len(tags) > 0 {
		c[colTags] = widget.TableCell{Text: strings.Join(tags, " ")}
	}
	values := make([]float64, len(r.Points))
	for i, p := range r.Points {
		values[i] = p.Value
	}
	c[colTrend] = widget.TableCell{Text: t.Series[0].Render(widget.Sparkline(t, values, min(cols[colTrend].W, len(values)), r.Falls())), Order: r.Improvement()}
	return c
}

// kimgCell shows how far a run is, with a bar if w has room for it.
func kimgCell(r *session.Listed, t *theme.Theme, w int) widget.TableCell {
	st := &r.Status
	if st.TotalNimg <= 0 {
		return widget.TableCell{Text: t.Dim.Render("-"), Order: math.NaN()}
	}
	seen, total := kimgOf(st)
	text := seen + t.Dim.Render(" / "+widget.FitLeft(total, max(len(total), 4)))
	if w > barW+1+8 {
		text += " " + widget.Meter(t, host.StateInk(t, st.State), barW, float64(st.Nimg)/float64(st.TotalNimg))
	}
	return widget.TableCell{Text: text, Order: float64(st.Nimg)}
}

// kimgOf writes how far a run is and how far it goes, which is mostly a round
// number.
func kimgOf(st *run.Status) (seen, total string) {
	seen, total = widget.KimgOf(st.Nimg, st.TotalNimg)
	return seen, strings.TrimSuffix(total, ".0")
}

func frozenShare(fraction float64) string { return fmt.Sprintf("%.1f %%", 100*fraction) }

// badge words the state of a run.
func badge(r *session.Listed, t *theme.Theme) string {
	if r.Err != nil {
		return t.Bad.Render(t.Glyphs.Error + " error")
	}
	return host.Badge(t, r.Status.State, "")
}

// stateOrder puts what needs attention or is at work first.
func stateOrder(state string) float64 {
	for i, s := range []string{
		run.StateRunning, run.StateStarting, run.StateStopping, run.StatePaused, run.StateQueued,
		run.StateDead, run.StateFailed, run.StateNew, run.StateStopped, run.StateDone,
	} {
		if s == state {
			return float64(i)
		}
	}
	return 10
}

// methodOf is the method that trains a run, for the screen.
func methodOf(r *session.Listed) string { return widget.Plain(r.Method()) }
