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
	nameMin, nameMax   = 17, 34
	barW               = 10 // of the progress beside the kimg
	trendMin, trendMax = 12, 48
	tagsMin, tagsMax   = 10, 24
)

// columns lays out the list in w cells. Which columns show depends on the
// width, and on whether any run has tags and there are groups, so that nothing moves
// while runs train.
func columns(w int, tagged, grouped bool) []widget.TableColumn {
	cols := []widget.TableColumn{
		colState:  {Name: "state", W: 10},
		colRun:    {Name: "run", W: nameMin, Down: true},
		colMethod: {Name: "method"},
		colData:   {Name: "data"},
		colKimg:   {Name: "kimg", W: 13, Right: true, Down: true},
		colBest:   {Name: "best", W: 7, Right: true},
		colLast:   {Name: "last", Right: true},
		colSpeed:  {Name: "img/s", Right: true, Down: true},
		colFrozen: {Name: "frozen", Right: true, Down: true},
		colAge:    {Name: "age", W: 7, Right: true},
		colTrend:  {Name: "trend"},
		colTags:   {Name: "tags"},
	}
	if grouped {
		cols[colBest].W = 12 // a mean and its deviation
	}
	used := widget.TableMargin - widget.TableGap + 1 // and a space at the right end
	for _, c := range cols {
		if c.W > 0 {
			used += c.W + widget.TableGap
		}
	}
	// What comes first is dropped last.
	for _, c := range []struct{ col, w int }{
		{colTags, tagsMin}, {colMethod, 10}, {colSpeed, 6}, {colLast, 7}, {colFrozen, 7}, {colData, 6}, {colTrend, trendMin},
	} {
		if (c.col != colTags || tagged) && used+c.w+widget.TableGap <= w {
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
	give(colRun, nameMax)
	if tagged && cols[colTags].W > 0 {
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
	number, _ := run.Number(r.Name)
	c[colState] = widget.TableCell{Text: badge(r, t), Order: stateOrder(st.State)}
	c[colRun] = widget.TableCell{Text: widget.Plain(r.Name), Order: float64(number)}
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
