// Package analysis is the view of what analyses have found of the open run.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/figures"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// View lists the results that the run has, and shows one of their figures: a heat map
// whose values a cursor reads, curves, or a table.
type View struct {
	h     host.Host
	keys  *host.Section
	visit int // counts the times that the view was entered

	found  session.Analyses
	known  bool   // the folder has been read
	chosen string // name of the result that shows
	figure int    // of the result
	row    int    // of the cursor, or the first line of a table
	col    int
	how    bool // how it was measured shows in the place of the figure
}

// New returns the view; it reads nothing before it is shown.
func New(h host.Host) host.View {
	v := &View{h: h}
	v.bind()
	return v
}

// Title implements host.View.
func (*View) Title() string { return "analysis" }

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.keys} }

func (v *View) bind() {
	do := func(f func()) func() tea.Cmd { return func() tea.Cmd { f(); return nil } }
	v.keys = host.NewSection("analysis",
		host.Bind("n", "n", "new", "start an analysis, beside the trainer", v.offer),
		host.Bind("tab", "tab", "figure", "the next figure of the result", do(func() { v.stepFigure(1) })),
		host.Bind("shift+tab", "shift+tab", "", "the figure before", do(func() { v.stepFigure(-1) })),
		host.Bind("]", "]", "result", "the next result", do(func() { v.stepResult(1) })),
		host.Bind("[", "[", "", "the result before", do(func() { v.stepResult(-1) })),
		host.Bind("w", "w", "how", "how it was measured, and back", do(func() { v.how = !v.how; v.row = 0 })),
		host.Bind("x", "x", "stop", "stop the analysis, or forget its error", v.dismiss),
		host.Bind("up k", "↑ k", "", "the row above", do(func() { v.move(-1, 0) })),
		host.Bind("down j", "↓ j", "", "the row below", do(func() { v.move(1, 0) })),
		host.Bind("left h", "← h", "", "the column before", do(func() { v.move(0, -1) })),
		host.Bind("right l", "→ l", "", "the next column", do(func() { v.move(0, 1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", do(func() { v.move(-10, 0) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", do(func() { v.move(10, 0) })),
		host.Bind("home", "home", "", "the first row", do(func() { v.move(-1<<20, 0) })),
		host.Bind("end G", "G", "", "the last row", do(func() { v.move(1<<20, 0) })),
	)
}

// readEvery is between two looks at the folder while the view shows.
const readEvery = time.Second

type readMsg struct {
	view  *View
	visit int
	found session.Analyses
}

// endedMsg says that an analysis that was started here has ended.
type endedMsg struct {
	view *View
	kind string
	err  error
}

// dismissedMsg says that an analysis was ended, or why not.
type dismissedMsg struct {
	view *View
	err  error
}

// Enter implements host.EnterView: it begins to look.
func (v *View) Enter() tea.Cmd {
	v.visit++
	return v.look(0)
}

func (v *View) look(after time.Duration) tea.Cmd {
	visit, dir, now := v.visit, v.h.Run().Dir, v.h.Options().Now
	return session.Tick(after, func(time.Time) tea.Msg { return readMsg{v, visit, session.ReadAnalyses(dir, now())} })
}

// Receive implements host.MessageView.
func (v *View) Receive(msg tea.Msg) (tea.Cmd, bool) {
	switch m := msg.(type) {
	case readMsg:
		if m.view != v || m.visit != v.visit || !v.h.Shows(v) {
			return nil, m.view == v
		}
		v.found, v.known = m.found, true
		return v.look(readEvery), true
	case dismissedMsg:
		if m.view != v {
			return nil, false
		}
		v.visit++
		if m.err != nil {
			return tea.Batch(v.look(0), v.h.Fail(m.err)), true
		}
		return v.look(0), true
	case endedMsg:
		switch {
		case m.view != v:
			return nil, false
		case m.err != nil:
			return v.h.Fail(m.err), true
		}
		return v.h.Notify("analysis of "+m.kind+" done", v.h.Theme().Good), true
	}
	return nil, false
}

// offers are the analyses that can be started here.
var offers = []struct {
	name, about string
	args        []string
}{
	{"weights", "how far they went from the teacher, in direction and norm", []string{"analyze", "weights"}},
	{"layers", "blocks by noise level: residual share, activation, modulation", []string{"analyze", "layers"}},
	{"ablation", "layers, and what the image loses without each block: minutes", []string{"analyze", "layers", "--ablation"}},
	{"spectra", "power of images by frequency", []string{"analyze", "spectra"}},
	{"mismatch", "against the teacher in 2 to 18 steps: many minutes", []string{"analyze", "mismatch"}},
	{"probe", "what the teacher's weights cost, put back by role: many minutes", []string{"probe", "--by", "role"}},
	{"suggest", "which groups to freeze, by a simple rule from the above", []string{"analyze", "suggest"}},
}

// offer asks which analysis to start.
func (v *View) offer() tea.Cmd {
	start := v.h.Options().Analyze
	if start == nil {
		return v.h.Fail(errors.New("analysis: " + v.h.Options().Instead("analyze layers "+v.h.Run().Info.Name)))
	}
	m := host.Menu{Title: "Start an analysis"}
	for _, o := range offers {
		m.Items = append(m.Items, host.Item{Name: o.name, About: o.about})
	}
	m.Accept = func(i int) tea.Cmd {
		dir, o := v.h.Run().Dir, offers[i]
		return tea.Batch(v.h.Notify("analysis of "+o.name+" started", v.h.Theme().Text), func() tea.Msg {
			return endedMsg{v, o.name, start(context.Background(), dir, o.args)}
		})
	}
	return v.h.Menu(m)
}

// dismiss ends the first analysis that is under way, after a question, or forgets the
// error of one.
func (v *View) dismiss() tea.Cmd {
	if len(v.found.Working) == 0 {
		return v.h.Notify("no analysis is under way", v.h.Theme().Text)
	}
	dir, w := v.h.Run().Dir, v.found.Working[0]
	dismiss := v.h.Options().Dismiss
	if dismiss == nil {
		dismiss = session.DismissAnalysis
	}
	end := func() tea.Cmd {
		return func() tea.Msg { return dismissedMsg{v, dismiss(context.Background(), dir, w.Kind)} }
	}
	if w.Error != "" {
		return end()
	}
	return v.h.Ask(host.Question{Title: "Stop", Text: fmt.Sprintf("Stop the analysis of %s?", w.Kind), Yes: end})
}

// result is the one that shows; nil if there is none.
func (v *View) result() (r *figures.Report, at int) {
	for i, r := range v.found.Reports {
		if r.Name == v.chosen {
			return r, i
		}
	}
	if len(v.found.Reports) == 0 {
		return nil, 0
	}
	return v.found.Reports[0], 0
}

func (v *View) stepResult(by int) {
	if _, at := v.result(); len(v.found.Reports) > 0 {
		at = (at + by + len(v.found.Reports)) % len(v.found.Reports)
		v.chosen, v.figure, v.row, v.col = v.found.Reports[at].Name, 0, 0, 0
	}
}

func (v *View) stepFigure(by int) {
	r, _ := v.result()
	if r == nil {
		return
	}
	n := max(count(r), 1)
	v.chosen, v.figure, v.row, v.col, v.how = r.Name, (v.figure+by+n)%n, 0, 0, false
}

// count is the number of a result's figures: maps first, then charts, then tables.
func count(r *figures.Report) int { return len(r.Maps) + len(r.Charts) + len(r.Tables) }

// move moves the cursor of a map, or scrolls; drawing keeps it within.
func (v *View) move(rows, cols int) {
	v.row, v.col = max(v.row+rows, 0), max(v.col+cols, 0)
}

// Mouse implements host.MouseView: the wheel moves.
func (v *View) Mouse(m tea.MouseMsg, _ host.Rect) tea.Cmd {
	if _, ok := m.(tea.MouseWheelMsg); ok {
		v.move(host.Wheel(m.Mouse()), 0)
	}
	return nil
}

// Status implements host.StatusView.
func (v *View) Status(_ host.Rect) string {
	if len(v.found.Working) == 0 {
		return ""
	}
	t, w := v.h.Theme(), v.found.Working[0]
	if w.Error != "" {
		return t.Bad.Render(w.Kind+": ") + widget.Plain(w.Error)
	}
	text := w.Kind + " under way"
	if w.Total > 0 {
		text = fmt.Sprintf("%s: %d %%", w.Kind, 100*w.Done/w.Total)
	}
	if left := w.Left(); left > 0 {
		text += ", " + widget.Duration(left) + " left"
	}
	return t.Good.Render(text)
}
