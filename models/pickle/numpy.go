package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// DType is NumPy's type of an array's elements.
type DType struct {
	Kind byte // 'f' float, 'c' complex, 'i' and 'u' whole numbers, 'b' bool; others are no numbers
	Size int  // bytes; 0 of what is no number
	Big  bool // big-endian
}

// opaque are the kinds of elements that are no numbers: texts, bytes, records, objects,
// times and their differences.
const opaque = "USVOMm"

func (t DType) String() string { return fmt.Sprintf("%c%d", t.Kind, t.Size) }

// Array is a NumPy array. Data has all its elements; of one whose elements are no
// numbers nothing is known but that.
type Array struct {
	DType   DType
	Shape   []int
	Fortran bool // column-major
	Data    Bytes
	built   bool
}

// maxArray bounds sizes of an array's axes, so that no product overflows.
const maxArray = 1 << 40

// makeDType reads "f8" and its like; the order of bytes comes by setState.
func makeDType(_ *Reader, args Tuple) (Value, error) {
	if len(args) == 0 {
		return nil, errors.New("without a name")
	}
	name, _ := args[0].(string)
	if name != "" && strings.Contains(opaque, name[:1]) {
		return &DType{Kind: name[0]}, nil
	}
	if len(name) < 2 {
		return nil, fmt.Errorf("%.20q, %s", fmt.Sprint(args[0]), wantTypes)
	}
	size, err := strconv.Atoi(name[1:])
	if err != nil {
		return nil, fmt.Errorf("%.20q, %s", name, wantTypes)
	}
	d := &DType{Kind: name[0], Size: size}
	if _, err := d.decoder(); err != nil {
		return nil, err
	}
	return d, nil
}

// wantTypes says which there are.
const wantTypes = "want f8, f4, f2, c16, c8, i8, i4, i2, i1, u8, u4, u2, u1, b1 or what is no number"

func (t *DType) setState(state Value) error {
	s, ok := state.(Tuple)
	if !ok || len(s) < 2 {
		return fmt.Errorf("numpy.dtype: state %s, want a tuple", Describe(state))
	}
	order, ok := AsBytes(s[1])
	if !ok || order.Len() != 1 {
		return fmt.Errorf("numpy.dtype: order of bytes %s, want one character", Describe(s[1]))
	}
	b, err := order.Read(1)
	if err != nil {
		return err
	}
	t.Big = b[0] == '>'
	return nil
}

// decoder returns how to read an element.
func (t *DType) decoder() (func([]byte) Value, error) {
	var order binary.ByteOrder = binary.LittleEndian
	if t.Big {
		order = binary.BigEndian
	}
	switch t.String() {
	case "f8":
		return func(b []byte) Value { return math.Float64frombits(order.Uint64(b)) }, nil
	case "f4":
		return func(b []byte) Value { return float64(math.Float32frombits(order.Uint32(b))) }, nil
	case "f2":
		return func(b []byte) Value { return half(order.Uint16(b)) }, nil
	case "c16":
		return func(b []byte) Value {
			return complex(math.Float64frombits(order.Uint64(b)), math.Float64frombits(order.Uint64(b[8:])))
		}, nil
	case "c8":
		return func(b []byte) Value {
			return complex(float64(math.Float32frombits(order.Uint32(b))), float64(math.Float32frombits(order.Uint32(b[4:]))))
		}, nil
	case "i8":
		return func(b []byte) Value { return int64(order.Uint64(b)) }, nil
	case "i4":
		return func(b []byte) Value { return int64(int32(order.Uint32(b))) }, nil
	case "i2":
		return func(b []byte) Value { return int64(int16(order.Uint16(b))) }, nil
	case "i1":
		return func(b []byte) Value { return int64(int8(b[0])) }, nil
	case "u8":
		return func(b []byte) Value { return wide(order.Uint64(b)) }, nil
	case "u4":
		return func(b []byte) Value { return int64(order.Uint32(b)) }, nil
	case "u2":
		return func(b []byte) Value { return int64(order.Uint16(b)) }, nil
	case "u1":
		return func(b []byte) Value { return int64(b[0]) }, nil
	case "b1":
		return func(b []byte) Value { return b[0] != 0 }, nil
	}
	return nil, fmt.Errorf("type %s, %s", t, wantTypes)
}

// half widens an IEEE 754 binary16 value.
func half(h uint16) float64 {
	exp, frac := int(h>>10&31), float64(h&1023)
	v := math.Ldexp(1024+frac, exp-25)
	switch {
	case exp == 0:
		v = math.Ldexp(frac, -24)
	case exp == 31 && frac == 0:
		v = math.Inf(1)
	case exp == 31:
		v = math.NaN()
	}
	return math.Copysign(v, 1-2*float64(h>>15))
}

// wide is a whole number as Value has it.
func wide(n uint64) Value {
	if n <= math.MaxInt64 {
		return int64(n)
	}
	return new(big.Int).SetUint64(n)
}

// makeScalar makes a number; of anything else an Object.
func makeScalar(_ *Reader, args Tuple) (Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("%d arguments, want a type and bytes", len(args))
	}
	t, ok := args[0].(*DType)
	if ok && t.Size == 0 {
		return &Object{Class: Global{"numpy", "generic"}}, nil
	}
	raw, ok2 := AsBytes(args[1])
	if !ok || !ok2 {
		return nil, fmt.Errorf("%s and %s, want a type and bytes", Describe(args[0]), Describe(args[1]))
	}
	if raw.Len() != int64(t.Size) {
		return nil, fmt.Errorf("%d bytes, want %d", raw.Len(), t.Size)
	}
	b, err := raw.Read(int64(t.Size))
	if err != nil {
		return nil, err
	}
	decode, err := t.decoder()
	if err != nil {
		return nil, err
	}
	return decode(b), nil
}

// makeArray makes an array that setState fills.
func makeArray(_ *Reader, args Tuple) (Value, error) {
	if len(args) != 3 || args[0] != (Global{"numpy", "ndarray"}) {
		return nil, errors.New("want numpy.ndarray, a shape and a type")
	}
	return &Array{}, nil
}

// setState reads version, shape, type, order and bytes.
func (a *Array) setState(state Value) error {
	s, ok := state.(Tuple)
	if !ok || len(s) != 5 {
		return fmt.Errorf("numpy array: state %s, want a tuple of 5", Describe(state))
	}
	fortran, ok := s[3].(bool)
	if !ok {
		n, isInt := s[3].(int64)
		if !isInt {
			return fmt.Errorf("numpy array: order %s, want a bool", Describe(s[3]))
		}
		fortran = n != 0
	}
	return a.fill(s[1], s[2], fortran, s[4])
}

// Values are the elements of an array of one axis and of at most so many; ok is false of
// any other.
func (a *Array) Values(limit int) (all []Value, ok bool) {
	if len(a.Shape) != 1 || a.Shape[0] > limit {
		return nil, false
	}
	decode, err := a.DType.decoder()
	raw, err2 := a.Data.Read(a.Data.Len())
	if err != nil || err2 != nil {
		return nil, false
	}
	for at := 0; at < len(raw); at += a.DType.Size {
		all = append(all, decode(raw[at:]))
	}
	return all, true
}

func (a *Array) fill(shape, dtype Value, fortran bool, data Value) error {
	dims, ok := shape.(Tuple)
	t, ok2 := dtype.(*DType)
	raw, ok3 := AsBytes(data)
	switch {
	case a.built:
		return errors.New("numpy array: state twice")
	case ok2 && t.Size == 0:
		a.DType, a.built = *t, true
		return nil
	case !ok || len(dims) > 32:
		return fmt.Errorf("numpy array: shape %s, want a tuple of at most 32", Describe(shape))
	case !ok2:
		return fmt.Errorf("numpy array: type %s, want one of NumPy's", Describe(dtype))
	case !ok3:
		return fmt.Errorf("numpy array: elements are %s, want bytes", Describe(data))
	}
	n := int64(1)
	for _, v := range dims {
		d, ok := v.(int64)
		if !ok || d < 0 || d > maxArray || d > 0 && n > maxArray/d {
			return fmt.Errorf("numpy array: size %v, want 0 to %d in all", v, int64(maxArray))
		}
		n *= d
		a.Shape = append(a.Shape, int(d))
	}
	if raw.Len() != n*int64(t.Size) {
		return fmt.Errorf("numpy array: %d bytes, want %d for %v", raw.Len(), n*int64(t.Size), a.Shape)
	}
	a.DType, a.Fortran, a.Data, a.built = *t, fortran, raw, true
	return nil
}

// fromBuffer makes an array as protocol 5 has it.
func fromBuffer(_ *Reader, args Tuple) (Value, error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("%d arguments, want bytes, a type, a shape and an order", len(args))
	}
	a := &Array{}
	return a, a.fill(args[2], args[1], args[3] == "F", args[0])
}
