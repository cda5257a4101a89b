package widget

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// Form is a list of settings in groups, one of them under the cursor. The zero
// value is an empty form.
type Form struct {
	fields []Field
	cursor int
	top    int
	height int
	lines  []int // field of each line, -1 for a heading
}

// Field is one setting of a Form.
type Field struct {
	Group   string // heading that it stands under; equal ones are neighbours
	Name    string
	Value   string
	Doc     string // what it means
	Error   string // what is wrong with the value
	Changed bool
	Fixed   bool // cannot be changed
	Editing bool // is being typed
}

// SetFields replaces the fields; the cursor stays on its place.
func (f *Form) SetFields(fields []Field) {
	f.fields = fields
	f.lines = f.lines[:0]
	for i, field := range fields {
		if i == 0 || field.Group != fields[i-1].Group {
			if i > 0 {
				f.lines = append(f.lines, -1) // an empty line
			}
			f.lines = append(f.lines, -1)
		}
		f.lines = append(f.lines, i)
	}
	f.Move(0)
}

// Move moves the cursor by fields.
func (f *Form) Move(by int) { f.cursor = max(min(f.cursor+by, len(f.fields)-1), 0) }

// Page moves the cursor by screens.
func (f *Form) Page(by int) { f.Move(by * max(f.height-2, 1)) }

// Group moves the cursor to the first field of the next or previous group.
func (f *Form) Group(by int) {
	for i := f.cursor + by; i >= 0 && i < len(f.fields); i += by {
		if f.first(i) && (by < 0 || f.fields[i].Group != f.fields[f.cursor].Group) {
			f.cursor = i
			return
		}
	}
}

func (f *Form) first(i int) bool { return i == 0 || f.fields[i].Group != f.fields[i-1].Group }

// Cursor returns the place of the field under the cursor.
func (f *Form) Cursor() int { return f.cursor }

// SetCursor moves the cursor to a field.
func (f *Form) SetCursor(i int) { f.cursor = i; f.Move(0) }

// At returns the field on a line of the last View, or -1.
func (f *Form) At(line int) int {
	if i := f.top + line; line >= 0 && line < f.height && i < len(f.lines) {
		return f.lines[i]
	}
	return -1
}

// lineOf returns the line of a field.
func (f *Form) lineOf(field int) int {
	for y, i := range f.lines {
		if i == field {
			return y
		}
	}
	return 0
}

const (
	formMargin  = 3 // cursor and mark
	formMinimum = 8 // cells of a value
)

// View draws the lines around the cursor.
func (f *Form) View(t *theme.Theme, w, h int) string {
	f.height = h
	at := f.lineOf(f.cursor)
	above := at // the heading above a group's first field belongs to it
	if len(f.fields) > 0 && f.first(f.cursor) {
		above = max(at-1, 0)
	}
	f.top = min(f.top, above)
	f.top = max(f.top, at-h+1)
	f.top = max(min(f.top, len(f.lines)-h), 0)
	nameW, valueW := f.widths(w)
	var lines []string
	for y := f.top; y < min(f.top+h, len(f.lines)); y++ {
		switch i := f.lines[y]; {
		case i >= 0:
			lines = append(lines, f.line(t, i, nameW, valueW, w))
		case y+1 < len(f.lines) && f.lines[y+1] >= 0:
			lines = append(lines, " "+t.Strong.Render(f.fields[f.lines[y+1]].Group))
		default:
			lines = append(lines, "")
		}
	}
	return Block(lines, w, h, t.Glyphs.Ellipsis)
}

// widths gives names and values what the longest need, values at most a third.
func (f *Form) widths(w int) (name, value int) {
	value = formMinimum
	for _, x := range f.fields {
		name = max(name, ansi.StringWidth(x.Name))
		value = max(value, ansi.StringWidth(x.Value))
	}
	return name, max(min(value, w/3), formMinimum)
}

// line draws a field: its name, its value, and what it means or what is wrong.
func (f *Form) line(t *theme.Theme, i, nameW, valueW, w int) string {
	g, x := t.Glyphs, &f.fields[i]
	name, value, text := Fit(x.Name, nameW, g.Ellipsis), x.Value, x.Doc
	switch n := ansi.StringWidth(value); {
	case x.Editing && n > valueW-1: // the end is being typed, so it stays in view
		value = ansi.TruncateLeft(value, n-valueW+2, g.Ellipsis)
	case !x.Editing && value == "":
		value = "-"
	}
	mark, nameInk, valueInk, textInk := " ", t.Text, t.Text, t.Dim
	if x.Fixed {
		nameInk, valueInk = t.Dim, t.Dim
	}
	if x.Changed {
		mark, nameInk, valueInk = g.Config, t.Warn, t.Warn
	}
	if x.Error != "" {
		mark, valueInk, textInk, text = g.Error, t.Bad, t.Bad, x.Error
	}
	value = Fit(value, valueW, g.Ellipsis)
	if i == f.cursor {
		head := g.Cursor + mark + " " + name + "  " + value + "  "
		if x.Error == "" {
			return t.Select.Render(Fit(head+text, w, g.Ellipsis))
		}
		return t.Select.Render(head) + textInk.Render(Fit(text, w-ansi.StringWidth(head), g.Ellipsis))
	}
	ink := t.Warn
	if x.Error != "" {
		ink = t.Bad
	}
	return Fit(" "+ink.Render(mark)+" "+nameInk.Render(name)+"  "+valueInk.Render(value)+"  "+textInk.Render(text), w, g.Ellipsis)
}

// Info counts for the frame what was changed and what shows.
func (f *Form) Info(t *theme.Theme) []string {
	changed, wrong := 0, 0
	for _, x := range f.fields {
		if x.Changed {
			changed++
		}
		if x.Error != "" {
			wrong++
		}
	}
	var info []string
	if wrong > 0 {
		info = append(info, t.Bad.Render(fmt.Sprintf("%s %d wrong", t.Glyphs.Error, wrong)))
	}
	if changed > 0 {
		info = append(info, t.Warn.Render(fmt.Sprintf("%s %d changed", t.Glyphs.Config, changed)))
	}
	if n := len(f.fields); n > 0 && len(f.lines) > f.height && f.height > 0 {
		info = append(info, t.Dim.Render(fmt.Sprintf("%d of %d", f.cursor+1, n)))
	}
	return info
}

// Wrap breaks text between words into lines of at most w cells.
func Wrap(text string, w int) []string {
	if w < 1 || text == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(text, w, " "), "\n")
}
