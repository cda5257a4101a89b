package widget

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Table is a list of rows under headed columns, with an order, a cursor and
// marks. Rows are known by their key, so that cursor and marks stay with theirs
// while rows come, go and change places. The zero value is an empty table.
type Table struct {
	Empty []string // shown while there is no row

	columns []TableColumn
	rows    []TableRow // all, in the order of the screen …
	visible []int      // … and the places of those that show
	marks   map[string]bool

	sort    string // name of a column
	reverse bool
	cursor  int    // among the visible
	key     string // of the row under the cursor
	top     int
	height  int // rows of the last View
}

// TableColumn is one column of a Table.
type TableColumn struct {
	Name   string // its head; names the order too
	W      int    // cells, with room for an arrow behind the head; 0 doesn't show it
	Right  bool   // numbers
	Middle bool   // names, which both their ends tell apart: cut in the middle
	Down   bool   // the order begins with the largest
}

// TableRow is one line. It has a cell for every column, shown or not.
type TableRow struct {
	Key    string
	Hidden bool // filtered out
	Cells  []TableCell
}

// TableCell is what a row has in a column. Text may be styled. Rows are ordered by
// Order, those where it is NaN always last, and where it is equal by Text.
type TableCell struct {
	Text  string
	Order float64
}

// SetColumns replaces the columns.
func (t *Table) SetColumns(columns []TableColumn) { t.columns = columns }

// SetRows replaces the rows. Marks of rows that are gone are dropped; a cursor
// whose row is gone or hidden stays where it is on the screen.
func (t *Table) SetRows(rows []TableRow) {
	t.rows = slices.Clone(rows)
	marks := map[string]bool{}
	for _, r := range rows {
		if t.marks[r.Key] {
			marks[r.Key] = true
		}
	}
	t.marks = marks
	t.arrange()
}

// arrange puts the rows in order and finds the cursor's again.
func (t *Table) arrange() {
	if c := t.column(); c >= 0 {
		slices.SortStableFunc(t.rows, func(a, b TableRow) int { return t.compare(a.Cells[c], b.Cells[c]) })
	}
	t.visible = t.visible[:0]
	at := -1
	for i, r := range t.rows {
		if r.Hidden {
			continue
		}
		if r.Key == t.key {
			at = len(t.visible)
		}
		t.visible = append(t.visible, i)
	}
	if at >= 0 {
		t.cursor = at
	}
	t.Move(0)
}

func (t *Table) compare(a, b TableCell) int {
	if none := math.IsNaN(a.Order); none || math.IsNaN(b.Order) {
		switch {
		case none && math.IsNaN(b.Order):
			return 0
		case none:
			return 1
		}
		return -1
	}
	d := cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(ansi.Strip(a.Text), ansi.Strip(b.Text)))
	if t.reverse {
		return -d
	}
	return d
}

// column returns the place of the column that orders the rows, or -1.
func (t *Table) column() int {
	return slices.IndexFunc(t.columns, func(c TableColumn) bool { return c.Name == t.sort })
}

// Sort names the column that orders the rows, after a - if the largest is first.
func (t *Table) Sort() string {
	if t.reverse {
		return "-" + t.sort
	}
	return t.sort
}

// SetSort orders the rows as Sort names it; unknown columns leave them as they
// are.
func (t *Table) SetSort(s string) {
	t.sort, t.reverse = strings.CutPrefix(s, "-")
	t.arrange()
}

// StepSort orders the rows by the next or previous column that shows, from its
// natural end.
func (t *Table) StepSort(by int) {
	at := t.column()
	for range t.columns {
		at = (at + by + len(t.columns)) % len(t.columns)
		if c := t.columns[max(at, 0)]; c.W > 0 {
			t.sort, t.reverse = c.Name, c.Down
			break
		}
	}
	t.arrange()
}

// Reverse turns the order round.
func (t *Table) Reverse() {
	t.reverse = !t.reverse
	t.arrange()
}

// Move moves the cursor by rows.
func (t *Table) Move(by int) {
	t.cursor = max(min(t.cursor+by, len(t.visible)-1), 0)
	if len(t.visible) > 0 {
		t.key = t.rows[t.visible[t.cursor]].Key
	}
}

// Page moves the cursor by screens.
func (t *Table) Page(by int) { t.Move(by * max(t.height-1, 1)) }

// Cursor returns the key of the row under the cursor, empty if there is none.
func (t *Table) Cursor() string {
	if len(t.visible) == 0 {
		return ""
	}
	return t.key
}

// SetCursor moves the cursor to a row, if it shows.
func (t *Table) SetCursor(key string) {
	for at, i := range t.visible {
		if t.rows[i].Key == key {
			t.cursor, t.key = at, key
		}
	}
}

// Mark marks the row under the cursor, or takes its mark away, and moves on.
func (t *Table) Mark() {
	if key := t.Cursor(); key != "" {
		t.setMark(key, !t.marks[key])
		t.Move(1)
	}
}

// MarkAll marks every visible row, or takes the marks away if all have one.
func (t *Table) MarkAll() {
	on := slices.ContainsFunc(t.visible, func(i int) bool { return !t.marks[t.rows[i].Key] })
	for _, i := range t.visible {
		t.setMark(t.rows[i].Key, on)
	}
}

// ClearMarks takes all marks away and reports whether there were any.
func (t *Table) ClearMarks() bool {
	had := len(t.marks) > 0
	clear(t.marks)
	return had
}

func (t *Table) setMark(key string, on bool) {
	if t.marks == nil {
		t.marks = map[string]bool{}
	}
	if on {
		t.marks[key] = true
	} else {
		delete(t.marks, key)
	}
}

// Marked tells whether a row is marked.
func (t *Table) Marked(key string) bool { return t.marks[key] }

// AllMarked returns the keys of all marked rows, hidden ones too, in the order
// of the screen.
func (t *Table) AllMarked() []string {
	var keys []string
	for _, r := range t.rows {
		if t.marks[r.Key] {
			keys = append(keys, r.Key)
		}
	}
	return keys
}

// Visible is the number of rows that are not filtered out.
func (t *Table) Visible() int { return len(t.visible) }

// At returns the key of the row on a line of the last View, or "".
func (t *Table) At(line int) string {
	i := t.top + line - 1 // below the head
	if line < 1 || line > t.height || i >= len(t.visible) {
		return ""
	}
	return t.rows[t.visible[i]].Key
}
