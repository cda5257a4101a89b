package data_test

import (
	"slices"
	"strings"
	"testing"

	"innate/trainer/data"
)

// tiny is three images of 1x2 gray pixels.
func tiny(t *testing.T) *data.Memory {
	t.Helper()
	m, err := data.NewMemory("tiny", []byte{0, 255, 1, 2, 254, 128}, 1, 2, 1, []int{2, 0, 1}, 3)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMemory(t *testing.T) {
	var d data.Dataset = tiny(t)
	images := make([]float32, 6)
	d.Images([]int{2, 0, 2}, images)
	want := []float32{254/127.5 - 1, 128/127.5 - 1, -1, 1, 254/127.5 - 1, 128/127.5 - 1}
	if !slices.EqualFunc(images, want, func(a, b float32) bool { return a-b < 1e-7 && b-a < 1e-7 }) {
		t.Errorf("images %v, want %v", images, want)
	}
	labels := slices.Repeat([]float32{9}, 6)
	d.Labels([]int{0, 1}, labels)
	if want := []float32{0, 0, 1, 1, 0, 0}; !slices.Equal(labels, want) {
		t.Errorf("labels %v, want %v", labels, want)
	}
	for name, call := range map[string]func(){
		"index beyond the end": func() { d.Images([]int{3}, images[:2]) },
		"negative index":       func() { d.Labels([]int{-1}, labels[:3]) },
		"room for too few":     func() { d.Images([]int{0, 1}, images[:2]) },
		"room for too many":    func() { d.Labels([]int{0}, labels) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call()
		}()
	}
}

func TestNewMemoryErrors(t *testing.T) {
	for want, make := range map[string]func() (*data.Memory, error){
		"5 pixel bytes, want images of 1x2x1": func() (*data.Memory, error) {
			return data.NewMemory("x", []byte{1, 2, 3, 4, 5}, 1, 2, 1, []int{0, 0, 0}, 1)
		},
		"label 2 of image 1, want below 2": func() (*data.Memory, error) {
			return data.NewMemory("x", []byte{1, 2}, 1, 1, 1, []int{1, 2}, 2)
		},
		"images of 1x0x1": func() (*data.Memory, error) { return data.NewMemory("x", nil, 1, 0, 1, nil, 1) },
		"0 pixel bytes":   func() (*data.Memory, error) { return data.NewMemory("x", nil, 1, 1, 1, nil, 1) },
		"1 labels of 3 classes for 2 images": func() (*data.Memory, error) {
			return data.NewMemory("x", []byte{1, 2}, 1, 1, 1, []int{1}, 3)
		},
		"1 labels of 0 classes for 1 images": func() (*data.Memory, error) {
			return data.NewMemory("x", []byte{1}, 1, 1, 1, []int{1}, 0)
		},
	} {
		if _, err := make(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
