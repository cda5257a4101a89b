package precond_test

import (
	"math"
	"slices"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/precond"
)

var goldens = []string{"ddpmpp_uncond", "ddpmpp_cond", "ncsnpp_uncond", "ncsnpp_cond"}

func load(t *testing.T, name string) *nettest.Golden {
	t.Helper()
	return nettest.Load(t, "../unet/testdata/"+name)
}

func sampler(t *testing.T, gold *nettest.Golden, kind precond.Kind, batch int) *precond.Sampler {
	t.Helper()
	dev := devicetest.Open(t, 2)
	t.Cleanup(dev.Close)
	den := &precond.Denoiser{Net: gold.Net(t, "param/model.", "buffer/model."), Kind: kind}
	s, err := precond.NewSampler(dev, den, batch)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// labels returns the one-hot labels of the first n samples, nil without classes.
func labels(t *testing.T, gold *nettest.Golden, n int) []float32 {
	t.Helper()
	if gold.Config.LabelDim == 0 {
		return nil
	}
	return gold.Floats(t, "label")[:n*gold.Config.LabelDim]
}

// TestGoldenDenoiser compares both preconditionings at five noise levels.
func TestGoldenDenoiser(t *testing.T) {
	for _, name := range goldens {
		gold := load(t, name)
		x, two := gold.Images(t, "den_x"), labels(t, gold, 2)
		graphtest.EachImpl(t, func(t *testing.T) {
			for _, kind := range []precond.Kind{precond.EDM, precond.GDD} {
				s := sampler(t, gold, kind, 2)
				got := denoiseAll(t, gold, s, x, two)
				nettest.Near(t, name+" "+string(kind), got, gold.Images(t, "den_"+string(kind)), 1e-5)
				if kind == precond.GDD {
					n := 2 * s.Pixels() // at sigma = SigmaMin the denoiser is the identity
					nettest.Near(t, name+" boundary", got[:n], x[:n], 1e-6)
				}
				if kind == precond.EDM && two != nil {
					nettest.Near(t, name+" no label", denoiseAll(t, gold, s, x, nil), gold.Images(t, "den_edm_nolabel"), 1e-5)
				}
			}
		})
	}
}

func denoiseAll(t *testing.T, gold *nettest.Golden, s *precond.Sampler, x, labels []float32) []float32 {
	t.Helper()
	out := make([]float32, len(x))
	n := 2 * s.Pixels()
	for i, sigma := range gold.Floats(t, "sigmas") {
		s.Denoise(x[i*n:(i+1)*n], float64(sigma), labels, out[i*n:(i+1)*n])
	}
	return out
}

func TestGoldenHeun(t *testing.T) {
	for _, name := range goldens {
		gold := load(t, name)
		for i, want := range gold.Arrays["heun_t"].Data {
			if got := precond.SigmaGrid(5)[i]; math.Abs(got-want) > 1e-12*want {
				t.Errorf("%s: sigma %d is %v, want %v", name, i, got, want)
			}
		}
		graphtest.EachImpl(t, func(t *testing.T) {
			s := sampler(t, gold, precond.EDM, 2)
			z := gold.Images(t, "heun_z")
			out := make([]float32, len(z))
			s.Heun(z, 5, labels(t, gold, 2), out)
			nettest.Near(t, name, out, gold.Images(t, "heun_out"), 5e-5)
		})
	}
}

// TestGoldenTraining compares EDM's loss and its gradient for every parameter.
func TestGoldenTraining(t *testing.T) {
	for _, name := range goldens {
		gold := load(t, name)
		graphtest.EachImpl(t, func(t *testing.T) {
			den := &precond.Denoiser{Net: gold.Net(t, "param/model.", "buffer/model."), Kind: precond.EDM}
			var tr *precond.Training
			var gradErr error
			g, err := graph.Build(func(g *graph.Builder) { tr, gradErr = precond.NewTraining(g, den, 3, nil) })
			if err != nil || gradErr != nil {
				t.Fatal(err, gradErr)
			}
			copy(g.Data(tr.Images), gold.Images(t, "loss_y"))
			copy(g.Data(tr.Noise), gold.Images(t, "loss_noise"))
			if !tr.Label.IsZero() {
				copy(g.Data(tr.Label), gold.Floats(t, "label"))
			}
			if !tr.Augment.IsZero() {
				copy(g.Data(tr.Augment), gold.Floats(t, "augment"))
			}
			var sigma []float64
			for _, eta := range gold.Floats(t, "loss_eta") {
				sigma = append(sigma, den.Kind.TrainSigma(float64(eta)))
			}
			tr.SetLevels(sigma)
			dev := devicetest.Open(t, 2)
			defer dev.Close()
			m, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{tr.Loss, tr.Elem}, tr.Grads...)})
			if err != nil {
				t.Fatal(err)
			}
			m.Run()
			nettest.Near(t, name+" elements", m.Value(tr.Elem), gold.Images(t, "loss_elem"), 1e-5)
			nettest.Near(t, name+" loss", m.Value(tr.Loss), gold.Floats(t, "loss_value"), 1e-5)
			for i, p := range tr.Params {
				nettest.Near(t, name+" gradient of "+p.Name, m.Value(tr.Grads[i]), gold.Floats(t, "grad/model."+p.Name), 1e-4)
			}
		})
	}
}

// TestSamplerBatches: the result does not depend on how images are batched, and
// one Heun step is the one-step generator.
func TestSamplerBatches(t *testing.T) {
	gold := load(t, "ddpmpp_cond")
	z := gold.Images(t, "den_x")[:5*3*16*16]
	labels := make([]float32, 5*5)
	for i := range 5 {
		labels[i*5+(3*i)%5] = 1
	}
	run := func(batch int, f func(s *precond.Sampler, out []float32)) []float32 {
		out := make([]float32, len(z))
		f(sampler(t, gold, precond.GDD, batch), out)
		return out
	}
	one := func(s *precond.Sampler, out []float32) { s.OneStep(z, labels, out) }
	whole := run(5, one)
	if parts := run(2, one); !slices.Equal(whole, parts) {
		nettest.Near(t, "batches of 2 and of 5", parts, whole, 1e-5)
	}
	nettest.Near(t, "one Heun step", run(3, func(s *precond.Sampler, out []float32) { s.Heun(z, 1, labels, out) }), whole, 1e-5)

	// A batch remembers nothing of the labels before it.
	s := sampler(t, gold, precond.GDD, 5)
	first, again := make([]float32, len(z)), make([]float32, len(z))
	s.OneStep(z, nil, first)
	s.OneStep(z, labels, again)
	if slices.Equal(first, again) {
		t.Error("labels changed nothing")
	}
	s.OneStep(z, nil, again)
	if !slices.Equal(first, again) {
		t.Error("old labels were used")
	}
}

func TestSamplerAllocates(t *testing.T) {
	gold := load(t, "ddpmpp_uncond")
	s := sampler(t, gold, precond.EDM, 2)
	z := gold.Images(t, "heun_z")
	out := make([]float32, len(z))
	if n := testing.AllocsPerRun(3, func() { s.OneStep(z, nil, out) }); n > 4 {
		t.Errorf("OneStep allocates %v times", n)
	}
}

func TestCoef(t *testing.T) {
	near := func(label string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("%s: %.12g, want %.12g", label, got, want)
		}
	}
	edm, gdd := precond.EDM.Coef(80), precond.GDD.Coef(80)
	near("edm cSkip", edm.CSkip, 3.906097418e-5)
	near("gdd cSkip", gdd.CSkip, 3.906292723e-5)
	near("edm cOut", edm.COut, 0.499990235)
	near("gdd cOut", gdd.COut, 0.499977735)
	near("cIn", gdd.CIn, 0.01249975587)
	near("cNoise", gdd.CNoise, 1.095506659)
	if c := precond.GDD.Coef(precond.SigmaMin); c.CSkip != 1 || c.COut != 0 {
		t.Errorf("at the boundary %+v, want the identity", c)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown kind was accepted")
		}
	}()
	precond.Kind("ddim").Coef(1)
}

// TestKinds holds the coefficients and ranges against values of the papers.
func TestKinds(t *testing.T) {
	near := func(label string, got, want, tol float64) {
		t.Helper()
		if !(math.Abs(got-want) <= tol*math.Abs(want)) {
			t.Errorf("%s: %.9g, want %.9g", label, got, want)
		}
	}
	lo, hi := precond.VP.Range()
	near("vp smallest", lo, 1.0005e-3, 1e-4)
	near("vp largest", hi, 152.167, 1e-5)
	near("vp at its largest", precond.VP.Coef(hi).CNoise, 999, 1e-9)
	near("vp at its smallest", precond.VP.Coef(lo).CNoise, 999e-5, 1e-6)
	near("vp cIn", precond.VP.Coef(2).CIn, 1/math.Sqrt(5), 1e-12)
	lo, hi = precond.IDDPM.Range()
	near("iddpm smallest", lo, 6.4254e-3, 1e-4)
	near("iddpm largest", hi, 20291.17, 1e-6)
	if c := precond.IDDPM.Coef(hi); c.CNoise != 999 || c.COut != -hi || c.CSkip != 1 {
		t.Errorf("iddpm at its largest: %+v", c)
	}
	if c := precond.IDDPM.Coef(lo); c.CNoise != 0 {
		t.Errorf("iddpm at its smallest: %+v", c)
	}
	for _, sigma := range []float64{lo / 3, lo, 0.5, 80, 2 * hi} {
		r := precond.IDDPM.Round(sigma)
		if again := precond.IDDPM.Round(r); again != r || r < 0 || r > hi {
			t.Errorf("iddpm: %v rounds to %v, and that to %v", sigma, r, again)
		}
	}
	ve := precond.VE.Coef(3)
	if ve != (precond.Coef{CSkip: 1, COut: 3, CIn: 1, CNoise: math.Log(1.5)}) {
		t.Errorf("ve: %+v", ve)
	}
}

func TestSigmaGrid(t *testing.T) {
	grid := precond.SigmaGrid(18)
	want := []float64{80, 57.585985, 40.785574, 28.374585, 19.352453, 12.910082, 8.400935, 5.315195, 3.256822,
		1.923340, 1.088171, 0.585348, 0.296442, 0.139516, 0.059947, 0.022935, 0.007528, 0.002, 0}
	if len(grid) != len(want) {
		t.Fatalf("%d levels, want %d", len(grid), len(want))
	}
	for i := range want {
		if math.Abs(grid[i]-want[i]) > 6e-7 {
			t.Errorf("level %d: %v, want %v", i, grid[i], want[i])
		}
	}
	if one := precond.SigmaGrid(1); !slices.Equal(one, []float64{80, 0}) {
		t.Errorf("one step: %v", one)
	}
}
