package graphtest

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
)

// npy assembles a .npy file of version 1.
func npy(header string, values []byte) []byte {
	raw := append([]byte("\x93NUMPY\x01\x00"), 0, 0)
	binary.LittleEndian.PutUint16(raw[8:], uint16(len(header)))
	return append(append(raw, header...), values...)
}

func TestParseNPY(t *testing.T) {
	raw := npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }   \n", []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0})
	a, err := parseNPY(raw)
	if err != nil || !slices.Equal(a.Shape, []int{2, 1}) || !slices.Equal(a.F32, []float32{1, -2}) {
		t.Errorf("got %v, %v", a, err)
	}
	a, err = parseNPY(npy("{'descr': '<i8', 'fortran_order': False, 'shape': (), }\n", []byte{7, 0, 0, 0, 0, 0, 0, 0}))
	if err != nil || len(a.Shape) != 0 || !slices.Equal(a.I64, []int64{7}) {
		t.Errorf("scalar: got %v, %v", a, err)
	}
}

func TestParseNPYRefuses(t *testing.T) {
	tests := []struct {
		name, want string
		raw        []byte
	}{
		{"no magic", "no .npy version 1 header", []byte("PK")},
		{"short header", "file ends after 0", []byte("\x93NUMPY\x01\x00\x10\x00")},
		{"header", "not understood", npy("{'descr': 3}", nil)},
		{"order", "fortran order", npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", make([]byte, 4))},
		{"type", `element type ">f4"`, npy("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", make([]byte, 4))},
		{"size", "in 4 bytes, want 8", npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", make([]byte, 4))},
	}
	for _, test := range tests {
		if _, err := parseNPY(test.raw); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want an error with %q", test.name, err, test.want)
		}
	}
}

func TestReadNPZMissingFile(t *testing.T) {
	if _, err := readNPZ("testdata/absent.npz"); err == nil {
		t.Error("got no error for a missing file")
	}
}
