package checkpoint

import (
	"fmt"
	"io"
)

// chunk is how many bytes of values are in memory while they are copied, or summed up.
const chunk = 256 << 10

// Section writes the n bytes at a place of r to w, chunk by chunk: what Deferred
// takes for values that lie in a file as they are wanted.
func Section(r io.ReaderAt, at, n int64) func(w io.Writer) error {
	return func(w io.Writer) error {
		if err := copyFrom(w, r, at, n, chunkFor(n)); err != nil {
			return fmt.Errorf("read: %w", err)
		}
		return nil
	}
}

// chunkFor is memory to copy n bytes by.
func chunkFor(n int64) []byte { return make([]byte, max(1, min(n, chunk))) }

// copyFrom writes the n bytes at a place of r to w, by way of buf.
func copyFrom(w io.Writer, r io.ReaderAt, at, n int64, buf []byte) error {
	got, err := io.CopyBuffer(w, io.NewSectionReader(r, at, n), buf)
	if err == nil && got < n {
		err = fmt.Errorf("%d bytes of %d: the file was cut short", got, n)
	}
	return err
}

// counted knows how much has been written. It has no other method: a writer that
// reads by itself would do so in chunks of its own.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// filled collects as many bytes as it has room for, and refuses more.
type filled []byte

func (f *filled) Write(p []byte) (int, error) {
	if len(p) > cap(*f)-len(*f) {
		return 0, errMore
	}
	*f = append(*f, p...)
	return len(p), nil
}
