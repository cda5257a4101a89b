package panes_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/trainer/golden"
	"innate/trainer/run"
	"innate/tui/panes"
	"innate/tui/theme"
)

// uNet describes a network shaped like EDM's: blocks per resolution, channels
// times 1, 2, … with attention at the deepest resolution.
func uNet(sides []int, blocks, channels int) []run.Layer {
	var out []run.Layer
	add := func(unit, kind string, side int, frozen bool, shape ...int) {
		part, block := "map", ""
		if p := strings.SplitN(unit, ".", 3); len(p) > 1 {
			part, block = p[0], p[1]
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		out = append(out,
			run.Layer{Name: unit + ".weight", Kind: kind, Part: part, Block: block, Resolution: side, Shape: shape, Count: n, Frozen: frozen},
			run.Layer{Name: unit + ".bias", Kind: kind, Part: part, Block: block, Resolution: side, Shape: shape[:1], Count: shape[0], Frozen: frozen})
	}
	add("map_layer0", "linear", 0, false, 4*channels, channels)
	add("map_layer1", "linear", 0, false, 4*channels, 4*channels)
	block := func(part string, side int, name string, in, c int, attention bool) {
		b := fmt.Sprintf("%s.%dx%d_%s", part, side, side, name)
		add(b+".norm0", "norm", side, false, in)
		add(b+".conv0", "conv", side, true, c, in, 3, 3)
		add(b+".affine", "linear", side, false, c, 4*channels)
		add(b+".norm1", "norm", side, false, c)
		add(b+".conv1", "conv", side, true, c, c, 3, 3)
		if in != c || name == "down" {
			add(b+".skip", "conv", side, false, c, in, 1, 1)
		}
		if attention {
			add(b+".norm2", "norm", side, false, c)
			add(b+".qkv", "conv", side, false, 3*c, c, 1, 1)
			add(b+".proj", "conv", side, true, c, c, 1, 1)
		}
	}
	c := channels
	for i, side := range sides {
		if i == 0 {
			add(fmt.Sprintf("enc.%dx%d_conv", side, side), "conv", side, false, c, 1, 3, 3)
		} else {
			block("enc", side, "down", c, c, false)
		}
		for j := range blocks {
			in := c
			c = channels * (i + 1)
			block("enc", side, fmt.Sprintf("block%d", j), in, c, i == len(sides)-1)
		}
	}
	for i := len(sides) - 1; i >= 0; i-- {
		side := sides[i]
		if i == len(sides)-1 {
			block("dec", side, "in0", c, c, true)
			block("dec", side, "in1", c, c, false)
		} else {
			block("dec", side, "up", c, c, false)
		}
		for j := range blocks + 1 {
			in := 2 * c
			c = channels * (i + 1)
			block("dec", side, fmt.Sprintf("block%d", j), in, c, i == len(sides)-1)
		}
	}
	top := fmt.Sprintf("dec.%dx%d_aux_", sides[0], sides[0])
	add(top+"norm", "norm", sides[0], false, c)
	add(top+"conv", "conv", sides[0], false, 1, c, 3, 3)
	return out
}

func teacher() []run.Layer { return uNet([]int{28, 14, 7}, 1, 16) }

// measure invents a history: gradients fall, distances grow, frozen layers have
// neither.
func measure(l *panes.Layers, layers []run.Layer, times int) {
	r := rand.New(rand.NewPCG(7, 7))
	speed := make([]float64, len(layers))
	for i := range speed {
		speed[i] = math.Exp(r.NormFloat64())
	}
	for k := range times {
		v := [3][]float64{make([]float64, len(layers)), make([]float64, len(layers)), make([]float64, len(layers))}
		x := float64(k+1) / 64
		for i := range layers {
			if layers[i].Frozen {
				v[0][i], v[1][i], v[2][i] = math.NaN(), math.NaN(), math.NaN()
				continue
			}
			noise := 0.9 + 0.2*r.Float64()
			v[0][i] = 0.3 * noise / (0.2 + x*speed[i])
			v[1][i] = 2e-3 * noise / (0.3 + x*speed[i])
			v[2][i] = 0.1 * speed[i] * math.Sqrt(x)
		}
		l.SetStats(int64(k+1)*1000, v[0], v[1], v[2])
	}
}

// tree returns the teacher with half frozen and 64 measurements.
func tree(t *theme.Theme) *panes.Layers {
	l := panes.NewLayers(t)
	l.SetLayers(teacher())
	measure(l, teacher(), 64)
	return l
}

// show returns the frame without colours or trailing space.
func show(tb testing.TB, l *panes.Layers, w, h int) string {
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
			l := tree(theme.New(true, false))
			l.Move(4)
			l.Mark()
			l.Move(2)
			if w >= 120 {
				l.Pend([]string{"dec.7x7_in0.conv0.weight", "dec.7x7_in0.conv0.bias"})
			}
			compareGolden(t, fmt.Sprintf("layers-%dx%d", w, h), show(t, l, w, h))
		})
	}
	l := tree(theme.New(true, false))
	l.SetFilter("kind:conv")
	l.SortBy(panes.ByDistance)
	compareGolden(t, "layers-sorted-100x16", show(t, l, 100, 16))
	l = tree(theme.New(true, true))
	l.FoldAll(true)
	compareGolden(t, "layers-ascii-80x22", show(t, l, 80, 22))
	l = panes.NewLayers(theme.New(true, false))
	l.SetLayers(uNet([]int{64, 32, 16, 8}, 3, 192))
	l.FoldAll(true)
	compareGolden(t, "layers-adm-120x30", show(t, l, 120, 30))
}

// TestLayersTree walks the tree: parts, resolutions, blocks, units, tensors.
func TestLayersTree(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(teacher())
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
	names, freeze := l.Toggle()
	if want := "[enc.28x28_block0.affine.bias]"; !freeze || fmt.Sprint(names) != want {
		t.Errorf("toggling a tensor: freeze %v %v, want %s", freeze, names, want)
	}
	if v := view(); !strings.Contains(v, "… 0/2") || !strings.Contains(v, "… pending") {
		t.Errorf("not pending:\n%s", v)
	}
	if names, _ := l.Toggle(); names != nil {
		t.Errorf("toggled again while pending: %v", names)
	}
	l.Fold(true) // the unit that the tensor is in
	l.Fold(true) // the block
	if names, _ := l.Toggle(); names != nil {
		t.Errorf("toggled a block while a tensor of it is pending: %v", names)
	}
	l.Settle() // refused: everything is as it was
	if v := view(); !strings.Contains(v, "›     ▸ block0") || strings.Contains(v, "pending") {
		t.Errorf("folded and settled:\n%s", v)
	}
	if names, freeze = l.Toggle(); !freeze || len(names) != 6 {
		t.Errorf("toggling a partly frozen block: freeze %v %v, want the 6 tensors that train", freeze, names)
	}
	l.Settle()
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
	l := panes.NewLayers(theme.New(true, false))
	layer := func(name string) run.Layer { return run.Layer{Name: name, Kind: "conv", Count: 1} }
	l.SetLayers([]run.Layer{
		layer("conv1.weight"), layer("bare"), layer("out_conv.weight"), layer("out_conv.bias"), layer(""),
		layer("enc.x_y.weight"), layer("enc.8x_z.weight"), layer("enc.8x8_.weight"), layer("a.b.c.d.weight"), layer("宽\x1b[2J.weight"), layer("bare"),
	})
	if got := len(l.Names()); got != 11 {
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

// TestLayersCursorStays checks that an update keeps the cursor on its layer.
func TestLayersCursorStays(t *testing.T) {
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(teacher())
	l.Move(8) // conv0 of the first block
	l.SetLayers(teacher()[4:])
	if v := show(t, l, 60, 12); !strings.Contains(v, "›       ▸ conv0") {
		t.Errorf("cursor moved:\n%s", v)
	}
	l.SetLayers(nil)
	l.Move(3)
	l.Page(-1)
	l.ToggleFold()
	l.Mark()
	l.MarkMatched()
	l.SortBy(panes.ByGrad)
	l.SetStats(1, nil, nil, nil)
	if names, _ := l.Toggle(); names != nil || l.Undo() != nil || l.MoveTo(0) {
		t.Error("there is something to do without layers")
	}
	l.Empty = "no layers known yet"
	if v := show(t, l, 30, 5); !strings.Contains(v, l.Empty) {
		t.Errorf("empty:\n%s", v)
	}
}

func TestLayersScroll(t *testing.T) {
	l := tree(theme.New(true, false))
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
	if l.MoveTo(3) || !l.MoveTo(8) || l.MoveTo(22) {
		t.Error("heads of columns or what lies outside took the mouse")
	}
	if line := strings.Split(show(t, l, 80, 22), "\n")[8]; !strings.HasPrefix(line, "›") {
		t.Errorf("clicked line 8, which is %q", line)
	}
}

// TestLayersThemes checks the frames without colours: glyphs alone must tell
// the states apart, and ASCII must be enough.
func TestLayersThemes(t *testing.T) {
	ascii := show(t, tree(theme.Mono(true)), 120, 37)
	for _, r := range ascii {
		if r > 0x7e {
			t.Fatalf("frame has %q (%U), want only ASCII", r, r)
		}
	}
	if a, b := show(t, tree(theme.Mono(false)), 120, 37), show(t, tree(theme.New(false, false)), 120, 37); a != b {
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
		var layers []run.Layer
		for i, name := range strings.Split(names, " ") {
			layers = append(layers, run.Layer{Name: name, Kind: "conv", Count: i, Resolution: 8 * (i % 2), Frozen: i%3 == 0})
		}
		w = 1 + int(uint(w)%200)
		l := panes.NewLayers(theme.New(true, false))
		l.SetLayers(layers)
		l.SetStats(1, make([]float64, len(layers)), nil, nil)
		checkSize(t, "tree", l.View(w, 30), w, 30)
		l.SetFilter(filter)
		l.Toggle()
		checkSize(t, "filtered", l.View(w, 20), w, 20)
		l.SortBy(panes.ByGrad)
		l.Move(1)
		checkSize(t, "sorted", l.View(w, 9), w, 9)
		if got := l.Names(); strings.Join(got, " ") != names {
			t.Errorf("names %q, want %q", got, names)
		}
	})
}

func big() []run.Layer { return uNet([]int{128, 64, 32, 16, 8}, 23, 64) }

// BenchmarkLayersView draws a network of about 3,000 tensors; the target is 1 ms.
func BenchmarkLayersView(b *testing.B) {
	layers := big()
	l := panes.NewLayers(theme.New(true, false))
	l.SetLayers(layers)
	measure(l, layers, 128)
	if n := len(layers); n < 2900 || n > 3100 {
		b.Fatalf("%d tensors, want about 3000", n)
	}
	b.Run("tree", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			l.View(200, 60)
		}
	})
	b.Run("sorted", func(b *testing.B) {
		l.SortBy(panes.ByUpdate)
		values := make([]float64, len(layers))
		b.ReportAllocs()
		nimg := int64(1e6)
		for b.Loop() {
			for i := range values {
				values[i] = float64(i * int(nimg/1000) % 997)
			}
			nimg += 1000
			l.SetStats(nimg, values, values, values)
			l.View(200, 60)
		}
	})
}
