package metrics_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"innate/metrics"
)

// maxFuzzElements bounds what a small file may unpack to: deflate shrinks zeros
// to a thousandth, and an element has at least a byte.
func maxFuzzElements(file []byte) int { return 1200 * (len(file) + 1) }

// FuzzReadStats reads reference statistics from anything.
func FuzzReadStats(f *testing.F) {
	pack := func(method uint16, entries ...string) []byte {
		var file bytes.Buffer
		z := zip.NewWriter(&file)
		for i := 0; i < len(entries); i += 2 {
			w, err := z.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method})
			if err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte(entries[i+1])); err != nil {
				f.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		return file.Bytes()
	}
	mu := string(npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n", []float64{1, 2}))
	sigma := string(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n", []float32{1, 0, 0, 1}))
	name := string(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n", []uint8("cnn")))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma))
	f.Add(pack(zip.Deflate, "mu.npy", mu, "sigma.npy", sigma, "features.npy", name, "other.txt", "x"))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma, "features.npy", string(array("<U2", "()", []uint32{'a', 'b'}))))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma, "n.npy", string(array("<u2", "()", []uint16{9}))))
	f.Add(pack(zip.Store, "mu.npy", mu, "mu.npy", mu))
	f.Add(pack(zip.Store, "mu.npy", sigma, "sigma.npy", mu, "n.npy", mu))
	f.Fuzz(func(t *testing.T, file []byte) {
		s, err := metrics.ReadStats(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if d := len(s.Mu); len(s.Sigma) != d*d || d > maxFuzzElements(file) {
			t.Errorf("mu of %d and sigma of %d values from %d bytes", d, len(s.Sigma), len(file))
		}
	})
}
