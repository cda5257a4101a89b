package published_test

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"innate/models/edm"
	"innate/models/published"
)

// named matches a name that ends with a digest.
var named = regexp.MustCompile(`-([0-9a-f]{8})\.pth$`)

// TestTable: every entry is complete, its name is a plain one of its own, and
// digests have the form of what they are said to be.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range published.Files {
		if seen[f.Name] || f.Name != filepath.Base(f.Name) || strings.HasPrefix(f.Name, ".") {
			t.Errorf("%q: want a plain name, once", f.Name)
		}
		seen[f.Name] = true
		u, err := url.Parse(f.URL)
		if err != nil || u.Scheme != "https" || u.Host == "" {
			t.Errorf("%s: address %q, want one of https", f.Name, f.URL)
		} else if base := path.Base(u.Path); base != f.Name && f.Name != "stylegan-xl-in-embeddings.pkl" {
			t.Errorf("%s: the address is that of %s", f.Name, base)
		}
		if f.What == "" || f.Origin == "" || (f.Compared() != "") != (f.Says != "") {
			t.Errorf("%s: want what it is, its origin, and where digests are from: %+v", f.Name, f)
		}
		for digest, most := range map[string]int{f.SHA256: 64, f.MD5: 32} {
			if _, err := hex.DecodeString(digest); err != nil || len(digest) > most || strings.ToLower(digest) != digest {
				t.Errorf("%s: digest %q, want at most %d small hexadecimal digits", f.Name, digest, most)
			}
		}
		// Eight digits at the end of a file's name are those of its SHA-256.
		if digits := named.FindStringSubmatch(f.Name); digits != nil && digits[1] != f.SHA256 {
			t.Errorf("%s: digest %q, want that in its name", f.Name, f.SHA256)
		}
	}
	for _, name := range edm.Checkpoints.Names() {
		if !seen["edm-"+name+".pkl"] {
			t.Errorf("%s: not in the table, though a network of that name can be built", name)
		}
	}
}

// TestResolve finds files where they belong, and says what to do where one is not.
func TestResolve(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("INNATE_CACHE", "")
	t.Setenv("HOME", dir)
	for xdg, want := range map[string]string{"": dir + "/.cache/innate", "relative": dir + "/.cache/innate", dir + "/c": dir + "/c/innate"} {
		t.Setenv("XDG_CACHE_HOME", xdg)
		if got, err := published.Dir(); err != nil || got != want {
			t.Errorf("XDG_CACHE_HOME %q: got %q, %v; want %q", xdg, got, err, want)
		}
	}
	t.Setenv("INNATE_CACHE", dir)
	const name = "edm-cifar10-32x32-uncond-vp.pkl"
	_, err := published.Resolve("fetch:" + name)
	want := "fetch:" + name + ": not here: innate fetch " + name + " brings it; or put https://nvlabs-fi-cdn.nvidia.com/edm/pretrained/" + name + " there as " + filepath.Join(dir, name)
	if !errors.Is(err, fs.ErrNotExist) || err.Error() != want {
		t.Errorf("a file that is not here: got %v, want %s", err, want)
	}
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"fetch:" + name: filepath.Join(dir, name), name: name, "builtin:x": "builtin:x", "": ""} {
		if got, err := published.Resolve(ref); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", ref, got, err, want)
		}
	}
	for _, ref := range []string{"fetch:", "fetch:../x", "fetch:nothing.pkl"} {
		if _, err := published.Resolve(ref); err == nil || !strings.Contains(err.Error(), "innate fetch --list") {
			t.Errorf("%q: got %v", ref, err)
		}
	}
}

// TestCheck compares a file with what is published of it, digest by digest.
func TestCheck(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	// Digests of "abc" by FIPS 180-4 and RFC 1321.
	const sha, md = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "900150983cd24fb0d6963f7d28e17f72"
	for _, c := range []struct {
		file published.File
		want string
	}{
		{published.File{What: "a network"}, "a text, want a network"}, // no digest: but a network is no text
		{published.File{Size: 3, SHA256: sha, MD5: md}, ""},
		{published.File{SHA256: sha[:8]}, ""},
		{published.File{Size: 4}, "3 bytes, want 4 as published"},
		{published.File{SHA256: "ba7816be"}, "SHA-256 ba7816bf, want ba7816be as published"},
		{published.File{SHA256: sha, MD5: md[:31] + "3"}, "MD5 " + md + ", want"},
	} {
		err := c.file.Check(path)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: got %v, want %q", c.file, err, c.want)
		}
	}
}
