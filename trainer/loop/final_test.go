package loop_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"innate/models/device"
	"innate/trainer/control"
	"innate/trainer/evaluation"
	"innate/trainer/loop"
	"innate/trainer/results"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// finally is a short run with an evaluation by two judges queued for its end.
func finally(t *testing.T) string {
	t.Helper()
	text := strings.NewReplacer("total_kimg = 0.064", "total_kimg = 0.008\nfinal_samples = 120\nfinal_ranges = 2",
		"fid_kimg = 0.032", "fid_kimg = 0", "[live]\n", "[fid1]\nfeatures = \"builtin:mnist-random-cnn\"\nreference = \"builtin:mnist-random-ref\"\n[live]\n").Replace(config("gdd", networks(t)))
	return newRun(t, text)
}

// TestFinalEvaluation stops an evaluation at a run's end in its second range of seeds
// and resumes the run: the numbers are those of a run that nothing stopped, each is
// measured once, and status says how far it is.
func TestFinalEvaluation(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	table := func(dir string) []results.Result {
		list, bad, err := results.Read(filepath.Join(dir, run.ResultsFile))
		check(t, err)
		if bad > 0 {
			t.Errorf("%d bad lines", bad)
		}
		for i := range list {
			list[i].Time = time.Time{}
		}
		return list
	}
	alone, stopped := finally(t), ""
	reports := 0
	check(t, loop.Run(ctx, loop.Options{Dir: alone, Final: func(ctx context.Context, dev device.Device, p loop.FinalPlan) ([]results.Result, error) {
		report := p.Report
		p.Report = func(ranges, nimg int) { reports++; report(ranges, nimg) }
		return evaluation.Final(ctx, dev, p)
	}}))
	if reports != 2*(3+1) { // 50, 100 and 120 images of a range, which both judges see at once, and its end
		t.Errorf("%d reports of two ranges, want 8", reports)
	}
	want := table(alone)
	if len(want) != 4 || want[0].N != 120 || want[0].Features == want[1].Features || want[2].Seed != 120 || want[0].Value == want[2].Value || want[0].Nimg != 8 {
		t.Fatalf("numbers of two ranges: %+v", want)
	}
	told := events(t, alone, runlog.FID)
	if len(told) != 2 {
		t.Fatalf("events %+v, want one a judge", told)
	}
	for _, part := range []string{want[0].Metric + " best ", "2 ranges of seeds from 0,", "NFE ", fmt.Sprintf("features %.8s", want[0].Features), "reference ", ", at 0.0 kimg"} {
		if !strings.Contains(told[0].Text, part) {
			t.Errorf("event %q, want %q in it", told[0].Text, part)
		}
	}

	stopped = filepath.Join(t.TempDir(), filepath.Base(alone)) // the name is a part of the number
	check(t, os.CopyFS(stopped, os.DirFS(finally(t))))
	mid, stop := context.WithCancel(ctx)
	check(t, loop.Run(mid, loop.Options{Dir: stopped, Final: func(ctx context.Context, dev device.Device, p loop.FinalPlan) ([]results.Result, error) {
		report := p.Report
		p.Report = func(ranges, nimg int) {
			if ranges == 1 && nimg == 50 {
				stop()
			}
			report(ranges, nimg)
		}
		return evaluation.Final(ctx, dev, p)
	}}))
	info, err := run.ReadInfo(stopped)
	check(t, err)
	kept, err := filepath.Glob(filepath.Join(stopped, run.FeaturesPattern))
	check(t, err)
	if s := info.Status; s.State != run.StateStopped || s.Final == nil || s.Final.String() != "120 x 2 at 71 %" || len(kept) != 2 || len(table(stopped)) != 2 {
		t.Errorf("stopped: %s, %v, features %v, numbers %+v", s.State, s.Final, kept, table(stopped))
	}
	check(t, loop.Run(ctx, loop.Options{Dir: stopped, Final: evaluation.Final}))
	got := table(stopped)
	for i := range got {
		got[i].Ref, want[i].Ref = "", "" // each has a copy of its own
	}
	if !slices.Equal(got, want) {
		t.Errorf("resumed: got %+v, want %+v", got, want)
	}
	if info, err = run.ReadInfo(stopped); err != nil || info.Status.State != run.StateDone || info.Status.Final.String() != "120 x 2 done" {
		t.Errorf("in the end: %v, %s, %v", err, info.Status.State, info.Status.Final)
	}
}

// TestFinalEvaluationTakenBack: while one is under way a setting ends it, and the run
// with it.
func TestFinalEvaluationTakenBack(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir := finally(t)
	began := make(chan struct{})
	outcome := make(chan error, 1)
	go func() {
		<-began
		_, err := control.NewClient(dir).Set(ctx, map[string]string{"live.final_samples": "0"})
		outcome <- err
	}()
	check(t, loop.Run(ctx, loop.Options{Dir: dir, Final: func(ctx context.Context, _ device.Device, p loop.FinalPlan) ([]results.Result, error) {
		close(began)
		for ctx.Err() == nil {
			p.Report(0, 50)
		}
		return nil, ctx.Err()
	}}))
	check(t, <-outcome)
	info, err := run.ReadInfo(dir)
	check(t, err)
	if s := info.Status; s.State != run.StateDone || s.Final != nil {
		t.Errorf("%s, final %v, want done and none", s.State, s.Final)
	}
}
