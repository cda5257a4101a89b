package files

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"innate/models/filetype"
	"innate/models/registry"
)

// Format is a form in which images lie on disk.
type Format struct {
	Doc string           // what it is, in a few words
	Is  func(Place) bool // by names and first bytes

	// Open opens the images to train on, or those that are held out; nil where there
	// are none of these.
	Open func(p Place, held bool) (Collection, error)
}

// Formats are tried in the order of their registration.
var Formats = registry.New[Format]("format of images")

func init() {
	Formats.Add("cifar", Format{"CIFAR-10 or -100, binary or Python's", isCIFAR, openCIFAR})
	Formats.Add("idx", Format{"MNIST's IDX", isIDX, openIDX})
	Formats.Add("zip", Format{"zip of images", func(p Place) bool { return bytes.HasPrefix(p.Head, []byte("PK")) }, openZipFile})
	Formats.Add("folder", Format{"folder of images", func(p Place) bool { return p.Names != nil }, openFolder})
}

// Place is a path as formats recognise it.
type Place struct {
	Path  string
	Names []string // in a folder, less the folders in it, sorted; nil for a file
	Inner []string // the folders in it
	Head  []byte   // the beginning of a file, decompressed if it is by gzip
	Gzip  bool
	Tar   bool // a file is a tar
}

const (
	gzipMagic = "\x1f\x8b"
	headBytes = 512 // a tar's first header
)

// look reads as much of a path as formats need.
func look(at string) (Place, error) {
	p := Place{Path: at}
	f, err := os.Open(at)
	if err != nil {
		return p, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return p, err
	}
	if info.IsDir() {
		entries, err := f.ReadDir(-1)
		p.Names = []string{} // never nil
		for _, e := range entries {
			if e.IsDir() {
				p.Inner = append(p.Inner, e.Name())
			} else {
				p.Names = append(p.Names, e.Name()) // a link may lead to a folder
			}
		}
		slices.Sort(p.Names)
		return p, err
	}
	if !info.Mode().IsRegular() {
		return p, errors.New("neither a file nor a folder")
	}
	if p.Head, err = head(f); err != nil {
		return p, err
	}
	if p.Gzip = strings.HasPrefix(string(p.Head), gzipMagic); p.Gzip {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return p, err
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			return p, err
		}
		if p.Head, err = head(z); err != nil {
			return p, err
		}
	}
	p.Tar = len(p.Head) == headBytes && string(p.Head[257:262]) == "ustar"
	return p, nil
}

// head reads the first bytes, as many as there are.
func head(r io.Reader) ([]byte, error) {
	b := make([]byte, headBytes)
	n, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], err
}

func isCIFAR(p Place) bool {
	name := filepath.Base(p.Path)
	switch {
	case p.Names != nil:
		return slices.ContainsFunc(p.Names, func(name string) bool { return strings.HasPrefix(name, "data_batch_") && wantsBatch(name, false) }) ||
			slices.Contains(p.Names, "train.bin") || slices.Contains(p.Names, "train") && slices.Contains(p.Names, "meta")
	case p.Tar:
		return true // no other tars are read
	}
	return (trainBatch.MatchString(name) || testBatch.MatchString(name)) && (strings.HasSuffix(name, ".bin") || bytes.HasPrefix(p.Head, []byte{0x80}))
}

func isIDX(p Place) bool {
	if p.Names != nil {
		return slices.ContainsFunc(p.Names, idxName)
	}
	return bytes.HasPrefix(p.Head, []byte{0, 0, 8, 3})
}

// Open opens the images at a path, or those of them that are held out, which are nil
// where there are none. It names the format in which they lie. Errors name the path.
func Open(at string, held bool) (c Collection, format string, err error) {
	p, err := look(at)
	if err != nil {
		return nil, "", naming(at, err)
	}
	// What an archive unpacks to is a folder in the folder that people name.
	for _, inner := range []string{"cifar-10-batches-bin", "cifar-10-batches-py", "cifar-100-binary", "cifar-100-python"} {
		if slices.Contains(p.Inner, inner) || slices.Contains(p.Names, inner) {
			if p, err = look(filepath.Join(at, inner)); err != nil {
				return nil, "", naming(at, err)
			}
			break
		}
	}
	for _, name := range Formats.Names() {
		f, err := Formats.Get(name)
		if err != nil || !f.Is(p) {
			continue
		}
		c, err := f.Open(p, held)
		if err != nil {
			return nil, name, naming(at, err)
		}
		return c, name, nil
	}
	var known []string
	for _, name := range Formats.Names() {
		f, _ := Formats.Get(name)
		known = append(known, f.Doc)
	}
	want := strings.Join(known, " | ")
	if kind, err := filetype.Of(at); err == nil && kind != "" {
		return nil, "", fmt.Errorf("%s: %w", at, kind.Refuse(want))
	}
	return nil, "", fmt.Errorf("%s: starts with %.8q, want %s", at, p.Head[:min(len(p.Head), 8)], want)
}

// naming names the path of an error that does not, and says what an early end means.
func naming(at string, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: the file was cut short", err)
	}
	if strings.Contains(err.Error(), at) {
		return err
	}
	return fmt.Errorf("%s: %w", at, err)
}
