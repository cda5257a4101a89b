package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
)

// configRows draws a file without styles.
func configRows(c *pane, w, h int) []string {
	return strings.Split(ansi.Strip(c.View(theme.New(true, false), w, h)), "\n")
}

func TestConfigFilter(t *testing.T) {
	var c pane
	c.SetLines([]textLine{
		{Text: "# settings"}, {Text: "[run]", Head: true, Fixed: true}, {Text: "seed = 7", Fixed: true, Was: "preset 42"},
		{Text: "[live]", Head: true}, {Text: "gen_lr = 1"}, {Text: "disc_lr = 2"},
	})
	c.MoveTo(4)
	for _, tt := range []struct {
		text    string
		changed bool
		want    []string
		cursor  int
	}{
		{"LR gen", false, []string{"[live]", "gen_lr = 1"}, 4},
		{"", true, []string{"[run]", "seed = 7"}, 2},
		{"live", false, []string{"[live]"}, 3},
		{"", false, []string{"# settings", "[run]", "seed = 7", "[live]", "gen_lr = 1", "disc_lr = 2"}, 3},
		{"nowhere", false, []string{"no line matches"}, 0},
	} {
		c.SetFilter(tt.text, tt.changed)
		text := strings.Join(configRows(&c, 60, 10), "\n")
		at := 0
		for _, want := range tt.want {
			i := strings.Index(text[at:], want)
			if i < 0 {
				t.Fatalf("%q: lacks %q in this place:\n%s", tt.text, want, text)
			}
			at += i
		}
		if n := strings.Count(text, " = "); tt.text != "" && n > 1 {
			t.Errorf("%q: %d settings show:\n%s", tt.text, n, text)
		}
		if c.Cursor() != tt.cursor {
			t.Errorf("%q: the cursor is on line %d, want %d", tt.text, c.Cursor(), tt.cursor)
		}
	}
}

// TestConfigLong scrolls through 3,000 lines, some refused, of which the cursor
// and its refusal are always in view.
func TestConfigLong(t *testing.T) {
	var c pane
	var lines []textLine
	for i := range 3000 {
		lines = append(lines, textLine{Text: fmt.Sprintf("key%d = %q", i, strings.Repeat("x", i%400))})
	}
	c.SetLines(lines)
	why := strings.Repeat("got 1, want 2; ", 20)
	c.Bad = map[int]string{0: why, 1499: why, 1500: why, 2999: why, 99999: why}
	for _, to := range []int{0, 1499, 1500, 2999, 1 << 30, 700, -5} {
		for _, h := range []int{1, 4, 5, 20} {
			c.MoveTo(to)
			rows := configRows(&c, 70, h)
			at := slices.IndexFunc(rows, func(r string) bool { return strings.HasPrefix(r, "›") })
			if len(rows) != h || at < 0 {
				t.Fatalf("line %d in %d rows: no cursor in\n%s", to, h, strings.Join(rows, "\n"))
			}
			if line, ok := c.At(at); !ok || line != c.Cursor() {
				t.Errorf("row %d is line %d, want %d", at, line, c.Cursor())
			}
			if _, bad := c.Bad[c.Cursor()]; bad && h >= 4 && (at+1 >= h || !strings.Contains(rows[at+1], "╰─ got 1")) {
				t.Errorf("line %d in %d rows: the refusal isn't below:\n%s", to, h, strings.Join(rows, "\n"))
			}
		}
	}
	if _, ok := c.At(99); ok {
		t.Error("a row below the last has a line")
	}
}

func TestSplitComment(t *testing.T) {
	for _, c := range []struct{ line, code, comment string }{
		{`a = 1 # one`, `a = 1 `, `# one`},
		{`a = "x#y" # one`, `a = "x#y" `, `# one`},
		{`a = "x\"#y"`, `a = "x\"#y"`, ``},
		{`a = 'x\' # one`, `a = 'x\' `, `# one`},
		{`a = "open # and`, `a = "open # and`, ``},
		{`a = "\`, `a = "\`, ``},
	} {
		if code, comment := splitComment(c.line); code != c.code || comment != c.comment {
			t.Errorf("%s: got %q and %q, want %q and %q", c.line, code, comment, c.code, c.comment)
		}
	}
}
