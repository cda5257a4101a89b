package strokes

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"slices"
)

// Encode compresses pictures of side by side bytes. Its results are made once, by
// hand: see mnist/README.md.
func Encode(pixels []byte, side int) []byte {
	n := len(pixels) / (side * side)
	m := measure(pixels, side)
	var body, head bytes.Buffer
	sizes := make([]byte, 0, 4*segments)
	for i := range segments {
		from, to := n*i/segments, n*(i+1)/segments
		code := m.encode(m.boxes[from:to], pixels[from*side*side:to*side*side])
		sizes = binary.LittleEndian.AppendUint32(sizes, uint32(len(code)))
		body.Write(code)
	}
	var low, high []byte
	for _, share := range m.begins {
		low, high = append(low, byte(share)), append(high, byte(share>>8))
	}
	for c := range m.pixels {
		for _, share := range m.pixels[c].share {
			low, high = append(low, byte(share)), append(high, byte(share>>8))
		}
	}
	w, _ := flate.NewWriter(&head, flate.BestCompression) // a level that exists
	columns := make([]byte, 4*n)
	for i, in := range m.boxes {
		columns[i], columns[n+i], columns[2*n+i], columns[3*n+i] = in.top, in.bottom, in.left, in.right
	}
	for _, part := range [][]byte{columns, low, high, sizes} {
		_, _ = w.Write(part) // to memory
	}
	_ = w.Close()
	out := binary.LittleEndian.AppendUint32(nil, uint32(n))
	out = binary.LittleEndian.AppendUint32(out, uint32(side))
	out = binary.LittleEndian.AppendUint32(out, uint32(head.Len()))
	return slices.Concat(out, head.Bytes(), body.Bytes())
}

// coded is one step of the coder: a share of scale and where it begins.
type coded struct{ share, from uint16 }

// boxOf finds the box of a picture; that of an empty one has no rows.
func boxOf(picture []byte, side int) box {
	in := box{byte(side - 1), 0, byte(side - 1), 0}
	for i, v := range picture {
		if v != 0 {
			y, x := byte(i/side), byte(i%side)
			in = box{min(in.top, y), max(in.bottom, y), min(in.left, x), max(in.right, x)}
		}
	}
	return in
}

// steps calls begin and pixel for what is coded of pictures, in order.
func steps(boxes []box, pixels []byte, side int, begin func(place int, begins bool), pixel func(ctx uint16, v byte)) {
	for i, in := range boxes {
		picture := pixels[i*side*side : (i+1)*side*side]
		at := func(y, x int) byte {
			if y < 0 || x < 0 || x >= side {
				return 0
			}
			return picture[y*side+x]
		}
		for y := int(in.top); y <= int(in.bottom); y++ {
			for x := int(in.left); x <= int(in.right); x++ {
				v := at(y, x)
				ctx := left[at(y, x-1)] + above[at(y-1, x)] + aboveRight[at(y-1, x+1)] + aboveLeft[at(y-1, x-1)]
				if ctx == 0 {
					begin(y*side+x, v != 0)
					if v == 0 {
						continue
					}
				}
				pixel(ctx, v)
			}
		}
	}
}

// measure finds boxes, counts what occurs in them and makes shares of it.
func measure(pixels []byte, side int) *model {
	m := &model{side: side, pixels: make([]dist, contexts), begins: make([]uint16, side*side)}
	for picture := range slices.Chunk(pixels, side*side) {
		m.boxes = append(m.boxes, boxOf(picture, side))
	}
	counts := make([][256]int, contexts)
	nothing := make([][2]int, side*side)
	steps(m.boxes, pixels, side, func(place int, begins bool) {
		if begins {
			nothing[place][1]++
		} else {
			nothing[place][0]++
		}
	}, func(ctx uint16, v byte) { counts[ctx][v]++ })
	for c := range counts {
		copy(m.pixels[c].share[:], shares(counts[c][:]))
		_ = m.pixels[c].fill() // shares sum to scale
	}
	for place, count := range nothing {
		m.begins[place] = scale - 1
		if count[0]+count[1] > 0 {
			m.begins[place] = uint16(min(scale-1, max(1, scale*count[0]/(count[0]+count[1]))))
		}
	}
	return m
}

// shares divides scale as counts, less what rounding needs; what occurs gets some.
func shares(counts []int) []uint16 {
	total, given := 0, 0
	for _, n := range counts {
		total += n
	}
	list := make([]uint16, len(counts))
	if total == 0 {
		return list
	}
	for v, n := range counts {
		if n > 0 {
			list[v] = uint16(max(1, scale*n/total))
			given += int(list[v])
		}
	}
	for given != scale { // from or to the largest, whom it hurts least
		largest := 0
		for v := range list {
			if list[v] > list[largest] {
				largest = v
			}
		}
		if given > scale {
			list[largest]--
			given--
		} else {
			list[largest] += uint16(scale - given)
			given = scale
		}
	}
	return list
}

// encode compresses one segment. The coder works from the end, so that decoding
// begins with the first picture.
func (m *model) encode(boxes []box, pixels []byte) []byte {
	var symbols []coded
	steps(boxes, pixels, m.side, func(place int, begins bool) {
		p := m.begins[place]
		if begins {
			symbols = append(symbols, coded{scale - p, p})
		} else {
			symbols = append(symbols, coded{p, 0})
		}
	}, func(ctx uint16, v byte) {
		d := &m.pixels[ctx]
		symbols = append(symbols, coded{d.share[v], d.from[v]})
	})
	state := uint32(lowest)
	var words []uint16
	for _, c := range slices.Backward(symbols) {
		if uint64(state) >= (lowest>>scaleBits<<16)*uint64(c.share) {
			words = append(words, uint16(state))
			state >>= 16
		}
		state = state/uint32(c.share)<<scaleBits + state%uint32(c.share) + uint32(c.from)
	}
	code := binary.LittleEndian.AppendUint32(nil, state)
	for _, w := range slices.Backward(words) {
		code = binary.LittleEndian.AppendUint16(code, w)
	}
	return code
}
