package tui

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/control"
	"innate/tui/panes"
)

// runsView is the state of the list of runs, newest first.
type runsView struct {
	list     []control.Info
	known    bool
	cursor   int
	top      int
	starting string // the preset being started
	visit    int    // counts how often the list was entered
}

func (v *runsView) move(by int) { v.cursor = max(min(v.cursor+by, len(v.list)-1), 0) }

// handleRuns takes in the list, keeping the cursor on its run.
func (a *App) handleRuns(m runsMsg) tea.Cmd {
	v := &a.runs
	if a.run != nil || m.visit != v.visit {
		return nil // the list starts polling anew when it shows
	}
	at := ""
	if v.cursor < len(v.list) {
		at = v.list[v.cursor].Dir
	}
	v.known = true
	cmd := listRuns(a.opts.RunsDir, v.visit, runsEvery)
	if m.err != nil {
		return tea.Batch(a.fail(m.err), cmd)
	}
	v.list = slices.Clone(m.list)
	slices.Reverse(v.list)
	v.move(0)
	if i := slices.IndexFunc(v.list, func(i control.Info) bool { return i.Dir == at }); i >= 0 {
		v.cursor = i
	}
	return cmd
}

func (a *App) openSelected() tea.Cmd {
	if a.runs.cursor >= len(a.runs.list) {
		return nil
	}
	a.open(a.runs.list[a.runs.cursor].Dir)
	return a.follow()
}

// openStart offers the presets that can be started.
func (a *App) openStart() tea.Cmd {
	switch {
	case a.opts.Start == nil || len(a.opts.Presets) == 0:
		return a.fail(errors.New("start: not available here; use `innate start CONFIG`"))
	case a.runs.starting != "":
		return nil
	}
	o := overlay{kind: overlayMenu, title: "Start a run", pane: paneNone, accept: func(a *App, i int) tea.Cmd {
		preset := a.opts.Presets[i].Name
		a.runs.starting = preset
		return tea.Batch(a.notify("starting "+preset, a.theme.Warn), startRun(a.opts.Start, preset))
	}}
	for _, p := range a.opts.Presets {
		o.items = append(o.items, menuItem{name: panes.Plain(p.Name), about: panes.Plain(p.About)})
	}
	a.overlay = o
	return nil
}

// handleStarted opens the new run.
func (a *App) handleStarted(m startedMsg) tea.Cmd {
	a.runs.starting = ""
	if m.err != nil {
		return a.fail(m.err)
	}
	cmd := a.notify("started "+baseName(m.dir), a.theme.Good)
	if a.run != nil {
		return cmd // the user went elsewhere meanwhile
	}
	a.open(m.dir)
	return tea.Batch(cmd, a.follow())
}

// Widths of the columns of the list, but the name's.
const (
	stateColumn  = 12
	methodColumn = 8
	kimgColumn   = 18
	fidColumn    = 26
	etaColumn    = 9
)

// drawRuns renders the list.
func (a *App) drawRuns() []string {
	t, g, v := a.theme, a.theme.Glyphs, &a.runs
	count := ""
	if len(v.list) > 0 {
		count = t.Dim.Render(fmt.Sprintf("%d runs ", len(v.list)))
		if len(v.list) == 1 {
			count = t.Dim.Render("1 run ")
		}
	}
	lines := []string{a.ends(" "+t.Accent.Render("innate")+"  "+t.Strong.Render("runs"), count)}
	h := a.height - 3
	in := rect{W: a.width - 2, H: h - 2}
	var body string
	if len(v.list) == 0 {
		text := []string{"no runs yet", "", "n starts one"}
		if !v.known {
			text = []string{"reading " + panes.Plain(a.opts.RunsDir)}
		}
		for i := range text {
			text[i] = t.Dim.Render(text[i])
		}
		body = panes.Centered(text, in.W, in.H, g.Ellipsis)
	} else {
		rows := []string{a.runsHead(in.W)}
		page := max(in.H-1, 1)
		v.top = min(v.top, v.cursor)
		v.top = max(v.top, v.cursor-page+1)
		v.top = max(min(v.top, len(v.list)-page), 0)
		for i := v.top; i < min(v.top+page, len(v.list)); i++ {
			rows = append(rows, a.runsRow(&v.list[i], i == v.cursor, in.W))
		}
		body = panes.Block(rows, in.W, in.H, g.Ellipsis)
	}
	lines = append(lines, strings.Split(panes.Frame(t, "", nil, body, a.width, h, true), "\n")...)
	return append(lines, a.statusLine(), a.footer())
}

// runsColumns lays out one row; columns that find no room are left out, from
// the right.
func (a *App) runsColumns(w int, name, state, method, kimg, fid, eta string) string {
	e := a.theme.Glyphs.Ellipsis
	rest := w - 3
	type column struct {
		text  string
		width int
		right bool
	}
	all := []column{{state, stateColumn, false}, {kimg, kimgColumn, true}, {method, methodColumn, false}, {fid, fidColumn, false}, {eta, etaColumn, false}}
	const nameMin = 20
	n := 0
	for used := nameMin; n < len(all) && used+all[n].width+2 <= rest; n++ {
		used += all[n].width + 2
	}
	for _, c := range all[:n] {
		rest -= c.width + 2
	}
	s := panes.Fit(name, min(rest, 48), e)
	for _, c := range all[:n] {
		if c.right {
			s += "  " + panes.FitLeft(c.text, c.width)
		} else {
			s += "  " + panes.Fit(c.text, c.width, e)
		}
	}
	return s
}

func (a *App) runsHead(w int) string {
	return a.theme.Dim.Render("   " + a.runsColumns(w, "run", "state", "method", "kimg", "quality", "ETA"))
}

func (a *App) runsRow(i *control.Info, selected bool, w int) string {
	t, g := a.theme, a.theme.Glyphs
	st := &i.Status
	kimg, fid, eta := "", "", ""
	if st.TotalNimg > 0 {
		kimg = panes.Kimg(st.Nimg) + " / " + panes.Kimg(st.TotalNimg)
	}
	if st.LastFID != nil {
		fid = panes.Plain(st.FIDName) + " " + panes.Value(*st.LastFID)
	}
	if st.State == control.StateRunning && st.EtaSec > 0 && st.EtaSec < 1e9 {
		eta = panes.Duration(secondsOf(st.EtaSec))
	}
	state := badge(t, st.State, "")
	name := panes.Plain(i.Name)
	if selected {
		return t.Select.Render(panes.Fit(" "+g.Cursor+" "+a.runsColumns(w, name, plainBadge(t, st.State), methodName(st), kimg, fid, eta), w, g.Ellipsis))
	}
	return "   " + a.runsColumns(w, name, state, methodName(st), kimg, fid, eta)
}
