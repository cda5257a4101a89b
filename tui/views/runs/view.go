// Package runs is the list of runs: what is known of the one under the cursor,
// orders to those that are marked, and the overlay, which lays their curves over
// each other.
package runs

import (
	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// View is the list of runs, and below it what is known of the one under the
// cursor.
type View struct {
	h    host.Host
	keys *host.Section

	entered bool            // and not read since
	sought  string          // key of a row that the cursor goes to once it is there
	busy    map[string]bool // directories of runs that an order is on its way to

	table  widget.Table
	width  int // of the table as last drawn
	filter string
	detail detail
	curves groupCurves // of the sweep under the cursor
}

// New returns the list of the runs that the host knows.
func New(h host.Host) host.View {
	v := &View{h: h}
	v.bind()
	return v
}

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.keys} }

// Title implements host.View.
func (*View) Title() string { return "runs" }

func (v *View) bind() {
	move := func(do func(t *widget.Table)) func() tea.Cmd {
		return func() tea.Cmd { do(&v.table); return nil }
	}
	order := func(do func(t *widget.Table)) func() tea.Cmd {
		return func() tea.Cmd {
			do(&v.table)
			v.h.State().Sort[tableName] = v.table.Sort()
			return nil
		}
	}
	v.keys = host.NewSection("list of runs",
		host.Bind("enter", "enter", "open", "open the run", v.open),
		host.Bind("n", "n", "new", "start a run: a preset, then its settings", v.newRun),
		host.Bind("f", "f", "fork", "a new run from this one's last checkpoint", v.fork),
		host.Bind("space", "space", "mark", "mark the run, or unmark it", move((*widget.Table).Mark)),
		host.Bind("o", "o", "overlay", "marked runs' curves on one screen", v.overlay),
		host.Bind("/", "/", "filter", "filter: name, tag:x, state:run, fid<50, !no", v.askFilter),
		host.Bind("s", "s", "stop", "stop the marked runs, or this one (asks)", v.stop),
		host.Bind("r", "r", "resume", "resume what is paused, dead or stopped", v.resume),
		host.Bind("P", "P", "pause", "pause the marked runs, or this one", v.pause),
		host.Bind("d", "d", "delete", "delete the marked runs, or this one (asks)", v.delete),
		host.Bind("t", "t", "tag", "tag the marked runs, or this one: a, -a", v.askTags),
		host.Bind("e", "e", "", "write a note on the run", v.askNote),
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
	tableName   = "runs" // in the remembered state
	newestFirst = "-run" // the order nobody has changed yet
)

// selected is the run under the cursor, or nil.
func (v *View) selected() *session.Listed { return v.h.Runs().Named(v.table.Cursor()) }

// Selected is the directory of the run under the cursor, or empty.
func (v *View) Selected() string {
	if r := v.selected(); r != nil {
		return r.Dir
	}
	return ""
}

// targets are the runs that an order is for: the marked ones, or the one under
// the cursor.
func (v *View) targets() []*session.Listed {
	var list []*session.Listed
	for _, key := range v.table.AllMarked() {
		if r := v.h.Runs().Named(key); r != nil { // and no group
			list = append(list, r)
		}
	}
	if r := v.selected(); len(list) == 0 && r != nil {
		list = append(list, r)
	}
	return list
}

// Enter implements host.EnterView: the list is read at once, and the cursor goes
// to the run that was opened last.
func (v *View) Enter() tea.Cmd {
	v.entered = true
	return v.reread()
}

// Reveal brings the cursor to the row of a sweep, once that is there.
func (v *View) Reveal(sweep string) tea.Cmd {
	v.sought = groupKey + sweep
	return v.reread()
}

// reread reads the list at once, if it shows.
func (v *View) reread() tea.Cmd {
	if v.h.Run() != nil {
		return nil
	}
	return v.h.Runs().Reread()
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case queueMsg:
		return m.report(v.h), true
	case session.RunsMsg:
		return v.take(m), true
	case orderMsg:
		return v.ordered(m), true
	}
	return nil, false
}

// take takes in the list. Inside a run it only serves the command line, and isn't
// read again.
func (v *View) take(m session.RunsMsg) tea.Cmd {
	runs := v.h.Runs()
	if !runs.Take(m) {
		return nil
	}
	var cmds []tea.Cmd
	if v.h.Run() == nil {
		cmds = append(cmds, runs.Read(session.RunsEvery))
	}
	if m.Err != nil {
		return tea.Batch(append(cmds, v.h.Fail(m.Err))...)
	}
	v.fill()
	if v.entered {
		v.entered = false
		for i := range runs.List {
			if session.SameDir(runs.List[i].Dir, v.h.State().Run) { // opened last
				v.table.SetCursor(runs.List[i].Dir)
				v.table.SetCursor(groupKey + runs.List[i].About.Group) // in whose row it may be
			}
		}
	}
	if v.sought != "" && v.groupOf(v.sought) != nil {
		v.table.SetCursor(v.sought)
		v.sought = ""
	}
	for i := range runs.List {
		cmds = append(cmds, v.h.Watch(runs.List[i].Info))
	}
	return tea.Batch(cmds...)
}

// fill puts the list into the table.
func (v *View) fill() {
	list := v.h.Runs().List
	groups := v.h.Runs().Groups
	tagged, longest := false, 0
	for i := range list {
		r := &list[i]
		tagged = tagged || len(r.About.Tags) > 0
		if v.h.Runs().Group(r.About.Group) == nil {
			longest = max(longest, ansi.StringWidth(widget.Plain(r.Name)))
		}
	}
	for i := range groups {
		longest = max(longest, ansi.StringWidth(v.groupName(&groups[i])))
	}
	cols := columns(v.width, tagged, len(groups) > 0, longest)
	v.table.SetColumns(cols)
	terms := parseFilter(v.filter)
	now := v.h.Options().Now()
	rows := make([]widget.TableRow, 0, len(list)+len(groups))
	add := func(key string, r *session.Listed, cells []widget.TableCell) {
		row := widget.TableRow{Key: key, Cells: cells}
		for _, fits := range terms {
			row.Hidden = row.Hidden || !fits(r, v.table.Marked(key))
		}
		rows = append(rows, row)
	}
	for i := range list {
		if r := &list[i]; v.h.Runs().Group(r.About.Group) == nil {
			add(r.Dir, r, cells(r, v.h.Theme(), cols, now))
		}
	}
	for i := range groups {
		g := &groups[i]
		add(groupKey+g.Name, v.asRun(g), v.groupCells(g, cols, now))
	}
	v.table.SetRows(rows)
	if v.table.Sort() == "" {
		sort := v.h.State().Sort[tableName]
		if sort == "" {
			sort = newestFirst
		}
		v.table.SetSort(sort)
	}
}

func (v *View) setFilter(s string) {
	v.filter = s
	v.fill()
}

// Back takes the filter away, then the marks.
func (v *View) Back() bool {
	if v.filter != "" {
		v.setFilter("")
		return true
	}
	return v.table.ClearMarks()
}

// open opens the run under the cursor.
func (v *View) open() tea.Cmd {
	if g := v.selectedGroup(); g != nil {
		return v.openGroup(g)
	}
	r := v.selected()
	if r == nil {
		return nil
	}
	return v.h.Open(r.Dir)
}

// Mouse selects the run that is clicked, and opens it on a second click.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
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
			return v.open()
		default:
			v.table.SetCursor(key)
		}
	}
	return nil
}
