package npz

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"innate/models/filetype"
)

// maxNPZEntries bounds the arrays in one file.
const maxNPZEntries = 4096

// Read reads the arrays of a NumPy npz file (a zip of npy files, stored or
// deflated) of the given size in bytes. Without names it reads all of them,
// otherwise only those named that exist.
func Read(r io.ReaderAt, size int64, names ...string) (map[string]Array, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
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

// Names lists the arrays of an npz in the order of the file.
func Names(r io.ReaderAt, size int64) ([]string, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, file := range z.File {
		if name, isArray := strings.CutSuffix(file.Name, ".npy"); isArray {
			names = append(names, name)
		}
	}
	return names, nil
}

// Shape returns the shape of an array of an npz without reading its elements.
func Shape(r io.ReaderAt, size int64, name string) ([]int, error) {
	z, err := openZip(r, size)
	if err != nil {
		return nil, err
	}
	file, err := z.Open(name + ".npy")
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	defer file.Close()
	_, _, shape, err := readHeader(file)
	if err != nil {
		return nil, fmt.Errorf("npz: array %q: npy: %w", name, err)
	}
	return shape, nil
}

// openZip opens the archive that an npz is, or says what the file is instead.
func openZip(r io.ReaderAt, size int64) (*zip.Reader, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		if kind := filetype.Sniff(r, size); kind != "" {
			err = kind.Refuse("npz")
		}
		return nil, fmt.Errorf("npz: %w", err)
	}
	if len(z.File) > maxNPZEntries {
		return nil, fmt.Errorf("npz: %d entries, want at most %d", len(z.File), maxNPZEntries)
	}
	return z, nil
}

// readEntry reads to the end of the entry, where zip verifies its checksum.
func readEntry(file *zip.File, limit int) (Array, error) {
	r, err := file.Open()
	if err != nil {
		return Array{}, err
	}
	defer r.Close()
	a, err := readArray(r, limit)
	if err != nil {
		return Array{}, err
	}
	return a, atEnd(r)
}

// atEnd verifies that an entry has been read in full. Only there does zip verify
// its checksum.
func atEnd(r io.Reader) error {
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return errors.New("data after the last element")
	case err != io.EOF:
		return err
	}
	return nil
}

// Load reads the arrays of an npz file; see Read.
func Load(path string, names ...string) (map[string]Array, error) {
	f, size, err := filetype.Open(path, "npz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	arrays, err := Read(f, size, names...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return arrays, nil
}

// Write writes the named arrays in order, uncompressed and without times,
// so that equal arrays give equal files.
func Write(w io.Writer, names []string, arrays map[string]Array) error {
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
		if err := WriteArray(entry, a); err != nil {
			return fmt.Errorf("npz: array %q: %w", name, err)
		}
	}
	return z.Close()
}

// Writer writes an npz array by array, uncompressed, from the bytes of its elements.
type Writer struct{ z *zip.Writer }

// NewWriter writes to w.
func NewWriter(w io.Writer) *Writer { return &Writer{zip.NewWriter(w)} }

// Add writes an array of elements of type descr, such as "<f4", which lie in raw row
// by row.
func (w *Writer) Add(name, descr string, shape []int, raw []byte) error {
	entry, err := w.z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return err
	}
	head, err := header(descr, shape)
	if err != nil {
		return fmt.Errorf("npz: array %q: %w", name, err)
	}
	if _, err := entry.Write(head); err != nil {
		return err
	}
	_, err = entry.Write(raw)
	return err
}

// Close ends the file.
func (w *Writer) Close() error { return w.z.Close() }
