package torchfile_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/models/torchfile"
)

// big is a zip written as PyTorch 2.15 writes one beyond 4 GiB, with holes for the
// values that do not matter.
type big struct {
	t    *testing.T
	f    *os.File
	at   int64
	dir  []byte
	many int
}

func (z *big) put(b []byte) {
	if _, err := z.f.WriteAt(b, z.at); err != nil {
		z.t.Fatal(err)
	}
	z.at += int64(len(b))
}

// fields concatenates numbers, little-endian, each as wide as its type.
func fields(values ...any) (b []byte) {
	for _, v := range values {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}

// add writes a record of size bytes that begins with content. Its local header
// says 0 for its size, with bit 3 set; beyond 4 GiB it has a zip64 field with its
// own offset; padding aligns the values to 64 bytes.
func (z *big) add(name string, size int64, content string) {
	begin := z.at
	var wide []byte
	if begin >= 1<<32 {
		wide = fields(uint16(1), uint16(8), uint64(begin))
	}
	head := 30 + len(name) + len(wide) + 4
	pad := int(-(begin + int64(head))) & 63
	extra := append(wide, append(fields([2]byte{'F', 'B'}, uint16(pad)), strings.Repeat("Z", pad)...)...)
	z.put(fields(uint32(0x04034b50), uint16(0), uint16(0x0808), uint16(0), uint16(0), uint16(0), uint32(0), uint32(0), uint32(0), uint16(len(name)), uint16(len(extra))))
	z.put([]byte(name))
	z.put(extra)
	if z.at%64 != 0 {
		z.t.Fatalf("record %s at %d, want a multiple of 64", name, z.at)
	}
	if _, err := z.f.WriteAt([]byte(content), z.at); err != nil {
		z.t.Fatal(err)
	}
	z.at += size
	z.put(fields(uint32(0x08074b50), uint32(0), uint64(size), uint64(size))) // the descriptor
	z.dir = append(z.dir, fields(uint32(0x02014b50), uint16(0), uint16(0), uint16(0x0808), uint16(0), uint16(0), uint16(0), uint32(0),
		uint32(1<<32-1), uint32(1<<32-1), uint16(len(name)), uint16(28), uint16(0), uint16(0), uint16(0), uint32(0), uint32(1<<32-1))...)
	z.dir = append(z.dir, name...)
	z.dir = append(z.dir, fields(uint16(1), uint16(24), uint64(size), uint64(size), uint64(begin))...)
	z.many++
}

func (z *big) close() {
	dir := z.at
	z.put(z.dir)
	end := z.at
	n := uint64(z.many)
	z.put(fields(uint32(0x06064b50), uint64(44), uint16(0), uint16(0), uint32(0), uint32(0), n, n, uint64(len(z.dir)), uint64(dir)))
	z.put(fields(uint32(0x07064b50), uint32(0), uint64(end), uint32(1)))
	z.put(fields(uint32(0x06054b50), uint16(0), uint16(0), uint16(z.many), uint16(z.many), uint32(1<<32-1), uint32(1<<32-1), uint16(0)))
}

// TestBeyond4GiB reads records that are larger than 32 bits can say, and that
// begin beyond it. The file is a hole but for a few kilobytes.
func TestBeyond4GiB(t *testing.T) {
	path := filepath.Join(t.TempDir(), "big.pt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const large = 1<<30 + 2 // float32
	z := &big{t: t, f: f}
	z.add("big/data.pkl", 2000, "\x80\x02}("+text("large")+tensor(stored("0", large), 0, []int64{large}, []int64{1})+
		text("last")+tensor(stored("0", large), large-1, []int64{1}, []int64{1})+
		text("after")+tensor(stored("1", 2), 0, []int64{2}, []int64{1})+"u.")
	z.add("big/data/0", 4*large, "")
	if _, err := f.WriteAt(fields(float32(3)), z.at-24-4); err != nil {
		t.Fatal(err)
	}
	z.add("big/data/1", 8, string(fields(float32(1), float32(-2))))
	z.close()
	file, err := torchfile.Load(path, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"last": {3}, "after": {1, -2}} {
		tensor, err := file.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tensor.Float32s()
		if err != nil || len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	if n := file.Tensors()[0].Count(); n != large {
		t.Errorf("%d values, want %d", n, large)
	}
}
