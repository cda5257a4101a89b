// Package strokes compresses small gray pictures of bright strokes on an empty
// ground, such as MNIST's, to less than three quarters of what gzip makes of them,
// and decompresses them faster on two cores.
//
// A pixel is coded by an asymmetric numeral system (rANS, Duda 2013) with a static
// distribution for each of a few hundred contexts: what lies to the left and above,
// in a few steps of brightness. Where all of that is empty, a bit whose
// distribution depends on the place says whether a stroke begins, and one
// distribution of its own how bright. Nothing is said of the margins around the box
// that holds all strokes. Boxes and distributions come first, then segments of
// pictures that can be decoded beside each other.
package strokes

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

const (
	scaleBits = 12 // distributions sum to 1<<scaleBits
	scale     = 1 << scaleBits
	lowest    = 1 << 16 // of a coder's state, which takes words of 16 bits

	segments = 16

	maxSide   = 256
	maxPixels = 1 << 28 // of all pictures
)

// Steps of brightness of a near and of a far neighbour.
const (
	nearSteps = 7
	farSteps  = 4
	contexts  = nearSteps * nearSteps * farSteps * farSteps // the first, of nothing but emptiness, is that of a stroke's first pixel
)

// Weights of a neighbour's brightness in the number of a context.
var left, above, aboveRight, aboveLeft = func() (l, a, r, d [256]uint16) {
	for v := range 256 {
		near, far := step(v, 0, 31, 95, 159, 223, 251), step(v, 0, 127, 249)
		l[v], a[v] = near*nearSteps*farSteps*farSteps, near*farSteps*farSteps
		r[v], d[v] = far*farSteps, far
	}
	return l, a, r, d
}()

// step is the number of bounds that v is above.
func step(v int, bounds ...int) (n uint16) {
	for _, b := range bounds {
		if v > b {
			n++
		}
	}
	return n
}

// dist is a distribution over bytes in whole shares of scale.
type dist struct {
	share, from [256]uint16
	bySlot      [scale]byte
}

// fill completes a distribution from its shares.
func (d *dist) fill() error {
	at := 0
	for v, n := range d.share {
		if at+int(n) > scale {
			return fmt.Errorf("strokes: shares above %d", scale)
		}
		d.from[v] = uint16(at)
		for range n {
			d.bySlot[at] = byte(v)
			at++
		}
	}
	if at != scale && at != 0 { // one that never occurs is empty
		return fmt.Errorf("strokes: shares of %d, want %d", at, scale)
	}
	return nil
}

// box is the rows and columns of a picture that are not empty; bottom and right
// are its last ones.
type box struct{ top, bottom, left, right byte }

// model is what one file says of its pictures beforehand.
type model struct {
	side   int
	boxes  []box    // by picture
	pixels []dist   // by context
	begins []uint16 // share of emptiness where nothing is near, by place
}

// Decode decompresses what Encode has made: n pictures of side by side bytes.
func Decode(data []byte) (pixels []byte, n, side int, err error) {
	if len(data) < 12 {
		return nil, 0, 0, fmt.Errorf("strokes: %d bytes, want at least 12", len(data))
	}
	n, side = int(binary.LittleEndian.Uint32(data)), int(binary.LittleEndian.Uint32(data[4:]))
	head := int(binary.LittleEndian.Uint32(data[8:]))
	data = data[12:]
	if side == 0 || side > maxSide || n > maxPixels/(side*side) || head > len(data) {
		return nil, 0, 0, fmt.Errorf("strokes: %d pictures of side %d behind %d bytes, want at most %d pixels, sides of 1 to %d, and %d bytes", n, side, head, maxPixels, maxSide, len(data))
	}
	m, sizes, err := readModel(data[:head], n, side)
	if err != nil {
		return nil, 0, 0, err
	}
	data = data[head:]
	codes := make([][]byte, segments)
	for i, size := range sizes {
		if size > len(data) {
			return nil, 0, 0, fmt.Errorf("strokes: segment %d of %d bytes, want at most %d", i, size, len(data))
		}
		codes[i], data = data[:size], data[size:]
	}
	all := make([]byte, n*side*side)
	errs := make([]error, segments)
	var wait sync.WaitGroup
	for i, code := range codes {
		from, to := n*i/segments, n*(i+1)/segments
		wait.Go(func() { errs[i] = m.decode(code, m.boxes[from:to], all[from*side*side:to*side*side]) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, 0, 0, err
	}
	return all, n, side, nil
}

// decode decompresses one segment.
func (m *model) decode(code []byte, boxes []box, pixels []byte) error {
	side := m.side
	if len(code) < 4 {
		return errShort
	}
	state := binary.LittleEndian.Uint32(code)
	code = code[4:]
	nothing := make([]byte, side)
	for i, in := range boxes {
		picture := pixels[i*side*side : (i+1)*side*side]
		for y := int(in.top); y <= int(in.bottom); y++ {
			up, row := nothing, picture[y*side:(y+1)*side]
			if y > 0 {
				up = picture[(y-1)*side : y*side]
			}
			var w, nw byte // empty to the left of the box
			for x := int(in.left); x <= int(in.right); x++ {
				n, ne := up[x], byte(0)
				if x+1 < side {
					ne = up[x+1]
				}
				ctx := left[w] + above[n] + aboveRight[ne] + aboveLeft[nw]
				nw = n
				if ctx == 0 {
					slot, p := state%scale, uint32(m.begins[y*side+x])
					still := slot < p
					if still {
						state = p*(state>>scaleBits) + slot
					} else {
						state = (scale-p)*(state>>scaleBits) + slot - p
					}
					if state < lowest {
						if len(code) < 2 {
							return errShort
						}
						state = state<<16 | uint32(binary.LittleEndian.Uint16(code))
						code = code[2:]
					}
					if still {
						w = 0
						continue
					}
				}
				d := &m.pixels[ctx]
				slot := state % scale
				v := d.bySlot[slot]
				state = uint32(d.share[v])*(state>>scaleBits) + slot - uint32(d.from[v])
				if state < lowest {
					if len(code) < 2 {
						return errShort
					}
					state = state<<16 | uint32(binary.LittleEndian.Uint16(code))
					code = code[2:]
				}
				row[x], w = v, v
			}
		}
	}
	if len(code) > 0 || state != lowest {
		return errors.New("strokes: a segment does not end with its pictures")
	}
	return nil
}

var errShort = errors.New("strokes: a segment ends before its pictures")

// readModel reads boxes, distributions and the sizes of the segments.
func readModel(head []byte, n, side int) (*model, []int, error) {
	m := &model{side: side, boxes: make([]box, n), pixels: make([]dist, contexts), begins: make([]uint16, side*side)}
	// Columns of bytes: tops, bottoms, lefts, rights, then the low bytes of all
	// shares, their high ones, which are mostly 0, and the sizes.
	shares := len(m.begins) + 256*contexts
	buf := make([]byte, 4*n+2*shares+4*segments)
	if _, err := io.ReadFull(flate.NewReader(bytes.NewReader(head)), buf); err != nil {
		return nil, nil, fmt.Errorf("strokes: distributions: %w", err)
	}
	for i := range m.boxes {
		in := box{buf[i], buf[n+i], buf[2*n+i], buf[3*n+i]}
		if int(in.bottom) >= side || int(in.right) >= side {
			return nil, nil, fmt.Errorf("strokes: box %+v, want it within %d", in, side)
		}
		m.boxes[i] = in
	}
	low, high := buf[4*n:], buf[4*n+shares:]
	share := func(i int) uint16 { return uint16(low[i]) | uint16(high[i])<<8 }
	for i := range m.begins {
		if m.begins[i] = share(i); m.begins[i] > scale {
			return nil, nil, fmt.Errorf("strokes: share %d, want at most %d", m.begins[i], scale)
		}
	}
	for c := range m.pixels {
		d := &m.pixels[c]
		for v := range 256 {
			d.share[v] = share(len(m.begins) + 256*c + v)
		}
		if err := d.fill(); err != nil {
			return nil, nil, err
		}
	}
	sizes := make([]int, segments)
	for i := range sizes {
		sizes[i] = int(binary.LittleEndian.Uint32(buf[4*n+2*shares+4*i:]))
	}
	return m, sizes, nil
}
