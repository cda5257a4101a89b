package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"innate/models"
	"innate/models/checkpoint"
)

// raw builds a file from a header and a number of zero bytes of values.
func raw(header string, values int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(out, header...), make([]byte, values)...)
}

func params() *models.ParamSet {
	set := models.NewParamSet()
	a := set.Add(models.NewParam("enc.4x4_conv.weight", 2, 1, 3, 3))
	for i := range a.Data {
		a.Data[i] = float32(i) - 7.25
	}
	a.Data[3] = float32(math.Inf(-1))
	b := set.Add(models.NewParam("enc.4x4_conv.bias", 2))
	b.Data[0], b.Data[1] = -0.5, float32(math.NaN())
	return set
}

func write(t *testing.T, f *checkpoint.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "net.safetensors")
	if err := checkpoint.Write(path, f); err != nil {
		t.Fatal(err)
	}
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	set := params()
	f := checkpoint.New()
	f.Metadata["arch"] = `{"arch":"ddpmpp"}`
	f.Metadata["nimg"] = "25600"
	must(t, f.Add(checkpoint.Uint8("odd", []byte{1, 2, 3}, 3)))
	must(t, f.AddParams("gen.", set))
	must(t, f.Add(checkpoint.Float64("mu", []float64{math.Pi}, 1)))
	must(t, f.Add(checkpoint.Int64("order", []int64{-1, 1 << 40}, 2)))
	must(t, f.Add(checkpoint.Float32("scalar", []float32{3})))
	must(t, f.Add(checkpoint.Float32("empty", nil, 0, 4)))
	path := write(t, f)

	g, err := checkpoint.Read(path)
	must(t, err)
	if g.Metadata["arch"] != f.Metadata["arch"] || g.Metadata["nimg"] != "25600" || len(g.Metadata) != 2 {
		t.Errorf("metadata %v", g.Metadata)
	}
	back, err := g.Params("gen.")
	must(t, err)
	if !slices.Equal(back.Names(), set.Names()) {
		t.Errorf("names %v, want %v", back.Names(), set.Names())
	}
	for _, p := range set.All() {
		q := back.Get(p.Name)
		if !slices.Equal(p.Shape, q.Shape) {
			t.Errorf("%s: shape %v, want %v", p.Name, q.Shape, p.Shape)
		}
		for i := range p.Data {
			if math.Float32bits(p.Data[i]) != math.Float32bits(q.Data[i]) {
				t.Errorf("%s[%d]: %v, want %v", p.Name, i, q.Data[i], p.Data[i])
			}
		}
	}
	mu, err := g.Tensor("mu")
	must(t, err)
	if v, err := mu.Float64s(); err != nil || v[0] != math.Pi {
		t.Errorf("mu %v %v", v, err)
	}
	order, err := g.Tensor("order")
	must(t, err)
	if v, err := order.Int64s(); err != nil || v[0] != -1 || v[1] != 1<<40 {
		t.Errorf("order %v %v", v, err)
	}
	if _, err := order.Float32s(); err == nil {
		t.Error("integers read as floats")
	}
	odd, err := g.Tensor("odd")
	must(t, err)
	if v, err := odd.Bytes(); err != nil || !bytes.Equal(v, []byte{1, 2, 3}) {
		t.Errorf("odd %v %v", v, err)
	}
	scalar, err := g.Tensor("scalar")
	must(t, err)
	if v, err := scalar.Float32s(); err != nil || len(scalar.Shape) != 0 || v[0] != 3 {
		t.Errorf("scalar %v %v %v", scalar.Shape, v, err)
	}

	// What was read can be written again, byte for byte.
	first, err := os.ReadFile(path)
	must(t, err)
	second, err := os.ReadFile(write(t, g))
	must(t, err)
	if !bytes.Equal(first, second) {
		t.Error("a second write differs from the first")
	}
}

func TestReadHeader(t *testing.T) {
	f := checkpoint.New()
	must(t, f.AddParams("", params()))
	h, err := checkpoint.ReadHeader(write(t, f))
	must(t, err)
	if len(h.Tensors()) != 2 || !slices.Equal(h.Tensors()[0].Shape, []int{2, 1, 3, 3}) {
		t.Fatalf("tensors %v", h.Tensors())
	}
	if _, err := h.Tensors()[0].Float32s(); err == nil || !strings.Contains(err.Error(), "not loaded") {
		t.Errorf("values of a header: %v", err)
	}
	if err := checkpoint.Write(filepath.Join(t.TempDir(), "x"), h); err == nil {
		t.Error("wrote a file without values")
	}
}

func TestLoadParams(t *testing.T) {
	f := checkpoint.New()
	must(t, f.AddParams("gen.", params()))
	g, err := checkpoint.Read(write(t, f))
	must(t, err)

	dst := models.NewParamSet()
	bias := dst.Add(models.NewParam("enc.4x4_conv.bias", 2))
	must(t, g.LoadParams("gen.", dst))
	if bias.Data[0] != -0.5 {
		t.Errorf("bias %v", bias.Data)
	}

	bias.Data[0] = 9
	dst.Add(models.NewParam("enc.4x4_conv.weight", 2, 3, 3, 3))
	err = g.LoadParams("gen.", dst)
	want := `tensor "gen.enc.4x4_conv.weight": shape [2 1 3 3], want [2 3 3 3]`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
	if bias.Data[0] != 9 {
		t.Error("a failed load changed a parameter")
	}
	if err := g.LoadParams("ema.", dst); err == nil || !strings.Contains(err.Error(), `tensor "ema.enc.4x4_conv.bias": missing`) {
		t.Errorf("missing tensor: %v", err)
	}
}

func TestNarrowTypes(t *testing.T) {
	header := `{"h":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}`
	data := raw(header, 10)
	body := data[len(data)-10:]
	for i, v := range []uint16{0x3c00, 0xc500, 0x0001, 0x7c00, 0xbf80} { // 1, -5, 2^-24, +Inf; bfloat16 -1
		binary.LittleEndian.PutUint16(body[2*i:], v)
	}
	f, err := checkpoint.Decode(data)
	must(t, err)
	set, err := f.Params("")
	must(t, err)
	if got := set.Get("h").Data; got[0] != 1 || got[1] != -5 || got[2] != 1.0/(1<<24) || !math.IsInf(float64(got[3]), 1) {
		t.Errorf("half %v", got)
	}
	if got := set.Get("b").Data[0]; got != -1 {
		t.Errorf("bfloat16 %v", got)
	}
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"short", []byte{1, 2}, "2 bytes, want at least 8"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 1<<40), "header of 1099511627776 bytes, want at most"},
		{"cut header", raw(`{}`, 0)[:9], "header of 2 bytes in a file of 9"},
		{"not JSON", raw(`hello`, 0), "not a JSON object"},
		{"cut JSON", raw(`{"a":`, 0), `tensor "a"`},
		{"tail", raw(`{} {}`, 0), "3 bytes after the JSON object"},
		{"twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), `tensor "a": named twice`},
		{"type", raw(`{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "a": unknown type "F8"`},
		{"size", raw(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8), `tensor "a": 8 bytes, want 12 for F32 [3]`},
		{"negative shape", raw(`{"a":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}`, 8), "no negative size"},
		{"overflow", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, 0), "too large"},
		{"range", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "bytes 0 to 8, want a range within 4"},
		{"negative range", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 4), "bytes -8 to 0"},
		{"overlap", raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), `tensor "b": starts at byte 2 inside the previous tensor`},
		{"hole", raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}`, 9), `tensor "b": starts at byte 5, want 4`},
		{"trailing values", raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 5), "5 bytes of values, want 4"},
		{"no shape", raw(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), `tensor "a": no shape`},
		{"one offset", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1), "1 data offsets, want 2"},
		{"metadata", raw(`{"__metadata__":{"a":1}}`, 0), "__metadata__"},
		{"a key twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"dtype":"I8"}}`, 1), `tensor "a": dtype twice`},
		{"another key", raw(`{"a":{"DType":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), `tensor "a": unknown type ""`},
		{"no object", raw(`{"a":[1]}`, 1), `tensor "a": got [, want an object`},
		{"fraction", raw(`{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}`, 1), `tensor "a"`},
	} {
		if _, err := checkpoint.Decode(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	if _, err := checkpoint.Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), "a directory, want safetensors") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := checkpoint.Read(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(unwrap(err)) {
		t.Errorf("a missing file: %v", err)
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return err
}

func TestAddRefuses(t *testing.T) {
	f := checkpoint.New()
	must(t, f.Add(checkpoint.Float32("a", make([]float32, 2), 2)))
	for _, bad := range []checkpoint.Tensor{
		checkpoint.Float32("a", make([]float32, 2), 2),
		checkpoint.Float32("b", make([]float32, 2), 3),
		checkpoint.Float32("__metadata__", make([]float32, 1), 1),
	} {
		if err := f.Add(bad); err == nil {
			t.Errorf("accepted %q %v", bad.Name, bad.Shape)
		}
	}
}

func TestWriteIsAtomic(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "latest.safetensors")
	must(t, os.WriteFile(path, []byte("old"), 0o644))
	header, err := checkpoint.Decode(raw(`{}`, 0))
	must(t, err)
	must(t, header.Add(checkpoint.Uint8("a", []byte{1}, 1)))
	must(t, checkpoint.Write(path, header))
	if _, err := checkpoint.Read(path); err != nil {
		t.Error(err)
	}

	// A write that fails leaves the target and no temporary file behind.
	kept, err := os.ReadFile(path)
	must(t, err)
	hollow, err := checkpoint.ReadHeader(path)
	must(t, err)
	if err := checkpoint.Write(path, hollow); err == nil {
		t.Fatal("wrote a header without values")
	}
	now, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Equal(kept, now) {
		t.Error("a failed write changed the file")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := checkpoint.Write(filepath.Join(dir, "no", "such", "dir"), header); err == nil {
		t.Error("wrote into a missing directory")
	}
}

// TestReadHoldsNoValues: a file's values are read when they are wanted, from the file
// that was opened, and not kept.
func TestReadHoldsNoValues(t *testing.T) {
	const n = 4 << 20
	f := checkpoint.New()
	must(t, f.Add(checkpoint.Float32("a", make([]float32, n), n)))
	must(t, f.Add(checkpoint.Float32("b", []float32{1, 2}, 2)))
	path := write(t, f)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := checkpoint.Read(path)
	must(t, err)
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 1<<20 {
		t.Errorf("%d bytes allocated to open a file of %d", bytes, 4*n)
	}
	// Another file takes its place, as a writer has it.
	other := checkpoint.New()
	must(t, other.Add(checkpoint.Float32("b", []float32{3}, 1)))
	must(t, checkpoint.Write(path, other))
	b, err := got.Tensor("b")
	must(t, err)
	if v, err := b.Float32s(); err != nil || !slices.Equal(v, []float32{1, 2}) {
		t.Errorf("values %v, %v; want those of the file that was opened", v, err)
	}
	// One that is cut short meanwhile says so.
	again, err := checkpoint.Read(path)
	must(t, err)
	info, err := os.Stat(path)
	must(t, err)
	must(t, os.Truncate(path, info.Size()-2))
	if _, err := again.Tensors()[0].Float32s(); err == nil || !strings.Contains(err.Error(), `tensor "b": read: 2 bytes of 4: the file was cut short`) {
		t.Errorf("a file cut short after it was opened: %v", err)
	}
}
