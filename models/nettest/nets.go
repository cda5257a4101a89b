package nettest

import (
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/graph"
	"innate/models/nn"
	"innate/models/npz"
	"innate/models/precond"
)

// Nets are networks whose parameters and inputs follow from their names, so that
// the file holds only what they give: golden.py makes it, with PyTorch.
type Nets struct {
	Nets map[string]struct {
		Config json.RawMessage
		Names  []string // of the parameters, in order
	}
	Tiny      json.RawMessage // the configuration under samplers
	Ablations [][5]any        // solver, discretization, schedule, scaling, churn

	arrays map[string]npz.Array
}

// LoadNets reads the file, which stands beside this package: folder is its
// testdata.
func LoadNets(t testing.TB, folder string) *Nets {
	t.Helper()
	text, err := os.ReadFile(folder + "/nets.json")
	if err != nil {
		t.Fatal(err)
	}
	n := &Nets{}
	if err := json.Unmarshal(text, n); err != nil {
		t.Fatal(err)
	}
	if n.arrays, err = npz.Load(folder + "/nets.npz"); err != nil {
		t.Fatal(err)
	}
	return n
}

// Config decodes the configuration of a network.
func (n *Nets) Config(t testing.TB, name string, config any) {
	t.Helper()
	if err := json.Unmarshal(n.Nets[name].Config, config); err != nil {
		t.Fatal(err)
	}
}

// Floats is an array; one [N C H W] comes as [N H W C].
func (n *Nets) Floats(t testing.TB, name string) []float32 {
	t.Helper()
	a, ok := n.arrays[name]
	if !ok {
		t.Fatalf("golden array %q: missing", name)
	}
	if s := a.Shape; len(s) >= 4 {
		return ToNHWC(a.Float32s(), s[len(s)-3], s[len(s)-2], s[len(s)-1])
	}
	return a.Float32s()
}

// Values are those of a name, uniform on a grid that float32 holds exactly.
func Values(name string, n int, std float64) []float32 {
	scale := math.Exp2(math.RoundToEven(math.Log2(1.7 * std)))
	v := make([]float32, n)
	for i := range v {
		x := crc32.ChecksumIEEE([]byte(name)) + uint32(i)*2654435761
		x ^= x >> 16
		x *= 2246822519
		x ^= x >> 13
		v[i] = float32(float64(int(x>>8&0xff)-128) / 128 * scale)
	}
	return v
}

// FillValues sets every parameter and buffer of a network by its name.
func FillValues(net precond.Net) {
	for _, p := range net.Params().All() {
		std := 0.125
		if len(p.Shape) > 1 {
			std = 1 / math.Sqrt(float64(len(p.Data)/p.Shape[0]))
		}
		copy(p.Data, Values(p.Name, len(p.Data), std))
		if len(p.Shape) == 1 && strings.HasSuffix(p.Name, "weight") {
			for i := range p.Data {
				p.Data[i]++
			}
		}
	}
	for _, p := range net.Buffers().All() {
		copy(p.Data, Values(p.Name, len(p.Data), 2))
	}
}

// Images are the values of a name as [N H W C], in PyTorch's order [N C H W].
func Images(name string, n, side, channels int) []float32 {
	return ToNHWC(Values(name, n*side*side*channels, 1), channels, side, side)
}

// OneHot is label (2i+1) mod classes of image i.
func OneHot(n, classes int) []float32 {
	v := make([]float32, n*classes)
	for i := range n {
		v[i*classes+(2*i+1)%classes] = 1
	}
	return v
}

// sampled is how many values of each gradient are stored.
const sampled = 48

// Check holds the names, the output and all gradients of a network against the
// file's.
func (n *Nets) Check(t *testing.T, name string, net precond.Net) {
	t.Helper()
	if got := net.Params().Names(); !slices.Equal(got, n.Nets[name].Names) {
		t.Fatalf("%s: names\n%v\nwant\n%v", name, got, n.Nets[name].Names)
	}
	FillValues(net)
	s := net.Shape()
	params := net.Params().All()
	var out graph.Node
	var grads []graph.Node
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) {
		input := func(name string, values []float32, shape ...int) graph.Node {
			x := g.Input(name, shape...)
			copy(g.Data(x), values)
			return x
		}
		x := input("x", Images("x", 2, s.Resolution, s.Channels), 2, s.Resolution, s.Resolution, s.Channels)
		c := nn.Cond{Emb: g.Input("emb", 2, s.NoiseWidth)}
		net.NoiseEmbedding(g.Data(c.Emb), []float32{-1.25, 0.75})
		if s.LabelDim > 0 {
			c.Label = input("label", OneHot(2, s.LabelDim), 2, s.LabelDim)
		}
		if s.AugmentDim > 0 {
			c.Augment = input("augment", Values("augment", 2*s.AugmentDim, 1), 2, s.AugmentDim)
		}
		out = net.Forward(g, x, c)
		r := input("r", Images("r", 2, s.Resolution, s.OutChannels), out.Shape()...)
		of := []graph.Node{x}
		for _, p := range params {
			of = append(of, g.Param(p))
		}
		grads, gradErr = g.Grad(g.Dot(out, r), of...)
	})
	if err != nil || gradErr != nil {
		t.Fatal(err, gradErr)
	}
	dev := devicetest.Open(t, 2)
	defer dev.Close()
	p, err := dev.Compile(g, device.Request{Outputs: append([]graph.Node{out}, grads...)})
	if err == nil {
		err = p.Run()
	}
	if err != nil {
		t.Fatal(err)
	}
	Near(t, name, p.Value(out), n.Floats(t, name+"/out"), 1e-5)
	Near(t, name+": gradient of the image", p.Value(grads[0]), n.Floats(t, name+"/grad_x"), 1e-4)
	n.checkGrads(t, name, params, func(i int) []float32 { return p.Value(grads[i+1]) })
}

// checkGrads compares the values of each gradient that are stored, by the largest
// of all.
func (n *Nets) checkGrads(t *testing.T, name string, params []*models.Param, value func(i int) []float32) {
	t.Helper()
	want, largest := n.Floats(t, name+"/grads"), n.Floats(t, name+"/largest")
	for i, p := range params {
		grad := value(i)
		top := float32(0)
		for _, v := range grad {
			top = max(top, float32(math.Abs(float64(v))))
		}
		count := min(len(grad), sampled)
		got := make([]float32, count)
		for j := range got {
			got[j] = grad[j*len(grad)/count]
		}
		bound := 1e-4 * float64(largest[i])
		Within(t, name+": gradient of "+p.Name, got, want[:count], bound)
		Within(t, name+": largest of the gradient of "+p.Name, []float32{top}, largest[i:i+1], bound)
		want = want[count:]
	}
}
