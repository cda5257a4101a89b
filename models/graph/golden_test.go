package graph_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/npz"
)

// The arrays of testdata/ops.npz were made by PyTorch 1.13 in float32 on one
// thread. Two float32 implementations of one operation differ by some last
// bits: 1e-5 of the array's largest element allows for about a hundred.
const goldenTolerance = 1e-5

// golden is one array, as [N H W C] if it has four axes.
type golden struct {
	shape []int
	data  []float32
}

// loadGolden reads the arrays; those with four axes become channels-last, but
// for weights, which keep [Co Ci K K].
func loadGolden(t *testing.T, weights ...string) map[string]golden {
	t.Helper()
	out := map[string]golden{}
	arrays, err := npz.Load("testdata/ops.npz")
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range arrays {
		out[name] = golden{a.Shape, a.Float32s()}
		if len(a.Shape) == 4 && !slices.Contains(weights, name) {
			out[name] = out[name].channelsLast()
		}
	}
	return out
}

func (a golden) channelsLast() golden {
	n, c, h, w := a.shape[0], a.shape[1], a.shape[2], a.shape[3]
	data := make([]float32, 0, len(a.data))
	for i := range n {
		for p := range h * w {
			for ch := range c {
				data = append(data, a.data[(i*c+ch)*h*w+p])
			}
		}
	}
	return golden{[]int{n, h, w, c}, data}
}

// input adds a golden array as an input of the graph.
func (a golden) input(g *graph.Builder, name string) graph.Node {
	n := g.Input(name, a.shape...)
	copy(g.Data(n), a.data)
	return n
}

// evaluate runs a graph once and returns copies of the outputs.
func evaluate(t *testing.T, g *graph.Builder, outputs ...graph.Node) [][]float32 {
	t.Helper()
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	m, err := dev.Compile(g, device.Request{Outputs: outputs})
	if err != nil {
		t.Fatal(err)
	}
	m.Run()
	values := make([][]float32, len(outputs))
	for i, n := range outputs {
		values[i] = append([]float32(nil), m.Value(n)...)
	}
	return values
}

// near compares got with want, relative to want's largest element.
func near(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if err := distance(got, want); !(err <= tolerance) {
		t.Errorf("%s: relative distance %.3g, want at most %.3g", what, err, tolerance)
	}
}

// distance is the largest difference over the largest element of want.
func distance(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var diff, size float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - float64(w))
		if math.IsNaN(d) {
			return d
		}
		diff, size = max(diff, d), max(size, math.Abs(float64(w)))
	}
	return diff / max(size, 1e-30)
}

func TestGoldenAttention(t *testing.T) {
	arrays := loadGolden(t)
	for _, opts := range [][]graph.Option{nil, {graph.TwiceDifferentiable()}} {
		t.Run(fmt.Sprintf("options=%d", len(opts)), func(t *testing.T) {
			graphtest.EachImpl(t, func(t *testing.T) {
				g := graph.NewBuilder(opts...)
				qkv := arrays["attend_qkv"].input(g, "qkv")
				out := g.Attention(qkv, 2)
				grads, err := g.Grad(g.Dot(out, arrays["attend_dout"].input(g, "dout")), qkv)
				if err != nil {
					t.Fatal(err)
				}
				got := evaluate(t, g, out, grads[0])
				near(t, "output", got[0], arrays["attend_out"].data, goldenTolerance)
				near(t, "gradient", got[1], arrays["attend_dqkv"].data, goldenTolerance)
			})
		})
	}
}

func TestGoldenResample(t *testing.T) {
	arrays := loadGolden(t, "fused_weight")
	graphtest.EachImpl(t, func(t *testing.T) {
		g := graph.NewBuilder()
		x := arrays["resample_x"].input(g, "x")
		box, tent := []int{1, 1}, []int{1, 3, 3, 1}
		conv := g.Conv(x, arrays["fused_weight"].input(g, "w"), graph.Node{}, graph.ConvOpts{Stride: 1, Pad: 2})
		want := []string{"resample_up_11", "resample_up_1331", "resample_down_11", "resample_down_1331", "fused_out"}
		got := evaluate(t, g, g.Upsample2(x, box), g.Upsample2(x, tent), g.Downsample2(x, box, 0), g.Downsample2(x, tent, 1),
			g.AddPerChannel(g.Downsample2(conv, tent, 0), arrays["fused_bias"].input(g, "b")))
		for i, name := range want {
			near(t, name, got[i], arrays[name].data, goldenTolerance)
		}
	})
}

func TestGoldenBilinear(t *testing.T) {
	arrays := loadGolden(t)
	graphtest.EachImpl(t, func(t *testing.T) {
		g := graph.NewBuilder()
		x := arrays["bilinear_x"].input(g, "x")
		got := evaluate(t, g, g.Bilinear(x, 16, 16, false), g.Bilinear(x, 14, 14, true))
		near(t, "16x16", got[0], arrays["bilinear_16"].data, goldenTolerance)
		near(t, "corners", got[1], arrays["bilinear_x2_corners"].data, goldenTolerance)
	})
}

func TestGoldenSpectralNorm(t *testing.T) {
	arrays := loadGolden(t, "sn_weight_orig")
	graphtest.EachImpl(t, func(t *testing.T) {
		g := graph.NewBuilder()
		x, b := arrays["sn_x"].input(g, "x"), arrays["sn_bias"].input(g, "b")
		w, u, v := arrays["sn_weight_orig"].input(g, "w"), arrays["sn_weight_u"].input(g, "u"), arrays["sn_weight_v"].input(g, "v")
		conv := func(wn graph.Node) graph.Node { return g.Conv(x, wn, b, graph.ConvOpts{Stride: 2, Pad: 1}) }
		wn1, u1, v1 := g.SpectralNorm(w, u, v)
		wn2, u2, v2 := g.SpectralNorm(w, u1, v1)
		got := evaluate(t, g, conv(wn1), conv(wn2), u2, conv(g.SpectralNormEval(w, u2, v2)))
		for i, name := range []string{"sn_y1", "sn_y2", "sn_u_after2", "sn_y_eval"} {
			near(t, name, got[i], arrays[name].data, goldenTolerance)
		}
	})
}
