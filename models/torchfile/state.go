package torchfile

import (
	"fmt"
	"strconv"
	"strings"

	"innate/models/checkpoint"
	"innate/models/pickle"
)

// Bounds on walks through what a file says, which may contain itself or the same
// thing many times.
const (
	maxDepth   = 64
	maxVisited = 1 << 20
	maxTensors = 1 << 18
	maxName    = 4096
	maxNames   = 64 << 20 // bytes of all names
	maxKey     = 8        // values in a tuple that is a key
	maxScripts = 16       // TorchScript files within a pickle

	// A file's tensors may share storages and be expanded. All their values
	// together may be this many times as large as the file, and this much more.
	maxExpansion = 4
	maxSlack     = 1 << 30
)

// State is a network or a state dict: named tensors, and what a network pickle
// says of its classes.
type State struct {
	Key     string   // under which the file has it; "" for all that there is
	Others  []string // further keys of the file that hold tensors
	Class   string   // of the outermost module; "" for a state dict
	Model   string   // of the module called model within it
	Args    []Arg    // the outermost constructor's, by name
	Attrs   []Arg    // the outermost module's own
	Modules []Count  // modules by class, the most frequent first
	Tensors []checkpoint.Tensor

	// Metadata is what innate noted beside a state dict that it wrote itself.
	Metadata map[string]string

	file    *File
	nested  map[*pickle.Object]storage
	names   map[string]bool
	classes map[string]int
	visited int
	scripts int
	bytes   int64
	named   int // bytes of names
}

// usual are the keys under which training programs keep the network to use, the
// best first: averaged weights before those that were being trained.
var usual = []string{"ema", "params_ema", "model_ema", "net", "model", "state_dict", "params", "module", "generator"}

// State returns what the file has under key, or, if that is empty, under the first
// of the usual keys, or else all that there is.
func (f *File) State(key string) (*State, error) {
	root, isDict := f.root.(*pickle.Dict)
	s := &State{file: f, nested: map[*pickle.Object]storage{}}
	at := f.root
	switch {
	case key != "":
		v, ok := root.Get(key)
		if !ok {
			return nil, fmt.Errorf("no %.100q at the top, want one of %s", key, strings.Join(keysOf(root), ", "))
		}
		s.Key, at = key, v
	case isDict && !f.anyTensor(root):
		for _, k := range usual {
			v, ok := root.Get(k)
			if !ok || !s.tries(v) {
				continue
			}
			if s.Key == "" {
				s.Key, at = k, v
			} else {
				s.Others = append(s.Others, k)
			}
		}
	}
	if err := s.collect(at); err != nil {
		return nil, err
	}
	if len(s.Tensors) == 0 {
		return nil, fmt.Errorf("%s, want tensors", pickle.Describe(at))
	}
	return s, nil
}

// keysOf are the text keys of a dict, a few of them.
func keysOf(d *pickle.Dict) (keys []string) {
	if d == nil {
		return nil
	}
	for k := range d.All() {
		if k, ok := k.(string); ok && len(keys) < 20 {
			keys = append(keys, fmt.Sprintf("%.60q", k))
		}
	}
	return keys
}

// anyTensor reports whether a dict has a tensor for a value: it is a state dict
// then, and its keys are names of parameters.
func (f *File) anyTensor(d *pickle.Dict) bool {
	for _, v := range d.All() {
		if o, ok := v.(*pickle.Object); ok && (strings.HasPrefix(o.Class.Module, "torch._") || o.Class.Module == "torch.storage") {
			return true
		}
	}
	return false
}

// tries reports whether a value holds tensors.
func (s *State) tries(v pickle.Value) bool {
	trial := &State{file: s.file, nested: s.nested}
	err := trial.collect(v)
	s.visited += trial.visited
	return err != nil || len(trial.Tensors) > 0 // what is broken is to be named
}

// collect fills the state from a value.
func (s *State) collect(v pickle.Value) error {
	s.names, s.classes = map[string]bool{}, map[string]int{}
	if err := s.describe(v); err != nil {
		return err
	}
	var err error
	if s.Metadata, err = s.ownMetadata(v); err != nil {
		return err
	}
	if err := s.walk(v, "", 0); err != nil {
		return err
	}
	s.Modules = counts(s.classes)
	return nil
}

// walk adds the tensors in a value under names that begin with prefix.
func (s *State) walk(v pickle.Value, prefix string, depth int) error {
	if s.visited++; s.visited > maxVisited || depth > maxDepth || len(prefix) > maxName {
		return fmt.Errorf("%.100q: more than %d values, %d levels or a name of %d bytes", prefix, maxVisited, maxDepth, maxName)
	}
	name := strings.TrimSuffix(prefix, ".")
	t, isTensor, err := s.rebuild(v, 0)
	if err != nil {
		return fmt.Errorf("tensor %.100q: %w", name, err)
	}
	if isTensor {
		return s.add(t.deferred(name), t.span()*int64(t.dtype.Size()))
	}
	if m, ok := moduleOf(v); ok {
		return s.walkModule(m, prefix, depth)
	}
	switch v := v.(type) {
	case *pickle.Array:
		if v.DType.Size == 0 { // of texts, objects and their like
			return nil
		}
		t, err := fromArray(name, v)
		if err != nil {
			return fmt.Errorf("array %.100q: %w", name, err)
		}
		return s.add(t, v.Data.Len())
	case *pickle.Dict:
		i := 0
		for k, value := range v.All() {
			if err := s.walk(value, prefix+keyName(k, i)+".", depth+1); err != nil {
				return err
			}
			i++
		}
	case *pickle.List:
		return s.walkItems(v.Items, prefix, depth)
	case pickle.Tuple:
		return s.walkItems(v, prefix, depth)
	}
	return nil
}

// keyName is a key of a dict in the name of a tensor, as Python prints it: a text, the
// number of a parameter in the state of an optimizer, or several in a tuple. Of a key
// that is nothing of that its place in the dict remains.
func keyName(k pickle.Value, place int) string {
	switch k := k.(type) {
	case string:
		return k
	case int64:
		return strconv.FormatInt(k, 10)
	case bool:
		return strings.ToUpper(strconv.FormatBool(k)[:1]) + strconv.FormatBool(k)[1:]
	case pickle.Tuple:
		if len(k) > maxKey {
			break
		}
		parts := make([]string, len(k))
		for i, v := range k {
			if _, nested := v.(pickle.Tuple); nested {
				return strconv.Itoa(place)
			}
			parts[i] = keyName(v, i)
		}
		return strings.Join(parts, ".")
	}
	return strconv.Itoa(place)
}

func (s *State) walkItems(items []pickle.Value, prefix string, depth int) error {
	for i, v := range items {
		if err := s.walk(v, fmt.Sprintf("%s%d.", prefix, i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// add appends a tensor, whose values take so many bytes of its storage to read.
func (s *State) add(t checkpoint.Tensor, span int64) error {
	if s.names[t.Name] {
		return fmt.Errorf("tensor %.100q: named twice", t.Name)
	}
	if len(s.Tensors) == maxTensors {
		return fmt.Errorf("more than %d tensors", maxTensors)
	}
	if s.named += len(t.Name); s.named > maxNames {
		return fmt.Errorf("names of more than %d bytes", maxNames)
	}
	n := int64(t.DType.Size())
	for _, d := range t.Shape {
		n *= int64(d) // which rebuild has found to be small enough
	}
	limit := maxExpansion*s.file.size + maxSlack
	if n > limit-s.bytes || span > limit-s.bytes-n {
		return fmt.Errorf("tensor %.100q: its values and those before it have more than %d bytes, from a file of %d", t.Name, limit, s.file.size)
	}
	s.bytes += max(n, span)
	s.names[t.Name] = true
	s.Tensors = append(s.Tensors, t)
	return nil
}
