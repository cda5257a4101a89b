package augment_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"innate/models/augment"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/graph/graphtest"
	"innate/models/nettest"
	"innate/models/npz"
)

// tolerance is that of float32, of values near 1 that pass through some dozen sums.
const tolerance = 2e-5

// golden reads what PyTorch gives, as [N H W C].
func golden(t *testing.T) func(name string) []float32 {
	t.Helper()
	arrays, err := npz.Load("testdata/augment.npz")
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) []float32 {
		a, ok := arrays[name]
		if !ok {
			t.Fatalf("golden array %q: missing", name)
		}
		return nettest.ToNHWC(a.Float32s(), a.Shape[1], a.Shape[2], a.Shape[3])
	}
}

// run evaluates what build makes of two images, and the gradient of its sum weighted
// by the values r.
func run(t *testing.T, side, channels int, build func(g *graph.Builder, x graph.Node) graph.Node) (y, dx []float32) {
	t.Helper()
	var x, out, grad graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("images", 2, side, side, channels)
		out = build(g, x)
		r := g.Input("r", out.Shape()...)
		copy(g.Data(x), nettest.Images("images", 2, side, channels))
		copy(g.Data(r), nettest.Images("r", 2, side, channels))
		grads, err := g.Grad(g.Dot(out, r), x)
		if err != nil {
			t.Fatal(err)
		}
		grad = grads[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	p, err := dev.Compile(g, device.Request{Outputs: []graph.Node{out, grad}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(p.Value(out)), slices.Clone(p.Value(grad))
}

// turns are the maps of testdata/generate.py.
var turns = map[string]augment.Map{
	"identity": augment.Scale(1, 1), "mirror": augment.Scale(-1, 1), "quarter": augment.Rotate(-math.Pi / 2), "whole": augment.Translate(-2, 1),
	"larger": augment.Scale(1/1.3, 1/1.3), "smaller": augment.Scale(2.1, 2.1), "turn": augment.Rotate(0.4),
	"squeeze": augment.Rotate(0.3).Mul(augment.Scale(1/1.4, 1.4)).Mul(augment.Rotate(-0.3)), "shift": augment.Translate(-0.7, 2.3),
	"all": augment.Scale(-1, 1).Mul(augment.Scale(1/0.8, 1/0.8)).Mul(augment.Rotate(-0.9)).Mul(augment.Scale(1/1.1, 1.1)).Mul(augment.Translate(0.6, -1.7)),
}

// TestGoldenGeometry holds each transform, and its gradient, against PyTorch. The
// second image is not changed.
func TestGoldenGeometry(t *testing.T) {
	want := golden(t)
	graphtest.EachImpl(t, func(t *testing.T) {
		for name, inverse := range turns {
			y, dx := run(t, 8, 3, func(g *graph.Builder, x graph.Node) graph.Node {
				p := augment.NewPipe(g, augment.BGC, 2, graph.Shape{8, 8, 3})
				p.Set(0, augment.Transform{Inverse: inverse, Colour: augment.SameColour()})
				return p.Forward(x)
			})
			one := len(y) / 2
			nettest.Near(t, name, y[:one], want("geometry/"+name), tolerance)
			nettest.Near(t, name+" gradient", dx[:one], want("geometry/"+name+"/grad"), tolerance)
			nettest.Near(t, name+" beside it", y[one:], nettest.Images("images", 2, 8, 3)[one:], tolerance)
		}
	})
}

func TestGoldenColours(t *testing.T) {
	want := golden(t)
	for name, c := range map[string]augment.Colour{
		"brightness": augment.Brightness(0.3), "contrast": augment.Contrast(1.7), "luma": augment.LumaFlip(), "hue": augment.Hue(1.1),
		"saturation": augment.Saturation(0.4),
		"all":        augment.Saturation(1.6).Mul(augment.Hue(-2)).Mul(augment.LumaFlip()).Mul(augment.Contrast(0.6)).Mul(augment.Brightness(-0.2)),
	} {
		for _, channels := range []int{1, 3} {
			y, _ := run(t, 8, channels, func(g *graph.Builder, x graph.Node) graph.Node {
				p := augment.NewPipe(g, augment.BGC, 2, graph.Shape{8, 8, channels})
				p.Set(0, augment.Transform{Inverse: augment.Scale(1, 1), Colour: c})
				return p.Forward(x)
			})
			nettest.Near(t, fmt.Sprint(name, channels), y, want(fmt.Sprintf("colour/%s/%d", name, channels)), tolerance)
		}
	}
}

func TestGoldenDiff(t *testing.T) {
	want := golden(t)
	all := augment.Diffs()
	for name, c := range map[string][2]augment.Change{
		"brightness":  {{Brightness: 0.25, Saturation: 1, Contrast: 1}, {Brightness: -0.5, Saturation: 1, Contrast: 1}},
		"saturation":  {{Saturation: 0.5, Contrast: 1}, {Saturation: 1.75, Contrast: 1}},
		"contrast":    {{Saturation: 1, Contrast: 0.75}, {Saturation: 1, Contrast: 1.25}},
		"translation": {{Saturation: 1, Contrast: 1, ShiftY: 1, ShiftX: -1}, {Saturation: 1, Contrast: 1, ShiftX: 1}},
		"cutout":      {{Saturation: 1, Contrast: 1, Cut: true, CutX: 10}, {Saturation: 1, Contrast: 1, Cut: true, CutY: 4, CutX: 7}},
		"all": {{Brightness: 0.25, Saturation: 0.5, Contrast: 0.75, ShiftY: -1, ShiftX: 1, Cut: true, CutY: 9},
			{Brightness: -0.5, Saturation: 1.75, Contrast: 1.25, ShiftY: 1, Cut: true, CutY: 3, CutX: 3}},
	} {
		y, dx := run(t, 10, 3, func(g *graph.Builder, x graph.Node) graph.Node {
			d := augment.NewDiff(g, all, 2, graph.Shape{10, 10, 3})
			for i := range c {
				d.Set(i, c[i])
			}
			return d.Forward(x)
		})
		nettest.Near(t, name, y, want("diff/"+name), tolerance)
		nettest.Near(t, name+" gradient", dx, want("diff/"+name+"/grad"), tolerance)
	}
}

// TestMirror: EDM's mirror images are exact, for what doubles an image is not
// symmetric.
func TestMirror(t *testing.T) {
	y, _ := run(t, 8, 3, func(g *graph.Builder, x graph.Node) graph.Node {
		p := augment.NewPipe(g, augment.EDM, 2, graph.Shape{8, 8, 3})
		p.Set(0, augment.Transform{MirrorX: true, Inverse: augment.Scale(1, 1)})
		p.Set(1, augment.Transform{MirrorY: true, Inverse: augment.Scale(1, 1)})
		return p.Forward(x)
	})
	images, want := nettest.Images("images", 2, 8, 3), make([]float32, 2*8*8*3)
	for i := range want {
		n, row, col, c := i/192, i/24%8, i/3%8, i%3
		if n == 0 {
			col = 7 - col
		} else {
			row = 7 - row
		}
		want[i] = images[n*192+row*24+col*3+c]
	}
	nettest.Near(t, "mirrored", y, want, tolerance)
}

// TestDraw: with probability 0 nothing changes; the same stream draws the same
// again; what is drawn has the published spread, and EDM's labels tell of it.
func TestDraw(t *testing.T) {
	image := graph.Shape{8, 8, 3}
	for _, policy := range []augment.Policy{augment.BGC, augment.EDM} {
		for _, seed := range []uint64{1, 2} {
			draw := func(prob float64) ([]float32, []float32) {
				var pipe *augment.Pipe
				y, _ := run(t, 8, 3, func(g *graph.Builder, x graph.Node) graph.Node {
					pipe = augment.NewPipe(g, policy, 2, image)
					pipe.Draw(rand.New(rand.NewPCG(seed, 2)), prob)
					return pipe.Forward(x)
				})
				return y, pipe.Labels()
			}
			still, none := draw(0)
			nettest.Near(t, string(policy)+" with probability 0", still, nettest.Images("images", 2, 8, 3), tolerance)
			if slices.ContainsFunc(none, func(v float32) bool { return v != 0 }) {
				t.Errorf("%s: labels %v, want none", policy, none)
			}
			once, labels := draw(1)
			again, _ := draw(1)
			if !slices.Equal(once, again) || slices.Equal(once, still) {
				t.Errorf("%s: drawn twice from one stream: equal %v; changed %v", policy, slices.Equal(once, again), !slices.Equal(once, still))
			}
			if told := slices.ContainsFunc(labels, func(v float32) bool { return v != 0 }); told != (policy == augment.EDM) {
				t.Errorf("%s: labels %v", policy, labels)
			}
		}
	}

	// Means and mean squares of the labels, over many images.
	g := graph.NewBuilder()
	const n = 20000
	pipe := augment.NewPipe(g, augment.EDM, n, graph.Shape{2, 2, 1})
	pipe.Draw(rand.New(rand.NewPCG(3, 4)), 0.5)
	var sum, squares [augment.LabelDim]float64
	for i, v := range pipe.Labels() {
		sum[i%augment.LabelDim] += float64(v) / n
		squares[i%augment.LabelDim] += float64(v*v) / n
	}
	// Mirrored ½, always; the others half as often: upside down ¼; normal 0.5; a turn's
	// cosine less 1 has mean -½ and square ¾, its sine ¼; aspect is along x half the time.
	wantMean := [augment.LabelDim]float64{0.5, 0.25, 0, -0.5, 0, 0.0, 0, 0, 0}
	wantSquare := [augment.LabelDim]float64{0.5, 0.25, 0.5, 0.75, 0.25, 0.375, 0.125, 0.5, 0.5}
	for k := range sum {
		if math.Abs(sum[k]-wantMean[k]) > 0.03 || math.Abs(squares[k]-wantSquare[k]) > 0.04 {
			t.Errorf("label %d: mean %.3f, mean square %.3f, want %.3f, %.3f", k, sum[k], squares[k], wantMean[k], wantSquare[k])
		}
	}
}

// TestADA: the probability follows the sign, never below 0, and only a setting that
// changes moves it besides.
func TestADA(t *testing.T) {
	a := augment.NewADA(0.25)
	follow := func(want float64, signs ...float64) {
		t.Helper()
		for _, s := range signs {
			a.Add(s)
		}
		a.Update(0.6, 125)
		if math.Abs(a.P()-want) > 1e-7 {
			t.Errorf("after %v: %v, want %v", signs, a.P(), want)
		}
	}
	follow(0.251, 0.9, 0.7, 0.5, 0.5)
	follow(0.25, -1, 1, 1, 1)
	follow(0.25)
	a.Take(0.25, 0.6)
	a.Take(0.0005, 0.6)
	follow(0, 0, 0, 0, 0)
	follow(0, -1)
	follow(0.001, 1)
	if a.Take(0.0005, 0); math.Abs(a.P()-0.0005) > 1e-9 {
		t.Errorf("without a target: %v, want what is set", a.P())
	}
	a.Add(1)
	a.Take(0.0005, 0)
	follow(0.0005)
}

func TestCheck(t *testing.T) {
	for want, err := range map[string]error{
		`augment: policy "bg", want bgc | edm`:                  augment.Policy("bg").Check(graph.Shape{8, 8, 3}),
		"augment: images [1 8 3], want at least 2x2 pixels":     augment.EDM.Check(graph.Shape{1, 8, 3}),
		"augment: bgc for images of 4 channels, want 1 or 3":    augment.BGC.Check(graph.Shape{8, 8, 4}),
		`augment: got "cut", want some of color, translation, `: augment.CheckDiff([]string{"color", "cut"}),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if err := augment.EDM.Check(graph.Shape{8, 8, 4}); err != nil {
		t.Error(err)
	}
}
