package gdd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/disc"
	"innate/models/features"
	"innate/models/gdd"
	"innate/models/graph"
)

// TestTarget compares the distance of images over the maps of a network with LPIPS's
// formula in float64, with linear weights and without, to 1e-5, and of pixels with the
// mean of squares. An image is nowhere from itself, and there the gradient is 0 and not
// NaN, even where no channel says anything.
func TestTarget(t *testing.T) {
	const n, side = 2, 8
	rng := rand.New(rand.NewPCG(1, 2))
	net, err := features.New(features.Config{Channels: 1, Widths: []int{3, 5}, Classes: 2}, rng)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, n*side*side), make([]float32, n*side*side)
	for i := range x {
		x[i], y[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
	}
	path := disc.ProjectorConfig{InSize: side, Mean: []float32{0.5}, Std: []float32{0.5}}
	linear := [][]float32{{1, 0.5, 2}, {0.25, 0, 1, 3, 0.5}}
	dev := devicetest.Open(t, 1)
	defer dev.Close()
	for name, target := range map[string]*gdd.Target{"pixels": {}, "maps": {Net: net, Path: path}, "linear": {Net: net, Path: path, Linear: linear}} {
		value, maps := apartBy(t, dev, target, net, path, n, side, x, y)
		want := 0.0
		if target.Net == nil {
			for i := range x {
				want += math.Pow(float64(x[i]-y[i]), 2) / (side * side)
			}
		}
		for k := 0; target.Net != nil && k < len(maps)/2; k++ {
			want += lpips(maps[k], maps[len(maps)/2+k], net.Config.Widths[k], n, target.Linear, k)
		}
		if math.Abs(value-want) > 1e-5*want {
			t.Errorf("%s: distance %v, want %v", name, value, want)
		}
		if same, _ := apartBy(t, dev, target, net, path, n, side, x, x); same != 0 {
			t.Errorf("%s: an image is %v from itself", name, same)
		}
	}
}

// apartBy is the distance of x from y, and the maps of both. Its gradient for x has to be
// finite.
func apartBy(t *testing.T, dev device.Device, target *gdd.Target, net *features.Net, path disc.ProjectorConfig, n, side int, x, y []float32) (float64, [][]float32) {
	t.Helper()
	var distance, grad graph.Node
	var maps []graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		a, b := g.Input("x", n, side, side, 1), g.Input("y", n, side, side, 1)
		copy(g.Data(a), x)
		copy(g.Data(b), y)
		distance = target.Distance(g, a, b)
		grads, err := g.Grad(distance, a)
		if err != nil {
			t.Fatal(err)
		}
		grad = grads[0]
		maps = append(path.Maps(g, net, a), path.Maps(g, net, b)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{distance, grad}, maps...)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Value(grad) {
		if v != v || math.IsInf(float64(v), 0) {
			t.Fatalf("gradient %v, want finite numbers", v)
		}
	}
	var values [][]float32
	for _, m := range maps {
		values = append(values, append([]float32(nil), p.Value(m)...))
	}
	return float64(p.Value(distance)[0]), values
}

// lpips is the sum over images of Zhang et al. 2018, eq. 1, for one map of c channels.
func lpips(a, b []float32, c, n int, linear [][]float32, k int) (sum float64) {
	length := func(v []float32) (l float64) {
		for _, x := range v {
			l += float64(x) * float64(x)
		}
		return math.Sqrt(l) + 1e-10
	}
	positions := len(a) / c / n
	for i := 0; i < len(a); i += c {
		la, lb := length(a[i:i+c]), length(b[i:i+c])
		for j := range c {
			w := 1.0
			if linear != nil {
				w = float64(linear[k][j])
			}
			sum += w * math.Pow(float64(a[i+j])/la-float64(b[i+j])/lb, 2) / float64(positions)
		}
	}
	return sum
}
