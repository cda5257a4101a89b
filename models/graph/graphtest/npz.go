package graphtest

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Array is one array of an .npz file in C order. Exactly one of the slices is
// set, the one that the file's element type (<f4, <f8 or <i8) names.
type Array struct {
	Shape []int
	F32   []float32
	F64   []float64
	I64   []int64
}

// LoadNPZ reads every array of an .npz file (zip of .npy version 1, little
// endian, C order), keyed by name without ".npy". Anything else ends the test.
func LoadNPZ(t testing.TB, path string) map[string]Array {
	t.Helper()
	arrays, err := readNPZ(path)
	if err != nil {
		t.Fatal(err)
	}
	return arrays
}

func readNPZ(path string) (map[string]Array, error) {
	archive, err := zip.OpenReader(path)
	if err != nil {
		return nil, fmt.Errorf("npz: %s: %w", path, err)
	}
	defer archive.Close()
	arrays := make(map[string]Array, len(archive.File))
	for _, entry := range archive.File {
		name := strings.TrimSuffix(entry.Name, ".npy")
		array, err := readEntry(entry)
		if err != nil {
			return nil, fmt.Errorf("npz: %s: array %q: %w", path, name, err)
		}
		arrays[name] = array
	}
	return arrays, nil
}

func readEntry(entry *zip.File) (Array, error) {
	r, err := entry.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return Array{}, err
	}
	return parseNPY(raw)
}

// npyHeader matches the dictionary that numpy writes at the front of an array.
var npyHeader = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \}\s*$`)

// parseNPY decodes one .npy file, version 1: magic, version, the header's
// length in two bytes, the header, the values.
func parseNPY(raw []byte) (Array, error) {
	const prefix = "\x93NUMPY\x01\x00"
	if len(raw) < len(prefix)+2 || string(raw[:len(prefix)]) != prefix {
		return Array{}, fmt.Errorf("no .npy version 1 header")
	}
	raw = raw[len(prefix):]
	size := int(binary.LittleEndian.Uint16(raw))
	if raw = raw[2:]; size > len(raw) {
		return Array{}, fmt.Errorf("header of %d bytes, file ends after %d", size, len(raw))
	}
	match := npyHeader.FindSubmatch(raw[:size])
	if match == nil {
		return Array{}, fmt.Errorf("header %q not understood", raw[:size])
	}
	if string(match[2]) == "True" {
		return Array{}, fmt.Errorf("fortran order, want C order")
	}
	array := Array{Shape: []int{}}
	count := 1
	for _, field := range strings.FieldsFunc(string(match[3]), func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return Array{}, err
		}
		array.Shape = append(array.Shape, n)
		count *= n
	}
	return array, array.decode(string(match[1]), count, raw[size:])
}

// decode fills the slice that belongs to the element type.
func (a *Array) decode(kind string, count int, raw []byte) error {
	width := map[string]int{"<f4": 4, "<f8": 8, "<i8": 8}[kind]
	if width == 0 {
		return fmt.Errorf("element type %q, want <f4, <f8 or <i8", kind)
	}
	if len(raw) != count*width {
		return fmt.Errorf("shape %v of %s in %d bytes, want %d", a.Shape, kind, len(raw), count*width)
	}
	switch kind {
	case "<f4":
		a.F32 = make([]float32, count)
		for i := range a.F32 {
			a.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case "<f8":
		a.F64 = make([]float64, count)
		for i := range a.F64 {
			a.F64[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	case "<i8":
		a.I64 = make([]int64, count)
		for i := range a.I64 {
			a.I64[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	}
	return nil
}
