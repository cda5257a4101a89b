package pickle

import (
	"fmt"
	"io"
)

// window is how much of a file is held at once.
const window = 16 << 10

// source reads a range of a file front to back, and steps over what is not wanted
// without reading it.
type source struct {
	r       io.ReaderAt
	at, end int64
	buf     []byte // the bytes from bufAt on
	bufAt   int64
}

// take returns the next n bytes, until the next call. n is bounded by the caller.
func (s *source) take(n int) ([]byte, error) {
	if int64(n) > s.end-s.at {
		return nil, fmt.Errorf("%d bytes wanted, %d left: the file was cut short", n, s.end-s.at)
	}
	if skip := s.at - s.bufAt; skip < 0 || skip > int64(len(s.buf)) || int64(n) > int64(len(s.buf))-skip {
		size := int(min(int64(max(n, window)), s.end-s.at))
		if cap(s.buf) < size {
			s.buf = make([]byte, size)
		}
		s.buf, s.bufAt = s.buf[:size], s.at
		if k, err := s.r.ReadAt(s.buf, s.at); k < size {
			return nil, fmt.Errorf("read: %w", err)
		}
	}
	from := int(s.at - s.bufAt)
	s.at += int64(n)
	return s.buf[from : from+n : from+n], nil
}

// skip steps over n bytes and returns where they begin.
func (s *source) skip(n uint64) (int64, error) {
	if n > uint64(s.end-s.at) {
		return 0, fmt.Errorf("%d bytes announced, %d left: the file was cut short", n, s.end-s.at)
	}
	at := s.at
	s.at += int64(n)
	return at, nil
}

// line returns the text up to the next newline, which it consumes.
func (s *source) line(limit int) (string, error) {
	var out []byte
	for len(out) <= limit {
		b, err := s.take(1)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(out), nil
		}
		out = append(out, b[0])
	}
	return "", fmt.Errorf("line of more than %d bytes", limit)
}
