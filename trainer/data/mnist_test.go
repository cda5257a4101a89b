package data_test

import (
	"crypto/md5"
	"encoding/hex"
	"testing"

	"innate/trainer/data"
)

func TestMNISTTrain(t *testing.T) {
	m, err := data.MNISTTrain()
	if err != nil {
		t.Fatal(err)
	}
	h, w, c := m.Shape()
	if m.Len() != 60000 || h != 28 || w != 28 || c != 1 || m.Classes() != 10 || m.Name() != "mnist" {
		t.Fatalf("%s: %d images of %dx%dx%d in %d classes", m.Name(), m.Len(), h, w, c, m.Classes())
	}
	// The published digest covers the header of 16 bytes too.
	sum := md5.New()
	sum.Write([]byte{0, 0, 8, 3, 0, 0, 0xea, 0x60, 0, 0, 0, 28, 0, 0, 0, 28})
	sum.Write(m.Pixels())
	if got := hex.EncodeToString(sum.Sum(nil)); got != "6bbc9ace898e44ae57da46a324031adb" {
		t.Errorf("md5 of the training images %s", got)
	}
	var counts [10]int
	for i := range m.Len() {
		counts[m.Label(i)]++
	}
	if want := [10]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}; counts != want {
		t.Errorf("images of each digit %v, want %v", counts, want)
	}
	if again, _ := data.MNISTTrain(); again != m {
		t.Error("a second call decompressed again")
	}
}

func TestMNISTTest(t *testing.T) {
	m, err := data.MNISTTest()
	if err != nil {
		t.Fatal(err)
	}
	if m.Len() != 10000 || m.Label(0) != 7 || m.Label(1) != 2 || m.Name() != "mnist-test" {
		t.Errorf("%s: %d images starting with %d, %d; want 10000, 7, 2", m.Name(), m.Len(), m.Label(0), m.Label(1))
	}
}
