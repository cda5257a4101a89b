package session_test

import (
	"fmt"
	"math"
	"testing"

	"innate/tui/session"
	"innate/tui/session/sessiontest"
)

func TestWhatIf(t *testing.T) {
	l := session.NewLayers()
	l.Set(sessiontest.Pair())
	conv := []string{"enc.8x8_b.conv0.weight", "enc.8x8_b.conv0.bias"}
	s := l.WhatIf(conv)
	if s.Tensors != 2 || s.Params != 10 || s.Freezes != 2 || s.Trains != 0 || s.FrozenBefore != 0 || s.FrozenAfter != 10./16 {
		t.Errorf("summary %+v", s)
	}
	// Of 10·8² + 6 operations the convolution has nearly all: 3 passes become
	// little more than 2.
	want := 3 / (2 + 6./646)
	if math.Abs(s.SpeedRatio-want) > 1e-9 || s.SpeedNow != 0 || s.SpeedExpected != 0 || s.Measured {
		t.Errorf("speed %+v, want ratio %v and no speed", s, want)
	}

	l.LearnSpeed(0, 100)
	l.LearnSpeed(0.5, 900) // of another state
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-320} {
		l.LearnSpeed(0, bad)
	}
	l.LearnSpeed(math.NaN(), 100)
	if s = l.WhatIf(conv); s.SpeedNow != 100 || math.Abs(s.SpeedExpected-100*want) > 1e-6 {
		t.Errorf("with one speed: %+v, want 100 to %v", s, 100*want)
	}

	// Freezing brought 20 % in truth: from now on the run's own speeds count.
	frozen := sessiontest.Pair()
	frozen[0].Frozen, frozen[1].Frozen = true, true
	l.Set(frozen)
	l.LearnSpeed(10./16, 120)
	if s = l.WhatIf(conv); !s.Measured || math.Abs(s.SpeedNow-120) > 1e-6 || math.Abs(s.SpeedExpected-100) > 1e-6 || s.Trains != 2 {
		t.Errorf("with two speeds: %+v, want 120 to 100", s)
	}

	// Freezing cannot have made it slower: such a measurement is noise.
	l.Set(sessiontest.Pair())
	for range 50 {
		l.LearnSpeed(0, 200)
	}
	if s = l.WhatIf(conv); s.Measured || math.Abs(s.SpeedNow-200) > 1 || s.SpeedRatio < 1 {
		t.Errorf("against reason: %+v, want the counted ratio", s)
	}
}

// TestWhatIfAll has nothing, and everything, to toggle.
func TestWhatIfAll(t *testing.T) {
	l := session.NewLayers()
	if s := l.WhatIf([]string{"x"}); s.Tensors != 0 || s.SpeedRatio != 1 || math.IsNaN(s.FrozenAfter) {
		t.Errorf("without layers: %+v", s)
	}
	l.Set(sessiontest.Pair())
	s := l.WhatIf(l.Net.Names())
	if got := fmt.Sprintf("%.3f %.1f", s.SpeedRatio, s.FrozenAfter); got != "1.500 1.0" {
		t.Errorf("all frozen: %s, want half as fast again", got)
	}
}
