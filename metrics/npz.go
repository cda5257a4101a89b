package metrics

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// maxNPZEntries bounds the arrays in one file.
const maxNPZEntries = 4096

// maxCount is up to where a float64 holds every whole number.
const maxCount = 1 << 53

// ReadNPZ reads the arrays of a NumPy npz file (a zip of npy files, stored or
// deflated) of the given size in bytes. Without names it reads all of them,
// otherwise only those named that exist.
func ReadNPZ(r io.ReaderAt, size int64, names ...string) (map[string]Array, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	if len(z.File) > maxNPZEntries {
		return nil, fmt.Errorf("npz: %d entries, want at most %d", len(z.File), maxNPZEntries)
	}
	wanted := map[string]bool{}
	for _, name := range names {
		wanted[name] = true
	}
	arrays := map[string]Array{}
	left := maxNPYElements
	for _, file := range z.File {
		name, isArray := strings.CutSuffix(file.Name, ".npy")
		if !isArray || len(names) > 0 && !wanted[name] {
			continue
		}
		if _, twice := arrays[name]; twice {
			return nil, fmt.Errorf("npz: array %q appears twice", name)
		}
		a, err := readEntry(file, left)
		if err != nil {
			return nil, fmt.Errorf("npz: array %q: %w", name, err)
		}
		arrays[name] = a
		left -= len(a.Data)
	}
	return arrays, nil
}

// readEntry reads to the end of the entry, where zip verifies its checksum.
func readEntry(file *zip.File, limit int) (Array, error) {
	r, err := file.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	a, err := readNPY(r, limit)
	if err != nil {
		return Array{}, err
	}
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return Array{}, errors.New("data after the last element")
	case err != io.EOF:
		return Array{}, err
	}
	return a, nil
}

// LoadNPZ reads the arrays of an npz file; see ReadNPZ.
func LoadNPZ(path string, names ...string) (map[string]Array, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	arrays, err := ReadNPZ(f, info.Size(), names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// WriteNPZ writes the named arrays in order, uncompressed and without times,
// so that equal arrays give equal files.
func WriteNPZ(w io.Writer, names []string, arrays map[string]Array) error {
	z := zip.NewWriter(w)
	for _, name := range names {
		a, ok := arrays[name]
		if !ok {
			return fmt.Errorf("npz: no array %q", name)
		}
		entry, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
		if err != nil {
			return err
		}
		if err := WriteNPY(entry, a); err != nil {
			return fmt.Errorf("npz: array %q: %w", name, err)
		}
	}
	return z.Close()
}

// ReadStats reads reference statistics: the arrays mu and sigma of EDM and
// pytorch-fid, and where SaveStats wrote them the number of images and the
// name of the features.
func ReadStats(r io.ReaderAt, size int64) (Stats, error) {
	arrays, err := ReadNPZ(r, size, "mu", "sigma", "n", "features")
	if err != nil {
		return Stats{}, err
	}
	for _, name := range []string{"mu", "sigma"} {
		if _, ok := arrays[name]; !ok {
			return Stats{}, fmt.Errorf("npz: no array %q: not FID statistics", name)
		}
	}
	mu, sigma := arrays["mu"], arrays["sigma"]
	d := len(mu.Data)
	if len(mu.Shape) != 1 || len(sigma.Shape) != 2 || sigma.Shape[0] != d || sigma.Shape[1] != d {
		return Stats{}, fmt.Errorf("npz: mu %v and sigma %v, want [D] and [D D]", mu.Shape, sigma.Shape)
	}
	s := Stats{Mu: mu.Data, Sigma: sigma.Data}
	if n, ok := arrays["n"]; ok {
		if len(n.Data) != 1 {
			return Stats{}, fmt.Errorf("npz: n %v, want a scalar", n.Shape)
		}
		if v := n.Data[0]; !(v >= 0 && v <= maxCount) || v != math.Trunc(v) {
			return Stats{}, fmt.Errorf("npz: n is %v, want a whole number of images", v)
		}
		s.N = int64(n.Data[0])
	}
	if name, ok := arrays["features"]; ok {
		if len(name.Data) > 256 {
			return Stats{}, fmt.Errorf("npz: features: name of %d bytes, want at most 256", len(name.Data))
		}
		text := make([]byte, len(name.Data))
		for i, v := range name.Data {
			text[i] = byte(v)
		}
		s.Features = string(text)
	}
	return s, s.Validate()
}

// LoadStats reads statistics from an npz file; see ReadStats.
func LoadStats(path string) (Stats, error) {
	f, err := os.Open(path)
	if err != nil {
		return Stats{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Stats{}, err
	}
	s, err := ReadStats(f, info.Size())
	if err != nil {
		return Stats{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// WriteStats writes s as an npz that NumPy, EDM and pytorch-fid can read: mu
// and sigma in float64, then n and the bytes of the features' name.
func WriteStats(w io.Writer, s Stats) error {
	if err := s.Validate(); err != nil {
		return err
	}
	d := s.Dim()
	name := Array{Shape: []int{len(s.Features)}, Descr: "|u1"}
	for _, b := range []byte(s.Features) {
		name.Data = append(name.Data, float64(b))
	}
	return WriteNPZ(w, []string{"mu", "sigma", "n", "features"}, map[string]Array{
		"mu":       {Shape: []int{d}, Data: s.Mu},
		"sigma":    {Shape: []int{d, d}, Data: s.Sigma},
		"n":        {Data: []float64{float64(s.N)}, Descr: "<i8"},
		"features": name,
	})
}

// SaveStats writes the file of WriteStats; path appears complete or not at all.
func SaveStats(path string, s Stats) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".stats-*.npz")
	if err != nil {
		return err
	}
	defer func() {
		f.Close() // a second close after success only errors
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := WriteStats(f, s); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
