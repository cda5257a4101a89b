package filetype_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"innate/models/filetype"
)

// archive zips empty entries of these names.
func archive(t testing.TB, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// cut takes the end off, where a zip lists what it holds.
func cut(s string) string { return s[:len(s)-1] }

// header is the start of a safetensors file that claims length bytes of JSON.
func header(length uint64, json string) string {
	return string(binary.LittleEndian.AppendUint64(nil, length)) + json
}

func sniff(content string) filetype.Kind {
	return filetype.Sniff(strings.NewReader(content), int64(len(content)))
}

// TestFaultSniff knows files by their content, whatever they are called.
func TestFaultSniff(t *testing.T) {
	for _, c := range []struct{ want, content string }{
		{"a safetensors file", header(2, "{}")},
		{"a safetensors file", header(2000, `{"a":`)}, // cut short
		{"a safetensors file", header(0x8b1f, "{}")},  // its length is the magic of gzip
		{"", header(101<<20, "{}")},
		{"an npz archive of NumPy", archive(t, "mu.npy", "sigma.npy")},
		{"an npz archive of NumPy", archive(t, "mu.npy", "readme.txt")},
		{"a zip archive", archive(t, "00000/img00000000.png", "dataset.json")},
		{"a zip archive", archive(t)},
		{"a zip archive that was cut short", "PK\x03\x04 cut short"},
		{"a zip archive that was cut short", cut(archive(t, "00000/img00000000.png", "dataset.json"))},
		{"a PyTorch file (zip of torch.save) that was cut short", cut(archive(t, "net/data.pkl", "net/data/0"))},
		{"an npz archive of NumPy that was cut short", cut(archive(t, "mu.npy", "sigma.npy"))},
		{"a Python pickle", "\x80\x04\x95\x00"}, // cut short, as its reader will say
		{"a Python pickle", "\x80\x02\x8a\x0a\x6c\xfc"},
		{"an npy array of NumPy", "\x93NUMPY\x01\x00"},
		{"a GGUF file", "GGUF\x03\x00\x00\x00"},
		{"a gzip file", "\x1f\x8b\x08\x00"},
		{"a tar archive", strings.Repeat("\x00", 257) + "ustar\x0000"},
		{"a PNG picture", "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"},
		{"an HTML page", "\ufeff\n<!DOCTYPE HTML>\n<html><head><title>Sign in</title>"},
		{"an HTML page", "<html lang=en>"},
		{"an XML document", `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>`},
		{"a pointer of Git LFS", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"},
		{"the index of a model in several files", `{"metadata": {}, "weight_map": {"a": "model-00001-of-00002.safetensors"}}`},
		{"a JSON text", "[1, 2]\n"},
		{"a text", "hello, Grüße\n"},
		{"a text", strings.Repeat("ü", 4000)},
		{"a text", "x" + strings.Repeat("ü", 4000)}, // a character lies across the end of what is read
		{"zeros and nothing else", strings.Repeat("\x00", 100)},
		{"an empty file", ""},
		{"", "\xff"},
		{"", "\x80\x02 no full stop at the end"},
		{"", "\x08\x00\x12\x01"},
	} {
		if got := sniff(c.content); string(got) != c.want {
			t.Errorf("%.60q: got %q, want %q", c.content, got, c.want)
		}
	}
}

// TestFaultSniffReal knows what PyTorch 2.15, ONNX and h5py wrote.
func TestFaultSniffReal(t *testing.T) {
	for name, want := range map[string]string{
		"zip.pt":        "a PyTorch file (zip of torch.save)",
		"legacy.pt":     "a PyTorch file (legacy form of torch.save)",
		"script.pt":     "a TorchScript file",
		"protocol0.pkl": "a Python pickle",
		"protocol1.pkl": "a Python pickle",
		"protocol2.pkl": "a Python pickle",
		"protocol4.pkl": "a Python pickle",
		"model.onnx":    "an ONNX model",
		"weights.h5":    "an HDF5 file",
		"":              "a directory",
	} {
		if got, err := filetype.Of(filepath.Join("testdata", name)); err != nil || string(got) != want {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, want)
		}
	}
}

// TestFaultOpenRefuses refuses what is no regular file before it is opened,
// which on a pipe would wait for ever.
func TestFaultOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:         dir + ": a directory, want safetensors",
		pipe:        pipe + ": a pipe, want safetensors",
		"/dev/null": "/dev/null: a device, want safetensors",
	} {
		if _, _, err := filetype.Open(path, "safetensors"); err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, _, err := filetype.Open(filepath.Join(dir, "none"), "safetensors"); !os.IsNotExist(err) {
		t.Errorf("a missing file: %v, want %v", err, fs.ErrNotExist)
	}
}

func TestRefuse(t *testing.T) {
	script, err := filetype.Of("testdata/script.pt")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind         filetype.Kind
		wanted, want string
	}{
		{filetype.Safetensors, "a run", "a safetensors file, want a run; innate inspect, sample, fid and export read it"},
		{filetype.Directory, "npz", "a directory, want npz"},
		{script, "npz", "a TorchScript file, want npz"},
		{script, filetype.Wanted, "a TorchScript file, want safetensors; innate import makes one of it"},
		{filetype.TorchZip, filetype.Wanted, "a PyTorch file (zip of torch.save), want safetensors; innate import makes one of it"},
		{sniff(cut(archive(t, "net/data.pkl"))), filetype.Wanted, "a PyTorch file (zip of torch.save) that was cut short, want all of it; a download or a copy did not come to its end"},
		{sniff("\xff"), filetype.Wanted, "a file of no kind that is known here, want safetensors"},
	} {
		if got := c.kind.Refuse(c.wanted).Error(); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

// FuzzSniff: any bytes are something or nothing, and cost little.
func FuzzSniff(f *testing.F) {
	entries, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue // what the fuzzer keeps
		}
		b, err := os.ReadFile(filepath.Join("testdata", e.Name()))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(header(2, "{}")))
	f.Add([]byte("x" + strings.Repeat("ü", 4000)))
	f.Add([]byte("\x08\x0e\x12\x40pytorch"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kind := filetype.Sniff(bytes.NewReader(data), int64(len(data)))
		if kind == filetype.Directory {
			t.Errorf("%.40q is %s", data, kind)
		}
	})
}
