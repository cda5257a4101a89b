package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/npz"
)

// TestSampleLatents draws from noise in a file, in several ways.
func TestSampleLatents(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, a npz.Array) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := npz.WriteArray(f, a); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const pixels = 28 * 28
	z := make([]float64, 3*pixels)
	for i := range z {
		z[i] = math.Sin(float64(i * i))
	}
	three := write("three.npy", npz.Array{Shape: []int{3, 1, 28, 28}, Data: z, Descr: "<f4"})
	last := write("last.npy", npz.Array{Shape: []int{1, 1, 28, 28}, Data: z[2*pixels:]})

	draw := func(latents string, flags ...string) []float64 {
		out := filepath.Join(dir, "x.npy")
		status, _, stderr := line(t, append([]string{"sample", "builtin:mnist-teacher", "--latents", latents, "--steps", "2", "--out", out}, flags...)...)
		if status != 0 {
			t.Fatalf("%v: status %d: %s", flags, status, stderr)
		}
		f, err := os.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		a, err := npz.ReadArray(f)
		if err != nil || a.Descr != "<f4" {
			t.Fatalf("%v: %s, %v", flags, a.Descr, err)
		}
		if len(a.Shape) != 4 || a.Shape[1] != 1 || a.Shape[2] != 28 || a.Shape[3] != 28 {
			t.Fatalf("%v: shape %v", flags, a.Shape)
		}
		return a.Data
	}
	far := func(a, b []float64) (worst float64) {
		for i := range a {
			worst = max(worst, math.Abs(a[i]-b[i]))
		}
		return worst
	}
	x := draw(three)
	if d := far(draw(last), x[2*pixels:]); d > 1e-4 {
		t.Errorf("an image differs by %v where it is alone", d)
	}
	if d := far(draw(three, "--solver", "heun"), x); d > 1e-3 {
		t.Errorf("the study's form of the same sampler differs by %v", d)
	}
	churned := draw(three, "--churn", "0.5", "--seed", "7")
	if !slices.Equal(churned, draw(three, "--churn", "0.5", "--seed", "7")) || slices.Equal(churned, draw(three, "--churn", "0.5", "--seed", "8")) {
		t.Error("churn does not come from the seed")
	}
	if d := far(draw(last, "--churn", "0.5", "--seed", "9"), churned[2*pixels:]); d > 1e-4 {
		t.Errorf("a churned image of the same seed differs by %v where it is alone", d)
	}
	if euler := draw(three, "--solver", "euler", "--schedule", "vp", "--scaling", "vp", "--discretization", "ve"); slices.Equal(euler, x) {
		t.Error("another solver made the same images")
	}

	wide := write("wide.npy", npz.Array{Shape: []int{1, 1, 2, 2}, Data: make([]float64, 4)})
	for _, c := range []struct {
		flags  []string
		status int
		want   string
	}{
		{[]string{"--latents", wide}, 1, "shape [1 1 2 2], want [N 1 28 28]"},
		{[]string{"--latents", three, "--labels", three}, 2, "sample --labels: want --latents, a class-conditional network, and no --class"},
		{[]string{"--solver", "rk"}, 2, `sample: solver: got "rk", want euler | heun`},
		{[]string{"--churn", "-1"}, 2, "sample --churn: got -1"},
	} {
		status, _, stderr := line(t, append([]string{"sample", "builtin:mnist-teacher", "--n", "1", "--steps", "2", "--out", filepath.Join(dir, "no.png")}, c.flags...)...)
		if status != c.status || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d, %q, want %d and %q", c.flags, status, stderr, c.status, c.want)
		}
	}
}
