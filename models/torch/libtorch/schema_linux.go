//go:build (amd64 || arm64) && !static

package libtorch

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// No C function of libtorch says what arguments an operation takes, and the
// dispatcher does not check them. But libtorch registers its operations by the text
// of their schemas, and these texts stand in its file: calls are held against them.

// kind is the type of an argument, as the callers of this package give it.
type kind byte

const (
	kindTensor  kind = 't'
	kindTensors kind = 'T'
	kindInt     kind = 'i'
	kindInts    kind = 'I'
	kindFloat   kind = 'f'
	kindBool    kind = 'b'
	kindBools   kind = 'B'
	kindDType   kind = 'd'
	kindNone    kind = '-'

	optional kind = 0x80 // added to one of the others
)

// RecordCalls makes CheckCalls know the calls from now on.
func (l *Lib) RecordCalls() { l.calls = map[string]string{} }

// record keeps the arguments of a call, one call of every operation for each list
// of types.
func (l *Lib) record(f *frame) {
	name := strings.TrimPrefix(f.op.String(), "aten::")
	if over := string(f.op.overload[:len(f.op.overload)-1]); over != "" {
		name += "." + over
	}
	l.calls[name+"("+string(f.kinds[:f.n])] = name
}

// CheckCalls holds the calls since RecordCalls against the schemas in the library's
// file, and returns how many operations there were.
func (l *Lib) CheckCalls() (operations int, err error) {
	calls := l.calls
	l.calls = nil
	file, err := elf.Open(filepath.Join(l.Dir, mainLibrary))
	if err != nil {
		return 0, fmt.Errorf("torch: %w", err)
	}
	defer file.Close()
	section := file.Section(".rodata")
	if section == nil {
		return 0, errors.New("torch: " + mainLibrary + ": no section .rodata, which has the schemas of operations")
	}
	text, err := section.Data()
	if err != nil {
		return 0, fmt.Errorf("torch: %s: %w", mainLibrary, err)
	}
	seen := map[string]bool{}
	var wrong []error
	for _, call := range slices.Sorted(maps.Keys(calls)) {
		name := calls[call]
		seen[name] = true
		if err := checkCall(text, name, call[len(name)+1:]); err != nil {
			wrong = append(wrong, fmt.Errorf("torch: %s: %w", name, err))
		}
	}
	return len(seen), errors.Join(wrong...)
}

// checkCall holds the arguments of one call against the schema of its operation.
func checkCall(library []byte, name, kinds string) error {
	err := errors.New("no schema in the library")
	// The linker keeps one text for two where one ends in the other: sqrt's in rsqrt's.
	for _, before := range []string{"\x00", "aten::", ""} {
		for rest, key := library, []byte(before+name+"("); ; {
			at := bytes.Index(rest, key)
			if at < 0 {
				break
			}
			rest = rest[at+len(key):]
			text, _, _ := bytes.Cut(rest[:min(len(rest), longestSchema)], []byte{0})
			list, _, ok := strings.Cut(string(text), ") -> ")
			if !ok {
				continue // another text that begins so
			}
			if err = checkArguments(list, kinds); err == nil || before != "" {
				return err
			}
		}
	}
	return err
}

// longestSchema is more than any is long.
const longestSchema = 4096

// checkArguments holds arguments against the list of a schema.
func checkArguments(list, kinds string) error {
	i := 0
	for arg := range strings.SplitSeq(list, ", ") {
		if arg == "*" || arg == "" {
			continue
		}
		given := kindNone // the stack is zero behind what was given
		if i < len(kinds) {
			given = kind(kinds[i])
		}
		if !fits(given, arg) {
			return fmt.Errorf("argument %d is %q, given %q", i, arg, rune(given&^optional))
		}
		i++
	}
	if i < len(kinds) {
		return fmt.Errorf("%d arguments, given %d", i, len(kinds))
	}
	return nil
}

// schemaKinds are the types of schemas, without their sizes and what they alias.
var schemaKinds = map[string]kind{
	"Tensor": kindTensor, "Tensor[]": kindTensors, "int": kindInt, "SymInt": kindInt, "int[]": kindInts, "SymInt[]": kindInts,
	"float": kindFloat, "bool": kindBool, "bool[]": kindBools, "ScalarType": kindDType, "MemoryFormat": kindInt,
}

// fits reports whether an argument may be given for one of a schema: its type, its
// name, and its default, if any. What is left out is zero, which is none, false or
// 0; a tensor or a list must be given.
func fits(given kind, arg string) bool {
	typ, _, _ := strings.Cut(arg, " ")
	typ, may := strings.CutSuffix(typ, "?")
	var plain strings.Builder
	for depth := 0; typ != ""; typ = typ[1:] {
		c := typ[0]
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && (c < '0' || c > '9'):
			plain.WriteByte(c)
		}
	}
	want, known := schemaKinds[plain.String()]
	switch {
	case given == kindNone && may:
		return true
	case given == kindNone:
		return known && (want == kindBool || want == kindFloat)
	case may:
		return known && given == want|optional
	}
	return known && given == want
}
