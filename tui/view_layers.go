package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/panes"
	"innate/tui/theme"
)

// layersView shows the network in full size and, where there is room, the layer
// under the cursor beside it.
type layersView struct {
	a          *App
	layersKeys *host.Section
	treeKeys   *host.Section

	panel     *panes.LayerPanel
	freezings freezings

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

func (v *layersView) AddHistory(_ []runlog.Tick, events []runlog.Event, reset bool) {
	v.freezings.add(events, reset)
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
	l := v.a.run.layers
	lines := v.a.framed(at, "Layers", true, l.View, l.Info()...)
	if beside.Empty() {
		return lines
	}
	if v.panel == nil {
		v.panel = panes.NewLayerPanel(v.a.theme)
	}
	d, _ := l.Detail()
	v.panel.Set(d, v.freezings.changes(v.a, &d))
	for i, line := range v.a.framed(beside, d.Name, false, v.panel.View, v.panel.Info()...) {
		lines[i] += line
	}
	return lines
}

// back takes the marks off, then the filter.
func (v *layersView) Back() bool { return v.a.run.narrowLess() }

func (r *runView) narrowLess() bool {
	switch {
	case len(r.layers.Marked()) > 0:
		r.layers.ClearMarks()
	case r.layers.Filter() != "":
		r.layers.SetFilter("")
	default:
		return false
	}
	return true
}

func (v *layersView) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	at, _ := v.split(r)
	return v.mouseIn(m, at)
}

// doubleClick is how far apart its clicks may be.
const doubleClick = 500 * time.Millisecond

// mouseIn handles a mouse message for the tree framed in r, also on the
// dashboard: the head of a column sorts by it, a click moves the cursor, and a
// second one, or one on the state, toggles.
func (v *layersView) mouseIn(m tea.MouseMsg, r host.Rect) tea.Cmd {
	l, e, in := v.a.run.layers, m.Mouse(), host.Inner(r)
	if _, ok := m.(tea.MouseWheelMsg); ok {
		l.Move(3 * wheel(e))
		return nil
	}
	if _, ok := m.(tea.MouseClickMsg); !ok || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) {
		return nil
	}
	column, head := l.ColumnAt(e.X-in.X, e.Y-in.Y, in.W)
	if head {
		return v.a.sortLayers(func(l *panes.Layers) { l.SortBy(column) })
	}
	if !l.MoveTo(e.Y - in.Y) {
		return nil
	}
	d, _ := l.Detail()
	again := d.Name == v.clicked && v.a.opts.Now().Sub(v.clickedAt) <= doubleClick
	v.clicked, v.clickedAt = d.Name, v.a.opts.Now()
	if !again && column != panes.ByState {
		return nil
	}
	v.clicked = "" // a third click is the first of another two
	return v.a.toggleLayer()
}

// layersTree returns the view of layers of the open run.
func (a *App) layersTree() *layersView { return viewOf[*layersView](a.run) }

func (v *layersView) bind() {
	a := v.a
	on := func(f func(*panes.Layers)) func() tea.Cmd {
		return func() tea.Cmd { f(a.run.layers); return nil }
	}
	sorted := func(f func(*panes.Layers)) func() tea.Cmd {
		return func() tea.Cmd { return a.sortLayers(f) }
	}
	v.layersKeys = host.NewSection("layers",
		host.Bind("space", "space", "freeze", "freeze or train it, or what is marked", a.toggleLayer),
		host.Bind("a", "a", "what if", "the same, after showing what would change", a.previewLayer),
		host.Bind("p", "p", "preset", "freezing presets", a.openPresets),
		host.Bind("/", "/", "filter", "filter: qkv, dec.*conv?, kind:norm, !frozen", a.openFilter),
		host.Bind("f", "f", "kinds", "filter by kind: conv, qkv, skip, …", a.cycleKind),
		host.Bind("d", "d", "moved", "those that moved most first; again: least", sorted(func(l *panes.Layers) { l.SortBy(panes.ByDistance) })),
		host.Bind("v", "v", "mark", "mark it", on(func(l *panes.Layers) { l.Mark(); l.Move(1) })),
		host.Bind("V", "V", "", "mark all that the filter shows", on((*panes.Layers).MarkMatched)),
		host.Bind("u", "u", "undo", "undo the last change of what is frozen", a.undoFreeze),
		host.Bind("ctrl+r", "ctrl+r", "", "redo", a.redoFreeze),
		host.Bind("up k", "↑ k", "", "up", on(func(l *panes.Layers) { l.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", on(func(l *panes.Layers) { l.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", on(func(l *panes.Layers) { l.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", on(func(l *panes.Layers) { l.Page(1) })),
		host.Bind("home g", "g", "", "first row", on(func(l *panes.Layers) { l.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last row", on(func(l *panes.Layers) { l.Move(1 << 30) })),
		host.Bind("left h", "← h", "", "fold the block", on(func(l *panes.Layers) { l.Fold(true) })),
		host.Bind("right l", "→ l", "", "unfold the block", on(func(l *panes.Layers) { l.Fold(false) })),
		host.Bind("-", "-", "", "fold all blocks", on(func(l *panes.Layers) { l.FoldAll(true) })),
		host.Bind("+ =", "+", "", "unfold all blocks", on(func(l *panes.Layers) { l.FoldAll(false) })),
	)
	v.treeKeys = host.NewSection("tree of layers",
		host.Bind("enter", "enter", "", "fold or unfold the block", on((*panes.Layers).ToggleFold)),
		host.Bind("s >", "s >", "", "sort by the next column", sorted(func(l *panes.Layers) { l.CycleSort(1) })),
		host.Bind("<", "<", "", "sort by the previous column", sorted(func(l *panes.Layers) { l.CycleSort(-1) })),
		host.Bind("o", "o", "", "turn the order round", sorted((*panes.Layers).Turn)),
		host.Bind("t", "t", "", "over time: gradient, update or distance", sorted(func(l *panes.Layers) { l.CycleStat(1) })),
	)
}

// openFilter filters the layers as the text is typed.
func (a *App) openFilter() tea.Cmd {
	before := a.run.layers.Filter()
	return a.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words, globs, kind:conv, frozen, training, marked, !not",
		Changed: a.run.layers.SetFilter,
		Cancel:  func() { a.run.layers.SetFilter(before) },
	})
}

// quickFilters are what f goes through, and what the command view offers.
var quickFilters = []string{
	"kind:conv", "kind:qkv", "kind:proj", "kind:skip", "kind:affine", "kind:norm", "kind:linear", "frozen", "training", "",
}

// cycleKind filters by the next kind that this network has.
func (a *App) cycleKind() tea.Cmd {
	l := a.run.layers
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
func (a *App) sortLayers(f func(*panes.Layers)) tea.Cmd {
	l := a.run.layers
	f(l)
	c, reverse := l.Sorting()
	name := c.String()
	if c.Descends(reverse) {
		name = "-" + name
	}
	a.state.Sort[layersSort], a.state.Sort[layersMeasure] = name, l.Measure().String()
	return nil
}

// recallLayers sorts the layers of a run that is being opened as remembered.
func (a *App) recallLayers() {
	l := a.run.layers
	if name, ok := a.state.Sort[layersSort]; ok {
		a.sortBy(name)
	}
	if c, ok := panes.LayerColumnNamed(a.state.Sort[layersMeasure]); ok {
		l.SetMeasure(c)
	}
}

// sortBy sorts by a column's name; a dash before it wants it descending. Without
// one a column runs its usual way.
func (a *App) sortBy(name string) bool {
	column, dashed := strings.CutPrefix(name, "-")
	c, ok := panes.LayerColumnNamed(column)
	if !ok {
		return false
	}
	l := a.run.layers
	l.SortBy(panes.ByTree)
	l.SortBy(c)
	if dashed != c.Descends(false) {
		l.Turn()
	}
	return true
}

func (a *App) commandFilter(args []string) tea.Cmd {
	a.run.layers.SetFilter(strings.Join(args, " "))
	return a.Reveal("layers")
}

func (a *App) commandSort(name string) tea.Cmd {
	if c, ok := panes.LayerColumnNamed(name); ok && c.Descends(false) {
		name = "-" + name // numbers: the largest first
	}
	if !a.sortBy(name) {
		return a.Fail(fmt.Errorf("sort: %q, want %s", name, strings.Join(panes.LayerColumnNames(), ", ")))
	}
	a.sortLayers(func(*panes.Layers) {})
	return a.Reveal("layers")
}
