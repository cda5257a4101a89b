package torchfile

import (
	"fmt"
	"io"
	"math"
	"strings"

	"innate/models/checkpoint"
	"innate/models/pickle"
)

// dtypes are PyTorch's names of element types, and safetensors'.
var dtypes = map[string]checkpoint.DType{
	"float32": checkpoint.F32, "float64": checkpoint.F64, "float16": checkpoint.F16, "bfloat16": checkpoint.BF16,
	"int64": checkpoint.I64, "int32": checkpoint.I32, "int16": checkpoint.I16, "int8": checkpoint.I8,
	"uint64": checkpoint.U64, "uint32": checkpoint.U32, "uint16": checkpoint.U16, "uint8": checkpoint.U8,
	"bool": checkpoint.Bool, "complex64": checkpoint.C64,
	"float8_e4m3fn": checkpoint.F8E4M3, "float8_e5m2": checkpoint.F8E5M2, "float8_e8m0fnu": checkpoint.F8E8M0,
	"float8_e4m3fnuz": checkpoint.F8E4M3FNUZ, "float8_e5m2fnuz": checkpoint.F8E5M2FNUZ,
}

// foreign are the types that safetensors does not have; their tensors are refused
// by name.
var foreign = []string{"complex32", "complex128", "float4_e2m1fn_x2", "quint8", "qint8", "qint32", "quint4x2", "quint2x4"}

// typed are the classes of storages, less the word Storage.
var typed = map[string]string{
	"Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
	"Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8", "Bool": "bool",
	"ComplexFloat": "complex64", "ComplexDouble": "complex128",
	"QUInt8": "quint8", "QInt8": "qint8", "QInt32": "qint32", "QUInt4x2": "quint4x2", "QUInt2x4": "quint2x4",
}

// storageID is what a pickle says of a storage that lies elsewhere.
type storageID struct {
	key    string
	dtype  string // PyTorch's; "" for one that counts bytes and leaves the type to its tensors
	count  int64  // elements, or bytes
	offset int64  // of a view into the storage, in elements: files before version 1.6
	view   int64  // elements of the view; -1: all
}

// storage is a range of a file.
type storage struct {
	r     io.ReaderAt
	at, n int64 // bytes
	dtype string
}

// storageOf reads ("storage", class, key, location, count[, view]).
func storageOf(p pickle.Persistent) (storageID, error) {
	id := storageID{view: -1}
	t, _ := p.ID.(pickle.Tuple)
	if len(t) < 5 || len(t) > 6 || t[0] != "storage" {
		return id, fmt.Errorf("persistent id %s, want that of a storage", pickle.Describe(p.ID))
	}
	class, isName := t[1].(pickle.Global)
	key, isText := t[2].(string)
	count, isInt := t[4].(int64)
	if !isName || !isText || !isInt || count < 0 {
		return id, fmt.Errorf("storage of %s, key %s, count %v: want a class, a text and a number", pickle.Describe(t[1]), pickle.Describe(t[2]), t[4])
	}
	id.key, id.count = key, count
	if class.Name != "UntypedStorage" {
		short, ok := strings.CutSuffix(class.Name, "Storage")
		if id.dtype = typed[short]; !ok || id.dtype == "" {
			return id, fmt.Errorf("storage %.100q: class %s, want a storage of PyTorch", key, class)
		}
	}
	if len(t) == 6 && t[5] != nil {
		v, _ := t[5].(pickle.Tuple)
		if len(v) != 3 {
			return id, fmt.Errorf("storage %.100q: view %s, want a key, an offset and a size", key, pickle.Describe(t[5]))
		}
		offset, ok := v[1].(int64)
		size, ok2 := v[2].(int64)
		if !ok || !ok2 || offset < 0 || size < 0 || offset > count || size > count-offset {
			return id, fmt.Errorf("storage %.100q: view of %v at %v, want a part of %d", key, v[2], v[1], count)
		}
		id.offset, id.view = offset, size
	}
	return id, nil
}

// width is the bytes of an element.
func (id storageID) width() (int64, error) {
	if id.dtype == "" {
		return 1, nil
	}
	d, ok := dtypes[id.dtype]
	if id.dtype == "complex128" { // in an old file others' place depends on it
		return 16, nil
	}
	if !ok {
		return 0, fmt.Errorf("type %s, which safetensors does not have", id.dtype)
	}
	return int64(d.Size()), nil
}

// bytes is the size of the whole storage.
func (id storageID) bytes() (int64, error) {
	w, err := id.width()
	if err != nil {
		return 0, err
	}
	if id.count > math.MaxInt64/w {
		return 0, fmt.Errorf("storage %.100q: %d elements, want fewer", id.key, id.count)
	}
	return id.count * w, nil
}

// over is the storage in a record of n bytes at a place of r.
func (id storageID) over(r io.ReaderAt, at, n int64) (storage, error) {
	want, err := id.bytes()
	if err != nil {
		return storage{}, err
	}
	if n != want {
		return storage{}, fmt.Errorf("storage %.100q: %d bytes, want %d", id.key, n, want)
	}
	w, _ := id.width()
	s := storage{r: r, at: at + w*id.offset, n: n, dtype: id.dtype}
	if id.view >= 0 {
		s.n = w * id.view
	}
	return s, nil
}
