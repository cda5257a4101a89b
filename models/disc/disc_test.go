package disc_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nettest"
)

func rng() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func projector(t *testing.T, cfg disc.ProjectorConfig) *disc.Projector {
	t.Helper()
	net, err := features.New(features.Config{Channels: 1, Widths: []int{4, 6, 8}, Classes: 10}, rng())
	if err != nil {
		t.Fatal(err)
	}
	p, err := disc.NewProjector(cfg, net, rng())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// demo is the demonstration's projector: 28 pixels resized to 32.
var demo = disc.ProjectorConfig{InSize: 32, CMix: 8, Expand: true, Mean: []float32{0.5}, Std: []float32{0.5}}

func TestProjector(t *testing.T) {
	p := projector(t, demo)
	if !slices.Equal(p.Channels, []int{8, 8, 16}) || !slices.Equal(p.Sizes, []int{32, 16, 8}) {
		t.Errorf("channels %v, sizes %v", p.Channels, p.Sizes)
	}
	want := []string{
		"ccm.0.weight", "ccm.0.bias", "ccm.1.weight", "ccm.1.bias", "ccm.2.weight", "ccm.2.bias",
		"csm.0.weight", "csm.0.bias", "csm.1.weight", "csm.1.bias", "csm.2.weight", "csm.2.bias",
	}
	if got := p.Mix.Names(); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	if s := p.Mix.Get("csm.2.weight").Shape; !slices.Equal(s, []int{16, 32, 1, 1}) {
		t.Errorf("csm.2: %v", s)
	}
	if worst := slices.Max(p.Mix.Get("ccm.2.weight").Data); worst > float32(1/math.Sqrt(8)) || worst < 0.3 {
		t.Errorf("ccm.2: largest weight %v, want nearly %v", worst, 1/math.Sqrt(8))
	}
	var maps []graph.Node
	_, err := graph.Build(func(g *graph.Builder) { maps = p.Forward(g, g.Input("x", 3, 28, 28, 1)) })
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range maps {
		if !slices.Equal(m.Shape(), graph.Shape{3, p.Sizes[i], p.Sizes[i], p.Channels[i]}) {
			t.Errorf("map %d: %v", i, m.Shape())
		}
	}
	flat := demo
	flat.Expand = false
	if q := projector(t, flat); !slices.Equal(q.Channels, []int{8, 8, 8}) {
		t.Errorf("without expansion: channels %v", q.Channels)
	}
}

func TestProjectorRefuses(t *testing.T) {
	net, err := features.New(features.Config{Channels: 3, Widths: []int{4, 6, 8}, Classes: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*disc.ProjectorConfig)
		want   string
	}{
		{func(c *disc.ProjectorConfig) { c.InSize = 28 }, "disc: in_size: 28, want a multiple of 8 for 3 feature stages"},
		{func(c *disc.ProjectorConfig) { c.CMix = 0 }, "disc: c_mix: 0, want > 0"},
		{func(c *disc.ProjectorConfig) { c.Mean = []float32{1, 2} }, "disc: mean: 2 values, want 1 or 3"},
		{func(c *disc.ProjectorConfig) { c.Std = []float32{1, 1, 0} }, "disc: std: 0, want > 0"},
	} {
		cfg := demo
		c.change(&cfg)
		if _, err := disc.NewProjector(cfg, net, nil); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

func TestNew(t *testing.T) {
	p := projector(t, demo)
	d, err := disc.New(disc.NewConfig(p, 8, 0), rng())
	if err != nil {
		t.Fatal(err)
	}
	// Sides 32, 16, 8 halve to 8; a 4x4 kernel then leaves 5x5 positions.
	if d.Config.End != 8 || d.Config.Logits() != 3*25 {
		t.Errorf("end %d, %d logits", d.Config.End, d.Config.Logits())
	}
	for _, b := range d.Buffers.All() {
		sum := 0.0
		for _, v := range b.Data {
			sum += float64(v) * float64(v)
		}
		switch {
		case strings.HasSuffix(b.Name, "_u"), strings.HasSuffix(b.Name, "_v"):
			if math.Abs(sum-1) > 1e-5 {
				t.Errorf("%s: length² %v, want 1", b.Name, sum)
			}
		case strings.HasSuffix(b.Name, "running_mean"):
			if sum != 0 {
				t.Errorf("%s: %v, want zeros", b.Name, b.Data)
			}
		case strings.HasSuffix(b.Name, "running_var"):
			if sum != float64(len(b.Data)) {
				t.Errorf("%s: %v, want ones", b.Name, b.Data)
			}
		default:
			t.Errorf("unexpected buffer %q", b.Name)
		}
	}
	bad := d.Config
	bad.Sizes = []int{32, 16, 2}
	if _, err := disc.New(bad, nil); err == nil || err.Error() != "disc: head 2 on side 2 ends at side 2, want at least 4" {
		t.Errorf("a map smaller than the kernel: %v", err)
	}
	for want, change := range map[string]func(*disc.Config){
		"disc: 2 channels and 3 sizes":   func(c *disc.Config) { c.Channels = c.Channels[:2] },
		"disc: end: 0":                   func(c *disc.Config) { c.End = 0 },
		"disc: width: -1":                func(c *disc.Config) { c.Width = -1 },
		"disc: label_dim: -1":            func(c *disc.Config) { c.LabelDim = -1 },
		"disc: cmap 0 and embed_dim 320": func(c *disc.Config) { c.LabelDim, c.CMap = 3, 0 },
	} {
		c := d.Config
		change(&c)
		if _, err := disc.New(c, nil); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestRunningStatistics: after a pass the first batch norm's statistics moved a
// tenth of the way to the batch's mean and unbiased variance; a second pass
// starts from there and from the new power-iteration vectors.
func TestRunningStatistics(t *testing.T) {
	cfg := disc.Config{Channels: []int{3}, Sizes: []int{8}, End: 4, Width: 2}
	d, err := disc.New(cfg, rng())
	if err != nil {
		t.Fatal(err)
	}
	before := d.Buffers.Clone()
	param := func(g *graph.Builder, set *models.ParamSet, name string) graph.Node {
		return g.Param(set.Get("heads.0.body.0." + name))
	}
	var conv graph.Node
	var assigns []graph.Assign
	var x graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 2, 8, 8, 3)
		_, s := d.Forward(g, []graph.Node{x}, graph.Node{}, d.State(g))
		_, s = d.Forward(g, []graph.Node{x}, graph.Node{}, s)
		assigns = d.Assigns(g, s)
		// The first layer once more, by its definition, in the first pass.
		w, _, _ := g.SpectralNorm(param(g, d.Params, "weight_orig"), param(g, d.Buffers, "weight_u"), param(g, d.Buffers, "weight_v"))
		conv = g.Conv(x, w, param(g, d.Params, "bias"), graph.ConvOpts{Stride: 2, Pad: 1})
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(assigns) != len(d.Buffers.All()) {
		t.Errorf("%d buffers change, want %d", len(assigns), len(d.Buffers.All()))
	}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	// Power iterations that have converged: both passes see the same weight.
	update, err := dev.Compile(g, device.Request{Outputs: []graph.Node{conv}, Assigns: assigns})
	if err != nil {
		t.Fatal(err)
	}
	r := rng()
	for i := range g.Data(x) {
		g.Data(x)[i] = float32(r.NormFloat64())
	}
	for range 100 {
		update.Run()
	}
	mean, variance := d.Buffers.Get("heads.0.body.1.running_mean"), d.Buffers.Get("heads.0.body.1.running_var")
	copy(mean.Data, before.Get(mean.Name).Data)
	copy(variance.Data, before.Get(variance.Name).Data)
	if err := dev.Upload(mean, variance); err != nil {
		t.Fatal(err)
	}
	update.Run()
	if err := dev.Download(mean, variance); err != nil {
		t.Fatal(err)
	}
	y := update.Value(conv)
	for c := range 2 {
		var sum, dev float64
		n := len(y) / 2
		for p := range n {
			sum += float64(y[2*p+c])
		}
		batchMean := sum / float64(n)
		for p := range n {
			dev += (float64(y[2*p+c]) - batchMean) * (float64(y[2*p+c]) - batchMean)
		}
		unbiased := dev / float64(n-1)
		// Two passes from 0 and 1: 1-0.9² of the way.
		nettest.Within(t, "running mean", mean.Data[c:c+1], []float32{float32(0.19 * batchMean)}, 1e-5)
		nettest.Within(t, "running variance", variance.Data[c:c+1], []float32{float32(0.81 + 0.19*unbiased)}, 1e-5)
	}

	// Without assigns nothing is stored.
	kept := d.Buffers.Clone()
	dry, err := dev.Compile(g, device.Request{Outputs: []graph.Node{conv}})
	if err != nil {
		t.Fatal(err)
	}
	dry.Run()
	for i, b := range d.Buffers.All() {
		if !slices.Equal(b.Data, kept.All()[i].Data) {
			t.Errorf("%s changed without an assignment", b.Name)
		}
	}
}

func TestForwardRefuses(t *testing.T) {
	cfg := disc.Config{Channels: []int{3}, Sizes: []int{8}, End: 4, Width: 2}
	d, err := disc.New(cfg, rng())
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(g *graph.Builder, x graph.Node){
		"two maps for one head": func(g *graph.Builder, x graph.Node) {
			d.Forward(g, []graph.Node{x, x}, graph.Node{}, d.State(g))
		},
		"labels for an unconditional head": func(g *graph.Builder, x graph.Node) {
			d.Forward(g, []graph.Node{x}, g.Input("label", 2, 4), d.State(g))
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("accepted %s", name)
				}
			}()
			g := graph.NewBuilder()
			call(g, g.Input("x", 2, 8, 8, 3))
		}()
	}
}

// TestFirst: the first halving layers of heads of 2, 1 and no such layers.
func TestFirst(t *testing.T) {
	d, err := disc.New(disc.NewConfig(projector(t, demo), 8, 0), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n, units := range []string{"", "0.body.0 0.body.1 1.body.0 1.body.1", "0.body.0 0.body.1 0.body.3 0.body.4 1.body.0 1.body.1"} {
		got := map[string]int{}
		for _, name := range d.First(n) {
			if d.Params.Get(name) == nil {
				t.Errorf("first %d: no parameter %s", n, name)
			}
			got[strings.TrimPrefix(name[:strings.LastIndex(name, ".")], "heads.")]++
		}
		for _, unit := range strings.Fields(units) {
			if got[unit] != 2 {
				t.Errorf("first %d: %d parameters of %s, want 2", n, got[unit], unit)
			}
		}
		if len(got) != len(strings.Fields(units)) {
			t.Errorf("first %d: %v, want %s", n, got, units)
		}
	}
}
