package filetype

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// headSize is how much of a file is looked at.
const headSize = 4096

// magics are the bytes that files of a kind have at a place.
var magics = []struct {
	kind  Kind
	at    int
	bytes string
}{
	{TorchLegacy, 0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."}, // the long 0x1950a86a20f9469cfc6c, pickled
	{Zip, 0, "PK\x03\x04"},
	{Zip, 0, "PK\x05\x06"}, // without entries
	{NPY, 0, "\x93NUMPY"},
	{gguf, 0, "GGUF"},
	{hdf5, 0, "\x89HDF\r\n\x1a\n"},
	{tflite, 4, "TFL3"},
	{tar, 257, "ustar"},
	{gzip, 0, "\x1f\x8b"},
	{zstd, 0, "\x28\xb5\x2f\xfd"},
	{xz, 0, "\xfd7zXZ\x00"},
	{bzip2, 0, "BZh"},
	{sevenZip, 0, "7z\xbc\xaf\x27\x1c"},
	{PNG, 0, "\x89PNG\r\n\x1a\n"},
	{jpeg, 0, "\xff\xd8\xff"},
	{gif, 0, "GIF8"},
	{pdf, 0, "%PDF-"},
	{program, 0, "\x7fELF"},
	{lfsPointer, 0, "version https://git-lfs."},
}

// byContent knows what has no magic bytes.
func byContent(head []byte, r io.ReaderAt, size int64) Kind {
	switch {
	case isPickle(head, r, size):
		return Pickle
	case isONNX(head):
		return onnx
	case len(bytes.Trim(head, "\x00")) == 0:
		return zeros
	}
	return ofText(head)
}

// isSafetensors: eight bytes of length, then a JSON object. The length may
// exceed the file, which was then cut short.
func isSafetensors(head []byte) bool {
	const maxHeader = 100 << 20 // the format's own bound
	return len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) <= maxHeader
}

// pickleStarts are the opcodes that pickles begin with after their protocol: a frame,
// a name, or plain data.
const pickleStarts = "\x95c}])(NKMJGXUTBC\x8a\x8b\x8c\x8d\x88\x89\x8f"

// isPickle: from protocol 2 on a pickle says its protocol, and may have been cut short;
// older ones begin with the list or the dict that they are, and end with a full stop.
func isPickle(head []byte, r io.ReaderAt, size int64) bool {
	if len(head) < 3 {
		return false
	}
	if head[0] == 0x80 {
		return head[1] >= 2 && head[1] <= 5 && strings.IndexByte(pickleStarts, head[2]) >= 0
	}
	var last [1]byte
	if _, err := r.ReadAt(last[:], size-1); err != nil || last[0] != '.' {
		return false
	}
	old := []string{"(dp", "(lp", "}q\x00", "]q\x00"}
	return slices.ContainsFunc(old, func(s string) bool { return bytes.HasPrefix(head, []byte(s)) })
}

// isONNX: a protocol buffer whose field 1 is a small version and whose field 2
// names the program that wrote it.
func isONNX(head []byte) bool {
	if len(head) < 4 || head[0] != 0x08 || head[1] == 0 || head[1] > 0x20 || head[2] != 0x12 {
		return false
	}
	n := int(head[3])
	if n == 0 || n > 64 || len(head) < 4+n {
		return false
	}
	return !bytes.ContainsFunc(head[4:4+n], func(c rune) bool { return c < ' ' || c > '~' })
}

// inZip knows zip archives apart by the names in them.
func inZip(head []byte, r io.ReaderAt, size int64) Kind {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return inBroken(head)
	}
	if len(z.File) == 0 {
		return Zip
	}
	has := func(base string) bool {
		return slices.ContainsFunc(z.File, func(f *zip.File) bool { return path.Base(f.Name) == base })
	}
	switch {
	case has("data.pkl") && has("constants.pkl"):
		return TorchScript
	case has("data.pkl"):
		return TorchZip
	case slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.HasSuffix(f.Name, ".npy") }):
		return NPZ
	}
	return Zip
}

// inBroken knows them apart by the name of their first record, for the list of all is at
// the end of a zip.
func inBroken(head []byte) Kind {
	const fixed = 30 // bytes of a record's header, before its name
	if len(head) < fixed {
		return brokenZip
	}
	n := int(binary.LittleEndian.Uint16(head[26:]))
	switch name := string(head[fixed:min(len(head), fixed+n)]); {
	case path.Base(name) == "data.pkl", path.Base(name) == "constants.pkl":
		return brokenPT
	case strings.HasSuffix(name, ".npy"):
		return brokenNPZ
	}
	return brokenZip
}

// ofText knows texts apart by how they begin; "" for what is no text.
func ofText(head []byte) Kind {
	if len(head) == headSize {
		head = wholeRunes(head)
	}
	control := func(c rune) bool { return c < ' ' && !strings.ContainsRune("\t\n\v\f\r\x1b", c) }
	if !utf8.Valid(head) || bytes.ContainsFunc(head, control) {
		return ""
	}
	text := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(string(head), "\ufeff")))
	for _, t := range []struct {
		begin string
		kind  Kind
	}{
		{"<!doctype html", html}, {"<html", html}, {"<head", html}, {"<?xml", xml}, {"<error", xml},
	} {
		if strings.HasPrefix(text, t.begin) {
			return t.kind
		}
	}
	switch {
	case strings.HasPrefix(text, "{") && strings.Contains(text, `"weight_map"`):
		return shardIndex
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return jsonText
	}
	return plainText
}

// wholeRunes drops a last character that was cut.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax; i++ {
		if tail := b[len(b)-i:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}
