package runs

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/widget"
)

// groupKey begins the keys of rows that are a sweep or an ensemble, in place of the
// directory of a run.
const groupKey = "sweep:"

// groupOf is the group that the key of a row names, or nil.
func (v *View) groupOf(key string) *sweep.Group {
	if name, ok := strings.CutPrefix(key, groupKey); ok {
		return v.h.Runs().Group(name)
	}
	return nil
}

// selectedGroup is the group under the cursor, or nil.
func (v *View) selectedGroup() *sweep.Group { return v.groupOf(v.table.Cursor()) }

// asRun is a group as a run, which filters judge alike.
func (v *View) asRun(g *sweep.Group) *session.Listed {
	r := &session.Listed{}
	for _, m := range g.Points {
		for _, s := range m.Runs {
			first := r.Name == ""
			r.About.Tags = append(r.About.Tags, s.Info.About.Tags...)
			if listed := v.h.Runs().Named(s.Info.Dir); first && listed != nil {
				r.Config, r.Status.Method, r.Status.FreezePreset = listed.Config, listed.Status.Method, listed.Status.FreezePreset
				r.Name = g.Name
			}
		}
	}
	slices.Sort(r.About.Tags)
	r.About.Tags = slices.Compact(r.About.Tags)
	if at, s := session.BestPoint(g); at >= 0 {
		r.Status.BestFID, r.Status.LastFID, r.Status.FIDName = &s.Best.Mean, &s.Last.Mean, s.Name
	}
	r.Name, r.Status.State = g.Name, string(g.State)
	return r
}

// groupCells words a group for the list: the runs of it that are done, and the best of
// its points.
func (v *View) groupCells(g *sweep.Group, cols []widget.TableColumn, now time.Time) []widget.TableCell {
	t := v.h.Theme()
	r := v.asRun(g)
	c := cells(r, t, cols, now)
	s, want := session.Whole(g)
	c[colState] = widget.TableCell{Text: host.Badge(t, string(g.State), ""), Order: stateOrder(string(g.State))}
	c[colRun] = widget.TableCell{Text: v.groupName(g), Order: newestOf(g)}
	done := fmt.Sprintf("%d", s.Done) + t.Dim.Render(fmt.Sprintf(" / %d runs", want))
	if w := cols[colKimg].W; w > barW+1+8 && s.Total > 0 && s.Made > 0 {
		seen := float64(s.Nimg) / (float64(s.Total) * float64(want) / float64(s.Made))
		done += " " + widget.Meter(t, host.StateInk(t, string(g.State)), barW, seen)
	}
	c[colKimg] = widget.TableCell{Text: done, Order: float64(s.Nimg)}
	if at, s := session.BestPoint(g); at >= 0 {
		c[colBest] = sampleCell(t, s.Best)
		c[colLast] = widget.TableCell{Text: widget.Value(s.Last.Mean), Order: s.Last.Mean}
	}
	return c
}

// groupName is the name of a group with how many points it has, or seeds.
func (v *View) groupName(g *sweep.Group) string {
	t := v.h.Theme()
	many := fmt.Sprintf("%s%d", t.Glyphs.Times, len(g.Points))
	if len(g.Points) == 1 {
		s, _ := session.Whole(g)
		many = seeds(max(len(g.Seeds), s.Made))
	}
	return widget.Plain(g.Name) + t.Dim.Render("  "+many)
}

// seeds counts seeds.
func seeds(n int) string {
	if n == 1 {
		return "1 seed"
	}
	return strconv.Itoa(n) + " seeds"
}

// newestOf is the number of the newest run of a group.
func newestOf(g *sweep.Group) float64 {
	newest := math.Inf(-1)
	for _, m := range g.Points {
		for _, s := range m.Runs {
			if n, ok := run.Number(s.Info.Name); ok {
				newest = max(newest, float64(n))
			}
		}
	}
	if math.IsInf(newest, -1) {
		return math.Inf(1) // of a sweep's own names, which have no number: before the others
	}
	return newest
}

// sampleCell words a mean and its deviation.
func sampleCell(t *theme.Theme, s sweep.Sample) widget.TableCell {
	switch {
	case s.N == 0:
		return widget.TableCell{Text: t.Dim.Render("-"), Order: math.NaN()}
	case s.N == 1:
		return widget.TableCell{Text: widget.Value(s.Mean), Order: s.Mean}
	}
	return widget.TableCell{Text: widget.Value(s.Mean) + t.Dim.Render(" "+t.Glyphs.PlusMinus+strconv.FormatFloat(s.SD, 'g', 2, 64)), Order: s.Mean}
}

// orderGroup has the queue of a group do something: pause or resume.
func (v *View) orderGroup(g *sweep.Group, order, doing, done string) tea.Cmd {
	return giveGroup(v.h, g, order, doing, done, v.reread)
}

// giveGroup is orderGroup for any view.
func giveGroup(h host.Host, g *sweep.Group, order, doing, done string, again func() tea.Cmd) tea.Cmd {
	name := widget.Plain(g.Name)
	switch {
	case h.Options().Queue == nil:
		return h.Fail(fmt.Errorf("%s: %s", order, h.Options().Instead("sweep "+order+" "+g.Name)))
	case g.Dir == "":
		return h.Fail(fmt.Errorf("%s: %s has no queue: its runs are all that is left of it", order, name))
	case g.State == sweep.StateDone:
		return h.Fail(fmt.Errorf("%s: %s is done", order, name))
	}
	dir, queue := g.Dir, h.Options().Queue
	return tea.Batch(h.Notify(doing+" "+name, h.Theme().Warn), func() tea.Msg {
		ctx, cancel := context.WithTimeout(context.Background(), session.OrderTimeout)
		defer cancel()
		return queueMsg{done + " " + name, queue(ctx, dir, order), again}
	})
}

// queueMsg ends an order to a queue.
type queueMsg struct {
	done  string
	err   error
	again func() tea.Cmd
}

func (m queueMsg) report(h host.Host) tea.Cmd {
	if m.err != nil {
		return tea.Batch(m.again(), h.Fail(m.err))
	}
	return tea.Batch(m.again(), h.Notify(m.done, h.Theme().Good))
}

// errGroup refuses what is for single runs.
func errGroup(what string, g *sweep.Group) error {
	return fmt.Errorf("%s: %s is a sweep, want one of its runs (enter shows them)", what, widget.Plain(g.Name))
}

// askStopGroup asks whether a queue is to end.
func (v *View) askStopGroup(g *sweep.Group) tea.Cmd {
	return v.h.Ask(host.Question{
		Text: "Pause " + widget.Plain(g.Name) + "? Its runs stop, each at a checkpoint; r resumes it.",
		Yes:  func() tea.Cmd { return v.orderGroup(g, "pause", "pausing", "paused") },
	})
}
