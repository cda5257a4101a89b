package pickle

import (
	"errors"
	"fmt"
	"strings"
)

// values are names that occur as they are and are never called.
var values = map[Global]bool{
	{"numpy", "ndarray"}:          true,
	{"numpy.core", "multiarray"}:  true,
	{"numpy._core", "multiarray"}: true,
}

// calls are the names that make plain data, and what they make.
var calls map[Global]func(d *Reader, args Tuple) (Value, error)

func init() {
	calls = map[Global]func(*Reader, Tuple) (Value, error){
		{"collections", "OrderedDict"}: makeDict,
		{"collections", "Counter"}:     makeDict,
		{"collections", "defaultdict"}: makeDefaultDict,
		{"dnnlib.util", "EasyDict"}:    makeDict,
		{"_codecs", "encode"}:          encode,
		{"dill._dill", "_load_type"}:   loadType,
	}
	for _, module := range []string{"builtins", "__builtin__"} { // Python 3 and 2
		calls[Global{module, "dict"}] = makeDict
		calls[Global{module, "set"}] = makeSet
		calls[Global{module, "frozenset"}] = makeSet
		calls[Global{module, "bytearray"}] = makeBytes
		calls[Global{module, "bytes"}] = makeBytes
		calls[Global{module, "complex"}] = makeComplex
		for _, name := range []string{"object", "int", "float", "bool", "str", "list", "tuple"} { // as a defaultdict names them
			values[Global{module, name}] = true
		}
	}
	for _, module := range []string{"numpy.core.multiarray", "numpy._core.multiarray"} { // NumPy 1 and 2
		calls[Global{module, "scalar"}] = makeScalar
		calls[Global{module, "_reconstruct"}] = makeArray
	}
	for _, module := range []string{"numpy.core.numeric", "numpy._core.numeric"} {
		calls[Global{module, "_frombuffer"}] = fromBuffer
	}
	calls[Global{"numpy", "dtype"}] = makeDType
}

// makeDict makes an ordered dict or one of a subclass: empty, of a dict, as a Counter
// is, or of a list of pairs, as Python 2 has it.
func makeDict(r *Reader, args Tuple) (Value, error) {
	d := NewDict()
	if len(args) == 0 {
		return d, nil
	}
	var pairs []Value
	switch from := args[0].(type) {
	case *List:
		pairs = from.Items
	case *Dict:
		for k, v := range from.All() {
			pairs = append(pairs, Tuple{k, v})
		}
	default:
		return nil, fmt.Errorf("of %s, want a dict or a list of pairs", Describe(args[0]))
	}
	if len(args) != 1 {
		return nil, fmt.Errorf("of %d values, want one", len(args))
	}
	// Who wrote the file made one dict of them, and a pair has several bytes there.
	if r.paired += int64(len(pairs)); r.paired > r.src.end {
		return nil, errors.New("more entries of dicts than the file has bytes")
	}
	for _, p := range pairs {
		var kv []Value
		switch p := p.(type) {
		case Tuple:
			kv = p
		case *List:
			kv = p.Items
		}
		if len(kv) != 2 {
			return nil, fmt.Errorf("of %s, want pairs", Describe(p))
		}
		if err := d.put(kv[0], kv[1]); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// makeDefaultDict ignores what would make its missing values.
func makeDefaultDict(*Reader, Tuple) (Value, error) { return NewDict(), nil }

func makeSet(_ *Reader, args Tuple) (Value, error) {
	if len(args) == 0 {
		return &Set{}, nil
	}
	switch of := args[0].(type) {
	case *List:
		return &Set{of.Items}, nil
	case Tuple:
		return &Set{of}, nil
	}
	return nil, fmt.Errorf("of %s, want a list", Describe(args[0]))
}

func makeBytes(_ *Reader, args Tuple) (Value, error) {
	if len(args) == 0 {
		return Bytes{r: strings.NewReader("")}, nil
	}
	b, ok := AsBytes(args[0])
	if !ok || len(args) != 1 {
		return nil, fmt.Errorf("of %s, want bytes", Describe(args[0]))
	}
	return b, nil
}

func makeComplex(_ *Reader, args Tuple) (Value, error) {
	if len(args) != 2 {
		return nil, fmt.Errorf("of %d values, want 2", len(args))
	}
	re, ok := args[0].(float64)
	im, ok2 := args[1].(float64)
	if !ok || !ok2 {
		return nil, errors.New("of values that are no numbers")
	}
	return complex(re, im), nil
}

// loadType is how dill names a type of Python's own.
func loadType(_ *Reader, args Tuple) (Value, error) {
	if len(args) == 1 {
		if name, ok := args[0].(string); ok {
			g := Global{"builtins", name}
			if calls[g] != nil || values[g] {
				return g, nil
			}
		}
	}
	return nil, errors.New("of a type that is not known, want set, dict and the like")
}

// encode is how protocol 2 holds bytes: as a text whose characters are the bytes.
// All of a pickle together are no more than its file.
func encode(d *Reader, args Tuple) (Value, error) {
	if len(args) != 2 || args[1] != "latin1" && args[1] != "latin-1" {
		return nil, errors.New("want a text and latin1")
	}
	var b []byte
	switch t := args[0].(type) {
	case string:
		b = []byte(t)
	case Text:
		var err error
		if err = d.decoding(t.n); err != nil {
			return nil, err
		}
		if b, err = t.Read(t.n); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("of %s, want a text", Describe(args[0]))
	}
	if err := d.decoding(int64(len(b))); err != nil {
		return nil, err
	}
	out := b[:0:len(b)]
	for i := 0; i < len(b); i++ { // a character of Latin-1 has one byte of UTF-8 or two
		switch c := b[i]; {
		case c < 0x80:
			out = append(out, c)
		case (c == 0xc2 || c == 0xc3) && i+1 < len(b) && b[i+1]&0xc0 == 0x80:
			i++
			out = append(out, c<<6|b[i]&0x3f)
		default:
			return nil, fmt.Errorf("character at byte %d, want one of Latin-1", i)
		}
	}
	return Bytes{memory: out, n: int64(len(out))}, nil
}

// decoding counts bytes that encode has made: a text is encoded once by who wrote
// the file, so that all together have no more than it, twice over.
func (d *Reader) decoding(n int64) error {
	if d.decoded += n; d.decoded > 2*d.src.end+maxText {
		return errors.New("more bytes than the file has")
	}
	return nil
}
