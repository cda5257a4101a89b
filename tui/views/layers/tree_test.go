package layers_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/golden"
	"innate/trainer/run"
	"innate/tui/session"
	"innate/tui/session/sessiontest"
	"innate/tui/theme"
	"innate/tui/views/layers"
)

// tree is a tree with what it draws.
type tree struct {
	*layers.Tree
	*session.LayerList
}

func newTree(t *theme.Theme, network []run.Layer) tree {
	list := session.NewLayerList(session.NewLayers())
	list.Layers.Set(network)
	return tree{layers.NewTree(t, list), list}
}

func (t tree) click(line int) bool { return t.Tree.MoveTo(line) }

// teacher returns the teacher with half frozen and 64 measurements.
func teacher(t *theme.Theme) tree {
	l := newTree(t, sessiontest.Teacher())
	sessiontest.Measure(l.Layers, sessiontest.Teacher(), 64)
	return l
}

// toggle gives the order to flip what is selected.
func (t tree) toggle() (names []string, freeze bool) {
	names, freeze = t.Selected()
	t.Layers.Pend(names)
	return names, freeze
}

// show returns the frame without colours or trailing space.
func show(tb testing.TB, l tree, w, h int) string {
	tb.Helper()
	v := l.View(w, h)
	if t, ok := tb.(*testing.T); ok {
		checkSize(t, "layers", v, w, h)
	}
	lines := plain(v)
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n") + "\n"
}

func plain(s string) []string { return strings.Split(ansi.Strip(s), "\n") }

func checkSize(t *testing.T, what, view string, w, h int) {
	t.Helper()
	if w <= 0 || h <= 0 {
		return
	}
	lines := strings.Split(view, "\n")
	if len(lines) != h {
		t.Fatalf("%s: %d lines, want %d", what, len(lines), h)
	}
	for _, l := range lines {
		if n := ansi.StringWidth(l); n != w {
			t.Fatalf("%s: %d cells, want %d: %q", what, n, w, ansi.Strip(l))
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	golden.Check(t, filepath.Join("testdata", name+".golden"), []byte(got))
}

func TestLayersGolden(t *testing.T) {
	for _, size := range [][2]int{{38, 20}, {80, 22}, {120, 37}, {200, 57}} {
		w, h := size[0], size[1]
		t.Run(fmt.Sprintf("%dx%d", w, h), func(t *testing.T) {
			l := teacher(theme.New(true, false))
			l.Move(4)
			l.Mark()
			l.Move(2)
			if w >= 120 {
				l.Layers.Pend([]string{"dec.7x7_in0.conv0.weight", "dec.7x7_in0.conv0.bias"})
			}
			compareGolden(t, fmt.Sprintf("layers-%dx%d", w, h), show(t, l, w, h))
		})
	}
	l := teacher(theme.New(true, false))
	l.SetFilter("kind:conv")
	l.Order.Sort(session.ByDistance)
	compareGolden(t, "layers-sorted-100x16", show(t, l, 100, 16))
	l = teacher(theme.New(true, true))
	l.FoldAll(true)
	compareGolden(t, "layers-ascii-80x22", show(t, l, 80, 22))
	l = newTree(theme.New(true, false), nil)
	l.Layers.Set(sessiontest.UNet([]int{64, 32, 16, 8}, 3, 192))
	l.FoldAll(true)
	compareGolden(t, "layers-adm-120x30", show(t, l, 120, 30))
}

// TestLayersTree walks the tree: parts, resolutions, blocks, units, tensors.
func TestLayersTree(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	l.Layers.Set(sessiontest.Teacher())
	view := func() string { return show(t, l, 60, 14) }
	for _, want := range []string{"› ▾ embedding", "      ▸ conv  ", "      ▾ block0", "2.3k  ❄ frozen", "32  ● train", "◐ 2/5"} {
		if !strings.Contains(view(), want) {
			t.Errorf("no %q in\n%s", want, view())
		}
	}
	l.Move(9) // norm0, conv0, affine: affine
	l.Fold(false)
	if v := view(); !strings.Contains(v, "▾ affine") || !strings.Contains(v, "  weight") || !strings.Contains(v, "1.0k") {
		t.Errorf("unfolded to tensors:\n%s", v)
	}
	l.Move(2)
	names, freeze := l.toggle()
	if want := "[enc.28x28_block0.affine.bias]"; !freeze || fmt.Sprint(names) != want {
		t.Errorf("toggling a tensor: freeze %v %v, want %s", freeze, names, want)
	}
	if v := view(); !strings.Contains(v, "… 0/2") || !strings.Contains(v, "… pending") {
		t.Errorf("not pending:\n%s", v)
	}
	if names, _ := l.toggle(); names != nil {
		t.Errorf("toggled again while pending: %v", names)
	}
	l.Fold(true) // the unit that the tensor is in
	l.Fold(true) // the block
	if names, _ := l.toggle(); names != nil {
		t.Errorf("toggled a block while a tensor of it is pending: %v", names)
	}
	l.Layers.Answered() // refused: everything is as it was
	if v := view(); !strings.Contains(v, "›     ▸ block0") || strings.Contains(v, "pending") {
		t.Errorf("folded, with nothing pending:\n%s", v)
	}
	if names, freeze = l.toggle(); !freeze || len(names) != 6 {
		t.Errorf("toggling a partly frozen block: freeze %v %v, want the 6 tensors that train", freeze, names)
	}
	l.Layers.Answered()
	l.Fold(true)
	l.Fold(true) // encoder
	if names, _ = l.Selected(); !strings.Contains(view(), "› ▸ encoder") || len(names) != 2*(33-11) {
		t.Errorf("%d tensors train in the encoder, want 44\n%s", len(names), view())
	}
	l.FoldAll(true)
	if v := view(); strings.Contains(v, "norm0") || !strings.Contains(v, "▸ down") {
		t.Errorf("all folded:\n%s", v)
	}
}

// TestLayersNames puts networks of other shapes into the tree.
func TestLayersNames(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	layer := func(name string) run.Layer { return run.Layer{Name: name, Kind: "conv", Count: 1} }
	l.Layers.Set([]run.Layer{
		layer("conv1.weight"), layer("bare"), layer("out_conv.weight"), layer("out_conv.bias"), layer(""),
		layer("enc.x_y.weight"), layer("enc.8x_z.weight"), layer("enc.8x8_.weight"), layer("a.b.c.d.weight"), layer("宽\x1b[2J.weight"), layer("bare"),
	})
	if got := len(l.Layers.Net.Names()); got != 11 {
		t.Errorf("%d names, want all 11", got)
	}
	v := show(t, l, 50, 20)
	for _, want := range []string{"›   conv1 ", "  ▸ bare ", "  ▸ out_conv ", "\n     x_y ", "\n     8x_z ", "\n     8x8_ ", "\n   ▾ b ", "\n      c.d ", "\n    ??[2J "} {
		if !strings.Contains(v, want) {
			t.Errorf("no %q in\n%s", want, v)
		}
	}
	for w := range 210 {
		for _, h := range []int{1, 2, 9, 30} {
			l.View(w, h)
		}
	}
}

// TestLayersFilterShows checks that what matches shows though it is folded, and
// that a row above stands for what shows below it alone.
func TestLayersFilterShows(t *testing.T) {
	l := teacher(theme.New(true, false))
	l.FoldAll(true)
	l.SetFilter("enc.*block0.*bias")
	v := show(t, l, 60, 40)
	if !strings.Contains(v, "conv1") || !strings.Contains(v, "bias") || strings.Contains(v, "weight") || strings.Contains(v, "decoder") {
		t.Errorf("filtered:\n%s", v)
	}
	names, freeze := l.toggle() // the encoder
	if !freeze || len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return !strings.HasSuffix(n, ".bias") }) {
		t.Errorf("toggled %v, want biases only", names)
	}
}

// TestLayersMarksShow checks what tells marked rows, and rows with marked tensors
// in them, apart.
func TestLayersMarksShow(t *testing.T) {
	l := teacher(theme.New(true, false))
	l.SetFilter("kind:qkv")
	l.MarkMatched()
	l.SetFilter("")
	l.Move(-1 << 30)
	l.Move(1) // layer0
	l.Mark()
	if v := show(t, l, 60, 40); !strings.Contains(v, " ·▾ encoder") || !strings.Contains(v, "›✓  ▸ layer0") {
		t.Errorf("marks:\n%s", v)
	}
	if info := strings.Join(plain(strings.Join(l.Info(), " ")), ""); !strings.Contains(info, "✓ 10 marked") {
		t.Errorf("info %q", info)
	}
	l.SetFilter("nothing")
	if v := show(t, l, 60, 5); !strings.Contains(v, "no layer matches /nothing") {
		t.Errorf("no match:\n%s", v)
	}
}

// TestLayersCursorStays checks that an update keeps the cursor on its layer.
func TestLayersCursorStays(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	l.Layers.Set(sessiontest.Teacher())
	l.Move(8) // conv0 of the first block
	l.Layers.Set(sessiontest.Teacher()[4:])
	if v := show(t, l, 60, 12); !strings.Contains(v, "›       ▸ conv0") {
		t.Errorf("cursor moved:\n%s", v)
	}
	l.Layers.Set(nil)
	l.Move(3)
	l.Page(-1)
	l.ToggleFold()
	l.Mark()
	l.MarkMatched()
	l.Order.Sort(session.ByGrad)
	l.Layers.Measure(1, nil, nil, nil)
	if names, _ := l.toggle(); names != nil || l.Layers.History.Undo() != nil || l.click(0) {
		t.Error("there is something to do without layers")
	}
	if v := show(t, l, 30, 5); !strings.Contains(v, "no layers known yet") {
		t.Errorf("empty:\n%s", v)
	}
}

func TestLayersScroll(t *testing.T) {
	l := teacher(theme.New(true, false))
	for h := 1; h < 24; h++ {
		for range 30 {
			l.Move(5)
			if v := show(t, l, 80, h); !strings.Contains(v, "›") {
				t.Fatalf("height %d: cursor out of sight:\n%s", h, v)
			}
		}
		l.Move(-1 << 30)
	}
	for w := 1; w < 220; w++ {
		show(t, l, w, 24)
	}
	// The mouse hits what it points at, in the tree alone.
	show(t, l, 80, 22)
	if l.click(3) || !l.click(8) || l.click(22) {
		t.Error("heads of columns or what lies outside took the mouse")
	}
	if line := strings.Split(show(t, l, 80, 22), "\n")[8]; !strings.HasPrefix(line, "›") {
		t.Errorf("clicked line 8, which is %q", line)
	}
}

// TestLayersThemes checks the frames without colours: glyphs alone must tell
// the states apart, and ASCII must be enough.
func TestLayersThemes(t *testing.T) {
	ascii := show(t, teacher(theme.Mono(true)), 120, 37)
	for _, r := range ascii {
		if r > 0x7e {
			t.Fatalf("frame has %q (%U), want only ASCII", r, r)
		}
	}
	if a, b := show(t, teacher(theme.Mono(false)), 120, 37), show(t, teacher(theme.New(false, false)), 120, 37); a != b {
		t.Error("mono and light differ in more than colour")
	}
}

// FuzzLayers draws trees of whatever names a file may hold.
func FuzzLayers(f *testing.F) {
	f.Add("enc.8x8_b.conv0.weight enc.8x8_b.conv0.bias out.weight", "kind:conv !frozen", 80)
	f.Add(". .. a. .b 0x0_ enc.0x0_. dec.1x1_x.y dec.1x1_x", "[", 1)
	f.Add("enc.99999999999x1_a.b enc.8x8_宽 map_ map_.weight", "*\x1b", 120)
	f.Fuzz(func(t *testing.T, names, filter string, w int) {
		if len(names) > 300 || len(filter) > 40 {
			return
		}
		var network []run.Layer
		for i, name := range strings.Split(names, " ") {
			network = append(network, run.Layer{Name: name, Kind: "conv", Count: i, Resolution: 8 * (i % 2), Frozen: i%3 == 0})
		}
		w = 1 + int(uint(w)%200)
		l := newTree(theme.New(true, false), nil)
		l.Layers.Set(network)
		l.Layers.Measure(1, make([]float64, len(network)), nil, nil)
		checkSize(t, "tree", l.View(w, 30), w, 30)
		l.SetFilter(filter)
		l.toggle()
		checkSize(t, "filtered", l.View(w, 20), w, 20)
		l.Order.Sort(session.ByGrad)
		l.Move(1)
		checkSize(t, "sorted", l.View(w, 9), w, 9)
		if got := l.Layers.Net.Names(); strings.Join(got, " ") != names {
			t.Errorf("names %q, want %q", got, names)
		}
	})
}

func big() []run.Layer { return sessiontest.UNet([]int{128, 64, 32, 16, 8}, 23, 64) }

// BenchmarkLayersView draws a network of about 3,000 tensors; the target is 1 ms.
func BenchmarkLayersView(b *testing.B) {
	network := big()
	l := newTree(theme.New(true, false), nil)
	l.Layers.Set(network)
	sessiontest.Measure(l.Layers, network, 128)
	if n := len(network); n < 2900 || n > 3100 {
		b.Fatalf("%d tensors, want about 3000", n)
	}
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.View(200, 60)
		}
	})
	b.Run("sorted", func(b *testing.B) {
		l.Order.Sort(session.ByUpdate)
		values := make([]float64, len(network))
		b.ReportAllocs()
		nimg := int64(1e6)
		for b.Loop() {
			for i := range values {
				values[i] = float64(i * int(nimg/1000) % 997)
			}
			nimg += 1000
			l.Layers.Measure(nimg, values, values, values)
			l.View(200, 60)
		}
	})
}

// TestLayersWholeNames sorts the layers, whose rows then have their whole names, and
// wants them apart from the next column, and at the width of the dashboard's pane on 80
// columns from each other.
func TestLayersWholeNames(t *testing.T) {
	l := teacher(theme.New(true, false))
	l.Order.Sort(session.ByDistance)
	var keys []string
	for _, i := range l.Rows() {
		keys = append(keys, l.Layers.Net.Nodes[i].Key)
	}
	for w := 34; w <= 120; w++ {
		seen := map[string]bool{}
		for _, line := range plain(l.View(w, len(keys)+8)) {
			name, _, _ := strings.Cut(strings.TrimLeft(line, "› "), " ")
			_, end, ok := strings.Cut(name, "_")
			if !ok || !strings.ContainsAny(name, ".") {
				continue // no row of a block
			}
			if !slices.ContainsFunc(keys, func(key string) bool { return strings.HasSuffix(key, end) }) {
				t.Fatalf("%d cells: %q is the end of no layer's name", w, name)
			}
			if seen[name] {
				t.Fatalf("%d cells: two rows are called %q", w, name)
			}
			seen[name] = true
		}
		if len(seen) < 20 {
			t.Fatalf("%d cells: %d rows of blocks", w, len(seen))
		}
	}
}
