package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

// textLine is one line of a configuration file.
type textLine struct {
	Text  string // without control characters
	Head  bool   // opens a table
	Fixed bool   // cannot change during the run
	Was   string // where its value is not the preset's: what is, in words
}

// pane is a configuration file with a cursor on one of its lines. Lines count
// from 0, as in the slice. The zero value is an empty file.
type pane struct {
	Fresh  map[int]string // lines that have just changed, and how
	Bad    map[int]string // lines that are refused, and why; shown below them
	Typed  string         // stands for the value of the cursor's line …
	Typing bool           // … while it is being typed

	lines   []textLine
	filter  string
	changed bool  // only lines that differ from the preset show
	visible []int // lines that show
	cursor  int   // among visible
	top     int   // first of visible on the screen
	rows    []int // line of each row of the last View, -1 for a refusal
	height  int
}

// SetLines replaces the file; the cursor keeps its place.
func (c *pane) SetLines(lines []textLine) {
	at := c.Cursor()
	c.lines = lines
	c.choose()
	c.MoveTo(at)
}

// SetFilter shows the lines that hold every word of text, with changed only
// those that differ from the preset, below the heads of their tables.
func (c *pane) SetFilter(text string, changed bool) {
	at := c.Cursor()
	c.filter, c.changed = text, changed
	c.choose()
	c.MoveTo(at)
}

// Filter returns what SetFilter was given last.
func (c *pane) Filter() (text string, changed bool) { return c.filter, c.changed }

// choose finds the lines that show.
func (c *pane) choose() {
	c.visible = c.visible[:0]
	words := strings.Fields(strings.ToLower(c.filter))
	head := -1 // of the present table, unless it shows already
	for i, l := range c.lines {
		if l.Head {
			head = i
		}
		text := strings.ToLower(l.Text)
		lacks := func(word string) bool { return !strings.Contains(text, word) }
		if c.changed && l.Was == "" || slices.ContainsFunc(words, lacks) {
			continue
		}
		if head >= 0 && head != i && (c.changed || len(words) > 0) {
			c.visible = append(c.visible, head)
		}
		c.visible = append(c.visible, i)
		if c.changed || len(words) > 0 {
			head = -1
		}
	}
}

// Cursor returns the line under the cursor, 0 in an empty file.
func (c *pane) Cursor() int {
	if len(c.visible) == 0 {
		return 0
	}
	return c.visible[c.cursor]
}

// MoveTo puts the cursor on a line, or near it if it doesn't show.
func (c *pane) MoveTo(line int) {
	at, _ := slices.BinarySearch(c.visible, line)
	c.cursor = max(min(at, len(c.visible)-1), 0)
}

// Move moves the cursor by lines.
func (c *pane) Move(by int) { c.cursor = max(min(c.cursor+by, len(c.visible)-1), 0) }

// Page moves the cursor by screens.
func (c *pane) Page(by int) { c.Move(by * max(c.height-1, 1)) }

// At returns the line on a row of the last View.
func (c *pane) At(row int) (line int, ok bool) {
	if row < 0 || row >= len(c.rows) || c.rows[row] < 0 {
		return 0, false
	}
	return c.rows[row], true
}

// Info says what shows, for the frame.
func (c *pane) Info(t *theme.Theme) []string {
	var info []string
	changed := 0
	for _, l := range c.lines {
		if l.Was != "" {
			changed++
		}
	}
	switch {
	case c.changed:
		info = append(info, t.Accent.Render(fmt.Sprintf("only the %d changed", changed)))
	case changed > 0:
		info = append(info, fmt.Sprintf("%d changed", changed))
	}
	if c.filter != "" {
		info = append(info, t.Accent.Render("/"+widget.Plain(c.filter)))
	}
	if n := len(c.visible); n > c.height {
		info = append(info, t.Dim.Render(fmt.Sprintf("line %d of %d", c.Cursor()+1, len(c.lines))))
	}
	return info
}

// maxRefusal is how many rows a refusal may take.
const maxRefusal = 3

// below returns the rows under a line that say why it is refused.
func (c *pane) below(i, w int) []string {
	why, ok := c.Bad[c.visible[i]]
	if !ok {
		return nil
	}
	rows := widget.Wrap(widget.Plain(why), max(w-c.gutter()-3, 10))
	return rows[:min(len(rows), maxRefusal)]
}

// gutter is the width of what stands before a line: the cursor, the line's
// number, a mark, and gaps.
func (c *pane) gutter() int { return 1 + max(len(strconv.Itoa(len(c.lines))), 4) + 3 }

// scroll keeps the cursor, what stands below it and a few lines around it in
// view, and the end of the file at the bottom.
func (c *pane) scroll(w, h int) {
	c.height = h
	around := min(5, h/4)
	c.top = max(min(c.top, c.cursor-around), c.cursor-h, 0)
	used := func(from, to int) int {
		n := 0
		for i := from; i <= to && n <= h; i++ {
			n += 1 + len(c.below(i, w))
		}
		return n
	}
	for c.top < c.cursor && used(c.top, min(c.cursor+around, len(c.visible)-1)) > h {
		c.top++
	}
	for c.top > 0 && used(c.top-1, len(c.visible)-1) <= h {
		c.top--
	}
}

// View draws the lines around the cursor.
func (c *pane) View(t *theme.Theme, w, h int) string {
	e := t.Glyphs.Ellipsis
	c.rows = c.rows[:0]
	if len(c.visible) == 0 {
		why := "the file is empty"
		if len(c.lines) > 0 {
			why = "no line matches (esc shows all)"
		}
		return widget.Centered([]string{t.Dim.Render(why)}, w, h, e)
	}
	c.scroll(w, h)
	var rows []string
	for i := c.top; i < len(c.visible) && len(rows) < h; i++ {
		rows = append(rows, c.row(t, i, w))
		c.rows = append(c.rows, c.visible[i])
		for k, text := range c.below(i, w) {
			lead := "   "
			if k == 0 {
				lead = t.Glyphs.BottomLeft + t.Glyphs.Horizontal + " "
			}
			rows = append(rows, strings.Repeat(" ", c.gutter())+t.Bad.Render(lead+text))
			c.rows = append(c.rows, -1)
		}
	}
	return widget.Block(rows, w, h, e)
}

// row draws a line: number, mark, text, and at the right what it was or has
// just become.
func (c *pane) row(t *theme.Theme, i, w int) string {
	n := c.visible[i]
	l, g := c.lines[n], t.Glyphs
	fresh, isFresh := c.Fresh[n]
	_, bad := c.Bad[n]
	mark, right := " ", ""
	switch {
	case bad:
		mark = t.Bad.Render(g.Error)
	case l.Was != "":
		mark, right = t.Accent.Render(g.Config), t.Dim.Render(l.Was)
	case l.Head && l.Fixed:
		mark = t.Dim.Render(g.Lock)
	}
	if isFresh {
		right = t.Good.Render(widget.Plain(fresh))
	}
	numberW := c.gutter() - 4
	room := w - c.gutter() - 1
	if right != "" {
		right = ansi.Truncate(right, max(room/2, 0), g.Ellipsis)
		room -= ansi.StringWidth(right) + 2
	}
	selected := i == c.cursor
	text := c.color(t, l, bad, isFresh)
	if selected && c.Typing {
		text = c.typed(t, l)
	}
	row := widget.FitLeft(strconv.Itoa(n+1), numberW)
	body := mark + " " + widget.Fit(text, room, g.Ellipsis)
	if right != "" {
		body += "  " + right
	}
	switch {
	case selected && c.Typing:
		return t.Accent.Render(g.Cursor) + row + " " + body
	case selected:
		return t.Select.Render(widget.Fit(g.Cursor+row+" "+ansi.Strip(body), w, g.Ellipsis))
	}
	return " " + t.Faint.Render(row) + " " + body
}

// typed draws the cursor's line with the value that is being typed.
func (c *pane) typed(t *theme.Theme, l textLine) string {
	key, _, _ := strings.Cut(l.Text, "=")
	return key + t.Dim.Render("=") + " " + t.Accent.Render(c.Typed) + t.Select.Render("\u00a0")
}

// color dims comments and what is fixed, and accents values that were changed.
func (c *pane) color(t *theme.Theme, l textLine, bad, fresh bool) string {
	code, comment := splitComment(l.Text)
	key, value, isSetting := strings.Cut(code, "=")
	plain := theme.Ink{}
	if l.Fixed {
		plain = t.Dim
	}
	switch {
	case bad:
		code = t.Bad.Render(code)
	case l.Head && !l.Fixed:
		code = t.Strong.Render(code)
	case isSetting && fresh:
		code = key + t.Dim.Render("=") + t.Good.Render(value)
	case isSetting && l.Was != "":
		code = plain.Render(key) + t.Dim.Render("=") + t.Accent.Render(value)
	case isSetting:
		code = plain.Render(key) + t.Dim.Render("=") + plain.Render(value)
	default:
		code = plain.Render(code)
	}
	return code + t.Dim.Render(comment)
}

// splitComment parts a line before the # that starts a comment, which is none
// inside a string.
func splitComment(line string) (code, comment string) {
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quote == '"' && c == '\\':
			i++ // whatever is escaped
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '#':
			return line[:i], line[i:]
		}
	}
	return line, ""
}
