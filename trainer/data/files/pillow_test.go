package files_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/data/files"
)

// TestPillow compares with what Pillow decodes. PNG, palette and WebP are the same to
// the bit, chroma included; JPEG is up to three levels: Go rounds the inverse cosine
// transform elsewhere, of luma and of chroma.
func TestPillow(t *testing.T) {
	for name, levels := range map[string]int{ // largest difference of a byte
		"gray.png": 0, "palette.png": 0, "alpha.png": 0, "lossless.webp": 0, "lossy.webp": 0, "odd.webp": 0,
		"gray-alpha.png": 0, "gray-transparent.png": 0, "gray.jpg": 1, "cmyk.jpg": 2,
		"full.jpg": 2, "rgb.jpg": 2, "progressive.jpg": 2,
		"odd.jpg": 2, "odd-422.jpg": 2, "tiny.jpg": 2, "440.jpg": 3, "411.jpg": 3,
	} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		check(t, err)
		got, err := files.DecodeBytes(b)
		check(t, err)
		text, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
		check(t, err)
		fields := strings.Fields(string(text))
		want, err := hex.DecodeString(fields[3])
		check(t, err)
		if shape := strings.Join(fields[:3], "x"); got.Shape() != shape {
			t.Errorf("%s: %s, want %s", name, got.Shape(), shape)
			continue
		}
		most, sum := 0, 0
		for i := range want {
			d := max(int(want[i])-int(got.Pix[i]), int(got.Pix[i])-int(want[i]))
			most, sum = max(most, d), sum+d
		}
		t.Logf("%s: at most %d levels, %.3f on average", name, most, float64(sum)/float64(len(want)))
		if most > levels {
			t.Errorf("%s: differs by %d levels, want at most %d", name, most, levels)
		}
	}
}
