package session_test

import (
	"slices"
	"testing"

	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/series"
	"innate/tui/session"
)

// TestQuality: what a run is judged by is what its status says it measures, FID
// where it says nothing, as trainers did once.
func TestQuality(t *testing.T) {
	for _, c := range []struct {
		status run.Status
		key    string
		name   string
	}{
		{run.Status{}, "fid", "FID"},
		{run.Status{Metric: "fid", FIDName: "FID(mnist-cnn)"}, "fid", "FID(mnist-cnn)"},
		{run.Status{Metric: "mpd", Rises: true}, "mpd", "MPD"},
		{run.Status{Metric: "mpd", FIDName: "MPD(cells)"}, "mpd", "MPD(cells)"},
	} {
		r := &session.Run{Info: run.Info{Status: c.status}, Series: new(series.Run)}
		if got := r.QualityKeys(); !slices.Equal(got, []string{c.key}) || r.Quality() != c.name || r.QualityRises() != c.status.Rises {
			t.Errorf("%+v: %v, %q, rises %v", c.status, got, r.Quality(), r.QualityRises())
		}
	}
}

// TestJudges: of several judges the one that decides comes first, and a legend names
// features alone where the statistic is the same.
func TestJudges(t *testing.T) {
	st := run.Status{Metric: "fid/mnist-random-cnn", FIDName: "FID(mnist-random-cnn)", Also: []run.Measured{{Key: "fid", Name: "FID(mnist-cnn)"}}}
	r := &session.Run{Info: run.Info{Status: st}, Series: new(series.Run)}
	if keys, names := r.QualityKeys(), r.QualityNames(); !slices.Equal(keys, []string{"fid/mnist-random-cnn", "fid"}) || !slices.Equal(names, []string{"mnist-random-cnn", "mnist-cnn"}) {
		t.Errorf("%v called %v", keys, names)
	}
	r.Info.Status.Also[0] = run.Measured{Key: "kid/mnist-cnn", Name: "KID(mnist-cnn)"}
	if names := r.QualityNames(); !slices.Equal(names, []string{"FID(mnist-random-cnn)", "KID(mnist-cnn)"}) {
		t.Errorf("two statistics are called %v", names)
	}
}

// TestRanges: a run's error bars are of several ranges of seeds, of most images.
func TestRanges(t *testing.T) {
	of := func(metric string, nimg int64, n int, values ...float64) results.Summary {
		s := results.Summary{Measure: results.Measure{Metric: metric, Nimg: nimg, N: n}, Values: make([]results.Result, len(values)), Mean: values[0]}
		return s
	}
	r := &session.Run{Results: []results.Summary{
		of("FID", 10, 5000, 3, 3), of("FID", 10, 50000, 2, 2), of("FID", 10, 1000, 9, 9), of("FID", 20, 5000, 1), of("KID", 10, 5000, 7, 7), of("FID", 0, 5000, 8, 8),
	}}
	if list := r.Ranges("FID"); len(list) != 1 || list[0].N != 50000 {
		t.Errorf("got %+v, want the one of 50,000 images at 10", list)
	}
}
