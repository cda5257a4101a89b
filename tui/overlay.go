package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/panes"
)

type overlayKind int

const (
	overlayNone overlayKind = iota
	overlayHelp
	overlayMenu
	overlayConfirm // asks in the footer, covers nothing
)

// overlay is what takes the keys before the panes do.
type overlay struct {
	kind     overlayKind
	title    string
	question string
	items    []menuItem
	cursor   int  // of a menu; first line of the help
	pane     pane // the menu stands over this pane
	accept   func(a *App, item int) tea.Cmd
}

// menuItem is a line of a menu; detail shows below while the cursor is on it.
type menuItem struct{ name, about, detail string }

func (o *overlay) move(by int) {
	if n := len(o.items); n > 0 {
		o.cursor = (o.cursor + by + n) % n
	}
}

func (o *overlay) scroll(by int) { o.cursor = max(o.cursor+by, 0) }

func (a *App) openHelp() tea.Cmd {
	a.overlay = overlay{kind: overlayHelp, pane: paneNone}
	return nil
}

func (a *App) closeOverlay() tea.Cmd {
	a.overlay = overlay{}
	return nil
}

func (a *App) acceptMenu() tea.Cmd {
	o := a.overlay
	a.overlay = overlay{}
	if o.accept == nil || len(o.items) == 0 {
		return nil
	}
	return o.accept(a, o.cursor)
}

func (a *App) acceptConfirm() tea.Cmd {
	accept := a.overlay.accept
	a.overlay = overlay{}
	if accept == nil {
		return nil
	}
	return accept(a, 0)
}

// overlayRect returns the cells an open overlay covers.
func (a *App) overlayRect() rect {
	if a.layout.tooSmall {
		return rect{}
	}
	room := rect{X: 0, Y: headerHeight, W: a.width, H: a.height - headerHeight - 2}
	switch a.overlay.kind {
	case overlayMenu:
		w, h := a.menuSize()
		if r := a.overlayPane(); r.W >= w+2 && r.H >= h {
			return rect{X: r.X + (r.W-w)/2, Y: r.Y + min(2, (r.H-h)/2), W: w, H: h}
		}
		return centre(room, w, h)
	case overlayHelp:
		lines, w := a.helpLines()
		return centre(room, w+4, len(lines)+2)
	}
	return rect{}
}

func (a *App) overlayPane() rect {
	if a.overlay.pane < 0 || a.run == nil {
		return rect{}
	}
	return a.layout.panes[a.overlay.pane]
}

func centre(room rect, w, h int) rect {
	w, h = min(w, room.W), min(h, room.H)
	return rect{X: room.X + (room.W-w)/2, Y: room.Y + (room.H-h)/2, W: w, H: h}
}

func (a *App) menuSize() (w, h int) {
	o := &a.overlay
	w = ansi.StringWidth(o.title) + 6
	details := 0
	for _, it := range o.items {
		w = max(w, a.menuNameWidth()+ansi.StringWidth(it.about)+8)
		if it.detail != "" {
			w = max(w, ansi.StringWidth(it.detail)+4)
			details = 2
		}
	}
	return w, len(o.items) + details + 2
}

func (a *App) menuNameWidth() int {
	w := 0
	for _, it := range a.overlay.items {
		w = max(w, ansi.StringWidth(it.name))
	}
	return w
}

// drawOverlay puts the open overlay over the frame's lines.
func (a *App) drawOverlay(lines []string) {
	r := a.overlayRect()
	if r.W < 4 || r.H < 3 {
		return
	}
	t, e := a.theme, a.theme.Glyphs.Ellipsis
	var body []string
	title := a.overlay.title
	var info []string
	switch a.overlay.kind {
	case overlayMenu:
		body = a.menuLines(r.W - 2)
		if over := len(body) - (r.H - 2); over > 0 { // keep the cursor in view
			from := min(max(a.overlay.cursor-(r.H-3), 0), over)
			body = body[from:]
		}
	case overlayHelp:
		all, _ := a.helpLines()
		o := &a.overlay
		o.cursor = max(min(o.cursor, len(all)-(r.H-2)), 0)
		body, title = all[o.cursor:], "Help"
		if len(all) > r.H-2 {
			info = []string{t.Dim.Render(t.Glyphs.Arrows + " more")}
		}
		for i := range body {
			body[i] = " " + body[i]
		}
	}
	box := panes.Frame(t, t.Accent.Render(title), info, panes.Block(body, r.W-2, r.H-2, e), r.W, r.H, true)
	for i, row := range strings.Split(box, "\n") {
		if y := r.Y + i; y < len(lines) {
			under := lines[y]
			lines[y] = ansi.Truncate(under, r.X, "") + row + ansi.TruncateLeft(under, r.X+r.W, "")
		}
	}
}

func (a *App) menuLines(w int) []string {
	o, t, g := &a.overlay, a.theme, a.theme.Glyphs
	nameW := a.menuNameWidth()
	var lines []string
	for i, it := range o.items {
		row := panes.Fit(it.name, nameW, g.Ellipsis) + "  "
		if i == o.cursor {
			lines = append(lines, t.Select.Render(panes.Fit(" "+g.Cursor+" "+row+it.about, w, g.Ellipsis)))
			continue
		}
		lines = append(lines, "   "+row+t.Dim.Render(it.about))
	}
	if len(o.items) > 0 && o.items[o.cursor].detail != "" {
		lines = append(lines, "", " "+t.Frozen.Render(o.items[o.cursor].detail))
	}
	return lines
}

// helpLines lists the key table by scope, in two columns when there is room, and
// its width.
func (a *App) helpLines() ([]string, int) {
	const keyW, colW = 10, 55
	var columns [2][]string
	scopes := [2][]scope{{scopeRun, scopeAll}, {scopeLayers, scopeChart, scopeSamples, scopeEvents}}
	if a.run == nil {
		scopes = [2][]scope{{scopeRuns, scopeAll}, nil}
	}
	for c := range columns {
		for _, s := range scopes[c] {
			if len(columns[c]) > 0 {
				columns[c] = append(columns[c], "")
			}
			columns[c] = append(columns[c], a.theme.Strong.Render(scopeTitles[s]))
			for _, b := range a.keys {
				if b.scope == s {
					columns[c] = append(columns[c], a.theme.Key.Render(panes.Fit(a.keyText(b.show), keyW, ""))+b.help)
				}
			}
		}
	}
	if columns[1] == nil {
		return columns[0], colW
	}
	if a.width < 2*colW+4 {
		return append(append(columns[0], ""), columns[1]...), colW
	}
	n := max(len(columns[0]), len(columns[1]))
	lines := make([]string, n)
	for i := range lines {
		left, right := "", ""
		if i < len(columns[0]) {
			left = columns[0][i]
		}
		if i < len(columns[1]) {
			right = columns[1][i]
		}
		lines[i] = panes.Fit(left, colW, "") + right
	}
	return lines, 2 * colW
}

// keyText writes a key for the terminal at hand.
func (a *App) keyText(show string) string {
	if !a.theme.Glyphs.ASCII {
		return show
	}
	return strings.NewReplacer("←", "left", "→", "right", "↑", "up", "↓", "down").Replace(show)
}

// footer is the last line: a question, a prompt, or the keys that work here.
func (a *App) footer() string {
	t, e := a.theme, a.theme.Glyphs.Ellipsis
	w := a.width
	if a.overlay.kind == overlayConfirm {
		return panes.Fit(" "+t.Warn.Render(a.overlay.question)+"  "+a.keyHints(w, scopeConfirm), w, e)
	}
	if p := &a.prompt; p.open() {
		text := p.text
		if n := ansi.StringWidth(text); n > w-8 {
			text = ansi.TruncateLeft(text, n-(w-8), e)
		}
		s := " " + t.Accent.Render(p.sign) + text + t.Select.Render("\u00a0")
		if p.text == "" {
			s += " " + t.Dim.Render(p.hint)
		}
		return panes.Fit(s, w, e)
	}
	return panes.Fit(" "+a.keyHints(w-2, a.scopes()...), w, e)
}

// keyHints joins the footer words of the scopes, as many as fit; those of the
// last scope, which are how to get help and out, always do.
func (a *App) keyHints(w int, scopes ...scope) string {
	var hints, tail []string
	for i, s := range scopes {
		for _, b := range a.keys {
			if b.scope == s && b.short != "" {
				h := a.theme.Key.Render(a.keyText(b.show)) + " " + a.theme.Dim.Render(a.shortOf(&b))
				if i == len(scopes)-1 && len(scopes) > 1 {
					tail = append(tail, h)
				} else {
					hints = append(hints, h)
				}
			}
		}
	}
	const gap = "  "
	end := strings.Join(tail, gap)
	for n := len(hints); n >= 0; n-- {
		s := strings.Join(hints[:n], gap)
		if n > 0 && end != "" {
			s += gap
		}
		if s += end; ansi.StringWidth(s) <= w || n == 0 {
			return s
		}
	}
	return end
}

// shortOf words a binding for the present state.
func (a *App) shortOf(b *binding) string {
	switch {
	case a.run == nil && b.scope == scopeAll && b.short == "detach":
		return "quit"
	case a.run != nil && b.keys[0] == "P" && a.run.info.Status.State == "paused":
		return "go on"
	case b.keys[0] == "z" && a.zoom:
		return "unzoom"
	}
	return b.short
}
