package features_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/nettest"
)

var cfg = features.Config{Channels: 1, Widths: []int{4, 6, 8}, Classes: 10}

func build(t *testing.T) *features.Net {
	t.Helper()
	net, err := features.New(cfg, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func newDevice(t *testing.T) device.Device {
	t.Helper()
	d := devicetest.Open(t, 2)
	t.Cleanup(d.Close)
	return d
}

// images draws n images of the given side in [-1, 1].
func images(n, side int) []float32 {
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n*side*side)
	for i := range x {
		x[i] = 2*rng.Float32() - 1
	}
	return x
}

func TestNew(t *testing.T) {
	net := build(t)
	want := []string{
		"stages.0.0.weight", "stages.0.0.bias", "stages.0.2.weight", "stages.0.2.bias",
		"stages.1.0.weight", "stages.1.0.bias", "stages.1.2.weight", "stages.1.2.bias",
		"stages.2.0.weight", "stages.2.0.bias", "stages.2.2.weight", "stages.2.2.bias",
		"head.weight", "head.bias",
	}
	if got := net.Params.Names(); !slices.Equal(got, want) {
		t.Errorf("names %v, want %v", got, want)
	}
	for name, fanIn := range map[string]float64{"stages.0.0.bias": 9, "stages.2.2.weight": 72, "head.weight": 8} {
		most := 0.0
		for _, v := range net.Params.Get(name).Data {
			most = max(most, math.Abs(float64(v)))
		}
		if bound := 1 / math.Sqrt(fanIn); most > bound || most < bound/2 {
			t.Errorf("%s: largest value %.3g, want nearly %.3g", name, most, bound)
		}
	}
	for _, c := range []struct {
		cfg  features.Config
		want string
	}{
		{features.Config{Widths: []int{4}, Classes: 1}, "features: channels: 0"},
		{features.Config{Channels: 1, Classes: 1}, "features: widths: empty"},
		{features.Config{Channels: 1, Widths: []int{4, 0}, Classes: 1}, "features: widths: [4 0]"},
		{features.Config{Channels: 1, Widths: []int{4}}, "features: classes: 0"},
	} {
		if _, err := features.New(c.cfg, nil); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestForward: maps halve, rounding up; pooling and head follow their formulas.
func TestForward(t *testing.T) {
	net := build(t)
	var x, pooled, logits graph.Node
	var maps []graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 2, 28, 28, 1)
		maps, pooled, logits = net.Forward(g, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, side := range []int{14, 7, 4} {
		if s := maps[i].Shape(); !slices.Equal(s, graph.Shape{2, side, side, cfg.Widths[i]}) {
			t.Errorf("map %d: %v", i, s)
		}
	}
	m, err := newDevice(t).Compile(g, device.Request{Outputs: []graph.Node{maps[2], pooled, logits}})
	if err != nil {
		t.Fatal(err)
	}
	copy(g.Data(x), images(2, 28))
	m.Run()
	wantPooled, wantLogits := make([]float32, 2*8), make([]float32, 2*10)
	last := m.Value(maps[2])
	for n := range 2 {
		for c := range 8 {
			sum := 0.0
			for p := range 16 {
				v := last[(n*16+p)*8+c]
				if v < 0 {
					t.Fatalf("a negative value %v after the last ReLU", v)
				}
				sum += float64(v)
			}
			wantPooled[n*8+c] = float32(sum / 16)
		}
		for k := range 10 {
			sum := float64(net.Params.Get("head.bias").Data[k])
			for c := range 8 {
				sum += float64(wantPooled[n*8+c]) * float64(net.Params.Get("head.weight").Data[k*8+c])
			}
			wantLogits[n*10+k] = float32(sum)
		}
	}
	nettest.Near(t, "pooled", m.Value(pooled), wantPooled, 1e-5)
	nettest.Near(t, "logits", m.Value(logits), wantLogits, 1e-5)
}

// TestExtractor: any number of images, cut into batches of any size.
func TestExtractor(t *testing.T) {
	net := build(t)
	x := images(5, 20)
	var want, wantLogits []float32
	for _, batch := range []int{5, 2, 8} {
		e, err := features.NewExtractor(newDevice(t), net, graph.Shape{20, 20, 1}, batch)
		if err != nil {
			t.Fatal(err)
		}
		if e.Dim() != 8 || e.Batch() != batch || e.Classes() != 10 {
			t.Errorf("dim %d, batch %d, classes %d", e.Dim(), e.Batch(), e.Classes())
		}
		out, logits := make([]float32, 5*8), make([]float32, 5*10)
		e.Features(x, out)
		e.Logits(x, logits)
		if want == nil {
			want, wantLogits = out, logits
			continue
		}
		nettest.Near(t, "features", out, want, 1e-6)
		nettest.Near(t, "logits", logits, wantLogits, 1e-6)
	}
	if slices.Max(want) == 0 {
		t.Error("all features are zero")
	}
}

func TestCheckpoint(t *testing.T) {
	net := build(t)
	f := checkpoint.New()
	if err := net.AddTo(f, "net."); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "critic.safetensors")
	if err := checkpoint.Write(path, f); err != nil {
		t.Fatal(err)
	}
	read, err := checkpoint.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	back, err := features.FromCheckpoint(read, "net.")
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range net.Params.All() {
		if q := back.Params.All()[i]; q.Name != p.Name || !slices.Equal(q.Data, p.Data) {
			t.Errorf("%s differs", p.Name)
		}
	}

	if _, err := features.FromCheckpoint(read, "other."); err == nil || !strings.Contains(err.Error(), `tensor "other.stages.0.0.weight": missing`) {
		t.Errorf("wrong prefix: %v", err)
	}
	for _, c := range []struct{ text, want string }{
		{`{"channels":1,"widths":[4,6,9],"classes":10}`, "shape [8 6 3 3], want [9 6 3 3]"},
		{`{"channels":0}`, "channels: 0"},
		{`nonsense`, `metadata "features"`},
	} {
		read.Metadata["features"] = c.text
		if _, err := features.FromCheckpoint(read, "net."); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
	delete(read.Metadata, "features")
	if _, err := features.FromCheckpoint(read, "net."); err == nil || !strings.Contains(err.Error(), `no "features"`) {
		t.Errorf("no metadata: %v", err)
	}
}

// TestClassifier: the gradient of the head's bias has a closed form, and plain
// gradient descent on one batch learns it.
func TestClassifier(t *testing.T) {
	net := build(t)
	const batch = 6
	var c *features.Classifier
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) { c, gradErr = features.NewClassifier(g, net, 12, batch) })
	if err != nil || gradErr != nil {
		t.Fatal(err, gradErr)
	}
	dev := newDevice(t)
	m, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{c.Loss, c.Logits}, c.Grads...)})
	if err != nil {
		t.Fatal(err)
	}
	copy(g.Data(c.Images), images(batch, 12))
	for i := range batch {
		g.Data(c.OneHot)[i*10+i%3] = 1
	}
	m.Run()
	first := m.Value(c.Loss)[0]
	want := make([]float32, 10)
	for i := range batch {
		row := m.Value(c.Logits)[i*10 : (i+1)*10]
		sum := 0.0
		for _, l := range row {
			sum += math.Exp(float64(l))
		}
		for k, l := range row {
			want[k] += float32((math.Exp(float64(l))/sum - float64(g.Data(c.OneHot)[i*10+k])) / batch)
		}
	}
	last := len(c.Params) - 1
	if c.Params[last].Name != "head.bias" {
		t.Fatalf("last parameter is %q", c.Params[last].Name)
	}
	nettest.Near(t, "gradient of head.bias", m.Value(c.Grads[last]), want, 1e-4)

	for range 60 {
		m.Run()
		for i, p := range c.Params {
			for j, d := range m.Value(c.Grads[i]) {
				p.Data[j] -= 0.5 * d
			}
			if err := dev.Upload(p); err != nil {
				t.Fatal(err)
			}
		}
	}
	m.Run()
	if now := m.Value(c.Loss)[0]; !(now < 0.6*first) {
		t.Errorf("loss %v after training, from %v", now, first)
	}
}
