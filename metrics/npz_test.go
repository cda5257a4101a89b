package metrics_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/npz"
)

func TestStatsRoundTrip(t *testing.T) {
	s := statsOf(t, 3, normals(9, 20, []float64{1, 2, 3}, []float64{1, 2, 3}))
	s.Features = "mnist-cnn"
	path := filepath.Join(t.TempDir(), "ref.npz")
	for range 2 { // the second time replaces the file
		if err := metrics.SaveSet(path, metrics.Set{Stats: s}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := metrics.LoadStats(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Mu, s.Mu) || !slices.Equal(got.Sigma, s.Sigma) || got.N != 20 || got.Features != "mnist-cnn" {
		t.Errorf("read back %+v, wrote %+v", got, s)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files beside the statistics, %v", len(left)-1, err)
	}
	var once, twice bytes.Buffer
	if metrics.WriteSet(&once, metrics.Set{Stats: s}) != nil || metrics.WriteSet(&twice, metrics.Set{Stats: s}) != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Error("equal statistics give different files")
	}
}

func TestLoadStatsOfReference(t *testing.T) {
	_, err := metrics.LoadStats("testdata/fid.npz")
	if err == nil || !strings.Contains(err.Error(), "fid.npz: npz: neither mean and covariance nor vectors [N D]: got fid_a, fid_b, fid; want mu with sigma, mean with cov, m with s, or one of vectors,") {
		t.Errorf("other arrays: %v", err)
	}
	if _, err := metrics.LoadStats("testdata/absent.npz"); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
	var file bytes.Buffer
	names := []string{"mu", "sigma"}
	write := func(mu, sigma npz.Array) {
		file.Reset()
		if err := npz.Write(&file, names, map[string]npz.Array{"mu": mu, "sigma": sigma}); err != nil {
			t.Fatal(err)
		}
	}
	write(npz.Array{Shape: []int{2}, Data: []float64{1, 2}}, npz.Array{Shape: []int{2, 2}, Data: []float64{1, 0, 0, 1}})
	s, err := metrics.ReadStats(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || s.N != 0 || s.Features != "" || s.Dim() != 2 {
		t.Errorf("mu and sigma alone: %+v, %v", s, err)
	}
	write(npz.Array{Shape: []int{2}, Data: []float64{1, 2}}, npz.Array{Shape: []int{4}, Data: []float64{1, 0, 0, 1}})
	if _, err := metrics.ReadStats(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil || !strings.Contains(err.Error(), "want [D] and [D D]") {
		t.Errorf("flat sigma: %v", err)
	}
	broken := bytes.Replace(file.Bytes(), []byte("\x00\x00\xf0\x3f"), []byte("\x00\x00\xf0\x3e"), 1)
	if _, err := metrics.ReadStats(bytes.NewReader(broken), int64(len(broken))); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("flipped bit: %v", err)
	}
}

func TestSaveSetErrors(t *testing.T) {
	dir := t.TempDir()
	target := filepath.Join(dir, "taken")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	s := diagonal([]float64{1}, []float64{1})
	if err := metrics.SaveSet(target, metrics.Set{Stats: s}); err == nil {
		t.Error("saved over a directory")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("a failed save left %d files", len(left)-1)
	}
	if err := metrics.SaveSet(filepath.Join(dir, "no", "ref.npz"), metrics.Set{Stats: s}); !os.IsNotExist(err) {
		t.Errorf("absent directory: %v", err)
	}
}
