package method_test

import (
	"slices"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/edm"
	"innate/models/published"
)

// TestLaunches holds the presets of the paper's experiments against what the authors
// launched; GDD-I differs in what is frozen, and in nothing else.
func TestLaunches(t *testing.T) {
	const vgg, lite, deit = "vgg16_bn-6c64b313.pth", "tf_efficientnet_lite0-0aa007d2.pth", "deit_base_distilled_patch16_224-df68dfff.pth"
	for name, w := range map[string]struct {
		teacher, features string
		genLR, discLR     float64
		batch             int
		kimg, halflife    float64
		labels            bool
	}{
		"cifar10":      {"cifar10-32x32-uncond-ve", vgg, 1e-4, 1e-4, 256, 5000, 500, false},
		"cifar10-cond": {"cifar10-32x32-cond-ve", vgg, 1e-4, 1e-4, 256, 5000, 500, true},
		"afhqv2":       {"afhqv2-64x64-uncond-ve", deit, 2e-5, 4e-5, 256, 10000, 500, false},
		"ffhq":         {"ffhq-64x64-uncond-ve", deit, 2e-5, 4e-5, 256, 10000, 500, false},
		"imagenet64":   {"imagenet-64x64-cond-adm", deit, 8e-6, 4e-5, 512, 10000, 50000, true},
	} {
		for suffix, freeze := range map[string]string{"-gdd": "none", "-gdd-i": "gdd-i"} {
			c, err := configs.Preset(name + suffix)
			if err != nil {
				t.Error(err)
				continue
			}
			type launch struct {
				method, init, first, second, loss, freeze, pipe string
				procs, batch, size, cmix, interval              int
				seed                                            int64
				genLR, discLR, gamma, beta1, beta2              float64
				kimg, halflife, ramp, tick, snapshot            float64
			}
			got := launch{
				c.Method, c.Model.Init, c.Disc.Features, c.Disc1.Features, c.Disc.Loss, c.Freeze.Preset, c.Augment.Pipe,
				c.Run.Procs, c.Run.Batch, c.Disc.InSize, c.Disc.CMix, c.Live.R1Interval, c.Run.Seed,
				c.Live.GenLR, c.Live.DiscLR, c.Live.R1Gamma, c.Live.Beta1, c.Live.Beta2,
				c.Live.TotalKimg, c.Live.EMAHalflifeKimg, c.Live.EMARamp, c.Live.TickKimg, c.Live.SampleKimg,
			}
			want := launch{
				"gdd", "fetch:edm-" + w.teacher + ".pkl", "fetch:" + w.features, "fetch:" + lite, "ns", freeze, "none",
				4, w.batch, 224, 64, 16, 42,
				w.genLR, w.discLR, 1e-4, 0, 0.99,
				w.kimg, w.halflife, 0.05, 25, 250,
			}
			if got != want {
				t.Errorf("%s%s: got %+v, want %+v", name, suffix, got, want)
			}
			if c.Discs() != 2 || c.Disc1.InSize != 224 || c.Disc1.CMix != 64 || c.Disc.Width != 0 || c.Disc1.Width != 0 || c.Run.Precision != configs.BFloat16 ||
				len(c.Augment.Diff) != 0 || (c.Disc.Classes != "") != w.labels || (c.Disc1.Classes != "") != w.labels {
				t.Errorf("%s%s: %d discriminators of %+v and %+v, %+v", name, suffix, c.Discs(), c.Disc, c.Disc1, c.Augment)
			}
			if n, err := edm.Checkpoints.Get(w.teacher); err != nil || (n.Song != nil && n.Song.LabelDim > 0 || n.ADM != nil) != w.labels {
				t.Errorf("%s%s: teacher %+v, %v", name, suffix, n, err)
			}
		}
	}
}

// TestPresetFiles: every file that a preset would fetch is one that is known, and its
// leading comment names it.
func TestPresetFiles(t *testing.T) {
	for _, name := range configs.Presets() {
		text, err := configs.PresetText(name)
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(text, "name ")
		var files []string
		for _, part := range strings.Split(text, published.Prefix)[1:] {
			file, _, _ := strings.Cut(part, `"`)
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
		for _, file := range files {
			if _, err := published.Find(file); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if !strings.Contains(head, file) {
				t.Errorf("%s: its comment does not say that it needs %s", name, file)
			}
		}
	}
}
