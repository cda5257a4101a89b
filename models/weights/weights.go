// Package weights holds the small networks and statistics that ship inside the
// binary, and opens them and files by one kind of reference: "builtin:NAME",
// "fetch:NAME" for what others publish, or a path. files/README.md lists what is here, where it comes from and its
// licence.
package weights

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"innate/models/checkpoint"
	"innate/models/filetype"
	"innate/models/published"
	"innate/models/torchfile"
)

//go:embed files
var files embed.FS

// Prefix marks a reference to something built in.
const Prefix = "builtin:"

// Names lists what is built in, sorted.
func Names() []string {
	entries, err := files.ReadDir("files")
	if err != nil {
		panic(err) // the folder is part of the binary
	}
	var names []string
	for _, e := range entries {
		if ext := path.Ext(e.Name()); ext == ".safetensors" || ext == ".npz" {
			names = append(names, strings.TrimSuffix(e.Name(), ext))
		}
	}
	slices.Sort(names)
	return names
}

// Networks lists the references of the networks among them.
func Networks() []string {
	var refs []string
	for _, name := range Names() {
		if _, err := fs.Stat(files, "files/"+name+".safetensors"); err == nil {
			refs = append(refs, Prefix+name)
		}
	}
	return refs
}

// Open reads a network: builtin:NAME, fetch:NAME or the path of a file, of safetensors, of
// PyTorch or a network pickle, whatever its name. Of the latter two values are read
// when they are wanted.
func Open(ref string) (*checkpoint.File, error) { return open(ref, checkpoint.Read) }

// OpenHeader is Open without the values of a safetensors file; those of others are
// not read before they are wanted, and those of what is built in are there.
func OpenHeader(ref string) (*checkpoint.File, error) { return open(ref, checkpoint.ReadHeader) }

func open(ref string, read func(path string) (*checkpoint.File, error)) (*checkpoint.File, error) {
	name, ok := strings.CutPrefix(ref, Prefix)
	if !ok {
		ref, err := published.Resolve(ref)
		if err != nil {
			return nil, err
		}
		if kind, err := filetype.Of(ref); err == nil && kind.Torch() {
			return torchfile.Load(ref, "")
		}
		return read(ref)
	}
	data, err := builtin(name, ".safetensors")
	if err != nil {
		return nil, err
	}
	f, err := checkpoint.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ref, err)
	}
	f.Path = ref
	return f, nil
}

// OpenStats opens reference statistics for reading: builtin:NAME, fetch:NAME or the
// path of an npz file. The caller closes the result.
func OpenStats(ref string) (Stats, error) {
	name, ok := strings.CutPrefix(ref, Prefix)
	if ok {
		data, err := builtin(name, ".npz")
		if err != nil {
			return Stats{}, err
		}
		return Stats{ReaderAt: bytes.NewReader(data), Size: int64(len(data)), Closer: io.NopCloser(nil)}, nil
	}
	ref, err := published.Resolve(ref)
	if err != nil {
		return Stats{}, err
	}
	f, size, err := filetype.Open(ref, "npz")
	if err != nil {
		return Stats{}, err
	}
	return Stats{ReaderAt: f, Size: size, Closer: f}, nil
}

// Stats is an open npz file.
type Stats struct {
	io.ReaderAt
	io.Closer
	Size int64
}

func builtin(name, ext string) ([]byte, error) {
	data, err := files.ReadFile("files/" + name + ext)
	if err != nil {
		return nil, fmt.Errorf("weights: nothing built in is called %q, want one of %s", name, strings.Join(Names(), ", "))
	}
	return data, nil
}
