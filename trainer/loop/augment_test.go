package loop_test

import (
	"bytes"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/checkpoint"
	"innate/trainer/method"
	"innate/trainer/runlog"
)

// augmented are runs whose images are augmented in every way that there is.
func augmented(networks string) map[string]string {
	short := strings.NewReplacer("fid_kimg = 0.032", "fid_kimg = 0", "sample_kimg = 0.032", "sample_kimg = 0")
	gdd := short.Replace(config("gdd", networks))
	return map[string]string{
		"diff":      gdd + "[augment]\ndiff = [\"color\", \"translation\", \"cutout\"]\n",
		"pipe":      gdd + "[augment]\npipe = \"bgc\"\np = 0.5\n",
		"adaptive":  severally(gdd, networks) + "[augment]\npipe = \"bgc\"\np = 0.001\nada_target = 0.6\ndiff = [\"color\"]\n",
		"diffusion": short.Replace(strings.Replace(config("edm", networks), "[model]\n", "[model]\naugment_dim = 9\n", 1)) + "[augment]\npipe = \"edm\"\np = 0.5\n",
	}
}

// TestAugmentation: augmented runs are others than plain ones, they resume exactly,
// also between two adaptions of the probability, and chart it.
func TestAugmentation(t *testing.T) {
	networks := networks(t)
	for name, text := range augmented(networks) {
		t.Run(name, func(t *testing.T) {
			plain := newRun(t, text[:strings.Index(text, "[augment]")])
			train(t, plain)
			whole := resumed(t, text, 5, 2)
			last := lastCheckpoint(t, whole)
			if bytes.Equal(last, lastCheckpoint(t, plain)) {
				t.Error("the same checkpoint as without augmentation")
			}
			f, err := checkpoint.Decode(last)
			check(t, err)
			if has := f.Has("augment/ada"); has != (name == "pipe" || name == "adaptive") {
				t.Errorf("state of the probability in the checkpoint: %v", has)
			}
			history, err := runlog.ReadAll(whole)
			check(t, err)
			for _, row := range history.Rows {
				p, ok := row.Value("augment/p")
				if _, tick := row.Value("loss/gen"); tick && ok != f.Has("augment/ada") {
					t.Errorf("augment/p charted: %v", ok)
				}
				if ok && name == "pipe" && p != 0.5 {
					t.Errorf("augment/p is %v, want 0.5", p)
				}
			}
			if name != "adaptive" {
				return
			}
			state, err := f.Tensor("augment/ada")
			check(t, err)
			values, err := state.Float32s()
			check(t, err)
			// 16 steps of 4 images: each of four adaptions is by 4·4/500,000.
			if d := float64(values[0]) - 0.001; d == 0 || d > 4.01*16/500000 || d < -4.01*16/500000 {
				t.Errorf("probability %v after four adaptions, want it moved by at most %v", values[0], 4*16.0/500000)
			}
		})
	}
}

// TestAugmentationRefuses names what cannot be augmented, with its line.
func TestAugmentationRefuses(t *testing.T) {
	networks := networks(t)
	edm := config("edm", networks)
	for text, want := range map[string]string{
		edm + "[augment]\npipe = \"bgc\"\n": `augment.pipe: got "bgc", want none or edm: a diffusion model would learn to make such images`,
		strings.Replace(edm, "[model]\n", "[model]\naugment_dim = 4\n", 1) + "[augment]\npipe = \"edm\"\n": `model.augment_dim: got 4, want 9 with augment.pipe`,
		edm + "[augment]\npipe = \"edm\"\n":                                    `model.augment_dim: got 0, want 9 with augment.pipe: by its labels the network does not learn to make augmented images`,
		strings.Replace(edm, "[model]\n", "[model]\nlabel_dropout = 0.1\n", 1): `model.label_dropout: got 0.1, want 0 without data.labels`,
		config("gdd", networks) + "[augment]\nada_target = 0.6\n":              `augment.ada_target: got 0.6, want 0 without an augment.pipe, whose p it adapts`,
	} {
		cfg, err := configs.Parse("run.toml", text)
		if err == nil {
			err = method.Check(cfg)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
