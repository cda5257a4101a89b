package npz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Array is a NumPy array of numbers, row-major, held as float64 whatever its
// type in the file.
type Array struct {
	Shape []int
	Data  []float64
	Descr string // element type in a file: "<f8", "<f4", "<i8", "|u1", …
}

// Float32s are the elements in that precision; of a file of float32 exactly what it
// holds.
func (a Array) Float32s() []float32 {
	out := make([]float32, len(a.Data))
	for i, v := range a.Data {
		out[i] = float32(v)
	}
	return out
}

// Bounds on what a file may ask for: a header, and the elements of all arrays
// together (Inception statistics have 4,196,352).
const (
	maxNPYHeader   = 1 << 16
	maxNPYElements = 1 << 27
)

const npyMagic = "\x93NUMPY"

// ReadArray reads one array of numbers in NumPy's format, version 1 to 3. Object
// arrays are refused. Memory is allocated as data arrives, so a header that
// lies costs nothing.
func ReadArray(r io.Reader) (Array, error) { return readArray(r, maxNPYElements) }

// readArray is ReadArray with a bound on the elements.
func readArray(r io.Reader, limit int) (Array, error) {
	descr, fortran, shape, err := readHeader(r)
	if err != nil {
		return Array{}, fmt.Errorf("npy: %w", err)
	}
	size, decode, err := npyDecoder(descr)
	if err != nil {
		return Array{}, fmt.Errorf("npy: %w", err)
	}
	n := 1
	for _, d := range shape {
		if d > 0 && n > limit/d {
			return Array{}, fmt.Errorf("npy: shape %v, want at most %d elements", shape, limit)
		}
		n *= d
	}
	a := Array{Shape: shape, Descr: descr}
	buf := make([]byte, 8192*size)
	for len(a.Data) < n {
		b := buf[:min(8192, n-len(a.Data))*size]
		if k, err := io.ReadFull(r, b); err != nil {
			return Array{}, fmt.Errorf("npy: %d of %d elements, then %w", len(a.Data)+k/size, n, noEOF(err))
		}
		for ; len(b) > 0; b = b[size:] {
			a.Data = append(a.Data, decode(b))
		}
	}
	if fortran && len(shape) > 1 {
		a.Data = rowMajor(a.Data, shape)
	}
	return a, nil
}

// readHeader reads up to the first element.
func readHeader(r io.Reader) (descr string, fortran bool, shape []int, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", false, nil, fmt.Errorf("header: %w", noEOF(err))
	}
	if string(head[:6]) != npyMagic {
		return "", false, nil, fmt.Errorf("starts with %q, want %q", head[:6], npyMagic)
	}
	length := 0
	switch major := head[6]; major {
	case 1:
		var b [2]byte
		_, err = io.ReadFull(r, b[:])
		length = int(binary.LittleEndian.Uint16(b[:]))
	case 2, 3:
		var b [4]byte
		_, err = io.ReadFull(r, b[:])
		length = int(min(binary.LittleEndian.Uint32(b[:]), math.MaxInt32))
	default:
		return "", false, nil, fmt.Errorf("version %d, want 1 to 3", major)
	}
	if err != nil {
		return "", false, nil, fmt.Errorf("header: %w", noEOF(err))
	}
	if length > maxNPYHeader {
		return "", false, nil, fmt.Errorf("header of %d bytes, want at most %d", length, maxNPYHeader)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(r, text); err != nil {
		return "", false, nil, fmt.Errorf("header: %w", noEOF(err))
	}
	return parseHeader(string(text))
}

// parseHeader reads the Python dict literal
// {'descr': '<f8', 'fortran_order': False, 'shape': (4, 4), }.
func parseHeader(text string) (descr string, fortran bool, shape []int, err error) {
	bad := func(format string, args ...any) (string, bool, []int, error) {
		return "", false, nil, fmt.Errorf("header: "+format, args...)
	}
	rest := strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(rest, "{")
	if rest, ok = cutSuffixIf(ok, rest, "}"); !ok {
		return bad("%.80q is not a dict", text)
	}
	seen := map[string]bool{}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimLeft(rest, ", ") {
		key, after, ok := cutQuoted(rest)
		after, colon := strings.CutPrefix(strings.TrimSpace(after), ":")
		if !ok || !colon || seen[key] {
			return bad("%.80q: want a quoted key and a colon", rest)
		}
		seen[key] = true
		after = strings.TrimSpace(after)
		switch key {
		case "descr":
			if descr, rest, ok = cutQuoted(after); !ok {
				return bad("descr %.80q, want a simple type", after)
			}
		case "fortran_order":
			fortran = strings.HasPrefix(after, "True")
			if rest, ok = strings.CutPrefix(after, map[bool]string{true: "True", false: "False"}[fortran]); !ok {
				return bad("fortran_order %.80q, want True or False", after)
			}
		case "shape":
			if shape, rest, err = cutShape(after); err != nil {
				return bad("%w", err)
			}
		default:
			return bad("unknown key %.80q", key)
		}
	}
	if len(seen) != 3 {
		return bad("%d of the 3 keys descr, fortran_order and shape", len(seen))
	}
	return descr, fortran, shape, nil
}

func cutSuffixIf(ok bool, s, suffix string) (string, bool) {
	if !ok {
		return s, false
	}
	return strings.CutSuffix(s, suffix)
}

// cutQuoted takes a string in single or double quotes off the front.
func cutQuoted(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '\'' && s[0] != '"' {
		return "", s, false
	}
	return strings.Cut(s[1:], s[:1])
}

// cutShape takes a tuple of sizes off the front: (), (3,), (4, 4).
func cutShape(s string) (shape []int, rest string, err error) {
	inner, ok := strings.CutPrefix(s, "(")
	inner, rest, closed := strings.Cut(inner, ")")
	if !ok || !closed {
		return nil, s, fmt.Errorf("shape %.80q, want a tuple", s)
	}
	shape = []int{}
	for field := range strings.SplitSeq(inner, ",") {
		field = strings.TrimSpace(field)
		if field == "" {
			continue // after the last comma
		}
		d, err := strconv.Atoi(field)
		if err != nil || d < 0 || d > maxNPYElements {
			return nil, s, fmt.Errorf("shape (%.80s): size %q, want 0 to %d", inner, field, maxNPYElements)
		}
		shape = append(shape, d)
	}
	if len(shape) > 32 {
		return nil, s, fmt.Errorf("shape of %d axes, want at most 32", len(shape))
	}
	return shape, rest, nil
}

// npyTypes lists the types that npyDecoder knows.
const npyTypes = "f8, f4, f2, i8, i4, i2, i1, u8, u4, u2, u1 or b1"

// npyDecoder gives the bytes of an element and how to read it.
func npyDecoder(descr string) (size int, decode func([]byte) float64, err error) {
	if len(descr) != 3 {
		return 0, nil, fmt.Errorf("type %.20q, want %s", descr, npyTypes)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if descr[0] == '>' {
		order = binary.BigEndian
	}
	switch kind := descr[1:]; {
	case descr[0] != '<' && descr[0] != '>' && descr[0] != '|':
	case kind == "f8":
		return 8, func(b []byte) float64 { return math.Float64frombits(order.Uint64(b)) }, nil
	case kind == "f4":
		return 4, func(b []byte) float64 { return float64(math.Float32frombits(order.Uint32(b))) }, nil
	case kind == "f2":
		return 2, func(b []byte) float64 { return halfToFloat(order.Uint16(b)) }, nil
	case kind == "i8":
		return 8, func(b []byte) float64 { return float64(int64(order.Uint64(b))) }, nil
	case kind == "i4":
		return 4, func(b []byte) float64 { return float64(int32(order.Uint32(b))) }, nil
	case kind == "i2":
		return 2, func(b []byte) float64 { return float64(int16(order.Uint16(b))) }, nil
	case kind == "i1":
		return 1, func(b []byte) float64 { return float64(int8(b[0])) }, nil
	case kind == "u8":
		return 8, func(b []byte) float64 { return float64(order.Uint64(b)) }, nil
	case kind == "u4":
		return 4, func(b []byte) float64 { return float64(order.Uint32(b)) }, nil
	case kind == "u2":
		return 2, func(b []byte) float64 { return float64(order.Uint16(b)) }, nil
	case kind == "u1", kind == "b1":
		return 1, func(b []byte) float64 { return float64(b[0]) }, nil
	}
	return 0, nil, fmt.Errorf("type %q, want %s", descr, npyTypes)
}

// halfToFloat widens an IEEE 754 half.
func halfToFloat(h uint16) float64 {
	sign := 1.0
	if h>>15 == 1 {
		sign = -1
	}
	exp, frac := int(h>>10&31), float64(h&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// rowMajor reorders column-major data.
func rowMajor(data []float64, shape []int) []float64 {
	out := make([]float64, len(data))
	index := make([]int, len(shape))
	for i := range data {
		at := 0
		for k, x := range index {
			at = at*shape[k] + x
		}
		out[at] = data[i]
		for k := range index { // the first index runs fastest
			if index[k]++; index[k] < shape[k] {
				break
			}
			index[k] = 0
		}
	}
	return out
}

// WriteArray writes a as version 1, row-major. Descr is "<f8", "<f4", "<i8" or
// "|u1"; empty means "<f8". Values must be exact in an integer type.
func WriteArray(w io.Writer, a Array) error {
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	if n != len(a.Data) {
		return fmt.Errorf("npy: %d values, want %d for shape %v", len(a.Data), n, a.Shape)
	}
	if a.Descr == "" {
		a.Descr = "<f8"
	}
	head, err := header(a.Descr, a.Shape)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	var buf []byte
	for part := range slices.Chunk(a.Data, 8192) {
		if buf, err = appendElements(buf[:0], a.Descr, part); err != nil {
			return fmt.Errorf("npy: %w", err)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}

// header is what stands before the elements: version 1, row-major.
func header(descr string, dims []int) ([]byte, error) {
	shape := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(dims)), ", "), "[]")
	if len(dims) == 1 {
		shape += ","
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, shape)
	pad := 63 - (len(npyMagic)+4+len(text))%64
	text += strings.Repeat(" ", pad) + "\n"
	if len(text) > math.MaxUint16 {
		return nil, fmt.Errorf("npy: header of %d bytes, want at most %d", len(text), math.MaxUint16)
	}
	out := append([]byte(npyMagic+"\x01\x00"), byte(len(text)), byte(len(text)>>8))
	return append(out, text...), nil
}

// appendElements encodes values as the type descr.
func appendElements(b []byte, descr string, values []float64) ([]byte, error) {
	for _, v := range values {
		switch descr {
		case "<f8":
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		case "<f4":
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		case "<i8":
			if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
				return nil, fmt.Errorf("value %v, want an integer for %s", v, descr)
			}
			b = binary.LittleEndian.AppendUint64(b, uint64(int64(v)))
		case "|u1":
			if v != math.Trunc(v) || v < 0 || v > 255 {
				return nil, fmt.Errorf("value %v, want 0 to 255 for %s", v, descr)
			}
			b = append(b, uint8(v))
		default:
			return nil, fmt.Errorf("type %q, want <f8, <f4, <i8 or |u1", descr)
		}
	}
	return b, nil
}

// noEOF names the end of the data an error: callers know how much must follow.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
