package method_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"innate/configs"
	"innate/models/adm"
	"innate/models/edm"
	"innate/models/nn"
	"innate/models/unet"
	"innate/trainer/data"
	"innate/trainer/method"
)

// shaped is a data set of which a check asks for nothing but the shape.
type shaped struct {
	data.Dataset
	side, classes int
}

func (s shaped) Name() string         { return "shaped" }
func (s shaped) Shape() (h, w, c int) { return s.side, s.side, 3 }
func (s shaped) Classes() int         { return s.classes }

// TestPublishedNetworks: a file that names a published network, and one that spells
// it out, are the network that edm knows, with its parameters. Nothing is
// allocated.
func TestPublishedNetworks(t *testing.T) {
	for _, name := range edm.Checkpoints.Names() {
		want, err := edm.Checkpoints.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		set := shaped{side: 32}
		if strings.Contains(name, "64x64") {
			set.side = 64
		}
		labels := strings.Contains(name, "-cond-")
		if labels {
			set.classes = 10
			if strings.HasPrefix(name, "imagenet") {
				set.classes = 1000
			}
		}
		short := fmt.Sprintf("method = \"edm\"\n[data]\nlabels = %v\n[model]\nnetwork = %q\n", labels, name)
		preset, err := configs.PresetText("mnist-edm")
		if err != nil {
			t.Fatal(err)
		}
		long, err := configs.Set(preset, "data.labels", fmt.Sprint(labels))
		if err == nil {
			long, err = configs.Set(long, "model.network", name)
		}
		if err != nil {
			t.Fatal(err)
		}
		spelled := strings.Replace(long, fmt.Sprintf("network          = %q", name), `network          = "none"`, 1)
		if spelled == long {
			t.Fatalf("%s: the preset does not state its network", name)
		}
		for i, text := range []string{short, long, spelled} {
			cfg, err := configs.Parse("net.toml", text)
			if err != nil {
				t.Fatalf("%s, text %d: %v", name, i, err)
			}
			s, err := method.EDMSettings(cfg, set)
			if err != nil {
				t.Fatalf("%s, text %d: %v", name, i, err)
			}
			var got edm.Network
			if cfg.Model.Arch == adm.Name {
				c := adm.FromSettings(s)
				got = edm.Network{Kind: want.Kind, ADM: &c}
			} else {
				c := unet.FromSettings(cfg.Model.Arch, s)
				got = edm.Network{Kind: want.Kind, Song: &c}
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, text %d: got %+v%+v, want %+v%+v", name, i, got.Song, got.ADM, want.Song, want.ADM)
			}
			if i == 0 {
				checkCounts(t, name, got)
			}
		}
	}
}

// checkCounts holds a network, less its augmentation inputs, against the published
// numbers of values, and of those that each freezing preset freezes.
func checkCounts(t *testing.T, name string, n edm.Network) {
	t.Helper()
	small, large := [3]int{47597568, 48781824, 51015168}, [3]int{52614144, 53798400, 56294912}
	want := map[string]struct {
		values int
		frozen [3]int
	}{
		"cifar10-32x32-uncond-vp": {55732739, small}, "cifar10-32x32-cond-vp": {55734147, small},
		"cifar10-32x32-uncond-ve": {56395523, small}, "cifar10-32x32-cond-ve": {56398339, small},
		"ffhq-64x64-uncond-vp": {61804419, large}, "ffhq-64x64-uncond-ve": {62758787, large},
		"afhqv2-64x64-uncond-vp": {61804419, large}, "afhqv2-64x64-uncond-ve": {62758787, large},
		"imagenet-64x64-cond-adm": {295899267, [3]int{233065920, 257324160, 266807616}},
	}[name]
	layers, err := n.WithoutAugmentation().Layers()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	count, total := map[string]int{}, 0
	for _, l := range layers {
		names, count[l.Name] = append(names, l.Name), l.Count()
		total += l.Count()
	}
	if total != want.values {
		t.Errorf("%s: %d values, want %d", name, total, want.values)
	}
	for i, preset := range nn.Presets()[1:4] {
		frozen, err := nn.FreezePreset(names, preset)
		sum := 0
		for _, f := range frozen {
			sum += count[f]
		}
		if err != nil || sum != want.frozen[i] {
			t.Errorf("%s, %s: %d values frozen, want %d (%v)", name, preset, sum, want.frozen[i], err)
		}
	}
}

// TestNetworkSettings: what a file says over a published network holds, and what no
// network can be of is refused with its line.
func TestNetworkSettings(t *testing.T) {
	text := "method = \"edm\"\n[model]\nnetwork = \"cifar10-32x32-uncond-ve\"\n"
	cfg, err := configs.Parse("net.toml", text+"encoder = \"skip\"\ndecoder = \"skip\"\nresample_filter = [1, 1]\nchannel_mult_noise = 1\nembedding = \"positional\"\ndropout = 0.5\n")
	if err != nil {
		t.Fatal(err)
	}
	s, err := method.EDMSettings(cfg, shaped{side: 32})
	if err != nil {
		t.Fatal(err)
	}
	if a := unet.FromSettings("ncsnpp", s).Architecture(); a.Encoder != "skip" || a.Decoder != "skip" || a.Embedding != "positional" || a.NoiseMult != 1 || len(a.Taps) != 2 || s.Dropout != 0.5 {
		t.Errorf("got %+v", a)
	}
	for add, want := range map[string]string{
		"":                                 `configs: net.toml:2: model.resolution: got 32, want 64, the size of shaped`,
		"resolution = 0\nlabel_dim = 10\n": `configs: net.toml:5: model.label_dim: got 10, want 0, since data.labels is false`,
		"arch = \"adm\"\nencoder = \"skip\"\nresolution = 64\n": `configs: net.toml:2: adm: encoder: got skip, want none: the architecture leaves no choice`,
		"arch = \"ddpm\"\n":             `configs: net.toml:4: model.arch: got "ddpm", want adm | ddpmpp | ncsnpp`,
		"resample_filter = [1, 2, 1]\n": `configs: net.toml:4: model.resample_filter: got [1, 2, 1], want [], [1, 1] or [1, 3, 3, 1]`,
	} {
		cfg, err := configs.Parse("net.toml", text+add)
		if err == nil {
			_, err = method.EDMSettings(cfg, shaped{side: 64})
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", add, err, want)
		}
	}
	if _, err := configs.Parse("net.toml", "method = \"edm\"\n[model]\nnetwork = \"cifar10\"\n"); err == nil || !strings.Contains(err.Error(), `net.toml:3: model.network: got "cifar10", want none | cifar10-32x32-uncond-v`) {
		t.Errorf("got %v", err)
	}
}
