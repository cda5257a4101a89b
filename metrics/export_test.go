package metrics

// Neighbourhoods is the four numbers of package metrics over distances.
func Neighbourhoods(images, ref *Rows) (precision, recall, density, coverage float64, err error) {
	h, err := findNeighbourhoods(images, ref)
	return h.Precision, h.Recall, h.Density, h.Coverage, err
}
