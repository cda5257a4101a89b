// Package filetype says what a file is, by its content: people name the files
// that they have, and an error that knows what one is tells more than one that
// knows what it is not. It reads a few kilobytes, believes nothing of them and
// runs nothing.
package filetype

import (
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Kind is what a file is, worded for the middle of a sentence; empty for one
// that is not known here.
type Kind string

// The kinds that others branch on.
const (
	Safetensors Kind = "a safetensors file"
	NPZ         Kind = "an npz archive of NumPy"
	NPY         Kind = "an npy array of NumPy"
	TorchZip    Kind = "a PyTorch file (zip of torch.save)"
	TorchLegacy Kind = "a PyTorch file (legacy form of torch.save)"
	TorchScript Kind = "a TorchScript file"
	Pickle      Kind = "a Python pickle"
	Directory   Kind = "a directory"
	Zip         Kind = "a zip archive"
	PNG         Kind = "a PNG picture"
)

// Kinds that are only named.
const (
	brokenZip  Kind = "a zip archive that was cut short"
	brokenNPZ  Kind = "an npz archive of NumPy that was cut short"
	brokenPT   Kind = "a PyTorch file (zip of torch.save) that was cut short"
	gguf       Kind = "a GGUF file"
	onnx       Kind = "an ONNX model"
	hdf5       Kind = "an HDF5 file"
	tflite     Kind = "a TensorFlow Lite model"
	tar        Kind = "a tar archive"
	gzip       Kind = "a gzip file"
	zstd       Kind = "a zstd file"
	xz         Kind = "an xz file"
	bzip2      Kind = "a bzip2 file"
	sevenZip   Kind = "a 7-Zip archive"
	jpeg       Kind = "a JPEG picture"
	gif        Kind = "a GIF picture"
	pdf        Kind = "a PDF document"
	program    Kind = "a program (ELF)"
	html       Kind = "an HTML page"
	xml        Kind = "an XML document"
	lfsPointer Kind = "a pointer of Git LFS"
	shardIndex Kind = "the index of a model in several files"
	jsonText   Kind = "a JSON text"
	plainText  Kind = "a text"
	zeros      Kind = "zeros and nothing else"
	empty      Kind = "an empty file"
	pipe       Kind = "a pipe"
	socket     Kind = "a socket"
	device     Kind = "a device"
)

// Wanted is what readers of networks want.
const Wanted = "safetensors"

const (
	imports    = "innate import makes one of it"
	fetchAgain = "a download brought this instead of the file, so fetch it again"
	unpack     = "unpack it first"
	unfinished = "a download or a copy did not come to its end"
)

// advice says what to do with a file that is not what it was taken for.
var advice = map[Kind]string{
	TorchZip: imports, TorchLegacy: imports, TorchScript: imports, Pickle: imports,
	tar: unpack, gzip: unpack, zstd: unpack, xz: unpack, bzip2: unpack, sevenZip: unpack, Zip: unpack,
	html: fetchAgain, xml: fetchAgain,
	lfsPointer: "git lfs pull fetches the file itself",
	shardIndex: "name one of the files that it lists",
	zeros:      unfinished, empty: unfinished, brokenZip: unfinished, brokenNPZ: unfinished, brokenPT: unfinished,
	Safetensors: "innate inspect, sample, fid and export read it",
	NPZ:         "innate fid --ref and fid.reference read statistics",
}

// Refuse returns the error of a file of this kind where want is wanted.
func (k Kind) Refuse(want string) error {
	hint := advice[k]
	switch k {
	case "":
		return fmt.Errorf("a file of no kind that is known here, want %s", want)
	case brokenNPZ, brokenPT: // the right one, for all that can be seen of it
		want = "all of it"
	}
	if hint == "" || hint == imports && want != Wanted {
		return fmt.Errorf("%s, want %s", k, want)
	}
	return fmt.Errorf("%s, want %s; %s", k, want, hint)
}

// Text reports whether a file of this kind can be read as text of any sort; what
// is not known may be.
func (k Kind) Text() bool { return k == plainText || k == empty || k == "" }

// Instead reports whether a file of this kind is what a download or a copy leaves
// where something went wrong, in place of a file of data.
func (k Kind) Instead() bool {
	switch k {
	case html, xml, lfsPointer, jsonText, plainText, zeros, empty, brokenZip, brokenNPZ, brokenPT:
		return true
	}
	return false
}

// Torch reports whether a file of this kind is one of PyTorch's or a pickle, whole or
// not, which package torchfile reads or says what is missing.
func (k Kind) Torch() bool {
	return k == TorchZip || k == TorchLegacy || k == TorchScript || k == Pickle || k == brokenPT
}

// Of says what lies at path. It opens regular files alone: opening a pipe would
// wait for its writer.
func Of(path string) (Kind, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if k := ofMode(info.Mode()); k != "" {
		return k, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return Sniff(f, info.Size()), nil
}

// Open opens a regular file for reading and returns its size. Anything else is
// refused with what it is, before it is opened.
func Open(path, want string) (f *os.File, size int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, err
	}
	if k := ofMode(info.Mode()); k != "" {
		return nil, 0, fmt.Errorf("%s: %w", path, k.Refuse(want))
	}
	if f, err = os.Open(path); err != nil {
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// ofMode names what is no regular file; "" for one that is.
func ofMode(mode fs.FileMode) Kind {
	switch {
	case mode.IsDir():
		return Directory
	case mode&fs.ModeNamedPipe != 0:
		return pipe
	case mode&fs.ModeSocket != 0:
		return socket
	case mode&fs.ModeDevice != 0:
		return device
	}
	return ""
}

// Sniff says what r, which holds size bytes, is.
func Sniff(r io.ReaderAt, size int64) Kind {
	if size == 0 {
		return empty
	}
	head := make([]byte, min(size, headSize))
	n, _ := r.ReadAt(head, 0) // what cannot be read is not known
	head = head[:n]
	if isSafetensors(head) { // first, as a length may look like the magic of gzip
		return Safetensors
	}
	for _, m := range magics {
		if len(head) >= m.at+len(m.bytes) && string(head[m.at:m.at+len(m.bytes)]) == m.bytes {
			if m.kind == Zip {
				return inZip(head, r, size)
			}
			return m.kind
		}
	}
	return byContent(head, r, size)
}
