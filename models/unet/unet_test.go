package unet_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/nn"
	"innate/models/precond"
	"innate/models/unet"
)

var goldens = []string{"ddpmpp_uncond", "ddpmpp_cond", "ncsnpp_uncond", "ncsnpp_cond"}

// TestGoldenOutput compares the bare network with the reference, with and
// without labels and augmentation inputs.
func TestGoldenOutput(t *testing.T) {
	for _, name := range goldens {
		gold := nettest.Load(t, "testdata/"+name)
		net := gold.Net(t, "param/model.", "buffer/model.")
		graphtest.EachImpl(t, func(t *testing.T) {
			out, _ := forward(t, gold, net, false)
			nettest.Near(t, name, out, gold.Images(t, "raw_out"), 1e-5)
			if gold.Config.AugmentDim > 0 {
				out, _ := forward(t, gold, net, true)
				nettest.Near(t, name+" augment", out, gold.Images(t, "raw_out_augment"), 1e-5)
			}
		})
	}
}

// forward runs the golden input through net.
func forward(t *testing.T, gold *nettest.Golden, net precond.Net, augment bool) ([]float32, *graph.Builder) {
	t.Helper()
	cfg := gold.Config
	var x, out graph.Node
	var cond nn.Cond
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 3, cfg.Resolution, cfg.Resolution, cfg.Channels)
		cond.Emb = g.Input("emb", 3, net.Shape().NoiseWidth)
		if cfg.LabelDim > 0 {
			cond.Label = g.Input("label", 3, cfg.LabelDim)
			copy(g.Data(cond.Label), gold.Floats(t, "label"))
		}
		if augment {
			cond.Augment = g.Input("augment", 3, cfg.AugmentDim)
			copy(g.Data(cond.Augment), gold.Floats(t, "augment"))
		}
		out = net.Forward(g, x, cond)
	})
	if err != nil {
		t.Fatal(err)
	}
	copy(g.Data(x), gold.Images(t, "raw_x"))
	net.NoiseEmbedding(g.Data(cond.Emb), gold.Floats(t, "raw_t"))
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	m, err := dev.Compile(g, device.Request{Outputs: []graph.Node{out}})
	if err != nil {
		t.Fatal(err)
	}
	m.Run()
	return slices.Clone(m.Value(out)), g
}

// frozenList is one network of freeze.json: its names in state-dict order, and
// those that each of the paper's options freezes.
type frozenList struct {
	Names  []string            `json:"names"`
	Frozen map[string][]string `json:"frozen"`
}

func loadFreeze(t *testing.T) map[string]frozenList {
	t.Helper()
	text, err := os.ReadFile("testdata/freeze.json")
	if err != nil {
		t.Fatal(err)
	}
	lists := map[string]frozenList{}
	if err := json.Unmarshal(text, &lists); err != nil {
		t.Fatal(err)
	}
	return lists
}

// TestNames holds our names and their order against the reference's.
func TestNames(t *testing.T) {
	lists := loadFreeze(t)
	for _, name := range goldens {
		net := nettest.Load(t, "testdata/"+name).Net(t, "param/model.", "buffer/model.")
		if got := net.Params().Names(); !slices.Equal(got, lists[name].Names) {
			t.Errorf("%s: names\n%v\nwant\n%v", name, got, lists[name].Names)
		}
	}
}

func TestFreezePresetGolden(t *testing.T) {
	presets := map[string]string{"1": "gdd-i", "2": "gdd-i+qkv", "3": "gdd-i+qkv+skip"}
	for name, list := range loadFreeze(t) {
		for option, preset := range presets {
			got, err := nn.FreezePreset(list.Names, preset)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, list.Frozen[option]) {
				t.Errorf("%s, %s: froze %v, want %v", name, preset, got, list.Frozen[option])
			}
		}
		if got, err := nn.FreezePreset(list.Names, "none"); err != nil || len(got) != 0 {
			t.Errorf("%s, none: froze %v, %v", name, got, err)
		}
	}
	if _, err := nn.FreezePreset(nil, "gdd"); err == nil || !strings.Contains(err.Error(), `preset "gdd", want one of none, gdd-i`) {
		t.Errorf("unknown preset: %v", err)
	}
}

// TestFreezePresetNames: presets named by what trains leave just that.
func TestFreezePresetNames(t *testing.T) {
	trains := map[string]*regexp.Regexp{
		"norms":     regexp.MustCompile(`^(enc|dec)\.\w+\.(norm\d|affine)\.\w+$|^dec\.\w+_aux_norm\.\w+$|^out_norm\.\w+$`),
		"embedding": regexp.MustCompile(`^map_\w+\.\w+$`),
		"encoder":   regexp.MustCompile(`^enc\.`),
		"decoder":   regexp.MustCompile(`^dec\.|^out_`),
	}
	for name, list := range loadFreeze(t) {
		for preset, want := range trains {
			frozen, err := nn.FreezePreset(list.Names, preset)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range list.Names {
				if want.MatchString(n) == slices.Contains(frozen, n) {
					t.Errorf("%s, %s: %s is frozen: %v", name, preset, n, !want.MatchString(n))
				}
			}
		}
	}
}

// small is the MNIST teacher's shape at a quarter of its width.
func small() unet.Config {
	return unet.Config{
		Arch: "ddpmpp", Sizes: precond.Sizes{
			Resolution: 28, Channels: 1, ModelChannels: 8, ChannelMult: []int{1, 2, 4},
			ChannelMultEmb: 4, NumBlocks: 1, AttnResolutions: []int{7},
		},
	}
}

func TestLayers(t *testing.T) {
	net, err := unet.New(small(), nil)
	if err != nil {
		t.Fatal(err)
	}
	layers := net.Layers()
	if len(layers) != len(net.Params().All()) {
		t.Fatalf("%d layers, want %d", len(layers), len(net.Params().All()))
	}
	byName := map[string]nn.Layer{}
	for i, p := range net.Params().All() {
		l := layers[i]
		if l.Name != p.Name || !slices.Equal(l.Shape, p.Shape) || l.Count() != len(p.Data) {
			t.Errorf("layer %d is %q %v, want %q %v", i, l.Name, l.Shape, p.Name, p.Shape)
		}
		if l.Unit+".weight" != l.Name && l.Unit+".bias" != l.Name {
			t.Errorf("unit %q of %q", l.Unit, l.Name)
		}
		byName[l.Name] = l
	}
	for _, want := range []nn.Layer{
		{Name: "map_layer0.weight", Kind: "linear", Part: "map", Unit: "map_layer0"},
		{Name: "enc.28x28_conv.bias", Kind: "conv", Part: "enc", Block: "28x28_conv", Unit: "enc.28x28_conv", Resolution: 28},
		{Name: "enc.14x14_down.affine.weight", Kind: "linear", Part: "enc", Block: "14x14_down", Unit: "enc.14x14_down.affine", Resolution: 14},
		{Name: "dec.7x7_in0.qkv.weight", Kind: "conv", Part: "dec", Block: "7x7_in0", Unit: "dec.7x7_in0.qkv", Resolution: 7},
		{Name: "dec.28x28_aux_norm.weight", Kind: "norm", Part: "dec", Block: "28x28_aux_norm", Unit: "dec.28x28_aux_norm", Resolution: 28},
		{Name: "dec.28x28_aux_conv.weight", Kind: "conv", Part: "dec", Block: "28x28_aux_conv", Unit: "dec.28x28_aux_conv", Resolution: 28},
	} {
		got := byName[want.Name]
		got.Shape = nil
		if got.Name != want.Name || got.Kind != want.Kind || got.Part != want.Part || got.Block != want.Block ||
			got.Unit != want.Unit || got.Resolution != want.Resolution {
			t.Errorf("layer %+v, want %+v", got, want)
		}
	}
}

// TestInitialisation checks the distribution of each kind of layer.
func TestInitialisation(t *testing.T) {
	cfg := small()
	cfg.Arch, cfg.ModelChannels = "ncsnpp", 16
	net, err := unet.New(cfg, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for name, bound := range map[string]float64{
		"map_layer0.weight":              math.Sqrt(6.0 / (32 + 64)),
		"map_layer1.bias":                0,
		"enc.28x28_conv.weight":          math.Sqrt(6.0 / (9 + 9*16)),
		"enc.28x28_block0.conv0.weight":  math.Sqrt(6.0 / (9*16 + 9*16)),
		"enc.28x28_block0.conv0.bias":    0,
		"enc.28x28_block0.norm1.bias":    0,
		"enc.28x28_block0.conv1.weight":  math.Sqrt(6.0/(9*16+9*16)) * 1e-5,
		"enc.14x14_block0.skip.weight":   math.Sqrt(6.0 / (16 + 32)),
		"enc.14x14_aux_residual.weight":  math.Sqrt(6.0 / (9*1 + 9*16)),
		"enc.7x7_aux_residual.weight":    math.Sqrt(6.0 / (9*16 + 9*32)),
		"enc.7x7_block0.qkv.weight":      math.Sqrt(6.0/(64+192)) * math.Sqrt(0.2),
		"enc.7x7_block0.proj.weight":     math.Sqrt(6.0/(64+64)) * 1e-5,
		"dec.7x7_block1.conv0.weight":    math.Sqrt(6.0 / (9*96 + 9*64)),
		"dec.28x28_block0.affine.weight": math.Sqrt(6.0 / (64 + 16)),
		"dec.28x28_aux_conv.weight":      math.Sqrt(6.0/(9*16+9)) * 1e-5,
	} {
		p := net.Params().Get(name)
		if p == nil {
			t.Errorf("no parameter %q", name)
			continue
		}
		most := 0.0
		for _, v := range p.Data {
			most = max(most, math.Abs(float64(v)))
		}
		if most > bound*(1+1e-6) || most < 0.8*bound {
			t.Errorf("%s: largest value %.4g, want nearly %.4g", name, most, bound)
		}
	}
	if w := net.Params().Get("enc.28x28_block0.norm0.weight").Data; slices.Min(w) != 1 || slices.Max(w) != 1 {
		t.Errorf("norm weight %v, want ones", w)
	}
	sum := 0.0
	freqs := net.Buffers().Get("map_noise.freqs").Data
	for _, f := range freqs {
		sum += float64(f * f)
	}
	if std := math.Sqrt(sum / float64(len(freqs))); std < 9 || std > 23 {
		t.Errorf("Fourier frequencies have deviation %.3g, want about 16", std)
	}

	same, err := unet.New(cfg, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range same.Params().All() {
		if !slices.Equal(p.Data, net.Params().All()[i].Data) {
			t.Errorf("%s: the same seed gave other values", p.Name)
		}
	}
}

func TestClone(t *testing.T) {
	cfg := small()
	cfg.Arch = "ncsnpp"
	net, err := unet.New(cfg, rand.New(rand.NewPCG(3, 4)))
	if err != nil {
		t.Fatal(err)
	}
	clone := net.Clone()
	for i, p := range net.Params().All() {
		q := clone.Params().All()[i]
		if p == q || !slices.Equal(p.Data, q.Data) {
			t.Errorf("%s: not a copy", p.Name)
		}
	}
	if !slices.Equal(clone.Buffers().All()[0].Data, net.Buffers().All()[0].Data) {
		t.Error("buffers were not copied")
	}
	clone.Params().All()[0].Data[0]++
	if clone.Params().All()[0].Data[0] == net.Params().All()[0].Data[0] {
		t.Error("the clone shares storage")
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*unet.Config)
		want   string
	}{
		{func(c *unet.Config) { c.Arch = "adm" }, `unet: arch: got "adm", want ddpmpp | ncsnpp`},
		{func(c *unet.Config) { c.Resolution = 30 }, "unet: resolution: 30, want a multiple of 4 for 3 levels"},
		{func(c *unet.Config) { c.Channels = 0 }, "unet: channels: 0, want 1 to 1024"},
		{func(c *unet.Config) { c.LabelDim = -1 }, "unet: label_dim: -1, want 0 to"},
		{func(c *unet.Config) { c.ModelChannels = 10 }, "unet: model_channels: 10, want a multiple of 4"},
		{func(c *unet.Config) { c.ModelChannels = 132 }, "unet: model_channels: 132 gives a layer of 132 channels"},
		{func(c *unet.Config) { c.ChannelMult = nil }, "unet: channel_mult: 0 entries, want 1 to 12"},
		{func(c *unet.Config) { c.ChannelMult = []int{1, 0, 1} }, "unet: channel_mult: [1 0 1]"},
		{func(c *unet.Config) { c.ChannelMultEmb = 0 }, "unet: channel_mult_emb: 0, want 1 to 64"},
		{func(c *unet.Config) { c.NumBlocks = 0 }, "unet: num_blocks: 0, want 1 to 256"},
		{func(c *unet.Config) { c.NumBlocks = 1 << 40 }, "unet: num_blocks: 1099511627776, want"},
		{func(c *unet.Config) { c.Dropout = 1 }, "unet: dropout: 1, want in [0, 1)"},
		{func(c *unet.Config) { c.Dropout = math.NaN() }, "unet: dropout: NaN"},
		{func(c *unet.Config) { c.LabelDropout = -0.1 }, "unet: label_dropout: -0.1, want in [0, 1)"},
		{func(c *unet.Config) { c.Embedding = "sine" }, `unet: embedding: got "sine", want positional | fourier`},
		{func(c *unet.Config) { c.Encoder = "wide" }, `unet: encoder: got "wide", want standard | residual | skip`},
		{func(c *unet.Config) { c.Decoder = "residual" }, `unet: decoder: got "residual", want standard | skip`},
		{func(c *unet.Config) { c.Taps = []int{1, 2, 1} }, "unet: resample_filter: got [1 2 1], want [1 1] or [1 3 3 1]"},
		{func(c *unet.Config) { c.NoiseMult = -1 }, "unet: channel_mult_noise: -1, want 0 to 64"},
	} {
		cfg := small()
		c.change(&cfg)
		if _, err := unet.New(cfg, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
		if _, err := unet.Layers(cfg); err == nil {
			t.Errorf("Layers accepted %+v", cfg)
		}
	}
}

// TestDropout: masks have the right mean, keep their scale, and change the
// output only when they are there.
func TestDropout(t *testing.T) {
	cfg := small()
	net, err := unet.New(cfg, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	if net.NewDropout() != nil {
		t.Error("dropout of probability 0")
	}
	for _, p := range net.Params().All() {
		if strings.HasSuffix(p.Name, "conv1.weight") || strings.HasSuffix(p.Name, "aux_conv.weight") {
			for i := range p.Data {
				p.Data[i] *= 1e5 // so that the branches with dropout matter
			}
		}
	}
	net.Config.Dropout = 0.25
	drop := net.NewDropout()
	var x, emb, with, without graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x, emb = g.Input("x", 2, 28, 28, 1), g.Input("emb", 2, net.Shape().NoiseWidth)
		with = net.Forward(g, x, nn.Cond{Emb: emb, Dropout: drop})
		without = net.Forward(g, x, nn.Cond{Emb: emb})
	})
	if err != nil {
		t.Fatal(err)
	}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	m, err := dev.Compile(g, device.Request{Outputs: []graph.Node{with, without}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range g.Data(x) {
		g.Data(x)[i] = float32(rng.NormFloat64())
	}
	net.NoiseEmbedding(g.Data(emb), []float32{0.5, 1})
	drop.Fill(g, rng)
	m.Run()
	first := slices.Clone(m.Value(with))
	plain := slices.Clone(m.Value(without))
	if slices.Equal(first, plain) {
		t.Error("dropout changed nothing")
	}
	drop.Fill(g, rng)
	m.Run()
	if slices.Equal(first, m.Value(with)) {
		t.Error("a second mask equals the first")
	}
	if !slices.Equal(plain, m.Value(without)) {
		t.Error("dropout leaked into a pass without it")
	}
}

// TestTypes holds every type of encoder and decoder against PyTorch: names, output
// and all gradients, with either embedding and filter, labels and augmentation
// inputs.
func TestTypes(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	for _, encoder := range []string{unet.Standard, unet.Residual, unet.Skip} {
		for _, decoder := range []string{unet.Standard, unet.Skip} {
			name := encoder + "_" + decoder
			t.Run(name, func(t *testing.T) {
				var cfg unet.Config
				nets.Config(t, name, &cfg)
				net, err := unet.New(cfg, nil)
				if err != nil {
					t.Fatal(err)
				}
				nets.Check(t, name, net)
			})
		}
	}
}
