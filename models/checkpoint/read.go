package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"innate/models/filetype"
)

// What a reader accepts. Decoding allocates at most 40 bytes for each byte of the
// header, one for each byte of values up to chunk, and 64 KiB.
const (
	maxHeader  = 100 << 20 // bytes of JSON
	maxTensors = 1 << 18

	metadataKey = "__metadata__"
)

// Read opens a file and compares all its values with their checksum. They are not
// held: they are read again when they are wanted, from the file that was opened,
// whatever lies at path by then. It stays open as long as somebody may want some.
func Read(path string) (*File, error) { return readPath(path, true) }

// ReadHeader loads names, types, shapes and metadata, but no values.
func ReadHeader(path string) (*File, error) { return readPath(path, false) }

func readPath(path string, values bool) (*File, error) {
	r, size, err := filetype.Open(path, filetype.Wanted)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	f, err := decode(r, size, values)
	if err != nil || !values {
		defer r.Close() // else the last tensor of f lets r go
	}
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, explain(err, r, size))
	}
	f.Path = path
	return f, nil
}

// Decode reads a checkpoint that is held in memory. The tensors keep referring
// to data.
func Decode(data []byte) (*File, error) {
	r := bytes.NewReader(data)
	f, err := decode(r, r.Size(), true)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", explain(err, r, r.Size()))
	}
	return f, nil
}

// explain says of what cannot be read that it is something else, if so: its
// first bytes are no length then, and its bytes no header.
func explain(err error, r io.ReaderAt, size int64) error {
	if kind := filetype.Sniff(r, size); kind != "" && kind != filetype.Safetensors {
		return kind.Refuse(filetype.Wanted)
	}
	return err
}

// decode reads from r, which holds size bytes.
func decode(r io.ReaderAt, size int64, values bool) (*File, error) {
	var prefix [lengthSize]byte
	if size < lengthSize {
		return nil, fmt.Errorf("%d bytes, want at least %d", size, lengthSize)
	}
	from := io.NewSectionReader(r, 0, size)
	if _, err := io.ReadFull(from, prefix[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint64(prefix[:])
	if length > maxHeader {
		return nil, fmt.Errorf("header of %d bytes, want at most %d: this is no safetensors file", length, maxHeader)
	}
	rest := size - lengthSize - int64(length)
	if rest < 0 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d: it was cut short", length, size)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	entries, meta, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, rest); err != nil {
		return nil, err
	}
	f := New()
	f.Metadata = meta
	sums := takeSums(header, meta)
	if err := sums.verifyHeader(header); err != nil {
		return nil, err
	}
	body := io.NewSectionReader(r, size-rest, rest)
	if values {
		if f.Changed, err = sums.verifyValues(header, entries, body); err != nil {
			return nil, err
		}
	}
	for _, e := range entries {
		t := Tensor{Name: e.name, DType: e.DType, Shape: e.Shape}
		if values {
			t.read = Section(body, e.Offsets[0], e.Offsets[1]-e.Offsets[0])
		}
		f.put(t)
	}
	return f, nil
}

// entry is one tensor's line of the header.
type entry struct {
	name    string
	DType   DType   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// parseHeader reads the JSON object key by key, which is how duplicate names
// are noticed.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	if !utf8.Valid(header) {
		return nil, nil, errors.New("header is not UTF-8") // a JSON reader would replace what is not
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, nil, errors.New("header is not a JSON object")
	}
	var entries []entry
	meta := map[string]string{}
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("header: %w", err)
		}
		name := tok.(string) // an object's key is always a string
		if seen[name] {
			return nil, nil, fmt.Errorf("tensor %q: named twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("header: %s: %w", name, err)
			}
			if meta == nil {
				meta = map[string]string{}
			}
			continue
		}
		e := entry{name: name}
		if err := e.decode(dec); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if err := e.check(); err != nil { // now, so that few bytes cannot make many entries
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if len(entries) == maxTensors {
			return nil, nil, fmt.Errorf("header: more than %d tensors", maxTensors)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, fmt.Errorf("header: %w", err)
	}
	if tail := bytes.TrimRight(header[dec.InputOffset():], " \t\r\n\x00"); len(tail) > 0 {
		return nil, nil, fmt.Errorf("header: %d bytes after the JSON object", len(tail))
	}
	return entries, meta, nil
}

// decode reads an entry key by key: a JSON reader would take "DType" for "dtype", and of
// a key that appears twice the last, where the format's library refuses both.
func (e *entry) decode(dec *json.Decoder) error {
	if tok, err := dec.Token(); err != nil {
		return err
	} else if tok != json.Delim('{') {
		return fmt.Errorf("got %v, want an object", tok)
	}
	var seen [3]bool
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return err
		}
		key, to := -1, any(nil)
		switch tok {
		case "dtype":
			key, to = 0, &e.DType
		case "shape":
			key, to = 1, &e.Shape
		case "data_offsets":
			key, to = 2, &e.Offsets
		default: // others may stand there
			to = new(json.RawMessage)
		}
		if key >= 0 && seen[key] {
			return fmt.Errorf("%v twice", tok)
		}
		if err := dec.Decode(to); err != nil {
			return fmt.Errorf("%v: %w", tok, err)
		}
		if key >= 0 {
			seen[key] = true
		}
	}
	_, err := dec.Token()
	return err
}

// check refuses an entry that lacks something.
func (e entry) check() error {
	switch {
	case len(e.Offsets) != 2:
		return fmt.Errorf("%d data offsets, want 2", len(e.Offsets))
	case e.Shape == nil:
		return errors.New("no shape")
	case e.DType.bits() == 0:
		return fmt.Errorf("unknown type %q", string(e.DType))
	}
	return nil
}

// checkLayout sorts entries by offset and verifies that they fill size bytes
// exactly, each as large as its type and shape say.
func checkLayout(entries []entry, size int64) error {
	for _, e := range entries {
		begin, end := e.Offsets[0], e.Offsets[1]
		if begin >= 0 && end > size && end > begin {
			return fmt.Errorf("tensor %q: bytes %d to %d, want a range within %d: the file was cut short", e.name, begin, end, size)
		}
		if begin < 0 || end < begin || end > size {
			return fmt.Errorf("tensor %q: bytes %d to %d, want a range within %d", e.name, begin, end, size)
		}
		want, err := byteSize(e.DType, e.Shape)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", e.name, err)
		}
		if end-begin != want {
			return fmt.Errorf("tensor %q: %d bytes, want %d for %s %v", e.name, end-begin, want, e.DType, e.Shape)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.Offsets[0] != b.Offsets[0] {
			return int(max(-1, min(1, a.Offsets[0]-b.Offsets[0])))
		}
		return int(max(-1, min(1, a.Offsets[1]-b.Offsets[1])))
	})
	var at int64
	for _, e := range entries {
		switch {
		case e.Offsets[0] < at:
			return fmt.Errorf("tensor %q: starts at byte %d inside the previous tensor, which ends at %d", e.name, e.Offsets[0], at)
		case e.Offsets[0] > at:
			return fmt.Errorf("tensor %q: starts at byte %d, want %d: a hole before it", e.name, e.Offsets[0], at)
		}
		at = e.Offsets[1]
	}
	if at != size {
		return fmt.Errorf("%d bytes of values, want %d: the last tensor ends before the file does", size, at)
	}
	return nil
}

// byteSize is the number of bytes that dtype and shape ask for. Elements of less
// than a byte must fill whole ones together.
func byteSize(d DType, shape []int) (int64, error) {
	n := int64(d.bits())
	zero := false
	for _, v := range shape {
		if v < 0 {
			return 0, fmt.Errorf("shape %v, want no negative size", shape)
		}
		if v == 0 {
			zero = true
			continue
		}
		if n > math.MaxInt64/int64(v) {
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= int64(v)
	}
	if zero {
		return 0, nil
	}
	if n%8 != 0 {
		return 0, fmt.Errorf("%d bits for %s %v, want whole bytes", n, d, shape)
	}
	return n / 8, nil
}
