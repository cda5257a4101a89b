package widget_test

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

func fields() []widget.Field {
	return []widget.Field{
		{Group: "run", Name: "seed", Value: "42", Doc: "of every stream"},
		{Group: "run", Name: "batch", Value: "64", Doc: "images a step", Fixed: true},
		{Group: "live", Name: "lr", Value: "0.5", Doc: "rate", Changed: true},
		{Group: "live", Name: "beta", Value: "7", Doc: "decay", Changed: true, Error: "got 7, want in [0, 1)"},
		{Group: "live", Name: "init", Value: "", Doc: "weights"},
	}
}

func TestFormView(t *testing.T) {
	var f widget.Form
	f.SetFields(fields())
	th := theme.New(true, false)
	view := func(w, h int) string {
		return ansi.Strip(f.View(th, w, h))
	}
	f.Move(2)
	want := []string{
		" run",
		"   seed   42        of every stream",
		"   batch  64        images a step",
		"",
		" live",
		"›✎ lr     0.5       rate",
		" ✗ beta   7         got 7, want in [0, 1)",
		"   init   -         weights",
	}
	for i, line := range strings.Split(view(48, 8), "\n") {
		if got := strings.TrimRight(line, " "); got != want[i] {
			t.Errorf("line %d: %q, want %q", i, got, want[i])
		}
	}
	if f.At(0) != -1 || f.At(3) != -1 || f.At(5) != 2 || f.At(8) != -1 {
		t.Errorf("lines 0, 3, 5, 8 are fields %d, %d, %d, %d", f.At(0), f.At(3), f.At(5), f.At(8))
	}
	// A heading comes into view with the first field of its group.
	f.Move(-9)
	view(48, 3)
	f.Group(1)
	if got := view(48, 3); !strings.Contains(got, "› ") && !strings.Contains(got, "›✎ lr") {
		t.Errorf("after group:\n%s", got)
	}
	f.Group(1) // there is none
	f.Group(-1)
	f.Group(-1)
	if got := view(48, 3); !strings.HasPrefix(got, " run") {
		t.Errorf("back at the top:\n%s", got)
	}
	for w := range 60 {
		for h := 1; h < 12; h++ {
			for _, line := range strings.Split(f.View(th, w, h), "\n") {
				if n := ansi.StringWidth(line); n != w {
					t.Fatalf("%dx%d: a line of %d cells", w, h, n)
				}
			}
		}
	}
	if info := ansi.Strip(strings.Join(f.Info(th), " ")); info != "✗ 1 wrong ✎ 2 changed" {
		t.Errorf("info %q", info)
	}
}

// TestFormEditing checks that the end of a long value is seen while it is typed.
func TestFormEditing(t *testing.T) {
	list := fields()
	list[0].Value, list[0].Editing = "the-beginning-of-a-very-long-value-and-its-end", true
	var f widget.Form
	f.SetFields(list)
	if got := ansi.Strip(f.View(theme.New(true, false), 48, 8)); !strings.Contains(got, "and-its-end ") {
		t.Errorf("the end is out of view:\n%s", got)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text string
		w    int
		want string
	}{
		{"one two three", 8, "one two|three"},
		{"", 8, ""},
		{"one", 0, ""},
		{"unbreakable", 4, "unbr|eaka|ble"},
	} {
		if got := strings.Join(widget.Wrap(c.text, c.w), "|"); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.w, got, c.want)
		}
	}
}
