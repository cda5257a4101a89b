package method_test

import (
	"math"
	"strings"
	"testing"

	"innate/configs"
	"innate/models"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/precond"
	"innate/trainer/method"
)

// TestGoldenIterations runs four iterations of GDD-I from stored networks on
// stored noise and images: losses, stage order, freezing, both optimizers, the
// lazy correction and R1's interval must all agree with the PyTorch reference.
// A difference in any of them shows in the losses of the next iteration. The
// bound of 1e-4 is a hundred times the reference's own float32 error, and
// smaller than the effect of leaving out any one correction.
func TestGoldenIterations(t *testing.T) {
	for _, name := range []string{"gdd_uncond", "gdd_cond"} {
		t.Run(name, func(t *testing.T) { goldenIterations(t, name) })
	}
}

func goldenIterations(t *testing.T, name string) {
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	graphtest.EachImpl(t, func(t *testing.T) {
		gold, nets := goldenNets(t, name)
		const batch, iterations, interval = 4, 4, 2
		cfg := gold.Config
		values := batch * cfg.Resolution * cfg.Resolution * cfg.Channels
		z, real := gold.Images(t, "run_z"), gold.Images(t, "run_real")
		var genZ, discZ, reals [][]float32
		for i := range iterations {
			genZ = append(genZ, z[2*i*values:(2*i+1)*values])
			discZ = append(discZ, z[(2*i+1)*values:(2*i+2)*values])
			reals = append(reals, real[i*values:(i+1)*values])
		}
		var labels []float32 // the same in every iteration
		if cfg.LabelDim > 0 {
			labels = gold.Floats(t, "label")
		}
		got, err := method.Distill(dev, nets, batch, "gdd-i", configs.Live{
			GenLR: 2e-3, DiscLR: 1e-3, Beta2: 0.99, R1Gamma: 0.02, R1Interval: interval,
		}, genZ, discZ, reals, labels)
		if err != nil {
			t.Fatal(err)
		}
		want := gold.Floats(t, "run_losses") // [4 3], batch sums; R1 once, NaN elsewhere
		for i, losses := range got {
			for k, name := range []string{"loss/gen", "loss/disc", "loss/r1"} {
				w := float64(want[3*i+k])
				if k < 2 {
					w /= batch
				}
				v, ran := losses[name]
				if ran == math.IsNaN(w) {
					t.Errorf("iteration %d: %s ran: %v, want %v", i, name, ran, !math.IsNaN(w))
				}
				if ran && math.Abs(v-w) > 1e-4 {
					t.Errorf("iteration %d: %s %.6f, want %.6f", i, name, v, w)
				}
			}
		}
	})
}

// goldenNets builds the networks that the stored iterations start from.
func goldenNets(t *testing.T, name string) (*nettest.Golden, gdd.Nets) {
	t.Helper()
	gold := nettest.Load(t, "../../models/gdd/testdata/"+name)
	cnn, err := features.New(features.Config{Channels: gold.Config.Channels, Widths: []int{4, 6, 8}, Classes: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	stages := models.NewParamSet() // the classifier's head is not stored
	for _, p := range cnn.Params.All() {
		if !strings.HasPrefix(p.Name, "head.") {
			stages.Add(p)
		}
	}
	gold.Fill(t, "proj/net.", stages)
	proj, err := disc.NewProjector(disc.ProjectorConfig{
		InSize: 16, CMix: 4, Expand: true, Mean: gold.Floats(t, "proj/mean"), Std: gold.Floats(t, "proj/std"),
	}, cnn, nil)
	if err != nil {
		t.Fatal(err)
	}
	gold.Fill(t, "proj/", proj.Mix)
	heads := disc.NewConfig(proj, 8, gold.Config.LabelDim)
	heads.CMap, heads.EmbedDim = 6, 10
	d, err := disc.New(heads, nil)
	if err != nil {
		t.Fatal(err)
	}
	gold.Fill(t, "disc/", d.Params)
	gold.Fill(t, "disc/", d.Buffers)
	gen := &precond.Denoiser{Net: gold.Net(t, "gen/model.", "gen_buffer/model."), Kind: precond.GDD}
	return gold, gdd.Nets{Gen: gen, Discs: []gdd.Disc{{Proj: proj, Disc: d}}}
}
