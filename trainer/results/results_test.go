package results_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"innate/trainer/results"
)

func result(network string, seed uint64, value float64) results.Result {
	return results.Result{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Seed: seed, Value: value,
		Measure: results.Measure{Network: network, Name: "fid", Metric: "FID(mnist-cnn)", Features: "753f", N: 100, Steps: 1, NFE: 1, Size: [2]int{28, 28}},
	}
}

// TestAppend writes a table in two goes, the first of which a kill cut short.
func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	if list, bad, err := results.Read(path); err != nil || bad != 0 || list != nil {
		t.Errorf("no table: %v, %d, %v; want nothing", list, bad, err)
	}
	a, b, c := result("a", 0, 2.5), result("b", 0, 3), result("a", 100, 2.25)
	if err := results.Append(path, a, b); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text[:len(text)-9], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := results.Append(path, c); err != nil {
		t.Fatal(err)
	}
	if list, bad, err := results.Read(path); err != nil || bad != 1 || !slices.Equal(list, []results.Result{a, c}) {
		t.Errorf("got %v, %d, %v; want %v and one line that is none", list, bad, err, []results.Result{a, c})
	}
}

// TestSummarise has three ranges of seeds, one of them measured twice.
func TestSummarise(t *testing.T) {
	other := result("a", 0, 7)
	other.N = 50 // not to be compared
	rising := result("a", 0, 0.5)
	rising.Name, rising.Rises = "recall", true
	higher := rising
	higher.Seed, higher.Value = 100, 0.75
	list := results.Summarise([]results.Result{
		result("a", 0, 9), other, result("a", 100, 2), rising, result("a", 0, 4), higher, result("a", 200, 3),
	})
	if len(list) != 3 {
		t.Fatalf("%d summaries, want 3: %v", len(list), list)
	}
	if s := list[0]; s.Mean != 3 || s.SD != 1 || s.Best.Value != 2 || s.Best.Seed != 100 || s.Best.Last() != 199 || len(s.Values) != 3 {
		t.Errorf("three ranges: %+v; want mean 3, SD 1, best 2 of seeds 100 to 199", s)
	}
	if s := list[1]; s.Mean != 7 || s.SD != 0 || len(s.Values) != 1 {
		t.Errorf("another number of images: %+v", s)
	}
	if s := list[2]; s.Best.Value != 0.75 {
		t.Errorf("of what rises %v is the best, want 0.75", s.Best.Value)
	}
}
