package metrics

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"innate/models/atomicfile"
	"innate/models/filetype"
	"innate/models/npz"
)

// Set is what is kept of a set of images for others to be compared with.
type Set struct {
	Stats
	Vectors *Rows // of all images; nil where moments alone are known
	Labels  []int // classes of the images, [N]; nil where they have none, or none are known
}

// Digest tells sets from others by their moments.
func (s Set) Digest() string {
	sum := sha256.New()
	for _, values := range [][]float64{s.Mu, s.Sigma} {
		b := make([]byte, 0, 8*len(values))
		for _, v := range values {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		}
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil)[:digestBytes])
}

// digestBytes are enough to tell the references of one table apart.
const digestBytes = 8

// The names by which files call the moments: those of EDM, pytorch-fid and clean-fid,
// then of others; and the vectors: of innate, clean-fid's KID, and what saving one
// array makes of it.
var (
	momentNames = [][2]string{{"mu", "sigma"}, {"mean", "cov"}, {"m", "s"}}
	vectorNames = []string{"vectors", "features", "feats", "pool_3", "arr_0"}
)

// ReadSet reads an npz with mean and covariance, with feature vectors [N D] or with
// both, or an npy of vectors: any type of number, either order of axes. Where an npz
// has them it also reads the number of images n, the name of the features, as text or
// as bytes, and the classes of the images, labels [N]. Moments that a file lacks are
// made from its vectors.
func ReadSet(r io.ReaderAt, size int64) (Set, error) {
	if filetype.Sniff(r, size) == filetype.NPY {
		a, err := npz.ReadArray(io.NewSectionReader(r, 0, size))
		if err != nil {
			return Set{}, err
		}
		s := Set{}
		if s.Vectors, err = vectorsOf(a); err == nil {
			s.Stats, err = s.Vectors.Stats()
		}
		return s, err
	}
	names, err := npz.Names(r, size)
	if err != nil {
		return Set{}, err
	}
	pair := slices.IndexFunc(momentNames, func(p [2]string) bool {
		return slices.Contains(names, p[0]) && slices.Contains(names, p[1])
	})
	wanted := []string{"n", "labels"}
	if pair >= 0 {
		wanted = append(wanted, momentNames[pair][:]...)
	}
	vectors, err := vectorsIn(r, size, names)
	if err != nil {
		return Set{}, err
	}
	if vectors != "" {
		wanted = append(wanted, vectors)
	}
	if pair < 0 && vectors == "" {
		if kind := filetype.Sniff(r, size); kind != filetype.NPZ {
			return Set{}, fmt.Errorf("npz: %w", kind.Refuse("npz with mu and sigma"))
		}
		return Set{}, noneOf(r, size, names)
	}
	arrays, err := npz.Read(r, size, wanted...)
	if err != nil {
		return Set{}, err
	}
	var s Set
	if pair >= 0 {
		if s.Stats, err = momentsOf(arrays, momentNames[pair]); err != nil {
			return Set{}, err
		}
	}
	if vectors != "" {
		if s.Vectors, err = vectorsOf(arrays[vectors]); err != nil {
			return Set{}, fmt.Errorf("npz: %s: %w", vectors, err)
		}
	}
	return s, s.complete(r, size, arrays)
}

// noneOf says what an npz has in which there is neither a pair of moments nor an array of
// vectors, with the shape of what could have been one by its name.
func noneOf(r io.ReaderAt, size int64, names []string) error {
	got := slices.Clone(names)
	for i, name := range names {
		if slices.Contains(vectorNames, name) {
			shape, err := npz.Shape(r, size, name)
			if err != nil {
				return err
			}
			got[i] = fmt.Sprintf("%s %v", name, shape)
		}
	}
	var pairs []string
	for _, p := range momentNames {
		pairs = append(pairs, p[0]+" with "+p[1])
	}
	return fmt.Errorf("npz: neither mean and covariance nor vectors [N D]: got %s; want %s, or one of %s",
		strings.Join(got, ", "), strings.Join(pairs, ", "), strings.Join(vectorNames, ", "))
}

// momentsOf are mean and covariance of the given names, and their count.
func momentsOf(arrays map[string]npz.Array, names [2]string) (s Stats, err error) {
	mu, sigma := arrays[names[0]], arrays[names[1]]
	d := len(mu.Data)
	if len(mu.Shape) != 1 || len(sigma.Shape) != 2 || sigma.Shape[0] != d || sigma.Shape[1] != d {
		return Stats{}, fmt.Errorf("npz: %s %v and %s %v, want [D] and [D D]", names[0], mu.Shape, names[1], sigma.Shape)
	}
	s = Stats{Mu: mu.Data, Sigma: sigma.Data}
	if n, ok := arrays["n"]; ok {
		if s.N, err = count(n); err != nil {
			return Stats{}, fmt.Errorf("npz: n: %w", err)
		}
	}
	return s, nil
}

// vectorsIn is the array of an npz that holds vectors; "" for none. Only what has
// two axes can: features may also be a name, arr_0 also images.
func vectorsIn(r io.ReaderAt, size int64, names []string) (string, error) {
	for _, name := range vectorNames {
		if !slices.Contains(names, name) {
			continue
		}
		shape, err := npz.Shape(r, size, name)
		if err != nil {
			return "", err
		}
		if len(shape) == 2 {
			return name, nil
		}
	}
	return "", nil
}

// vectorsOf are vectors in float32, which is what networks give.
func vectorsOf(a npz.Array) (*Rows, error) {
	if len(a.Shape) != 2 || a.Shape[1] < 1 {
		return nil, fmt.Errorf("shape %v, want vectors [N D]", a.Shape)
	}
	rows := RowsOf(a.Float32s(), a.Shape[1])
	if i, v := notFinite(rows.Data()); i >= 0 {
		return nil, fmt.Errorf("vector %d: got %v, want finite numbers", i/rows.Width(), v)
	}
	return rows, nil
}

// complete fills in what follows from the rest of the file, and checks that its parts
// agree.
func (s *Set) complete(r io.ReaderAt, size int64, arrays map[string]npz.Array) (err error) {
	if s.Vectors != nil {
		of, err := s.Vectors.Stats()
		if err != nil {
			return err
		}
		switch {
		case s.Mu == nil:
			s.Stats = of
		case s.N == 0:
			s.N = of.N
		}
		if s.Dim() != of.Dim() || s.N != of.N {
			return fmt.Errorf("npz: moments of %d vectors of %d, but vectors %d of %d", s.N, s.Dim(), of.N, of.Dim())
		}
	}
	if s.Features, err = npz.ReadText(r, size, "features"); err != nil {
		return err
	}
	labels, ok := arrays["labels"]
	if ok && (s.Vectors == nil || len(labels.Shape) != 1 || len(labels.Data) != s.Vectors.N()) {
		return fmt.Errorf("npz: labels %v, want one for each vector", labels.Shape)
	}
	for i, v := range labels.Data {
		if v != math.Trunc(v) || v < 0 || v >= maxClasses {
			return fmt.Errorf("npz: label %d: got %v, want a class from 0 on", i, v)
		}
		s.Labels = append(s.Labels, int(v))
	}
	return s.Validate()
}

// maxClasses bounds the numbers of classes.
const maxClasses = 1 << 20

// ReadStats is ReadSet for the moments alone.
func ReadStats(r io.ReaderAt, size int64) (Stats, error) {
	s, err := ReadSet(r, size)
	return s.Stats, err
}

// LoadStats reads moments from a file; see ReadSet.
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

// WriteSet writes s as an npz that NumPy, EDM and pytorch-fid can read: mu and sigma
// in float64, then n and the bytes of the features' name, and where it has them the
// vectors in float32 and the labels.
func WriteSet(w io.Writer, s Set) error {
	if err := s.Validate(); err != nil {
		return err
	}
	d := s.Dim()
	name := npz.Array{Shape: []int{len(s.Features)}, Descr: "|u1"}
	for _, b := range []byte(s.Features) {
		name.Data = append(name.Data, float64(b))
	}
	names := []string{"mu", "sigma", "n", "features"}
	arrays := map[string]npz.Array{
		"mu":       {Shape: []int{d}, Data: s.Mu},
		"sigma":    {Shape: []int{d, d}, Data: s.Sigma},
		"n":        {Data: []float64{float64(s.N)}, Descr: "<i8"},
		"features": name,
	}
	if s.Vectors != nil {
		a := npz.Array{Shape: []int{s.Vectors.N(), d}, Descr: "<f4"}
		for _, v := range s.Vectors.Data() {
			a.Data = append(a.Data, float64(v))
		}
		names, arrays["vectors"] = append(names, "vectors"), a
	}
	if s.Labels != nil {
		a := npz.Array{Shape: []int{len(s.Labels)}, Descr: "<i8"}
		for _, label := range s.Labels {
			a.Data = append(a.Data, float64(label))
		}
		names, arrays["labels"] = append(names, "labels"), a
	}
	return npz.Write(w, names, arrays)
}

// SaveSet writes the file of WriteSet; path appears complete or not at all.
func SaveSet(path string, s Set) error {
	return atomicfile.Write(path, atomicfile.SyncFile, func(w io.Writer) error { return WriteSet(w, s) })
}
