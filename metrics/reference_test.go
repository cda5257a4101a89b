package metrics_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/npz"
	"innate/models/npz/npztest"
)

// reference is an npz with mu, sigma and one more array.
func reference(t *testing.T, name string, entry []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, e := range []struct {
		name string
		file []byte
	}{
		{"mu", npztest.Array("<f8", "(2,)", []float64{1, 2})},
		{"sigma", npztest.Array("<f8", "(2, 2)", []float64{1, 0, 0, 1})},
		{name, entry},
	} {
		w, err := z.Create(e.name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.file); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestFaultFeaturesOfOthers reads the name of the features as NumPy stores
// texts, takes a matrix for the vectors that it is, and refuses the rest.
func TestFaultFeaturesOfOthers(t *testing.T) {
	cnn := []uint32{'c', 'n', 'n'}
	for _, c := range []struct {
		what        string
		entry       []byte
		name, fails string
	}{
		{"text", npztest.Array("<U3", "()", cnn), "cnn", ""},
		{"one text", npztest.Array("<U3", "(1,)", cnn), "cnn", ""},
		{"padded text", npztest.Array("<U5", "()", append(slices.Clone(cnn), 0, 0)), "cnn", ""},
		{"text beyond ASCII", npztest.Array("<U2", "()", []uint32{'é', '漢'}), "é漢", ""},
		{"big-endian text", npztest.Array(">U1", "()", []uint8{0, 0, 0, 'c'}), "c", ""},
		{"byte text", npztest.Array("|S3", "()", []byte("cnn")), "cnn", ""},
		{"bytes", npztest.Array("|u1", "(3,)", []byte("cnn")), "cnn", ""},
		{"no bytes", npztest.Array("|u1", "(0,)", []byte{}), "", ""},
		{"a matrix", npztest.Array("<f4", "(2, 2)", []float32{1, 2, 3, 4}), "", ""},
		{"a matrix of bytes", npztest.Array("|u1", "(2, 2)", []byte("abcd")), "", ""},
		{"a vector", npztest.Array("<f8", "(2,)", []float64{1, 2}), "", `array "features": <f8 [2], want the name of a network: one text, or its bytes as u1`},
		{"two texts", npztest.Array("<U1", "(2,)", []uint32{'a', 'b'}), "", `array "features": <U1 [2], want the name`},
		{"an object", npztest.Array("|O", "()", []byte{0x80, 4, 'N', '.'}), "", `array "features": |O [], want the name`},
		{"a long text", npztest.Array("<U300", "()", make([]uint32, 300)), "", "name of 300 characters, want at most 256"},
		{"a text cut short", npztest.Array("<U3", "()", cnn[:2]), "", "unexpected EOF"},
		{"more than the text", npztest.Array("<U1", "()", cnn), "", "data after the last element"},
		{"no character", npztest.Array("<U1", "()", []uint32{0xd800}), "", "0xd800, want a character of Unicode"},
		{"a strange type", npztest.Array("<Ux", "()", cnn), "", `type "<Ux", want a simple one`},
	} {
		file := reference(t, "features", c.entry)
		s, err := metrics.ReadStats(bytes.NewReader(file), int64(len(file)))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: error %v, want %q", c.what, err, c.fails)
			}
			continue
		}
		if err != nil || s.Features != c.name || s.Dim() != 2 {
			t.Errorf("%s: %q, %v; want %q", c.what, s.Features, err, c.name)
		}
	}
}

// TestFaultCountOfOthers reads the number of images in any type of number and
// refuses what is none.
func TestFaultCountOfOthers(t *testing.T) {
	for _, c := range []struct {
		entry []byte
		n     int64
		fails string
	}{
		{npztest.Array("|i1", "()", []int8{100}), 100, ""},
		{npztest.Array("<i2", "()", []int16{100}), 100, ""},
		{npztest.Array("<i4", "()", []int32{100}), 100, ""},
		{npztest.Array("<u2", "(1,)", []uint16{100}), 100, ""},
		{npztest.Array("<u4", "()", []uint32{4e9}), 4e9, ""},
		{npztest.Array("<u8", "()", []uint64{100}), 100, ""},
		{npztest.Array(">u2", "()", []uint8{1, 0}), 256, ""},
		{npztest.Array("<f4", "()", []float32{100}), 100, ""},
		{npztest.Array("<f8", "()", []float64{0.5}), 0, "n: <f8 0.5, want a whole number of images"},
		{npztest.Array("|b1", "()", []uint8{1}), 0, "n: |b1 1, want a whole number of images"},
		{npztest.Array("<u8", "()", []uint64{1 << 63}), 0, "want a whole number of images"},
		{npztest.Array("<i2", "()", []int16{-5}), 0, "n: <i2 -5, want a whole number of images"},
		{npztest.Array("<i8", "(2,)", []int64{1, 2}), 0, "n: <i8 [2], want one number"},
		{npztest.Array("<U3", "()", []uint32{'1', '0', '0'}), 0, `array "n": npy: type "<U3", want f8, f4`},
	} {
		file := reference(t, "n", c.entry)
		s, err := metrics.ReadStats(bytes.NewReader(file), int64(len(file)))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%.40q: error %v, want %q", c.entry[10:], err, c.fails)
			}
			continue
		}
		if err != nil || s.N != c.n {
			t.Errorf("%.40q: %d, %v; want %d", c.entry[10:], s.N, err, c.n)
		}
	}
}

// TestFaultNoReference says what a file is that holds no reference statistics.
func TestFaultNoReference(t *testing.T) {
	text, images := filepath.Join(t.TempDir(), "ref.npz"), filepath.Join(t.TempDir(), "images.npz")
	if err := os.WriteFile(text, []byte("<!DOCTYPE html>"), 0o644); err != nil {
		t.Fatal(err)
	}
	var pack bytes.Buffer
	if err := npz.Write(&pack, []string{"arr_0"}, map[string]npz.Array{"arr_0": {Shape: []int{1, 2, 2, 1}, Data: make([]float64, 4), Descr: "|u1"}}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(images, pack.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		images:                               images + ": npz: neither mean and covariance nor vectors [N D]: got arr_0 [1 2 2 1]; want mu with sigma, ",
		text:                                 text + ": npz: an HTML page, want npz; a download brought",
		"../models/filetype/testdata/zip.pt": "zip.pt: npz: a PyTorch file (zip of torch.save), want npz with mu and sigma",
		"../models/checkpoint/testdata/dtypes.safetensors": "dtypes.safetensors: npz: a safetensors file, want npz",
		"testdata": "testdata: a directory, want npz",
	} {
		if _, err := metrics.LoadStats(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
