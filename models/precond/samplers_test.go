package precond_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/precond"
	"innate/models/unet"
)

// tiny is a sampler over the network of the goldens, which gives two channels, of
// which an image has one; batches of one image.
func tiny(t *testing.T, nets *nettest.Nets, kind precond.Kind) *precond.Sampler {
	t.Helper()
	var cfg unet.Config
	if err := json.Unmarshal(nets.Tiny, &cfg); err != nil {
		t.Fatal(err)
	}
	net, err := unet.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	nettest.FillValues(net)
	dev := devicetest.Open(t, 1)
	t.Cleanup(dev.Close)
	s, err := precond.NewSampler(dev, &precond.Denoiser{Net: net, Kind: kind}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawn is the noise of the goldens: that of both images in one array.
func drawn(first, step int, dst []float32) {
	const pixels = 16
	copy(dst, nettest.Values(fmt.Sprintf("noise/%d", step), 2*pixels, 1)[first*pixels:])
}

// TestGoldenSamplers holds every preconditioning under every sampler against
// PyTorch, on the same latents and the same noise.
func TestGoldenSamplers(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	z, label := nettest.Values("z", 32, 1), nettest.OneHot(2, 2)
	churn := precond.Churn{Amount: 4, Min: 0.05, Max: 50, Noise: 1.003, Draw: drawn}
	for _, kind := range precond.Kinds() {
		s := tiny(t, nets, kind)
		out := make([]float32, len(z))
		check := func(name string, err error, tol float64) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			nettest.Near(t, name, out, nets.Floats(t, name), tol)
		}
		check("heun/"+string(kind), s.Heun(z, 4, label, out), 1e-4)
		if kind == precond.EDM || kind == precond.IDDPM {
			check("churned/"+string(kind), s.HeunChurn(z, 5, churn, label, out), 1e-4)
		}
		if kind == precond.GDD || kind == precond.VE {
			continue
		}
		for i, how := range nets.Ablations {
			a := precond.Ablation{
				Steps: 4, Solver: how[0].(string), Discretization: how[1].(string), Schedule: how[2].(string), Scaling: how[3].(string), Alpha: 1,
				Churn: precond.Churn{Amount: how[4].(float64), Noise: 1, Draw: drawn},
			}
			check(fmt.Sprintf("ablation%d/%s", i, kind), s.Ablate(z, a, label, out), 2e-4)
		}
	}
	s := tiny(t, nets, precond.EDM)
	out := make([]float32, len(z))
	a := precond.Ablation{Steps: 4, Solver: "heun", Discretization: "edm", Schedule: "linear", Scaling: "none", Alpha: 0.5}
	if err := s.Ablate(z, a, label, out); err != nil {
		t.Fatal(err)
	}
	nettest.Near(t, "alpha", out, nets.Floats(t, "alpha/edm"), 1e-4)
}

// TestGoldenKinds compares what each preconditioning makes at four noise levels.
func TestGoldenKinds(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	label := nettest.OneHot(2, 2)
	graphtest.EachImpl(t, func(t *testing.T) {
		for _, kind := range precond.Kinds() {
			s := tiny(t, nets, kind)
			var got []float32
			for _, sigma := range []float64{0.03, 0.4, 5, 70} {
				x := nettest.Values("z", 32, 1)
				for i := range x {
					x[i] *= float32(math.Sqrt(sigma*sigma + 1))
				}
				out := make([]float32, len(x))
				if err := s.Denoise(x, sigma, label, out); err != nil {
					t.Fatal(err)
				}
				got = append(got, out...)
			}
			nettest.Near(t, "denoised/"+string(kind), got, nets.Floats(t, "denoised/"+string(kind)), 2e-5)
		}
	})
}

// TestGoldenLosses holds the training step under each preconditioning against
// PyTorch: noise levels, weights, errors and gradients.
func TestGoldenLosses(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	for _, kind := range []precond.Kind{precond.EDM, precond.VP, precond.VE, precond.IDDPM} {
		var cfg unet.Config
		if err := json.Unmarshal(nets.Tiny, &cfg); err != nil {
			t.Fatal(err)
		}
		net, err := unet.New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		nettest.FillValues(net)
		var tr *precond.Training
		var gradErr error
		g, err := graph.Build(func(g *graph.Builder) {
			tr, gradErr = precond.NewTraining(g, &precond.Denoiser{Net: net, Kind: kind}, 2, nil)
		})
		if err != nil || gradErr != nil {
			t.Fatal(err, gradErr)
		}
		copy(g.Data(tr.Images), nettest.Values("y", 32, 1))
		copy(g.Data(tr.Noise), nettest.Values("n", 32, 1))
		copy(g.Data(tr.Label), nettest.OneHot(2, 2))
		tr.SetLevels([]float64{kind.TrainSigma(0.125), kind.TrainSigma(0.75)})
		dev := devicetest.Open(t, 1)
		defer dev.Close()
		m, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{tr.Elem}, tr.Grads...)})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(); err != nil {
			t.Fatal(err)
		}
		name := "trained/" + string(kind)
		nettest.Near(t, name, m.Value(tr.Elem), nets.Floats(t, name), 2e-5)
		var largest []float32
		for i := range tr.Params {
			most := float32(0)
			for _, v := range m.Value(tr.Grads[i]) {
				most = max(most, max(v, -v))
			}
			largest = append(largest, most)
		}
		nettest.Near(t, name+" gradients", largest, nets.Floats(t, name+"/largest"), 1e-4)
	}
}

// TestOwn: every paper's sampler makes images with its own network; that of EDM is
// Heun's.
func TestOwn(t *testing.T) {
	nets := nettest.LoadNets(t, "../nettest/testdata")
	z, label := nettest.Values("z", 32, 1), nettest.OneHot(2, 2)
	for kind, want := range map[precond.Kind]string{
		precond.EDM: "ablation6/edm", precond.VP: "ablation0/vp", precond.VE: "", precond.IDDPM: "",
	} {
		out, own := make([]float32, len(z)), kind.Own(4)
		if err := tiny(t, nets, kind).Ablate(z, own, label, out); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if want != "" {
			nettest.Near(t, string(kind), out, nets.Floats(t, want), 2e-4)
		}
		if kind != precond.EDM && (own.Solver != "euler" || own.Discretization != string(kind)) {
			t.Errorf("%s: %+v", kind, own)
		}
	}
}

func TestAblationValidate(t *testing.T) {
	for _, c := range []struct {
		change func(*precond.Ablation)
		want   string
	}{
		{func(a *precond.Ablation) { a.Solver = "dpm" }, `precond: solver: got "dpm", want euler | heun`},
		{func(a *precond.Ablation) { a.Discretization = "" }, `precond: discretization: got "", want vp | ve | iddpm | edm`},
		{func(a *precond.Ablation) { a.Schedule = "edm" }, `precond: schedule: got "edm", want vp | ve | linear`},
		{func(a *precond.Ablation) { a.Scaling = "ve" }, `precond: scaling: got "ve", want vp | none`},
		{func(a *precond.Ablation) { a.Steps = 1 }, "precond: steps: got 1, want 2 or more"},
		{func(a *precond.Ablation) { a.Alpha = 0 }, "precond: alpha: got 0, want in (0, 1]"},
	} {
		a := precond.Ablation{Steps: 4, Solver: "heun", Discretization: "edm", Schedule: "linear", Scaling: "none", Alpha: 1}
		c.change(&a)
		if err := a.Validate(); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
