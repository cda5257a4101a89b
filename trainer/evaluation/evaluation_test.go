package evaluation_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/device/devices"
	"innate/models/features"
	"innate/models/weights"
	"innate/trainer/data"
	"innate/trainer/evaluation"
	"innate/trainer/method"
	"innate/trainer/results"
	"innate/trainer/run"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// measure runs a plan for the built-in teacher with so many threads.
func measure(t *testing.T, ctx context.Context, threads int, p evaluation.Plan) ([]results.Result, error) {
	t.Helper()
	dev, err := devices.Open(devices.CPU, devices.Options{Threads: threads})
	check(t, err)
	defer dev.Close()
	file, err := weights.Open("builtin:mnist-teacher")
	check(t, err)
	den, err := method.OpenDenoiser(file)
	check(t, err)
	s, err := evaluation.OfNetwork(dev, "teacher", file, den, 1)
	check(t, err)
	return p.Run(ctx, dev, s)
}

func plan(folder string, report func(evaluation.Progress)) evaluation.Plan {
	return evaluation.Plan{
		Statistics: []string{"fid", "is"}, Features: "builtin:mnist-fid-cnn", Input: features.OwnInput, Ref: "builtin:mnist-fid-ref",
		N: 120, FirstSeed: 7, Ranges: 2, Folder: folder, Report: report, Record: func([]results.Result) error { return nil },
	}
}

func kept(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, run.FeaturesPattern))
	check(t, err)
	return files
}

// TestResume stops an evaluation in the middle of its second range and starts it
// again with other threads: the same numbers to the bit, and of that range only the
// images that were missing are made.
func TestResume(t *testing.T) {
	ignore := func(evaluation.Progress) {}
	want, err := measure(t, context.Background(), 1, plan("", ignore))
	check(t, err)
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	recorded := 0
	first := plan(folder, func(p evaluation.Progress) {
		if p.Range == 2 && p.Nimg == 50 {
			cancel()
		}
	})
	first.Record = func(list []results.Result) error { recorded += len(list); return nil }
	if _, err := measure(t, ctx, 2, first); !errors.Is(err, context.Canceled) || recorded != 2 {
		t.Fatalf("stopped: %v with %d numbers, want 2 of the first range", err, recorded)
	}
	files := kept(t, folder)
	if len(files) != 1 {
		t.Fatalf("stopped: kept %v, want the features of the second range", files)
	}
	size := func() int64 {
		info, err := os.Stat(files[0])
		check(t, err)
		return info.Size()
	}
	before := size()
	second := plan(folder, func(p evaluation.Progress) {
		if p.Range == 2 && p.Nimg == 50 && size() != before {
			t.Error("the first batch of the second range was made again")
		}
	})
	got, err := measure(t, context.Background(), 3, second)
	check(t, err)
	for i := range got {
		got[i].Time = want[i].Time
	}
	if !slices.Equal(got, want) {
		t.Errorf("resumed: got %+v, want %+v", got, want)
	}
	if files := kept(t, folder); len(files) != 0 {
		t.Errorf("in the end %v is left, want nothing", files)
	}
	if got[0].Seed != 7 || got[2].Seed != 127 || got[2].Last() != 246 || got[0].Value == got[2].Value {
		t.Errorf("ranges of seeds: %+v", got)
	}
	if r := got[0]; len(r.Features) != 64 || r.Input != "levels" || r.N != 120 || r.NFE != 1 || r.Metric != "FID(mnist-cnn)" || r.RefN != 60000 || len(r.RefSum) != 16 {
		t.Errorf("a number says %+v", r)
	}
}

// TestFinishedRanges stops an evaluation after its first range: that one is not measured
// again, and no number is recorded twice. Where the table is gone it is.
func TestFinishedRanges(t *testing.T) {
	want, err := measure(t, context.Background(), 1, plan("", func(evaluation.Progress) {}))
	check(t, err)
	for _, lost := range []bool{false, true} {
		var table []results.Result
		folder, images, told := t.TempDir(), 0, 0
		keeping := func(stop func()) evaluation.Plan {
			p := plan(folder, func(p evaluation.Progress) {
				if p.Range == 1 {
					images++
				}
			})
			p.Record = func(list []results.Result) error {
				table = append(table, list...)
				stop()
				return nil
			}
			p.Known = func() ([]results.Result, error) { return table, nil }
			p.Again = func(list []results.Result) error { told += len(list); return nil }
			return p
		}
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := measure(t, ctx, 1, keeping(cancel)); !errors.Is(err, context.Canceled) || len(table) != 2 {
			t.Fatalf("stopped: %v with %d numbers, want 2 of the first range", err, len(table))
		}
		wantImages, wantTold := 0, 2
		if lost {
			table, wantImages, wantTold = nil, images, 0
		}
		images = 0
		got, err := measure(t, context.Background(), 2, keeping(func() {}))
		check(t, err)
		for _, list := range [][]results.Result{got, table} {
			for i := range list {
				list[i].Time = want[min(i, 3)].Time
			}
			if !slices.Equal(list, want) {
				t.Errorf("lost %v: got %+v, want %+v", lost, list, want)
			}
		}
		if images != wantImages || told != wantTold {
			t.Errorf("lost %v: %d batches of the first range and %d known numbers, want %d and %d", lost, images, told, wantImages, wantTold)
		}
		if files := kept(t, folder); len(files) != 0 {
			t.Errorf("in the end %v is left, want nothing", files)
		}
	}
}

// TestSet measures images against themselves, and refuses more than there are.
func TestSet(t *testing.T) {
	dev, err := devices.Open(devices.CPU, devices.Options{Threads: 1})
	check(t, err)
	defer dev.Close()
	set, err := data.MNISTTest()
	check(t, err)
	s := evaluation.OfSet(set)
	p := plan("", func(evaluation.Progress) {})
	p.Statistics, p.Ranges = []string{"fid"}, 1
	list, err := p.Run(context.Background(), dev, s)
	check(t, err)
	if r := list[0]; r.Weights != "" || r.NFE != 0 || r.Value <= 0 || !(r.Value < 200) {
		t.Errorf("120 held-out images: %+v", r)
	}
	p.N = s.Len + 1
	if _, err := p.Run(context.Background(), dev, s); err == nil || !strings.Contains(err.Error(), "want at most its 10000") {
		t.Errorf("too many images: %v", err)
	}
	p.N, p.Statistics = 100, []string{"fid", "is", "fid"}
	if _, err := p.Run(context.Background(), dev, s); err == nil || !strings.Contains(err.Error(), `statistic "fid" is asked for twice`) {
		t.Errorf("a statistic twice: %v", err)
	}
	p.N, p.Ranges, p.Statistics = 100, 2, []string{"fid"}
	if _, err := p.Run(context.Background(), dev, s); err == nil || !strings.Contains(err.Error(), "a set of images has none") {
		t.Errorf("two ranges of a set: %v", err)
	}
}
