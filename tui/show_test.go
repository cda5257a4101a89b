package tui_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"innate/trainer/run"
	"innate/tui"
	"innate/tui/tuitest"
)

// TestShow writes frames of a run that is over: all that is on disk, without colours
// where out has none.
func TestShow(t *testing.T) {
	f := tuitest.NewFake(t, t.TempDir(), "00003-mnist-gdd-i", tuitest.Config{Ticks: 20_000, TickK: 0.005, FidEach: 1000, State: run.StateDone})
	opts := tui.Options{RunDir: f.Dir}
	var out bytes.Buffer
	if err := tui.Show(t.Context(), &out, opts, "curves", 100, 30); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 30 || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d lines, want 30 without codes:\n%s", len(lines), out.String())
	}
	for _, want := range []string{"00003-mnist-gdd-i", "100.0 / 100.0 kimg", "loss"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("frame lacks %q:\n%s", want, out.String())
		}
	}
	if err := tui.Show(t.Context(), &out, opts, "curve", 100, 30); err == nil || err.Error() != `view: got "curve", want dashboard | curves | layers | samples | config | machine | events | analysis` {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := tui.Show(ctx, &out, opts, "curves", 100, 30); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want it cancelled", err)
	}
}
