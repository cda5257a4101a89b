package loop_test

import (
	"context"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/metrics"
	"innate/models/checkpoint"
	"innate/models/cpu"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/data/datatest"
	"innate/trainer/loop"
	"innate/trainer/method"
	"innate/trainer/run"
	"innate/trainer/runlog"
	"innate/trainer/sampleio"
)

// TestConditional trains a teacher on classes and distills one: the weights that
// see the class learn, the discriminator has a table of classes, and the samples
// have one class a row.
func TestConditional(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	for _, method := range []string{"edm", "gdd"} {
		t.Run(method, func(t *testing.T) {
			text := conditional(config(method, dir))
			text = strings.Replace(text, "sample_count = 4", "sample_count = 28", 1)
			text = strings.Replace(text, `preset = "gdd-i"`, `preset = "none"`, 1)
			at := newRun(t, text)
			train(t, at)
			info, err := run.ReadInfo(at)
			check(t, err)
			if want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(info.Status.SampleClasses, want) {
				t.Errorf("rows of classes %v, want %v", info.Status.SampleClasses, want)
			}
			if w, h := pngSize(t, filepath.Join(at, info.Status.SampleFile)); w != 3*datatest.Side || h != 10*datatest.Side {
				t.Errorf("grid of %dx%d pixels, want ten rows of three", w, h)
			}
			first, err := checkpoint.Read(checkpointPath(at, 16))
			check(t, err)
			last, err := checkpoint.Read(checkpointPath(at, 64))
			check(t, err)
			names := []string{"net/map_label.weight"}
			if method == "gdd" {
				names = []string{"gen/map_label.weight", "disc/heads.0.embed.weight"}
			}
			for _, name := range names {
				if slices.Equal(values(t, first, name), values(t, last, name)) {
					t.Errorf("%s does not learn", name)
				}
			}
		})
	}
}

// TestClassByClass: a run of a network with classes is measured class by class, by the
// classes that its images were drawn of; one without says so before it trains.
func TestClassByClass(t *testing.T) {
	t.Parallel()
	dir := networks(t)
	set, err := data.Open("thumbs", data.Options{})
	check(t, err)
	net, err := loop.OpenFeatures(filepath.Join(dir, "cnn.safetensors"), features.OwnInput)
	check(t, err)
	ref, err := loop.ReferenceSet(context.Background(), devicetest.Open(t, 1), set, net, true, nil)
	check(t, err)
	check(t, metrics.SaveSet(filepath.Join(dir, "ref.npz"), ref))
	text := strings.NewReplacer("samples = 20\n", "samples = 120\nstatistic = \"intra-fid\"\n", "total_kimg = 0.064", "total_kimg = 0.008").Replace(config("gdd", dir))
	at := newRun(t, conditional(text))
	train(t, at)
	history, err := runlog.ReadAll(at)
	check(t, err)
	measured := 0
	for _, tick := range history.Rows {
		if v, ok := tick.Value("intra-fid"); ok && v > 0 {
			measured++
		}
	}
	if list := events(t, at, runlog.Error); measured == 0 || len(list) > 0 {
		t.Errorf("%d numbers, errors %v; want some, and none", measured, list)
	}
	cfg, err := configs.Parse(run.ConfigFile, text)
	check(t, err)
	_, err = loop.PredictMemory(cfg, "")
	if want := "fid.statistic: metrics: by class: 0 labels of 120 images, want one of each"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without classes: %v, want %s", err, want)
	}
}

func values(t *testing.T, f *checkpoint.File, name string) []float32 {
	t.Helper()
	tensor, err := f.Tensor(name)
	check(t, err)
	v, err := tensor.Float32s()
	check(t, err)
	return v
}

func pngSize(t *testing.T, path string) (w, h int) {
	t.Helper()
	f, err := os.Open(path)
	check(t, err)
	defer f.Close()
	cfg, err := png.DecodeConfig(f)
	check(t, err)
	return cfg.Width, cfg.Height
}

// writeGrid writes the nearly square grid of n gray digits.
func writeGrid(t *testing.T, path string, images []float32, n int) {
	t.Helper()
	img, err := sampleio.Grid(images, n, 28, 28, 1, 0)
	check(t, err)
	check(t, sampleio.WritePNG(path, img))
}

func TestArrange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		classes, n int
		want       loop.Arrangement
	}{
		{0, 7, loop.Arrangement{N: 7, Cols: 3}},
		{0, 64, loop.Arrangement{N: 64, Cols: 8}},
		{3, 8, loop.Arrangement{N: 9, Cols: 3, Classes: []int{0, 1, 2}}},
		{10, 64, loop.Arrangement{N: 70, Cols: 7, Classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		{10, 20, loop.Arrangement{N: 20, Cols: 2, Classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}},
		{10, 9, loop.Arrangement{N: 9, Cols: 3, Classes: []int{0, 3, 6}}},
		{10, 1, loop.Arrangement{N: 1, Cols: 1, Classes: []int{0}}},
		{1000, 16, loop.Arrangement{N: 16, Cols: 4, Classes: []int{0, 250, 500, 750}}},
	} {
		den := &precond.Denoiser{Net: &unet.Net{Config: unet.Config{Sizes: precond.Sizes{LabelDim: c.classes}}}}
		got := loop.Arrange(den, c.n)
		if got.N != c.want.N || got.Cols != c.want.Cols || !slices.Equal(got.Classes, c.want.Classes) {
			t.Errorf("%d samples of %d classes: %+v, want %+v", c.n, c.classes, got, c.want)
		}
	}
}

// TestLatents checks that noise and class of an image do not depend on its
// batch, that a row has its class, and that the class matters.
func TestLatents(t *testing.T) {
	t.Parallel()
	f, err := checkpoint.Read(filepath.Join(networks(t), "teacher10.safetensors"))
	check(t, err)
	den, err := method.OpenDenoiser(f)
	check(t, err)
	all := loop.NewLatents(den, 6)
	all.Draw(100)
	later := loop.NewLatents(den, 4)
	later.Draw(102)
	if part := all.Range(2, 9); !slices.Equal(part.Z, later.Z) || !slices.Equal(part.Labels, later.Labels) {
		t.Error("images 102 to 105 differ in another batch")
	}

	rows := loop.Arrangement{N: 6, Cols: 2, Classes: []int{4, 0, 9}}.Latents(den, 100)
	if !slices.Equal(rows.Z, all.Z) {
		t.Error("rows of classes have other noise")
	}
	for i, want := range []int{4, 4, 0, 0, 9, 9} {
		if got := slices.Index(rows.Labels[10*i:10*i+10], 1); got != want {
			t.Errorf("image %d is of class %d, want %d", i, got, want)
		}
	}

	dev := cpu.New(1)
	defer dev.Close()
	s, err := precond.NewSampler(dev, den, 1)
	check(t, err)
	var images [2][]float32
	for class := range images {
		one := loop.ArrangeClass(1, class).Latents(den, 100)
		images[class] = make([]float32, len(one.Z))
		one.Generate(s, 1, images[class])
	}
	if slices.Equal(images[0], images[1]) {
		t.Error("the same image for two classes")
	}
}
