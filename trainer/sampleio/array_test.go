package sampleio_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/models/graph"
	"innate/models/npz"
	"innate/trainer/sampleio"
)

func TestArray(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npy")
	images := make([]float32, 2*2*3*2)
	for i := range images {
		images[i] = float32(i) / 8
	}
	shape := graph.Shape{2, 3, 2}
	if err := sampleio.WriteArray(path, images, shape); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := npz.ReadArray(f)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.Shape, []int{2, 2, 2, 3}) || a.Descr != "<f4" || !slices.Equal(a.Data[:8], []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 0.125, 0.375}) {
		t.Errorf("wrote %v %s %v", a.Shape, a.Descr, a.Data)
	}
	back, err := sampleio.ReadArray(path, shape)
	if err != nil || !slices.Equal(back, images) {
		t.Errorf("read %v, %v", back, err)
	}
	if _, err := sampleio.ReadArray(path, graph.Shape{3, 2, 2}); err == nil || !strings.Contains(err.Error(), "shape [2 2 2 3], want [N 2 3 2]") {
		t.Errorf("another shape: %v", err)
	}
}

func TestReadLabels(t *testing.T) {
	write := func(a npz.Array) string {
		path := filepath.Join(t.TempDir(), "labels.npy")
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
	got, err := sampleio.ReadLabels(write(npz.Array{Shape: []int{2}, Data: []float64{2, 0}, Descr: "<i8"}), 3)
	if err != nil || !slices.Equal(got, []float32{0, 0, 1, 1, 0, 0}) {
		t.Errorf("labels %v, %v", got, err)
	}
	for want, a := range map[string]npz.Array{
		"label 1: got 3, want a class from 0 to 2":  {Shape: []int{2}, Data: []float64{1, 3}},
		"label 0: got -1, want a class from 0 to 2": {Shape: []int{1}, Data: []float64{-1}},
		"shape [1 2], want [N]":                     {Shape: []int{1, 2}, Data: []float64{1, 0}},
	} {
		if _, err := sampleio.ReadLabels(write(a), 3); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
