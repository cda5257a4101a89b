package pickle

import (
	"fmt"
	"io"
	"strings"
)

// Value is what a pickle is made of: nil for None, bool, int64, *big.Int for what
// an int64 cannot hold, float64, complex128, string, Text, Bytes, Tuple, *List,
// *Dict, *Set, Global, *Object, Persistent, *DType or *Array.
type Value any

// Tuple is a Python tuple; nobody changes it once it is made.
type Tuple []Value

// List is a Python list.
type List struct{ Items []Value }

// Set is a set or a frozen one, in the order of the file.
type Set struct{ Items []Value }

// Global is a name that a pickle refers to: a class or a function.
type Global struct{ Module, Name string }

func (g Global) String() string { return g.Module + "." + g.Name }

// Persistent stands for an object that the pickle leaves to its reader to find.
type Persistent struct{ ID Value }

// Object is what the call of a name would have made.
type Object struct {
	Class Global
	Args  []Value
	State Value // what the object would have been told of its attributes
	built bool
}

// Text is a text too long to be held: see Bytes.
type Text struct{ Bytes }

// Bytes is a byte string that stays where it lies.
type Bytes struct {
	r      io.ReaderAt
	at, n  int64
	memory []byte // instead of r, where it had to be decoded
}

// Len is the number of bytes.
func (b Bytes) Len() int64 { return b.n }

// ReadAt reads as an io.ReaderAt of Len bytes.
func (b Bytes) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > b.n {
		return 0, fmt.Errorf("pickle: byte %d of a string of %d", off, b.n)
	}
	part := p[:min(int64(len(p)), b.n-off)]
	var n int
	var err error
	switch {
	case len(part) == 0: // of a string of nothing there may be no reader
	case b.memory != nil:
		n = copy(part, b.memory[off:])
	default:
		n, err = b.r.ReadAt(part, b.at+off)
		if n == len(part) {
			err = nil
		}
	}
	if err == nil && len(part) < len(p) {
		err = io.EOF
	}
	return n, err
}

// Read returns the bytes, of which there may be at most limit.
func (b Bytes) Read(limit int64) ([]byte, error) {
	if b.n > limit {
		return nil, fmt.Errorf("pickle: string of %d bytes, want at most %d", b.n, limit)
	}
	out := make([]byte, b.n)
	if _, err := b.ReadAt(out, 0); err != nil {
		return nil, err
	}
	return out, nil
}

// AsBytes returns a byte string of any form: Python 2 has no other strings.
func AsBytes(v Value) (Bytes, bool) {
	switch v := v.(type) {
	case Bytes:
		return v, true
	case string:
		return Bytes{r: strings.NewReader(v), n: int64(len(v))}, true
	}
	return Bytes{}, false
}

// Describe names the kind of a value for an error.
func Describe(v Value) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case Global:
		return "the name " + v.String()
	case *Object:
		return "a " + v.Class.String()
	case Tuple:
		return fmt.Sprintf("a tuple of %d", len(v))
	case *List:
		return fmt.Sprintf("a list of %d", len(v.Items))
	case *Dict:
		return fmt.Sprintf("a dict of %d", len(v.keys))
	case *Array:
		return fmt.Sprintf("a NumPy array %v of %s", v.Shape, v.DType)
	case Persistent:
		return "a persistent id"
	case Text, string:
		return "a text"
	case Bytes:
		return "a byte string"
	}
	return fmt.Sprintf("a value of type %T", v)
}
