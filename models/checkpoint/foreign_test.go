package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/checkpoint"
)

// TestFaultDTypes lists what the safetensors library wrote in every type that it
// can write, reads what numbers can be had, and refuses the rest by name.
func TestFaultDTypes(t *testing.T) {
	f, err := checkpoint.Read("testdata/dtypes.safetensors")
	must(t, err)
	var names []string
	for _, tensor := range f.Tensors() {
		names = append(names, string(tensor.DType))
		if !slices.Equal(tensor.Shape, []int{4, 2}) {
			t.Errorf("%s: shape %v, want [4 2]", tensor.DType, tensor.Shape)
		}
		floats, floatErr := tensor.Float32s()
		ints, intErr := tensor.Int64s()
		switch tensor.DType {
		case checkpoint.F64, checkpoint.F32, checkpoint.F16, checkpoint.BF16, checkpoint.F8E5M2, checkpoint.F8E4M3,
			checkpoint.F8E8M0, checkpoint.F8E4M3FNUZ, checkpoint.F8E5M2FNUZ:
			if floatErr != nil || len(floats) != 8 {
				t.Errorf("%s: %v, %v", tensor.DType, floats, floatErr)
			}
		case checkpoint.U16: // bytes 0 1 0 1
			if intErr != nil || !slices.Equal(ints, slices.Repeat([]int64{0x0100}, 8)) {
				t.Errorf("%s: %v, %v", tensor.DType, ints, intErr)
			}
		case checkpoint.U32:
			if intErr != nil || !slices.Equal(ints, slices.Repeat([]int64{0x01000100}, 8)) {
				t.Errorf("%s: %v, %v", tensor.DType, ints, intErr)
			}
		case checkpoint.U64:
			if intErr != nil || !slices.Equal(ints, slices.Repeat([]int64{0x0100010001000100}, 8)) {
				t.Errorf("%s: %v, %v", tensor.DType, ints, intErr)
			}
		case checkpoint.I64, checkpoint.I32, checkpoint.I16, checkpoint.I8, checkpoint.U8, checkpoint.Bool:
			if intErr != nil || len(ints) != 8 {
				t.Errorf("%s: %v, %v", tensor.DType, ints, intErr)
			}
		default:
			want := fmt.Sprintf("tensor %q: type %s, want", tensor.Name, tensor.DType)
			for _, err := range []error{floatErr, intErr} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: error %v, want %q", tensor.DType, err, want)
				}
			}
		}
	}
	want := "U64 I64 F64 C64 F32 U32 I32 BF16 F16 U16 I16 F8_E5M2FNUZ F8_E4M3FNUZ F8_E8M0 F8_E4M3 F8_E5M2 I8 U8 F4 BOOL"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("types %s, want %s", got, want)
	}

	// What cannot be read as numbers is copied all the same.
	copied, err := checkpoint.Read(write(t, f))
	must(t, err)
	for _, tensor := range f.Tensors() {
		if c, err := copied.Tensor(tensor.Name); err != nil || c.DType != tensor.DType {
			t.Errorf("copy of %s: type %s, %v; want %s", tensor.Name, c.DType, err, tensor.DType)
		}
	}
}

// TestFaultPackedTypes holds sizes in bits: what fills whole bytes opens and
// what doesn't is refused, as the library does.
func TestFaultPackedTypes(t *testing.T) {
	f, err := checkpoint.Decode(raw(`{"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]},"b":{"dtype":"F6_E3M2","shape":[2,4],"data_offsets":[3,9]}}`, 9))
	if err != nil || len(f.Tensors()) != 2 {
		t.Errorf("six bits an element: %v", err)
	}
	for _, c := range []struct{ header, want string }{
		{`{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}`, `tensor "a": 12 bits for F4 [3], want whole bytes`},
		{`{"a":{"dtype":"F4","shape":[4],"data_offsets":[0,4]}}`, `tensor "a": 4 bytes, want 2 for F4 [4]`},
		{`{"a":{"dtype":"F8","shape":[4],"data_offsets":[0,4]}}`, `tensor "a": unknown type "F8"`},
	} {
		if _, err := checkpoint.Decode(raw(c.header, 4)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// TestFaultUnsignedBeyond: a value that int64 cannot hold is refused, not
// wrapped.
func TestFaultUnsignedBeyond(t *testing.T) {
	data := raw(`{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, 8)
	data[len(data)-1] = 0x80
	f, err := checkpoint.Decode(data)
	must(t, err)
	if v, err := f.Tensors()[0].Int64s(); err == nil || !strings.Contains(err.Error(), "value 9223372036854775808, want at most") {
		t.Errorf("values %v, %v", v, err)
	}
}

// TestFaultResaved reads files of this package that the safetensors library
// has written again with their metadata, checksums among it, and says so.
func TestFaultResaved(t *testing.T) {
	for _, c := range []struct {
		file, changed string
		bias          []float32
	}{
		{"onesum", "", []float32{0, 0.25}},
		{"onesum-resaved", "changed by another program since innate wrote it", []float32{0, 0.25}},
		{"onesum-edited", "changed by another program since innate wrote it", []float32{0, 0.5}},
		{"twosums", "", []float32{0, 0.25}},
		{"twosums-resaved", "changed by another program since innate wrote it; the values are the same", []float32{0, 0.25}},
		{"twosums-edited", "changed by another program since innate wrote it; the values, too", []float32{0, 0.5}},
		{"dtypes", "", nil},
	} {
		f, err := checkpoint.Read("testdata/" + c.file + ".safetensors")
		if err != nil {
			t.Error(err)
			continue
		}
		if f.Changed != c.changed {
			t.Errorf("%s: changed %q, want %q", c.file, f.Changed, c.changed)
		}
		if c.bias == nil {
			continue
		}
		if len(f.Metadata) != 3 || f.Metadata["nimg"] != "25600" {
			t.Errorf("%s: metadata %v, want arch, config and nimg", c.file, f.Metadata)
		}
		bias, err := f.Tensor("net.bias")
		must(t, err)
		if v, err := bias.Float32s(); err != nil || !slices.Equal(v, c.bias) {
			t.Errorf("%s: bias %v, %v; want %v", c.file, v, err, c.bias)
		}

		// Written here, it is ours again.
		again, err := checkpoint.Read(write(t, f))
		must(t, err)
		if again.Changed != "" || len(again.Metadata) != 3 {
			t.Errorf("%s written again: changed %q, metadata %v", c.file, again.Changed, again.Metadata)
		}
	}
}

// TestFaultOtherFiles says what a file is that is not safetensors, and what to
// do, whatever its name promises.
func TestFaultOtherFiles(t *testing.T) {
	pickles := "innate import makes one of it"
	for _, c := range []struct{ content, want string }{
		{string(readFile(t, "../filetype/testdata/zip.pt")), "a PyTorch file (zip of torch.save), want safetensors; " + pickles},
		{string(readFile(t, "../filetype/testdata/legacy.pt")), "a PyTorch file (legacy form of torch.save), want safetensors; " + pickles},
		{string(readFile(t, "../filetype/testdata/protocol4.pkl")), "a Python pickle, want safetensors; " + pickles},
		{"<!DOCTYPE html><html>", "an HTML page, want safetensors; a download brought this instead of the file, so fetch it again"},
		{"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS, want safetensors; git lfs pull fetches the file itself"},
		{"", "an empty file, want safetensors; a download or a copy did not come to its end"},
		{string(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4)), `tensor "a": bytes 0 to 8, want a range within 4: the file was cut short`},
		{string(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8)[:20]), `header of 54 bytes in a file of 20: it was cut short`},
	} {
		path := filepath.Join(t.TempDir(), "net.safetensors")
		must(t, os.WriteFile(path, []byte(c.content), 0o644))
		if _, err := checkpoint.Read(path); err == nil || err.Error() != "checkpoint: "+path+": "+c.want {
			t.Errorf("%.20q: error %v, want %s", c.content, err, c.want)
		}
		if _, err := checkpoint.Decode([]byte(c.content)); err == nil || err.Error() != "checkpoint: "+c.want {
			t.Errorf("%.20q in memory: error %v, want %s", c.content, err, c.want)
		}
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}
