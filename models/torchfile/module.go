package torchfile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"innate/models/checkpoint"
	"innate/models/filetype"
	"innate/models/pickle"
)

// module is an object of torch.nn.Module as a pickle describes it.
type module struct {
	class  string
	state  *pickle.Dict
	script bool // of TorchScript
}

// moduleOf reads a module: one of persistence, which states its class, or one of
// torch.nn or TorchScript, whose class is its name.
func moduleOf(v pickle.Value) (module, bool) {
	o, ok := v.(*pickle.Object)
	if !ok {
		return module{}, false
	}
	if o.Class.String() != persistence {
		state, ok := o.State.(*pickle.Dict)
		_, has := state.Get("_modules")
		script := ofScript(o.Class)
		return module{o.Class.Name, state, script}, ok && (has || script)
	}
	if len(o.Args) != 1 {
		return module{}, false
	}
	meta, _ := o.Args[0].(*pickle.Dict)
	class, _ := meta.Get("class_name")
	name, _ := class.(string)
	state, _ := meta.Get("state")
	attrs, ok := state.(*pickle.Dict)
	return module{class: name, state: attrs}, ok
}

// dict is an attribute that is a dict; an empty one if it is not.
func (m module) dict(name string) *pickle.Dict {
	v, _ := m.state.Get(name)
	if d, ok := v.(*pickle.Dict); ok {
		return d
	}
	return pickle.NewDict()
}

// walkModule adds a module's own parameters, its buffers and its children, which is
// the order of a state dict. One of TorchScript has them all among its attributes, in
// that order.
func (s *State) walkModule(m module, prefix string, depth int) error {
	if m.class != "" {
		s.classes[m.class]++
	}
	if m.script {
		return s.walk(m.state, prefix, depth+1)
	}
	if inner, err := m.scripted(); inner != nil || err != nil {
		return s.walkScripted(inner, err, prefix, depth)
	}
	apart := map[pickle.Value]bool{} // buffers that a state dict leaves out
	if v, _ := m.state.Get("_non_persistent_buffers_set"); v != nil {
		if set, ok := v.(*pickle.Set); ok {
			for _, name := range set.Items {
				if name, ok := name.(string); ok {
					apart[name] = true
				}
			}
		}
	}
	for _, part := range []string{"_parameters", "_buffers", "_modules"} {
		for k, v := range m.dict(part).All() {
			k, ok := k.(string)
			if !ok || v == nil || part == "_buffers" && apart[k] {
				continue
			}
			if err := s.walk(v, prefix+k+".", depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// scripted opens the TorchScript file, or that of torch.save, which a module of
// persistence keeps as a byte string among its attributes because Python cannot pickle
// what is in it; nil where there is none.
func (m module) scripted() (*File, error) {
	if m.state == nil {
		return nil, nil
	}
	for _, v := range m.state.All() {
		b, ok := v.(pickle.Bytes)
		if !ok {
			continue
		}
		if kind := filetype.Sniff(b, b.Len()); kind == filetype.TorchScript || kind == filetype.TorchZip {
			return readZip(b, b.Len())
		}
	}
	return nil, nil
}

// walkScripted adds the tensors of a module's TorchScript file under the names that they
// have there: the module around it adds nothing to them.
func (s *State) walkScripted(inner *File, err error, prefix string, depth int) error {
	if err != nil {
		return fmt.Errorf("%.100q: TorchScript within: %w", strings.TrimSuffix(prefix, "."), err)
	}
	if s.scripts++; s.scripts > maxScripts {
		return fmt.Errorf("%.100q: more than %d TorchScript files within", strings.TrimSuffix(prefix, "."), maxScripts)
	}
	outer := s.file
	s.file = &File{root: inner.root, size: outer.size, storages: inner.storages}
	defer func() { s.file = outer }()
	return s.walk(inner.root, prefix, depth+1)
}

// Arg is an argument of a constructor, or an attribute.
type Arg struct {
	Name  string
	Value any // as package encoding/json wants it
}

// Count is how many modules are of a class.
type Count struct {
	Class string
	N     int
}

// counts sorts by frequency.
func counts(classes map[string]int) []Count {
	var out []Count
	for class, n := range classes {
		out = append(out, Count{class, n})
	}
	slices.SortFunc(out, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Class, b.Class)) })
	return out
}

// describe notes what the outermost module says of itself.
func (s *State) describe(v pickle.Value) (err error) {
	m, ok := moduleOf(v)
	if !ok {
		return nil
	}
	s.Class = m.class
	model, _ := m.dict("_modules").Get("model")
	if inner, ok := moduleOf(model); ok {
		s.Model = inner.class
	}
	if s.Args, err = args(m.dict("_init_kwargs"), true); err != nil {
		return fmt.Errorf("arguments of %.100q: %w", m.class, err)
	}
	own := pickle.NewDict()
	if m.state != nil {
		own = m.state
	}
	attrs, err := args(own, false)
	if err != nil {
		return fmt.Errorf("attributes of %.100q: %w", m.class, err)
	}
	for _, a := range attrs {
		if _, nested := a.Value.([]any); !nested && !strings.HasPrefix(a.Name, "_") && a.Name != "training" {
			s.Attrs = append(s.Attrs, a)
		}
	}
	return nil
}

// ownMetadata reads what Write noted beside a state dict, each text once.
func (s *State) ownMetadata(v pickle.Value) (map[string]string, error) {
	var at pickle.Value
	if d, ok := v.(*pickle.Dict); ok {
		at = d.Attrs
	}
	for _, key := range []string{"_metadata", "", metadataKey} {
		d, ok := at.(*pickle.Dict)
		if !ok {
			return nil, nil
		}
		at, _ = d.Get(key)
	}
	d, _ := at.(*pickle.Dict)
	if d == nil {
		return nil, nil
	}
	out, size := map[string]string{}, int64(0)
	for k, v := range d.All() {
		key, ok := k.(string)
		text, ok2 := v.(string)
		if ok && ok2 {
			out[key] = text
			size += int64(len(text))
		}
		if size > s.file.size {
			return nil, fmt.Errorf("metadata of more than the file's %d bytes", s.file.size)
		}
	}
	return out, nil
}

// args are the entries of a dict that can be said in JSON. If all are wanted, what cannot
// is described: who reads an argument as another type than this refuses it, and does not
// take it for one that was not given.
func args(d *pickle.Dict, all bool) (out []Arg, err error) {
	said := speech{left: maxSaid}
	for k, v := range d.All() {
		name, isText := k.(string)
		value, ok := said.plainly(v, 0)
		if !ok && all {
			value, ok = pickle.Describe(v), true
			said.left -= len(value.(string))
		}
		if ok && isText {
			out = append(out, Arg{name, value})
		}
		if said.left < 0 {
			return nil, fmt.Errorf("more than %d values and characters", maxSaid)
		}
	}
	return out, nil
}

const (
	maxSaid  = 1 << 20 // of what a module says of itself: a file may say the same thing many times
	maxItems = 1000    // of a list in it
	maxLists = 3       // of lists within lists
)

// speech makes JSON of values, as much as is left.
type speech struct{ left int }

// plainly is a value as JSON has it. What has no form there, infinities among it, is a
// text.
func (s *speech) plainly(v pickle.Value, depth int) (any, bool) {
	if s.left--; s.left < 0 {
		return nil, false
	}
	switch v := v.(type) {
	case string:
		s.left -= len(v)
		return v, true
	case nil, bool, int64:
		return v, true
	case float64:
		return finite(v), true
	case pickle.Tuple:
		return s.items(v, depth)
	case *pickle.List:
		return s.items(v.Items, depth)
	case *pickle.Array:
		if items, ok := v.Values(maxItems); ok {
			return s.items(items, depth)
		}
	}
	return nil, false
}

func (s *speech) items(items []pickle.Value, depth int) (any, bool) {
	if depth > maxLists || len(items) > maxItems {
		return nil, false
	}
	out := []any{}
	for _, v := range items {
		value, ok := s.plainly(v, depth+1)
		if !ok {
			return nil, false
		}
		out = append(out, value)
	}
	return out, true
}

// arrayTypes are NumPy's types of elements and safetensors'.
var arrayTypes = map[pickle.DType]checkpoint.DType{
	{Kind: 'f', Size: 8}: checkpoint.F64, {Kind: 'f', Size: 4}: checkpoint.F32, {Kind: 'f', Size: 2}: checkpoint.F16,
	{Kind: 'i', Size: 8}: checkpoint.I64, {Kind: 'i', Size: 4}: checkpoint.I32, {Kind: 'i', Size: 2}: checkpoint.I16, {Kind: 'i', Size: 1}: checkpoint.I8,
	{Kind: 'u', Size: 8}: checkpoint.U64, {Kind: 'u', Size: 4}: checkpoint.U32, {Kind: 'u', Size: 2}: checkpoint.U16, {Kind: 'u', Size: 1}: checkpoint.U8,
	{Kind: 'b', Size: 1}: checkpoint.Bool, {Kind: 'c', Size: 8}: checkpoint.C64,
}

// fromArray is a NumPy array of numbers as a tensor.
func fromArray(name string, a *pickle.Array) (checkpoint.Tensor, error) {
	d, ok := arrayTypes[pickle.DType{Kind: a.DType.Kind, Size: a.DType.Size}]
	if !ok {
		return checkpoint.Tensor{}, fmt.Errorf("type %s, which safetensors does not have", a.DType)
	}
	t := &tensor{dtype: d, shape: a.Shape, strides: make([]int, len(a.Shape)), storage: storage{r: a.Data, n: a.Data.Len()}, big: a.DType.Big}
	next := 1
	for i := range a.Shape {
		k := len(a.Shape) - 1 - i
		if a.Fortran {
			k = i
		}
		t.strides[k] = next
		next *= a.Shape[k]
	}
	return t.deferred(name), nil
}
