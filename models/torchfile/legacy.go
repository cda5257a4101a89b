package torchfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"

	"innate/models/pickle"
)

// The legacy form is a stream of pickles: a magic number, a version, what the
// machine was like, the object and the keys of its storages; then each storage,
// as a count of elements and their bytes.
const legacyVersion = 1001

var legacyMagic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

// legacy knows where each storage begins, by key.
type legacy struct {
	r      io.ReaderAt
	end    int64
	begins map[string]int64 // of the count before the bytes
}

// readLegacy reads what lies from at to end; the pickles end at limit.
func readLegacy(r io.ReaderAt, at, end, limit int64) (*File, error) {
	d := pickle.NewReader(r, at, limit, allowed)
	d.Persistent = classOf
	if magic, err := d.Next(); err != nil {
		return nil, err
	} else if m, ok := magic.(*big.Int); !ok || m.Cmp(legacyMagic) != 0 {
		return nil, errors.New("no magic number of PyTorch's legacy form")
	}
	if version, err := d.Next(); err != nil {
		return nil, err
	} else if version != int64(legacyVersion) {
		return nil, fmt.Errorf("version %v of the legacy form, want %d", version, legacyVersion)
	}
	machine, err := d.Next()
	if err != nil {
		return nil, err
	}
	if m, ok := machine.(*pickle.Dict); ok {
		if little, stated := m.Get("little_endian"); stated && little != true {
			return nil, errors.New("byte order big, want little")
		}
	}
	f := &File{size: end - at}
	if f.root, err = d.Next(); err != nil {
		return nil, err
	}
	keys, err := d.Next()
	if err != nil {
		return nil, err
	}
	list, ok := keys.(*pickle.List)
	if !ok {
		return nil, fmt.Errorf("keys of storages: %s, want a list", pickle.Describe(keys))
	}
	l := &legacy{r: r, end: end, begins: map[string]int64{}}
	f.storages = l
	return f, l.lay(list.Items, d.Offset(), sizes(f.root))
}

// classOf is the class of a module, which the legacy form names by ("module", class, file,
// source), so that Python can compare the source with its own.
func classOf(id pickle.Value) (pickle.Value, bool) {
	t, _ := id.(pickle.Tuple)
	if len(t) != 4 || t[0] != "module" {
		return nil, false
	}
	class, ok := t[1].(pickle.Global)
	return class, ok
}

// lay finds where the storages begin: each is as long as its first mention says.
func (l *legacy) lay(keys []pickle.Value, at int64, bytes map[string]int64) error {
	for _, k := range keys {
		key, ok := k.(string)
		if _, twice := l.begins[key]; !ok || twice {
			return fmt.Errorf("keys of storages: %.100q, want each once", fmt.Sprint(k))
		}
		l.begins[key] = at
		n, known := bytes[key]
		if !known {
			return fmt.Errorf("storage %.100q: no tensor says its type", key)
		}
		if n > l.end-at-8 {
			return fmt.Errorf("storage %.100q: %d bytes at %d of %d: the file was cut short", key, n, at, l.end)
		}
		at += 8 + n
	}
	return nil
}

// sizes are the bytes of the storages that a value mentions, by key. Each value is
// visited once, however often it occurs.
func sizes(root pickle.Value) map[string]int64 {
	found, seen := map[string]int64{}, map[any]bool{}
	for open := []pickle.Value{root}; len(open) > 0; {
		v := open[len(open)-1]
		open = open[:len(open)-1]
		var identity any = v
		switch v := v.(type) {
		case pickle.Persistent:
			if id, err := storageOf(v); err == nil {
				if n, err := id.bytes(); err == nil {
					found[id.key] = n
				}
			}
			continue
		case pickle.Tuple:
			if len(v) == 0 {
				continue
			}
			identity = &v[0]
		case *pickle.List, *pickle.Dict, *pickle.Object:
		default:
			continue
		}
		if !seen[identity] {
			seen[identity] = true
			open = append(open, children(v)...)
		}
	}
	return found
}

// children are the values in a tuple, a list, a dict or an object.
func children(v pickle.Value) (all []pickle.Value) {
	switch v := v.(type) {
	case pickle.Tuple:
		return v
	case *pickle.List:
		return v.Items
	case *pickle.Object:
		return append(slices.Clone(v.Args), v.State)
	case *pickle.Dict:
		for _, value := range v.All() {
			all = append(all, value)
		}
	}
	return all
}

func (l *legacy) find(id storageID) (storage, error) {
	at, ok := l.begins[id.key]
	if !ok {
		return storage{}, fmt.Errorf("storage %.100q: missing", id.key)
	}
	var count [8]byte
	if _, err := l.r.ReadAt(count[:], at); err != nil {
		return storage{}, fmt.Errorf("storage %.100q: the file was cut short", id.key)
	}
	if n := binary.LittleEndian.Uint64(count[:]); n != uint64(id.count) {
		return storage{}, fmt.Errorf("storage %.100q: %d elements, want %d", id.key, n, id.count)
	}
	n, err := id.bytes()
	if err != nil {
		return storage{}, err
	}
	return id.over(l.r, at+8, n)
}

// nestedHead bounds the pickles of a legacy file within a pickle, which say no
// more than the type and the size of one storage.
const nestedHead = 4096

// nested reads a storage that a pickle holds as a byte string.
func nested(b pickle.Bytes) (storage, error) {
	f, err := readLegacy(b, 0, b.Len(), min(b.Len(), nestedHead))
	if err != nil {
		return storage{}, err
	}
	p, ok := f.root.(pickle.Persistent)
	if !ok {
		return storage{}, fmt.Errorf("storage: got %s, want a persistent id", pickle.Describe(f.root))
	}
	id, err := storageOf(p)
	if err != nil {
		return storage{}, err
	}
	return f.storages.find(id)
}
