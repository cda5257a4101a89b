package panes_test

import (
	"slices"
	"strings"
	"testing"

	"innate/tui/panes"
	"innate/tui/theme"
)

func TestLayersFilter(t *testing.T) {
	l := tree(theme.New(true, false))
	all := len(l.Names())
	for filter, want := range map[string]struct {
		n     int
		first string
	}{
		"":                                    {all, "map_layer0.weight"},
		" ":                                   {all, "map_layer0.weight"},
		"QKV":                                 {8, "enc.7x7_block0.qkv.weight"},
		"28x28 conv0":                         {8, "enc.28x28_block0.conv0.weight"},
		"dec.*conv?":                          {40, "dec.7x7_in0.conv0.weight"},
		"dec.*conv":                           {2, "dec.28x28_aux_conv.weight"},
		"*.bias kind:norm":                    {35, "enc.28x28_block0.norm0.bias"},
		"kind:norm":                           {70, "enc.28x28_block0.norm0.weight"},
		"kind:qkv":                            {8, "enc.7x7_block0.qkv.weight"},
		"kind:skip":                           {20, "enc.14x14_down.skip.weight"},
		"kind:affine !kind:bias":              {15, "enc.28x28_block0.affine.weight"},
		"kind:conv !kind:qkv !kind:skip enc.": {24, "enc.28x28_conv.weight"},
		"frozen":                              {68, "enc.28x28_block0.conv0.weight"},
		"training kind:conv":                  {32, "enc.28x28_conv.weight"},
		"!frozen !kind:norm !kind:linear":     {32, "enc.28x28_conv.weight"},
		"dec.[":                               {0, ""}, // an unfinished glob is text
		"!":                                   {all, "map_layer0.weight"},
		"pending":                             {0, ""},
	} {
		l.SetFilter(filter)
		got := l.Matched()
		if len(got) != want.n || want.n > 0 && got[0] != want.first {
			t.Errorf("/%s matches %d tensors %.60q, want %d from %q", filter, len(got), got, want.n, want.first)
		}
	}
	if l.SetFilter("  a  b "); l.Filter() != "a  b" {
		t.Errorf("filter %q", l.Filter())
	}
	l.SetFilter("nothing")
	if v := show(t, l, 60, 5); !strings.Contains(v, "no layer matches /nothing") {
		t.Errorf("no match:\n%s", v)
	}
	if names, _ := l.Toggle(); names != nil {
		t.Errorf("toggled nothing: %v", names)
	}
}

// TestLayersFilterShows checks that what matches shows though it is folded, and
// that a row above stands for what shows below it alone.
func TestLayersFilterShows(t *testing.T) {
	l := tree(theme.New(true, false))
	l.FoldAll(true)
	l.SetFilter("enc.*block0.*bias")
	v := show(t, l, 60, 40)
	if !strings.Contains(v, "conv1") || !strings.Contains(v, "bias") || strings.Contains(v, "weight") || strings.Contains(v, "decoder") {
		t.Errorf("filtered:\n%s", v)
	}
	names, freeze := l.Toggle() // the encoder
	if !freeze || len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".bias") }) {
		t.Errorf("toggled %v, want biases only", names)
	}
}

func TestLayersMarks(t *testing.T) {
	l := tree(theme.New(true, false))
	l.SetFilter("kind:qkv")
	l.MarkMatched()
	l.SetFilter("")
	l.Move(-1 << 30)
	l.Move(1) // layer0
	l.Mark()
	if got := l.Marked(); len(got) != 10 || got[0] != "map_layer0.weight" || got[2] != "enc.7x7_block0.qkv.weight" {
		t.Errorf("marked %v, want layer0 and the attention inputs", got)
	}
	if v := show(t, l, 60, 40); !strings.Contains(v, " ·▾ encoder") || !strings.Contains(v, "›✓  ▸ layer0") {
		t.Errorf("marks:\n%s", v)
	}
	if info := strings.Join(plain(strings.Join(l.Info(), " ")), ""); !strings.Contains(info, "✓ 10 marked") {
		t.Errorf("info %q", info)
	}
	l.Move(2)
	names, freeze := l.Toggle() // not the cursor: the marks
	if !freeze || !slices.Equal(names, l.Marked()) {
		t.Errorf("toggled %v, want what is marked", names)
	}
	l.SetFilter("pending")
	if got := l.Matched(); !slices.Equal(got, names) {
		t.Errorf("pending are %v", got)
	}
	l.Settle()
	if got := l.Matched(); got != nil {
		t.Errorf("pending after the answer: %v", got)
	}
	l.SetFilter("marked kind:qkv")
	l.MarkMatched() // all are: takes the marks off
	l.SetFilter("")
	if got := l.Marked(); len(got) != 2 {
		t.Errorf("marked %v, want layer0", got)
	}
	l.ClearMarks()
	if names, _ := l.Selected(); len(l.Marked()) != 0 || len(names) == 10 {
		t.Errorf("marks remain: %v, selected %v", l.Marked(), names)
	}
}

// firstRows returns the names in the first rows of a sorted list.
func firstRows(t *testing.T, l *panes.Layers, n int) []string {
	t.Helper()
	var names []string
	for _, line := range strings.Split(show(t, l, 120, 12), "\n")[1:][:n] {
		names = append(names, strings.Fields(strings.TrimLeft(line, "› "))[0])
	}
	return names
}

func TestLayersSort(t *testing.T) {
	l := tree(theme.New(true, false))
	before := show(t, l, 120, 12)
	l.Move(8) // conv0: stays under the cursor
	for column, want := range map[panes.LayerColumn][2]string{
		panes.ByName:     {"dec.14x14_block0.affine", "map_layer1"},
		panes.ByKind:     {"enc.28x28_conv", "enc.28x28_block0.norm0"},
		panes.ByParams:   {"dec.7x7_block0.conv0", "enc.28x28_block0.norm0"},
		panes.ByState:    {"map_layer0", "enc.28x28_block0.conv0"},
		panes.ByDistance: {"enc.14x14_block0.affine", ""},
	} {
		l.SortBy(column)
		l.Move(-1 << 30)
		down := firstRows(t, l, 1)[0]
		l.SortBy(column)
		l.Move(-1 << 30)
		up := firstRows(t, l, 1)[0]
		if c, reverse := l.Sorting(); c != column || !reverse {
			t.Errorf("sorted by %v %v, want %v reversed", c, reverse, column)
		}
		if column == panes.ByDistance {
			if down == up || strings.Contains(down+up, "conv0") {
				t.Errorf("by distance: from %s to %s, want layers that have one", down, up)
			}
			continue
		}
		if down != want[0] || up != want[1] {
			t.Errorf("by %v: %s, and %s the other way round, want %s and %s", column, down, up, want[0], want[1])
		}
	}
	l.SortBy(panes.ByTree)
	l.Move(-1 << 30)
	l.CycleStat(-1)
	if got := show(t, l, 120, 12); got != before {
		t.Errorf("back in the tree:\n%s\nwant\n%s", got, before)
	}
	for by, want := range map[int]panes.LayerColumn{1: panes.ByName, -1: panes.ByDistance} {
		l.SortBy(panes.ByTree)
		l.CycleSort(by)
		if c, reverse := l.Sorting(); c != want || reverse {
			t.Errorf("cycling by %d from the tree: %v %v, want %v", by, c, reverse, want)
		}
	}
	l.SortBy(99) // not a column
	l.SortBy(-1)
	if c, _ := l.Sorting(); c < panes.ByTree || c > panes.ByDistance {
		t.Errorf("sorted by %d", int(c))
	}
}
