package adm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models/adm"
	"innate/models/checkpoint"
	"innate/models/nettest"
	"innate/models/precond"
)

// TestGolden holds names, output and all gradients against PyTorch: two heads of
// attention and one, with labels and augmentation inputs and without.
func TestGolden(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	for _, name := range []string{"adm_cond", "adm_uncond"} {
		t.Run(name, func(t *testing.T) { nets.Check(t, name, build(t, nets, name, nil)) })
	}
}

func build(t *testing.T, nets *nettest.Nets, name string, rng *rand.Rand) *adm.Net {
	t.Helper()
	var cfg adm.Config
	nets.Config(t, name, &cfg)
	net, err := adm.New(cfg, rng)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// TestInitialisation checks the distribution of each kind of layer.
func TestInitialisation(t *testing.T) {
	net := build(t, nettest.LoadNets(t, "../nettest/testdata"), "adm_cond", rand.New(rand.NewPCG(1, 2)))
	for name, bound := range map[string]float64{
		"map_augment.weight":          0,
		"map_layer0.weight":           1 / math.Sqrt(16),
		"map_layer0.bias":             1 / math.Sqrt(16),
		"enc.8x8_conv.weight":         1 / math.Sqrt(9*2),
		"enc.4x4_block0.conv0.bias":   1 / math.Sqrt(9*64),
		"enc.4x4_block0.conv1.weight": 0,
		"enc.4x4_block0.conv1.bias":   0,
		"enc.4x4_block0.qkv.weight":   1 / math.Sqrt(128),
		"enc.4x4_block0.proj.weight":  0,
		"out_conv.weight":             0,
	} {
		most := 0.0
		for _, v := range net.Params().Get(name).Data {
			most = max(most, math.Abs(float64(v)))
		}
		if most > bound*(1+1e-6) || most < 0.8*bound {
			t.Errorf("%s: largest value %.4g, want nearly %.4g", name, most, bound)
		}
	}
	sum, label := 0.0, net.Params().Get("map_label.weight").Data
	for _, v := range label {
		sum += float64(v) * float64(v)
	}
	if std := math.Sqrt(sum / float64(len(label))); std < 0.8 || std > 1.2 {
		t.Errorf("class table has deviation %.3g, want about 1", std)
	}
}

// TestStore: a checkpoint holds the whole network, and it opens by its metadata
// alone.
func TestStore(t *testing.T) {
	net := build(t, nettest.LoadNets(t, "../nettest/testdata"), "adm_uncond", rand.New(rand.NewPCG(3, 4)))
	f := checkpoint.New()
	if err := (&precond.Denoiser{Net: net, Kind: precond.EDM}).AddTo(f, "ema/"); err != nil {
		t.Fatal(err)
	}
	back, err := precond.FromCheckpoint(f, "ema/")
	if err != nil {
		t.Fatal(err)
	}
	clone := back.Net.Clone()
	for i, p := range net.Params().All() {
		for _, q := range []*precond.Net{&back.Net, &clone} {
			if got := (*q).Params().All()[i]; got.Name != p.Name || !slices.Equal(got.Data, p.Data) {
				t.Errorf("%s differs", p.Name)
			}
		}
	}
	clone.Params().All()[0].Data[0]++
	if clone.Params().All()[0].Data[0] == back.Net.Params().All()[0].Data[0] {
		t.Error("the clone shares storage")
	}
	f.Metadata[adm.MetadataKey] = strings.Replace(f.Metadata[adm.MetadataKey], `"num_blocks":1`, `"num_blocks":2`, 1)
	if _, err := precond.FromCheckpoint(f, "ema/"); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("one block more: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*adm.Config)
		want   string
	}{
		{func(c *adm.Config) { c.Resolution = 30 }, "adm: resolution: 30, want a multiple of 4 for 3 levels"},
		{func(c *adm.Config) { c.Channels = 0 }, "adm: channels: 0, want 1 to 1024"},
		{func(c *adm.Config) { c.ModelChannels = 10 }, "adm: model_channels: 10, want a multiple of 4"},
		{func(c *adm.Config) { c.ModelChannels = 132 }, "adm: model_channels: 132 gives a layer of 132 channels"},
		{func(c *adm.Config) { c.ChannelMult = nil }, "adm: channel_mult: 0 entries, want 1 to 12"},
		{func(c *adm.Config) { c.Dropout = math.NaN() }, "adm: dropout: NaN, want in [0, 1)"},
		{func(c *adm.Config) { c.LabelDropout = 1 }, "adm: label_dropout: 1, want in [0, 1)"},
		{func(c *adm.Config) { c.ModelChannels, c.ChannelMult = 32, []int{1, 2, 7} }, "adm: model_channels: 32 gives attention of 224 channels, want a multiple of its 3 heads"},
	} {
		cfg := adm.Config{
			Sizes: precond.Sizes{
				Resolution: 28, Channels: 1, ModelChannels: 8, ChannelMult: []int{1, 2, 4},
				ChannelMultEmb: 4, NumBlocks: 1, AttnResolutions: []int{7},
			},
		}
		c.change(&cfg)
		if _, err := adm.New(cfg, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
