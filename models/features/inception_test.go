package features_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/torchfile"
	"innate/models/weights"
)

// inceptionGolden is what testdata/inception.py has written of pytorch-fid,
// torch-fidelity, clean-fid and EDM's rule, all with the weights of fillInception.
type inceptionGolden struct {
	Inputs   map[string]map[string]sampled // by program, then HxWxC of a picture
	Features map[string]sampled            // of one picture, by program
	Network  struct{ Features, Logits sampled }
}

func readInceptionGolden(t *testing.T) (g inceptionGolden) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "inception.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// fillInception draws weights as testdata/inception.py does.
func fillInception(set *models.ParamSet) {
	for i, p := range set.All() {
		bound := float32(math.Sqrt(6 / float64(len(p.Data)/p.Shape[0])))
		for j, u := range recipe(i+1, len(p.Data)) {
			switch {
			case strings.HasSuffix(p.Name, "var"):
				p.Data[j] = 0.5 + u
			case len(p.Shape) == 1:
				p.Data[j] = (u - 0.5) * 0.5
			default:
				p.Data[j] = (2*u - 1) * bound
			}
		}
	}
}

// picture are pixels in [-1, 1] of bytes that testdata/inception.py draws, too.
func picture(h, w, c, seed int) []float32 {
	out := make([]float32, h*w*c)
	for i, u := range recipe(seed, len(out)) {
		y, x, k := i/c/w, i/c%w, i%c
		level := (y*5 + x*7 + k*40 + int(u*96)) % 256
		out[i] = float32(level)/127.5 - 1
	}
	return out
}

// TestInceptionInputs: every program's own code makes of pictures what its name makes
// of them here: 32 pixels enlarged, gray ones, ones that are shrunk, and ones that have
// the network's size. They agree to the rounding of float32, of values up to 255; EDM's
// rule computes positions up to 450 in float32, whose last bits count between pixels that
// differ by all of the range.
func TestInceptionInputs(t *testing.T) {
	gold := readInceptionGolden(t)
	if len(gold.Inputs) != 4 {
		t.Fatalf("goldens of %d programs, want 4", len(gold.Inputs))
	}
	for name, cases := range gold.Inputs {
		input, err := features.Inputs.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		for size, want := range cases {
			var image [3]int
			if _, err := fmt.Sscanf(size, "%dx%dx%d", &image[0], &image[1], &image[2]); err != nil {
				t.Fatal(err)
			}
			shape := graph.Shape(image[:])
			if got := input.Shape(shape); !got.Equal(graph.Shape{299, 299, 3}) {
				t.Errorf("%s of %v: reads %v", name, shape, got)
			}
			got := make([]float32, 299*299*3)
			input.Fill(got, picture(image[0], image[1], image[2], 7), shape)
			tolerance := 2e-6
			if name == "edm" {
				tolerance = 5e-5
			}
			want.near(t, name+" "+size, got, tolerance)
		}
	}
}

// TestInception compares the network with PyTorch's in float64, at the size that it has.
// PyTorch's own float32 is off by 4e-7 of the largest feature; Winograd's sums and means
// that are taken behind a convolution add to that.
func TestInception(t *testing.T) {
	gold := readInceptionGolden(t)
	net := features.FilledInception(fillInception)
	var x, f, logits graph.Node
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", 1, 299, 299, 3)
		f, logits = net.Embed(g, x)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, u := range recipe(1000, 299*299*3) {
		g.Data(x)[i] = u*2 - 1
	}
	p, err := newDevice(t).Compile(g, device.Request{Outputs: []graph.Node{f, logits}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	gold.Network.Features.near(t, "features", p.Value(f), 2e-6)
	gold.Network.Logits.near(t, "logits", p.Value(logits), 2e-6)
}

// inceptionVariable gates what computes the network more than once.
const inceptionVariable = "INNATE_INCEPTION"

// TestInceptionPrograms: from picture to features, by each program's own code.
func TestInceptionPrograms(t *testing.T) {
	if os.Getenv(inceptionVariable) == "" {
		t.Skipf("%s is not set", inceptionVariable)
	}
	gold, net := readInceptionGolden(t), features.FilledInception(fillInception)
	many, err := features.NewExtractor(newDevice(t), net, graph.Shape{32, 32, 3}, 250)
	if err != nil || many.Batch() != 10 {
		t.Errorf("%d images at once, %v; want 10", many.Batch(), err)
	}
	for _, name := range features.InceptionInputs {
		e, err := features.NewExtractor(newDevice(t), features.WithInput(net, name), graph.Shape{32, 32, 3}, 1)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float32, e.Dim())
		if err := e.Features(picture(32, 32, 3, 7), out); err != nil {
			t.Fatal(err)
		}
		gold.Features[name].near(t, name, out, 5e-6)
	}
}

// inceptionFile is a network's weights by the names of NVIDIA's file, or by torchvision's.
func inceptionFile(t *testing.T, set *models.ParamSet, torchvision bool) *checkpoint.File {
	t.Helper()
	f, named := checkpoint.New(), models.NewParamSet()
	for _, p := range set.All() {
		for _, q := range features.InceptionAs(p, torchvision) {
			named.Add(q)
		}
	}
	if err := f.AddParams("", named); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestOpenInception: NVIDIA's names and torchvision's are the same network, and an input
// that is not EDM's is in the label.
func TestOpenInception(t *testing.T) {
	set := features.InceptionWeights(nil)
	if n := set.Count(); n != 23_868_176 || len(set.All()) != 378 {
		t.Errorf("%d values in %d tensors, want 23868176 in 378", n, len(set.All()))
	}
	set.Get("mixed_10.tower_1_mixed_conv_1.beta").Data[3] = 0.5
	_, label, err := features.Open(inceptionFile(t, set, false), "", "edm")
	if err != nil || !regexp.MustCompile("^inception-[0-9a-f]{8}$").MatchString(label) {
		t.Fatalf("label %q, %v", label, err)
	}
	other := inceptionFile(t, set, true)
	zeros(t, other, "Mixed_5b.branch_pool.bn.num_batches_tracked")
	net, got, err := features.Open(other, "", "pytorch-fid")
	if err != nil {
		t.Fatal(err)
	}
	if got != label+"+pytorch-fid" || net.Input() != "pytorch-fid" || net.Fingerprint() != set.Fingerprint() {
		t.Errorf("by torchvision's names: %q with input %q, want %s+pytorch-fid of the same weights", got, net.Input(), label)
	}
}

// TestOpenInceptionPickle: NVIDIA's network pickle, a class of persistence around a
// TorchScript file, is the same network as that of pytorch-fid's names.
func TestOpenInceptionPickle(t *testing.T) {
	set := features.InceptionWeights(nil)
	set.Get("mixed_10.tower_1_mixed_conv_1.beta").Data[3] = 0.5
	dir := t.TempDir()
	inner, path := filepath.Join(dir, "inner.pt"), filepath.Join(dir, "inception.pkl")
	if err := torchfile.Write(inner, inceptionFile(t, set, false)); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(inner)
	if err != nil {
		t.Fatal(err)
	}
	text := func(s string) string {
		return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
	}
	head := "\x80\x03ctorch_utils.persistence\n_reconstruct_persistent_obj\n}(" + text("type") + text("class") +
		text("class_name") + text("InceptionV3") + text("state") + "}" + text("script") + "B" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(script))))
	if err := os.WriteFile(path, slices.Concat([]byte(head), script, []byte("su\x85R.")), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	net, label, err := features.Open(f, "", features.OwnInput)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := net.Fingerprint(), set.Fingerprint(); got != want || label != "inception-"+want[:8] {
		t.Errorf("from the pickle %s with the weights %s, want those of %s", label, got, want)
	}
}

// TestOpenInceptionRefuses names what is no Inception of FID's, or no input of it.
func TestOpenInceptionRefuses(t *testing.T) {
	lite := file(t, features.LiteWeights(nil), weights.Safetensors, func(*checkpoint.File) {})
	for _, c := range []struct {
		f           *checkpoint.File
		input, want string
	}{
		{lite, "edm", `input: got "edm", want levels for tf_efficientnet_lite0`},
		{beginning(t, "fc.bias"), "clip", `input: got "clip", want edm, torch-fidelity, pytorch-fid, clean-fid for inception`},
		{beginning(t, "AuxLogits.fc.weight"), features.OwnInput, "torchvision's own Inception, of which nobody computes FID; want inception-2015-12-05"},
		{beginning(t, "Mixed_5b.branch_pool.bn.weight"), features.OwnInput, `tensor "Mixed_5b.branch_pool.bn.weight": 0 at 0, want ones: the network has no gains`},
	} {
		if _, _, err := features.Open(c.f, "", c.input); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// beginning is a file by which Inception is known, with another tensor.
func beginning(t *testing.T, name string) *checkpoint.File {
	t.Helper()
	f := checkpoint.New()
	zeros(t, f, "Mixed_7c.branch3x3_2a.conv.weight", 1)
	zeros(t, f, name, 32)
	return f
}

// TestDigest: a published file is known by its SHA-256, and keeps its name wherever it
// lies; plain FID is of no other.
func TestDigest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.pth")
	if err := os.WriteFile(path, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	kind := features.Kind{Digests: map[string]string{"ba7816bf": "the-published"}} // SHA-256 of abc
	for at, want := range map[string]string{path: "the-published", path + "x": "kind-01234567"} {
		if got, err := features.LabelOf("kind", kind, at, "0123456789"); err != nil || got != want {
			t.Errorf("%s: label %q, %v, want %q", at, got, err, want)
		}
	}
	if !features.Known("inception-2015-12-05") {
		t.Error("another network might take the name of FID's")
	}
}
