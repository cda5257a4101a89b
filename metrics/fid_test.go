package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
)

// corners is a feature network of the first and last value of an image.
type corners struct{ batch, values int }

func (c corners) Dim() int   { return 2 }
func (c corners) Batch() int { return c.batch }
func (c corners) Features(images, out []float32) error {
	for i := range c.batch {
		out[2*i] = images[i*c.values]
		out[2*i+1] = images[(i+1)*c.values-1]
	}
	return nil
}

// ramp numbers its images: image i is full of levels of i.
func ramp(batch, values int) metrics.Source {
	return func(first int, images []float32) error {
		for i := range batch {
			for j := range values {
				images[i*values+j] = float32((first+i)*(j+1)%256)/127.5 - 1
			}
		}
		return nil
	}
}

func config(sourceBatch, featureBatch, nimg int) metrics.CollectorConfig {
	return metrics.CollectorConfig{
		Names: []string{"mnist-cnn"}, Features: corners{featureBatch, 3}, Source: ramp(sourceBatch, 3),
		SourceBatch: sourceBatch, Values: 3, Nimg: nimg,
	}
}

func collect(t *testing.T, cfg metrics.CollectorConfig) metrics.Stats {
	t.Helper()
	s, err := metrics.Measure(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	return s.Stats
}

// refOf is statistics as a file.
func refOf(t *testing.T, s metrics.Stats) metrics.Ref {
	t.Helper()
	var file bytes.Buffer
	if err := metrics.WriteSet(&file, metrics.Set{Stats: s}); err != nil {
		t.Fatal(err)
	}
	return metrics.Ref{Path: "ref.npz", ReaderAt: bytes.NewReader(file.Bytes()), Size: int64(file.Len())}
}

func newFID(t *testing.T, cfg metrics.CollectorConfig, ref metrics.Ref) *metrics.Judge {
	t.Helper()
	fid, err := metrics.NewJudge([]string{"fid"}, cfg, ref)
	if err != nil {
		t.Fatal(err)
	}
	return fid
}

func TestCollectorDoesNotDependOnBatches(t *testing.T) {
	want := collect(t, config(1, 1, 50))
	if want.N != 50 || want.Features != "mnist-cnn" {
		t.Fatalf("statistics of %d images, features %q", want.N, want.Features)
	}
	for _, b := range [][2]int{{50, 50}, {7, 7}, {8, 3}, {3, 8}, {64, 16}} {
		got := collect(t, config(b[0], b[1], 50))
		if got.N != 50 || !slices.Equal(got.Mu, want.Mu) || !slices.Equal(got.Sigma, want.Sigma) {
			t.Errorf("source batch %d, feature batch %d: other statistics than one by one", b[0], b[1])
		}
	}
}

func TestFIDSteps(t *testing.T) {
	ref := refOf(t, collect(t, config(10, 10, 100)))
	fid := newFID(t, config(16, 16, 100), ref)
	if got := fid.Label(); got != "FID(mnist-cnn)" {
		t.Errorf("label %q", got)
	}
	if done, err := fid.Step(); done || err != nil {
		t.Fatalf("first step: done %v, %v", done, err)
	}
	if nimg, total := fid.Progress(); nimg != 16 || total != 100 {
		t.Errorf("progress %d of %d, want 16 of 100", nimg, total)
	}
	if _, err := fid.Result(); err == nil || !strings.Contains(err.Error(), "16 of 100 images measured") {
		t.Errorf("early result: %v", err)
	}
	d, err := fid.Run(context.Background())
	if err != nil || d > 1e-6 {
		t.Errorf("the same images: distance %v, %v; want 0", d, err)
	}
	if done, err := fid.Step(); !done || err != nil {
		t.Errorf("step after the end: done %v, %v", done, err)
	}
	fid.Reset()
	if nimg, _ := fid.Progress(); nimg != 0 {
		t.Errorf("%d images after reset", nimg)
	}
	again, err := fid.Run(context.Background())
	if err != nil || again != d {
		t.Errorf("repeated: %v, %v; want %v", again, err, d)
	}
}

func TestFIDSeesEightBits(t *testing.T) {
	cfg := config(4, 4, 20)
	exact := cfg.Source
	ref := refOf(t, collect(t, cfg))
	// A shift by a third of a level disappears in the conversion to bytes.
	cfg.Source = func(first int, images []float32) error {
		err := exact(first, images)
		for i := range images {
			images[i] += 0.3 / 127.5
		}
		return err
	}
	fid := newFID(t, cfg, ref)
	if d, err := fid.Run(context.Background()); err != nil || d > 1e-9 {
		t.Errorf("distance %v, %v; want 0", d, err)
	}
}

func TestFIDFailures(t *testing.T) {
	ref := refOf(t, collect(t, config(4, 4, 20)))
	broken := errors.New("no more images")
	cfg := config(4, 4, 20)
	cfg.Source = func(first int, images []float32) error {
		if first >= 8 {
			return broken
		}
		return nil
	}
	fid := newFID(t, cfg, ref)
	if _, err := fid.Run(context.Background()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "from number 8") {
		t.Errorf("failing source: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := fid.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	other := config(4, 4, 20)
	other.Names = []string{"other-cnn"}
	if _, err := metrics.NewJudge([]string{"fid"}, other, ref); err == nil || !strings.Contains(err.Error(), `ref.npz: metrics: features of "other-cnn"`) {
		t.Errorf("other features: %v", err)
	}
	if _, err := metrics.NewJudge([]string{"fld"}, cfg, ref); err == nil || !strings.HasPrefix(err.Error(), `statistic: got "fld", want fid | `) {
		t.Errorf("unknown statistic: %v", err)
	}
	for want, change := range map[string]func(*metrics.CollectorConfig){
		"no feature network": func(c *metrics.CollectorConfig) { c.Features = nil },
		"no source":          func(c *metrics.CollectorConfig) { c.Source = nil },
		"source batch 0":     func(c *metrics.CollectorConfig) { c.SourceBatch = 0 },
		"0 values":           func(c *metrics.CollectorConfig) { c.Values = 0 },
		"1 images, want":     func(c *metrics.CollectorConfig) { c.Nimg = 1 },
		"feature batch 0":    func(c *metrics.CollectorConfig) { c.Features = corners{0, 3} },
	} {
		cfg := config(4, 4, 20)
		change(&cfg)
		if _, err := metrics.NewJudge([]string{"fid"}, cfg, ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestLabel(t *testing.T) {
	fid, err := metrics.Statistics.Get("fid")
	if err != nil {
		t.Fatal(err)
	}
	if got := fid.Label(metrics.InceptionName); got != "FID" {
		t.Errorf("label over Inception %q", got)
	}
	if !fid.Better(1, 2) || fid.Better(2, 2) || (metrics.Statistic{Rises: true}).Better(1, 2) {
		t.Error("a lower FID is better, and of what rises a higher one")
	}
}

func TestQuantize(t *testing.T) {
	for u := range 256 { // bytes survive, and a value just below the next level still counts down
		x := float32(u)/127.5 - 1
		var b [1]uint8
		metrics.QuantizeBytes(b[:], []float32{x})
		if int(b[0]) != u {
			t.Errorf("level %d becomes %d", u, b[0])
		}
		got := []float32{x}
		metrics.Quantize(got, got)
		if got[0] != x {
			t.Errorf("level %d: value %v becomes %v", u, x, got[0])
		}
	}
	inf := float32(math.Inf(1))
	src := []float32{-1, 1, 0, -1.1, 1.1, inf, -inf, float32(math.NaN()), 0.5 / 127.5, -0.5 / 127.5, -0.51 / 127.5}
	want := []uint8{0, 255, 128, 0, 255, 255, 0, 0, 128, 127, 127}
	got := make([]uint8, len(src))
	metrics.QuantizeBytes(got, src)
	if !slices.Equal(got, want) {
		t.Errorf("bytes %v, want %v", got, want)
	}
}

// failing is a feature network whose device gives up in the middle.
type failing struct {
	corners
	calls, bad *int
}

func (f failing) Features(images, out []float32) error {
	if *f.calls++; *f.calls == *f.bad {
		return errors.New("device lost")
	}
	return f.corners.Features(images, out)
}

// TestCollectorFeaturesFail checks that a step whose features fail adds nothing
// and can be repeated.
func TestCollectorFeaturesFail(t *testing.T) {
	cfg := config(8, 3, 50)
	want := collect(t, cfg)
	calls, bad := 0, 5
	cfg.Features = failing{corners{3, 3}, &calls, &bad}
	c := newFID(t, cfg, refOf(t, want))
	failed := 0
	for done := false; !done; {
		var err error
		if done, err = c.Step(); err != nil {
			if failed++; !strings.Contains(err.Error(), "features from image 11: device lost") {
				t.Fatal(err)
			}
		}
	}
	if d, err := c.Result(); err != nil || failed != 1 || d > 1e-9 {
		t.Errorf("after %d failures distance %v, %v; want 0 after one", failed, d, err)
	}
}
