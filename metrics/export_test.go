package metrics

import "slices"

// Neighbourhoods is the four numbers of package metrics over distances.
func Neighbourhoods(images, ref *Rows) (precision, recall, density, coverage float64, err error) {
	balls, err := refRadii(ref)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	h, err := findNeighbourhoods(images, ref, balls)
	return h.Precision, h.Recall, h.Density, h.Coverage, err
}

// OuterSums is the upper triangle that an accumulator makes of rows in such batches.
func OuterSums(dim int, rows []float32, batch int) []float64 {
	acc := NewAccumulator(dim)
	for part := range slices.Chunk(rows, batch*dim) {
		acc.Add(part, len(part)/dim)
	}
	return moments{acc}.State()[1].Data
}

// KeepFactors has factors of so few dimensions kept, until what it returns is called.
func KeepFactors(dimensions int) (back func()) {
	before := leastFactor
	leastFactor = dimensions
	return func() { leastFactor = before }
}
