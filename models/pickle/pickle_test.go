package pickle_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"innate/models/pickle"
)

// read reads one pickle that is held in memory.
func read(data string, allow func(pickle.Global) bool) (pickle.Value, error) {
	return pickle.NewReader(strings.NewReader(data), 0, int64(len(data)), allow).Next()
}

// TestPlain reads what Python wrote in each protocol.
func TestPlain(t *testing.T) {
	for protocol := 2; protocol <= 5; protocol++ {
		data, err := os.ReadFile(fmt.Sprintf("testdata/plain%d.pkl", protocol))
		if err != nil {
			t.Fatal(err)
		}
		v, err := read(string(data), nil)
		if err != nil {
			t.Fatalf("protocol %d: %v", protocol, err)
		}
		dict := v.(*pickle.Dict)
		long := new(big.Int).Lsh(big.NewInt(-1), 70)
		for key, want := range map[string]pickle.Value{
			"none": nil, "true": true, "small": int64(7), "short": int64(300), "minus": int64(-5), "int": int64(1) << 40, "long": long,
			"float": 2.5, "complex": 1 + 2i, "text": "Grüße",
			"tuple":  pickle.Tuple{int64(1), pickle.Tuple{int64(2), int64(3)}, pickle.Tuple{}, pickle.Tuple{int64(1), int64(2), int64(3), int64(4)}},
			"scalar": 0.7071067811865476, "float32": 0.25, "half": -1.5, "int64": int64(-3), "bool": true,
			"uint64": new(big.Int).SetUint64(1<<64 - 1), "complex64": 1 + 2i,
		} {
			if got, ok := dict.Get(key); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("protocol %d: %s: got %#v, want %#v", protocol, key, got, want)
			}
		}
		get := func(key string) pickle.Value { v, _ := dict.Get(key); return v }
		if list := get("list").(*pickle.List); len(list.Items) != 2 || list.Items[0] != list.Items[1] {
			t.Errorf("protocol %d: two references to a list: got two lists", protocol)
		}
		if self := get("itself").(*pickle.List); self.Items[1] != pickle.Value(self) {
			t.Errorf("protocol %d: a list in itself: got another", protocol)
		}
		if set := get("set").(*pickle.Set); len(set.Items) != 1 || set.Items[0] != int64(1) {
			t.Errorf("protocol %d: set %v, want 1", protocol, set.Items)
		}
		var keys []string
		for k := range get("ordered").(*pickle.Dict).All() {
			keys = append(keys, k.(string))
		}
		if strings.Join(keys, " ") != "b a" {
			t.Errorf("protocol %d: order %v, want b, a", protocol, keys)
		}
		if x, _ := get("easy").(*pickle.Dict).Get("x"); x != int64(1) {
			t.Errorf("protocol %d: an EasyDict's x: %v, want 1", protocol, x)
		}
		if x, _ := get("many").(*pickle.Dict).Get("49"); x != int64(49) {
			t.Errorf("protocol %d: one of many keys: %v, want 49", protocol, x)
		}
		holds(t, get("bytes").(pickle.Bytes), bytes.Repeat([]byte{0, 255}, 3))
		if protocol >= 4 {
			holds(t, get("long text").(pickle.Text).Bytes, []byte(strings.Repeat("ü", 33000)))
			all := make([]byte, 256)
			for i := range all {
				all[i] = byte(i)
			}
			holds(t, get("long bytes").(pickle.Bytes), bytes.Repeat(all, 257))
		}
		if a, _ := get("default").(*pickle.Dict).Get("a"); !reflect.DeepEqual(a, &pickle.List{Items: []pickle.Value{int64(1)}}) {
			t.Errorf("protocol %d: a defaultdict's a: %#v, want a list of 1", protocol, a)
		}
		if n, _ := get("counter").(*pickle.Dict).Get("a"); n != int64(2) {
			t.Errorf("protocol %d: a Counter's a: %v, want 2", protocol, n)
		}
		for i, v := range get("no numbers").(*pickle.List).Items {
			if a, ok := v.(*pickle.Array); ok && (a.DType.Size != 0 || a.Shape != nil) {
				t.Errorf("protocol %d: array %d of what is no number: %+v, want nothing known", protocol, i, a)
			}
		}
		array := get("array").(*pickle.Array)
		if !reflect.DeepEqual(array.Shape, []int{2, 3}) || array.DType != (pickle.DType{Kind: 'i', Size: 4}) || array.Fortran {
			t.Errorf("protocol %d: array %+v, want 2x3 of i4", protocol, array)
		}
		holds(t, array.Data, little(0, 1, 2, 3, 4, 5))
		if f := get("fortran").(*pickle.Array); f.DType != (pickle.DType{Kind: 'f', Size: 4, Big: true}) || !f.Fortran {
			t.Errorf("protocol %d: array %+v, want big-endian f4, column-major", protocol, f)
		}
	}
}

func little(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

// holds compares a byte string, whole and in part.
func holds(t *testing.T, b pickle.Bytes, want []byte) {
	t.Helper()
	got, err := b.Read(1 << 20)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
	part := make([]byte, 3)
	if _, err := b.ReadAt(part, 2); err != nil || !bytes.Equal(part, want[2:5]) {
		t.Errorf("from byte 2: %v, %v; want %v", part, err, want[2:5])
	}
}

// TestRefused refuses, with a reason, what does not belong into a pickle of data.
func TestRefused(t *testing.T) {
	for what, c := range map[string]struct{ data, want string }{
		"a command":                {"\x80\x02cos\nsystem\nX\x04\x00\x00\x00trueq\x00\x85R.", `byte 2: it wants to run "os.system", which innate does not: nothing in a file is ever run; in Python, save the state dict alone: torch.save(net.state_dict(), FILE)`},
		"a command, protocol 4":    {"\x80\x04\x8c\x05posix\x8c\x06system\x93.", `it wants to run "posix.system"`},
		"a chain of getattr":       {"\x80\x02cbuiltins\ngetattr\n.", `it wants to run "builtins.getattr"`},
		"a dotted name":            {"\x80\x04\x8c\x05numpy\x8c\x0edtype.__call__\x93.", `it wants to run "numpy.dtype.__call__"`},
		"a name that is a number":  {"\x80\x04K\x01K\x02\x93.", "want texts"},
		"a name with escapes":      {"\x80\x02ca\x1b[2J\nb\n.", `"a\x1b[2J.b"`},
		"a very long name":         {"\x80\x02c" + strings.Repeat("a", 600), "line of more than 512 bytes"},
		"a call of a number":       {"\x80\x02K\x01)R.", "call of a value of type int64, want a name"},
		"a call of a value":        {"\x80\x02cbuiltins\nint\n)R.", "call of builtins.int, want none"},
		"a call without a tuple":   {"\x80\x02cbuiltins\nset\nK\x01R.", "want a tuple"},
		"a duplicate key":          {"\x80\x02}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.", `key "a" appears twice`},
		"one of many keys again":   {"\x80\x02}(" + manyKeys(20) + "K\x05Nu.", `key "5" appears twice`},
		"a text of 2^63 bytes":     {"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f.", "bytes announced, 1 left: the file was cut short"},
		"bytes of 2^64-1":          {"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "bytes announced, 1 left"},
		"a number of 2^31 bytes":   {"\x80\x02\x8b\xff\xff\xff\x7f.", "whole number of 2147483647 bytes, want at most 256"},
		"a frame beyond the end":   {"\x80\x04\x95\xff\x00\x00\x00\x00\x00\x00\x00N.", "frame of 255 bytes, 2 left"},
		"no end":                   {"\x80\x02K\x01", "1 bytes wanted, 0 left: the file was cut short"},
		"a memo never written":     {"\x80\x02h\x07.", "memo 7 was never written"},
		"an empty stack":           {"\x80\x02\x85.", "0 values on the stack, want 1"},
		"under a mark":             {"\x80\x02K\x01(\x85.", "0 values on the stack, want 1"},
		"no mark":                  {"\x80\x02t.", "no mark"},
		"two values":               {"\x80\x02K\x01K\x02.", "ends with 2 values and 0 marks"},
		"an open mark":             {"\x80\x02(K\x01.", "ends with 1 values and 1 marks"},
		"state for a list":         {"\x80\x02]Nb.", "state for a list of 0"},
		"items for a number":       {"\x80\x02K\x01K\x02K\x03s.", "items for a value of type int64"},
		"an odd number of items":   {"\x80\x02}(K\x01u.", "1 keys and values, want pairs"},
		"appending to a tuple":     {"\x80\x02)K\x01a.", "append to a tuple of 0"},
		"protocol 0":               {"(lp0\n.", "want protocol 2 to 5"},
		"protocol 9":               {"\x80\x09N.", "protocol 9, want 2 to 5"},
		"an opcode of protocol 0":  {"\x80\x02I5\n.", "opcode 0x49, want one of protocol 2 to 5"},
		"the registry":             {"\x80\x02\x82\x01.", "opcode 0x82"},
		"a buffer elsewhere":       {"\x80\x05\x97.", "opcode 0x97"},
		"text that is not UTF-8":   {"\x80\x02X\x01\x00\x00\x00\xff.", "text that is not UTF-8"},
		"a long text encoded":      {"\x80\x02c_codecs\nencode\nX\x00\x00\x02\x00" + strings.Repeat("é", 1<<16) + "X\x05\x00\x00\x00ascii\x86R.", "want a text and latin1"},
		"bytes beyond Latin-1":     {"\x80\x02c_codecs\nencode\nX\x03\x00\x00\x00\xe2\x82\xacX\x06\x00\x00\x00latin1\x86R.", "character at byte 0"},
		"an array of 2^63 numbers": {array("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "u1"), "numpy array: size 9223372036854775807"},
		"an array that lies":       {array("K\x09", "f4"), "numpy array: 1 bytes, want 36 for [9]"},
		"a type without an order":  {"\x80\x02cnumpy\ndtype\nU\x02f8\x85RK\x03N\x86b.", "numpy.dtype: order of bytes None, want one character"},
		"an array of octuples":     {array("K\x01", "f3"), "type f3, want f8"},
		"a type without a size":    {array("K\x01", "ff"), "\"ff\", want f8"},
		"a dict made of a number":  {"\x80\x02ccollections\nCounter\nK\x01\x85R.", "of a value of type int64, want a dict or a list of pairs"},
		"a dict made many times":   {"\x80\x02ccollections\nOrderedDict\nq\x00](" + pairs(60) + "eq\x01" + strings.Repeat("h\x00h\x01\x85R", 1000), "more entries of dicts than the file has bytes"},
		"keywords":                 {"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)}K\x01K\x02s\x92.", "for keywords, want none"},
	} {
		_, err := read(c.data, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", what, err, c.want)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\x1b") {
			t.Errorf("%s: error %q, want one plain line", what, err)
		}
	}
}

func pairs(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("K" + string(rune(i)) + "N\x86")
	}
	return b.String()
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("K" + string(rune(i)) + "N")
	}
	return b.String()
}

// array is a pickled array of one byte that claims a size and a type.
func array(size, dtype string) string {
	return "\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R" +
		"(K\x01" + size + "\x85cnumpy\ndtype\nU\x02" + dtype + "\x85R\x89U\x01xtb."
}

// TestAllow: a reader's own names become objects with what was meant for them.
func TestAllow(t *testing.T) {
	data := "\x80\x02cmine\nMake\nK\x01\x85R}X\x01\x00\x00\x00aK\x02sb."
	v, err := read(data, func(g pickle.Global) bool { return g == pickle.Global{Module: "mine", Name: "Make"} })
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*pickle.Object)
	a, _ := o.State.(*pickle.Dict).Get("a")
	if o.Class.String() != "mine.Make" || !reflect.DeepEqual(o.Args, []pickle.Value{int64(1)}) || a != int64(2) {
		t.Errorf("got %v of %v with %v", o.Class, o.Args, a)
	}
}

// TestBounded reads what costs Python much more than it weighs.
func TestBounded(t *testing.T) {
	const mega = 1 << 20
	memoDoubling := func() string { // a list of two lists of two lists …
		var b strings.Builder
		b.WriteString("\x80\x02]q\x00")
		for i := range 200 {
			fmt.Fprintf(&b, "](h%ch%ceq%c", i, i, i+1)
		}
		return b.String() + "."
	}
	for what, data := range map[string]string{
		"many lists":             "\x80\x02" + strings.Repeat("]", 3*mega),
		"many marks":             "\x80\x02" + strings.Repeat("(", 3*mega),
		"many dicts":             "\x80\x02" + strings.Repeat("}", 3*mega),
		"deep nesting":           "\x80\x02" + strings.Repeat("]", mega) + strings.Repeat("a", mega-1) + ".",
		"one list, many times":   "\x80\x02]q\x00" + strings.Repeat("h\x00", mega),
		"doubling by the memo":   memoDoubling(),
		"a memo far away":        "\x80\x02N" + strings.Repeat("r\xff\xff\xff\xff", mega/5) + ".",
		"many large texts":       "\x80\x02" + strings.Repeat("X\x00\x01\x00\x00"+strings.Repeat("a", 256)+"0", 3*mega/256),
		"a text encoded anew":    "\x80\x02c_codecs\nencode\nq\x00X\x00\x00\x01\x00" + strings.Repeat("a", 1<<16) + "q\x01" + strings.Repeat("h\x00h\x01X\x06\x00\x00\x00latin1\x86R0", 10000),
		"a tuple in many tuples": "\x80\x02)" + strings.Repeat("\x85", 3*mega),
	} {
		begin := time.Now()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := read(data, nil)
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 400<<20 {
			t.Errorf("%s: %d MB allocated for %d bytes (%v)", what, got>>20, len(data), err)
		}
		if took := time.Since(begin); took > time.Minute {
			t.Errorf("%s: %v for %d bytes (%v)", what, took, len(data), err)
		}
	}
}

// TestNothingIsRead: the bytes of weights are stepped over.
func TestNothingIsRead(t *testing.T) {
	const n = 1 << 40
	head := "\x80\x04\x8e" + string(binary.LittleEndian.AppendUint64(nil, n))
	v, err := pickle.NewReader(hole{head, "."}, 0, int64(len(head))+n+1, nil).Next()
	if err != nil || v.(pickle.Bytes).Len() != n {
		t.Errorf("%v, %v; want %d bytes", v, err, int64(n))
	}
}

// hole begins with head, ends with tail and has zeros for ever between them.
type hole struct{ head, tail string }

func (h hole) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(h.head)) {
		copy(p, h.head[off:])
	} else {
		copy(p, h.tail)
	}
	return len(p), nil
}

// FuzzRead: any bytes give a value or an error, for bounded time and memory.
func FuzzRead(f *testing.F) {
	for protocol := 2; protocol <= 3; protocol++ {
		data, err := os.ReadFile(fmt.Sprintf("testdata/plain%d.pkl", protocol))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("\x80\x02cmine\nMake\nK\x01\x85R}X\x01\x00\x00\x00aK\x02sb."))
	f.Add([]byte(array("K\x01", "u1")))
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := pickle.NewReader(bytes.NewReader(data), 0, int64(len(data)), func(g pickle.Global) bool { return g.Module == "mine" })
		for {
			if v, err := r.Next(); err != nil {
				break
			} else if pickle.Describe(v) == "" {
				t.Errorf("%T has no description", v)
			}
		}
		runtime.ReadMemStats(&after)
		if got, want := after.TotalAlloc-before.TotalAlloc, uint64(4<<20+500*len(data)); got > want {
			t.Errorf("%d bytes allocated for %d, want at most %d", got, len(data), want)
		}
	})
}

// TestEncodedBytes: protocol 2 holds bytes as texts, long ones, too.
func TestEncodedBytes(t *testing.T) {
	text := strings.Repeat("aé", 1<<16)
	data := "\x80\x02c_codecs\nencode\nX" + string(little(uint32(len(text)))) + text + "X\x06\x00\x00\x00latin1\x86R."
	v, err := read(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, v.(pickle.Bytes), bytes.Repeat([]byte{'a', 0xe9}, 1<<16))
}
