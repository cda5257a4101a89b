package data

import "slices"

// classesAtOnce is how many labels ClassesOf reads in one call.
const classesAtOnce = 256

// ClassesOf returns the classes of all images of a set, [N]; nil where there are none.
func ClassesOf(set Dataset) ([]int, error) {
	classes, n := set.Classes(), set.Len()
	if classes == 0 {
		return nil, nil
	}
	out := make([]int, 0, n)
	labels := make([]float32, classesAtOnce*classes)
	for from := 0; from < n; from += classesAtOnce {
		index := make([]int, min(classesAtOnce, n-from))
		for i := range index {
			index[i] = from + i
		}
		part := labels[:len(index)*classes]
		if err := set.Labels(index, part); err != nil {
			return nil, err
		}
		for label := range slices.Chunk(part, classes) {
			out = append(out, slices.Index(label, 1))
		}
	}
	return out, nil
}

// InOrder reads images of a set by their numbers, so many at once: from first on, and
// from the beginning again where a batch reaches beyond the last.
func InOrder(set Dataset, batch int) func(first int, images []float32) error {
	index := make([]int, batch)
	return func(first int, images []float32) error {
		for i := range index {
			index[i] = (first + i) % set.Len()
		}
		return set.Images(index, images)
	}
}
