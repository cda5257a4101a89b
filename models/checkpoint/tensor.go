package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
)

// Tensor is one named array. Its values stay as they lie in the file, or in the
// caller's slice, until they are asked for or written.
type Tensor struct {
	Name  string
	DType DType
	Shape []int

	// Strides are those of a file that does not hold the values row by row, in
	// elements; nil for all others. Values come row by row all the same.
	Strides []int

	raw  []byte                  // little-endian values as in the file
	f32  []float32               // or the caller's float32 values, not copied
	read func(w io.Writer) error // or what reads them
}

// Deferred makes a tensor whose values, little-endian and row-major, are written to
// somebody by read when they are wanted, each time anew.
func Deferred(name string, d DType, read func(w io.Writer) error, shape ...int) Tensor {
	return Tensor{Name: name, DType: d, Shape: slices.Clone(shape), read: read}
}

// Float32 makes an F32 tensor over values, which are not copied: they must not
// change until the file has been written.
func Float32(name string, values []float32, shape ...int) Tensor {
	return Tensor{Name: name, DType: F32, Shape: slices.Clone(shape), f32: values}
}

// Float64 makes an F64 tensor from a copy of values.
func Float64(name string, values []float64, shape ...int) Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return Tensor{Name: name, DType: F64, Shape: slices.Clone(shape), raw: raw}
}

// Int64 makes an I64 tensor from a copy of values.
func Int64(name string, values []int64, shape ...int) Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return Tensor{Name: name, DType: I64, Shape: slices.Clone(shape), raw: raw}
}

// Uint8 makes a U8 tensor over values, which are not copied.
func Uint8(name string, values []byte, shape ...int) Tensor {
	return Tensor{Name: name, DType: U8, Shape: slices.Clone(shape), raw: values}
}

// Count is the number of elements; 1 for a scalar (empty shape).
func (t Tensor) Count() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// bytes is the number of bytes the tensor's values hold.
func (t Tensor) bytes() int {
	switch {
	case t.f32 != nil:
		return 4 * len(t.f32)
	case t.read != nil:
		n, _ := byteSize(t.DType, t.Shape) // Add has seen that it fits
		return int(n)
	}
	return len(t.raw)
}

// hasValues tells a tensor that was read in full from one of which only the
// header was read.
func (t Tensor) hasValues() bool {
	return t.f32 != nil || t.raw != nil || t.read != nil || t.Count() == 0
}

// values returns the bytes of a tensor that is not the caller's float32 values.
func (t Tensor) values() ([]byte, error) {
	if !t.hasValues() {
		return nil, fmt.Errorf("tensor %q: values not loaded", t.Name)
	}
	if t.read == nil {
		return t.raw, nil
	}
	buf := make(filled, 0, t.bytes())
	if err := t.stream(&buf); err != nil {
		return nil, err
	}
	return buf, nil
}

// stream has the values of a deferred tensor written to w.
func (t Tensor) stream(w io.Writer) error {
	n := &counted{w: w}
	err := t.read(n)
	if err == nil && n.n != int64(t.bytes()) {
		err = fmt.Errorf("%d bytes, want %d for %s %v", n.n, t.bytes(), t.DType, t.Shape)
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	return nil
}

// Float32s returns the values as float32. F64 is rounded; all smaller types
// convert exactly. Integers are an error: they would lose meaning unseen.
func (t Tensor) Float32s() ([]float32, error) {
	if t.f32 != nil {
		return slices.Clone(t.f32), nil
	}
	widen, err := t.DType.widening()
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	out := make([]float32, t.Count())
	if t.read != nil { // as they arrive, so that they are never there twice
		if err := t.stream(&widened{widen: widen, size: t.DType.Size(), rest: out}); err != nil {
			return nil, err
		}
		return out, nil
	}
	raw, err := t.values()
	if err != nil {
		return nil, err
	}
	widen(out, raw)
	return out, nil
}

// Float64s returns the values of an F64 tensor exactly, of other float types
// through Float32s.
func (t Tensor) Float64s() ([]float64, error) {
	if t.DType == F64 {
		raw, err := t.values()
		if err != nil {
			return nil, err
		}
		out := make([]float64, t.Count())
		for i := range out {
			out[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
		}
		return out, nil
	}
	narrow, err := t.Float32s()
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(narrow))
	for i, v := range narrow {
		out[i] = float64(v)
	}
	return out, nil
}

// Int64s returns the values of an integer tensor; BOOL reads as 0 and 1. Values
// of U64 that an int64 cannot hold are an error.
func (t Tensor) Int64s() ([]int64, error) {
	raw, err := t.values()
	if err != nil {
		return nil, err
	}
	out := make([]int64, t.Count())
	for i := range out {
		switch t.DType {
		case I64:
			out[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		case U64:
			v := binary.LittleEndian.Uint64(raw[8*i:])
			if v > math.MaxInt64 {
				return nil, fmt.Errorf("tensor %q: value %d, want at most %d", t.Name, v, int64(math.MaxInt64))
			}
			out[i] = int64(v)
		case I32:
			out[i] = int64(int32(binary.LittleEndian.Uint32(raw[4*i:])))
		case U32:
			out[i] = int64(binary.LittleEndian.Uint32(raw[4*i:]))
		case I16:
			out[i] = int64(int16(binary.LittleEndian.Uint16(raw[2*i:])))
		case U16:
			out[i] = int64(binary.LittleEndian.Uint16(raw[2*i:]))
		case I8:
			out[i] = int64(int8(raw[i]))
		case U8, Bool:
			out[i] = int64(raw[i])
		default:
			return nil, fmt.Errorf("tensor %q: type %s, want an integer type", t.Name, t.DType)
		}
	}
	return out, nil
}

// Raw returns the values of a tensor of any type as they stand in a file:
// little-endian and row-major. The caller must not change them.
func (t Tensor) Raw() ([]byte, error) {
	if t.f32 == nil {
		return t.values()
	}
	raw := make([]byte, 0, 4*len(t.f32))
	for _, v := range t.f32 {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw, nil
}

// Bytes returns the values of a U8 tensor; the caller must not change them.
func (t Tensor) Bytes() ([]byte, error) {
	if t.DType != U8 {
		return nil, fmt.Errorf("tensor %q: type %s, want U8", t.Name, t.DType)
	}
	return t.values()
}
