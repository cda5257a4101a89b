package torchfile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"innate/models/checkpoint"
	"innate/models/pickle"
)

// maxDims is more than PyTorch's own operations take.
const maxDims = 64

// tensor is a view of a storage.
type tensor struct {
	dtype          checkpoint.DType
	shape, strides []int // in elements
	offset         int64 // in elements
	storage        storage
	conj, neg      bool // the values are the conjugates, the negatives of what is stored
	big            bool // the bytes of a number lie in big-endian order
}

// rebuild returns the tensor that an object would become; ok says whether it is
// one at all.
func (s *State) rebuild(v pickle.Value, depth int) (t *tensor, ok bool, err error) {
	o, isObject := v.(*pickle.Object)
	if !isObject {
		return nil, false, nil
	}
	name := o.Class.String()
	if depth > 4 {
		return nil, true, fmt.Errorf("%s within itself", name)
	}
	switch name {
	case rebuildTensor, rebuildTensorV2, rebuildTensorV3:
		t, err := s.view(name, o.Args)
		return t, true, err
	case rebuildParameter, rebuildWithState:
		if len(o.Args) == 0 {
			return nil, true, fmt.Errorf("%s without arguments", name)
		}
		t, ok, err := s.rebuild(o.Args[0], depth+1)
		if err == nil && !ok {
			err = fmt.Errorf("%s of %s, want a tensor", name, pickle.Describe(o.Args[0]))
		}
		return t, true, err
	case rebuildSubclass: // a function, a class, the function's arguments and attributes
		if len(o.Args) == 4 {
			class, isName := o.Args[0].(pickle.Global)
			args, isTuple := o.Args[2].(pickle.Tuple)
			if isName && isTuple {
				return s.rebuild(&pickle.Object{Class: class, Args: args}, depth+1)
			}
		}
		return nil, true, fmt.Errorf("%s with arguments that are not its own", name)
	}
	if slices.Contains(others, name) {
		return nil, true, fmt.Errorf("%s: a kind of tensor that is not read here, want a dense one", name)
	}
	return nil, false, nil
}

// view reads (storage, offset, size, stride, requires grad, hooks[, type][, flags]).
func (s *State) view(name string, args []pickle.Value) (*tensor, error) {
	want := map[string]int{rebuildTensor: 4, rebuildTensorV2: 6, rebuildTensorV3: 7}[name]
	if len(args) < want {
		return nil, fmt.Errorf("%s with %d arguments, want %d", name, len(args), want)
	}
	st, err := s.storage(args[0])
	if err != nil {
		return nil, err
	}
	t := &tensor{storage: st}
	dtype, flags := st.dtype, args[want:]
	if name == rebuildTensorV3 {
		g, ok := args[6].(pickle.Global)
		if !ok || g.Module != "torch" {
			return nil, fmt.Errorf("type %s, want one of PyTorch's", pickle.Describe(args[6]))
		}
		dtype = g.Name
	}
	if dtype == "" {
		return nil, fmt.Errorf("a storage without a type, want one with %s", rebuildTensorV3)
	}
	var known bool
	if t.dtype, known = dtypes[dtype]; !known {
		return nil, fmt.Errorf("type %s, which safetensors does not have", dtype)
	}
	if err := t.setShape(args[1], args[2], args[3]); err != nil {
		return nil, err
	}
	if len(flags) > 0 {
		set, _ := flags[0].(*pickle.Dict)
		conj, _ := set.Get("conj")
		neg, _ := set.Get("neg")
		t.conj, t.neg = conj == true, neg == true
	}
	return t, t.check()
}

// setShape reads offset, size and stride.
func (t *tensor) setShape(offset, size, stride pickle.Value) error {
	var ok bool
	if t.offset, ok = offset.(int64); !ok || t.offset < 0 {
		return fmt.Errorf("offset %v, want a number that is not negative", offset)
	}
	var err error
	if t.shape, err = dims("shape", size); err != nil {
		return err
	}
	if t.strides, err = dims("strides", stride); err != nil {
		return err
	}
	if len(t.shape) != len(t.strides) {
		return fmt.Errorf("%d strides, want %d", len(t.strides), len(t.shape))
	}
	return nil
}

// dims reads a tuple of sizes, or a torch.Size of one.
func dims(what string, v pickle.Value) ([]int, error) {
	if o, ok := v.(*pickle.Object); ok && o.Class.String() == "torch.Size" && len(o.Args) == 1 {
		v = o.Args[0]
	}
	tuple, ok := v.(pickle.Tuple)
	if !ok || len(tuple) > maxDims {
		return nil, fmt.Errorf("%s %s, want a tuple of at most %d", what, pickle.Describe(v), maxDims)
	}
	out := []int{}
	for _, v := range tuple {
		d, ok := v.(int64)
		if !ok || d < 0 {
			return nil, fmt.Errorf("%s %v, want whole numbers that are not negative", what, []pickle.Value(tuple))
		}
		out = append(out, int(d))
	}
	return out, nil
}

// elements is the number of values; -1 where an int64 has no room for it.
func (t *tensor) elements() int64 {
	n := int64(1)
	for _, d := range t.shape {
		if d == 0 {
			return 0
		}
	}
	for _, d := range t.shape {
		if n > math.MaxInt64/int64(d) {
			return -1
		}
		n *= int64(d)
	}
	return n
}

// span is the number of elements from the first that the tensor has to the last,
// both counted; -1 where an int64 has no room for it.
func (t *tensor) span() int64 {
	if t.elements() == 0 {
		return 0
	}
	last := int64(0)
	for i, d := range t.shape {
		step := int64(t.strides[i])
		if d > 1 && step > (math.MaxInt64-1-last)/int64(d-1) {
			return -1
		}
		last += int64(d-1) * step
	}
	return last + 1
}

// check refuses a tensor that is not part of its storage.
func (t *tensor) check() error {
	have := t.storage.n / int64(t.dtype.Size())
	n, span := t.elements(), t.span()
	if n < 0 || span < 0 || n > math.MaxInt64/8 {
		return fmt.Errorf("shape %v with strides %v is too large", t.shape, t.strides)
	}
	if n > 0 && (t.offset > have || span > have-t.offset) {
		return fmt.Errorf("shape %v with strides %v from element %d, want a part of a storage of %d", t.shape, t.strides, t.offset, have)
	}
	return nil
}

// rowMajor reports whether the values lie one after the other.
func (t *tensor) rowMajor() bool {
	next := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.strides[i] != next {
			return t.elements() == 0
		}
		next *= t.shape[i]
	}
	return true
}

// read writes the values row by row: those that lie so, as they are.
func (t *tensor) read(w io.Writer) error {
	width := int64(t.dtype.Size())
	if t.rowMajor() && !t.neg && !t.conj && !t.big {
		return checkpoint.Section(t.storage.r, t.storage.at+width*t.offset, width*t.span())(w)
	}
	raw, err := t.gathered()
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// gathered returns the values row by row, whatever their strides and signs.
func (t *tensor) gathered() ([]byte, error) {
	width := int64(t.dtype.Size())
	raw := make([]byte, width*t.span())
	if _, err := t.storage.r.ReadAt(raw, t.storage.at+width*t.offset); err != nil && len(raw) > 0 {
		return nil, fmt.Errorf("read: %w", err)
	}
	if !t.rowMajor() {
		raw = gather(raw, t.shape, t.strides, int(width))
	}
	if t.big {
		swap(raw, t.dtype)
	}
	if t.neg {
		negate(raw, t.dtype, 0)
	}
	if t.conj {
		negate(raw, t.dtype, 1)
	}
	return raw, nil
}

// gather copies elements of width bytes row by row.
func gather(raw []byte, shape, strides []int, width int) []byte {
	n := 1
	for _, d := range shape {
		n *= d
	}
	out := make([]byte, n*width)
	last := len(shape) - 1
	index := make([]int, len(shape))
	for at, to := 0, 0; to < len(out); to += shape[last] * width {
		copyRow(out[to:to+shape[last]*width], raw[at*width:], strides[last]*width, width)
		for k := last - 1; k >= 0; k-- { // the next row
			at += strides[k]
			if index[k]++; index[k] < shape[k] {
				break
			}
			at -= strides[k] * shape[k]
			index[k] = 0
		}
	}
	return out
}

// copyRow fills out with elements of width bytes, step bytes apart.
func copyRow(out, raw []byte, step, width int) {
	switch from := 0; width {
	case step:
		copy(out, raw)
	case 4: // float32, which most are
		for to := 0; to < len(out); to += 4 {
			binary.NativeEndian.PutUint32(out[to:], binary.NativeEndian.Uint32(raw[from:]))
			from += step
		}
	default:
		for to := 0; to < len(out); to += width {
			copy(out[to:to+width], raw[from:from+width])
			from += step
		}
	}
}

// negate flips the sign of each number from number first on; of complex ones, which
// are two numbers, that is the real part or the imaginary one.
func negate(raw []byte, d checkpoint.DType, first int) {
	width, step := d.Size(), d.Size()
	if d == checkpoint.C64 {
		width, step = 4, 8
		if first == 0 {
			step = 4
		}
	} else if first > 0 {
		return // the conjugate of a real number is itself
	}
	for at := first * width; at+width <= len(raw); at += step {
		switch d {
		case checkpoint.I8, checkpoint.I16, checkpoint.I32, checkpoint.I64, checkpoint.U8, checkpoint.U16, checkpoint.U32, checkpoint.U64:
			carry := 1
			for i := at; i < at+width; i++ {
				v := int(^raw[i]) + carry
				raw[i], carry = byte(v), v>>8
			}
		default:
			raw[at+width-1] ^= 0x80
		}
	}
}

// swap reverses the bytes of each number; of complex ones, of either part.
func swap(raw []byte, d checkpoint.DType) {
	width := d.Size()
	if d == checkpoint.C64 {
		width = 4
	}
	for number := range slices.Chunk(raw, width) {
		slices.Reverse(number)
	}
}

// storage finds the storage of a tensor.
func (s *State) storage(v pickle.Value) (storage, error) {
	switch v := v.(type) {
	case pickle.Persistent:
		id, err := storageOf(v)
		if err != nil {
			return storage{}, err
		}
		return s.file.storages.find(id)
	case *pickle.Object:
		if st, ok := s.nested[v]; ok {
			return st, nil
		}
		if v.Class.String() != loadFromBytes || len(v.Args) != 1 {
			break
		}
		b, ok := pickle.AsBytes(v.Args[0])
		if !ok {
			break
		}
		st, err := nested(b)
		if err == nil {
			s.nested[v] = st
		}
		return st, err
	}
	return storage{}, fmt.Errorf("storage of %s, want one of PyTorch's", pickle.Describe(v))
}

// deferred is the tensor under a name, whose values are read when they are wanted.
func (t *tensor) deferred(name string) checkpoint.Tensor {
	out := checkpoint.Deferred(name, t.dtype, t.read, t.shape...)
	if !t.rowMajor() {
		out.Strides = t.strides
	}
	return out
}
