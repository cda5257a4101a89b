package torchfile

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"strings"

	"innate/models/pickle"
)

const (
	maxRecords = 1 << 18
	pickleName = "data.pkl"
)

// archive is a zip of torch.save. Its records are stored, not compressed, all in
// one folder.
type archive struct {
	r       io.ReaderAt
	size    int64
	folder  string
	records map[string]*zip.File
}

func readZip(r io.ReaderAt, size int64) (*File, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, err
	}
	if len(z.File) > maxRecords {
		return nil, fmt.Errorf("%d records, want at most %d", len(z.File), maxRecords)
	}
	a := &archive{r: r, size: size, records: map[string]*zip.File{}}
	found := false
	for _, f := range z.File {
		if a.records[f.Name] != nil {
			return nil, fmt.Errorf("record %.100q appears twice", f.Name)
		}
		a.records[f.Name] = f
		folder, isPickle := strings.CutSuffix(f.Name, pickleName)
		if !isPickle || folder != "" && !strings.HasSuffix(folder, "/") {
			continue
		}
		if found {
			return nil, fmt.Errorf("records %q and %q, want one pickle", a.folder+pickleName, f.Name)
		}
		a.folder, found = folder, true
	}
	if err := a.checkOrder(); err != nil {
		return nil, err
	}
	at, n, err := a.record(pickleName)
	if err != nil {
		return nil, err
	}
	root, err := pickle.NewReader(r, at, at+n, allowed).Next()
	if err != nil {
		return nil, err
	}
	return &File{root: root, size: size, storages: a}, nil
}

// checkOrder refuses values of a big-endian machine. Files without the record are
// from before there was one.
func (a *archive) checkOrder() error {
	if a.records[a.folder+"byteorder"] == nil {
		return nil
	}
	at, n, err := a.record("byteorder")
	if err != nil {
		return err
	}
	order := make([]byte, min(n, 16))
	if _, err := a.r.ReadAt(order, at); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(order) != "little" {
		return fmt.Errorf("byte order %q, want little", order)
	}
	return nil
}

// record is where a record's bytes lie.
func (a *archive) record(name string) (at, n int64, err error) {
	f := a.records[a.folder+name]
	switch {
	case f == nil:
		return 0, 0, fmt.Errorf("record %.100q: missing", a.folder+name)
	case f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64:
		return 0, 0, fmt.Errorf("record %.100q: compressed, want stored, as torch.save writes it", f.Name)
	}
	// The local header alone knows how far its padding reaches.
	if at, err = f.DataOffset(); err != nil {
		return 0, 0, fmt.Errorf("record %.100q: %w", f.Name, err)
	}
	if at > a.size || f.UncompressedSize64 > uint64(a.size-at) {
		return 0, 0, fmt.Errorf("record %.100q: %d bytes at %d of %d: the file was cut short", f.Name, f.UncompressedSize64, at, a.size)
	}
	return at, int64(f.UncompressedSize64), nil
}

func (a *archive) find(id storageID) (storage, error) {
	at, n, err := a.record("data/" + id.key)
	if err != nil {
		return storage{}, err
	}
	return id.over(a.r, at, n)
}
