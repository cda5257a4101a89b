package tui

import (
	"fmt"

	tea "charm.land/bubbletea/v2"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// runsView is the list of runs, and below it what is known of the one under the
// cursor.
type runsView struct {
	a        *App
	runsKeys *host.Section

	reader  *runsReader
	list    []runRow        // as read
	known   bool            // has been read
	visit   int             // counts how often the list was entered
	entered bool            // … and not read since
	busy    map[string]bool // directories of runs that an order is on its way to

	table  widget.Table
	width  int // of the table as last drawn
	filter string
	detail runDetail
}

func newRuns(h host.Host) *runsView {
	v := &runsView{a: h.(*App), reader: newRunsReader(h.Options().RunsDir)}
	v.bind()
	return v
}

func (v *runsView) Active() []*host.Section { return []*host.Section{v.runsKeys} }

func (*runsView) Title() string { return "runs" }

func (v *runsView) bind() {
	a := v.a
	move := func(do func(t *widget.Table)) func() tea.Cmd {
		return func() tea.Cmd { do(&a.runs.table); return nil }
	}
	order := func(do func(t *widget.Table)) func() tea.Cmd {
		return func() tea.Cmd {
			do(&a.runs.table)
			a.state.Sort[runsTable] = a.runs.table.Sort()
			return nil
		}
	}
	v.runsKeys = host.NewSection("list of runs",
		host.Bind("enter", "enter", "open", "open the run", a.openSelected),
		host.Bind("n", "n", "new", "start a run: a preset, then its settings", a.openStart),
		host.Bind("f", "f", "fork", "a new run from this one's last checkpoint", a.openFork),
		host.Bind("space", "space", "mark", "mark the run, or unmark it", move((*widget.Table).Mark)),
		host.Bind("o", "o", "overlay", "marked runs' curves on one screen", a.openOverlay),
		host.Bind("/", "/", "filter", "filter: name, state:run, fid<50, !not", a.filterRuns),
		host.Bind("s", "s", "stop", "stop the marked runs, or this one (asks)", a.stopRuns),
		host.Bind("r", "r", "resume", "let go on what is paused, dead or stopped", a.resumeRuns),
		host.Bind("P", "P", "pause", "pause the marked runs, or this one", a.pauseRuns),
		host.Bind("d", "d", "delete", "delete the marked runs, or this one (asks)", a.deleteRuns),
		host.Bind("v", "v", "", "mark all that the filter shows, or none", move((*widget.Table).MarkAll)),
		host.Bind("> right l", "> l", "", "sort by the next column", order(func(t *widget.Table) { t.StepSort(1) })),
		host.Bind("< left h", "< h", "", "sort by the column before", order(func(t *widget.Table) { t.StepSort(-1) })),
		host.Bind("R", "R", "", "turn the order round", order((*widget.Table).Reverse)),
		host.Bind("up k", "↑ k", "", "up", move(func(t *widget.Table) { t.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", move(func(t *widget.Table) { t.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", move(func(t *widget.Table) { t.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", move(func(t *widget.Table) { t.Page(1) })),
		host.Bind("home g", "g", "", "first", move(func(t *widget.Table) { t.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last", move(func(t *widget.Table) { t.Move(1 << 30) })),
	)
}

const (
	runsTable   = "runs" // in the remembered state
	newestFirst = "-run" // the order nobody has changed yet
)

// selected is the run under the cursor, or nil.
func (v *runsView) selected() *runRow { return v.named(v.table.Cursor()) }

// named returns the run in a directory, or nil.
func (v *runsView) named(dir string) *runRow {
	for i := range v.list {
		if v.list[i].Dir == dir {
			return &v.list[i]
		}
	}
	return nil
}

// targets are the runs that an order is for: the marked ones, or the one under
// the cursor.
func (v *runsView) targets() []*runRow {
	var list []*runRow
	for _, dir := range v.table.AllMarked() {
		list = append(list, v.named(dir))
	}
	if r := v.selected(); len(list) == 0 && r != nil {
		list = append(list, r)
	}
	return list
}

// handleRuns takes in the list. Inside a run it only serves the command line,
// and isn't read again.
func (a *App) handleRuns(m runsMsg) tea.Cmd {
	v := a.runs
	if m.visit != v.visit {
		return nil // the list polls anew each time it shows
	}
	v.known = true
	var cmds []tea.Cmd
	if a.run == nil {
		cmds = append(cmds, listRuns(v.reader, v.visit, runsEvery))
	}
	if m.err != nil {
		return tea.Batch(append(cmds, a.Fail(m.err))...)
	}
	v.list = m.list
	v.fill()
	if v.entered {
		v.entered = false
		for i := range v.list {
			if session.SameDir(v.list[i].Dir, a.state.Run) { // opened last
				v.table.SetCursor(v.list[i].Dir)
			}
		}
	}
	for i := range v.list {
		cmds = append(cmds, a.Watch(v.list[i].Info))
	}
	return tea.Batch(cmds...)
}

// fill puts the list into the table.
func (v *runsView) fill() {
	cols := runColumns(v.width)
	v.table.SetColumns(cols)
	terms := parseRunFilter(v.filter)
	now := v.a.opts.Now()
	rows := make([]widget.TableRow, len(v.list))
	for i := range v.list {
		r := &v.list[i]
		rows[i] = widget.TableRow{Key: r.Dir, Cells: r.cells(v.a.theme, cols, now)}
		for _, fits := range terms {
			rows[i].Hidden = rows[i].Hidden || !fits(r, v.table.Marked(r.Dir))
		}
	}
	v.table.SetRows(rows)
	if v.table.Sort() == "" {
		sort := v.a.state.Sort[runsTable]
		if sort == "" {
			sort = newestFirst
		}
		v.table.SetSort(sort)
	}
}

func (v *runsView) setFilter(s string) {
	v.filter = s
	v.fill()
}

// back takes the filter away, then the marks.
func (v *runsView) Back() bool {
	if v.filter != "" {
		v.setFilter("")
		return true
	}
	return v.table.ClearMarks()
}

func (a *App) openSelected() tea.Cmd {
	r := a.runs.selected()
	if r == nil {
		return nil
	}
	return a.Open(r.Dir)
}

// handleFound opens a run that was named on the command line.
func (a *App) handleFound(m foundMsg) tea.Cmd {
	if m.err != nil {
		return a.Fail(m.err)
	}
	return a.Open(m.dir)
}

// mouse selects the run that is clicked, and opens it on a second click.
func (v *runsView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	e := m.Mouse()
	switch m.(type) {
	case tea.MouseWheelMsg:
		v.table.Move(host.Wheel(e))
	case tea.MouseClickMsg:
		at, _ := v.split(r)
		key := v.table.At(e.Y - at.Y - 1)
		switch {
		case e.Button != tea.MouseLeft || key == "" || e.Y >= at.Y+at.H-1:
		case key == v.table.Cursor():
			return v.a.openSelected()
		default:
			v.table.SetCursor(key)
		}
	}
	return nil
}

// Sizes from which on the run under the cursor is shown in detail.
const (
	detailWidth, detailHeight = 118, 16
	tableMin                  = 9 // lines of the list above it, with its frame
)

// split cuts the screen into the list and the detail below. The list has room
// for all runs, up to a good half; it doesn't change with the filter.
func (v *runsView) split(r host.Rect) (table, detail host.Rect) {
	if r.W < detailWidth || r.H < tableMin+detailHeight {
		return r, host.Rect{}
	}
	most := max(r.H-detailHeight, tableMin)
	return host.SplitY(r, max(min(len(v.list)+3, most, r.H*11/20), tableMin))
}

// draw renders the list and the detail.
func (v *runsView) Draw(r host.Rect) []string {
	at, below := v.split(r)
	v.width = at.W - 2
	v.fill()
	switch {
	case !v.known:
		v.table.Empty = []string{"reading " + widget.Plain(v.a.opts.RunsDir)}
	case len(v.list) == 0:
		v.table.Empty = []string{"no runs yet", "", "n starts one"}
	default:
		v.table.Empty = []string{"no run matches /" + widget.Plain(v.filter), "", "esc shows all"}
	}
	var body string
	in := host.Inner(at)
	body = v.table.View(v.a.theme, in.W, in.H) // before its Info, which tells what shows
	title := "Runs"
	if v.filter != "" {
		title += " /" + widget.Plain(v.filter)
	}
	info := v.table.Info(v.a.theme)
	all := make([]*runRow, len(v.list))
	for i := range v.list {
		all[i] = &v.list[i]
	}
	if name := qualityName(all); name != "" {
		info = append(info, v.a.theme.Dim.Render("best and last: "+name))
	}
	lines := host.Framed(v.a.theme, at, title, true, func(int, int) string { return body }, info...)
	if below.H > 0 {
		lines = append(lines, v.detail.draw(v.a, v.selected(), below)...)
	}
	return lines
}

// qualityName names what runs are compared by, if it is one thing.
func qualityName(runs []*runRow) string {
	name := ""
	for _, r := range runs {
		n := widget.Plain(r.Status.FIDName)
		switch {
		case n == "" || r.Status.BestFID == nil:
		case name == "":
			name = n
		case name != n:
			return "FID, not all comparable"
		}
	}
	return name
}

// runsTitle is the header of what shows while no run is open.
func (a *App) runsTitle() string {
	t, count := a.theme, ""
	active := 0
	for i := range a.runs.list {
		if a.runs.list[i].Alive {
			active++
		}
	}
	switch n := len(a.runs.list); n {
	case 0:
	case 1:
		count = "1 run"
	default:
		count = fmt.Sprintf("%d runs", n)
	}
	if count = t.Dim.Render(count); active > 0 {
		count = t.Good.Render(fmt.Sprintf("%s %d active", t.Glyphs.Dot, active)) + "  " + count
	}
	return a.ends(" "+t.Accent.Render("innate")+"  "+t.Strong.Render(widget.Plain(a.current().Title())), count+" ")
}
