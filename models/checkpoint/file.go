package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"innate/models"
)

// File is the content of a checkpoint: tensors in order, and a string map for
// everything that is not a tensor (architecture as JSON, progress, provenance).
type File struct {
	Path     string // where it was read from; empty for a new file
	Metadata map[string]string

	// Changed says that another program has written the file since innate did,
	// and what is known of that; empty for all other files.
	Changed string

	tensors []Tensor
	index   map[string]int
}

// New returns an empty file.
func New() *File {
	return &File{Metadata: map[string]string{}, index: map[string]int{}}
}

// Add appends a tensor. A name used twice is an error, as are values that
// disagree with the shape.
func (f *File) Add(t Tensor) error {
	if _, dup := f.index[t.Name]; dup {
		return fmt.Errorf("checkpoint: tensor %q: named twice", t.Name)
	}
	if t.Name == metadataKey {
		return fmt.Errorf("checkpoint: tensor %q: the name is reserved", t.Name)
	}
	want, err := byteSize(t.DType, t.Shape)
	if err != nil {
		return fmt.Errorf("checkpoint: tensor %q: %w", t.Name, err)
	}
	if int64(t.bytes()) != want {
		return fmt.Errorf("checkpoint: tensor %q: %d bytes, want %d for %s %v", t.Name, t.bytes(), want, t.DType, t.Shape)
	}
	f.put(t)
	return nil
}

func (f *File) put(t Tensor) {
	f.index[t.Name] = len(f.tensors)
	f.tensors = append(f.tensors, t)
}

// AddParams appends every parameter of set under prefix+name. The values are
// not copied: they must not change until the file has been written.
func (f *File) AddParams(prefix string, set *models.ParamSet) error {
	for _, p := range set.All() {
		if err := f.Add(Float32(prefix+p.Name, p.Data, p.Shape...)); err != nil {
			return err
		}
	}
	return nil
}

// Tensors returns all tensors in file order; the caller must not change them.
func (f *File) Tensors() []Tensor { return f.tensors }

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (Tensor, error) {
	i, ok := f.index[name]
	if !ok {
		return Tensor{}, f.errorf("tensor %q: missing", name)
	}
	return f.tensors[i], nil
}

// Has reports whether any tensor's name starts with prefix.
func (f *File) Has(prefix string) bool {
	return slices.ContainsFunc(f.tensors, func(t Tensor) bool { return strings.HasPrefix(t.Name, prefix) })
}

// Params collects every tensor whose name starts with prefix, in file order,
// under its name less the prefix.
func (f *File) Params(prefix string) (*models.ParamSet, error) {
	set := models.NewParamSet()
	for _, t := range f.tensors {
		name, ok := strings.CutPrefix(t.Name, prefix)
		if !ok {
			continue
		}
		values, err := t.Float32s()
		if err != nil {
			return nil, f.errorf("%w", err)
		}
		set.Add(&models.Param{Name: name, Shape: slices.Clone(t.Shape), Data: values})
	}
	return set, nil
}

// LoadParams fills every parameter of dst from the tensor prefix+name, which
// must exist in the same shape. On an error dst is unchanged. Tensors that dst
// does not name are ignored.
func (f *File) LoadParams(prefix string, dst *models.ParamSet) error {
	values := make([][]float32, 0, len(dst.All()))
	for _, p := range dst.All() {
		t, err := f.Tensor(prefix + p.Name)
		if err != nil {
			return err
		}
		if !slices.Equal(t.Shape, p.Shape) {
			return f.errorf("tensor %q: shape %v, want %v", t.Name, t.Shape, p.Shape)
		}
		v, err := t.Float32s()
		if err != nil {
			return f.errorf("%w", err)
		}
		values = append(values, v)
	}
	for i, p := range dst.All() {
		copy(p.Data, values[i])
	}
	return nil
}

// errorf prefixes an error with the package and the file's path.
func (f *File) errorf(format string, args ...any) error {
	place := "checkpoint: "
	if f.Path != "" {
		place += f.Path + ": "
	}
	return fmt.Errorf(place+format, args...)
}
