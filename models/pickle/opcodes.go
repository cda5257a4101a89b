package pickle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"
)

const opProto = 0x80

// opcodes are those of protocol 2 to 5. Missing are the text forms of protocol 0,
// the registry of extensions, which means what a program makes of it, and buffers
// that lie outside of the pickle.
var opcodes [256]func(*Reader) error

func init() {
	opcodes = [256]func(*Reader) error{
		'(':  func(d *Reader) error { d.marks = append(d.marks, len(d.stack)); return nil },
		'.':  stop,
		'0':  drop,
		'1':  func(d *Reader) error { _, err := d.popMark(); return err },
		'2':  dup,
		'N':  constant(nil),
		0x88: constant(true),
		0x89: constant(false),

		'J':  func(d *Reader) error { return number(d, 4, func(n uint64) Value { return int64(int32(n)) }) },
		'K':  func(d *Reader) error { return number(d, 1, func(n uint64) Value { return int64(n) }) },
		'M':  func(d *Reader) error { return number(d, 2, func(n uint64) Value { return int64(n) }) },
		'G':  float,
		0x8a: func(d *Reader) error { return long(d, 1) },
		0x8b: func(d *Reader) error { return long(d, 4) },

		'U':  func(d *Reader) error { return text(d, 1, false) }, // Python 2's str: any bytes
		'T':  func(d *Reader) error { return text(d, 4, false) },
		'X':  func(d *Reader) error { return text(d, 4, true) },
		0x8c: func(d *Reader) error { return text(d, 1, true) },
		0x8d: func(d *Reader) error { return text(d, 8, true) },
		'C':  func(d *Reader) error { return bytes(d, 1) },
		'B':  func(d *Reader) error { return bytes(d, 4) },
		0x8e: func(d *Reader) error { return bytes(d, 8) },
		0x96: func(d *Reader) error { return bytes(d, 8) },

		')':  func(d *Reader) error { return d.push(Tuple{}) },
		't':  func(d *Reader) error { return collect(d, func(v []Value) (Value, error) { return Tuple(v), nil }) },
		0x85: func(d *Reader) error { return tuple(d, 1) },
		0x86: func(d *Reader) error { return tuple(d, 2) },
		0x87: func(d *Reader) error { return tuple(d, 3) },
		']':  func(d *Reader) error { return d.push(&List{}) },
		'l':  func(d *Reader) error { return collect(d, func(v []Value) (Value, error) { return &List{v}, nil }) },
		'a':  func(d *Reader) error { return add(d, d.pop, appendTo) },
		'e':  func(d *Reader) error { return add(d, marked(d), appendTo) },
		'}':  func(d *Reader) error { return d.push(NewDict()) },
		'd': func(d *Reader) error {
			return collect(d, func(v []Value) (Value, error) { e := NewDict(); return e, setItems(e, v) })
		},
		's':  func(d *Reader) error { return add(d, func(int) ([]Value, error) { return d.pop(2) }, setItems) },
		'u':  func(d *Reader) error { return add(d, marked(d), setItems) },
		0x8f: func(d *Reader) error { return d.push(&Set{}) },
		0x90: func(d *Reader) error { return add(d, marked(d), addTo) },
		0x91: func(d *Reader) error { return collect(d, func(v []Value) (Value, error) { return &Set{v}, nil }) },

		'q':  func(d *Reader) error { return memo(d, 1, d.put) },
		'r':  func(d *Reader) error { return memo(d, 4, d.put) },
		'h':  func(d *Reader) error { return memo(d, 1, d.get) },
		'j':  func(d *Reader) error { return memo(d, 4, d.get) },
		0x94: func(d *Reader) error { return d.put(uint64(len(d.memo))) },

		'c':  globalLines,
		0x93: stackGlobal,
		'R':  reduce,
		0x81: reduce, // an object made anew from a class and arguments: the same to who makes none
		0x92: newWithKeywords,
		'b':  build,
		'Q':  persistent,
		0x95: frame,
	}
}

func constant(v Value) func(*Reader) error { return func(d *Reader) error { return d.push(v) } }

func stop(d *Reader) error {
	if len(d.stack) != 1 || len(d.marks) != 0 {
		return fmt.Errorf("ends with %d values and %d marks, want one value", len(d.stack), len(d.marks))
	}
	return errStop
}

// drop takes the top off; where that is a mark, the mark.
func drop(d *Reader) error {
	if n := len(d.marks); n > 0 && d.marks[n-1] == len(d.stack) {
		d.marks = d.marks[:n-1]
		return nil
	}
	_, err := d.pop1()
	return err
}

func dup(d *Reader) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	return d.push(v)
}

// unsigned reads a little-endian number of n bytes.
func unsigned(d *Reader, n int) (uint64, error) {
	b, err := d.src.take(n)
	if err != nil {
		return 0, err
	}
	var all [8]byte
	copy(all[:], b)
	return binary.LittleEndian.Uint64(all[:]), nil
}

func number(d *Reader, n int, of func(uint64) Value) error {
	v, err := unsigned(d, n)
	if err != nil {
		return err
	}
	return d.push(of(v))
}

func float(d *Reader) error {
	b, err := d.src.take(8)
	if err != nil {
		return err
	}
	return d.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
}

// long reads a whole number in two's complement.
func long(d *Reader, width int) error {
	n, err := unsigned(d, width)
	if err != nil {
		return err
	}
	if n > maxLong {
		return fmt.Errorf("whole number of %d bytes, want at most %d", n, maxLong)
	}
	b, err := d.src.take(int(n))
	if err != nil {
		return err
	}
	v := new(big.Int)
	for i := range b {
		v.Lsh(v, 8).Or(v, big.NewInt(int64(b[len(b)-1-i])))
	}
	if n > 0 && b[n-1] >= 0x80 {
		v.Sub(v, new(big.Int).Lsh(big.NewInt(1), uint(8*n)))
	}
	if v.IsInt64() {
		return d.push(v.Int64())
	}
	return d.push(v)
}

// text reads a text, or, of Python 2, a string of bytes that is one where it is
// short.
func text(d *Reader, width int, isText bool) error {
	n, err := unsigned(d, width)
	if err != nil {
		return err
	}
	if n > maxText {
		at, err := d.src.skip(n)
		if err != nil {
			return err
		}
		b := Bytes{r: d.src.r, at: at, n: int64(n)}
		if isText {
			return d.push(Text{b})
		}
		return d.push(b)
	}
	b, err := d.src.take(int(n))
	if err != nil {
		return err
	}
	if isText && !utf8.Valid(b) {
		return errors.New("text that is not UTF-8")
	}
	if err := d.hold(int64(n)); err != nil {
		return err
	}
	return d.push(string(b))
}

func bytes(d *Reader, width int) error {
	n, err := unsigned(d, width)
	if err != nil {
		return err
	}
	at, err := d.src.skip(n)
	if err != nil {
		return err
	}
	return d.push(Bytes{r: d.src.r, at: at, n: int64(n)})
}

func tuple(d *Reader, n int) error {
	v, err := d.pop(n)
	if err != nil {
		return err
	}
	return d.push(append(Tuple(nil), v...))
}

// collect makes one value of all down to the mark.
func collect(d *Reader, of func([]Value) (Value, error)) error {
	v, err := d.popMark()
	if err != nil {
		return err
	}
	made, err := of(append([]Value(nil), v...))
	if err != nil {
		return err
	}
	return d.push(made)
}

// marked takes the values down to the mark.
func marked(d *Reader) func(int) ([]Value, error) {
	return func(int) ([]Value, error) { return d.popMark() }
}

// add takes values by take and adds them to what lies under them.
func add(d *Reader, take func(int) ([]Value, error), to func(Value, []Value) error) error {
	items, err := take(1)
	if err != nil {
		return err
	}
	target, err := d.top()
	if err != nil {
		return err
	}
	return to(target, items)
}

func appendTo(target Value, items []Value) error {
	list, ok := target.(*List)
	if !ok {
		return fmt.Errorf("append to %s, want a list", Describe(target))
	}
	list.Items = append(list.Items, items...)
	return nil
}

func addTo(target Value, items []Value) error {
	set, ok := target.(*Set)
	if !ok {
		return fmt.Errorf("add to %s, want a set", Describe(target))
	}
	set.Items = append(set.Items, items...)
	return nil
}

func setItems(target Value, items []Value) error {
	dict, ok := target.(*Dict)
	switch {
	case !ok:
		return fmt.Errorf("items for %s, want a dict", Describe(target))
	case len(items)%2 != 0:
		return fmt.Errorf("%d keys and values, want pairs", len(items))
	}
	for i := 0; i < len(items); i += 2 {
		if err := dict.put(items[i], items[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func memo(d *Reader, width int, do func(uint64) error) error {
	key, err := unsigned(d, width)
	if err != nil {
		return err
	}
	return do(key)
}

func globalLines(d *Reader) error {
	module, err := d.src.line(maxName)
	if err != nil {
		return err
	}
	name, err := d.src.line(maxName)
	if err != nil {
		return err
	}
	return d.global(module, name)
}

func stackGlobal(d *Reader) error {
	v, err := d.pop(2)
	if err != nil {
		return err
	}
	module, ok := v[0].(string)
	name, ok2 := v[1].(string)
	if !ok || !ok2 {
		return fmt.Errorf("name of %s and %s, want texts", Describe(v[0]), Describe(v[1]))
	}
	return d.global(module, name)
}

func reduce(d *Reader) error {
	v, err := d.pop(2)
	if err != nil {
		return err
	}
	callable, arguments := v[0], v[1]
	return call(d, callable, arguments)
}

// newWithKeywords makes an object of a class, arguments and named ones, of which
// nothing that innate reads has any.
func newWithKeywords(d *Reader) error {
	v, err := d.pop(3)
	if err != nil {
		return err
	}
	if kw, ok := v[2].(*Dict); !ok || kw.Len() > 0 {
		return fmt.Errorf("object with %s for keywords, want none", Describe(v[2]))
	}
	return call(d, v[0], v[1])
}

func call(d *Reader, callable, arguments Value) error {
	g, ok := callable.(Global)
	if !ok {
		return fmt.Errorf("call of %s, want a name", Describe(callable))
	}
	args, ok := arguments.(Tuple)
	if !ok {
		return fmt.Errorf("call of %s with %s, want a tuple", g, Describe(arguments))
	}
	if values[g] {
		return fmt.Errorf("call of %s, want none", g)
	}
	if of := calls[g]; of != nil {
		made, err := of(d, args)
		if err != nil {
			return fmt.Errorf("%s: %w", g, err)
		}
		return d.push(made)
	}
	return d.push(&Object{Class: g, Args: args})
}

// stateful is plain data that is told its content after it was made.
type stateful interface{ setState(Value) error }

func build(d *Reader) error {
	state, err := d.pop1()
	if err != nil {
		return err
	}
	target, err := d.top()
	if err != nil {
		return err
	}
	switch t := target.(type) {
	case *Dict:
		t.Attrs = state
		return nil
	case *Object:
		if t.built {
			return fmt.Errorf("state for %s twice", t.Class)
		}
		t.State, t.built = state, true
		return nil
	case stateful:
		return t.setState(state)
	}
	return fmt.Errorf("state for %s, want an object", Describe(target))
}

func persistent(d *Reader) error {
	id, err := d.pop1()
	if err != nil {
		return err
	}
	if d.Persistent != nil {
		if v, ok := d.Persistent(id); ok {
			return d.push(v)
		}
	}
	return d.push(Persistent{id})
}

// frame announces how many bytes belong together, which who reads windows of a
// file need not know; it must be true all the same.
func frame(d *Reader) error {
	n, err := unsigned(d, 8)
	if err != nil {
		return err
	}
	if left := d.src.end - d.src.at; n > uint64(left) {
		return fmt.Errorf("frame of %d bytes, %d left: the file was cut short", n, left)
	}
	return nil
}
