package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"innate/tui/host"
	"innate/tui/widget"
)

type overlayKind int

const (
	overlayNone overlayKind = iota
	overlayHelp
	overlayMenu
	overlayQuestion // asks in the footer; covers something only with a body
)

// overlay is what takes the keys before the views do.
type overlay struct {
	kind     overlayKind
	question host.Question
	menu     host.Menu
	line     int // first of the help
}

// Ask implements host.Host.
func (a *App) Ask(q host.Question) tea.Cmd {
	a.overlay = overlay{kind: overlayQuestion, question: q}
	return nil
}

// Menu implements host.Host.
func (a *App) Menu(m host.Menu) tea.Cmd {
	a.overlay = overlay{kind: overlayMenu, menu: m}
	return nil
}

func (o *overlay) move(by int) {
	if n := len(o.menu.Items); n > 0 {
		o.menu.Cursor = (o.menu.Cursor + by + n) % n
	}
}

func (o *overlay) scroll(by int) { o.line = max(o.line+by, 0) }

func (a *App) openHelp() tea.Cmd {
	a.overlay = overlay{kind: overlayHelp}
	return nil
}

func (a *App) closeOverlay() tea.Cmd {
	a.overlay = overlay{}
	return nil
}

func (a *App) acceptMenu() tea.Cmd {
	m := a.overlay.menu
	a.overlay = overlay{}
	if m.Accept == nil || len(m.Items) == 0 {
		return nil
	}
	return m.Accept(m.Cursor)
}

func (a *App) acceptQuestion() tea.Cmd {
	yes := a.overlay.question.Yes
	a.overlay = overlay{}
	if yes == nil {
		return nil
	}
	return yes()
}

// overlayRect returns the cells an open overlay covers.
func (a *App) overlayRect() host.Rect {
	if a.layout.tooSmall {
		return host.Rect{}
	}
	room := a.layout.body
	switch a.overlay.kind {
	case overlayQuestion:
		if body := a.overlay.question.Body; len(body) > 0 {
			return centre(room, widest(body)+4, len(body)+2)
		}
	case overlayMenu:
		w, h := a.menuSize()
		if v, ok := a.current().(host.MenuView); ok {
			if r := v.MenuRoom(room); r.W >= w+2 && r.H >= h {
				return host.Rect{X: r.X + (r.W-w)/2, Y: r.Y + min(2, (r.H-h)/2), W: w, H: h}
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
	return host.Rect{}
}

func centre(room host.Rect, w, h int) host.Rect {
	w, h = min(w, room.W), min(h, room.H)
	return host.Rect{X: room.X + (room.W-w)/2, Y: room.Y + (room.H-h)/2, W: w, H: h}
}

func (a *App) menuSize() (w, h int) {
	o := &a.overlay.menu
	w = ansi.StringWidth(o.Title) + 6
	details := 0
	for _, it := range o.Items {
		w = max(w, a.menuNameWidth()+ansi.StringWidth(it.About)+8)
		if n := len(it.Detail); n > 0 {
			w = max(w, widest(it.Detail)+4)
			details = max(details, n+1)
		}
	}
	return w, len(o.Items) + details + 2
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
	for _, it := range a.overlay.menu.Items {
		w = max(w, ansi.StringWidth(it.Name))
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
	title := cmp.Or(a.overlay.question.Title, a.overlay.menu.Title)
	var info []string
	switch a.overlay.kind {
	case overlayQuestion:
		for _, line := range a.overlay.question.Body {
			body = append(body, " "+line)
		}
	case overlayMenu:
		body = a.menuLines(r.W - 2)
		if over := len(body) - (r.H - 2); over > 0 { // keep the cursor in view
			from := min(max(a.overlay.menu.Cursor-(r.H-3), 0), over)
			body = body[from:]
		}
	case overlayHelp:
		all, _ := a.helpLines()
		o := &a.overlay
		o.line = max(min(o.line, len(all)-(r.H-2)), 0)
		body, title = all[o.line:], "Help"
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
	o, t, g := &a.overlay.menu, a.theme, a.theme.Glyphs
	nameW := a.menuNameWidth()
	var lines []string
	for i, it := range o.Items {
		row := widget.Fit(it.Name, nameW, g.Ellipsis) + "  "
		if i == o.Cursor {
			lines = append(lines, t.Select.Render(widget.Fit(" "+g.Cursor+" "+row+it.About, w, g.Ellipsis)))
			continue
		}
		lines = append(lines, "   "+row+t.Dim.Render(it.About))
	}
	if len(o.Items) > 0 && len(o.Items[o.Cursor].Detail) > 0 {
		lines = append(lines, "")
		for _, line := range o.Items[o.Cursor].Detail {
			lines = append(lines, " "+line)
		}
	}
	return lines
}

// helpLines lists the keys of the present view and the commands, in two columns
// when there is room, and their width.
func (a *App) helpLines() ([]string, int) {
	const least, most = 55, 76
	colW := max(min((a.width-4)/2, most), least)
	alone := a.width < 2*colW+4
	if alone {
		colW = max(min(a.width-4, most), least)
	}
	left := a.helpSections(host.Sections(a.current()))
	right := slices.Concat(a.helpSections(a.shared()), []string{""}, a.helpCommands(colW))
	switch {
	case len(left) == 0:
		return right, colW
	case alone:
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

func (a *App) helpSections(sections []*host.Section) []string {
	var lines []string
	for i, s := range sections {
		if i > 0 {
			lines = append(lines, "")
		}
		lines = append(lines, a.theme.Strong.Render(s.Title))
		for _, b := range s.Keys {
			lines = append(lines, a.theme.Key.Render(widget.Fit(a.keyText(b.Show), 10, ""))+b.Help)
		}
	}
	return lines
}

// helpCommands lists the commands, those of the present view first, in lines of so many
// cells.
func (a *App) helpCommands(colW int) []string {
	list := a.allCommands()
	if v, ok := a.current().(host.CommandView); ok {
		own := v.Commands()
		isOwn := func(c host.Command) bool {
			return slices.ContainsFunc(own, func(o host.Command) bool { return o.Name == c.Name })
		}
		list = append(own, slices.DeleteFunc(list, isOwn)...)
	}
	w := 0
	for _, c := range list {
		w = max(w, ansi.StringWidth(c.Usage())+2)
	}
	lines := []string{a.theme.Strong.Render("commands, after :")}
	for _, c := range list {
		usage := c.Usage()
		for _, part := range widget.Wrap(c.Help, max(colW-w-1, 20)) {
			lines = append(lines, a.theme.Key.Render(widget.Fit(usage, w, ""))+part)
			usage = ""
		}
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
	if a.overlay.kind == overlayQuestion {
		return widget.Fit(" "+t.Warn.Render(a.overlay.question.Text)+"  "+a.keyHints(w, a.keys.question), w, e)
	}
	if a.prompt.open() {
		return widget.Fit(a.promptLine(w), w, e)
	}
	return widget.Fit(" "+a.keyHints(w-2, a.sections()...), w, e)
}

// keyHints joins the footer words of the sections, as many as fit; those of the
// last one, which are how to get help and out, always do.
func (a *App) keyHints(w int, sections ...*host.Section) string {
	const gap = "  "
	width := func(b *host.Binding) int {
		return ansi.StringWidth(a.keyText(b.Show)) + 1 + ansi.StringWidth(a.shortOf(b)) + len(gap)
	}
	hints, always := make([]*host.Binding, 0, 32), 0 // the last ones always show
	room := w + len(gap)
	for i, s := range sections {
		for j := range s.Keys {
			b := &s.Keys[j]
			if b.Short == "" {
				continue
			}
			hints = append(hints, b)
			if i == len(sections)-1 && len(sections) > 1 {
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
		out.WriteString(a.keyText(b.Show))
		a.theme.Key.Stop(&out)
		out.WriteByte(' ')
		a.theme.Dim.Start(&out)
		out.WriteString(a.shortOf(b))
		a.theme.Dim.Stop(&out)
	}
	return out.String()
}

// shortOf words a binding for the present state.
func (a *App) shortOf(b *host.Binding) string {
	switch {
	case a.run == nil && b.Short == "detach":
		return "quit"
	case a.run != nil && b.Short == "pause" && a.run.Paused():
		return "resume"
	}
	return b.Short
}
