// Package config is the view of a run's configuration: the file, what it changes,
// and what was changed during the run.
package config

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/tui/host"
	"innate/tui/session"
	"innate/tui/widget"
)

// View shows config.toml, what it changes, and what was changed during
// the run. Settings are edited in place, by the trainer: the file says what the
// run does.
type View struct {
	h    host.Host
	keys *host.Section
	file *session.ConfigFile // as last drawn from, nil before the first

	pane    pane
	text    fileText
	history history
	freshID int     // counts reloads
	editing string  // setting that is being typed, or "" …
	typed   string  // … and what has been
	refused refusal // the last edit here
	order   order

	clicked   int // line clicked last …
	clickedAt time.Time
}

// New returns the view of the open run's configuration.
func New(h host.Host) host.View {
	v := &View{h: h}
	v.bind()
	return v
}

// Active implements host.View.
func (v *View) Active() []*host.Section { return []*host.Section{v.keys} }

// order is the change that was sent last.
type order struct {
	waiting bool      // for the trainer's answer
	seen    int       // changes known when it was sent
	at      time.Time // of the answer
}

// refusal is why a setting was not changed.
type refusal struct{ key, why string }

// Title implements host.View.
func (*View) Title() string { return "config" }

func (v *View) bind() {
	do := func(f func(*pane)) func() tea.Cmd {
		return func() tea.Cmd { f(&v.pane); return nil }
	}
	v.keys = host.NewSection("config",
		host.Bind("enter", "enter", "set", "change the setting under the cursor", v.edit),
		host.Bind("u", "u", "undo", "take the last change of settings back", func() tea.Cmd { return v.undo(false) }),
		host.Bind("ctrl+r", "ctrl+r", "", "do again what was undone", func() tea.Cmd { return v.undo(true) }),
		host.Bind("/", "/", "filter", "only lines with these words", v.filter),
		host.Bind("d", "d", "diff", "only what differs from the preset", do(func(c *pane) {
			text, changed := c.Filter()
			c.SetFilter(text, !changed)
		})),
		host.Bind("up k", "↑ k", "", "up", do(func(c *pane) { c.Move(-1) })),
		host.Bind("down j", "↓ j", "", "down", do(func(c *pane) { c.Move(1) })),
		host.Bind("pgup ctrl+b", "pgup", "", "page up", do(func(c *pane) { c.Page(-1) })),
		host.Bind("pgdown ctrl+f", "pgdn", "", "page down", do(func(c *pane) { c.Page(1) })),
		host.Bind("home g", "g", "", "first line", do(func(c *pane) { c.Move(-1 << 30) })),
		host.Bind("end G", "G", "", "last line", do(func(c *pane) { c.Move(1 << 30) })),
	)
}

func (v *View) filter() tea.Cmd {
	c := &v.pane
	before, changed := c.Filter()
	return v.h.Prompt(host.Prompt{
		Sign: "/", Text: before, Hint: "words of a line",
		Changed: func(text string) { c.SetFilter(text, changed) },
		Cancel:  func() { c.SetFilter(before, changed) },
	})
}

// Back takes a refusal away, then the filter.
func (v *View) Back() bool {
	text, changed := v.pane.Filter()
	switch {
	case v.refused.key != "":
		v.refused = refusal{}
	case text != "" || changed:
		v.pane.SetFilter("", false)
	default:
		return false
	}
	return true
}

// AddEvents implements host.EventsView.
func (v *View) AddEvents(events []runlog.Event, reset bool) {
	v.history.add(events, reset)
}

// Mouse moves the cursor to a click; a second one edits.
func (v *View) Mouse(m tea.MouseMsg, r host.Rect) tea.Cmd {
	file, _ := v.split(r)
	e, in := m.Mouse(), host.Inner(file)
	switch m.(type) {
	case tea.MouseWheelMsg:
		v.pane.Move(3 * host.Wheel(e))
	case tea.MouseClickMsg:
		line, ok := v.pane.At(e.Y - in.Y)
		if !ok || !in.Contains(e.X, e.Y) || e.Button != tea.MouseLeft {
			return nil
		}
		again := line == v.clicked && v.h.Options().Now().Sub(v.clickedAt) <= host.DoubleClick
		v.clicked, v.clickedAt = line, v.h.Options().Now()
		v.pane.MoveTo(line)
		if again {
			v.clickedAt = time.Time{}
			return v.edit()
		}
	}
	return nil
}

// split gives the panel its place at the right, where there is width.
func (*View) split(r host.Rect) (file, panel host.Rect) {
	if r.W < 120 {
		return r, host.Rect{}
	}
	return host.SplitX(r, r.W-max(46, r.W*36/100))
}

// stripRows is what the meaning of a setting takes below the file where there
// is no panel: a rule and two lines.
const stripRows = 3

// Draw implements host.View.
func (v *View) Draw(r host.Rect) []string {
	at, panel := v.split(r)
	t, f := v.h.Theme(), v.file
	if f != nil {
		v.mark()
	}
	lines := host.Framed(v.h.Theme(), at, run.ConfigFile, true, func(w, h int) string {
		switch {
		case f == nil:
			return widget.Centered([]string{t.Dim.Render("reading " + run.ConfigFile)}, w, h, t.Glyphs.Ellipsis)
		case f.Err != nil:
			return widget.Centered([]string{t.Bad.Render(widget.Plain(f.Err.Error()))}, w, h, t.Glyphs.Ellipsis)
		case panel.Empty() && h > 3*stripRows:
			return v.pane.View(t, w, h-stripRows) + "\n" + widget.Block(v.strip(w), w, stripRows, t.Glyphs.Ellipsis)
		}
		return v.pane.View(t, w, h)
	}, v.pane.Info(t)...)
	if panel.Empty() {
		return lines
	}
	about, changes := host.SplitY(panel, min(16, panel.H/2))
	return host.Beside(lines, append(v.drawSetting(about), v.drawHistory(changes)...))
}

// mark tells the pane what is typed and what is refused: by the trainer, of the
// file; or of an edit made here.
func (v *View) mark() {
	f := v.file
	v.pane.Typing, v.pane.Typed = v.editing != "", v.typed
	v.pane.Bad = map[int]string{}
	if line, why := errorLine(v.h.Run().Info.Status.ConfigError); line > 0 && line <= len(v.text.lines) {
		v.pane.Bad[line-1] = why
	}
	if line, ok := f.Lines[v.refused.key]; ok {
		v.pane.Bad[line] = v.refused.why
	}
}

// Status explains what is being typed.
func (v *View) Status(_ host.Rect) string {
	if e, ok := v.entry(v.editing); ok {
		return " " + v.h.Theme().Dim.Render(e.Doc+"; want "+e.Want)
	}
	return ""
}

var configPosition = regexp.MustCompile(`(?:^|\s)` + regexp.QuoteMeta(run.ConfigFile) + `:(\d+):\s*`)

// errorLine returns the line that a refusal names, counted from one, and what
// it says of it; or 0.
func errorLine(text string) (line int, why string) {
	at := configPosition.FindStringSubmatchIndex(text)
	if at == nil {
		return 0, ""
	}
	n, _ := strconv.Atoi(text[at[2]:at[3]]) // 0 if it is beyond any file
	return n, strings.TrimSpace(text[at[1]:])
}
