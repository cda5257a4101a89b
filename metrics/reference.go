package metrics

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"innate/models/filetype"
)

// ReadStats reads reference statistics: the arrays mu and sigma of EDM and
// pytorch-fid, and where a file has them the number of images n, in any type of
// number, and the name of the features, as text or as bytes. A matrix called
// features holds the vectors themselves and no name.
func ReadStats(r io.ReaderAt, size int64) (Stats, error) {
	arrays, err := ReadNPZ(r, size, "mu", "sigma", "n")
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
	if s.Features, err = readName(r, size, "features"); err != nil {
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

// count is the whole number that an array of one element holds.
func count(a Array) (int64, error) {
	if len(a.Data) != 1 {
		return 0, fmt.Errorf("%s %v, want one number", a.Descr, a.Shape)
	}
	v := a.Data[0]
	if strings.HasSuffix(a.Descr, "b1") || !(v >= 0 && v < maxCount) || v != math.Trunc(v) {
		return 0, fmt.Errorf("%s %v, want a whole number of images", a.Descr, v)
	}
	return int64(v), nil
}

// maxName bounds the name of a feature network, in bytes.
const maxName = 256

// readName reads the text under name in an npz, or its bytes; "" if there is no
// such array, or if it is a matrix.
func readName(r io.ReaderAt, size int64, name string) (string, error) {
	z, err := openZip(r, size)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(z.File, func(f *zip.File) bool { return f.Name == name+".npy" })
	if i < 0 {
		return "", nil
	}
	text, err := readText(z.File[i])
	if err != nil {
		return "", fmt.Errorf("npz: array %q: %w", name, err)
	}
	return text, nil
}

func readText(file *zip.File) (string, error) {
	r, err := file.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	descr, _, shape, err := readNPYHeader(r)
	if err != nil {
		return "", fmt.Errorf("npy: %w", err)
	}
	order, kind, width, err := splitDescr(descr)
	if err != nil {
		return "", err
	}
	n := 0 // bytes of the text
	switch {
	case strings.ContainsAny(kind, "fciub") && len(shape) > 1:
		return "", nil // the features themselves
	case kind == "u" && width == 1 && len(shape) == 1:
		n = shape[0]
	case (kind == "S" || kind == "U") && (len(shape) == 0 || len(shape) == 1 && shape[0] == 1):
		n = width
	default:
		return "", fmt.Errorf("%s %v, want the name of a network: one text, or its bytes as u1", descr, shape)
	}
	if n > maxName {
		return "", fmt.Errorf("name of %d characters, want at most %d", n, maxName)
	}
	if kind == "U" {
		n *= 4
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		return "", fmt.Errorf("npy: %w", noEOF(err))
	}
	if err := atEnd(r); err != nil {
		return "", err
	}
	if kind == "U" {
		if b, err = fromUTF32(b, order); err != nil {
			return "", err
		}
	}
	return strings.TrimRight(string(b), "\x00"), nil
}

// splitDescr takes a type such as <U9 or |u1 apart.
func splitDescr(descr string) (order binary.ByteOrder, kind string, width int, err error) {
	order = binary.LittleEndian
	rest := strings.TrimLeft(descr, "<>|=")
	if strings.HasPrefix(descr, ">") {
		order = binary.BigEndian
	}
	if rest == "" {
		return nil, "", 0, errors.New("no type")
	}
	if rest[1:] != "" { // |O has no width
		if width, err = strconv.Atoi(rest[1:]); err != nil || width < 0 {
			return nil, "", 0, fmt.Errorf("type %.20q, want a simple one", descr)
		}
	}
	return order, rest[:1], width, nil
}

// fromUTF32 converts NumPy's four bytes a character to UTF-8.
func fromUTF32(b []byte, order binary.ByteOrder) ([]byte, error) {
	var out []byte
	for ; len(b) > 0; b = b[4:] {
		c := order.Uint32(b)
		if c > utf8.MaxRune || !utf8.ValidRune(rune(c)) {
			return nil, fmt.Errorf("%#x, want a character of Unicode", c)
		}
		out = utf8.AppendRune(out, rune(c))
	}
	return out, nil
}
