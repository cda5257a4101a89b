package widget_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

// people is a table of names and ages; a negative age is unknown.
func people(t *widget.Table, rows ...any) {
	t.SetColumns([]widget.TableColumn{{Name: "name", W: 6}, {Name: "age", W: 5, Right: true, Down: true}, {Name: "secret"}})
	var list []widget.TableRow
	for i := 0; i < len(rows); i += 2 {
		name, age := rows[i].(string), float64(rows[i+1].(int))
		text := strings.Repeat("i", max(int(age), 0))
		if age < 0 {
			age = math.NaN()
		}
		list = append(list, widget.TableRow{Key: name, Cells: []widget.TableCell{{Text: name}, {Text: text, Order: age}, {Text: name}}})
	}
	t.SetRows(list)
}

// tableView draws a table without styles.
func tableView(t *widget.Table, w, h int) []string {
	return strings.Split(ansi.Strip(t.View(theme.New(true, false), w, h)), "\n")
}

func TestTableOrder(t *testing.T) {
	var table widget.Table
	people(&table, "bo", 3, "al", -1, "cy", 1, "di", 2)
	want := func(names string) {
		t.Helper()
		var got []string
		for _, line := range tableView(&table, 24, 5)[1:] {
			got = append(got, strings.Fields(strings.TrimLeft(line, "› ✓"))[0])
		}
		if strings.Join(got, " ") != names {
			t.Errorf("got %v, want %s", got, names)
		}
	}
	want("bo al cy di") // as they came
	table.SetSort("name")
	want("al bo cy di")
	table.StepSort(1)
	if want("bo di cy al"); table.Sort() != "-age" {
		t.Errorf("order %q, want the column's natural end", table.Sort())
	}
	table.Reverse()
	want("cy di bo al") // no value stays last
	table.StepSort(1)   // not by a column that doesn't show
	if table.Sort() != "name" {
		t.Errorf("order %q, want name", table.Sort())
	}
	table.StepSort(-1)
	if table.Sort() != "-age" {
		t.Errorf("order %q, want -age", table.Sort())
	}
	table.SetSort("nosuch")
	if head := tableView(&table, 24, 5)[0]; strings.ContainsAny(head, "↑↓") {
		t.Errorf("head %q has an arrow", head)
	}
}

func TestTableCursor(t *testing.T) {
	var table widget.Table
	if table.Mark(); table.Cursor() != "" || len(table.AllMarked()) > 0 {
		t.Error("an empty table has a cursor")
	}
	people(&table, "al", 1, "bo", 2, "cy", 3)
	table.SetSort("-age")
	if got := table.Cursor(); got != "al" { // which is the last row now
		t.Errorf("cursor on %q, want al", got)
	}
	table.Move(-1)
	if got := table.Cursor(); got != "bo" {
		t.Fatalf("cursor on %q, want bo", got)
	}
	people(&table, "al", 9, "bo", 2, "cy", 3, "di", 1) // bo goes down a row
	if got := table.Cursor(); got != "bo" {
		t.Errorf("cursor on %q, want bo", got)
	}
	table.Mark()
	people(&table, "al", 9, "cy", 3, "di", 1)
	if got := table.Cursor(); got != "di" || len(table.AllMarked()) > 0 {
		t.Errorf("cursor on %q with %v marked, want di where bo's follower was", got, table.AllMarked())
	}
	table.SetCursor("nosuch")
	table.SetCursor("al")
	table.Move(-5)
	if got := table.Cursor(); got != "al" {
		t.Errorf("cursor on %q, want al", got)
	}
	table.MarkAll()
	if got := table.AllMarked(); !slices.Equal(got, []string{"al", "cy", "di"}) {
		t.Errorf("marked %v", got)
	}
}

func TestTableView(t *testing.T) {
	var table widget.Table
	table.Empty = []string{"nobody"}
	if got := tableView(&table, 20, 3); strings.TrimSpace(got[1]) != "nobody" {
		t.Errorf("empty: %q", got)
	}
	people(&table, "alexandra", 1, "bo", 5, "cy", 2, "di", 3, "ed", 4)
	table.Move(3)
	table.Mark()
	got := strings.Join(tableView(&table, 20, 4), "\n")
	want := strings.Join([]string{
		"   name      age     ",
		"   cy         ii     ",
		" ✓ di        iii     ",
		"›  ed       iiii     ",
	}, "\n")
	want = strings.ReplaceAll(want, "     \n", "    \n")
	if strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") || !strings.HasPrefix(got, "   name      age") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if key := table.At(1); key != "cy" {
		t.Errorf("line 1 is %q, want cy", key)
	}
	if table.At(0) != "" || table.At(4) != "" || table.At(-1) != "" {
		t.Error("head, or a line below, is a row")
	}
	for w := range 40 {
		for h := 1; h < 8; h++ {
			for _, line := range tableView(&table, w, h) {
				if n := ansi.StringWidth(line); n != w {
					t.Fatalf("%dx%d: a line of %d cells", w, h, n)
				}
			}
		}
	}
}

func TestSparkline(t *testing.T) {
	th := theme.New(true, false)
	nan := math.NaN()
	for _, c := range []struct {
		v    []float64
		w    int
		log  bool
		want string
	}{
		{nil, 3, false, "   "},
		{[]float64{1, 2, 3}, 5, false, "  ▁▄█"},
		{[]float64{1, 10, 100}, 3, true, "▁▄█"},
		{[]float64{-1, 10, 100}, 3, true, "▁▁█"}, // no logarithm of -1
		{[]float64{4, 4}, 2, false, "▁▁"},
		{[]float64{nan, 1, nan, 8}, 4, false, " ▁ █"},
		{[]float64{1, 1, 2, 4, 8, 8}, 3, false, "▁▃█"},
		{[]float64{nan}, 1, true, " "},
		{[]float64{1}, 0, true, ""},
	} {
		if got := widget.Sparkline(th, c.v, c.w, c.log); got != c.want {
			t.Errorf("%v in %d: %q, want %q", c.v, c.w, got, c.want)
		}
	}
}
