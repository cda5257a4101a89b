package data_test

import (
	"testing"

	"innate/trainer/data"
)

// TestRestart starts streams afresh under another seed: those handed out before
// and those asked for later are what that seed has.
func TestRestart(t *testing.T) {
	want := data.NewStreams(2)
	s := data.NewStreams(1)
	held := s.Stream("a")
	held.Uint64()
	s.Restart(2)
	if s.Seed() != 2 {
		t.Errorf("seed %d, want 2", s.Seed())
	}
	if got, w := held.Uint64(), want.Stream("a").Uint64(); got != w {
		t.Errorf("a stream handed out before yields %d, want %d", got, w)
	}
	if got, w := s.Stream("b").Uint64(), want.Stream("b").Uint64(); got != w {
		t.Errorf("a new stream yields %d, want %d", got, w)
	}
}
