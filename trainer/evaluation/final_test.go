package evaluation_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"innate/configs"
	"innate/metrics"
	"innate/models/device/devices"
	"innate/models/features"
	"innate/models/weights"
	"innate/trainer/evaluation"
	"innate/trainer/loop"
	"innate/trainer/results"
)

// TestFinalSharesFeatures: two judges of one feature network, with references of their own,
// see each batch of images once, and have the numbers of evaluations of their own, also
// where the first was stopped.
func TestFinalSharesFeatures(t *testing.T) {
	const cnn, own = "builtin:mnist-fid-cnn", "builtin:mnist-fid-ref"
	file, err := weights.OpenStats(own)
	check(t, err)
	defer file.Close()
	set, err := metrics.ReadSet(file, file.Size)
	check(t, err)
	set.Mu[0]++
	other := filepath.Join(t.TempDir(), "other.npz")
	check(t, metrics.SaveSet(other, set))

	want := map[string]float64{}
	for _, ref := range []string{own, other} {
		p := plan("", func(evaluation.Progress) {})
		p.Statistics, p.Ref, p.FirstSeed, p.Ranges = []string{"fid"}, ref, 0, 1
		list, err := measure(t, context.Background(), 1, p)
		check(t, err)
		want[ref] = list[0].Value
	}
	if want[own] == want[other] {
		t.Fatalf("both references have %v", want)
	}

	dev, err := devices.Open(devices.CPU, devices.Options{Threads: 2})
	check(t, err)
	defer dev.Close()
	network, err := weights.Open("builtin:mnist-teacher")
	check(t, err)
	dir := t.TempDir()
	final := func(stopAt int) ([]results.Result, error) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		var judges []configs.Judge
		for _, ref := range []string{own, other} {
			judges = append(judges, configs.Judge{Statistic: "fid", Features: cnn, Input: features.OwnInput, Reference: ref})
		}
		return evaluation.Final(ctx, dev, loop.FinalPlan{
			Dir: dir, File: network, Judges: judges, Steps: 1, Samples: 120, Ranges: 1,
			Report: func(_, nimg int) {
				if nimg == stopAt {
					cancel()
				}
			},
		})
	}
	if list, err := final(50); !errors.Is(err, context.Canceled) || len(list) != 0 {
		t.Fatalf("stopped: %v with %d numbers, want none", err, len(list))
	}
	if files := kept(t, dir); len(files) != 1 {
		t.Errorf("stopped: kept %v, want the features of both in one file", files)
	}
	list, err := final(-1)
	check(t, err)
	got := map[string]float64{}
	for _, r := range list {
		got[r.Ref] = r.Value
	}
	for ref, value := range want {
		if got[ref] != value {
			t.Errorf("against %s: %v, want %v", ref, got[ref], value)
		}
	}
	if files := kept(t, dir); len(files) != 0 {
		t.Errorf("in the end %v is left, want nothing", files)
	}
}
