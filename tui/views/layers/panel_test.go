package layers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/views/layers"
)

// TestLayerPanel draws a layer, a block and nothing in every size, and checks
// what each says.
func TestLayerPanel(t *testing.T) {
	th := theme.New(true, false)
	l := teacher(th)
	p := layers.NewPanel(th)
	p.Set(l.Layers, -1, nil)
	if v := p.View(40, 10); !strings.Contains(v, "no layer") {
		t.Errorf("without a layer:\n%s", v)
	}
	l.SetFilter("enc.28x28_block0")
	l.Move(1 << 30)
	conv1, ok := l.Cursor()
	name := "enc.28x28_block0.conv1"
	if u := &l.Layers.Net.Nodes[conv1]; !ok || u.Key != name || u.Params != 16*16*9+16 || u.Frozen != u.Params {
		t.Fatalf("node %+v", u)
	}
	if got := l.Layers.Net.NamesOf(conv1); !slices.Equal(got, []string{name + ".weight", name + ".bias"}) {
		t.Errorf("its tensors are %v", got)
	}
	l.Move(-1)
	norm, _ := l.Cursor()
	l.Move(-1 << 30)
	encoder, _ := l.Cursor()
	changes := []session.FreezeChange{{Nimg: 0, Frozen: 0, Of: 2}, {Nimg: 8000, Frozen: 1, Of: 2}, {Nimg: 1_200_000, Frozen: 2, Of: 2}}
	for _, c := range []struct {
		node    int
		changes []session.FreezeChange
		want    []string
	}{
		{conv1, changes, []string{"kind     conv  16×16×3×3", "values   2.3k, ", "no gradient while it is frozen",
			"tensors  weight, bias", "     1200 kimg  ❄ frozen", "      8.0 kimg  ◐ 1 of 2 tensors frozen", "      0.0 kimg  ● training"}},
		{norm, nil, []string{"kind     norm  16", "gradient norm", "50      kimg"}},
		{encoder, changes[:1], []string{"layers   ", " of them frozen", "distance from the start"}},
	} {
		p.Set(l.Layers, c.node, c.changes)
		name := l.Layers.Net.Nodes[c.node].Key
		v := strings.Join(plain(p.View(56, 50)), "\n")
		for _, want := range c.want {
			if !strings.Contains(v, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, v)
			}
		}
		for i := range 54 {
			w := i * 7 % 71
			checkSize(t, fmt.Sprintf("%s at %dx%d", name, w, i), p.View(w, i), w, i)
		}
	}
	p.SetTheme(theme.New(true, true))
	for _, r := range strings.Join(plain(p.View(56, 50)), "") {
		if r > 0x7e {
			t.Fatalf("ASCII panel has %q", r)
		}
	}
}

// TestLayersColumnAt compares the columns with where their heads are drawn.
func TestLayersColumnAt(t *testing.T) {
	l := teacher(theme.New(true, false))
	for _, w := range []int{78, 118, 138, 198} {
		v := show(t, l, w, 40)
		for y, line := range strings.Split(v, "\n") {
			if !strings.Contains(line, "over time") {
				continue
			}
			for c := session.ByName; c <= session.ByDistance; c++ {
				name := map[session.LayerColumn]string{session.ByName: "layer"}[c]
				if name == "" {
					name = c.String() + " "
				}
				before, _, ok := strings.Cut(line, name)
				if !ok || c == session.ByUpdate && strings.Contains(before, "over") {
					continue
				}
				if got, head := l.ColumnAt(len([]rune(before)), y, w); got != c || !head {
					t.Errorf("width %d: %s is at %v, head %v", w, c, got, head)
				}
			}
			if _, head := l.ColumnAt(4, y+1, w); head {
				t.Errorf("width %d: the first row counts as head", w)
			}
			if c, _ := l.ColumnAt(w-1, y, w); c != session.ByTree {
				t.Errorf("width %d: the sparkline sorts by %v", w, c)
			}
		}
	}
}
