package widget_test

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"innate/tui/theme"
	"innate/tui/widget"
)

func TestGauges(t *testing.T) {
	nan := math.NaN()
	th := theme.New(true, false)
	g := widget.Gauge{Name: "CPU", Share: 0.5, Value: "50 %", Detail: "2\x1b[2J cores", Past: []float64{0, nan, 0.5, 1}, Max: 1}
	for _, c := range []struct {
		w, h int
		want []string // of the graph's rows, the last cells
	}{
		{80, 1, []string{"▁▁▄█"}},
		{80, 3, []string{"   █", "  ▄█", "▁▁██"}},
	} {
		lines := widget.Gauges(th, []widget.Gauge{g}, c.w, c.h)
		if len(lines) != len(c.want) {
			t.Errorf("%dx%d: %d lines, want %d", c.w, c.h, len(lines), len(c.want))
			continue
		}
		for i, want := range c.want {
			line := ansi.Strip(lines[i])
			if !strings.HasSuffix(line, want) || ansi.StringWidth(line) != c.w-2 {
				t.Errorf("%dx%d: line %d is %q, want %d cells ending with %q", c.w, c.h, i, line, c.w-2, want)
			}
		}
		if text := strings.Join(lines, "\n"); strings.Contains(text, "\x1b[2J") {
			t.Errorf("a detail's escape sequence came through: %q", text)
		}
	}
	for w := range 40 {
		for _, line := range widget.Gauges(th, []widget.Gauge{g, {Share: nan}}, w, w) {
			if n := ansi.StringWidth(line); n > max(w, 31) { // the caller cuts what has no room at all
				t.Errorf("in %d cells a line takes %d", w, n)
			}
		}
	}
	if widget.Gauges(th, nil, 80, 24) != nil {
		t.Error("no gauges have lines")
	}
}

func TestBytes(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0 B", 999: "999 B", 1000: "1.00 kB", 12345: "12.3 kB", 999_600: "1.00 MB",
		1.21e9: "1.21 GB", 640e9: "640 GB", 5e15: "5 PB", -1: "-", math.Inf(1): "-",
	} {
		if got := widget.Bytes(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
