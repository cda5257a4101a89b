package session_test

import (
	"slices"
	"strings"
	"testing"

	"innate/tui/session"
	"innate/tui/session/sessiontest"
)

// teacher lists the layers of the teacher, half frozen and with 64 measurements.
func teacher() *session.LayerList {
	l := session.NewLayers()
	l.Set(sessiontest.Teacher())
	sessiontest.Measure(l, sessiontest.Teacher(), 64)
	return session.NewLayerList(l)
}

// toggle gives the order to flip what is selected.
func toggle(l *session.LayerList) (names []string, freeze bool) {
	names, freeze = l.Selected()
	l.Layers.Pend(names)
	return names, freeze
}

// under returns the key of the row under the cursor.
func under(l *session.LayerList) string {
	at, ok := l.Cursor()
	if !ok {
		return ""
	}
	return l.Layers.Net.Nodes[at].Key
}

func TestLayersFilter(t *testing.T) {
	l := teacher()
	all := len(l.Layers.Net.Names())
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
	if n := len(l.Rows()); n != 0 {
		t.Errorf("%d rows match nothing", n)
	}
	if names, _ := toggle(l); names != nil {
		t.Errorf("toggled nothing: %v", names)
	}
}

func TestLayersMarks(t *testing.T) {
	l := teacher()
	l.SetFilter("kind:qkv")
	l.MarkMatched()
	l.SetFilter("")
	l.Move(-1 << 30)
	l.Move(1) // layer0
	l.Mark()
	if got := l.Layers.MarkedNames(); len(got) != 10 || got[0] != "map_layer0.weight" || got[2] != "enc.7x7_block0.qkv.weight" {
		t.Errorf("marked %v, want layer0 and the attention inputs", got)
	}
	l.Move(2)
	names, freeze := toggle(l) // not the cursor: the marks
	if !freeze || !slices.Equal(names, l.Layers.MarkedNames()) {
		t.Errorf("toggled %v, want what is marked", names)
	}
	l.SetFilter("pending")
	if got := l.Matched(); !slices.Equal(got, names) {
		t.Errorf("pending are %v", got)
	}
	l.Layers.Answered()
	if got := l.Matched(); got != nil {
		t.Errorf("pending after the answer: %v", got)
	}
	l.SetFilter("marked kind:qkv")
	l.MarkMatched() // all are: takes the marks off
	l.SetFilter("")
	if got := l.Layers.MarkedNames(); len(got) != 2 {
		t.Errorf("marked %v, want layer0", got)
	}
	l.Layers.ClearMarks()
	if names, _ := l.Selected(); len(l.Layers.MarkedNames()) != 0 || len(names) == 10 {
		t.Errorf("marks remain: %v, selected %v", l.Layers.MarkedNames(), names)
	}
}

func TestLayersSort(t *testing.T) {
	l := teacher()
	before := slices.Clone(l.Rows())
	l.Move(8) // conv0: stays under the cursor
	for column, want := range map[session.LayerColumn][2]string{
		session.ByName:     {"dec.14x14_block0.affine", "map_layer1"},
		session.ByKind:     {"enc.28x28_conv", "enc.28x28_block0.norm0"},
		session.ByParams:   {"dec.7x7_block0.conv0", "enc.28x28_block0.norm0"},
		session.ByState:    {"map_layer0", "enc.28x28_block0.conv0"},
		session.ByDistance: {"enc.14x14_block0.affine", ""},
	} {
		l.Order.Sort(column)
		l.Move(-1 << 30)
		down := under(l)
		l.Order.Sort(column)
		l.Move(-1 << 30)
		up := under(l)
		if l.Order.By != column || !l.Order.Reverse {
			t.Errorf("sorted by %s, want %v reversed", l.Order.String(), column)
		}
		if column == session.ByDistance {
			if down == up || strings.Contains(down+up, "conv0") {
				t.Errorf("by distance: from %s to %s, want layers that have one", down, up)
			}
			continue
		}
		if down != want[0] || up != want[1] {
			t.Errorf("by %v: %s, and %s the other way round, want %s and %s", column, down, up, want[0], want[1])
		}
	}
	l.Order.Sort(session.ByTree)
	l.Move(-1 << 30)
	if l.Order.OverTime != session.Distance {
		t.Errorf("over time there is %v, want the distance", session.ColumnOf(l.Order.OverTime))
	}
	if got := l.Rows(); !slices.Equal(got, before) {
		t.Errorf("back in the tree: rows %v, want %v", got, before)
	}
	for by, want := range map[int]session.LayerColumn{1: session.ByName, -1: session.ByDistance} {
		l.Order.Sort(session.ByTree)
		l.Order.Cycle(by, false)
		if l.Order.By != want || l.Order.Reverse {
			t.Errorf("cycling by %d from the tree: %s, want %v", by, l.Order.String(), want)
		}
	}
	l.Order.Sort(99) // not a column
	l.Order.Sort(-1)
	if c := l.Order.By; c < session.ByTree || c > session.ByChange {
		t.Errorf("sorted by %d", int(c))
	}
}

// TestLayersAnsweredApart checks that one answer leaves other tensors pending.
func TestLayersAnsweredApart(t *testing.T) {
	l := teacher()
	names := l.Layers.Net.Names()
	l.Layers.Pend(names[:4])
	l.Layers.Answered(names[:2]...)
	l.SetFilter("pending")
	if got := l.Matched(); !slices.Equal(got, names[2:4]) {
		t.Errorf("pending %v, want %v", got, names[2:4])
	}
}

// TestLayerOrder reads the names that orders are remembered by.
func TestLayerOrder(t *testing.T) {
	var o session.LayerOrder
	if o.Turn(); o.Reverse {
		t.Error("the tree has turned round")
	}
	for _, name := range session.LayerColumnNames() {
		c, ok := session.LayerColumnNamed(name)
		if !ok || c.String() != name {
			t.Errorf("%q is column %v", name, c)
		}
		for _, name := range []string{name, "-" + name} {
			before := o.OverTime
			if name == "-tree" {
				continue // it has one order
			}
			if !o.Set(name) || o.By != c || o.String() != name {
				t.Errorf("%q orders by %q", name, o.String())
			}
			if m, measured := c.Measurement(); measured && o.OverTime != m || !measured && o.OverTime != before {
				t.Errorf("%q: measurement %v over time after %v", name, o.OverTime, before)
			}
		}
	}
	if o.Set("colour") || o.By != session.ByChange {
		t.Error("colour is a column")
	}
	numbers, names := session.LayerOrder{}, session.LayerOrder{}
	numbers.Sort(session.ByParams)
	names.Sort(session.ByName)
	if numbers.String() != "-params" || names.String() != "layer" {
		t.Errorf("numbers run %q and names %q, want the largest and a first", numbers.String(), names.String())
	}
}

func BenchmarkMeasure(b *testing.B) {
	l := session.NewLayers()
	layers := sessiontest.UNet([]int{32, 16, 8}, 4, 128)
	l.Set(layers)
	v := make([]float64, len(layers))
	n := int64(0)
	for b.Loop() {
		n++
		l.Measure(n, v, v, v)
	}
}
