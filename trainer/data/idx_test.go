package data_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"innate/trainer/data"
)

func images(extra ...byte) []byte {
	return append([]byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3}, extra...)
}

func TestReadIDX(t *testing.T) {
	pixels, n, h, w, err := data.ReadIDXImages(bytes.NewReader(images(1, 2, 3, 4, 5, 6)))
	if err != nil || n != 2 || h != 1 || w != 3 || !slices.Equal(pixels, []byte{1, 2, 3, 4, 5, 6}) {
		t.Errorf("%d images of %dx%d: %v, %v", n, h, w, pixels, err)
	}
	labels, err := data.ReadIDXLabels(bytes.NewReader([]byte{0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9}))
	if err != nil || !slices.Equal(labels, []byte{7, 8, 9}) {
		t.Errorf("labels %v, %v", labels, err)
	}
}

func TestReadIDXErrors(t *testing.T) {
	for want, file := range map[string][]byte{
		"header of 0 bytes, want 16":        nil,
		"header of 8 bytes, want 16":        images()[:8],
		"magic 0x00000801, want 0x00000803": {0, 0, 8, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5},
		"5 bytes of data, want 6":           images(1, 2, 3, 4, 5),
		"data after the 6 bytes":            images(1, 2, 3, 4, 5, 6, 7),
		"size 0 of axis 1":                  {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},
		"size 4294967295 of axis 0":         {0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 0, 1, 0, 0, 0, 1},
		"at most 268435456 bytes":           {0, 0, 8, 3, 0, 1, 0, 0, 0, 0, 64, 0, 0, 0, 64, 0},
	} {
		_, _, _, _, err := data.ReadIDXImages(bytes.NewReader(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := data.ReadIDXLabels(bytes.NewReader(images(1, 2, 3, 4, 5, 6))); err == nil || !strings.Contains(err.Error(), "want 0x00000801") {
		t.Errorf("images as labels: %v", err)
	}
}

func FuzzReadIDXImages(f *testing.F) {
	f.Add(images(1, 2, 3, 4, 5, 6))
	f.Add(images(1))
	f.Fuzz(func(t *testing.T, file []byte) {
		pixels, n, h, w, err := data.ReadIDXImages(bytes.NewReader(file))
		if err == nil && (len(pixels) != n*h*w || len(file) != 16+len(pixels)) {
			t.Errorf("%d images of %dx%d with %d pixels from %d bytes", n, h, w, len(pixels), len(file))
		}
	})
}
