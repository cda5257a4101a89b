package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Magic numbers of MNIST's IDX files: unsigned bytes, one or three axes.
const (
	idxLabels = 0x00000801
	idxImages = 0x00000803
)

// maxIDXBytes bounds what a file may ask for.
const maxIDXBytes = 1 << 28

// ReadIDXImages reads an uncompressed IDX file of images: magic, count, height
// and width as big-endian 32-bit numbers, then pixels [n h w]. A file that is
// too short, too long or of another kind is an error.
func ReadIDXImages(r io.Reader) (pixels []byte, n, h, w int, err error) {
	dims, err := readIDXHeader(r, idxImages, 3)
	if err != nil {
		return nil, 0, 0, 0, err
	}
	pixels, err = readIDXBytes(r, dims)
	return pixels, dims[0], dims[1], dims[2], err
}

// ReadIDXLabels reads an uncompressed IDX file of labels: magic, count, bytes.
func ReadIDXLabels(r io.Reader) ([]byte, error) {
	dims, err := readIDXHeader(r, idxLabels, 1)
	if err != nil {
		return nil, err
	}
	return readIDXBytes(r, dims)
}

func readIDXHeader(r io.Reader, magic uint32, axes int) ([]int, error) {
	head := make([]byte, 4+4*axes)
	if n, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("idx: header of %d bytes, want %d: %w", n, len(head), noEOF(err))
	}
	if got := binary.BigEndian.Uint32(head); got != magic {
		return nil, fmt.Errorf("idx: magic %#08x, want %#08x", got, magic)
	}
	dims := make([]int, axes)
	total := 1
	for i := range dims {
		d := binary.BigEndian.Uint32(head[4+4*i:])
		if d == 0 || d > maxIDXBytes || total > maxIDXBytes/int(d) {
			return nil, fmt.Errorf("idx: size %d of axis %d, want at least 1 and at most %d bytes in all", d, i, maxIDXBytes)
		}
		dims[i] = int(d)
		total *= int(d)
	}
	return dims, nil
}

// readIDXBytes reads exactly the product of dims bytes. Memory grows with what
// arrives, so a header that lies costs nothing.
func readIDXBytes(r io.Reader, dims []int) ([]byte, error) {
	total := 1
	for _, d := range dims {
		total *= d
	}
	var data []byte
	for len(data) < total {
		have := len(data)
		want := min(total, max(2*have, 1<<16))
		data = slices.Grow(data, want-have)[:want]
		if n, err := io.ReadFull(r, data[have:]); err != nil {
			return nil, fmt.Errorf("idx: %d bytes of data, want %d: %w", have+n, total, noEOF(err))
		}
	}
	switch n, err := io.ReadFull(r, make([]byte, 1)); {
	case n > 0:
		return nil, fmt.Errorf("idx: data after the %d bytes of sizes %v", total, dims)
	case err != io.EOF:
		return nil, fmt.Errorf("idx: after the data: %w", err)
	}
	return data, nil
}

// noEOF names the end of the file an error: callers know how much must follow.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
