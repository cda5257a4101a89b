package checkpoint_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"innate/models/checkpoint"
)

// bound is what decoding size bytes, header of them the header, may allocate: as
// package checkpoint says.
func bound(size, header int) uint64 { return uint64(min(size, 512<<10) + 40*header + 64<<10) }

// allocated decodes data and returns the bytes that this allocated.
func allocated(data []byte) (f *checkpoint.File, bytes uint64, err error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f, err = checkpoint.Decode(data)
	runtime.ReadMemStats(&after)
	return f, after.TotalAlloc - before.TotalAlloc, err
}

// headerOf is the length of the header that data really has.
func headerOf(data []byte) int {
	if len(data) < 8 {
		return 0
	}
	return int(min(binary.LittleEndian.Uint64(data), uint64(len(data)-8)))
}

// TestAllocationIsBounded decodes files that are made to cost more than they
// weigh.
func TestAllocationIsBounded(t *testing.T) {
	many := func(n int, entry func(i int) string) string {
		parts := make([]string, n)
		for i := range parts {
			parts[i] = entry(i)
		}
		return "{" + strings.Join(parts, ",") + "}"
	}
	name := func(i int) string { return string([]byte{'a' + byte(i%26), 'a' + byte(i/26%26), 'a' + byte(i/676%26)}) }
	for what, data := range map[string][]byte{
		"a header that claims the limit": binary.LittleEndian.AppendUint64(nil, 100<<20),
		"a header beyond any limit":      binary.LittleEndian.AppendUint64(nil, 1<<63),
		"values that are not there":      raw(`{"a":{"dtype":"F32","shape":[268435456],"data_offsets":[0,1073741824]}}`, 8),
		"shapes that overflow":           raw(`{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0),
		"many empty objects":             raw(many(15000, func(i int) string { return `"` + name(i) + `":{}` }), 0),
		"many empty tensors": raw(many(15000, func(i int) string {
			return `"` + name(i) + `":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}`
		}), 0),
		"many dimensions":              raw(`{"a":{"dtype":"U8","shape":[0`+strings.Repeat(",0", 200000)+`],"data_offsets":[0,0]}}`, 0),
		"many offsets":                 raw(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0`+strings.Repeat(",0", 200000)+`]}}`, 0),
		"deep nesting":                 raw(`{"a":`+strings.Repeat("[", 200000), 0),
		"much metadata and an old sum": raw(`{"__metadata__":`+many(15000, func(i int) string { return `"` + name(i) + `":""` })[:15000*8]+`,"crc32c":"0"}}`, 0),
		"much metadata":                raw(`{"__metadata__":`+many(15000, func(i int) string { return `"` + name(i) + `":""` })+`}`, 0),
	} {
		_, got, err := allocated(data)
		if want := bound(len(data), headerOf(data)); got > want {
			t.Errorf("%s: %d bytes allocated for %d (%v), want at most %d", what, got, len(data), err, want)
		}
	}
}

// oldKey returns whether byte i of an older file, with one sum, belongs to the
// sum's key. Without it the file passes for someone else's, in which it is then
// the one damage.
func oldKey(data []byte, i int) bool {
	at := bytes.Index(data, []byte(`"crc32c"`)) + 1
	return at > 0 && i >= at && i < at+len("crc32c")
}

// TestEveryByteCounts damages each bit of a file in turn: none may pass, and
// without a checksum the file is accepted.
func TestEveryByteCounts(t *testing.T) {
	f := checkpoint.New()
	f.Metadata["progress"] = `{"nimg":64,"crc32c":"ffffffff"}`
	must(t, f.AddParams("net/", params()))
	for _, path := range []string{write(t, f), "testdata/twosums.safetensors", "testdata/onesum.safetensors"} {
		whole, err := os.ReadFile(path)
		must(t, err)
		if _, err := checkpoint.Decode(bytes.Clone(whole)); err != nil {
			t.Fatal(err)
		}
		for i := range whole {
			for bit := range 8 {
				data := bytes.Clone(whole)
				data[i] ^= 1 << bit
				if _, err := checkpoint.Decode(data); err == nil && !oldKey(whole, i) {
					t.Errorf("%s: byte %d of %d (%q) changed to %q unnoticed", path, i, len(whole), whole[i], data[i])
				}
			}
		}
		for cut := range len(whole) {
			if _, err := checkpoint.Decode(whole[:cut:cut]); err == nil {
				t.Errorf("%s: cut to %d of %d bytes unnoticed", path, cut, len(whole))
			}
		}
	}
	foreign := raw(`{"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2)
	if _, err := checkpoint.Decode(foreign); err != nil {
		t.Errorf("a file without a checksum: %v", err)
	}
}

// FuzzDecode: any bytes give an error or a file that survives a round trip, for
// no more memory than promised, and a file that was written does not survive a
// change of any byte.
func FuzzDecode(f *testing.F) {
	f.Add(raw(`{}`, 0), uint(3))
	f.Add(raw(`{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}`, 8), uint(70))
	f.Add(raw(`{"b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}`, 6), uint(0))
	f.Add(raw(`{"z":{"dtype":"I64","shape":[0,3],"data_offsets":[0,0]}}`, 0), uint(99))
	f.Add(raw(`{"a":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}`, 6), uint(9))
	f.Add(raw(`{"__metadata__":{"crc32c":"00000000"}}`, 0), uint(9))
	f.Add(raw(`{"__metadata__":{"z":"<","crc32c":"00000000"}}`, 0), uint(9))
	f.Add(raw(`{ "__metadata__":{"crc32c.header":"00000000","crc32c.values":"00000000"}}`, 0), uint(9))
	f.Add(raw(`{"__metadata__":{"crc32c.values":"00000000"}}`, 0), uint(9))
	f.Fuzz(func(t *testing.T, data []byte, at uint) {
		file, got, err := allocated(data)
		// Another goroutine of the fuzzer may allocate meanwhile: hence the slack.
		if want := bound(len(data), headerOf(data)) + 1<<20; got > want {
			t.Fatalf("%d bytes allocated for %d (%v), want at most %d", got, len(data), err, want)
		}
		if err != nil {
			return
		}
		total := 0
		for _, tensor := range file.Tensors() {
			if v, err := tensor.Float32s(); err == nil && len(v) != tensor.Count() {
				t.Fatalf("%q: %d values, want %d", tensor.Name, len(v), tensor.Count())
			}
			if v, err := tensor.Int64s(); err == nil && len(v) != tensor.Count() {
				t.Fatalf("%q: %d values, want %d", tensor.Name, len(v), tensor.Count())
			}
			total += tensor.Count()
		}
		if total > 2*len(data) { // an element has at least four bits
			t.Fatalf("%d elements out of %d bytes", total, len(data))
		}
		path := filepath.Join(t.TempDir(), "again")
		if err := checkpoint.Write(path, file); err != nil {
			t.Fatal(err)
		}
		written, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := checkpoint.Decode(bytes.Clone(written)); err != nil {
			t.Fatal(err)
		}
		i := int(at % uint(len(written)))
		damaged := bytes.Clone(written)
		damaged[i] ^= 1
		if _, err := checkpoint.Decode(damaged); err == nil {
			t.Fatalf("byte %d of %d changed unnoticed", i, len(written))
		}
	})
}
