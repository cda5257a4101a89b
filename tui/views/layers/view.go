package layers

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
)

// View shows the network in full size and, where there is room, the layer
// under the cursor beside it.
type View struct {
	h        host.Host
	paneKeys *host.Section // that work on the dashboard, too
	treeKeys *host.Section

	tree      *tree
	panel     *panel
	freezings session.Freezings

	clicked   string // the row clicked last …
	clickedAt time.Time
}

// New returns the view of the open run's layers, in the order remembered.
func New(h host.Host) host.View {
	v := &View{h: h, panel: newPanel(h.Theme())}
	if r := h.Run(); r != nil {
		v.tree = newTree(h.Theme(), r.List)
		v.recallOrder()
	}
	v.bind()
	return v
}

// Title implements host.View.
func (*View) Title() string { return "layers" }

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.treeKeys, v.paneKeys} }

// SetTheme implements host.ThemeView.
func (v *View) SetTheme(t *theme.Theme) {
	v.tree.SetTheme(t)
	v.panel.SetTheme(t)
}

// AddEvents implements host.EventsView: it notes what was frozen when.
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	v.freezings.Add(events, reset)
}

// Widths of the panel and of the view that has room for it: the tree keeps all
// its columns.
const (
	panelRoom = 178
	panelW    = 58
)

func (*View) split(r host.Rect) (tree, panel host.Rect) {
	if r.W < panelRoom {
		return r, host.Rect{}
	}
	return host.SplitX(r, r.W-panelW)
}

// Draw implements host.View.
func (v *View) Draw(r host.Rect) []string {
	at, beside := v.split(r)
	t, run := v.h.Theme(), v.h.Run()
	info := v.tree.Info()
	if probe := v.probeInfo(); probe != "" {
		info = append(info, probe)
	}
	for _, more := range []string{discInfo(run), nextInfo(run)} {
		if more != "" {
			info = append(info, t.Dim.Render(more))
		}
	}
	lines := host.Framed(t, at, "Layers", true, v.tree.View, info...)
	if beside.Empty() {
		return lines
	}
	title, l := "", run.Layers
	node, ok := run.List.Cursor()
	var changes []session.FreezeChange
	if ok {
		title = l.Net.Nodes[node].Key
		changes = v.freezings.Changes(l.Net.Names(), l.Net.NamesOf(node), v.frozenUnder)
	}
	v.panel.Set(l, node, changes)
	return host.Beside(lines, host.Framed(t, beside, title, false, v.panel.View, v.panel.Info()...))
}

// Back implements host.BackView: it takes the marks off, then the filter.
func (v *View) Back() bool {
	switch r := v.h.Run(); {
	case r.Layers.Marked.Len() > 0:
		r.Layers.ClearMarks()
	case r.List.Filter() != "":
		r.List.SetFilter("")
	default:
		return false
	}
	return true
}

// Mouse implements host.MouseView.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	at, _ := v.split(r)
	return v.mouseIn(m, at)
}

// mouseIn handles a mouse message for the tree framed in r: the head of a column
// sorts by it, a click moves the cursor, and a second one, or one on the state,
// toggles.
func (v *View) mouseIn(m tea.MouseMsg, r host.Rect) tea.Cmd {
	run, e, in := v.h.Run(), m.Mouse(), host.Inner(r)
	if _, ok := m.(tea.MouseWheelMsg); ok {
		run.List.Move(3 * host.Wheel(e))
		return nil
	}
	if _, ok := m.(tea.MouseClickMsg); !ok || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) {
		return nil
	}
	column, head := v.tree.ColumnAt(e.X-in.X, e.Y-in.Y, in.W)
	if head {
		return v.sort(func(o *session.LayerOrder) { o.Sort(column) })
	}
	if !v.tree.MoveTo(e.Y - in.Y) {
		return nil
	}
	node, _ := run.List.Cursor()
	key, now := run.Layers.Net.Nodes[node].Key, v.h.Options().Now()
	again := key == v.clicked && now.Sub(v.clickedAt) <= host.DoubleClick
	v.clicked, v.clickedAt = key, now
	if !again && column != session.ByState {
		return nil
	}
	v.clicked = "" // a third click is the first of another two
	return v.toggle()
}

func (v *View) bind() {
	on := func(f func(*session.LayerList)) func() tea.Cmd {
		return func() tea.Cmd { f(v.h.Run().List); return nil }
	}
	page := func(by int) func() tea.Cmd {
		return func() tea.Cmd { v.tree.Page(by); return nil }
	}
	sorted := func(f func(*session.LayerOrder)) func() tea.Cmd {
		return func() tea.Cmd { return v.sort(f) }
	}
	v.paneKeys = host.NewSection("layers",
		host.Bind("space", "space", "freeze", "freeze or train it, or what is marked", v.toggle),
		host.Bind("a", "a", "what if", "the same, after showing what would change", v.preview),
		host.Bind("p", "p", "preset", "freezing presets", v.openPresets),
		host.Bind("*", "*", "", "factor of its learning rate", v.askRate),
		host.Bind("/", "/", "filter", "filter: qkv, dec.*conv?, kind:norm, !frozen", v.filter),
		host.Bind("f", "f", "kinds", "filter by kind: conv, qkv, skip, …", v.cycleKind),
		host.Bind("d", "d", "moved", "those that moved most first; again: least", sorted(func(o *session.LayerOrder) { o.Sort(session.ByDistance) })),
		host.Bind("v", "v", "mark", "mark it", on(func(l *session.LayerList) { l.Mark(); l.Move(1) })),
		host.Bind("V", "V", "", "mark all that the filter shows", on((*session.LayerList).MarkMatched)),
		host.Bind("u", "u", "undo", "undo the last change of what is frozen", v.undo),
		host.Bind("ctrl+r", "ctrl+r", "", "redo", v.redo),
		host.Bind("up k", "↑ k", "", "up", on(func(l *session.LayerList) { l.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", on(func(l *session.LayerList) { l.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", page(-1)),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", page(1)),
		host.Bind("home g", "g", "", "first row", on(func(l *session.LayerList) { l.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last row", on(func(l *session.LayerList) { l.Move(1 << 30) })),
		host.Bind("left h", "← h", "", "fold the block", on(func(l *session.LayerList) { l.Fold(true) })),
		host.Bind("right l", "→ l", "", "unfold the block", on(func(l *session.LayerList) { l.Fold(false) })),
		host.Bind("-", "-", "", "fold all blocks", on(func(l *session.LayerList) { l.FoldAll(true) })),
		host.Bind("+ =", "+", "", "unfold all blocks", on(func(l *session.LayerList) { l.FoldAll(false) })),
	)
	v.treeKeys = host.NewSection("tree of layers",
		host.Bind("enter", "enter", "", "fold or unfold the block", on((*session.LayerList).ToggleFold)),
		host.Bind("s >", "s >", "", "sort by the next column", sorted(func(o *session.LayerOrder) { o.Cycle(1, v.h.Run().Layers.Probe != nil) })),
		host.Bind("<", "<", "", "sort by the previous column", sorted(func(o *session.LayerOrder) { o.Cycle(-1, v.h.Run().Layers.Probe != nil) })),
		host.Bind("o", "o", "", "turn the order round", sorted((*session.LayerOrder).Turn)),
		host.Bind("t", "t", "", "over time: gradient, update or distance", sorted(func(o *session.LayerOrder) { o.CycleOverTime(1) })),
	)
}
