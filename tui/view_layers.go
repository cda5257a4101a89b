package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/views/layers"
)

// layersView shows the network in full size and, where there is room, the layer
// under the cursor beside it.
type layersView struct {
	a          *App
	layersKeys *host.Section
	treeKeys   *host.Section

	panel     *layers.Panel
	freezings session.Freezings

	clicked   string // the row clicked last …
	clickedAt time.Time
}

func newLayers(h host.Host) host.View {
	v := &layersView{a: h.(*App)}
	v.bind()
	return v
}

func (v *layersView) Active() []*host.Section { return []*host.Section{v.treeKeys, v.layersKeys} }

func (*layersView) Title() string { return "layers" }

func (v *layersView) SetTheme(t *theme.Theme) {
	if v.panel != nil {
		v.panel.SetTheme(t)
	}
}

func (v *layersView) AddEvents(events []runlog.Event, reset bool) {
	v.freezings.Add(events, reset)
}

// Widths of the panel and of the view that has room for it: the tree keeps all
// its columns.
const (
	panelRoom = 178
	panelW    = 58
)

func (*layersView) split(r host.Rect) (tree, panel host.Rect) {
	if r.W < panelRoom {
		return r, host.Rect{}
	}
	return host.SplitX(r, r.W-panelW)
}

func (v *layersView) Draw(r host.Rect) []string {
	at, beside := v.split(r)
	l, tree := v.a.run.Layers, v.a.run.tree
	lines := host.Framed(v.a.theme, at, "Layers", true, tree.View, tree.Info()...)
	if beside.Empty() {
		return lines
	}
	if v.panel == nil {
		v.panel = layers.NewPanel(v.a.theme)
	}
	title := ""
	node, ok := v.a.run.List.Cursor()
	var changes []session.FreezeChange
	if ok {
		title = l.Net.Nodes[node].Key
		changes = v.freezings.Changes(l.Net.Names(), l.Net.NamesOf(node), v.a.frozenUnder)
	}
	v.panel.Set(l, node, changes)
	return host.Beside(lines, host.Framed(v.a.theme, beside, title, false, v.panel.View, v.panel.Info()...))
}

// back takes the marks off, then the filter.
func (v *layersView) Back() bool { return v.a.run.narrowLess() }

func (r *runView) narrowLess() bool {
	switch {
	case r.Layers.Marked.Len() > 0:
		r.Layers.ClearMarks()
	case r.List.Filter() != "":
		r.List.SetFilter("")
	default:
		return false
	}
	return true
}

func (v *layersView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	at, _ := v.split(r)
	return v.mouseIn(m, at)
}

// mouseIn handles a mouse message for the tree framed in r, also on the
// dashboard: the head of a column sorts by it, a click moves the cursor, and a
// second one, or one on the state, toggles.
func (v *layersView) mouseIn(m tea.MouseMsg, r host.Rect) tea.Cmd {
	tree, e, in := v.a.run.tree, m.Mouse(), host.Inner(r)
	if _, ok := m.(tea.MouseWheelMsg); ok {
		v.a.run.List.Move(3 * host.Wheel(e))
		return nil
	}
	if _, ok := m.(tea.MouseClickMsg); !ok || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) {
		return nil
	}
	column, head := tree.ColumnAt(e.X-in.X, e.Y-in.Y, in.W)
	if head {
		return v.a.sortLayers(func(o *session.LayerOrder) { o.Sort(column) })
	}
	if !tree.MoveTo(e.Y - in.Y) {
		return nil
	}
	node, _ := v.a.run.List.Cursor()
	key := v.a.run.Layers.Net.Nodes[node].Key
	again := key == v.clicked && v.a.opts.Now().Sub(v.clickedAt) <= host.DoubleClick
	v.clicked, v.clickedAt = key, v.a.opts.Now()
	if !again && column != session.ByState {
		return nil
	}
	v.clicked = "" // a third click is the first of another two
	return v.a.toggleLayer()
}

// layersTree returns the view of layers of the open run.
func (a *App) layersTree() *layersView { return viewOf[*layersView](a.run) }

func (v *layersView) bind() {
	a := v.a
	on := func(f func(*session.LayerList)) func() tea.Cmd {
		return func() tea.Cmd { f(a.run.List); return nil }
	}
	page := func(by int) func() tea.Cmd {
		return func() tea.Cmd { a.run.tree.Page(by); return nil }
	}
	sorted := func(f func(*session.LayerOrder)) func() tea.Cmd {
		return func() tea.Cmd { return a.sortLayers(f) }
	}
	v.layersKeys = host.NewSection("layers",
		host.Bind("space", "space", "freeze", "freeze or train it, or what is marked", a.toggleLayer),
		host.Bind("a", "a", "what if", "the same, after showing what would change", a.previewLayer),
		host.Bind("p", "p", "preset", "freezing presets", a.openPresets),
		host.Bind("/", "/", "filter", "filter: qkv, dec.*conv?, kind:norm, !frozen", a.openFilter),
		host.Bind("f", "f", "kinds", "filter by kind: conv, qkv, skip, …", a.cycleKind),
		host.Bind("d", "d", "moved", "those that moved most first; again: least", sorted(func(o *session.LayerOrder) { o.Sort(session.ByDistance) })),
		host.Bind("v", "v", "mark", "mark it", on(func(l *session.LayerList) { l.Mark(); l.Move(1) })),
		host.Bind("V", "V", "", "mark all that the filter shows", on((*session.LayerList).MarkMatched)),
		host.Bind("u", "u", "undo", "undo the last change of what is frozen", a.undoFreeze),
		host.Bind("ctrl+r", "ctrl+r", "", "redo", a.redoFreeze),
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
		host.Bind("s >", "s >", "", "sort by the next column", sorted(func(o *session.LayerOrder) { o.Cycle(1) })),
		host.Bind("<", "<", "", "sort by the previous column", sorted(func(o *session.LayerOrder) { o.Cycle(-1) })),
		host.Bind("o", "o", "", "turn the order round", sorted((*session.LayerOrder).Turn)),
		host.Bind("t", "t", "", "over time: gradient, update or distance", sorted(func(o *session.LayerOrder) { o.CycleOverTime(1) })),
	)
}

// openFilter filters the layers as the text is typed.
func (a *App) openFilter() tea.Cmd {
	list := a.run.List
	before := list.Filter()
	return a.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words, globs, kind:conv, frozen, training, marked, !not",
		Changed: list.SetFilter,
		Cancel:  func() { list.SetFilter(before) },
	})
}

// quickFilters are what f goes through, and what the command view offers.
var quickFilters = []string{
	"kind:conv", "kind:qkv", "kind:proj", "kind:skip", "kind:affine", "kind:norm", "kind:linear", "frozen", "training", "",
}

// cycleKind filters by the next kind that this network has.
func (a *App) cycleKind() tea.Cmd {
	l := a.run.List
	at := len(quickFilters) - 1
	for i, f := range quickFilters {
		if f == l.Filter() {
			at = i
		}
	}
	for range quickFilters {
		at = (at + 1) % len(quickFilters)
		if l.SetFilter(quickFilters[at]); len(l.Matched()) > 0 {
			break
		}
	}
	return nil
}

// Names under which the order of the layers is remembered.
const (
	layersSort    = "layers"
	layersMeasure = "layers over time"
)

// sortLayers changes the order, or the measurement, and remembers both.
func (a *App) sortLayers(f func(*session.LayerOrder)) tea.Cmd {
	o := &a.run.List.Order
	f(o)
	a.state.Sort[layersSort], a.state.Sort[layersMeasure] = o.String(), session.ColumnOf(o.OverTime).String()
	return nil
}

// recallLayers sorts the layers of a run that is being opened as remembered.
func (a *App) recallLayers() {
	o := &a.run.List.Order
	if name, ok := a.state.Sort[layersSort]; ok {
		o.Set(name)
	}
	if c, ok := session.LayerColumnNamed(a.state.Sort[layersMeasure]); ok {
		if m, ok := c.Measurement(); ok {
			o.OverTime = m
		}
	}
}

func (a *App) commandFilter(args []string) tea.Cmd {
	a.run.List.SetFilter(strings.Join(args, " "))
	return a.Reveal("layers")
}

// commandSort sorts by a column the way it usually runs, or after a dash from the
// largest down, or z to a.
func (a *App) commandSort(name string) tea.Cmd {
	order := session.LayerOrder{OverTime: a.run.List.Order.OverTime}
	if c, ok := session.LayerColumnNamed(name); ok {
		order.Sort(c)
	} else if !order.Set(name) {
		return a.Fail(fmt.Errorf("sort: %q, want %s", name, strings.Join(session.LayerColumnNames(), ", ")))
	}
	a.sortLayers(func(o *session.LayerOrder) { *o = order })
	return a.Reveal("layers")
}
