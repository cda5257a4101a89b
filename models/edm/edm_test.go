package edm_test

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/edm"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
)

// TestCheckpoints holds the published networks' sizes, and what each freezing
// preset leaves of them, against those of the published files. Nothing is
// allocated.
func TestCheckpoints(t *testing.T) {
	cifar, large, imagenet := [3]int{47597568, 48781824, 51015168}, [3]int{52614144, 53798400, 56294912}, [3]int{233065920, 257324160, 266807616}
	cifarTensors, largeTensors, imagenetTensors := [3]int{144, 156, 196}, [3]int{188, 200, 254}, [3]int{188, 232, 270}
	want := map[string]struct {
		trained, count, tensors int // values with and without augmentation inputs; tensors without
		frozen, frozenTensors   [3]int
	}{
		"cifar10-32x32-uncond-vp": {55733891, 55732739, 416, cifar, cifarTensors},
		"cifar10-32x32-cond-vp":   {55735299, 55734147, 418, cifar, cifarTensors},
		"cifar10-32x32-uncond-ve": {56397827, 56395523, 420, cifar, cifarTensors},
		"cifar10-32x32-cond-ve":   {56400643, 56398339, 422, cifar, cifarTensors},
		"ffhq-64x64-uncond-vp":    {61805571, 61804419, 540, large, largeTensors},
		"ffhq-64x64-uncond-ve":    {62761091, 62758787, 546, large, largeTensors},
		"afhqv2-64x64-uncond-vp":  {61805571, 61804419, 540, large, largeTensors},
		"afhqv2-64x64-uncond-ve":  {62761091, 62758787, 546, large, largeTensors},
		"imagenet-64x64-cond-adm": {295899267, 295899267, 541, imagenet, imagenetTensors},
	}
	if got := len(edm.Checkpoints.Names()); got != len(want) {
		t.Errorf("%d checkpoints, want %d", got, len(want))
	}
	for name, w := range want {
		n, err := edm.Checkpoints.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		if names, _, total := layers(t, n); total != w.trained {
			t.Errorf("%s: %d values in %d tensors, want %d", name, total, len(names), w.trained)
		}
		names, counts, total := layers(t, n.WithoutAugmentation())
		if total != w.count || len(names) != w.tensors {
			t.Errorf("%s without augmentation: %d values in %d tensors, want %d in %d", name, total, len(names), w.count, w.tensors)
		}
		for i, preset := range nn.Presets()[1:4] {
			frozen, err := nn.FreezePreset(names, preset)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0
			for _, name := range frozen {
				sum += counts[name]
			}
			if sum != w.frozen[i] || len(frozen) != w.frozenTensors[i] {
				t.Errorf("%s, %s: froze %d values in %d tensors, want %d in %d", name, preset, sum, len(frozen), w.frozen[i], w.frozenTensors[i])
			}
		}
	}
}

func layers(t *testing.T, n edm.Network) (names []string, counts map[string]int, total int) {
	t.Helper()
	list, err := n.Layers()
	if err != nil {
		t.Fatal(err)
	}
	counts = map[string]int{}
	for _, l := range list {
		names = append(names, l.Name)
		counts[l.Name] = l.Count()
		total += l.Count()
	}
	return names, counts, total
}

// TestFromArguments: what the published files say of themselves is the networks of
// their names.
func TestFromArguments(t *testing.T) {
	for name, args := range map[string]string{
		"cifar10-32x32-uncond-ve": `{"img_resolution":32,"img_channels":3,"label_dim":0,"use_fp16":false,"model_type":"SongUNet","embedding_type":"fourier",
			"encoder_type":"residual","decoder_type":"standard","channel_mult_noise":2,"resample_filter":[1,3,3,1],"model_channels":128,
			"channel_mult":[2,2,2],"augment_dim":9,"dropout":0.13}`,
		"afhqv2-64x64-uncond-vp": `{"img_resolution":64,"img_channels":3,"label_dim":0,"model_type":"SongUNet","embedding_type":"positional",
			"encoder_type":"standard","channel_mult_noise":1,"resample_filter":[1,1],"model_channels":128,"channel_mult":[1,2,2,2],"augment_dim":9,
			"dropout":0.25,"sigma_max":"inf"}`,
		"imagenet-64x64-cond-adm": `{"img_resolution":64,"img_channels":3,"label_dim":1000,"use_fp16":true,"model_type":"DhariwalUNet","model_channels":192,
			"channel_mult":[1,2,3,4],"augment_dim":0,"dropout":0.1}`,
	} {
		got, err := edm.FromArguments("EDMPrecond", []byte(args))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, _ := edm.Checkpoints.Get(name)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %s, want %s", name, asJSON(got), asJSON(want))
		}
	}

	other, err := edm.FromArguments("iDDPMPrecond", []byte(`{"img_resolution":16,"img_channels":3,"model_type":"SongUNet","encoder_type":"skip","decoder_type":"skip","model_channels":32,"label_dropout":0.2}`))
	if err != nil {
		t.Fatal(err)
	}
	want := unet.Config{
		Arch: unet.DDPMpp, Sizes: precond.Sizes{
			Resolution: 16, Channels: 3, OutChannels: 6, ModelChannels: 32, ChannelMult: []int{1, 2, 2, 2}, ChannelMultEmb: 4, NumBlocks: 4,
			AttnResolutions: []int{16}, Dropout: 0.1, LabelDropout: 0.2,
		},
		Embedding: unet.Positional, NoiseMult: 1, Encoder: unet.Skip, Decoder: unet.Skip, Taps: []int{1, 1},
	}
	if other.Kind != precond.IDDPM || !reflect.DeepEqual(*other.Song, want) {
		t.Errorf("got %s, want %s", asJSON(other), asJSON(want))
	}

	for _, c := range []struct{ class, args, want string }{
		{"EDMLoss", `{}`, `edm: class "EDMLoss", want EDMPrecond`},
		{"EDMPrecond", `{"model_type":"DiT"}`, `edm: EDMPrecond: model_type "DiT", want SongUNet or DhariwalUNet`},
		{"EDMPrecond", `{"img_resolution":8,"img_channels":3,"depth":3}`, `edm: EDMPrecond: arguments: unknown field "depth"`},
		{"EDMPrecond", `{"img_resolution":8,"img_channels":3,"sigma_data":0.3}`, `edm: EDMPrecond: sigma_data: got 0.3, want 0.5`},
		{"VPPrecond", `{"img_resolution":8,"img_channels":3,"beta_d":20}`, `edm: VPPrecond: beta_d: got 20, want 19.9`},
		{"EDMPrecond", `{"img_resolution":9,"img_channels":3}`, `edm: EDMPrecond: adm: resolution: 9, want a multiple of 8 for 4 levels`},
		{"VEPrecond", `{"img_resolution":8,"img_channels":3,"encoder_type":"wide"}`, `edm: VEPrecond: unet: encoder: got "wide", want standard | residual | skip`},
		{"EDMPrecond", `[]`, `edm: EDMPrecond: arguments: `},
		{"EDMPrecond", `{"img_resolution":8,"img_channels":3,"sigma_min":0.01}`, `edm: EDMPrecond: sigma_min: got 0.01, want 0: noise levels from 0.002 to 80 are sampled`},
		{"EDMPrecond", `{"img_resolution":8,"img_channels":3,"sigma_max":50}`, `edm: EDMPrecond: sigma_max: got 50, want +Inf`},
		{"VEPrecond", `{"img_resolution":8,"img_channels":3,"sigma_min":0.002}`, `edm: VEPrecond: sigma_min: got 0.002, want 0.02`},
		{"EDMPrecond", `{"img_resolution":8,"img_channels":3,"sigma_max":"far"}`, `edm: EDMPrecond: sigma_max: got "far", want a number`},
	} {
		if _, err := edm.FromArguments(c.class, []byte(c.args)); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s %s: error %v, want %q", c.class, c.args, err, c.want)
		}
	}
}

// TestBounds: what the constructors have for bounds by themselves is taken.
func TestBounds(t *testing.T) {
	for _, c := range []struct{ class, bounds string }{
		{"EDMPrecond", `"sigma_min":0,"sigma_max":"+Inf"`},
		{"EDMPrecond", `"sigma_min":0.002,"sigma_max":"inf"`},
		{"GDDPrecond", `"sigma_min":0.002,"sigma_max":80`},
		{"VPPrecond", `"sigma_min":0.0010004998752495316,"sigma_max":152.16716439895754`},
		{"VEPrecond", `"sigma_min":0.02,"sigma_max":100`},
		{"iDDPMPrecond", `"sigma_min":0.006422337144613266,"sigma_max":20291.171875`}, // as EDM's code has them
	} {
		if _, err := edm.FromArguments(c.class, []byte(`{"img_resolution":8,"img_channels":3,`+c.bounds+`}`)); err != nil {
			t.Errorf("%s %s: %v", c.class, c.bounds, err)
		}
	}
}

func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// TestDescribe: a file with nothing but tensors opens once it is described.
func TestDescribe(t *testing.T) {
	for _, args := range []string{
		`{"img_resolution":8,"img_channels":1,"model_type":"SongUNet","model_channels":8,"channel_mult":[1,1],"num_blocks":1,"decoder_type":"skip","embedding_type":"fourier"}`,
		`{"img_resolution":8,"img_channels":1,"model_type":"DhariwalUNet","model_channels":8,"channel_mult":[1,1],"num_blocks":1,"label_dim":3}`,
	} {
		n, err := edm.FromArguments("GDDPrecond", []byte(args))
		if err != nil {
			t.Fatal(err)
		}
		den, err := n.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		f := checkpoint.New()
		for _, set := range []error{f.AddParams("", den.Net.Params()), f.AddParams("", den.Net.Buffers()), n.Describe(f)} {
			if set != nil {
				t.Fatal(set)
			}
		}
		back, err := precond.FromCheckpoint(f, "")
		if err != nil {
			t.Fatal(err)
		}
		if back.Kind != precond.GDD || !reflect.DeepEqual(back.Net.Shape(), den.Net.Shape()) || len(back.Net.Layers()) != len(den.Net.Layers()) {
			t.Errorf("%s: came back as %+v", args, back.Net.Shape())
		}
	}
}

// TestWithoutAugmentation: a network without augmentation inputs has all other
// values of the one with them.
func TestWithoutAugmentation(t *testing.T) {
	for _, args := range []string{
		`{"img_resolution":8,"img_channels":1,"model_type":"SongUNet","model_channels":8,"channel_mult":[1,1],"num_blocks":1,"embedding_type":"fourier","augment_dim":9}`,
		`{"img_resolution":8,"img_channels":1,"model_type":"DhariwalUNet","model_channels":8,"channel_mult":[1,1],"num_blocks":1,"augment_dim":9}`,
	} {
		n, err := edm.FromArguments("EDMPrecond", []byte(args))
		if err != nil {
			t.Fatal(err)
		}
		den, err := n.New(rand.New(rand.NewPCG(1, 2)))
		if err != nil {
			t.Fatal(err)
		}
		net := den.Net.(interface{ WithoutAugmentation() precond.Net }).WithoutAugmentation()
		had, has := den.Net.Params(), net.Params()
		if net.Shape().AugmentDim != 0 || len(has.All()) != len(had.All())-1 || had.Get("map_augment.weight") == nil || has.Get("map_augment.weight") != nil {
			t.Errorf("%d tensors of %d, want all but map_augment.weight", len(has.All()), len(had.All()))
		}
		for _, p := range has.All() {
			if !slices.Equal(p.Data, had.Get(p.Name).Data) {
				t.Errorf("%s differs", p.Name)
			}
		}
		if b := net.Buffers().All(); len(b) > 0 && !slices.Equal(b[0].Data, den.Net.Buffers().All()[0].Data) {
			t.Error("the frequencies differ")
		}
	}
}
