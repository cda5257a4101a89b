package metrics

import (
	"fmt"
	"io"
	"math"
	"strings"

	"innate/models/atomicfile"
	"innate/models/filetype"
	"innate/models/npz"
)

// ReadStats reads reference statistics: the arrays mu and sigma of EDM and
// pytorch-fid, and where a file has them the number of images n, in any type of
// number, and the name of the features, as text or as bytes. A matrix called
// features holds the vectors themselves and no name.
func ReadStats(r io.ReaderAt, size int64) (Stats, error) {
	arrays, err := npz.Read(r, size, "mu", "sigma", "n")
	if err != nil {
		return Stats{}, err
	}
	for _, name := range []string{"mu", "sigma"} {
		if _, ok := arrays[name]; ok {
			continue
		}
		if kind := filetype.Sniff(r, size); kind != filetype.NPZ {
			return Stats{}, fmt.Errorf("npz: %w", kind.Refuse("npz with mu and sigma"))
		}
		return Stats{}, fmt.Errorf("npz: no array %q: not FID statistics", name)
	}
	mu, sigma := arrays["mu"], arrays["sigma"]
	d := len(mu.Data)
	if len(mu.Shape) != 1 || len(sigma.Shape) != 2 || sigma.Shape[0] != d || sigma.Shape[1] != d {
		return Stats{}, fmt.Errorf("npz: mu %v and sigma %v, want [D] and [D D]", mu.Shape, sigma.Shape)
	}
	s := Stats{Mu: mu.Data, Sigma: sigma.Data}
	if n, ok := arrays["n"]; ok {
		if s.N, err = count(n); err != nil {
			return Stats{}, fmt.Errorf("npz: n: %w", err)
		}
	}
	if s.Features, err = npz.ReadText(r, size, "features"); err != nil {
		return Stats{}, err
	}
	return s, s.Validate()
}

// LoadStats reads statistics from an npz file; see ReadStats.
func LoadStats(path string) (Stats, error) {
	f, size, err := filetype.Open(path, "npz")
	if err != nil {
		return Stats{}, err
	}
	defer f.Close()
	s, err := ReadStats(f, size)
	if err != nil {
		return Stats{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// maxCount is up to where a float64 holds every whole number.
const maxCount = 1 << 53

// count is the whole number that an array of one element holds.
func count(a npz.Array) (int64, error) {
	if len(a.Data) != 1 {
		return 0, fmt.Errorf("%s %v, want one number", a.Descr, a.Shape)
	}
	v := a.Data[0]
	if strings.HasSuffix(a.Descr, "b1") || !(v >= 0 && v < maxCount) || v != math.Trunc(v) {
		return 0, fmt.Errorf("%s %v, want a whole number of images", a.Descr, v)
	}
	return int64(v), nil
}

// WriteStats writes s as an npz that NumPy, EDM and pytorch-fid can read: mu
// and sigma in float64, then n and the bytes of the features' name.
func WriteStats(w io.Writer, s Stats) error {
	if err := s.Validate(); err != nil {
		return err
	}
	d := s.Dim()
	name := npz.Array{Shape: []int{len(s.Features)}, Descr: "|u1"}
	for _, b := range []byte(s.Features) {
		name.Data = append(name.Data, float64(b))
	}
	return npz.Write(w, []string{"mu", "sigma", "n", "features"}, map[string]npz.Array{
		"mu":       {Shape: []int{d}, Data: s.Mu},
		"sigma":    {Shape: []int{d, d}, Data: s.Sigma},
		"n":        {Data: []float64{float64(s.N)}, Descr: "<i8"},
		"features": name,
	})
}

// SaveStats writes the file of WriteStats; path appears complete or not at all.
func SaveStats(path string, s Stats) error {
	return atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error { return WriteStats(w, s) })
}
