package npz

import (
	"archive/zip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText bounds a text, in characters.
const maxText = 256

// ReadText reads the text under name in an npz, or its bytes; "" if there is no
// such array, or if it is a matrix.
func ReadText(r io.ReaderAt, size int64, name string) (string, error) {
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
	descr, _, shape, err := readHeader(r)
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
		return "", nil // numbers, and no text
	case kind == "u" && width == 1 && len(shape) == 1:
		n = shape[0]
	case (kind == "S" || kind == "U") && (len(shape) == 0 || len(shape) == 1 && shape[0] == 1):
		n = width
	default:
		return "", fmt.Errorf("%s %v, want the name of a network: one text, or its bytes as u1", descr, shape)
	}
	if n > maxText {
		return "", fmt.Errorf("name of %d characters, want at most %d", n, maxText)
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
