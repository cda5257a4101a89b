package layers_test

import (
	"strings"
	"testing"

	"innate/tui/session"
	"innate/tui/theme"
	"innate/tui/views/layers"
)

// TestWhatIf words what is counted and what was measured, in every width.
func TestWhatIf(t *testing.T) {
	w := session.WhatIf{Tensors: 2, Params: 10, Freezes: 2, FrozenAfter: 10. / 16, SpeedRatio: 1.49}
	view := func(th *theme.Theme) string {
		return strings.Join(plain(strings.Join(layers.WhatIf(th, w, 60), "\n")), "|")
	}
	if v := view(theme.New(true, false)); !strings.Contains(v, "❄ freezes 2 tensors, 10 parameters") ||
		!strings.Contains(v, "frozen    0.0 →  62.5 %  ") || !strings.Contains(v, "+49 %  by counting operations") {
		t.Errorf("view %s", v)
	}
	w = session.WhatIf{Tensors: 2, Params: 10, Trains: 2, FrozenBefore: 10. / 16, SpeedNow: 120, SpeedExpected: 100, SpeedRatio: 100. / 120, Measured: true}
	if v := view(theme.New(true, true)); !strings.Contains(v, "t trains 2 tensors") || !strings.Contains(v, "speed   120.0 -> 100.0 images/s  -17 %  from this run") {
		t.Errorf("view %s", v)
	}
	w = session.WhatIf{Tensors: 2, Params: 10, Freezes: 2, SpeedNow: 30.7, SpeedExpected: 30.7, SpeedRatio: 0.9996}
	if v := view(theme.New(true, false)); !strings.Contains(v, " 30.7 →  30.7 images/s  the same  by counting") {
		t.Errorf("a change that costs nothing: %s", v)
	}
	for width := range 90 {
		for _, line := range layers.WhatIf(theme.New(true, false), w, width) {
			if n := len([]rune(plain(line)[0])); n != width {
				t.Fatalf("width %d: a line of %d cells: %q", width, n, line)
			}
		}
	}
}
