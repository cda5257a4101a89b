package features

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"innate/models/checkpoint"
)

// alias is what a tensor of a file is called here.
type alias struct {
	name string

	// third is 1, 2 or 3 where the tensor is a third of that, for queries, keys or
	// values; 0 where it is all of it.
	third int

	turned bool // the matrix is stored the other way round
}

// naming says what a tensor is called here.
type naming func(name string) alias

// sameName keeps names.
func sameName(name string) alias { return alias{name: name} }

// table is the naming of another library: what the names of units, or of whole
// tensors, are here. A star stands for the number of a block. Other names stay.
func table(units map[string]alias) naming {
	return func(name string) alias {
		parts, number := strings.Split(name, "."), ""
		for i, p := range parts {
			if _, err := strconv.Atoi(p); err == nil {
				parts[i], number = "*", p
				break
			}
		}
		for end := len(parts); end > 0; end-- {
			if a, ok := units[strings.Join(parts[:end], ".")]; ok {
				a.name = strings.Replace(strings.Join(append([]string{a.name}, parts[end:]...), "."), "*", number, 1)
				return a
			}
		}
		return alias{name: name}
	}
}

// found is what a file has of one of the tensors here: all of it, or three thirds.
type found struct {
	alias
	parts [3]checkpoint.Tensor // by third, or the first alone
	has   int                  // bits of the parts that there are
}

// find names the tensors of a file that begin with prefix as they are called here.
func find(f *checkpoint.File, prefix string, names naming) map[string]*found {
	all := map[string]*found{}
	for _, t := range f.Tensors() {
		name, ok := strings.CutPrefix(t.Name, prefix)
		if !ok {
			continue
		}
		a := names(name)
		got := all[a.name]
		if got == nil {
			got = &found{}
			all[a.name] = got
		}
		at := max(a.third-1, 0)
		got.alias, got.parts[at] = a, t
		got.has |= 1 << at
	}
	return all
}

// shape is that of the whole.
func (t *found) shape() []int {
	s := slices.Clone(t.parts[0].Shape)
	if t.turned {
		slices.Reverse(s)
	}
	if t.third > 0 && len(s) > 0 {
		s[0] *= 3
	}
	return s
}

// check says what is wrong with the tensor, of which a shape is wanted; "" if nothing
// is. Axes of one before others make no difference.
func (t *found) check(want []int) string {
	if t.third > 0 {
		for i, part := range t.parts {
			if t.has&(1<<i) == 0 || !slices.Equal(part.Shape, t.parts[0].Shape) {
				return fmt.Sprintf("%q: want queries, keys and values, all of one shape", t.name)
			}
		}
	}
	if !slices.Equal(narrow(t.shape()), narrow(want)) {
		return fmt.Sprintf("%q: shape %v, want %v", t.parts[0].Name, t.shape(), want)
	}
	return ""
}

// narrow is a shape less the axes of one that come first.
func narrow(shape []int) []int {
	for len(shape) > 1 && shape[0] == 1 {
		shape = shape[1:]
	}
	return shape
}

// values reads the tensor, which has been checked.
func (t *found) values() (out []float32, err error) {
	for i := range 3 {
		if t.has&(1<<i) == 0 {
			break
		}
		part, err := t.parts[i].Float32s()
		if err != nil {
			return nil, err
		}
		if out == nil {
			out = part
		} else {
			out = append(out, part...)
		}
	}
	if !t.turned {
		return out, nil
	}
	columns := t.shape()[0]
	rows := len(out) / columns
	back := make([]float32, len(out))
	for i, v := range out {
		back[i%columns*rows+i/columns] = v
	}
	return back, nil
}

// maxWrong bounds how many tensors an error names.
const maxWrong = 8

// wrongTensors words what is wrong with the tensors of a file.
func wrongTensors(wrong []string) string {
	more := ""
	if n := len(wrong) - maxWrong; n > 0 {
		wrong, more = wrong[:maxWrong], fmt.Sprintf("; and %d more", n)
	}
	return "tensor " + strings.Join(wrong, "; tensor ") + more
}

// blocksIn is how many blocks there are.
func blocksIn(all map[string]*found) int {
	n := 0
	for all[fmt.Sprintf("blocks.%d.norm1.weight", n)] != nil {
		n++
	}
	return n
}
