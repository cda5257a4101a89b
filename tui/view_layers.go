package tui

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/runlog"
	"innate/tui/panes"
	"innate/tui/theme"
)

// layersView shows the network in full size and, where there is room, the layer
// under the cursor beside it.
type layersView struct {
	panel     *panes.LayerPanel
	freezings freezings

	clicked   string // the row clicked last …
	clickedAt time.Time
}

func (*layersView) title() string       { return viewNames[viewLayers] }
func (*layersView) scopes(*App) []scope { return []scope{scopeTree, scopeLayers} }

func (v *layersView) setTheme(t *theme.Theme) {
	if v.panel != nil {
		v.panel.SetTheme(t)
	}
}

func (v *layersView) addHistory(_ []runlog.Tick, events []runlog.Event, reset bool) {
	v.freezings.add(events, reset)
}

// Widths of the panel and of the view that has room for it: the tree keeps all
// its columns.
const (
	panelRoom = 178
	panelW    = 58
)

func (*layersView) split(r rect) (tree, panel rect) {
	if r.W < panelRoom {
		return r, rect{}
	}
	return splitX(r, r.W-panelW)
}

func (v *layersView) draw(a *App, r rect) []string {
	at, beside := v.split(r)
	l := a.run.layers
	lines := a.framed(at, "Layers", true, l.View, l.Info()...)
	if beside.Empty() {
		return lines
	}
	if v.panel == nil {
		v.panel = panes.NewLayerPanel(a.theme)
	}
	d, _ := l.Detail()
	v.panel.Set(d, v.freezings.changes(a, &d))
	for i, line := range a.framed(beside, d.Name, false, v.panel.View, v.panel.Info()...) {
		lines[i] += line
	}
	return lines
}

// back takes the marks off, then the filter.
func (*layersView) back(a *App) bool { return a.run.narrowLess() }

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

func (v *layersView) mouse(a *App, m tea.MouseMsg, r rect) tea.Cmd {
	at, _ := v.split(r)
	return v.mouseIn(a, m, at)
}

// doubleClick is how far apart its clicks may be.
const doubleClick = 500 * time.Millisecond

// mouseIn handles a mouse message for the tree framed in r, also on the
// dashboard: the head of a column sorts by it, a click moves the cursor, and a
// second one, or one on the state, toggles.
func (v *layersView) mouseIn(a *App, m tea.MouseMsg, r rect) tea.Cmd {
	l, e, in := a.run.layers, m.Mouse(), inner(r)
	if _, ok := m.(tea.MouseWheelMsg); ok {
		l.Move(3 * wheel(e))
		return nil
	}
	if _, ok := m.(tea.MouseClickMsg); !ok || e.Button != tea.MouseLeft || !in.Contains(e.X, e.Y) {
		return nil
	}
	column, head := l.ColumnAt(e.X-in.X, e.Y-in.Y, in.W)
	if head {
		return a.sortLayers(func(l *panes.Layers) { l.SortBy(column) })
	}
	if !l.MoveTo(e.Y - in.Y) {
		return nil
	}
	d, _ := l.Detail()
	again := d.Name == v.clicked && a.opts.Now().Sub(v.clickedAt) <= doubleClick
	v.clicked, v.clickedAt = d.Name, a.opts.Now()
	if !again && column != panes.ByState {
		return nil
	}
	v.clicked = "" // a third click is the first of another two
	return a.toggleLayer()
}

// layersTree returns the view of layers of the open run.
func (a *App) layersTree() *layersView { return a.run.views[viewLayers].(*layersView) }

func layersKeys() []binding {
	on := func(f func(*panes.Layers)) func(*App) tea.Cmd {
		return func(a *App) tea.Cmd { f(a.run.layers); return nil }
	}
	sorted := func(f func(*panes.Layers)) func(*App) tea.Cmd {
		return func(a *App) tea.Cmd { return a.sortLayers(f) }
	}
	return []binding{
		{scopeLayers, []string{"space"}, "space", "freeze", "freeze or train it, or what is marked", (*App).toggleLayer},
		{scopeLayers, []string{"a"}, "a", "what if", "the same, after showing what would change", (*App).previewLayer},
		{scopeLayers, []string{"p"}, "p", "preset", "freezing presets", (*App).openPresets},
		{scopeLayers, []string{"/"}, "/", "filter", "filter: qkv, dec.*conv?, kind:norm, !frozen", (*App).openFilter},
		{scopeLayers, []string{"f"}, "f", "kinds", "filter by kind: conv, qkv, skip, …", (*App).cycleKind},
		{scopeLayers, []string{"d"}, "d", "moved", "those that moved most first; again: least", sorted(func(l *panes.Layers) { l.SortBy(panes.ByDistance) })},
		{scopeLayers, []string{"v"}, "v", "mark", "mark it", on(func(l *panes.Layers) { l.Mark(); l.Move(1) })},
		{scopeLayers, []string{"V"}, "V", "", "mark all that the filter shows", on((*panes.Layers).MarkMatched)},
		{scopeLayers, []string{"u"}, "u", "undo", "undo the last change of what is frozen", (*App).undoFreeze},
		{scopeLayers, []string{"ctrl+r"}, "ctrl+r", "", "redo", (*App).redoFreeze},
		{scopeLayers, []string{"up", "k"}, "↑ k", "", "up", on(func(l *panes.Layers) { l.Move(-1) })},
		{scopeLayers, []string{"down", "j"}, "↓ j", "", "down", on(func(l *panes.Layers) { l.Move(1) })},
		{scopeLayers, []string{"pgup", "ctrl+b"}, "pgup", "", "page up", on(func(l *panes.Layers) { l.Page(-1) })},
		{scopeLayers, []string{"pgdown", "ctrl+f"}, "pgdn", "", "page down", on(func(l *panes.Layers) { l.Page(1) })},
		{scopeLayers, []string{"home", "g"}, "g", "", "first row", on(func(l *panes.Layers) { l.Move(-1 << 30) })},
		{scopeLayers, []string{"end", "G"}, "G", "", "last row", on(func(l *panes.Layers) { l.Move(1 << 30) })},
		{scopeLayers, []string{"left", "h"}, "← h", "", "fold the block", on(func(l *panes.Layers) { l.Fold(true) })},
		{scopeLayers, []string{"right", "l"}, "→ l", "", "unfold the block", on(func(l *panes.Layers) { l.Fold(false) })},
		{scopeLayers, []string{"-"}, "-", "", "fold all blocks", on(func(l *panes.Layers) { l.FoldAll(true) })},
		{scopeLayers, []string{"+", "="}, "+", "", "unfold all blocks", on(func(l *panes.Layers) { l.FoldAll(false) })},

		{scopeTree, []string{"enter"}, "enter", "", "fold or unfold the block", on((*panes.Layers).ToggleFold)},
		{scopeTree, []string{"s", ">"}, "s >", "", "sort by the next column", sorted(func(l *panes.Layers) { l.CycleSort(1) })},
		{scopeTree, []string{"<"}, "<", "", "sort by the previous column", sorted(func(l *panes.Layers) { l.CycleSort(-1) })},
		{scopeTree, []string{"o"}, "o", "", "turn the order round", sorted((*panes.Layers).Turn)},
		{scopeTree, []string{"t"}, "t", "", "over time: gradient, update or distance", sorted(func(l *panes.Layers) { l.CycleStat(1) })},
	}
}

// openFilter filters the layers as the text is typed.
func (a *App) openFilter() tea.Cmd {
	before := a.run.layers.Filter()
	a.prompt = prompt{
		sign: "/", text: before, hint: "words, globs, kind:conv, frozen, training, marked, !not",
		changed: func(a *App, s string) { a.run.layers.SetFilter(s) },
		cancel:  func(a *App) { a.run.layers.SetFilter(before) },
	}
	return nil
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

// showLayers goes where the layers can be seen.
func (a *App) showLayers() tea.Cmd {
	if a.view == viewDashboard {
		a.setFocus(paneLayers)
		return nil
	}
	return a.setView(viewLayers)
}

func (a *App) commandFilter(args []string) tea.Cmd {
	a.run.layers.SetFilter(strings.Join(args, " "))
	return a.showLayers()
}

func (a *App) commandSort(name string) tea.Cmd {
	if c, ok := panes.LayerColumnNamed(name); ok && c.Descends(false) {
		name = "-" + name // numbers: the largest first
	}
	if !a.sortBy(name) {
		return a.fail(fmt.Errorf("sort: %q, want %s", name, strings.Join(panes.LayerColumnNames(), ", ")))
	}
	a.sortLayers(func(*panes.Layers) {})
	return a.showLayers()
}
