package panes_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"innate/tui/panes"
	"innate/tui/theme"
)

// TestLayerPanel draws a layer, a block and nothing in every size, and checks
// what each says.
func TestLayerPanel(t *testing.T) {
	th := theme.New(true, false)
	l := tree(th)
	p := panes.NewLayerPanel(th)
	d, _ := panes.NewLayers(th).Detail()
	p.Set(d, nil)
	if v := p.View(40, 10); !strings.Contains(v, "no layer") {
		t.Errorf("without a layer:\n%s", v)
	}
	l.SetFilter("enc.28x28_block0")
	l.Move(1 << 30)
	conv1, ok := l.Detail()
	if !ok || conv1.Name != "enc.28x28_block0.conv1" || conv1.Params != 16*16*9+16 || conv1.Frozen != conv1.Params ||
		!slices.Equal(conv1.Fields, []string{"weight", "bias"}) || !slices.Equal(conv1.Names, []string{conv1.Name + ".weight", conv1.Name + ".bias"}) {
		t.Fatalf("detail %+v", conv1)
	}
	l.Move(-1)
	norm, _ := l.Detail()
	l.Move(-1 << 30)
	encoder, _ := l.Detail()
	changes := []panes.LayerChange{{Nimg: 0, Frozen: 0, Of: 2}, {Nimg: 8000, Frozen: 1, Of: 2}, {Nimg: 1_200_000, Frozen: 2, Of: 2}}
	for _, c := range []struct {
		d       panes.LayerDetail
		changes []panes.LayerChange
		want    []string
	}{
		{conv1, changes, []string{"kind     conv  16×16×3×3", "values   2.3k, ", "no gradient while it is frozen",
			"     1200 kimg  ❄ frozen", "      8.0 kimg  ◐ 1 of 2 tensors frozen", "      0.0 kimg  ● training"}},
		{norm, nil, []string{"kind     norm  16", "gradient norm", "50      kimg"}},
		{encoder, changes[:1], []string{"layers   ", " of them frozen", "distance from the start"}},
	} {
		p.Set(c.d, c.changes)
		v := strings.Join(plain(p.View(56, 50)), "\n")
		for _, want := range c.want {
			if !strings.Contains(v, want) {
				t.Errorf("%s lacks %q:\n%s", c.d.Name, want, v)
			}
		}
		for i := range 54 {
			w := i * 7 % 71
			checkSize(t, fmt.Sprintf("%s at %dx%d", c.d.Name, w, i), p.View(w, i), w, i)
		}
	}
	p.SetTheme(theme.New(true, true))
	for _, r := range strings.Join(plain(p.View(56, 50)), "") {
		if r > 0x7e {
			t.Fatalf("ASCII panel has %q", r)
		}
	}
}

// TestLayerBlocks checks what counts as one block.
func TestLayerBlocks(t *testing.T) {
	l := tree(theme.New(true, false))
	if got := l.Blocks([]string{"map_layer0.weight", "map_layer1.bias"}); !slices.Equal(got, []string{"map"}) {
		t.Errorf("the embedding is %v, want one block", got)
	}
	got := l.Blocks([]string{"dec.28x28_aux_conv.bias", "enc.28x28_block0.conv0.weight", "enc.28x28_block0.conv1.bias", "x"})
	if !slices.Equal(got, []string{"enc.28x28_block0", "dec.28x28"}) {
		t.Errorf("blocks %v", got)
	}
	frozen := map[string]bool{}
	for _, n := range l.Differing(frozen) {
		frozen[n] = true
	}
	if got := l.Differing(frozen); got != nil || len(frozen) == 0 {
		t.Errorf("%d differ from what they are", len(got))
	}
}

// TestLayersSettleApart checks that one answer leaves other tensors pending.
func TestLayersSettleApart(t *testing.T) {
	l := tree(theme.New(true, false))
	names := l.Names()
	l.Pend(names[:4])
	l.Settle(names[:2]...)
	l.SetFilter("pending")
	if got := l.Matched(); !slices.Equal(got, names[2:4]) {
		t.Errorf("pending %v, want %v", got, names[2:4])
	}
}

// TestLayersColumnAt compares the columns with where their heads are drawn.
func TestLayersColumnAt(t *testing.T) {
	l := tree(theme.New(true, false))
	for _, w := range []int{78, 118, 138, 198} {
		v := show(t, l, w, 40)
		for y, line := range strings.Split(v, "\n") {
			if !strings.Contains(line, "over time") {
				continue
			}
			for c := panes.ByName; c <= panes.ByDistance; c++ {
				name := map[panes.LayerColumn]string{panes.ByName: "layer"}[c]
				if name == "" {
					name = c.String() + " "
				}
				before, _, ok := strings.Cut(line, name)
				if !ok || c == panes.ByUpdate && strings.Contains(before, "over") {
					continue
				}
				if got, head := l.ColumnAt(len([]rune(before)), y, w); got != c || !head {
					t.Errorf("width %d: %s is at %v, head %v", w, c, got, head)
				}
			}
			if _, head := l.ColumnAt(4, y+1, w); head {
				t.Errorf("width %d: the first row counts as head", w)
			}
			if c, _ := l.ColumnAt(w-1, y, w); c != panes.ByTree {
				t.Errorf("width %d: the sparkline sorts by %v", w, c)
			}
		}
	}
}

func TestLayerColumns(t *testing.T) {
	l := tree(theme.New(true, false))
	l.Turn()
	if _, reverse := l.Sorting(); reverse {
		t.Error("the tree has turned round")
	}
	for _, name := range panes.LayerColumnNames() {
		c, ok := panes.LayerColumnNamed(name)
		if !ok || c.String() != name {
			t.Errorf("%q is column %v", name, c)
		}
		before := l.Measure()
		l.SetMeasure(c)
		if measured := c >= panes.ByGrad; measured && l.Measure() != c || !measured && l.Measure() != before {
			t.Errorf("measurement %v after choosing %v", l.Measure(), c)
		}
	}
	if _, ok := panes.LayerColumnNamed("colour"); ok {
		t.Error("colour is a column")
	}
	if !panes.ByParams.Descends(false) || panes.ByName.Descends(false) || !panes.ByName.Descends(true) {
		t.Error("numbers should fall and names rise")
	}
}

func BenchmarkSetStats(b *testing.B) {
	l := panes.NewLayers(theme.New(true, false))
	layers := uNet([]int{32, 16, 8}, 4, 128)
	l.SetLayers(layers)
	v := make([]float64, len(layers))
	n := int64(0)
	for b.Loop() {
		n++
		l.SetStats(n, v, v, v)
	}
}
