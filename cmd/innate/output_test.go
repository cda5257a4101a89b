package main

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOutputOverOthers: a name that was mistyped costs no data set and no network of
// another kind; what a command made before, it makes again.
func TestOutputOverOthers(t *testing.T) {
	state, err := os.ReadFile(filepath.Join("..", "..", "models", "torchfile", "testdata", "state.pt"))
	check(t, err)
	t.Setenv("INNATE_RUNS", t.TempDir())
	t.Chdir(t.TempDir())
	var set bytes.Buffer
	z := zip.NewWriter(&set)
	_, err = z.Create("00000/img00000000.png")
	check(t, errors.Join(err, z.Close()))
	for name, b := range map[string][]byte{"net.pt": state, "set.zip": set.Bytes(), "mine.toml": []byte("method = 'gdd'\n"), "empty": nil} {
		check(t, os.WriteFile(name, b, 0o644))
	}
	const net = "builtin:mnist-fid-cnn"
	for _, c := range []struct{ line, want string }{
		{"export " + net + " set.zip", "innate: set.zip: a zip archive is there, want a new name, or a safetensors file to write over\n"},
		{"export " + net + " mine.toml", "innate: mine.toml: a text is there, want a new name"},
		{"export --format npz " + net + " net.pt", "innate: net.pt: a PyTorch file (zip of torch.save) is there, want a new name, or an npz archive"},
		{"import net.pt -o net.pt", "innate: net.pt: is what is read, want a new name\n"},
		{"import net.pt -o set.zip", "innate: set.zip: a zip archive is there"},
		{"sample builtin:mnist-teacher --n 1 --out set.zip", "innate: set.zip: a zip archive is there, want a new name, or a PNG picture to write over"},
		{"data set.zip --sheet mine.toml", "innate: mine.toml: a text is there, want a new name, or a PNG picture"},
		{"data set.zip -o set.zip", "innate: set.zip: is what is read, want a new name"},
		{"fid ref mine.toml", "innate: mine.toml: a text is there, want a new name, or an npz archive"},
	} {
		if status, out := doctorSays(strings.Fields(c.line)...); status == 0 || !strings.HasPrefix(out, c.want) {
			t.Errorf("innate %s: status %d, %s; want %s", c.line, status, out, c.want)
		}
	}
	for name, want := range map[string]string{"net.pt": string(state), "set.zip": set.String(), "mine.toml": "method = 'gdd'\n"} {
		if b, err := os.ReadFile(name); err != nil || string(b) != want {
			t.Errorf("%s: %d bytes, %v; want it as it was", name, len(b), err)
		}
	}
	for _, line := range []string{"export " + net + " empty", "export " + net + " empty", "import net.pt -o x.npz", "import net.pt -o x.npz", "import net.pt -o x.pt"} {
		if status, out := doctorSays(strings.Fields(line)...); status != 0 {
			t.Errorf("innate %s: %s", line, out)
		}
	}
	for name, magic := range map[string]string{"empty": "\x00\x00\x00\x00\x00\x00{", "x.npz": "PK\x03\x04", "x.pt": "PK\x03\x04"} {
		if b, err := os.ReadFile(name); err != nil || !strings.Contains(string(b[:min(len(b), 9)]), magic) {
			t.Errorf("%s: starts with %q, %v; want %q", name, b[:min(len(b), 9)], err, magic)
		}
	}
}
