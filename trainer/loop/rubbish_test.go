package loop_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/trainer/control"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// TestFaultNoFIDOfNaN makes one averaged tensor NaN: it has no FID, which would
// be that of black images, no best weights and no picture, and the run continues.
func TestFaultNoFIDOfNaN(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	first := newRun(t, config("gdd", nets))
	train(t, first)
	text := strings.Replace(config("gdd", nets), "[live]\n", "[live]\ndiverge_action = \"off\"\n", 1)
	text = strings.Replace(text, "total_kimg = 0.064", "total_kimg = 0.128", 1)
	dir := newRun(t, text)
	name := filepath.Join(run.CheckpointsDir, "000000016.safetensors")
	const tensor = "dec.8x8_aux_conv.weight"
	poison(t, filepath.Join(first, name), "ema/"+tensor, filepath.Join(dir, name), float32(math.NaN()))
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	was := d.Status()
	const want = `loop: no FID at 0.0 kimg: averaged weights: tensor "` + tensor + `": value 0 of 72 is NaN, want finite numbers`
	if err := d.Do(control.Command{Kind: control.KindEvaluate}); err == nil || err.Error() != want {
		t.Errorf("asked for: got %v, want %s", err, want)
	}
	if err := d.Do(control.Command{Kind: control.KindSample}); err == nil || !strings.Contains(err.Error(), "got a pixel of NaN, want finite numbers") {
		t.Errorf("a picture: got %v, want that a pixel is NaN", err)
	}
	for d.Status().Nimg < 64 { // past evaluations and pictures that are due at 32 and 64
		check(t, d.Step())
	}
	reported := 0
	for _, e := range events(t, dir, runlog.Error) {
		if strings.Contains(e.Text, `averaged weights: tensor "`+tensor+`"`) {
			reported++
		}
	}
	if reported == 0 {
		t.Errorf("no event names the tensor: %v", events(t, dir, runlog.Error))
	}
	s := d.Status()
	if s.BestFID != nil && (was.BestFID == nil || *s.BestFID != *was.BestFID) || s.SampleFile != was.SampleFile {
		t.Errorf("best FID %v, picture %q; want them as before, %v and %q", s.BestFID, s.SampleFile, was.BestFID, was.SampleFile)
	}
	for _, e := range events(t, dir, runlog.FID) {
		if e.Nimg > 16 {
			t.Errorf("measured all the same: %s", e.Text)
		}
	}
	d.Drain() // the file is written beside the steps
	f, err := checkpoint.Read(filepath.Join(dir, run.CheckpointsDir, run.BestFile))
	check(t, err)
	if f.Metadata["nimg"] != "0" {
		t.Errorf("the best weights are those of %s images, want those that the checkpoint knows", f.Metadata["nimg"])
	}
}

// TestFaultNaNNetworks starts runs from networks and statistics with one value
// that is not finite: the error names the tensor.
func TestFaultNaNNetworks(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	for _, c := range []struct{ file, tensor string }{
		{"teacher", "enc.8x8_conv.weight"},
		{"cnn", "stages.1.2.weight"},
	} {
		poison(t, filepath.Join(nets, c.file+".safetensors"), c.tensor, filepath.Join(nets, c.file+"-nan.safetensors"), float32(math.Inf(1)))
		text := strings.ReplaceAll(config("gdd", nets), c.file+".safetensors", c.file+"-nan.safetensors")
		err := loop.Run(context.Background(), loop.Options{Dir: newRun(t, text)})
		if err == nil || !strings.Contains(err.Error(), c.file+"-nan.safetensors") || !strings.Contains(err.Error(), `tensor "`+c.tensor+`"`) || !strings.Contains(err.Error(), "+Inf") {
			t.Errorf("%s: got %v, want the tensor %s", c.file, err, c.tensor)
		}
	}
}

// TestFaultNoNormsOfNaN measures layers of which one is NaN: it has no numbers,
// and one event says why.
func TestFaultNoNormsOfNaN(t *testing.T) {
	t.Parallel()
	nets := networks(t)
	first := newRun(t, config("gdd", nets))
	train(t, first)
	text := strings.Replace(config("gdd", nets), "[live]\n", "[live]\ndiverge_action = \"off\"\nlayers_kimg = 0.004\n", 1)
	dir := newRun(t, text)
	name := filepath.Join(run.CheckpointsDir, "000000016.safetensors")
	const tensor = "dec.8x8_aux_conv.weight"
	poison(t, filepath.Join(first, name), "gen/"+tensor, filepath.Join(dir, name), float32(math.NaN()))
	d, err := loop.Drive(dir)
	check(t, err)
	defer d.Close()
	for range 3 {
		check(t, d.Step())
	}
	said := events(t, dir, runlog.NonFinite)
	const want = `no statistics of a layer: tensor "` + tensor + `": value 0 of 72 is NaN, want finite numbers`
	found := 0
	for _, e := range said {
		if e.Text == want {
			found++
		}
	}
	if found != 1 {
		t.Errorf("got events %v, want once %s", said, want)
	}
	for _, l := range d.Layers() {
		if l.Name == tensor && (l.Distance != nil || l.UpdateRatio != nil) {
			t.Errorf("%s: distance %v, update %v, want none", tensor, l.Distance, l.UpdateRatio)
		}
	}
}
