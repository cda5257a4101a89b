package files

import (
	"archive/zip"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"

	"innate/models/filetype"
)

// openZipFile opens a zip of images.
func openZipFile(p Place, held bool) (Collection, error) {
	if held {
		return nil, nil
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var c *encoded
		if c, err = openZip(f, info.Size()); err == nil {
			c.close = f.Close
			return c, nil
		}
	}
	return nil, errors.Join(err, f.Close())
}

// openZip reads the directory of a zip, and its labels. Members that lie in one are
// named as there; which of two with one name would be meant, nobody knows.
func openZip(r io.ReaderAt, size int64) (*encoded, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, filetype.Sniff(r, size).Refuse("a zip of images")
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("zip: %d members, want at most %d", len(z.File), maxMembers)
	}
	var images []*zip.File
	var labels []byte
	seen := make(map[string]bool, len(z.File))
	for _, f := range z.File {
		name := strings.TrimPrefix(f.Name, "./")
		if seen[name] {
			return nil, fmt.Errorf("zip: member %.100q appears twice", name)
		}
		seen[name] = true
		switch {
		case name == LabelFile:
			if labels, err = readMember(f, maxLabelFile); err != nil {
				return nil, fmt.Errorf("%s: %w", LabelFile, err)
			}
		case isImage(name):
			images = append(images, f)
		}
	}
	if len(images) == 0 {
		return nil, errNoImages
	}
	name := func(f *zip.File) string { return strings.TrimPrefix(f.Name, "./") }
	slices.SortFunc(images, func(a, b *zip.File) int { return strings.Compare(name(a), name(b)) })
	e := &encoded{members: make([]string, len(images)), close: func() error { return nil }}
	for i, f := range images {
		e.members[i] = name(f)
	}
	e.open = func(i int) (io.ReadCloser, error) { return openMember(images[i], maxEncoded) }
	e.print = fingerprint("zip", func(w hash.Hash) {
		for i, f := range images {
			fmt.Fprintf(w, "%s %d %08x\n", e.members[i], f.UncompressedSize64, f.CRC32)
		}
		w.Write(labels)
	})
	e.labels, err = labelsOf(e.members, labels)
	return e, err
}

func openMember(f *zip.File, limit int64) (io.ReadCloser, error) {
	switch {
	case f.Flags&1 != 0:
		return nil, errors.New("encrypted")
	case f.UncompressedSize64 > uint64(limit):
		return nil, fmt.Errorf("%d bytes, want at most %d", f.UncompressedSize64, limit)
	}
	return f.Open()
}

func readMember(f *zip.File, limit int64) ([]byte, error) {
	r, err := openMember(f, limit)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return readBounded(r, limit)
}
