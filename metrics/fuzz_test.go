package metrics_test

import (
	"archive/zip"
	"bytes"
	"testing"

	"innate/metrics"
	"innate/models/npz/npztest"
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
	mu := string(npztest.Array("<f8", "(2,)", []float64{1, 2}))
	sigma := string(npztest.File("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }\n", []float32{1, 0, 0, 1}))
	name := string(npztest.Array("|u1", "(3,)", []uint8("cnn")))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma))
	f.Add(pack(zip.Deflate, "mu.npy", mu, "sigma.npy", sigma, "features.npy", name, "other.txt", "x"))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma, "features.npy", string(npztest.Array("<U2", "()", []uint32{'a', 'b'}))))
	f.Add(pack(zip.Store, "mu.npy", mu, "sigma.npy", sigma, "n.npy", string(npztest.Array("<u2", "()", []uint16{9}))))
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
