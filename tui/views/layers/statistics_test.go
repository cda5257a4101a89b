package layers_test

import (
	"math"
	"strings"
	"testing"

	"innate/tui/session/sessiontest"
	"innate/tui/theme"
)

// row returns the fields of the line that shows a name.
func row(t *testing.T, l tree, name string) string {
	t.Helper()
	v := show(t, l, 120, 12)
	for line := range strings.SplitSeq(v, "\n") {
		if strings.Contains(line, name) {
			return line
		}
	}
	t.Fatalf("no %s in\n%s", name, v)
	return ""
}

func TestLayersStats(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	l.Layers.Measure(500, []float64{1, 1, 1}, nil, nil) // before any layer: ignored
	l.Layers.Set(sessiontest.Pair())
	l.Layers.Measure(1000, []float64{1, 2}, nil, nil) // another network's: ignored
	nan := math.NaN()
	l.Layers.Measure(1000, []float64{3, nan, 4}, []float64{1, 2, nan}, []float64{nan, nan, math.Inf(1)})
	for name, want := range map[string]string{
		"conv0":  "3.000    1.140        ·", // √((9·1² + 1·2²) / 10)
		"affine": "4.000        ·      inf",
		"b ":     "5.000    1.140      inf", // √(3² + 4²)
	} {
		if got := row(t, l, name); !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
	// What a resumed run repeats replaces what it had.
	l.Layers.Measure(2000, []float64{7, 7, 7}, nil, nil)
	l.Layers.Measure(1000, []float64{6, nan, 8}, nil, nil)
	if got := row(t, l, "b "); !strings.Contains(got, "10.00        ·        ·") {
		t.Errorf("after going back: %q", got)
	}
}

// TestLayersHistory checks that a long history still shows from its beginning.
func TestLayersHistory(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	l.Layers.Set(sessiontest.Pair())
	for i := range 5000 {
		v := 1 + float64(i)/100
		if i < 500 {
			v = 60 // the first tenth is high
		}
		l.Layers.Measure(int64(i+1)*100, nil, []float64{v, v, v}, nil)
	}
	v := show(t, l, 200, 12)
	if !strings.Contains(v, "to 500.0 kimg") {
		t.Errorf("head:\n%s", v)
	}
	spark := strings.Fields(v[strings.Index(v, "conv0"):])
	line := []rune(spark[len(spark)-1])
	for _, f := range spark {
		if strings.ContainsRune(f, '▁') {
			line = []rune(f)
			break
		}
	}
	if len(line) < 40 || line[0] != '█' || line[len(line)/8+2] != '▁' || line[len(line)-1] < '▆' {
		t.Errorf("the history is %q, want a high start, a fall and a rise", string(line))
	}
}

// TestLayersFlat checks that noise does not look like movement.
func TestLayersFlat(t *testing.T) {
	l := newTree(theme.New(true, false), nil)
	l.Layers.Set(sessiontest.Pair())
	for i := range 30 {
		v := 1 + 0.001*float64(i%2)
		l.Layers.Measure(int64(i+1), nil, []float64{v, 0, v}, nil)
	}
	if got := row(t, l, "affine"); strings.ContainsAny(got, "▁▂▃▆▇█") {
		t.Errorf("flat line drawn as %q", got)
	}
}
