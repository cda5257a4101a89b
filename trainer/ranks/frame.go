package ranks

import (
	"encoding/binary"
	"fmt"
	"io"
	"unsafe"
)

// A frame is a letter, the length of what follows in four bytes, least significant
// first, and so many bytes.
const (
	frameSaid   = 's' // by the leader, or an answer to it
	frameAsk    = 'a' // of a follower, at any time
	frameValues = 'v' // of a sum
	frameFailed = 'f' // why the sender ends
)

const (
	headSize = 5
	maxFrame = 64 << 20 // of what is not values
)

// head is the head of a frame in the making.
type head [headSize]byte

func (h *head) set(kind byte, n int) []byte {
	h[0] = kind
	binary.LittleEndian.PutUint32(h[1:], uint32(n))
	return h[:]
}

func (h *head) read(r io.Reader) (kind byte, n int, err error) {
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, 0, err
	}
	return h[0], int(binary.LittleEndian.Uint32(h[1:])), nil
}

// readPayload reads what follows a head, of a bounded length.
func readPayload(r io.Reader, n int) ([]byte, error) {
	if n > maxFrame {
		return nil, fmt.Errorf("ranks: message of %d bytes, want at most %d", n, maxFrame)
	}
	b := make([]byte, n)
	_, err := io.ReadFull(r, b)
	return b, err
}

// bytesOf are the bytes of values as they lie in memory. All processes of a group run
// the same program on machines of the same byte order: see hello.
func bytesOf(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
