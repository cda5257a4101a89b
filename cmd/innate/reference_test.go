package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"innate/metrics"
	"innate/models/npz"
	"innate/models/weights"
)

// TestFaultTriangularReference measures against covariances of which somebody
// kept half.
func TestFaultTriangularReference(t *testing.T) {
	r, err := weights.OpenStats("builtin:mnist-fid-ref")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stats, err := metrics.ReadStats(r, r.Size)
	if err != nil {
		t.Fatal(err)
	}
	d := stats.Dim()
	for i := range d {
		for j := range i {
			stats.Sigma[j*d+i] = 0
		}
	}
	path := filepath.Join(t.TempDir(), "tri.npz")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	err = npz.Write(f, []string{"mu", "sigma"}, map[string]npz.Array{
		"mu": {Shape: []int{d}, Data: stats.Mu}, "sigma": {Shape: []int{d, d}, Data: stats.Sigma},
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	status, stdout, stderr := line(t, "fid", "builtin:mnist-teacher", "--n", "50", "--steps", "1", "--ref", path)
	if status != 1 || stdout != "" || !strings.Contains(stderr, "tri.npz: metrics: statistics: sigma[") || !strings.Contains(stderr, "want a symmetric covariance") {
		t.Errorf("status %d, %q, %q; want that sigma is not symmetric", status, stdout, stderr)
	}
}
