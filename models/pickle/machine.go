package pickle

import (
	"errors"
	"fmt"
	"io"
)

// What one Reader may take. The networks of the papers need some 60,000 steps;
// a step makes at most a hundred-odd bytes.
const (
	maxSteps = 1 << 21 // opcodes
	maxHeld  = 64 << 20
	maxText  = 64 << 10 // longer texts and strings stay in the file
	maxName  = 512      // of a module or a class
	maxLong  = 256      // bytes of a whole number
)

// Reader reads the pickles of a file one after the other.
type Reader struct {
	// Persistent, if there is one, says what a persistent id stands for; ok is false of
	// those that become a Persistent.
	Persistent func(id Value) (v Value, ok bool)

	src           source
	allow         func(Global) bool
	steps         int
	held, decoded int64 // bytes of texts in memory, and made of texts
	paired        int64 // entries of dicts made of others

	stack []Value
	marks []int // lengths of the stack at each mark
	memo  map[uint64]Value
}

// NewReader reads what r holds from byte at up to byte end. allow says which
// names may occur beside those that make plain data; nil allows no other.
func NewReader(r io.ReaderAt, at, end int64, allow func(Global) bool) *Reader {
	return &Reader{src: source{r: r, at: at, end: end}, allow: allow}
}

// Offset is the first byte after the last pickle that was read.
func (d *Reader) Offset() int64 { return d.src.at }

// errStop ends a pickle.
var errStop = errors.New("stop")

// Next reads one pickle.
func (d *Reader) Next() (Value, error) {
	d.stack, d.marks, d.memo = nil, nil, map[uint64]Value{}
	begin := d.src.at
	head, err := d.src.take(2)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pickle: byte %d: %w", begin, err)
	case head[0] != opProto:
		return nil, fmt.Errorf("pickle: byte %d: starts with %q, want protocol 2 to 5, which Python 3 writes", begin, head)
	case head[1] < 2 || head[1] > 5:
		return nil, fmt.Errorf("pickle: byte %d: protocol %d, want 2 to 5", begin, head[1])
	}
	for {
		at := d.src.at
		err := d.step()
		switch {
		case err == nil:
		case errors.Is(err, errStop):
			v := d.stack[0]
			d.stack, d.memo = nil, nil
			return v, nil
		default:
			return nil, fmt.Errorf("pickle: byte %d: %w", at, err)
		}
	}
}

// step runs one opcode.
func (d *Reader) step() error {
	if d.steps++; d.steps > maxSteps {
		return fmt.Errorf("more than %d opcodes", maxSteps)
	}
	b, err := d.src.take(1)
	if err != nil {
		return err
	}
	run := opcodes[b[0]]
	if run == nil {
		return fmt.Errorf("opcode %#02x, want one of protocol 2 to 5", b[0])
	}
	return run(d)
}

func (d *Reader) push(v Value) error {
	d.stack = append(d.stack, v)
	return nil
}

// floor is the lowest place of the stack that may be taken: a mark protects what
// lies under it.
func (d *Reader) floor() int {
	if n := len(d.marks); n > 0 {
		return d.marks[n-1]
	}
	return 0
}

// pop takes n values off the stack, in the order in which they were pushed.
func (d *Reader) pop(n int) ([]Value, error) {
	if len(d.stack)-n < d.floor() {
		return nil, fmt.Errorf("%d values on the stack, want %d", len(d.stack)-d.floor(), n)
	}
	out := d.stack[len(d.stack)-n:]
	d.stack = d.stack[:len(d.stack)-n]
	return out, nil
}

func (d *Reader) pop1() (Value, error) {
	v, err := d.pop(1)
	if err != nil {
		return nil, err
	}
	return v[0], nil
}

// popMark takes all values down to the last mark. They are valid until the next
// push.
func (d *Reader) popMark() ([]Value, error) {
	n := len(d.marks)
	if n == 0 {
		return nil, errors.New("no mark on the stack")
	}
	at := d.marks[n-1]
	d.marks = d.marks[:n-1]
	out := d.stack[at:]
	d.stack = d.stack[:at]
	return out, nil
}

// top is the value that the next opcode adds to.
func (d *Reader) top() (Value, error) {
	if len(d.stack) <= d.floor() {
		return nil, errors.New("nothing on the stack")
	}
	return d.stack[len(d.stack)-1], nil
}

// hold counts bytes that stay in memory.
func (d *Reader) hold(n int64) error {
	if d.held += n; d.held > maxHeld {
		return fmt.Errorf("more than %d bytes of texts", maxHeld)
	}
	return nil
}

func (d *Reader) put(key uint64) error {
	v, err := d.top()
	if err != nil {
		return err
	}
	d.memo[key] = v
	return nil
}

func (d *Reader) get(key uint64) error {
	v, ok := d.memo[key]
	if !ok {
		return fmt.Errorf("memo %d was never written", key)
	}
	return d.push(v)
}

// global is a name, if it may occur.
func (d *Reader) global(module, name string) error {
	g := Global{module, name}
	if len(module) > maxName || len(name) > maxName {
		return fmt.Errorf("name %.60q…, want at most %d bytes", g.String(), maxName)
	}
	if _, plain := calls[g]; !plain && !values[g] && (d.allow == nil || !d.allow(g)) {
		return Refused{g}
	}
	return d.push(g)
}

// Refused is the error of a name that nobody allows.
type Refused struct{ Global Global }

func (r Refused) Error() string {
	return fmt.Sprintf("it wants to run %q, which innate does not: nothing in a file is ever run; in Python, save the state dict alone: torch.save(net.state_dict(), FILE)", r.Global.String())
}
