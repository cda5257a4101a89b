package data_test

import (
	"slices"
	"testing"

	"innate/trainer/data"
)

func TestClassesOf(t *testing.T) {
	want := make([]int, 600)
	for i := range want {
		want[i] = i * i % 7
	}
	set, err := data.NewMemory("squares", make([]byte, 600), 1, 1, 1, want, 7)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := data.ClassesOf(set); err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if set, err = data.NewMemory("plain", make([]byte, 4), 1, 1, 1, nil, 0); err != nil {
		t.Fatal(err)
	}
	if got, err := data.ClassesOf(set); err != nil || got != nil {
		t.Errorf("without classes: got %v, %v", got, err)
	}
}
