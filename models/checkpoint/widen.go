package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// widening is what makes float32 of the values of a type: of as many as out has room
// for.
func (d DType) widening() (func(out []float32, raw []byte), error) {
	switch d {
	case F32:
		return func(out []float32, raw []byte) {
			for i := range out {
				out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
			}
		}, nil
	case F64:
		return func(out []float32, raw []byte) {
			for i := range out {
				out[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:])))
			}
		}, nil
	case BF16:
		return func(out []float32, raw []byte) {
			for i := range out {
				out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(raw[2*i:])) << 16)
			}
		}, nil
	case F16:
		return func(out []float32, raw []byte) {
			for i := range out {
				out[i] = fromHalf(binary.LittleEndian.Uint16(raw[2*i:]))
			}
		}, nil
	}
	table := eighths[d]
	if table == nil {
		return nil, fmt.Errorf("type %s, want F64, F32, F16, BF16 or one of F8", d)
	}
	return func(out []float32, raw []byte) {
		for i := range out {
			out[i] = table[raw[i]]
		}
	}, nil
}

// widened makes float32 of the values that are written to it, however they are cut.
type widened struct {
	widen func(out []float32, raw []byte)
	size  int       // bytes of a value
	rest  []float32 // still to come
	part  []byte    // the beginning of a value
}

func (w *widened) Write(p []byte) (int, error) {
	total := len(p)
	if len(w.part)+len(p) > w.size*len(w.rest) {
		return 0, errMore
	}
	if len(w.part) > 0 {
		n := min(w.size-len(w.part), len(p))
		w.part, p = append(w.part, p[:n]...), p[n:]
		if len(w.part) < w.size {
			return total, nil
		}
		w.take(w.part)
		w.part = w.part[:0]
	}
	whole := len(p) / w.size * w.size
	w.take(p[:whole])
	w.part = append(w.part, p[whole:]...)
	return total, nil
}

// take widens whole values.
func (w *widened) take(raw []byte) {
	n := len(raw) / w.size
	w.widen(w.rest[:n], raw)
	w.rest = w.rest[n:]
}

var errMore = errors.New("more bytes than its type and shape have")

// fromHalf widens an IEEE 754 binary16 value.
func fromHalf(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10)&31, uint32(h)&1023
	switch {
	case exp == 31: // infinity or NaN keeps its payload
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp == 0: // zero or subnormal: frac * 2^-24
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
