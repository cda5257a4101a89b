package runs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/trainer/sweep"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// Group is the table of a sweep or an ensemble: its points, or what they come to by
// one setting, with the settings as columns.
type Group struct {
	h    host.Host
	keys *host.Section

	name   string
	by     string // setting by which points are put together; "" for each alone
	filter string
	table  widget.Table
	rows   map[string]groupRow
	curves groupCurves
	charts bool // whether the screen has room for the curves
}

// groupRow is a line of the table: a point, or those of one value.
type groupRow struct {
	name   string
	points []*sweep.Member
}

// runs are those of all its points.
func (r groupRow) runs() (list []sweep.Seed) {
	for _, m := range r.points {
		list = append(list, m.Runs...)
	}
	return list
}

// NewGroup returns the table of no group, which tells its keys.
func NewGroup(h host.Host) host.View { return newGroup(h, "") }

func newGroup(h host.Host, name string) *Group {
	v := &Group{h: h, name: name, rows: map[string]groupRow{}}
	move := func(do func(t *widget.Table)) func() tea.Cmd {
		return func() tea.Cmd { do(&v.table); return nil }
	}
	v.keys = host.NewSection("sweep",
		host.Bind("enter", "enter", "open", "open the run, or choose one of several", v.open),
		host.Bind("space", "space", "mark", "mark the point, or unmark it", move((*widget.Table).Mark)),
		host.Bind("o", "o", "overlay", "marked points' curves, each with its band", v.overlay),
		host.Bind("b", "b", "by", "put points together by a setting", v.groupBy),
		host.Bind("/", "/", "filter", "filter: words, key=value, !not", v.askFilter),
		host.Bind("P", "P", "pause", "pause the queue, or resume it", v.pause),
		host.Bind("r", "r", "resume", "resume the queue", v.resume),
		host.Bind("> right l", "> l", "", "sort by the next column", move(func(t *widget.Table) { t.StepSort(1) })),
		host.Bind("< left h", "< h", "", "sort by the column before", move(func(t *widget.Table) { t.StepSort(-1) })),
		host.Bind("R", "R", "", "turn the order round", move((*widget.Table).Reverse)),
		host.Bind("v", "v", "", "mark all that the filter shows, or none", move((*widget.Table).MarkAll)),
		host.Bind("up k", "↑ k", "", "up", move(func(t *widget.Table) { t.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", move(func(t *widget.Table) { t.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", move(func(t *widget.Table) { t.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", move(func(t *widget.Table) { t.Page(1) })),
		host.Bind("home g", "g", "", "first", move(func(t *widget.Table) { t.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last", move(func(t *widget.Table) { t.Move(1 << 30) })),
	)
	return v
}

// openGroup shows a group in front of the list.
func (v *View) openGroup(g *sweep.Group) tea.Cmd {
	table := newGroup(v.h, g.Name)
	table.fill(v.width)
	v.h.Push(table)
	return nil
}

// Active implements host.View.
func (v *Group) Active() []*host.Section { return []*host.Section{v.keys} }

// Title implements host.View.
func (v *Group) Title() string { return "sweep " + widget.Plain(v.name) }

// Receive takes in what became of an order.
func (v *Group) Receive(msg tea.Msg) (tea.Cmd, bool) {
	if m, ok := msg.(queueMsg); ok {
		return m.report(v.h), true
	}
	return nil, false
}

// Back takes marks, filter and grouping away, and then leaves.
func (v *Group) Back() bool {
	switch {
	case v.table.ClearMarks():
	case v.filter != "":
		v.filter = ""
	case v.by != "":
		v.by = ""
	default:
		v.h.Pop()
	}
	return true
}

// group is the group as last read; nil if it is gone.
func (v *Group) group() *sweep.Group { return v.h.Runs().Group(v.name) }

// fill puts the points into the table.
func (v *Group) fill(w int) {
	g := v.group()
	clear(v.rows)
	if g == nil {
		v.fillCurves()
		v.table.SetRows(nil)
		return
	}
	keys := g.Keys
	if v.by != "" {
		keys = []string{v.by}
	}
	var order []string
	for i := range g.Points {
		m := &g.Points[i]
		name, key := session.PointName(g, m), session.PointName(g, m)
		if v.by != "" {
			name, _ = m.Set.Value(v.by)
			key, name = v.by+"="+name, session.ShortValue(name)
		}
		row := v.rows[key]
		if row.points == nil {
			order = append(order, key)
		}
		v.rows[key] = groupRow{name, append(row.points, m)}
	}
	v.fillCurves()
	rows, widest := make([]widget.TableRow, len(order)), make([]int, len(keys))
	for i, key := range order {
		rows[i] = widget.TableRow{Key: key, Cells: v.cells(v.rows[key], keys, i), Hidden: !v.fits(v.rows[key])}
		if v.charts {
			rows[i].Cells[0].Text = v.curves.sign(key) + rows[i].Cells[0].Text
		}
	}
	longest := 0
	for _, row := range rows {
		longest = max(longest, ansi.StringWidth(row.Cells[0].Text))
		for i := range keys {
			widest[i] = max(widest[i], ansi.StringWidth(row.Cells[1+i].Text))
		}
	}
	v.table.SetColumns(groupColumns(longest, keys, widest, w))
	v.table.SetRows(rows)
	if v.table.Sort() == "" {
		v.table.SetSort("best")
	}
}

// groupColumns lays out the table: the point, whose longest name has longest cells, a
// column for each setting as wide as the widest of its values, and how it does. What has
// no room is left out, the settings that come last first.
func groupColumns(longest int, keys []string, widest []int, w int) []widget.TableColumn {
	const pointMin, pointMax = 12, 34
	cols := []widget.TableColumn{{Name: "point", W: pointMin, Middle: true}}
	for _, key := range keys {
		cols = append(cols, widget.TableColumn{Name: key[strings.LastIndexByte(key, '.')+1:], Right: true})
	}
	cols = append(cols,
		widget.TableColumn{Name: "seeds", Right: true},
		widget.TableColumn{Name: "kimg", Right: true, Down: true},
		widget.TableColumn{Name: "best", Right: true},
		widget.TableColumn{Name: "last", Right: true},
		widget.TableColumn{Name: "state"},
	)
	used := widget.TableMargin + pointMin + 1
	show := func(i, cells int) {
		if used+cells+widget.TableGap <= w {
			cols[i].W = cells
			used += cells + widget.TableGap
		}
	}
	n := len(keys)
	show(n+3, 13) // best
	show(n+5, 10) // state
	show(n+1, 7)  // seeds
	for i := range n {
		show(1+i, min(max(len(cols[1+i].Name)+1, widest[i], 6), 16))
	}
	show(n+2, 8) // kimg
	show(n+4, 8) // last
	give := func(i, most int) {
		extra := max(min(w-used, most-cols[i].W), 0)
		cols[i].W += extra
		used += extra
	}
	give(0, max(pointMax, longest))
	for i := range n {
		if cols[1+i].W > 0 {
			give(1+i, widest[i])
		}
	}
	return cols
}

// cells words a line of the table.
func (v *Group) cells(row groupRow, keys []string, place int) []widget.TableCell {
	t := v.h.Theme()
	s := session.StandingOf(row.runs()...)
	g, want, dropped := v.group(), 0, ""
	for _, m := range row.points {
		want += max(m.Want, len(m.Runs))
		if m.Dropped != "" {
			dropped = m.Dropped
		}
	}
	state := t.Dim.Render("waits")
	switch {
	case dropped != "":
		state = t.Dim.Render("dropped")
	case s.Active > 0:
		state = t.Good.Render(t.Glyphs.Dot + " trains")
	case s.Done == want && want > 0:
		state = t.Good.Render(t.Glyphs.Done + " done")
	case s.Made > 0 && (g == nil || g.State != sweep.StateRunning): // else the queue comes back to it
		state = t.Dim.Render("stopped")
	}
	cells := []widget.TableCell{{Text: widget.Plain(row.name), Order: float64(place)}}
	for _, key := range keys {
		value, ok := row.points[0].Set.Value(key)
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			number = 0 // by its text
		}
		text := session.ShortValue(widget.Plain(value))
		if !ok {
			text, number = t.Dim.Render("-"), math.NaN()
		}
		cells = append(cells, widget.TableCell{Text: text, Order: number})
	}
	return append(cells,
		widget.TableCell{Text: fmt.Sprintf("%d", s.Done) + t.Dim.Render(fmt.Sprintf(" / %d", want)), Order: float64(s.Done)},
		widget.TableCell{Text: widget.Kimg(s.Nimg / max(int64(s.Made), 1)), Order: float64(s.Nimg)},
		sampleCell(t, s.Best),
		sampleCell(t, sweep.Sample{N: min(s.Last.N, 1), Mean: s.Last.Mean}),
		widget.TableCell{Text: state},
	)
}

// fits reports whether a line fits the filter: all of its words, each a part of the
// name or of a setting, or with an exclamation mark of none.
func (v *Group) fits(row groupRow) bool {
	text := strings.ToLower(row.name)
	for _, m := range row.points {
		for _, s := range m.Set {
			text += " " + strings.ToLower(s.String())
		}
	}
	for word := range strings.FieldsSeq(strings.ToLower(v.filter)) {
		word, not := strings.CutPrefix(word, "!")
		if word != "" && strings.Contains(text, word) == not {
			return false
		}
	}
	return true
}

func (v *Group) askFilter() tea.Cmd {
	before := v.filter
	return v.h.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words of a point or of its settings, !word",
		Changed: func(s string) { v.filter = s },
		Accept:  func(s string) tea.Cmd { v.filter = s; return nil },
		Cancel:  func() { v.filter = before },
	})
}

// groupBy offers the settings by which points may be put together.
func (v *Group) groupBy() tea.Cmd {
	g := v.group()
	if g == nil || len(g.Keys) == 0 {
		return v.h.Fail(fmt.Errorf("by: the runs of %s differ in their seeds alone", widget.Plain(v.name)))
	}
	choices := append([]string{""}, g.Keys...)
	m := host.Menu{Title: "Points together by", Cursor: max(slices.Index(choices, v.by), 0), Accept: func(i int) tea.Cmd {
		v.by = choices[i]
		v.table.ClearMarks()
		return nil
	}}
	for _, key := range choices {
		if key == "" {
			m.Items = append(m.Items, host.Item{Name: "each alone"})
			continue
		}
		m.Items = append(m.Items, host.Item{Name: widget.Plain(key), About: "mean over all runs of a value"})
	}
	return v.h.Menu(m)
}

// open opens the run of the point under the cursor; of several it asks which.
func (v *Group) open() tea.Cmd {
	row, ok := v.rows[v.table.Cursor()]
	runs := row.runs()
	switch {
	case !ok:
		return nil
	case len(runs) == 0:
		return v.h.Fail(fmt.Errorf("open: %s has no run yet", widget.Plain(row.name)))
	case len(runs) == 1:
		return v.openRun(runs[0])
	}
	m := host.Menu{Title: "Open a run", Accept: func(i int) tea.Cmd { return v.openRun(runs[i]) }}
	for _, s := range runs {
		st := &s.Info.Status
		about := widget.Fit(widget.Plain(st.State), 9, "") + " " + widget.FitLeft(widget.Kimg(st.Nimg), 8) + " kimg"
		if st.BestFID != nil {
			about += "  best " + widget.Value(*st.BestFID)
		}
		if s.Record != nil {
			about += "  elsewhere"
		}
		m.Items = append(m.Items, host.Item{Name: widget.Plain(s.Info.Name), About: about})
	}
	return v.h.Menu(m)
}

// openRun opens a run that is there.
func (v *Group) openRun(s sweep.Seed) tea.Cmd {
	if s.Record != nil {
		return v.h.Fail(fmt.Errorf("open: %s was trained elsewhere: its record has what the table shows", widget.Plain(s.Info.Name)))
	}
	return v.h.Open(s.Info.Dir)
}

func (v *Group) pause() tea.Cmd {
	g := v.group()
	switch {
	case g == nil:
		return nil
	case g.State == sweep.StatePaused || g.State == sweep.StateDead:
		return v.resume()
	}
	return giveGroup(v.h, g, "pause", "pausing", "paused", v.h.Runs().Reread)
}

func (v *Group) resume() tea.Cmd {
	if g := v.group(); g != nil {
		return giveGroup(v.h, g, "resume", "resuming", "resumed", v.h.Runs().Reread)
	}
	return nil
}

// chosen are the marked lines, or the one under the cursor.
func (v *Group) chosen() (rows []groupRow) {
	for _, key := range v.table.AllMarked() {
		rows = append(rows, v.rows[key])
	}
	if row, ok := v.rows[v.table.Cursor()]; ok && len(rows) == 0 {
		rows = append(rows, row)
	}
	return rows
}

// overlay lays the curves of the chosen points over each other.
func (v *Group) overlay() tea.Cmd {
	var list []overlaidRuns
	for _, row := range v.chosen() {
		o := overlaidRuns{name: row.name, seeds: row.runs()}
		if len(o.seeds) > 0 {
			list = append(list, o)
		}
	}
	return showOverlay(v.h, list, v)
}
