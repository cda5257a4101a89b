package session_test

import (
	"math"
	"testing"
	"time"

	"innate/trainer/series"
	"innate/tui/session"
)

// TestEnsemble merges three runs, of which one has come less far and one has no value
// at one place.
func TestEnsemble(t *testing.T) {
	mean := series.Only("fid", "loss")
	e := session.NewEnsemble(3, mean, []string{"fid", "loss"})
	if e.Update() || mean.Find("fid") != nil {
		t.Error("an ensemble of nothing has a curve")
	}
	start := time.Unix(1e9, 0)
	fid, loss := []string{"fid"}, []string{"loss"}
	for i, values := range [][]float64{{10, 4}, {12, math.NaN()}, {14}} {
		for k, v := range values {
			x := float64(k + 1)
			e.Runs[i].Append(x, start.Add(time.Duration(i+1)*time.Duration(k+1)*time.Minute), loss, []float64{float64(i)})
			e.Runs[i].Append(x, time.Time{}, fid, []float64{v})
		}
	}
	if !e.Update() || e.Update() {
		t.Error("what has changed is not known")
	}
	col, sd := mean.Find("fid"), e.Spread["fid"]
	if col.Len() != 2 || col.At(0) != 12 || sd.At(0) != 2 || col.At(1) != 4 || sd.At(1) != 0 || col.X()[1] != 2 {
		t.Errorf("fid %v at %v, deviation %v", []float64{col.At(0), col.At(1)}, col.X(), []float64{sd.At(0), sd.At(1)})
	}
	if l := mean.Find("loss"); l.Len() != 2 || l.At(0) != 1 || l.At(1) != 0.5 {
		t.Errorf("loss %d points", l.Len())
	}
	// A run that went back takes its part of the mean with it.
	e.Runs[0].Cut(1000)
	if !e.Update() || !math.IsNaN(mean.Find("fid").At(1)) {
		t.Error("a rollback is not seen")
	}
}
