package torchfile_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
	"innate/models/torchfile"
)

// want is a tensor of golden.json.
type want struct {
	Name, DType, Hex string
	Shape, Strides   []int
}

// types are safetensors' names of PyTorch's types.
var types = map[string]checkpoint.DType{
	"float32": "F32", "float64": "F64", "float16": "F16", "bfloat16": "BF16", "complex64": "C64", "bool": "BOOL",
	"int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8",
	"float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2", "float8_e8m0fnu": "F8_E8M0",
	"float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
}

// TestGolden reads what PyTorch wrote: every type, stride, flag and form. Names
// and their order, types, shapes, strides and all bytes are PyTorch's.
func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string][]want
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden) < 12 {
		t.Fatalf("%d files, want all", len(golden))
	}
	for file, tensors := range golden {
		f, err := torchfile.Load("testdata/"+file, "")
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		compare(t, file, f, tensors)
	}
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

func compare(t *testing.T, file string, f *checkpoint.File, tensors []want) {
	t.Helper()
	if got := len(f.Tensors()); got != len(tensors) {
		t.Errorf("%s: %d tensors, want %d", file, got, len(tensors))
		return
	}
	copied := t.TempDir() + "/copy"
	if err := checkpoint.Write(copied, f); err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	again, err := checkpoint.Read(copied)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	for i, w := range tensors {
		got := f.Tensors()[i]
		if got.Name != w.Name || got.DType != types[w.DType] || !slices.Equal(got.Shape, w.Shape) || !slices.Equal(got.Strides, w.Strides) {
			t.Errorf("%s: tensor %q %s %v strides %v, want %q %s %v strides %v",
				file, got.Name, got.DType, got.Shape, got.Strides, w.Name, w.DType, w.Shape, w.Strides)
		}
		written, err := again.Tensor(w.Name)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		raw, err := written.Raw()
		if err != nil || hex.EncodeToString(raw) != w.Hex {
			t.Errorf("%s: tensor %q: bytes %x, %v; want %s", file, w.Name, raw, err, w.Hex)
		}
	}
}

// TestNetworkPickle: what a network pickle says of its network.
func TestNetworkPickle(t *testing.T) {
	for _, p := range []string{"2", "3", "4", "5"} {
		f, err := torchfile.Load("testdata/network"+p+".pkl", "")
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{
			torchfile.MetaKey: "ema", torchfile.MetaClass: "EDMPrecond", torchfile.MetaModel: "SongUNet",
			torchfile.MetaArgs:    `{"img_resolution":8,"img_channels":3,"model_type":"SongUNet","model_channels":4,"channel_mult":[1,2],"dropout":0.13}`,
			torchfile.MetaAttrs:   `{"img_resolution":8,"img_channels":3,"label_dim":0,"use_fp16":false,"sigma_min":0,"sigma_max":"+Inf","sigma_data":0.5}`,
			torchfile.MetaModules: "5 Conv2d, 2 GroupNorm, 2 ModuleDict, 2 UNetBlock, 1 EDMPrecond, 1 SongUNet",
		} {
			if got := f.Metadata[key]; got != want {
				t.Errorf("protocol %s: %s: got %s, want %s", p, key, got, want)
			}
		}
	}
}

// TestKeys: averaged weights come before others, and any can be asked for.
func TestKeys(t *testing.T) {
	f, err := torchfile.Load("testdata/state.pt", "optimizer")
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Tensors()[0].Name; len(f.Tensors()) != 1 || got != "state.0.step" && !strings.HasPrefix(got, "state") {
		t.Errorf("optimizer: %d tensors, the first %q", len(f.Tensors()), got)
	}
	if _, err := torchfile.Load("testdata/state.pt", "ema"); err == nil || !strings.Contains(err.Error(), `no "ema" at the top, want one of "epoch", "model", "optimizer", "best"`) {
		t.Errorf("a key that is not there: %v", err)
	}
}

// TestLegacyDouble: a tensor of a type that safetensors does not have is called by its
// name, although the place of the others in an old file depends on its size.
func TestLegacyDouble(t *testing.T) {
	_, err := torchfile.Load("testdata/double-legacy.pt", "")
	if want := `tensor "z": type complex128, which safetensors does not have`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
