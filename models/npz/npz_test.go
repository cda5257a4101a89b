package npz_test

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"innate/models/npz"
	"innate/models/npz/npztest"
)

func TestReadArrayTypes(t *testing.T) {
	head := func(descr string) string {
		return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (2,), }  \n"
	}
	nan := math.NaN()
	for _, c := range []struct {
		descr string
		data  any
		want  []float64
	}{
		{"<f8", []float64{1.5, nan}, []float64{1.5, nan}},
		{"<f4", []float32{1.5, -2}, []float64{1.5, -2}},
		{"<f2", []uint16{0x3e00, 0xfc00}, []float64{1.5, math.Inf(-1)}},
		{"<f2", []uint16{0x0001, 0x7e00}, []float64{math.Ldexp(1, -24), nan}},
		{"<i8", []int64{-3, 1 << 40}, []float64{-3, 1 << 40}},
		{"<i4", []int32{-3, 7}, []float64{-3, 7}},
		{"|u1", []uint8{3, 255}, []float64{3, 255}},
		{"|b1", []uint8{0, 1}, []float64{0, 1}},
		{">i4", []uint8{0, 0, 1, 0, 255, 255, 255, 255}, []float64{256, -1}},
	} {
		a, err := npz.ReadArray(bytes.NewReader(npztest.File(head(c.descr), c.data)))
		if err != nil {
			t.Errorf("%s: %v", c.descr, err)
			continue
		}
		same := slices.EqualFunc(a.Data, c.want, func(x, y float64) bool { return x == y || x != x && y != y })
		if !same || !slices.Equal(a.Shape, []int{2}) || a.Descr != c.descr {
			t.Errorf("%s: %v %v, want %v", c.descr, a.Shape, a.Data, c.want)
		}
	}
}

func TestReadArrayOrderAndScalar(t *testing.T) {
	a, err := npz.ReadArray(bytes.NewReader(npztest.File("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}\n", []uint8{1, 4, 2, 5, 3, 6})))
	if err != nil || !slices.Equal(a.Data, []float64{1, 2, 3, 4, 5, 6}) || !slices.Equal(a.Shape, []int{2, 3}) {
		t.Errorf("column-major: %v, %v", a, err)
	}
	a, err = npz.ReadArray(bytes.NewReader(npztest.Array("<f8", "()", []float64{7})))
	if err != nil || !slices.Equal(a.Data, []float64{7}) || len(a.Shape) != 0 {
		t.Errorf("scalar: %v, %v", a, err)
	}
}

func TestReadArrayErrors(t *testing.T) {
	good := "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
	change := func(from, to string) []byte { return npztest.File(strings.Replace(good, from, to, 1), []float64{1, 2}) }
	for want, file := range map[string][]byte{
		`starts with "PK`:       []byte("PK\x03\x04________"),
		"header: unexpected":    []byte("\x93NUMPY\x01\x00\xff\x00{'descr'"),
		"version 9":             []byte("\x93NUMPY\x09\x00\x00\x00"),
		`type "|O"`:             change("<f8", "|O"),
		`type "<c8"`:            change("<f8", "<c8"),
		"1 of 3 elements":       npztest.File(strings.Replace(good, "(2,)", "(3,)", 1), []float64{1})[:8+2+len(good)+8],
		"not a dict":            change("{", "["),
		"unknown key \"order\"": change("fortran_order", "order"),
		"want True or False":    change("False", "0"),
		"want a tuple":          change("(2,)", "2"),
		`size "-1"`:             change("(2,)", "(-1,)"),
		"at most 134217728":     change("(2,)", "(60000, 60000)"),
		"2 of the 3 keys":       change("'shape': (2,), ", ""),
		"a quoted key":          change("'shape'", "'descr'"),
	} {
		_, err := npz.ReadArray(bytes.NewReader(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestReadBounds(t *testing.T) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for range 2 {
		w, err := z.Create("x.npy")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(npztest.Array("|u1", "(1,)", []uint8{1}))
	}
	z.Close()
	if _, err := npz.Read(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one name twice: %v", err)
	}
	if _, err := npz.Read(strings.NewReader("not a zip"), 9); err == nil {
		t.Error("no zip: no error")
	}
}

func FuzzReadArray(f *testing.F) {
	f.Add(npztest.Array("<f8", "(2,)", []float64{1, 2}))
	f.Add(npztest.File("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }\n", []uint8{1, 2, 3, 4}))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := npz.ReadArray(bytes.NewReader(data))
		if err != nil {
			return
		}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		if n != len(a.Data) || n > len(data) {
			t.Errorf("shape %v with %d values from %d bytes", a.Shape, len(a.Data), len(data))
		}
	})
}

func TestWriteErrors(t *testing.T) {
	for want, a := range map[string]npz.Array{
		"2 values, want 3 for shape [3]": {Shape: []int{3}, Data: []float64{1, 2}},
		"value 256, want 0 to 255":       {Shape: []int{1}, Data: []float64{256}, Descr: "|u1"},
		"value 0.5, want an integer":     {Shape: []int{1}, Data: []float64{0.5}, Descr: "<i8"},
		`type "<f2"`:                     {Shape: []int{1}, Data: []float64{1}, Descr: "<f2"},
	} {
		err := npz.Write(io.Discard, []string{"x"}, map[string]npz.Array{"x": a})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := npz.Write(io.Discard, []string{"x"}, nil); err == nil {
		t.Error("a missing array: no error")
	}
}

func TestNamesAndShapes(t *testing.T) {
	var file bytes.Buffer
	err := npz.Write(&file, []string{"b", "a"}, map[string]npz.Array{
		"a": {Shape: []int{2, 3}, Data: make([]float64, 6), Descr: "<f4"}, "b": {Data: []float64{1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, size := bytes.NewReader(file.Bytes()), int64(file.Len())
	if names, err := npz.Names(r, size); err != nil || !slices.Equal(names, []string{"b", "a"}) {
		t.Errorf("names %v, %v; want b and a", names, err)
	}
	if shape, err := npz.Shape(r, size, "a"); err != nil || !slices.Equal(shape, []int{2, 3}) {
		t.Errorf("shape %v, %v; want [2 3]", shape, err)
	}
	if _, err := npz.Shape(r, size, "c"); err == nil {
		t.Error("the shape of no array: no error")
	}
}
