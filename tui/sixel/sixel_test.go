package sixel_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/ansi/kitty"
	gosixel "github.com/mattn/go-sixel"

	"innate/tui/sixel"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// gradient is a grey picture with every level.
func gradient(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			g.SetGray(x, y, color.Gray{Y: uint8((x*255/max(w-1, 1) + y) % 256)})
		}
	}
	return g
}

func rainbow(w, h int) *image.RGBA {
	g := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			g.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x + y) * 127 / (w + h)), 255})
		}
	}
	return g
}

// TestEncodeGrey decodes what was encoded: each pixel within one grey level of
// sixel's hundred, and no more registers used than allowed.
func TestEncodeGrey(t *testing.T) {
	for _, registers := range []int{256, 64, 16, 2} {
		for _, size := range [][2]int{{60, 25}, {1, 1}, {7, 6}, {224, 224}} {
			img := gradient(size[0], size[1])
			s, err := sixel.Encode(img, registers)
			must(t, err)
			if !strings.HasPrefix(s, "\x1bP") || !strings.HasSuffix(s, "\x1b\\") {
				t.Fatalf("not one DCS: %.20q … %q", s, s[len(s)-4:])
			}
			if n := len(regexp.MustCompile(`#\d+;2;`).FindAllString(s, -1)); n > registers {
				t.Errorf("%d registers defined, want at most %d", n, registers)
			}
			var back image.Image
			must(t, gosixel.NewDecoder(strings.NewReader(s)).Decode(&back))
			if b := back.Bounds(); b.Dx() != size[0] || b.Dy() != size[1] {
				t.Fatalf("%v decoded as %v", size, b)
			}
			step := 256/min(registers, 101) + 4
			for y := range size[1] {
				for x := range size[0] {
					r, g, b, _ := back.At(x, y).RGBA()
					want := int(img.GrayAt(x, y).Y)
					if d := int(r>>8) - want; d > step || d < -step || r != g || g != b {
						t.Fatalf("pixel %d,%d: %d %d %d, want about %d", x, y, r>>8, g>>8, b>>8, want)
					}
				}
			}
		}
	}
}

func TestEncodeColor(t *testing.T) {
	for _, registers := range []int{1024, 256, 64, 16} {
		img := rainbow(48, 30)
		s, err := sixel.Encode(img, registers)
		must(t, err)
		if n := len(regexp.MustCompile(`#\d+;2;`).FindAllString(s, -1)); n > registers {
			t.Errorf("%d registers defined, want at most %d", n, registers)
		}
		var back image.Image
		must(t, gosixel.NewDecoder(strings.NewReader(s)).Decode(&back))
		// Dithering keeps the mean.
		var got, want [3]float64
		for y := range 30 {
			for x := range 48 {
				r, g, b, _ := back.At(x, y).RGBA()
				c := img.RGBAAt(x, y)
				for i, v := range []uint32{r, g, b} {
					got[i] += float64(v >> 8)
					want[i] += float64([]uint8{c.R, c.G, c.B}[i])
				}
			}
		}
		for i := range got {
			if d := (got[i] - want[i]) / (48 * 30); d > 12 || d < -12 {
				t.Errorf("%d registers: channel %d is off by %.1f on average", registers, i, d)
			}
		}
	}
}

// TestFitKeepsPixels checks that enlarging is exact and that tiles are moved
// whole, in order.
func TestFitKeepsPixels(t *testing.T) {
	const tile = 8
	img := image.NewGray(image.Rect(0, 0, 4*tile, 3*tile))
	for y := range 3 * tile {
		for x := range 4 * tile {
			img.SetGray(x, y, color.Gray{Y: uint8(10*(y/tile*4+x/tile) + x%tile + y%tile)})
		}
	}
	for _, c := range []struct{ w, h, cols, rows, scale int }{
		{4*tile + 6, 3*tile + 4, 4, 3, 1}, // as it is, with gaps
		{200, 130, 4, 3, 5},
		{200, 200, 3, 3, 8},          // three quarters of the tiles, but larger
		{12*tile + 22, 10, 12, 1, 1}, // all in a row
		{600, 20, 12, 1, 2},
	} {
		out := sixel.Fit(img, tile, c.w, c.h)
		d := tile*c.scale + 2
		if b := out.Bounds(); b.Dx() != c.cols*d-2 || b.Dy() != c.rows*d-2 {
			t.Errorf("box %dx%d: %v, want %d by %d tiles enlarged %d times", c.w, c.h, b, c.cols, c.rows, c.scale)
			continue
		}
		g, ok := out.(*image.Gray)
		if !ok {
			t.Fatalf("%T, want a grey picture", out)
		}
		for i := range c.cols * c.rows {
			for y := range tile * c.scale {
				for x := range tile * c.scale {
					got := g.GrayAt(i%c.cols*d+x, i/c.cols*d+y).Y
					if want := uint8(10*i + x/c.scale + y/c.scale); got != want {
						t.Fatalf("box %dx%d, tile %d at %d,%d: %d, want %d", c.w, c.h, i, x, y, got, want)
					}
				}
			}
		}
	}
}

// TestFitAlwaysFits tries many boxes: the result never exceeds the box, and
// shows at least a few samples where that is possible.
func TestFitAlwaysFits(t *testing.T) {
	for _, img := range []image.Image{gradient(224, 224), rainbow(64, 32), gradient(31, 17), image.NewGray(image.Rect(0, 0, 0, 0))} {
		for _, tile := range []int{0, 28, 32, 5} {
			for w := 0; w < 300; w += 29 {
				for h := 0; h < 200; h += 23 {
					out := sixel.Fit(img, tile, w, h)
					if out == nil {
						continue
					}
					if b := out.Bounds(); b.Dx() > w || b.Dy() > h || b.Empty() {
						t.Fatalf("%v, tile %d, box %dx%d: %v", img.Bounds(), tile, w, h, b)
					}
				}
			}
		}
	}
	if out := sixel.Fit(gradient(224, 224), 28, 32, 36); out == nil || out.Bounds().Dx()*out.Bounds().Dy() < 600 {
		t.Errorf("a small box stays empty: %v", out)
	}
}

func TestFiller(t *testing.T) {
	seen := map[string]int{}
	for y := range 70 {
		row := sixel.Filler(y, 20)
		if n := ansi.StringWidth(row); n != 20 {
			t.Fatalf("row %d is %d cells wide", y, n)
		}
		if strings.Trim(row, "\u2800\u00a0") != "" {
			t.Fatalf("row %d has other characters: %q", y, row)
		}
		if before, ok := seen[row]; ok {
			t.Fatalf("rows %d and %d are equal: scrolling would confuse them", before, y)
		}
		seen[row] = y
	}
}

func TestPlace(t *testing.T) {
	r := sixel.Rect{X: 9, Y: 4, W: 30, H: 3}
	got := sixel.Place("<picture>", r, 2, 1, true)
	want := "\x1b[?2026h\x1b7\x1b[m" +
		"\x1b[5;10H\x1b[30X\x1b[6;10H\x1b[30X\x1b[7;10H\x1b[30X" +
		"\x1b[6;12H<picture>\x1b8\x1b[?2026l"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := sixel.Place("<picture>", r, 0, 0, false); strings.Contains(got, "2026") || !strings.HasPrefix(got, "\x1b7") {
		t.Errorf("without synchronized output: %q", got)
	}
	if got := sixel.Erase(sixel.Rect{X: 0, Y: 0, W: 2, H: 2}); got != "\x1b7\x1b[m\x1b[H\x1b[2X\x1b[2;1H\x1b[2X\x1b8" &&
		got != "\x1b7\x1b[m\x1b[1;1H\x1b[2X\x1b[2;1H\x1b[2X\x1b8" {
		t.Errorf("erase: %q", got)
	}
}

func TestOverlaps(t *testing.T) {
	a := sixel.Rect{X: 5, Y: 5, W: 5, H: 5}
	for _, c := range []struct {
		b    sixel.Rect
		want bool
	}{
		{a, true}, {sixel.Rect{X: 9, Y: 9, W: 1, H: 1}, true}, {sixel.Rect{X: 10, Y: 5, W: 5, H: 5}, false},
		{sixel.Rect{X: 0, Y: 0, W: 20, H: 5}, false}, {sixel.Rect{X: 6, Y: 6, W: 0, H: 9}, false},
	} {
		if got := a.Overlaps(c.b); got != c.want {
			t.Errorf("%v and %v: %v", a, c.b, got)
		}
	}
}

// TestKitty checks the chunks of a transmission and the placeholder cells.
func TestKitty(t *testing.T) {
	img := rainbow(300, 200)
	s, err := sixel.EncodeKitty(img, 30, 10)
	must(t, err)
	s = strings.TrimPrefix(s, sixel.DeleteKitty)
	var data strings.Builder
	chunks := strings.Split(strings.TrimSuffix(s, "\x1b\\"), "\x1b\\")
	for i, c := range chunks {
		head, payload, ok := strings.Cut(strings.TrimPrefix(c, "\x1b_G"), ";")
		if !ok || len(payload) > kitty.MaxChunkSize {
			t.Fatalf("chunk %d: %.40q", i, c)
		}
		if i == 0 && !strings.HasPrefix(head, "a=T,U=1,q=2,f=100,i=77,c=30,r=10,") {
			t.Errorf("first chunk %q", head)
		}
		if want := fmt.Sprintf("m=%d", map[bool]int{true: 0, false: 1}[i == len(chunks)-1]); !strings.HasSuffix(head, want) {
			t.Errorf("chunk %d ends with %q, want %s", i, head, want)
		}
		data.WriteString(payload)
	}
	raw, err := base64.StdEncoding.DecodeString(data.String())
	must(t, err)
	back, err := png.Decode(bytes.NewReader(raw))
	must(t, err)
	if back.Bounds().Dx() != 300 {
		t.Errorf("decoded %v", back.Bounds())
	}
	row := sixel.PlaceholderRow(3, 12)
	if n := ansi.StringWidth(row); n != 12 {
		t.Errorf("placeholder row is %d cells wide, want 12", n)
	}
	if !strings.Contains(row, "\x1b[38;5;77m") || !strings.Contains(row, "\U0010EEEE\u0310\u0305") {
		t.Errorf("placeholder row %q lacks colour or diacritics", row)
	}
	// The renderer keeps the combining characters in their cells.
	buf := uv.NewScreenBuffer(12, 1)
	uv.NewStyledString(row).Draw(buf, buf.Bounds())
	if c := buf.CellAt(1, 0); c == nil || c.Content != "\U0010EEEE\u0310\u030D" || c.Width != 1 {
		t.Errorf("cell 1 holds %+v", c)
	}
}

func TestITerm(t *testing.T) {
	s, err := sixel.EncodeITerm(gradient(30, 20), 5, 2)
	must(t, err)
	if !strings.HasPrefix(s, "\x1b]1337;File=inline=1;size=") || !strings.Contains(s, ";width=5;height=2;") || !strings.HasSuffix(s, "\a") {
		t.Errorf("%.80q", s)
	}
}

func TestHalfBlocks(t *testing.T) {
	lines := sixel.HalfBlocks(gradient(20, 7))
	if len(lines) != 4 {
		t.Fatalf("%d lines, want 4", len(lines))
	}
	for _, l := range lines {
		if n := ansi.StringWidth(l); n != 20 {
			t.Errorf("%d cells, want 20", n)
		}
	}
	if l := sixel.HalfBlocks(rainbow(3, 2))[0]; !strings.HasPrefix(l, "\x1b[38;2;0;0;0m\x1b[48;2;0;127;25m▀") {
		t.Errorf("first cell of %q", l)
	}
	for i, l := range sixel.Letters(gradient(11, 2), false) {
		if len(l) != 11 || l[0] != ' ' || l[10] == ' ' {
			t.Errorf("letters line %d: %q", i, l)
		}
	}
}

func TestParseMode(t *testing.T) {
	for s, want := range map[string]sixel.Mode{"sixel": sixel.Sixel, "Kitty": sixel.Kitty, "iterm2": sixel.ITerm, " iterm ": sixel.ITerm, "blocks": sixel.Blocks, "off": sixel.Off} {
		if got, err := sixel.ParseMode(s); err != nil || got != want {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	if _, err := sixel.ParseMode("holo"); err == nil || err.Error() != `images: "holo", want sixel, kitty, iterm, blocks or off` {
		t.Errorf("error %v", err)
	}
}

func BenchmarkEncodeGrey(b *testing.B) {
	img := sixel.Fit(gradient(224, 224), 28, 256, 256)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sixel.Encode(img, 256); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHalfBlocks(b *testing.B) {
	img := gradient(80, 60)
	for b.Loop() {
		sixel.HalfBlocks(img)
	}
}
