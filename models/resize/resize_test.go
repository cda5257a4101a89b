package resize_test

import (
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"innate/models/resize"
)

//go:embed testdata/resize.txt
var golden string

//go:embed testdata/floats.txt
var goldenFloats string

var filters = map[string]resize.Filter{"box": resize.Box, "bicubic": resize.Bicubic, "lanczos": resize.Lanczos}

// image is that of testdata/generate.py.
func image(h, w, c int, seed uint32) []byte {
	out := make([]byte, h*w*c)
	x := seed
	for i := range out {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		if out[i] = byte(i * 255 / len(out)); i/7%2 == 1 {
			out[i] = byte(x >> 8)
		}
	}
	return out
}

// TestPillow compares with what Pillow made, to the bit.
func TestPillow(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(golden), "\n")
	if len(lines) < 20 {
		t.Fatalf("%d lines of golden, want all", len(lines))
	}
	for _, line := range lines {
		var name, bytes string
		var h, w, c, toH, toW int
		var seed, sum uint32
		if _, err := fmt.Sscan(line, &name, &h, &w, &c, &toH, &toW, &seed); err != nil {
			t.Fatal(err)
		}
		fields := strings.Fields(line)
		fmt.Sscanf(fields[7], "%x", &sum)
		bytes = fields[8]
		src := image(h, w, c, seed)
		before := slices.Clone(src)
		got := resize.Image(filters[name], src, h, w, c, toH, toW)
		if crc32.ChecksumIEEE(got) != sum || bytes != "-" && hex.EncodeToString(got) != bytes {
			t.Errorf("%s: got %x…, want Pillow's %s", line, got[:min(len(got), 32)], bytes)
		}
		if !slices.Equal(src, before) {
			t.Errorf("%s: the source was changed", line)
		}
	}
}

// TestFloats compares floats with Pillow's, to the bit, and of three channels at once
// with each alone.
func TestFloats(t *testing.T) {
	for line := range strings.Lines(goldenFloats) {
		var name string
		var h, w, c, toH, toW int
		var seed, sum uint32
		if _, err := fmt.Sscanf(line, "%s %d %d %d %d %d %d %x", &name, &h, &w, &c, &toH, &toW, &seed, &sum); err != nil {
			t.Fatal(err)
		}
		all, first := make([]float32, h*w*c), make([]float32, h*w)
		for i, v := range image(h, w, c, seed) {
			all[i] = float32(v)
			if i%c == 0 {
				first[i/c] = float32(v)
			}
		}
		got := resize.Floats(filters[name], first, h, w, 1, toH, toW)
		raw := make([]byte, 0, 4*len(got))
		for _, v := range got {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
		}
		if crc32.ChecksumIEEE(raw) != sum {
			t.Errorf("%s: other floats than Pillow's, first %v", strings.TrimSpace(line), got[0])
		}
		for i, v := range resize.Floats(filters[name], all, h, w, c, toH, toW) {
			if i%c == 0 && v != got[i/c] {
				t.Fatalf("%s: value %d of %d channels: got %v, want %v", strings.TrimSpace(line), i, c, v, got[i/c])
			}
		}
	}
}

// TestSame: an image of the wanted size is the image.
func TestSame(t *testing.T) {
	src := image(4, 4, 3, 1)
	if got := resize.Image(resize.Lanczos, src, 4, 4, 3, 4, 4); !slices.Equal(got, src) {
		t.Errorf("got %v, want %v", got, src)
	}
}
