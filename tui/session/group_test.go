package session_test

import (
	"testing"

	"innate/trainer/run"
	"innate/trainer/sweep"
	"innate/tui/session"
)

// TestStandingBehind leaves a seed out that has just begun, and counts it among those that
// train.
func TestStandingBehind(t *testing.T) {
	seed := func(fid float64, nimg int64, alive bool) sweep.Seed {
		return sweep.Seed{Info: run.Info{Alive: alive, Status: run.Status{FIDName: "FID", LastFID: &fid, BestFID: &fid, FIDNimg: nimg}}}
	}
	s := session.StandingOf(seed(6, 200_000, false), seed(1621, 0, true), seed(8, 160_000, false))
	if s.Best.N != 2 || s.Best.Mean != 7 || s.Last.Mean != 7 || s.Made != 3 || s.Active != 1 {
		t.Errorf("got %+v", s)
	}
}
