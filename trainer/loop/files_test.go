package loop_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/cpu"
	"innate/models/features"
	"innate/trainer/data"
	"innate/trainer/data/files"
	"innate/trainer/loop"
	"innate/trainer/run"
	"innate/trainer/runlog"
)

// cifar writes a data set in CIFAR-10's binary form: noise about the colour of a class.
func cifar(t *testing.T) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 6))
	var b []byte
	for i := range 60 {
		class := i % 10
		b = append(b, byte(class))
		for k := range 3 * 32 * 32 {
			b = append(b, byte(20*class+30*(k/1024)+rng.IntN(30)))
		}
	}
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "data_batch_1.bin"), b, 0o644))
	return dir
}

// TestFiles is what people do with images of their own, in colour: statistics of them,
// a teacher of their classes, a student of that, samples and FID of both; and what a
// break in the middle leaves of it, which is every bit.
func TestFiles(t *testing.T) {
	t.Parallel()
	images, dir := cifar(t), t.TempDir()
	cnn, err := features.New(features.Config{Channels: 3, Widths: []int{4, 4}, Classes: 10}, rand.New(rand.NewPCG(1, 2)))
	check(t, err)
	file := checkpoint.New()
	check(t, cnn.AddTo(file, ""))
	check(t, checkpoint.Write(filepath.Join(dir, "cnn.safetensors"), file))
	set, err := data.Open(files.Name, data.Options{Path: images})
	check(t, err)
	dev := cpu.New(1)
	defer dev.Close()
	net, err := loop.OpenFeatures(filepath.Join(dir, "cnn.safetensors"), features.OwnInput)
	check(t, err)
	ref, err := loop.ReferenceSet(context.Background(), dev, set, net, false, nil)
	check(t, err)
	if ref.Stats.N != 60 {
		t.Errorf("statistics of %d images, want 60", ref.Stats.N)
	}
	check(t, metrics.SaveSet(filepath.Join(dir, "ref.npz"), ref))

	gray, err := loop.OpenFeatures("builtin:mnist-fid-cnn", features.OwnInput)
	check(t, err)
	if _, err := loop.ReferenceSet(context.Background(), dev, set, gray, false, nil); err == nil || !strings.Contains(err.Error(), "want [N H W 1]: of as many channels") {
		t.Errorf("got %v, want that the features are of gray images", err)
	}

	fit := func(text string) string {
		text = strings.Replace(text, `dataset = "thumbs"`, fmt.Sprintf("dataset = \"files\"\npath = %q", images), 1)
		text = strings.Replace(text, "channel_mult = [1, 1, 1]", "channel_mult = [1, 1]", 1)
		text = strings.Replace(text, "model_channels = 8", "model_channels = 4", 1)
		return strings.Replace(text, "samples = 20", "samples = 8", 1)
	}
	teacher := resumed(t, conditional(fit(config("edm", dir))), 3)
	text := fit(config("gdd", dir))
	text = strings.Replace(text, dir+"/teacher.safetensors", checkpointPath(teacher, 64), 1)
	student := resumed(t, text, 3)
	for _, at := range []string{teacher, student} {
		info, err := run.ReadInfo(at)
		check(t, err)
		if w, h := pngSize(t, filepath.Join(at, info.Status.SampleFile)); w%32 != 0 || h%32 != 0 {
			t.Errorf("samples of %dx%d pixels, want images of 32", w, h)
		}
		if len(events(t, at, runlog.FID)) == 0 {
			t.Error("no FID was measured")
		}
	}
}

// TestBrokenFiles: a broken image is named in the log and stops nothing, unless it is
// to stop the run.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	images := t.TempDir()
	var labels []string
	for i := range 8 {
		img := image.NewGray(image.Rect(0, 0, 8, 8))
		img.Pix[i] = 255
		var b bytes.Buffer
		check(t, png.Encode(&b, img))
		if i == 5 {
			b.Truncate(40)
		}
		check(t, os.WriteFile(filepath.Join(images, fmt.Sprintf("%d.png", i)), b.Bytes(), 0o644))
		labels = append(labels, fmt.Sprintf(`["%d.png", %d]`, i, i%2))
	}
	check(t, os.WriteFile(filepath.Join(images, files.LabelFile), []byte(`{"labels": [`+strings.Join(labels, ",")+`]}`), 0o644))
	text := strings.Replace(config("classifier", ""), `dataset = "thumbs"`, fmt.Sprintf("dataset = \"files\"\npath = %q", images), 1)
	at := newRun(t, text)
	train(t, at)
	if said := events(t, at, runlog.Data); len(said) != 1 || !strings.HasPrefix(said[0].Text, "data: "+filepath.Base(images)+": 5.png: ") || !strings.HasSuffix(said[0].Text, "; 6.png takes its place") {
		t.Errorf("events %+v, want one about 5.png", said)
	}
	at = newRun(t, strings.Replace(text, "path =", "broken = \"stop\"\npath =", 1))
	if err := loop.Run(context.Background(), loop.Options{Dir: at}); err == nil || !strings.Contains(err.Error(), ": 5.png: ") {
		t.Errorf("got %v, want that 5.png ends the run", err)
	}
}

// TestOtherFiles: a run that resumes on other images says so.
func TestOtherFiles(t *testing.T) {
	t.Parallel()
	images := cifar(t)
	text := strings.Replace(config("classifier", ""), `dataset = "thumbs"`, fmt.Sprintf("dataset = \"files\"\npath = %q", images), 1)
	at := newRun(t, text)
	l, err := loop.Open(at)
	check(t, err)
	check(t, l.Step())
	check(t, l.Checkpoint())
	check(t, l.Flush())
	l.Close()
	name := filepath.Join(images, "data_batch_1.bin")
	b, err := os.ReadFile(name)
	check(t, err)
	b[5]++
	check(t, os.WriteFile(name, b, 0o644))
	train(t, at)
	if said := events(t, at, runlog.Data); len(said) != 1 || !strings.HasPrefix(said[0].Text, "data.path: the images are cifar-") {
		t.Errorf("events %+v, want one about other images", said)
	}
}
