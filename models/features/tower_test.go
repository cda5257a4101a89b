package features_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
	"innate/models/device"
	"innate/models/device/devicetest"
	"innate/models/features"
	"innate/models/graph"
	"innate/models/weights"
)

// named are a tensor's name and shape.
type named struct {
	Name  string
	Shape []int
}

func (n *named) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&n.Name, &n.Shape})
}

// tower is what testdata/towers.py has written of a network.
type tower struct {
	Batch, Dim         int
	Tensors            []named
	Features, Gradient sampled
}

func readJSON(t *testing.T, name string, v any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatal(err)
	}
}

// towers are the goldens, by the library whose names their tensors have.
func towers(t *testing.T) map[string]tower {
	t.Helper()
	var all map[string]tower
	readJSON(t, "testdata/towers.json", &all)
	if len(all) != 5 {
		t.Fatalf("%d towers, want 5", len(all))
	}
	return all
}

// draw makes the tensors of a file as testdata/towers.py fills them, each by its name.
func draw(t *testing.T, list []named) *checkpoint.File {
	t.Helper()
	f := checkpoint.New()
	for _, n := range list {
		p := &models.Param{Name: n.Name, Shape: n.Shape, Data: recipe(int(crc32.ChecksumIEEE([]byte(n.Name))&0xffff), graph.Shape(n.Shape).Size())}
		bound := float32(1)
		if len(n.Shape) > 1 {
			bound = float32(math.Sqrt(6 / float64(len(p.Data)/n.Shape[0])))
		}
		for i, u := range p.Data {
			switch {
			case len(n.Shape) == 1 && strings.HasSuffix(n.Name, "weight"):
				p.Data[i] = 0.5 + u
			case len(n.Shape) <= 1:
				p.Data[i] = (u - 0.5) * 0.5
			case len(n.Shape) == 3:
				p.Data[i] = (u - 0.5) * 0.1
			default:
				p.Data[i] = (2*u - 1) * bound
			}
		}
		if err := f.Add(checkpoint.Float32(p.Name, p.Data, p.Shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// TestTowers: features and input gradients are those of the libraries whose names the
// weights have: OpenAI's CLIP, transformers, the authors of DINOv2, with positions that
// are interpolated, and timm. Sums of up to 3072 products in float32 are taken in other
// orders: that differs by 1e-6 of the largest value, and an epsilon, an activation or a
// rule of interpolation that is not theirs by 1e-3 and more.
func TestTowers(t *testing.T) {
	for name, gold := range towers(t) {
		t.Run(name, func(t *testing.T) {
			net, label, err := features.Open(draw(t, gold.Tensors), "", features.OwnInput)
			if err != nil {
				t.Fatal(err)
			}
			kind, _, _ := strings.Cut(name, "-")
			if !strings.HasPrefix(label, kind+"-") || net.Dim() != gold.Dim || net.Classes() != 0 {
				t.Errorf("label %q, dim %d and %d classes, want %s, %d and none", label, net.Dim(), net.Classes(), kind, gold.Dim)
			}
			y, dx := embedded(t, net, gold.Batch)
			gold.Features.near(t, "features", y, 1e-5)
			gold.Gradient.near(t, "gradient", dx, 1e-5)
		})
	}
}

// fullVariable names a folder of networks of full size that testdata/towers.py wrote.
const fullVariable = "INNATE_TOWERS"

// TestFullTowers is TestTowers at full size: ViT-B/32 of a TorchScript file in half
// precision, as OpenAI publishes it, and ViT-B/14.
func TestFullTowers(t *testing.T) {
	folder := os.Getenv(fullVariable)
	if folder == "" {
		t.Skipf("%s is not set", fullVariable)
	}
	var all map[string]tower
	readJSON(t, filepath.Join(folder, "towers.json"), &all)
	for name, file := range map[string]string{"clip": "clip.pt", "dinov2": "dinov2.pth"} {
		f, err := weights.Open(filepath.Join(folder, file))
		if err != nil {
			t.Fatal(err)
		}
		net, label, err := features.Open(f, "", features.OwnInput)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(label)
		y, dx := embedded(t, net, all[name].Batch)
		all[name].Features.near(t, "features", y, 2e-5)
		all[name].Gradient.near(t, "gradient", dx, 2e-5)
	}
}

// embedded are a network's features of images of a recipe, and the gradient of a
// weighted sum of them for the images.
func embedded(t *testing.T, net features.Network, batch int) (features, gradient []float32) {
	t.Helper()
	var x, y, dx graph.Node
	var gradErr error
	g, err := graph.Build(func(g *graph.Builder) {
		x = g.Input("x", batch, 224, 224, 3)
		y, _ = net.Embed(g, x)
		r := g.Input("r", y.Shape()...)
		for i, u := range recipe(2000, y.Shape().Size()) {
			g.Data(r)[i] = u - 0.5
		}
		var grads []graph.Node
		if grads, gradErr = g.Grad(g.Dot(y, r), x); gradErr == nil {
			dx = grads[0]
		}
	})
	if err != nil || gradErr != nil {
		t.Fatal(err, gradErr)
	}
	for i, u := range recipe(1000, x.Shape().Size()) {
		g.Data(x)[i] = u*4 - 2
	}
	p, err := newDevice(t).Compile(g, device.Request{Outputs: []graph.Node{y, dx}})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	return p.Value(y), p.Value(dx)
}

// TestTowersRefuse: files of relatives that are not read are refused by what tells
// them apart.
func TestTowersRefuse(t *testing.T) {
	all := towers(t)
	for _, c := range []struct {
		of, want string
		change   func([]named) []named
	}{
		{"dinov2", `"register_tokens": not of the network`, func(l []named) []named { return append(l, named{"register_tokens", []int{1, 4, 128}}) }},
		{"dinov2", `dinov2: tensor "pos_embed": shape [1 1369 128], want [grid*grid+1 128]`, reshaped("pos_embed", 1, 1369, 128)},
		{"dinov2-transformers", `"blocks.1.attn.qkv.weight": want queries, keys and values, all of one shape`, without("encoder.layer.1.attention.k_proj.weight")},
		{"dinov2-timm", `"blocks.0.mlp.fc1.weight": missing`, without("blocks.0.mlp.fc1.weight")},
		{"dinov2-timm", `tensor "patch_embed.proj.weight": shape [128 3 15 15], want [width 3 side side], the width a multiple of 64 and 224 one of the side`, reshaped("patch_embed.proj.weight", 128, 3, 15, 15)},
		{"clip-openai", `positions for images of 256 pixels, want 224`, reshaped("visual.positional_embedding", 65, 128)},
		{"clip-openai", `"visual.proj": shape [64 96], want [64 128]`, reshaped("visual.proj", 96, 64)},
		{"clip-transformers", `got no feature network`, without("vision_model.pre_layrnorm.weight")},
		{"clip-transformers", `"head.weight": missing`, without("visual_projection.weight")},
	} {
		_, _, err := features.Open(draw(t, c.change(slices.Clone(all[c.of].Tensors))), "", features.OwnInput)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.of, err, c.want)
		}
	}
}

func reshaped(name string, shape ...int) func([]named) []named {
	return func(list []named) []named {
		list[slices.IndexFunc(list, func(n named) bool { return n.Name == name })].Shape = shape
		return list
	}
}

func without(name string) func([]named) []named {
	return func(list []named) []named {
		return slices.DeleteFunc(list, func(n named) bool { return n.Name == name })
	}
}

// TestPhotos: images are prepared to the bit as OpenAI's CLIP, clean-fid and dgm-eval
// do it over Pillow.
func TestPhotos(t *testing.T) {
	var all []struct {
		Rule   string
		Shape  graph.Shape
		CRC    uint32
		Sample sampled
	}
	readJSON(t, "testdata/photos.json", &all)
	if len(all) != 15 {
		t.Fatalf("%d images, want 15", len(all))
	}
	for i, gold := range all {
		input, err := features.Inputs.Get(gold.Rule)
		if err != nil {
			t.Fatal(err)
		}
		src := recipe(i%5+1, gold.Shape.Size())
		for j, u := range src {
			src[j] = float32(math.Floor(float64(u)*256))/127.5 - 1
		}
		shape := input.Shape(gold.Shape)
		if !slices.Equal(shape, graph.Shape{224, 224, 3}) {
			t.Fatalf("%s: %v", gold.Rule, shape)
		}
		dst := make([]float32, shape.Size())
		input.Fill(dst, src, gold.Shape)
		gold.Sample.near(t, gold.Rule, dst, 1e-7)
		var raw []byte
		for _, v := range dst {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		if sum := crc32.ChecksumIEEE(raw); sum != gold.CRC {
			t.Errorf("%s of %v: CRC %08x, want %08x", gold.Rule, gold.Shape, sum, gold.CRC)
		}
	}
	if input, _ := features.Inputs.Get("clip"); !slices.Equal(input.Shape(graph.Shape{8, 8, 2}), graph.Shape{8, 8, 2}) {
		t.Error("images of two channels are prepared")
	}
}

// TestTowerRefusesImages of a size or of channels that it does not read.
func TestTowerRefusesImages(t *testing.T) {
	net, _, err := features.Open(draw(t, towers(t)["clip-transformers"].Tensors), "", features.OwnInput)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := features.NewExtractor(newDevice(t), net, graph.Shape{8, 8, 2}, 1); err == nil || !strings.Contains(err.Error(), "images [1 8 8 2], want [N 224 224 3]") {
		t.Errorf("error %v", err)
	}
}

// BenchmarkTowers computes features of batches of images, with networks of full size.
func BenchmarkTowers(b *testing.B) {
	folder := os.Getenv(fullVariable)
	if folder == "" {
		b.Skipf("%s is not set", fullVariable)
	}
	for _, file := range []string{"clip.pt", "dinov2.pth"} {
		f, err := weights.Open(filepath.Join(folder, file))
		if err != nil {
			b.Fatal(err)
		}
		net, label, err := features.Open(f, "", features.OwnInput)
		if err != nil {
			b.Fatal(err)
		}
		for _, batch := range []int{5, 10, 25} {
			b.Run(fmt.Sprintf("%s/%d", label, batch), func(b *testing.B) {
				dev := devicetest.Open(b, runtime.GOMAXPROCS(0))
				defer dev.Close()
				e, err := features.NewExtractor(dev, net, graph.Shape{32, 32, 3}, batch)
				if err != nil {
					b.Fatal(err)
				}
				images, out := make([]float32, batch*32*32*3), make([]float32, batch*net.Dim())
				for b.Loop() {
					if err := e.Features(images, out); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "images/s")
			})
		}
	}
}
