package files

import (
	"bytes"
	"errors"
	"fmt"

	"innate/models/pickle"
)

// readPythonBatch reads a batch as Python pickled it: a dict with data, an array of
// bytes [N 3072], and labels, or fine_labels in CIFAR-100. Nothing in it is run, and
// no name is allowed beyond those of plain data.
func readPythonBatch(b cifarBatch) (planes []byte, classes []int, dim int, err error) {
	v, err := pickle.NewReader(bytes.NewReader(b.data), 0, int64(len(b.data)), nil).Next()
	if err != nil {
		return nil, nil, 0, err
	}
	dict, ok := v.(*pickle.Dict)
	if !ok {
		return nil, nil, 0, fmt.Errorf("holds %s, want a dict with data and labels", pickle.Describe(v))
	}
	array, _ := entry(dict, "data").(*pickle.Array)
	if array == nil || array.DType.Kind != 'u' || array.DType.Size != 1 || array.Fortran || len(array.Shape) != 2 || array.Shape[1] != cifarPixels || array.Shape[0] < 1 {
		return nil, nil, 0, fmt.Errorf("data: want an array of bytes [N %d]", cifarPixels)
	}
	if planes, err = array.Data.Read(maxBatch); err != nil {
		return nil, nil, 0, err
	}
	key, dim := "labels", 10
	if entry(dict, key) == nil {
		key, dim = "fine_labels", 100
	}
	list, ok := entry(dict, key).(*pickle.List)
	if !ok {
		return nil, nil, 0, errors.New("no list of labels")
	}
	if len(list.Items) != array.Shape[0] {
		return nil, nil, 0, fmt.Errorf("%s: %d, want one for each of %d images", key, len(list.Items), array.Shape[0])
	}
	for i, item := range list.Items {
		class, ok := item.(int64)
		if !ok || class < 0 || class >= int64(dim) {
			return nil, nil, 0, fmt.Errorf("%s: label of image %d: %s, want 0 to %d", key, i, shown(item), dim-1)
		}
		classes = append(classes, int(class))
	}
	return planes, classes, dim, nil
}

// entry is the value of a key that is a text, or bytes as Python 2 has them.
func entry(d *pickle.Dict, name string) pickle.Value {
	for k, v := range d.All() {
		if b, ok := pickle.AsBytes(k); ok && b.Len() == int64(len(name)) {
			if text, err := b.Read(b.Len()); err == nil && string(text) == name {
				return v
			}
		}
	}
	return nil
}

func shown(v pickle.Value) string {
	if n, ok := v.(int64); ok {
		return fmt.Sprint(n)
	}
	return pickle.Describe(v)
}
