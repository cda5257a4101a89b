// Package nettest loads the golden files that tests of the networks compare
// with: inputs, parameters and outputs of tiny networks, computed in float32 by
// a PyTorch implementation that agrees with the published EDM and GDD code. An
// .npz file holds the arrays, images as [N C H W]; the .json beside it states
// the U-Net's configuration.
package nettest

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"innate/models"
	"innate/models/npz"
	"innate/models/precond"
	"innate/models/unet"
)

// Golden is one pair of files.
type Golden struct {
	Config           unet.Config
	TrainablePreset1 []string // gdd_* only: what freeze preset 1 leaves to train
	Arrays           map[string]npz.Array
}

// Load reads path+".npz" and path+".json".
func Load(t testing.TB, path string) *Golden {
	t.Helper()
	text, err := os.ReadFile(path + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Config           unet.Config `json:"config"`
		TrainablePreset1 []string    `json:"trainable_preset1"`
	}
	meta.Config.ChannelMultEmb = 4 // EDM's default, left out of the files
	if err := json.Unmarshal(text, &meta); err != nil {
		t.Fatalf("%s.json: %v", path, err)
	}
	arrays, err := npz.Load(path + ".npz")
	if err != nil {
		t.Fatal(err)
	}
	return &Golden{meta.Config, meta.TrainablePreset1, arrays}
}

// Has reports whether the file holds that array.
func (g *Golden) Has(name string) bool {
	_, ok := g.Arrays[name]
	return ok
}

// Floats returns an array of float32 as it is stored.
func (g *Golden) Floats(t testing.TB, name string) []float32 {
	t.Helper()
	a, ok := g.Arrays[name]
	if !ok || a.Descr != "<f4" {
		t.Fatalf("golden array %q: missing, or not float32", name)
	}
	return a.Float32s()
}

// Images returns an array [... C H W], float32 or float64, as [... H W C].
func (g *Golden) Images(t testing.TB, name string) []float32 {
	t.Helper()
	a, ok := g.Arrays[name]
	if !ok || len(a.Shape) < 3 {
		t.Fatalf("golden array %q: missing, or not images", name)
	}
	d := a.Shape[len(a.Shape)-3:]
	return ToNHWC(a.Float32s(), d[0], d[1], d[2])
}

// ToNHWC transposes images [... C H W] to [... H W C].
func ToNHWC(x []float32, c, h, w int) []float32 {
	out := make([]float32, len(x))
	for n := 0; n < len(x); n += c * h * w {
		for i := range c {
			for p := range h * w {
				out[n+p*c+i] = x[n+i*h*w+p]
			}
		}
	}
	return out
}

// Fill sets every parameter of set from the array prefix+name.
func (g *Golden) Fill(t testing.TB, prefix string, set *models.ParamSet) {
	t.Helper()
	for _, p := range set.All() {
		a, ok := g.Arrays[prefix+p.Name]
		if !ok || !slices.Equal(a.Shape, p.Shape) {
			t.Fatalf("golden array %q: shape %v, want %v", prefix+p.Name, a.Shape, p.Shape)
		}
		copy(p.Data, a.Float32s())
	}
}

// Net builds the U-Net with the parameters under prefix ("param/model.") and
// the buffers under bufferPrefix.
func (g *Golden) Net(t testing.TB, prefix, bufferPrefix string) precond.Net {
	t.Helper()
	net, err := unet.New(g.Config, nil)
	if err != nil {
		t.Fatal(err)
	}
	g.Fill(t, prefix, net.Params())
	g.Fill(t, bufferPrefix, net.Buffers())
	return net
}

// Near compares got with want: no difference may exceed tol times the largest
// magnitude in want.
func Near(t testing.TB, label string, got, want []float32, tol float64) {
	t.Helper()
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(float64(v)))
	}
	Within(t, label, got, want, tol*scale)
}

// Within compares got with want: no difference may exceed bound.
func Within(t testing.TB, label string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", label, len(got), len(want))
		return
	}
	worst, at := 0.0, 0
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if d > worst || math.IsNaN(d) {
			worst, at = d, i
		}
		if math.IsNaN(d) {
			break
		}
	}
	if !(worst <= bound) {
		t.Errorf("%s[%d]: %v, want %v: off by %.3g, at most %.3g", label, at, got[at], want[at], worst, bound)
	}
}
