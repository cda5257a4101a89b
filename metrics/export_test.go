package metrics

// Neighbourhoods is the four numbers of package metrics over distances.
func Neighbourhoods(images, ref *Rows) (precision, recall, density, coverage float64, err error) {
	balls, err := refRadii(ref)
	if err != nil {
		return 0, 0, 0, 0, err
	}
	h, err := findNeighbourhoods(images, ref, balls)
	return h.Precision, h.Recall, h.Density, h.Coverage, err
}
