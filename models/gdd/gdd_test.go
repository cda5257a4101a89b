package gdd_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/cpu"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/nn"
	"innate/models/precond"
)

const (
	batch = 4
	gamma = 0.02
)

// load returns the golden arrays of one GAN step and the networks they start
// from.
func load(t *testing.T, name string) (*nettest.Golden, gdd.Nets) {
	t.Helper()
	gold := nettest.Load(t, "testdata/"+name)
	feat, err := features.New(features.Config{Channels: gold.Config.Channels, Widths: []int{4, 6, 8}, Classes: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stages := models.NewParamSet() // the classifier's head is not stored
	for _, p := range feat.Params.All() {
		if !strings.HasPrefix(p.Name, "head.") {
			stages.Add(p)
		}
	}
	gold.Fill(t, "proj/net.", stages)
	proj, err := disc.NewProjector(disc.ProjectorConfig{
		InSize: 16, CMix: 4, Expand: true,
		Mean: gold.Floats(t, "proj/mean"), Std: gold.Floats(t, "proj/std"),
	}, feat, nil)
	if err != nil {
		t.Fatal(err)
	}
	gold.Fill(t, "proj/", proj.Mix)
	cfg := disc.NewConfig(proj, 8, gold.Config.LabelDim)
	cfg.CMap, cfg.EmbedDim = 6, 10
	d, err := disc.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	gold.Fill(t, "disc/", d.Params)
	gold.Fill(t, "disc/", d.Buffers)
	gen := &precond.Denoiser{Net: gold.Net(t, "gen/model.", "gen_buffer/model."), Kind: precond.GDD}
	return gold, gdd.Nets{Gen: gen, Discs: []gdd.Disc{{Proj: proj, Disc: d}}}
}

func labels(t *testing.T, gold *nettest.Golden) []float32 {
	if gold.Config.LabelDim == 0 {
		return nil
	}
	return gold.Floats(t, "label")
}

// fakes are the generated images of the golden discriminator stage.
func fakes(t *testing.T, gold *nettest.Golden) *models.Param {
	t.Helper()
	p := models.NewParam("fakes", batch, gold.Config.Resolution, gold.Config.Resolution, gold.Config.Channels)
	copy(p.Data, gold.Images(t, "fake_d"))
	return p
}

// eachCase runs f for both golden files on every implementation of the kernels.
func eachCase(t *testing.T, f func(t *testing.T, gold *nettest.Golden, nets gdd.Nets, dev device.Device)) {
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	for _, name := range []string{"gdd_uncond", "gdd_cond"} {
		graphtest.EachImpl(t, func(t *testing.T) {
			gold, nets := load(t, name)
			f(t, gold, nets, dev)
		})
	}
}

// step is a compiled stage.
type step struct {
	Program device.Program
	Params  []*models.Param
	Grads   []graph.Node
}

// compile plans a stage for the parameters that train; nil for all.
func compile(t *testing.T, s *gdd.Stage, dev device.Device, train func(name string) bool) step {
	t.Helper()
	if train == nil {
		train = func(string) bool { return true }
	}
	params, grads := s.Trained(func(p *models.Param) bool { return train(p.Name) })
	p, err := dev.Compile(s.Graph, device.Request{Outputs: s.Results(grads), Assigns: s.Assigns})
	if err != nil {
		t.Fatal(err)
	}
	return step{p, params, grads}
}

// checkGrads compares gradients with the arrays under prefix. The bias of a
// convolution before a batch norm has gradient zero but for rounding.
func checkGrads(t *testing.T, gold *nettest.Golden, prefix string, step step) {
	t.Helper()
	for i, p := range step.Params {
		want := gold.Floats(t, prefix+p.Name)
		if strings.Contains(p.Name, ".body.0.bias") || strings.Contains(p.Name, ".body.3.bias") {
			nettest.Within(t, prefix+p.Name, step.Program.Value(step.Grads[i]), want, 1e-5)
			continue
		}
		nettest.Near(t, prefix+p.Name, step.Program.Value(step.Grads[i]), want, 1e-4)
	}
}

// checkU compares the power-iteration vectors that a run left behind.
func checkU(t *testing.T, gold *nettest.Golden, prefix string, dev device.Device, d *disc.Disc) {
	t.Helper()
	if err := dev.Download(d.Buffers.All()...); err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, b := range d.Buffers.All() {
		if strings.HasSuffix(b.Name, ".weight_u") {
			nettest.Near(t, prefix+b.Name, b.Data, gold.Floats(t, prefix+b.Name), 1e-5)
			seen++
		}
	}
	if seen != 6 {
		t.Errorf("%d power-iteration vectors, want 6", seen)
	}
}

func TestGoldenLogits(t *testing.T) {
	eachCase(t, func(t *testing.T, gold *nettest.Golden, nets gdd.Nets, dev device.Device) {
		cfg := gold.Config
		var real, label, logits graph.Node
		var maps []graph.Node
		var assigns []graph.Assign
		g, err := graph.Build(func(g *graph.Builder) {
			real = g.Input("real", batch, cfg.Resolution, cfg.Resolution, cfg.Channels)
			if cfg.LabelDim > 0 {
				label = g.Input("label", batch, cfg.LabelDim)
				copy(g.Data(label), labels(t, gold))
			}
			maps = nets.Discs[0].Proj.Forward(g, real)
			var next disc.State
			logits, next = nets.Discs[0].Disc.Forward(g, maps, label, nets.Discs[0].Disc.State(g))
			assigns = nets.Discs[0].Disc.Assigns(g, next)
		})
		if err != nil {
			t.Fatal(err)
		}
		m, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{logits}, maps...), Assigns: assigns})
		if err != nil {
			t.Fatal(err)
		}
		copy(g.Data(real), gold.Images(t, "real"))
		m.Run()
		for i, name := range []string{"map0", "map1", "map2"} {
			nettest.Near(t, name, m.Value(maps[i]), gold.Images(t, name), 1e-5)
		}
		nettest.Near(t, "logits", m.Value(logits), gold.Floats(t, "logits_real"), 1e-5)
		checkU(t, gold, "logits_u/", dev, nets.Discs[0].Disc)
	})
}

func TestGoldenGenStage(t *testing.T) {
	eachCase(t, func(t *testing.T, gold *nettest.Golden, nets gdd.Nets, dev device.Device) {
		s, err := gdd.NewGenStage(nets, gdd.NonSaturating, batch)
		if err != nil {
			t.Fatal(err)
		}
		step := compile(t, &s.Stage, dev, nil)
		s.Set(gold.Images(t, "z_g"), labels(t, gold))
		step.Program.Run()
		nettest.Near(t, "fake", step.Program.Value(s.Fake), gold.Images(t, "fake_g"), 1e-5)
		nettest.Near(t, "loss", step.Program.Value(s.Loss), gold.Floats(t, "g_loss"), 1e-5)
		checkGrads(t, gold, "g_grad/model.", step)
		checkU(t, gold, "g_u/", dev, nets.Discs[0].Disc)

		smp, err := precond.NewSampler(dev, nets.Gen, 3)
		if err != nil {
			t.Fatal(err)
		}
		want := gold.Images(t, "fake_d")
		fake := make([]float32, len(want))
		smp.OneStep(gold.Images(t, "z_d"), labels(t, gold), fake)
		nettest.Near(t, "sampled fake", fake, want, 1e-5)
	})
}

func TestGoldenDiscStage(t *testing.T) {
	eachCase(t, func(t *testing.T, gold *nettest.Golden, nets gdd.Nets, dev device.Device) {
		s, err := gdd.NewDiscStage(nets, gdd.NonSaturating, fakes(t, gold))
		if err != nil {
			t.Fatal(err)
		}
		step := compile(t, &s.Stage, dev, nil)
		s.Set(gold.Images(t, "real"), labels(t, gold))
		step.Program.Run()
		nettest.Near(t, "loss", step.Program.Value(s.Loss), gold.Floats(t, "d_loss"), 1e-5)
		checkGrads(t, gold, "d_grad/", step)
		checkU(t, gold, "d_u/", dev, nets.Discs[0].Disc)
	})
}

func TestGoldenR1Stage(t *testing.T) {
	eachCase(t, func(t *testing.T, gold *nettest.Golden, nets gdd.Nets, dev device.Device) {
		s, err := gdd.NewR1Stage(nets, batch)
		if err != nil {
			t.Fatal(err)
		}
		step := compile(t, &s.Stage, dev, nil)
		s.Set(gold.Images(t, "real"), labels(t, gold), gamma/2)
		step.Program.Run()
		nettest.Near(t, "logits", step.Program.Value(s.Logits[0]), gold.Floats(t, "logits_real"), 1e-5)
		nettest.Near(t, "inner gradient", step.Program.Value(s.Inner), gold.Images(t, "r1_inner"), 1e-5)
		loss := step.Program.Value(s.Penalty)[0] * gamma / 2
		nettest.Near(t, "loss", []float32{loss}, gold.Floats(t, "r1_loss"), 1e-5)
		checkGrads(t, gold, "r1_grad/", step)
		checkU(t, gold, "r1_u/", dev, nets.Discs[0].Disc)
	})
}

// TestFreeze: a frozen parameter's gradient is not computed, the others do not
// change, and the same stage compiles for another choice.
func TestFreeze(t *testing.T) {
	gold, nets := load(t, "gdd_cond")
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	s, err := gdd.NewGenStage(nets, gdd.NonSaturating, batch)
	if err != nil {
		t.Fatal(err)
	}
	frozen, err := nn.FreezePreset(nets.Gen.Net.Params().Names(), "gdd-i")
	if err != nil {
		t.Fatal(err)
	}
	step := compile(t, &s.Stage, dev, func(name string) bool { return !slices.Contains(frozen, name) })
	var names []string
	for _, p := range step.Params {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, gold.TrainablePreset1) {
		t.Errorf("trains %v, want %v", names, gold.TrainablePreset1)
	}
	whole := compile(t, &s.Stage, dev, nil)
	if a, b := step.Program.Memory().Operations, whole.Program.Memory().Operations; a >= b {
		t.Errorf("%d operations with frozen layers, %d without", a, b)
	}
	s.Set(gold.Images(t, "z_g"), labels(t, gold))
	step.Program.Run()
	checkGrads(t, gold, "g_grad/model.", step)
	if none := compile(t, &s.Stage, dev, func(string) bool { return false }); len(none.Grads) != 0 {
		t.Errorf("all frozen: %d gradients", len(none.Grads))
	}
}

// TestHinge holds the hinge losses against their definition on the logits.
func TestHinge(t *testing.T) {
	gold, nets := load(t, "gdd_uncond")
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	mean := func(logits []float32, f func(float64) float64) float32 {
		sum := 0.0
		for _, l := range logits {
			sum += f(float64(l))
		}
		return float32(sum / float64(nets.Discs[0].Disc.Config.Logits()))
	}
	gen, err := gdd.NewGenStage(nets, gdd.Hinge, batch)
	if err != nil {
		t.Fatal(err)
	}
	step := compile(t, &gen.Stage, dev, nil)
	gen.Set(gold.Images(t, "z_g"), nil)
	step.Program.Run()
	want := mean(step.Program.Value(gen.Logits[0]), func(l float64) float64 { return -l })
	nettest.Near(t, "generator", step.Program.Value(gen.Loss), []float32{want}, 1e-5)

	dis, err := gdd.NewDiscStage(nets, gdd.Hinge, fakes(t, gold))
	if err != nil {
		t.Fatal(err)
	}
	step = compile(t, &dis.Stage, dev, nil)
	dis.Set(gold.Images(t, "real"), nil)
	step.Program.Run()
	want = mean(step.Program.Value(dis.FakeLogits[0]), func(l float64) float64 { return max(0, 1+l) }) +
		mean(step.Program.Value(dis.RealLogits[0]), func(l float64) float64 { return max(0, 1-l) })
	nettest.Near(t, "discriminator", step.Program.Value(dis.Loss), []float32{want}, 1e-5)
}

// TestThreads: gradients are the same to the bit for one thread and for two.
func TestThreads(t *testing.T) {
	gold, nets := load(t, "gdd_cond")
	start := nets.Discs[0].Disc.Buffers.Clone()
	var results [2][][]float32
	for i := range results {
		if err := nets.Discs[0].Disc.Buffers.CopyFrom(start); err != nil {
			t.Fatal(err)
		}
		dev := cpu.New(i + 1)
		defer dev.Close()
		s, err := gdd.NewR1Stage(nets, batch)
		if err != nil {
			t.Fatal(err)
		}
		step := compile(t, &s.Stage, dev, nil)
		s.Set(gold.Images(t, "real"), labels(t, gold), 1)
		step.Program.Run()
		for _, n := range step.Grads {
			results[i] = append(results[i], step.Program.Value(n))
		}
	}
	for i := range results[0] {
		if !slices.Equal(results[0][i], results[1][i]) {
			t.Errorf("gradient %d differs between one thread and two", i)
		}
	}
}

func TestChecks(t *testing.T) {
	_, nets := load(t, "gdd_cond")
	_, other := load(t, "gdd_uncond")
	for _, c := range []struct {
		nets gdd.Nets
		loss gdd.Loss
		want string
	}{
		{nets, "wgan", `gdd: loss: got "wgan", want ns | hinge`},
		{gdd.Nets{Gen: other.Gen, Discs: []gdd.Disc{{Proj: nets.Discs[0].Proj, Disc: nets.Discs[0].Disc}}}, gdd.Hinge, "gdd: feature network takes 3 channels, want the generator's 1"},
		{gdd.Nets{Gen: other.Gen, Discs: []gdd.Disc{{Proj: other.Discs[0].Proj, Disc: nets.Discs[0].Disc}}}, gdd.Hinge, "gdd: discriminator has 4 classes, want 0 or the generator's 0"},
	} {
		if _, err := gdd.NewGenStage(c.nets, c.loss, batch); err == nil || err.Error() != c.want {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	cfg := nets.Discs[0].Disc.Config
	cfg.Channels = []int{4, 4}
	cfg.Sizes, cfg.Nominal = []int{16, 8}, nil
	d, err := disc.New(cfg, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gdd.NewR1Stage(gdd.Nets{Gen: nets.Gen, Discs: []gdd.Disc{{Proj: nets.Discs[0].Proj, Disc: d}}}, batch); err == nil {
		t.Error("accepted two heads for three maps")
	}

	s, err := gdd.NewR1Stage(nets, batch)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Error("accepted a batch of the wrong size")
		}
	}()
	s.Set(make([]float32, 3), nil, 1)
}

// TestTwoDiscriminators trains against two, over feature networks of different
// depths and on images of different sizes, and holds the gradients against those of
// each alone: the generator's is their weighted sum, each discriminator's its own,
// and what R1 penalises is the gradient of the sum. The sums are rounded in another
// order.
func TestTwoDiscriminators(t *testing.T) {
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	gold, nets := load(t, "gdd_cond")
	rng := rand.New(rand.NewPCG(1, 2))
	feat, err := features.New(features.Config{Channels: gold.Config.Channels, Widths: []int{5, 7}, Classes: 3}, rng)
	if err != nil {
		t.Fatal(err)
	}
	proj, err := disc.NewProjector(disc.ProjectorConfig{InSize: 12, CMix: 3, Expand: true, Mean: []float32{0.4}, Std: []float32{0.3}}, feat, rng)
	if err != nil {
		t.Fatal(err)
	}
	heads, err := disc.New(disc.NewConfig(proj, 6, gold.Config.LabelDim), rng)
	if err != nil {
		t.Fatal(err)
	}
	nets.Discs = append(nets.Discs, gdd.Disc{Name: "disc1", Proj: proj, Disc: heads})
	starts := []*models.ParamSet{nets.Discs[0].Disc.Buffers.Clone(), heads.Buffers.Clone()}
	z, real := gold.Images(t, "z_g"), gold.Images(t, "real")
	lab := labels(t, gold)

	// all runs a stage over some of the discriminators and returns every output and
	// gradient.
	all := func(s *gdd.Stage) map[string][]float32 {
		for k, d := range nets.Discs {
			if err := errors.Join(d.Disc.Buffers.CopyFrom(starts[k]), dev.Upload(d.Disc.Buffers.All()...)); err != nil {
				t.Fatal(err)
			}
		}
		step := compile(t, s, dev, nil)
		if err := step.Program.Run(); err != nil {
			t.Fatal(err)
		}
		got := map[string][]float32{}
		for i, p := range step.Params {
			name := p.Name
			if heads.Params.Get(name) == p {
				name = "disc1." + name
			}
			got[name] = slices.Clone(step.Program.Value(step.Grads[i]))
		}
		for i, n := range s.Outputs {
			got[fmt.Sprint("output ", i)] = slices.Clone(step.Program.Value(n))
		}
		return got
	}
	of := func(discs ...gdd.Disc) gdd.Nets { return gdd.Nets{Gen: nets.Gen, Discs: discs} }
	gen := func(n gdd.Nets, weights ...float64) map[string][]float32 {
		s, err := gdd.NewGenStage(n, gdd.NonSaturating, batch)
		if err != nil {
			t.Fatal(err)
		}
		s.Set(z, lab)
		s.Weigh(weights)
		return all(&s.Stage)
	}
	both, first, second := gen(nets, 1.5, 0.25), gen(of(nets.Discs[0]), 1), gen(of(nets.Discs[1]), 1)
	for _, p := range nets.Gen.Net.Params().All() {
		want := make([]float32, len(p.Data))
		for i := range want {
			want[i] = 1.5*first[p.Name][i] + 0.25*second[p.Name][i]
		}
		// The logits' gradients are added before the generator, not behind it, and each way
		// is rounded: 1.3e-5 apart with AVX-512's order of sums, less with others.
		nettest.Near(t, "generator: "+p.Name, both[p.Name], want, 3e-5)
	}

	judge := func(n gdd.Nets) map[string][]float32 {
		made := fakes(t, gold)
		copy(made.Data, z)
		s, err := gdd.NewDiscStage(n, gdd.NonSaturating, made)
		if err != nil {
			t.Fatal(err)
		}
		s.Set(real, lab)
		return all(&s.Stage)
	}
	both, first, second = judge(nets), judge(of(nets.Discs[0])), judge(of(nets.Discs[1]))
	for _, alone := range []map[string][]float32{first, second} {
		for name, want := range alone {
			if !strings.HasPrefix(name, "output") && !slices.Equal(both[name], want) {
				t.Errorf("discriminator: gradient of %s is not what it is alone", name)
			}
		}
	}

	penalty := func(n gdd.Nets, shares ...float64) map[string][]float32 {
		s, err := gdd.NewR1Stage(n, batch)
		if err != nil {
			t.Fatal(err)
		}
		s.Set(real, lab, 1)
		s.Share(shares)
		return all(&s.Stage)
	}
	both, first, second = penalty(nets, 1, 0.5), penalty(of(nets.Discs[0]), 1), penalty(of(nets.Discs[1]), 1)
	const inner = "output 1"
	want := make([]float32, len(first[inner]))
	square := 0.0
	for i := range want {
		want[i] = first[inner][i] + 0.5*second[inner][i]
		square += float64(want[i]) * float64(want[i])
	}
	nettest.Near(t, "R1: inner gradient", both[inner], want, 1e-5)
	nettest.Near(t, "R1: penalty", both["output 0"], []float32{float32(square / batch)}, 1e-5)
	if slices.Equal(both["heads.0.cls.weight_orig"], first["heads.0.cls.weight_orig"]) {
		t.Error("R1: the gradient of a discriminator does not depend on the other")
	}
	alone := penalty(nets, 1, 0)
	nettest.Near(t, "R1: without the second", alone["heads.0.cls.weight_orig"], first["heads.0.cls.weight_orig"], 1e-5)
}
