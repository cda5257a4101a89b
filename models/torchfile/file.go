package torchfile

import (
	"fmt"
	"io"

	"innate/models/checkpoint"
	"innate/models/filetype"
	"innate/models/pickle"
)

// Want is what Open takes, for errors.
const Want = "a PyTorch file or a network pickle"

// File is what a file of PyTorch holds, less the values.
type File struct {
	root     pickle.Value
	size     int64
	storages storages
}

// storages finds what the persistent id of a storage means.
type storages interface {
	find(id storageID) (storage, error)
}

// Open reads the pickle of a file.
func Open(path string) (*File, error) {
	r, size, err := filetype.Open(path, Want)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	f, err := Read(r, size)
	if err != nil {
		_ = r.Close() // which was only read
		return nil, fmt.Errorf("torchfile: %s: %w", path, err)
	}
	return f, nil // values will be read from r; the last of them lets it go
}

// Read is Open for what r holds, which must stay open as long as values of it may
// be wanted.
func Read(r io.ReaderAt, size int64) (*File, error) {
	switch kind := filetype.Sniff(r, size); kind {
	case filetype.TorchZip, filetype.TorchScript:
		return readZip(r, size)
	case filetype.TorchLegacy:
		return readLegacy(r, 0, size, size)
	case filetype.Pickle:
		root, err := pickle.NewReader(r, 0, size, allowed).Next()
		return &File{root: root, size: size, storages: inPickle{}}, err
	default:
		return nil, kind.Refuse(Want)
	}
}

// inPickle is a pickle outside of PyTorch's formats, which brings its storages in
// byte strings.
type inPickle struct{}

func (inPickle) find(id storageID) (storage, error) {
	return storage{}, fmt.Errorf("storage %q lies outside of the pickle, want the whole file of torch.save", id.key)
}

// Load opens a file and returns the network or the state dict in it; see
// File.State.
func Load(path, key string) (*checkpoint.File, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	s, err := f.State(key)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %s: %w", path, err)
	}
	out, err := s.Checkpoint()
	if err != nil {
		return nil, fmt.Errorf("torchfile: %s: %w", path, err)
	}
	out.Path = path
	return out, nil
}
