package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"innate/trainer/evaluation"
	"innate/trainer/results"
)

// TestFidTable measures two ranges of seeds, which results then shows as one line.
func TestFidTable(t *testing.T) {
	out := filepath.Join(t.TempDir(), "numbers.jsonl")
	status, text, stderr := line(t, "fid", "builtin:mnist-teacher", "--seeds", "10-69", "--best-of", "2", "--steps", "1", "--out", out)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	const weights, rest = "1 step, NFE 1, weights f2139ada as stored", "features 753f925c, input levels, reference builtin:mnist-fid-ref 1c7e0aea of 60000 images, biased: 60 images for 64 dimensions)"
	if len(lines) != 3 || !strings.HasSuffix(lines[1], "  (60 images of 28x28, seeds 70-129, "+weights+", "+rest) ||
		!strings.Contains(lines[2], " of 2, seeds ") || !strings.HasSuffix(lines[2], "  (60 images of 28x28, 2 ranges of seeds from 10, "+weights+", "+rest) {
		t.Errorf("printed %q", lines)
	}
	list, bad, err := results.Read(out)
	if err != nil || bad != 0 || len(list) != 2 {
		t.Fatalf("recorded %v, %d, %v", list, bad, err)
	}
	status, text, _ = line(t, "results", out, "--format", "json", "--filter", "statistic=fid")
	var sums []struct {
		Mean   float64
		Best   results.Result
		Values []results.Result
	}
	if err := json.Unmarshal([]byte(text), &sums); status != 0 || err != nil || len(sums) != 1 || len(sums[0].Values) != 2 ||
		sums[0].Best.Value != min(list[0].Value, list[1].Value) || sums[0].Mean != list[0].Value/2+list[1].Value/2 {
		t.Errorf("results: status %d, %v: %s", status, err, text)
	}
	left, err := os.ReadDir(filepath.Dir(out))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the table: %v, %v; want nothing", left, err)
	}
}

// TestFidOfImages compares folders of images: with itself, and with another.
func TestFidOfImages(t *testing.T) {
	root := t.TempDir()
	folder := func(name string, add int) string {
		dir := filepath.Join(root, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for i := range 12 {
			img := image.NewGray(image.Rect(0, 0, 28, 28))
			for k := range img.Pix {
				img.Pix[k] = uint8((k*k*(i+3) + k*add) >> 3)
			}
			f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%02d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, img); err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		return dir
	}
	a, b := folder("a", 0), folder("b", 40)
	distance := func(x, ref string, more ...string) float64 {
		status, text, stderr := line(t, append([]string{"fid", x, "--ref", ref, "--json", "--runs", root}, more...)...)
		var r results.Result
		if err := json.Unmarshal([]byte(text), &r); status != 0 || err != nil {
			t.Fatalf("status %d, %v: %s", status, err, stderr)
		}
		if r.N != 12 || r.RefN != 12 || r.Network != x || r.Note != "biased: 12 images for 64 dimensions" {
			t.Errorf("%s against %s: %+v", x, ref, r)
		}
		return r.Value
	}
	cache := t.TempDir()
	t.Setenv("INNATE_CACHE", cache)
	features := func() (list []string) {
		list, _ = filepath.Glob(filepath.Join(cache, "features", "*"))
		return list
	}
	first := distance(a, b)
	if list := features(); len(list) != 2 {
		t.Errorf("kept %v, want the features of two sets", list)
	}
	again := distance(a, b, "--no-cache")
	if kept := distance(a, b); kept != first || again != first {
		t.Errorf("got %v, %v with kept features, %v without", first, kept, again)
	}
	for _, path := range features() { // two that nobody can use
		if err := os.WriteFile(path, []byte("rubbish"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	same, there, back := distance(a, a), distance(a, b), distance(b, a)
	if there != first {
		t.Errorf("got %v, and %v after features were spoilt", first, there)
	}
	if same > 1e-6*there || there <= 0 || there-back > 1e-6*there || back-there > 1e-6*there {
		t.Errorf("with itself %v, with another %v and %v; want 0 and the same twice", same, there, back)
	}
	for _, flags := range [][]string{{"--steps", "2"}, {"--seed", "1"}, {"--seeds", "0-9"}} {
		if status, _, stderr := line(t, append([]string{"fid", a, "--ref", b, "--runs", root}, flags...)...); status != 2 || !strings.Contains(stderr, "a set of images, want them for a network alone") {
			t.Errorf("%v of a set: status %d, %q", flags, status, stderr)
		}
	}
	if status, _, stderr := line(t, "fid", a, "--ref", few(t, filepath.Join(root, "few"), a), "--statistic", "recall", "--runs", root); status != 1 || !strings.Contains(stderr, "few: metrics: recall: got a reference of 3 images, want at least 6") {
		t.Errorf("recall of a small reference: status %d, %q", status, stderr)
	}
	spoilt := filepath.Join(root, "few", "01.png")
	if err := os.Remove(spoilt); err != nil { // which is a's, too
		t.Fatal(err)
	}
	if err := os.WriteFile(spoilt, []byte("\x89PNG\r\n\x1a\nrubbish"), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := line(t, "fid", filepath.Dir(spoilt), "--ref", a, "--runs", root); status != 1 || !strings.Contains(stderr, filepath.Dir(spoilt)+": ") || !strings.Contains(stderr, "01.png: ") {
		t.Errorf("a broken image: status %d, %q", status, stderr)
	}
	one := filepath.Join(root, "one")
	if err := os.Mkdir(one, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(b, "00.png"), filepath.Join(one, "00.png")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{one, "--ref", a}, {a, "--ref", one}} {
		status, _, stderr := line(t, append([]string{"fid", "--runs", root}, args...)...)
		if status != 1 || !strings.Contains(stderr, one+": got one image, want at least 2") {
			t.Errorf("%v: status %d, %q", args, status, stderr)
		}
	}
	if list, _, err := results.Read(filepath.Join(root, "results.jsonl")); err != nil || len(list) != 6 {
		t.Errorf("recorded %v, %v; want six", list, err)
	}
}

// few makes a folder of the first three images of another.
func few(t *testing.T, dir, from string) string {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		name := fmt.Sprintf("%02d.png", i)
		if err := os.Link(filepath.Join(from, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFidUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"got --n or --seed, too":            {"fid", "builtin:mnist-teacher", "--seeds", "0-9", "--n", "10"},
		`invalid value "9-0" for --seeds`:   {"fid", "builtin:mnist-teacher", "--seeds", "9-0"},
		`invalid value "5" for --seeds`:     {"fid", "builtin:mnist-teacher", "--seeds", "5"},
		`invalid value "0" for --best-of`:   {"fid", "builtin:mnist-teacher", "--best-of", "0"},
		`unknown format: got "x"`:           {"results", "--format", "x"},
		"got \"fid\", want KEY=VALUE":       {"results", "--filter", "fid"},
		"got 2 arguments, want at most one": {"results", "1", "2"},
	} {
		if status, _, stderr := line(t, append(args, "--runs", t.TempDir())...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %q; want 2 and %q", args, status, stderr, want)
		}
	}
	for want, args := range map[string][]string{
		`fid --ref: got "nothing.npz", which is not there, want builtin:NAME`: {"--ref", "nothing.npz"},
		`fid --ref: got ""`: {"--ref", ""},
	} {
		if status, _, stderr := line(t, append([]string{"fid", "builtin:mnist-teacher", "--runs", t.TempDir()}, args...)...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d, %q; want 2 and %q", args, status, stderr, want)
		}
	}
	for want, statistic := range map[string]string{
		"IS of 9 images, want at least 10": "fid, is", "FID-inf of 9 images, want at least 20": "fid-inf",
	} {
		if status, text, stderr := line(t, "fid", "builtin:mnist-teacher", "--n", "9", "--steps", "1", "--statistic", statistic, "--runs", t.TempDir()); status != 1 || !strings.Contains(stderr, want) || strings.Contains(stderr, "9 of 9") || text != "" {
			t.Errorf("%s: status %d, %q; want %q before any image is made", statistic, status, stderr, want)
		}
	}
	status, _, stderr := line(t, "fid", "builtin:mnist-teacher", "--statistic", "kid", "--n", "20", "--steps", "1", "--runs", t.TempDir())
	if status != 1 || !strings.Contains(stderr, "mnist-fid-ref: metrics: reference: got mean and covariance alone, want the feature vectors") {
		t.Errorf("KID of moments: status %d, %q", status, stderr)
	}
}

func TestProgressText(t *testing.T) {
	for want, p := range map[string]evaluation.Progress{
		"100 of 400 images, 25 a second, 12s left":               {Range: 1, Ranges: 1, Nimg: 100, Total: 400},
		"100 of 400 images, range 2 of 3, 25 a second, 28s left": {Range: 2, Ranges: 3, Nimg: 100, Total: 400},
	} {
		if got := progressText(p, 50, 2*time.Second); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
