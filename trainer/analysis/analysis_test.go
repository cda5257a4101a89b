package analysis_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/models/adm"
	"innate/models/checkpoint"
	"innate/models/device/devicetest"
	"innate/models/nettest"
	"innate/models/precond"
	"innate/models/unet"
	"innate/trainer/analysis"
	"innate/trainer/data"
	"innate/trainer/figures"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// golden is what testdata/golden.py has computed of one network.
type golden struct {
	Blocks      []string
	Raw         figures.Numbers
	Selectivity figures.Numbers
	Real, One   figures.Numbers
	Bands       []figures.Numbers
	Share, Turn, Modulation, Ablation,
	Denoised, Low []figures.Numbers
	ModulationTurn []figures.Numbers `json:"modulation_turn"`
}

func readGolden(t *testing.T) map[string]golden {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	check(t, err)
	var g map[string]golden
	check(t, json.Unmarshal(b, &g))
	return g
}

// network is one of models/nettest with the values that its names say.
func network(t *testing.T, name string, kind precond.Kind) *analysis.Network {
	t.Helper()
	nets := nettest.LoadNets(t, "../../models/nettest/testdata")
	var net precond.Net
	if strings.HasPrefix(name, "adm") {
		var cfg adm.Config
		nets.Config(t, name, &cfg)
		n, err := adm.New(cfg, nil)
		check(t, err)
		net = n
	} else {
		var cfg unet.Config
		nets.Config(t, name, &cfg)
		n, err := unet.New(cfg, nil)
		check(t, err)
		net = n
	}
	nettest.FillValues(net)
	den := &precond.Denoiser{Net: net, Kind: kind}
	return &analysis.Network{Name: name, Den: den, Weights: net.Params().Fingerprint()}
}

const goldenImages = 3

// setup has the images, labels and noise of golden.py.
func setup(t *testing.T, threads int, shape precond.Shape) analysis.Setup {
	t.Helper()
	dev := devicetest.Open(t, threads)
	t.Cleanup(dev.Close)
	side, c := shape.Resolution, shape.Channels
	bytes := make([]byte, goldenImages*shape.Image().Size())
	for i, v := range nettest.Images("y", goldenImages, side, c) {
		bytes[i] = byte(v*64 + 128)
	}
	var labels []int
	for i := range goldenImages {
		if shape.LabelDim > 0 {
			labels = append(labels, (2*i+1)%shape.LabelDim)
		}
	}
	set, err := data.NewMemory("golden", bytes, side, side, c, labels, shape.LabelDim)
	check(t, err)
	s := analysis.Setup{Dev: dev, N: goldenImages, Images: set, Report: func(done, total int) {}}
	s.WithNoise(nettest.Images("z", goldenImages, side, c))
	return s
}

// near compares maps; scale is what a difference of tolerance counts against.
func near(t *testing.T, what string, got, want []figures.Numbers, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", what, len(got), len(want))
	}
	for i := range got {
		nearRow(t, what, got[i], want[i], tolerance)
	}
}

func nearRow(t *testing.T, what string, got, want figures.Numbers, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.IsNaN(want[i]) != math.IsNaN(got[i]) || math.Abs(got[i]-want[i]) > tolerance*max(1, math.Abs(want[i])) {
			t.Errorf("%s: value %d: %v, want %v", what, i, got[i], want[i])
			return
		}
	}
}

func mapOf(t *testing.T, r *figures.Report, name string) []figures.Numbers {
	t.Helper()
	for _, m := range r.Maps {
		if m.Name == name {
			return m.Values
		}
	}
	t.Fatalf("no map %q", name)
	return nil
}

// column is a column of a table.
func column(t *testing.T, r *figures.Report, table, head string) (values figures.Numbers) {
	t.Helper()
	for _, tab := range r.Tables {
		if at := slices.Index(tab.Heads, head); tab.Name == table && at >= 0 {
			for _, row := range tab.Rows {
				values = append(values, row.Values[at])
			}
			return values
		}
	}
	t.Fatalf("no column %q of %q", head, table)
	return nil
}

var goldenNets = map[string]precond.Kind{"residual_standard": precond.EDM, "adm_cond": precond.GDD}

// TestGolden holds what is measured of two networks, one with blocks that are
// modulated by a shift and one by scale and shift, against PyTorch and NumPy in
// float64. Networks compute in float32, whose 6e-8 their some thirty layers make 1e-5.
func TestGolden(t *testing.T) {
	gold := readGolden(t)
	for name, kind := range goldenNets {
		t.Run(name, func(t *testing.T) {
			net, want := network(t, name, kind), gold[name]
			s := setup(t, 2, net.Den.Net.Shape())
			r, err := analysis.Layers(context.Background(), s, net, analysis.Look{Ablation: kind == precond.EDM}) // once is enough
			check(t, err)
			if got := r.Maps[0].Rows; !slices.Equal(got, want.Blocks) {
				t.Fatalf("blocks %v, want %v", got, want.Blocks)
			}
			const tolerance = 3e-5
			nearRow(t, "largest share", column(t, r, "blocks", "largest share"), want.Raw, tolerance)
			nearRow(t, "selectivity", column(t, r, "blocks", "selectivity"), want.Selectivity, tolerance)
			near(t, "share", mapOf(t, r, "share"), want.Share, tolerance)
			near(t, "turn", mapOf(t, r, "turn"), want.Turn, tolerance)
			near(t, "modulation", mapOf(t, r, "modulation"), want.Modulation, tolerance)
			near(t, "turn of modulation", mapOf(t, r, "modulation-turn"), want.ModulationTurn, tolerance)
			if kind == precond.EDM {
				near(t, "ablation", mapOf(t, r, "ablation"), want.Ablation, tolerance)
			}

			r, err = analysis.Spectra(context.Background(), s, net, net)
			check(t, err)
			near(t, "denoised", mapOf(t, r, "denoised"), want.Denoised, 1e-3) // dB
			near(t, "low band of blocks", mapOf(t, r, "blocks-low"), want.Low, tolerance)
			for i, line := range [][]float64{want.Real, want.One, want.One} {
				db := make(figures.Numbers, len(line))
				for k, v := range line {
					db[k] = 10 * math.Log10(v)
				}
				nearRow(t, r.Charts[0].Lines[i].Name, r.Charts[0].Lines[i].Y, db, 1e-3)
			}
			bands := slices.Insert(slices.Clone(want.Bands), 1, want.Bands[1]) // one step before, by the same network
			for i, head := range []string{"low", "mid", "high"} {
				var energies figures.Numbers
				for _, b := range bands {
					energies = append(energies, b[i])
				}
				nearRow(t, head, column(t, r, "bands", head), energies, tolerance)
			}
		})
	}
}

// TestThreads: no bit of a report depends on the number of threads.
func TestThreads(t *testing.T) {
	net := network(t, "residual_standard", precond.EDM)
	of := func(threads int) string {
		s := setup(t, threads, net.Den.Net.Shape())
		layers, err := analysis.Layers(context.Background(), s, net, analysis.Look{Noise: true, Ablation: true})
		check(t, err)
		spectra, err := analysis.Spectra(context.Background(), s, net, nil)
		check(t, err)
		b, err := json.Marshal([]*figures.Report{layers, spectra})
		check(t, err)
		return string(b)
	}
	if a, b := of(1), of(3); a != b {
		t.Error("reports of 1 and of 3 threads differ")
	}
}

// TestWeights holds the split of a change against a case that can be done by hand, and
// its identity on a whole network.
func TestWeights(t *testing.T) {
	before, after := network(t, "residual_standard", precond.EDM), network(t, "residual_standard", precond.GDD)
	params := after.Den.Net.Params().All()
	for i := range params[0].Data {
		params[0].Data[i] *= 2 // a change of length alone
	}
	bias := after.Den.Net.Params().Get("map_layer0.bias").Data
	bias[0], bias[1] = -bias[1], bias[0]
	changes, err := analysis.Compare(before.Den.Net, after.Den.Net)
	check(t, err)
	if c := changes[0]; math.Abs(c.Norm-c.Before) > 1e-12*c.Before || c.Direction > 1e-12 || c.Angle() > 1e-6 || math.Abs(c.FilterNorm-1) > 1e-12 {
		t.Errorf("doubled: %+v", c)
	}
	for _, c := range changes {
		if math.Abs(c.Direction+c.Norm-c.Whole) > 1e-12*max(1, c.Whole) {
			t.Errorf("%s: parts %v and %v of %v", c.Layer.Name, c.Direction, c.Norm, c.Whole)
		}
		a, b := before.Den.Net.Params().Get(c.Layer.Name).Data, after.Den.Net.Params().Get(c.Layer.Name).Data
		dot := 0.0
		for i := range a {
			dot += float64(a[i]) * float64(b[i])
		}
		if want := math.Acos(min(1, dot/math.Sqrt(c.Before*c.After))); math.Abs(c.Angle()-want) > 1e-6 {
			t.Errorf("%s: angle %v, want %v", c.Layer.Name, c.Angle(), want)
		}
	}
	r, err := analysis.Weights(analysis.Pair{After: after, Before: before}, analysis.Pair{After: before, Before: before})
	check(t, err)
	check(t, r.Validate())
	second := column(t, r, "tensors", "distance 2")
	if slices.Max(second) != 0 {
		t.Errorf("a network against itself: %v", second)
	}
}

// TestUnhappy: what does not fit together, is damaged, or is interrupted.
func TestUnhappy(t *testing.T) {
	net, other := network(t, "residual_standard", precond.EDM), network(t, "standard_skip", precond.EDM)
	_, err := analysis.Weights(analysis.Pair{After: net, Before: other})
	if err == nil || !strings.Contains(err.Error(), "want two networks of one architecture") && !strings.Contains(err.Error(), "want [") {
		t.Errorf("another architecture: %v", err)
	}
	s := setup(t, 1, net.Den.Net.Shape())
	ctx, cancel := context.WithCancel(context.Background())
	s.Report = func(done, total int) {
		if done == 2 {
			cancel()
		}
	}
	if _, err := analysis.Layers(ctx, s, net, analysis.Look{}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	s.N = 4
	if _, err := analysis.Layers(context.Background(), s, net, analysis.Look{}); err == nil || !strings.Contains(err.Error(), "4 images, want at most the 3") {
		t.Errorf("too many images: %v", err)
	}
	s.Images, err = data.NewMemory("small", make([]byte, 16), 4, 4, 1, nil, 0)
	check(t, err)
	if _, err := analysis.Spectra(context.Background(), s, net, nil); err == nil || !strings.Contains(err.Error(), "images of small: 4x4x1") {
		t.Errorf("images of another size: %v", err)
	}

	f := checkpoint.New()
	net.Den.Net.Params().All()[3].Data[0] = float32(math.NaN())
	check(t, net.Den.AddTo(f, ""))
	if _, err := analysis.Open("x", f); err == nil {
		t.Error("a network with NaN was opened")
	}
	if _, err := analysis.Open("x", checkpoint.New()); err == nil {
		t.Error("an empty file was opened")
	}
}
