package metrics_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"innate/metrics"
)

// npy builds a version 1 file with the given dict and data.
func npy(header string, data any) []byte {
	b := []byte("\x93NUMPY\x01\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(header)))
	b = append(b, header...)
	b, err := binary.Append(b, binary.LittleEndian, data)
	if err != nil {
		panic(err)
	}
	return b
}

func TestReadNPYTypes(t *testing.T) {
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
		a, err := metrics.ReadNPY(bytes.NewReader(npy(head(c.descr), c.data)))
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

func TestReadNPYOrderAndScalar(t *testing.T) {
	a, err := metrics.ReadNPY(bytes.NewReader(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}\n", []uint8{1, 4, 2, 5, 3, 6})))
	if err != nil || !slices.Equal(a.Data, []float64{1, 2, 3, 4, 5, 6}) || !slices.Equal(a.Shape, []int{2, 3}) {
		t.Errorf("column-major: %v, %v", a, err)
	}
	a, err = metrics.ReadNPY(bytes.NewReader(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n", []float64{7})))
	if err != nil || !slices.Equal(a.Data, []float64{7}) || len(a.Shape) != 0 {
		t.Errorf("scalar: %v, %v", a, err)
	}
}

func TestReadNPYErrors(t *testing.T) {
	good := "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
	change := func(from, to string) []byte { return npy(strings.Replace(good, from, to, 1), []float64{1, 2}) }
	for want, file := range map[string][]byte{
		`starts with "PK`:       []byte("PK\x03\x04________"),
		"header: unexpected":    []byte("\x93NUMPY\x01\x00\xff\x00{'descr'"),
		"version 9":             []byte("\x93NUMPY\x09\x00\x00\x00"),
		`type "|O"`:             change("<f8", "|O"),
		`type "<c8"`:            change("<f8", "<c8"),
		"1 of 3 elements":       npy(strings.Replace(good, "(2,)", "(3,)", 1), []float64{1})[:8+2+len(good)+8],
		"not a dict":            change("{", "["),
		"unknown key \"order\"": change("fortran_order", "order"),
		"want True or False":    change("False", "0"),
		"want a tuple":          change("(2,)", "2"),
		`size "-1"`:             change("(2,)", "(-1,)"),
		"at most 134217728":     change("(2,)", "(60000, 60000)"),
		"2 of the 3 keys":       change("'shape': (2,), ", ""),
		"a quoted key":          change("'shape'", "'descr'"),
	} {
		_, err := metrics.ReadNPY(bytes.NewReader(file))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestStatsRoundTrip(t *testing.T) {
	s := statsOf(t, 3, normals(9, 20, []float64{1, 2, 3}, []float64{1, 2, 3}))
	s.Features = "mnist-cnn"
	path := filepath.Join(t.TempDir(), "ref.npz")
	for range 2 { // the second time replaces the file
		if err := metrics.SaveStats(path, s); err != nil {
			t.Fatal(err)
		}
	}
	got, err := metrics.LoadStats(path)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Mu, s.Mu) || !slices.Equal(got.Sigma, s.Sigma) || got.N != 20 || got.Features != "mnist-cnn" {
		t.Errorf("read back %+v, wrote %+v", got, s)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files beside the statistics, %v", len(left)-1, err)
	}
	var once, twice bytes.Buffer
	if metrics.WriteStats(&once, s) != nil || metrics.WriteStats(&twice, s) != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Error("equal statistics give different files")
	}
}

func TestLoadStatsOfReference(t *testing.T) {
	_, err := metrics.LoadStats("testdata/fid.npz")
	if err == nil || !strings.Contains(err.Error(), `fid.npz: npz: no array "mu"`) {
		t.Errorf("other arrays: %v", err)
	}
	if _, err := metrics.LoadStats("testdata/absent.npz"); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
	var file bytes.Buffer
	names := []string{"mu", "sigma"}
	write := func(mu, sigma metrics.Array) {
		file.Reset()
		if err := metrics.WriteNPZ(&file, names, map[string]metrics.Array{"mu": mu, "sigma": sigma}); err != nil {
			t.Fatal(err)
		}
	}
	write(metrics.Array{Shape: []int{2}, Data: []float64{1, 2}}, metrics.Array{Shape: []int{2, 2}, Data: []float64{1, 0, 0, 1}})
	s, err := metrics.ReadStats(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil || s.N != 0 || s.Features != "" || s.Dim() != 2 {
		t.Errorf("mu and sigma alone: %+v, %v", s, err)
	}
	write(metrics.Array{Shape: []int{2}, Data: []float64{1, 2}}, metrics.Array{Shape: []int{4}, Data: []float64{1, 0, 0, 1}})
	if _, err := metrics.ReadStats(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil || !strings.Contains(err.Error(), "want [D] and [D D]") {
		t.Errorf("flat sigma: %v", err)
	}
	broken := bytes.Replace(file.Bytes(), []byte("\x00\x00\xf0\x3f"), []byte("\x00\x00\xf0\x3e"), 1)
	if _, err := metrics.ReadStats(bytes.NewReader(broken), int64(len(broken))); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("flipped bit: %v", err)
	}
}

func TestWriteNPZErrors(t *testing.T) {
	for want, a := range map[string]metrics.Array{
		"2 values, want 3 for shape [3]": {Shape: []int{3}, Data: []float64{1, 2}},
		"value 256, want 0 to 255":       {Shape: []int{1}, Data: []float64{256}, Descr: "|u1"},
		"value 0.5, want an integer":     {Shape: []int{1}, Data: []float64{0.5}, Descr: "<i8"},
		`type "<f2"`:                     {Shape: []int{1}, Data: []float64{1}, Descr: "<f2"},
	} {
		err := metrics.WriteNPZ(io.Discard, []string{"x"}, map[string]metrics.Array{"x": a})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if err := metrics.WriteNPZ(io.Discard, []string{"x"}, nil); err == nil {
		t.Error("a missing array: no error")
	}
	dir := t.TempDir()
	target := filepath.Join(dir, "taken")
	if err := os.Mkdir(target, 0o755); err != nil {
		t.Fatal(err)
	}
	s := diagonal([]float64{1}, []float64{1})
	if err := metrics.SaveStats(target, s); err == nil {
		t.Error("saved over a directory")
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("a failed save left %d files", len(left)-1)
	}
	if err := metrics.SaveStats(filepath.Join(dir, "no", "ref.npz"), s); !os.IsNotExist(err) {
		t.Errorf("absent directory: %v", err)
	}
}

func TestReadNPZBounds(t *testing.T) {
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	for range 2 {
		w, err := z.Create("x.npy")
		if err != nil {
			t.Fatal(err)
		}
		w.Write(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }\n", []uint8{1}))
	}
	z.Close()
	if _, err := metrics.ReadNPZ(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("one name twice: %v", err)
	}
	if _, err := metrics.ReadNPZ(strings.NewReader("not a zip"), 9); err == nil {
		t.Error("no zip: no error")
	}
}

func FuzzReadNPY(f *testing.F) {
	f.Add(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", []float64{1, 2}))
	f.Add(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 2), }\n", []uint8{1, 2, 3, 4}))
	f.Add([]byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := metrics.ReadNPY(bytes.NewReader(data))
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
