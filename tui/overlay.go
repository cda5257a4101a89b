package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/widget"
)

type overlayKind int

const (
	overlayNone overlayKind = iota
	overlayHelp
	overlayMenu
	overlayConfirm // asks in the footer; covers something only with a body
)

// overlay is what takes the keys before the panes do.
type overlay struct {
	kind     overlayKind
	title    string
	question string
	body     []string // of a question: what it is about, styled lines
	items    []menuItem
	cursor   int // of a menu; first line of the help
	accept   func(a *App, item int) tea.Cmd
}

// menuItem is a line of a menu; detail, styled lines, shows below while the
// cursor is on it.
type menuItem struct {
	name, about string
	detail      []string
}

func (o *overlay) move(by int) {
	if n := len(o.items); n > 0 {
		o.cursor = (o.cursor + by + n) % n
	}
}

func (o *overlay) scroll(by int) { o.cursor = max(o.cursor+by, 0) }

func (a *App) openHelp() tea.Cmd {
	a.overlay = overlay{kind: overlayHelp}
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
	room := a.layout.body
	switch a.overlay.kind {
	case overlayConfirm:
		if body := a.overlay.body; len(body) > 0 {
			return centre(room, widest(body)+4, len(body)+2)
		}
	case overlayMenu:
		w, h := a.menuSize()
		if v, ok := a.current().(menuView); ok {
			if r := v.menuRoom(a, room); r.W >= w+2 && r.H >= h {
				return rect{X: r.X + (r.W-w)/2, Y: r.Y + min(2, (r.H-h)/2), W: w, H: h}
			}
		}
		return centre(room, w, h)
	case overlayHelp:
		lines, w := a.helpLines()
		if w += 4; room.W-w < 16 {
			w = room.W // slivers of the view beside it would only distract
		}
		return centre(room, w, len(lines)+2)
	}
	return rect{}
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
		if n := len(it.detail); n > 0 {
			w = max(w, widest(it.detail)+4)
			details = max(details, n+1)
		}
	}
	return w, len(o.items) + details + 2
}

func widest(lines []string) int {
	w := 0
	for _, l := range lines {
		w = max(w, ansi.StringWidth(l))
	}
	return w
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
	case overlayConfirm:
		for _, line := range a.overlay.body {
			body = append(body, " "+line)
		}
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
	box := widget.Frame(t, t.Accent.Render(title), info, widget.Block(body, r.W-2, r.H-2, e), r.W, r.H, true)
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
		row := widget.Fit(it.name, nameW, g.Ellipsis) + "  "
		if i == o.cursor {
			lines = append(lines, t.Select.Render(widget.Fit(" "+g.Cursor+" "+row+it.about, w, g.Ellipsis)))
			continue
		}
		lines = append(lines, "   "+row+t.Dim.Render(it.about))
	}
	if len(o.items) > 0 && len(o.items[o.cursor].detail) > 0 {
		lines = append(lines, "")
		for _, line := range o.items[o.cursor].detail {
			lines = append(lines, " "+line)
		}
	}
	return lines
}

// helpLines lists the keys of the present view and the commands, in two columns
// when there is room, and their width.
func (a *App) helpLines() ([]string, int) {
	const least, most = 55, 64
	colW := max(min((a.width-4)/2, most), least)
	v := a.current()
	own := v.scopes(a)
	if h, ok := v.(helpView); ok {
		own = h.helpScopes()
	}
	shared := []scope{scopeAll}
	if a.run != nil {
		shared = []scope{scopeRun, scopeAll}
	}
	left := a.helpSections(own)
	right := slices.Concat(a.helpSections(shared), []string{""}, a.helpCommands())
	switch {
	case len(left) == 0:
		return right, colW
	case a.width < 2*colW+4:
		return slices.Concat(left, []string{""}, right), colW
	}
	lines := make([]string, max(len(left), len(right)))
	for i := range lines {
		l, r := "", ""
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		lines[i] = widget.Fit(l, colW, "") + r
	}
	return lines, 2 * colW
}

func (a *App) helpSections(scopes []scope) []string {
	var lines []string
	for i, s := range scopes {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, a.theme.Strong.Render(scopeTitles[s]))
		for _, b := range a.keys {
			if b.scope == s {
				lines = append(lines, a.theme.Key.Render(widget.Fit(a.keyText(b.show), 10, ""))+b.help)
			}
		}
	}
	return lines
}

func (a *App) helpCommands() []string {
	lines := []string{a.theme.Strong.Render("commands, after :")}
	for _, c := range a.commands {
		lines = append(lines, a.theme.Key.Render(widget.Fit(c.usage(), 18, a.theme.Glyphs.Ellipsis))+c.help)
	}
	return lines
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
		return widget.Fit(" "+t.Warn.Render(a.overlay.question)+"  "+a.keyHints(w, scopeConfirm), w, e)
	}
	if a.prompt.open() {
		return widget.Fit(a.promptLine(w), w, e)
	}
	return widget.Fit(" "+a.keyHints(w-2, a.scopes()...), w, e)
}

// keyHints joins the footer words of the scopes, as many as fit; those of the
// last scope, which are how to get help and out, always do.
func (a *App) keyHints(w int, scopes ...scope) string {
	const gap = "  "
	width := func(b *binding) int {
		return ansi.StringWidth(a.keyText(b.show)) + 1 + ansi.StringWidth(a.shortOf(b)) + len(gap)
	}
	hints, always := make([]*binding, 0, 32), 0 // the last ones always show
	room := w + len(gap)
	for i, s := range scopes {
		for j := range a.keys {
			b := &a.keys[j]
			if b.scope != s || b.short == "" {
				continue
			}
			hints = append(hints, b)
			if i == len(scopes)-1 && len(scopes) > 1 {
				always++
				room -= width(b)
			}
		}
	}
	fit := 0
	for fit < len(hints)-always && width(hints[fit]) <= room {
		room -= width(hints[fit])
		fit++
	}
	var out strings.Builder
	out.Grow(16 * w)
	for i, b := range slices.Delete(hints, fit, len(hints)-always) {
		if i > 0 {
			out.WriteString(gap)
		}
		a.theme.Key.Start(&out)
		out.WriteString(a.keyText(b.show))
		a.theme.Key.Stop(&out)
		out.WriteByte(' ')
		a.theme.Dim.Start(&out)
		out.WriteString(a.shortOf(b))
		a.theme.Dim.Stop(&out)
	}
	return out.String()
}

// shortOf words a binding for the present state.
func (a *App) shortOf(b *binding) string {
	switch {
	case a.run == nil && b.scope == scopeAll && b.short == "detach":
		return "quit"
	case a.run != nil && b.keys[0] == "P" && a.run.Info.Status.State == "paused":
		return "go on"
	}
	return b.short
}
