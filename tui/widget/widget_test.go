package widget_test

import (
	"image"
	"math"
	"strings"
	"testing"
	"time"

	"innate/tui/sixel"
	"innate/tui/theme"
	"innate/tui/widget"
)

func TestNumbers(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1.0k", 744_225: "744.2k", 999_949: "999.9k", 999_951: "1.0M", 56_395_523: "56.4M", -5: "-5"} {
		if got := widget.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0", 0.71234: "0.712", 9.9996: "10.00", 87.311: "87.31", 128.44: "128.4", 3518.2: "3518", 2e-5: "2.0e-5", 1.5e7: "1.5e7", -1.25: "-1.250"} {
		if got := widget.Value(v); got != want {
			t.Errorf("Value(%v) = %q, want %q", v, got, want)
		}
	}
	for s, want := range map[time.Duration]string{42 * time.Second: "42s", 581 * time.Second: "9m 41s", 3720 * time.Second: "1h 02m", 76 * time.Hour: "3d 04h", -1e9: "-", 1 << 62: "-"} {
		if got := widget.Duration(s); got != want {
			t.Errorf("Duration(%v) = %q, want %q", s, got, want)
		}
	}
	for nimg, want := range map[int64]string{0: "0.0", 7: "0.007", 64: "0.064", 999: "0.999", 1000: "1.0", 64_040: "64.0", 1_234_567: "1235"} {
		if got := widget.Kimg(nimg); got != want {
			t.Errorf("Kimg(%d) = %q, want %q", nimg, got, want)
		}
	}
	for _, c := range []struct {
		nimg, total int64
		want        string
	}{{0, 64, "0.000 of 0.064"}, {32, 64, "0.032 of 0.064"}, {32, 64_000, "0.0 of 64.0"}, {1024, 5_000_000, "1.0 of 5000"}} {
		if is, all := widget.KimgOf(c.nimg, c.total); is+" of "+all != c.want {
			t.Errorf("KimgOf(%d, %d) = %s of %s, want %s", c.nimg, c.total, is, all, c.want)
		}
	}
	if got := widget.Plain("a\nb\x1b[31mc\ad"); got != "a bc d" {
		t.Errorf("Plain = %q", got)
	}
}

func TestColumnValue(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1.000", 0.25: "0.2500", 0.00096: "0.0010", 0.00094: "9.4e-4", 2e-12: "2.0e-12", 12.3456: "12.35",
		999.96: "1000", 99999: "99999", 123456: "1.2e5", -0.5: "-0.5000", 9.99951: "10.00", 0.99996: "1.000", 1e300: "1.0e300",
		math.Inf(1): "inf",
	} {
		if got := widget.ColumnValue(v); got != want {
			t.Errorf("%v is shown as %q, want %q", v, got, want)
		}
	}
}

func TestFrame(t *testing.T) {
	th := theme.New(true, false)
	for w := 0; w < 40; w++ {
		for h := 0; h < 5; h++ {
			if h == 2 {
				continue // a body has at least one line
			}
			body := widget.Block([]string{"x"}, max(w-2, 0), max(h-2, 0), "…")
			view := widget.Frame(th, "A title", []string{"first", "second"}, body, w, h, true)
			checkSize(t, "frame", view, w, h)
		}
	}
	top := func(w int) string {
		return plain(widget.Frame(th, "Loss", []string{"gen 0.1", "log y"}, widget.Block(nil, w-2, 1, ""), w, 3, false))[0]
	}
	for w, want := range map[int]string{
		40: "╭─ Loss ────────────── gen 0.1  log y ─╮",
		27: "╭─ Loss ─ gen 0.1  log y ─╮",
		26: "╭─ Loss ─────── gen 0.1 ─╮",
		20: "╭─ Loss ─ gen 0.1 ─╮",
		19: "╭─ Loss ──────────╮",
		8:  "╭─ Lo…─╮",
	} {
		if got := top(w); got != want {
			t.Errorf("width %d: %s, want %s", w, got, want)
		}
	}
}

func TestSamples(t *testing.T) {
	s := widget.NewSamples(theme.New(true, false))
	s.Empty = "no samples yet"
	img := image.NewGray(image.Rect(0, 0, 4*28, 4*28))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * 7)
	}
	for _, mode := range []sixel.Mode{sixel.Off, sixel.Blocks, sixel.Sixel, sixel.Kitty, sixel.ITerm} {
		s.Mode = mode
		for _, noColor := range []bool{false, true} {
			s.NoColor = noColor
			for w := 1; w < 70; w += 4 {
				for h := 1; h < 30; h += 3 {
					s.SetImage(nil, 0, "")
					checkSize(t, "empty", s.View(w, h), w, h)
					s.SetImage(img, 28, "5 kimg")
					checkSize(t, mode.String(), s.View(w, h), w, h)
				}
			}
		}
	}
	s.Mode, s.NoColor = sixel.Blocks, true
	if v := s.View(60, 20); strings.Contains(v, "\x1b[") || !strings.ContainsAny(v, "*#%@") {
		t.Errorf("without colour:\n%q", v)
	}
	s.Probing = true
	if v := s.View(60, 5); !strings.Contains(v, "asking the terminal") {
		t.Errorf("probing: %q", v)
	}
}
