package data_test

import (
	"crypto/md5"
	"encoding/binary"
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
	if got := digest(m); got != "6bbc9ace898e44ae57da46a324031adb" {
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

// digest is the MD5 of the IDX file of a set's images, its header of 16 bytes
// included, as it was published.
func digest(m *data.Memory) string {
	h, w, _ := m.Shape()
	sum := md5.New()
	for _, v := range []uint32{0x803, uint32(m.Len()), uint32(h), uint32(w)} {
		sum.Write(binary.BigEndian.AppendUint32(nil, v))
	}
	sum.Write(m.Pixels())
	return hex.EncodeToString(sum.Sum(nil))
}

func TestMNISTTest(t *testing.T) {
	m, err := data.MNISTTest()
	if err != nil {
		t.Fatal(err)
	}
	if m.Len() != 10000 || m.Label(0) != 7 || m.Label(1) != 2 || m.Name() != "mnist-test" {
		t.Errorf("%s: %d images starting with %d, %d; want 10000, 7, 2", m.Name(), m.Len(), m.Label(0), m.Label(1))
	}
	if got := digest(m); got != "2646ac647ad5339dbf082846283269ea" {
		t.Errorf("md5 of the test images %s", got)
	}
}
