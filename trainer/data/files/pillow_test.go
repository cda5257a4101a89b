package files_test

import (
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/trainer/data/files"
)

// TestPillow compares with what Pillow decodes. PNG, palette and lossless WebP are the
// same to the bit; JPEG and lossy WebP are not: Go rounds the transform elsewhere, and
// does not smooth the chroma that such files have at half the size.
func TestPillow(t *testing.T) {
	for name, levels := range map[string]int{ // largest difference of a byte
		"gray.png": 0, "palette.png": 0, "alpha.png": 0, "lossless.webp": 0,
		"gray.jpg": 1, "full.jpg": 3, "rgb.jpg": 57, "progressive.jpg": 56, "lossy.webp": 48, // in colours that change from pixel to pixel
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
